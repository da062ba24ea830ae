"""The 518 descriptors of FMA's ``features.csv`` (Defferrard et al. 2017, "FMA: A dataset for music analysis").

Nine families of features, eleven by their names there, each by seven moments over time. The public script of the
data set (mdeff/fma, ``features.py``, commit 1207f87) is followed call by call, with librosa 0.11 in the place of the
librosa of 2017:

- What librosa did then by default is asked for: centred frames are padded by reflection.
- ``rmse`` is what ``librosa.feature.rmse(S=...)`` was then: the root of the mean over bins of squared magnitude.
  Today's ``rms(S=...)`` is scaled to the samples, and some 45 times less.
- The script gives no sample rate where it gives a spectrogram, so chroma_stft, centroid, bandwidth, contrast and
  roll-off are in the frequencies of 22,050 Hz, whatever the file's rate is: at 44,100 Hz half of the true ones. That is
  how the published table has them, so it is kept.
- A feature that never changes has skewness 0 and kurtosis -3, as scipy gave then; today's gives NaN.
- The constant-Q transform was rewritten since (its resampler, and how filters are kept), so chroma_cqt, chroma_cens and
  tonnetz cannot agree to the last digits with the published table; nor can mp3 decoders.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.frontend.descriptors.frames import HOP_LENGTH, N_FFT, chroma, shape, tuning, zero_crossing_rate

SIZES: Final = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
"""Feature -> how many numbers a frame."""

MOMENTS: Final = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
COLUMNS: Final = tuple(
    f"{name}_{moment}_{number:02d}"
    for name, size in SIZES.items()
    for moment in MOMENTS
    for number in range(1, size + 1)
)
"""The three header rows of ``features.csv`` in one, in its order: ``chroma_cens_kurtosis_01`` to ``zcr_std_01``."""

LEAST_SAMPLE_RATE: Final = 9_000
"""Hz; the constant-Q transform goes up to 3,951 Hz, or half a semitone more where a clip is tuned so."""

_RATE_OF_SPECTROGRAMS: Final = 22_050


def compute(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """The row of a clip at its own rate; see :class:`~genrelens.frontend.descriptors.FeatureSet`."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a short or silent clip: librosa goes on with what it has, and so do we
        frames = features(samples, sample_rate=sample_rate)
    return np.concatenate([moments(frames[name]).ravel() for name in SIZES])


def features(samples: npt.NDArray[np.float32], *, sample_rate: int) -> dict[str, npt.NDArray[np.float64]]:
    """Each feature over time, name -> (size, n_frames), 512 samples a frame."""
    import librosa

    of = librosa.feature
    magnitude = np.abs(librosa.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="reflect"))
    constant_q = np.abs(
        librosa.cqt(
            samples,
            sr=sample_rate,
            hop_length=HOP_LENGTH,
            bins_per_octave=12,
            n_bins=7 * 12,
            tuning=tuning(magnitude.T, sample_rate=sample_rate),
            pad_mode="reflect",
        )
    )
    chroma_cens = of.chroma_cens(C=constant_q, n_chroma=12, n_octaves=7)
    found = {
        "chroma_cens": chroma_cens,
        "chroma_cqt": of.chroma_cqt(C=constant_q, n_chroma=12, n_octaves=7),
        "tonnetz": of.tonnetz(chroma=chroma_cens, sr=sample_rate),
        "zcr": zero_crossing_rate(samples)[np.newaxis],
        "spectral_contrast": of.spectral_contrast(S=magnitude, sr=_RATE_OF_SPECTROGRAMS, n_bands=6),
    }
    centroid, bandwidth, rolloff = shape(magnitude.T, sample_rate=_RATE_OF_SPECTROGRAMS)
    found["spectral_centroid"] = centroid[np.newaxis]
    found["spectral_bandwidth"] = bandwidth[np.newaxis]
    found["spectral_rolloff"] = rolloff[np.newaxis]
    power = np.square(magnitude, out=magnitude)
    mel_db = librosa.power_to_db(of.melspectrogram(S=power, sr=sample_rate))
    found["mfcc"] = of.mfcc(S=mel_db, sr=sample_rate, n_mfcc=20)
    found["rmse"] = np.sqrt(np.mean(power, axis=0, keepdims=True, dtype=np.float64))
    found["chroma_stft"] = chroma(power.T, sample_rate=_RATE_OF_SPECTROGRAMS).T
    return found


def moments(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The seven moments over time, in the order of :data:`MOMENTS`: (size, n_frames) -> (7, size).

    Population moments, and Fisher's kurtosis (0 for a normal distribution); of what never changes, skewness is 0 and
    kurtosis -3.
    """
    rows = np.asarray(values, dtype=np.float64)
    mean = rows.mean(axis=1)
    off = rows - mean[:, np.newaxis]
    variance = np.mean(off**2, axis=1)
    constant = variance <= (np.finfo(np.float64).eps * mean) ** 2
    scale = np.where(constant, 1.0, variance)
    third = np.where(constant, 0.0, np.mean(off**3, axis=1))
    fourth = np.where(constant, 0.0, np.mean(off**4, axis=1))
    return np.stack(
        [
            fourth / scale**2 - 3.0,
            rows.max(axis=1),
            mean,
            np.median(rows, axis=1),
            rows.min(axis=1),
            third / scale**1.5,
            np.sqrt(variance),
        ]
    )
