"""What both feature sets take of each frame: 2,048 samples every 512, centred. Time comes first in all arrays here.

The numbers are librosa's, whose functions make many arrays as large as the spectrogram on their way; these make few.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

N_FFT: Final = 2048
HOP_LENGTH: Final = 512
ROLLOFF: Final = 0.85
"""The share of a frame's magnitude that lies below its roll-off."""


def chroma(power: Float32, *, sample_rate: int) -> Float32:
    """How strong each of 12 pitch classes is in each frame, (n_frames, 12), the strongest 1; power (n_frames, 1025).

    Equal to ``librosa.feature.chroma_stft(S=power.T, sr=sample_rate)``.
    """
    raw: Float32 = power @ _chroma_bank(tuning(power, sample_rate=sample_rate), sample_rate).T
    most = raw.max(axis=1, keepdims=True)
    most[most < np.finfo(np.float32).tiny] = 1  # silence stays 0
    raw /= most
    return raw


def tuning(spectrogram: Float32, *, sample_rate: int) -> float:
    """How far a clip is from A = 440 Hz, in semitones, -0.5 to 0.5: the commonest place of its stronger peaks.

    Equal to ``librosa.estimate_tuning(S=spectrogram.T, sr=sample_rate)``, of magnitudes or powers (n_frames, 1025);
    0 for silence.
    """
    import librosa

    from genrelens.frontend.descriptors.kernels import peaks

    # Without the first and the last bin, which have a neighbour on one side only.
    first, end = np.clip(np.searchsorted(_frequencies_hz(sample_rate), (150.0, 4000.0)), 1, N_FFT // 2)
    found_hz, heights = peaks(spectrogram, sample_rate / N_FFT, int(first), int(end))
    if not found_hz.size:
        return 0.0
    return float(librosa.pitch_tuning(found_hz[heights >= np.median(heights)], bins_per_octave=12))


def shape(magnitude: Float32, *, sample_rate: int) -> tuple[Float64, Float64, Float64]:
    """Spectral centroid, bandwidth and roll-off of each frame, Hz, (n_frames,) each; magnitude (n_frames, 1025)."""
    from genrelens.frontend.descriptors.kernels import centroid_bandwidth_rolloff

    return centroid_bandwidth_rolloff(magnitude, _frequencies_hz(sample_rate), ROLLOFF)


def zero_crossing_rate(samples: Float32) -> Float64:
    """The share of samples in each frame that have another sign than the one before, (n_frames,).

    Equal to ``librosa.feature.zero_crossing_rate(samples)``.
    """
    is_negative = np.signbit(np.where(np.abs(samples) <= np.float32(1e-10), np.float32(0), samples))
    crossings = np.zeros(samples.size + N_FFT, dtype=np.int64)  # the frames at the ends see the end's sample repeated
    crossings[N_FFT // 2 + 1 : N_FFT // 2 + samples.size] = is_negative[1:] != is_negative[:-1]
    until = np.cumsum(crossings)
    first = np.arange(0, samples.size + 1, HOP_LENGTH)
    return np.asarray((until[first + N_FFT - 1] - until[first]) / N_FFT, dtype=np.float64)


@lru_cache(maxsize=16)
def _frequencies_hz(sample_rate: int) -> Float64:
    return np.asarray(np.fft.rfftfreq(N_FFT, 1 / sample_rate), dtype=np.float64)


@lru_cache(maxsize=128)
def _chroma_bank(tuning_semitones: float, sample_rate: int) -> Float32:
    """The filters for one of the 101 tunings that there are."""
    import librosa

    bank: Float32 = librosa.filters.chroma(sr=sample_rate, n_fft=N_FFT, tuning=tuning_semitones, n_chroma=12)
    return bank


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
