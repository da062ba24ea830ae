"""Harmonic and percussive sound (Fitzgerald 2010, "Harmonic/percussive separation using median filtering").

What is steady stands out from its neighbours in frequency, what is struck from its neighbours in time: the medians
of 31 cells along either axis make a soft mask (of power 2) for each of the two parts. The numbers are those of

    H, P = librosa.decompose.hpss(librosa.stft(y, pad_mode="reflect"))
    [librosa.util.fix_length(librosa.istft(X), size=len(y)) for X in (H, P)]

some twenty times as fast: the medians come from sorted windows that slide (``kernels.py``), and since the masks sum
to 1, the percussive part is what the harmonic part leaves of the sound.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def harmonic_percussive(
    samples: Float32, *, spectrum: npt.NDArray[np.complex64], magnitude: Float32
) -> tuple[Float32, Float32]:
    """The two parts of a sound, (n,) each; zero after the centre of the last frame, as librosa before 0.9 left it.

    ``spectrum`` and ``magnitude``: its centred short-time Fourier transform, n_fft 2048, hop 512, (n_frames, 1025). The
    harmonic part is left in ``spectrum``.
    """
    import librosa

    from genrelens.frontend.descriptors.kernels import keep_harmonic, median_over_frequency, median_over_time

    keep_harmonic(spectrum, median_over_time(magnitude), median_over_frequency(magnitude))
    inverted = librosa.istft(spectrum.T, n_fft=2048, hop_length=512, dtype=np.float32)
    n = min(inverted.size, samples.size)
    harmonic, percussive = np.zeros_like(samples), np.zeros_like(samples)
    harmonic[:n] = inverted[:n]
    np.subtract(samples[:n], inverted[:n], out=percussive[:n])
    return harmonic, percussive
