"""What a stretch of sound is like, segment by segment, in numbers that musicians have words for. Needs ``[train]``."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.tempo import FRAMES_PER_S, onset_strength
from genrelens.frontend.descriptors.frames import HOP_LENGTH, N_FFT, chroma, shape, zero_crossing_rate

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SAMPLE_RATE: Final = 22_050
"""Hz, that of Kaggle's descriptors."""
N_MFCC: Final = 13
PITCHES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
DESCRIPTORS: Final = (
    "onset_density",
    "percussive_share",
    "centroid",
    "flatness",
    "level",
    "zero_crossings",
    "chroma_flatness",
    *(f"mfcc{i}" for i in range(1, N_MFCC + 1)),
    *(f"chroma_{pitch}" for pitch in PITCHES),
)
UNITS: Final = {
    "onset_density": "onsets a second, of those that stand out in the piece itself, however soft it is",
    "percussive_share": "share of the energy that is struck, not held, 0 to 1",
    "centroid": "centre of the spectrum, Hz",
    "flatness": "spectral flatness, 0 (a tone) to 1 (noise)",
    "level": "loudness, dB of full scale",
    "zero_crossings": "share of samples at which the wave changes sign",
    "chroma_flatness": "how evenly the twelve pitch classes sound, 0 to 1",
    "tempo": "beats a minute; half or double the beat is possible",
}
"""Of those whose names do not say it: MFCCs (1 is the overall level), chroma and tags (log-odds)."""
SILENT_DB: Final = -90.0
"""A segment below this has no descriptors."""
_TINY = 1e-10


def segment_descriptors(samples: Float32, *, edges_s: Float64) -> Float64:
    """``(n, d)`` of the segments between ``edges_s (n + 1,)``, s from the first sample, in :data:`DESCRIPTORS`' order.

    ``samples (k,)`` are mono at :data:`SAMPLE_RATE`. NaN for a segment of silence, and for one too short for a frame.
    A frame belongs to the segment that holds its centre. The share of struck energy is that of the soft masks of
    harmonic/percussive separation (:mod:`genrelens.frontend.descriptors.frames`), onsets are librosa's peaks of
    :func:`~genrelens.explanation.tempo.onset_strength`.
    """
    import librosa

    found = np.full((len(edges_s) - 1, len(DESCRIPTORS)), np.nan)
    if len(samples) < N_FFT:
        return found
    spectrum = np.ascontiguousarray(librosa.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH).T)
    magnitude = np.abs(spectrum)
    power = magnitude**2
    mel_db = librosa.power_to_db(power @ _mel_bank().T, top_db=80.0)
    frames = np.column_stack(
        [
            shape(magnitude, sample_rate=SAMPLE_RATE)[0],
            _flatness(power),
            zero_crossing_rate(samples),
            _mfcc(mel_db),
            chroma(power, sample_rate=SAMPLE_RATE),
        ]
    )
    energy, struck = _struck(spectrum, magnitude)
    onsets_s = _onsets_s(samples)
    centres_s = np.arange(len(frames)) * HOP_LENGTH / SAMPLE_RATE
    for i, (start_s, end_s) in enumerate(pairwise(edges_s)):
        first, after = np.searchsorted(centres_s, (start_s, end_s))
        sound = samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
        level = _level_db(sound)
        if first == after or level < SILENT_DB:
            continue
        means = frames[first:after].mean(axis=0)
        pitches = means[-len(PITCHES) :]
        found[i] = [
            np.sum((onsets_s >= start_s) & (onsets_s < end_s)) / (end_s - start_s),
            struck[first:after].sum() / max(energy[first:after].sum(), _TINY),
            means[0],
            means[1],
            level,
            means[2],
            np.exp(np.log(pitches + _TINY).mean()) / (pitches.mean() + _TINY),
            *means[3:],
        ]
    return found


def _flatness(power: Float32) -> Float64:
    """Geometric over arithmetic mean of each frame's power, ``(n,)``, as ``librosa.feature.spectral_flatness``."""
    floored = np.maximum(power, np.float32(_TINY)).astype(np.float64)
    flat: Float64 = np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1)
    return flat


def _struck(spectrum: NDArray[np.complex64], magnitude: Float32) -> tuple[Float64, Float64]:
    """Energy of each frame, and of its percussive part; ``spectrum`` is overwritten."""
    from genrelens.frontend.descriptors.kernels import keep_harmonic, median_over_frequency, median_over_time

    keep_harmonic(spectrum, median_over_time(magnitude), median_over_frequency(magnitude))
    # The masks sum to 1 in magnitude: what the harmonic part leaves is the percussive one.
    struck = (magnitude - np.abs(spectrum)).astype(np.float64) ** 2
    held = np.abs(spectrum).astype(np.float64) ** 2
    return struck.sum(axis=1) + held.sum(axis=1), struck.sum(axis=1)


def _onsets_s(samples: Float32) -> Float64:
    """When sounds begin, s."""
    import librosa

    strength = onset_strength(samples, sample_rate=SAMPLE_RATE)
    if not strength.any():
        return np.zeros(0)
    found: Float64 = librosa.onset.onset_detect(
        onset_envelope=strength, sr=SAMPLE_RATE, hop_length=round(SAMPLE_RATE / FRAMES_PER_S), units="time"
    )
    return found


def _level_db(samples: Float32) -> float:
    """Root mean square, dB of full scale."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10.0 * math.log10(max(power, 1e-20))


def _mfcc(mel_db: Float32) -> Float32:
    import scipy.fft

    coefficients: Float32 = scipy.fft.dct(mel_db, axis=1, type=2, norm="ortho")[:, :N_MFCC]
    return coefficients


@lru_cache(maxsize=1)
def _mel_bank() -> Float32:
    import librosa

    bank: Float32 = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT)
    return bank
