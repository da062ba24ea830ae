"""The 57 descriptors of Kaggle's GTZAN tables, number for number, from one Fourier transform.

They are means and population variances of what librosa gives with n_fft 2048 and hop 512, found by comparison with
the tables. Two habits of librosa before 0.9 are in them: centred frames are padded by reflection, and the separated
waves are zero after the last frame's centre. ``rolloff`` is the frequency below which 85 % of the magnitude lies,
``harmony`` and ``perceptr`` are the harmonic and percussive waves themselves, ``tempo`` is that of
``librosa.beat.beat_track`` on an onset strength that is a median over bands. The plain recipe is in
``tests/frontend/plain_recipes.py``; docs/features.md says what it costs, and what is done here instead.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.frontend.descriptors.frames import (
    HOP_LENGTH,
    N_FFT,
    chroma,
    harmonic_percussive,
    shape,
    zero_crossing_rate,
)

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

SAMPLE_RATE: Final = 22_050
N_MFCC: Final = 20

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
    *(f"mfcc{i}_{moment}" for i in range(1, N_MFCC + 1) for moment in ("mean", "var")),
)
"""The tables' columns between ``length`` and ``label``, in their order."""


def compute(samples: Float32, sample_rate: int) -> Float64:
    """The row of a clip at 22,050 Hz; see :class:`~genrelens.frontend.descriptors.FeatureSet`."""
    import librosa

    spectrum = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="reflect").T
    magnitude = np.abs(spectrum)
    power = magnitude**2
    mel_db, pitch_classes = _mel_db(power), chroma(power, sample_rate=sample_rate)
    del power  # these arrays are many times as large as the sound
    families = (
        pitch_classes,
        librosa.feature.rms(y=samples, frame_length=N_FFT, hop_length=HOP_LENGTH, pad_mode="reflect"),
        *shape(magnitude, sample_rate=sample_rate),
        zero_crossing_rate(samples),
        *harmonic_percussive(samples, spectrum=spectrum, magnitude=magnitude),
    )
    del spectrum, magnitude
    row = [moment for values in families for moment in (np.mean(values), np.var(values))]
    row.append(tempo(mel_db))
    row += [moment for values in _mfcc(mel_db) for moment in (np.mean(values), np.var(values))]
    return np.array(row, dtype=np.float64)


def tempo(mel_db: Float32) -> float:
    """Beats a minute, of a mel spectrogram in dB (n_frames, n_bands); 0 where nothing ever begins."""
    import librosa

    rises = np.maximum(np.float32(0), mel_db[1:] - mel_db[:-1])
    strength = np.pad(np.median(rises, axis=1), (1 + N_FFT // (2 * HOP_LENGTH), 0))[: len(mel_db)]
    if not strength.any():
        return 0.0
    return float(librosa.feature.tempo(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)[0])


def _mel_db(power: Float32) -> Float32:
    """128 mel bands in dB, (n_frames, 128), down to 80 dB below the loudest."""
    import librosa

    decibels: Float32 = librosa.power_to_db(power @ _mel_bank().T, top_db=80.0)
    return decibels


def _mfcc(mel_db: Float32) -> Float32:
    """Mel cepstral coefficients, (20, n_frames)."""
    import scipy.fft

    coefficients = scipy.fft.dct(mel_db, axis=1, type=2, norm="ortho")[:, :N_MFCC]
    return np.ascontiguousarray(coefficients.T)


@lru_cache(maxsize=1)
def _mel_bank() -> Float32:
    import librosa

    bank: Float32 = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT)
    return bank
