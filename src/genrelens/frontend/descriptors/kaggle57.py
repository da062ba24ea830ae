"""The 57 descriptors of Kaggle's GTZAN tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 22_050

_FAMILIES: Final = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
COLUMNS: Final = (
    *(f"{family}_{moment}" for family in _FAMILIES for moment in ("mean", "var")),
    "tempo",
    *(f"mfcc{i}_{moment}" for i in range(1, 21) for moment in ("mean", "var")),
)


def compute(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """The row of a piece at 22,050 Hz."""
    import librosa

    y, sr, pm = samples, sample_rate, "reflect"
    f = librosa.feature
    h = librosa.decompose.hpss(librosa.stft(y, pad_mode=pm))
    harmony, perceptr = (librosa.util.fix_length(librosa.istft(x, dtype=y.dtype), size=len(y)) for x in h)
    env = librosa.onset.onset_strength(y=y, sr=sr, aggregate=np.median, pad_mode=pm)
    tempo = float(np.ravel(librosa.beat.beat_track(onset_envelope=env, sr=sr)[0])[0])
    arrays = [
        f.chroma_stft(y=y, sr=sr, pad_mode=pm),
        f.rms(y=y, pad_mode=pm),
        f.spectral_centroid(y=y, sr=sr, pad_mode=pm),
        f.spectral_bandwidth(y=y, sr=sr, pad_mode=pm),
        f.spectral_rolloff(y=y, sr=sr, pad_mode=pm),
        f.zero_crossing_rate(y),
        harmony,
        perceptr,
    ]
    mfcc = f.mfcc(y=y, sr=sr, n_mfcc=20, pad_mode=pm)
    row = [m for a in arrays for m in (np.mean(a), np.var(a))]
    row += [tempo] + [m for a in mfcc for m in (np.mean(a), np.var(a))]
    return np.array(row, np.float64)
