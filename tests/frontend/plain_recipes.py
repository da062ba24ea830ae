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


FMA_SIZES = {
    "chroma_stft": 12,
    "chroma_cqt": 12,
    "chroma_cens": 12,
    "tonnetz": 6,
    "mfcc": 20,
    "rmse": 1,
    "zcr": 1,
    "spectral_centroid": 1,
    "spectral_bandwidth": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
}


def plain_fma518(y: Float32, *, sr: int) -> dict[tuple[str, str, int], float]:
    """The public script's steps, on the sound itself where it can be, by (feature, moment, number from 1)."""
    import librosa
    from scipy import stats

    of = librosa.feature
    constant_q = np.abs(
        librosa.cqt(
            y,
            sr=sr,
            hop_length=512,
            n_bins=84,
            bins_per_octave=12,
            pad_mode="reflect",
            tuning=librosa.estimate_tuning(y=y, sr=sr, pad_mode="reflect"),
        )
    )
    cens = of.chroma_cens(C=constant_q, n_chroma=12, n_octaves=7)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, 1024, mode="reflect"), 2048)[::512]
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(2049)[:-1])).T.astype(np.float32)
    mel = of.melspectrogram(y=y, sr=sr, pad_mode="reflect")
    features = {
        "chroma_stft": of.chroma_stft(y=y, sr=22_050, pad_mode="reflect"),
        "chroma_cqt": of.chroma_cqt(C=constant_q, n_chroma=12, n_octaves=7),
        "chroma_cens": cens,
        "tonnetz": of.tonnetz(chroma=cens, sr=sr),
        "mfcc": of.mfcc(S=librosa.power_to_db(mel), sr=sr, n_mfcc=20),
        "rmse": np.sqrt(np.mean(magnitude**2, axis=0, keepdims=True)),
        "zcr": of.zero_crossing_rate(y, frame_length=2048, hop_length=512),
        "spectral_centroid": of.spectral_centroid(y=y, sr=22_050, pad_mode="reflect"),
        "spectral_bandwidth": of.spectral_bandwidth(y=y, sr=22_050, pad_mode="reflect"),
        "spectral_contrast": of.spectral_contrast(S=magnitude, sr=22_050, n_bands=6),
        "spectral_rolloff": of.spectral_rolloff(y=y, sr=22_050, pad_mode="reflect"),
    }
    found = {}
    for name, values in features.items():
        for number, row in enumerate(values.astype(np.float64), start=1):
            found[name, "mean", number] = float(np.mean(row))
            found[name, "std", number] = float(np.std(row))
            found[name, "skew", number] = float(stats.skew(row))
            found[name, "kurtosis", number] = float(stats.kurtosis(row))
            found[name, "median", number] = float(np.median(row))
            found[name, "min", number] = float(np.min(row))
            found[name, "max", number] = float(np.max(row))
    return found
