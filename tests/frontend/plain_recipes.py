"""The recipes of the feature sets as one would write them with librosa 0.11, call by call: the other implementation."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


def plain_kaggle57(y: Float32, *, sr: int = 22_050) -> Float64:
    """docs/features.md; 2,048 samples or more."""
    import librosa

    of, util = librosa.feature, librosa.util
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # silence has no pitches to tune by
        harmonic, percussive = librosa.decompose.hpss(librosa.stft(y, pad_mode="reflect"))
        strength = librosa.onset.onset_strength(y=y, sr=sr, aggregate=np.median, pad_mode="reflect")
        tempo = librosa.beat.beat_track(onset_envelope=strength, sr=sr)[0]
        mfcc = of.mfcc(y=y, sr=sr, n_mfcc=20, pad_mode="reflect")
        families = (
            of.chroma_stft(y=y, sr=sr, pad_mode="reflect"),
            of.rms(y=y, pad_mode="reflect"),
            of.spectral_centroid(y=y, sr=sr, pad_mode="reflect"),
            of.spectral_bandwidth(y=y, sr=sr, pad_mode="reflect"),
            of.spectral_rolloff(y=y, sr=sr, pad_mode="reflect"),
            of.zero_crossing_rate(y),
            util.fix_length(librosa.istft(harmonic, dtype=y.dtype), size=len(y)),
            util.fix_length(librosa.istft(percussive, dtype=y.dtype), size=len(y)),
        )
    row = [moment for values in families for moment in (np.mean(values), np.var(values))]
    row.append(np.ravel(tempo)[0])
    row += [moment for values in mfcc for moment in (np.mean(values), np.var(values))]
    return np.array(row, dtype=np.float64)
