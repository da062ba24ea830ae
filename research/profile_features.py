"""Where the time of Kaggle's 57 descriptors goes: plain librosa and genrelens, step by step, on one sound.

    python research/profile_features.py [FILE]      a sound file; 30 s are made up without one

Each step runs some times by turns with all others; the best counts, since the machine does other things, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from usual_way import RATE_HZ, Float32, usual_kaggle57

REPEATS = 9
Steps = dict[str, Callable[[], object]]


def main() -> None:
    sound = read(Path(sys.argv[1])) if len(sys.argv) > 1 else made()
    print(f"{sound.size / RATE_HZ:.1f} s of sound, best of {REPEATS}, ms\n")
    for title, steps in (("librosa 0.11, call by call", plain_steps(sound)), ("genrelens", our_steps(sound))):
        best = measure(steps)
        print(f"{title}:")
        for name, seconds in best.items():
            print(f"{seconds * 1e3:9.1f}  {name}")
        print()


def read(path: Path) -> Float32:
    from genrelens.audio import load

    return load(path, sample_rate=RATE_HZ).samples


def made() -> Float32:
    t = np.arange(30 * RATE_HZ) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * 110 * 2 ** (k / 12) * t) for k in (0, 4, 7, 12))
    noise = np.random.default_rng(0).standard_normal(t.size)
    return (0.1 * chord + 0.3 * np.exp(-12 * (t % 0.5)) * noise + 0.01 * noise).astype(np.float32)


def measure(steps: Steps) -> dict[str, float]:
    best = dict.fromkeys(steps, np.inf)
    for repeat in range(REPEATS + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if repeat:  # the first round compiles
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def plain_steps(y: Float32) -> Steps:
    import librosa

    of, reflect = librosa.feature, {"pad_mode": "reflect"}
    spectrum = librosa.stft(y, **reflect)
    parts = librosa.decompose.hpss(spectrum)
    strength = librosa.onset.onset_strength(y=y, sr=RATE_HZ, aggregate=np.median, **reflect)
    return {
        "Fourier transform": lambda: librosa.stft(y, **reflect),
        "hpss: medians and masks": lambda: librosa.decompose.hpss(spectrum),
        "hpss: two inverse transforms": lambda: [librosa.istft(part) for part in parts],
        "chroma": lambda: of.chroma_stft(y=y, sr=RATE_HZ, **reflect),
        "rms": lambda: of.rms(y=y, **reflect),
        "centroid": lambda: of.spectral_centroid(y=y, sr=RATE_HZ, **reflect),
        "bandwidth": lambda: of.spectral_bandwidth(y=y, sr=RATE_HZ, **reflect),
        "roll-off": lambda: of.spectral_rolloff(y=y, sr=RATE_HZ, **reflect),
        "zero crossings": lambda: of.zero_crossing_rate(y),
        "onset strength": lambda: librosa.onset.onset_strength(y=y, sr=RATE_HZ, aggregate=np.median, **reflect),
        "tempo (with beats)": lambda: librosa.beat.beat_track(onset_envelope=strength, sr=RATE_HZ),
        "mfcc": lambda: of.mfcc(y=y, sr=RATE_HZ, n_mfcc=20, **reflect),
        "all": lambda: usual_kaggle57(y),
        "all, of one 3 s segment": lambda: usual_kaggle57(y[:66_149]),
    }


def our_steps(y: Float32) -> Steps:
    import librosa

    from genrelens.frontend.descriptors import SETS, frames, kaggle57, kernels

    spectrum = librosa.stft(y, pad_mode="reflect").T
    magnitude = np.abs(spectrum)
    power = magnitude**2
    medians = kernels.median_over_time(magnitude), kernels.median_over_frequency(magnitude)
    mel_db = kaggle57._mel_db(power)
    compute = SETS["kaggle57"].compute
    return {
        "Fourier transform": lambda: librosa.stft(y, pad_mode="reflect"),
        "magnitude and power": lambda: np.abs(spectrum) ** 2,
        "hpss: medians": lambda: (kernels.median_over_time(magnitude), kernels.median_over_frequency(magnitude)),
        "hpss: mask": lambda: kernels.keep_harmonic(spectrum.copy(), *medians),
        "hpss: one inverse transform": lambda: librosa.istft(spectrum.T),
        "chroma": lambda: frames.chroma(power, sample_rate=RATE_HZ),
        "rms": lambda: librosa.feature.rms(y=y, pad_mode="reflect"),
        "centroid, bandwidth, roll-off": lambda: frames.shape(magnitude, sample_rate=RATE_HZ),
        "zero crossings": lambda: frames.zero_crossing_rate(y),
        "mel bands in dB": lambda: kaggle57._mel_db(power),
        "tempo (with onset strength)": lambda: kaggle57.tempo(mel_db),
        "mfcc": lambda: kaggle57._mfcc(mel_db),
        "all": lambda: compute(y, sample_rate=RATE_HZ),
        "all, of one 3 s segment": lambda: compute(y[:66_149], sample_rate=RATE_HZ),
    }


if __name__ == "__main__":
    main()
