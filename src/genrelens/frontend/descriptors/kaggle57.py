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

from genrelens.frontend.descriptors.hpss import harmonic_percussive

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

SAMPLE_RATE: Final = 22_050
N_FFT: Final = 2048
HOP_LENGTH: Final = 512
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
    """The row of a piece at 22,050 Hz; see :class:`~genrelens.frontend.descriptors.FeatureSet`."""
    import librosa

    spectrum = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="reflect").T
    magnitude = np.abs(spectrum)
    power = magnitude**2
    mel_db = _mel_db(power)
    families = (
        chroma(power),
        librosa.feature.rms(y=samples, frame_length=N_FFT, hop_length=HOP_LENGTH, pad_mode="reflect"),
        *_shape(magnitude),
        zero_crossing_rate(samples),
        *harmonic_percussive(samples, spectrum=spectrum, magnitude=magnitude),
    )
    row = [moment for values in families for moment in (np.mean(values), np.var(values))]
    row.append(tempo(mel_db))
    row += [moment for values in _mfcc(mel_db) for moment in (np.mean(values), np.var(values))]
    return np.array(row, dtype=np.float64)


def chroma(power: Float32) -> Float32:
    """How strong each of 12 pitch classes is in each frame, (n_frames, 12), the strongest 1; power (n_frames, 1025)."""
    raw: Float32 = power @ _chroma_bank(tuning(power)).T
    most = raw.max(axis=1, keepdims=True)
    most[most < np.finfo(np.float32).tiny] = 1  # silence stays 0
    raw /= most
    return raw


def tuning(power: Float32) -> float:
    """How far a piece is from A = 440 Hz, in semitones, -0.5 to 0.5: the commonest place of its stronger peaks."""
    import librosa

    from genrelens.frontend.descriptors.kernels import peaks

    first, end = np.searchsorted(_frequencies_hz(), (150.0, 4000.0))
    found_hz, heights = peaks(power, SAMPLE_RATE / N_FFT, int(first), int(end))
    if not found_hz.size:
        return 0.0
    return float(librosa.pitch_tuning(found_hz[heights >= np.median(heights)], bins_per_octave=12))


def zero_crossing_rate(samples: Float32) -> Float64:
    """The share of samples in each frame that have another sign than the one before, (n_frames,)."""
    is_negative = np.signbit(np.where(np.abs(samples) <= np.float32(1e-10), np.float32(0), samples))
    crossings = np.zeros(
        samples.size + N_FFT, dtype=np.int64
    )  # the frames at the ends see the end's sample repeated
    crossings[N_FFT // 2 + 1 : N_FFT // 2 + samples.size] = is_negative[1:] != is_negative[:-1]
    until = np.cumsum(crossings)
    first = np.arange(0, samples.size + 1, HOP_LENGTH)
    return (until[first + N_FFT - 1] - until[first]) / N_FFT


def tempo(mel_db: Float32) -> float:
    """Beats a minute, of a mel spectrogram in dB (n_frames, n_bands); 0 where nothing ever begins."""
    import librosa

    rises = np.maximum(np.float32(0), mel_db[1:] - mel_db[:-1])
    strength = np.pad(np.median(rises, axis=1), (1 + N_FFT // (2 * HOP_LENGTH), 0))[: len(mel_db)]
    if not strength.any():
        return 0.0
    return float(librosa.feature.tempo(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)[0])


def _shape(magnitude: Float32) -> tuple[Float64, Float64, Float64]:
    from genrelens.frontend.descriptors.kernels import centroid_bandwidth_rolloff

    return centroid_bandwidth_rolloff(magnitude, _frequencies_hz(), 0.85)


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
def _frequencies_hz() -> Float64:
    return np.asarray(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE), dtype=np.float64)


@lru_cache(maxsize=1)
def _mel_bank() -> Float32:
    import librosa

    bank: Float32 = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT)
    return bank


@lru_cache(maxsize=128)
def _chroma_bank(tuning_semitones: float) -> Float32:
    """The filters for one of the 101 tunings that there are."""
    import librosa

    bank: Float32 = librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=N_FFT, tuning=tuning_semitones, n_chroma=12)
    return bank
