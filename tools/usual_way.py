"""The usual way that tools/bench.py measures genrelens against: what tutorials teach.

librosa.load, librosa's mel spectrogram and decibels, and a torch network; scipy.fft stands in for hand-made code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

RATE_HZ, N_FFT, HOP_LENGTH, N_MELS, TOP_DB = 22_050, 2048, 512, 128, 80.0
RECIPE = "mel-transformer"
N_GENRES = 10


def usual_load(path: Path) -> Float32:
    import librosa

    samples: Float32 = librosa.load(path, sr=RATE_HZ)[0]
    return samples


def librosa_mel(samples: Float32) -> Float32:
    import librosa

    power: Float32 = librosa.feature.melspectrogram(
        y=samples, sr=RATE_HZ, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS
    )
    return power


def usual_predict(path: Path, *, usual: UsualModel) -> list[float]:
    import librosa
    import torch

    decibels = librosa.power_to_db(librosa_mel(usual_load(path)), ref=np.max, top_db=TOP_DB).T
    short = max(0, usual.n_frames - len(decibels))
    decibels = np.pad(decibels, ((0, short), (0, 0)), mode="wrap")
    last = len(decibels) - usual.n_frames
    starts = sorted({*range(0, last, usual.hop_frames), last})
    windows = np.stack([decibels[start : start + usual.n_frames] for start in starts])
    with torch.no_grad():
        batches = [torch.from_numpy(windows[start : start + 8]) for start in range(0, len(windows), 8)]
        logits = [usual.network(batch).logits for batch in batches]
        answer: list[float] = torch.cat(logits).mean(dim=0).softmax(dim=-1).tolist()
    return answer


def usual_kaggle57(samples: Float32) -> list[float]:
    """The 57 descriptors of Kaggle's tables, each by its own call."""
    import librosa

    of, reflect = librosa.feature, {"pad_mode": "reflect"}
    parts = librosa.decompose.hpss(librosa.stft(samples, **reflect))
    strength = librosa.onset.onset_strength(y=samples, sr=RATE_HZ, aggregate=np.median, **reflect)
    features = [
        of.chroma_stft(y=samples, sr=RATE_HZ, **reflect),
        of.rms(y=samples, **reflect),
        of.spectral_centroid(y=samples, sr=RATE_HZ, **reflect),
        of.spectral_bandwidth(y=samples, sr=RATE_HZ, **reflect),
        of.spectral_rolloff(y=samples, sr=RATE_HZ, **reflect),
        of.zero_crossing_rate(samples),
        *(librosa.util.fix_length(librosa.istft(part), size=samples.size) for part in parts),
        librosa.beat.beat_track(onset_envelope=strength, sr=RATE_HZ)[0],
        *of.mfcc(y=samples, sr=RATE_HZ, n_mfcc=20, **reflect),
    ]
    return [float(moment) for values in features for moment in (np.mean(values), np.var(values))]


@dataclass(frozen=True)
class UsualModel:
    """A torch network and the windows that it takes."""

    network: Any
    n_frames: int
    hop_frames: int


def usual_model() -> UsualModel:
    from genrelens import models, recipe

    wanted = recipe.load(RECIPE)
    windows, front_end = wanted.windows, wanted.front_end
    if (front_end.sample_rate, front_end.hop_length, front_end.n_mels) != (RATE_HZ, HOP_LENGTH, N_MELS):
        raise SystemExit(f"recipe {RECIPE} has another front end than this benchmark: change its constants")
    network = models.build(
        wanted.model.architecture, wanted.model.options, n_frames=windows.n_frames, n_mels=N_MELS, n_classes=N_GENRES
    )
    return UsualModel(network.eval(), n_frames=windows.n_frames, hop_frames=windows.hop_frames)


def scipy_mel(samples: Float32, *, bank: Float32) -> Float32:
    """The straight way with scipy.fft in float32: all frames at once, and the full filter bank."""
    import scipy.fft  # type: ignore[import-untyped]
    import scipy.signal  # type: ignore[import-untyped]

    padded = np.pad(samples, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    window = scipy.signal.get_window("hann", N_FFT).astype(np.float32)
    spectrum = scipy.fft.rfft(frames * window)
    power: Float32 = (spectrum.real**2 + spectrum.imag**2) @ bank.T
    return power
