"""Spectrogram pictures in place of sound: PNG files, and the frames that they hold."""
