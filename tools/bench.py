"""How fast genrelens is, side by side with the usual way, in one run and on the same files.

    python tools/bench.py                       six pieces of 30 s, made for the occasion
    python tools/bench.py --data ~/Music        your files
    python tools/bench.py --markdown            the tables as they stand in the docs

The usual way is what tutorials teach: librosa.load, librosa's mel spectrogram and decibels, and a torch
network (eval mode, no gradients). Its network is genrelens's own, the recipe mel-transformer with fresh
weights, and it takes the windows that the recipe has, so that only the way there differs. Rows take turns
within each repeat, so that a busy moment of the machine falls on all of them.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from usual_way import (
    RATE_HZ,
    RECIPE,
    Float32,
    UsualModel,
    librosa_mel,
    scipy_mel,
    usual_kaggle57,
    usual_load,
    usual_model,
    usual_predict,
)

PIECE_S = 30.0
MADE = (  # name, sample rate in Hz, channels, soundfile's format and subtype
    ("44100-stereo.mp3", 44_100, 2, "MP3", "MPEG_LAYER_III"),
    ("22050-mono.mp3", 22_050, 1, "MP3", "MPEG_LAYER_III"),
    ("44100-stereo.ogg", 44_100, 2, "OGG", "VORBIS"),
    ("22050-mono.ogg", 22_050, 1, "OGG", "VORBIS"),
    ("44100-stereo.wav", 44_100, 2, "WAV", "PCM_16"),
    ("22050-mono.wav", 22_050, 1, "WAV", "PCM_16"),
)


@dataclass(frozen=True)
class Row:
    """One way of doing a job: ``work`` does it for one of ``items``; ``rival`` names the row to beat."""

    name: str
    work: Callable[[Any], object]
    items: Sequence[Any]
    rival: str


@dataclass(frozen=True)
class Seconds:
    """What all items took: the sums of their medians, and of their bests, over the repeats."""

    median: float
    best: float

    @classmethod
    def of(cls, times: Sequence[Sequence[float]]) -> Seconds:
        return cls(sum(map(statistics.median, times)), sum(map(min, times)))


@dataclass(frozen=True)
class Measured:
    """A row of the table that is printed."""

    name: str
    took: Seconds
    rival: Seconds


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="genrelens-bench-") as folder:
        files = find_files(options.data, most=options.files) if options.data else make_files(Path(folder))
        if not files:
            print(f"no music in {options.data}: give a folder that holds some", file=sys.stderr)
            return 1
        report(files, model=options.model, repeats=options.repeats, markdown=options.markdown)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="bench.py"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="a folder with music, instead of made pieces"
    )
    parser.add_argument(
        "--files",
        type=positive,
        default=12,
        metavar="N",
        help="take at most N of its files (default: %(default)s)",
    )
    parser.add_argument(
        "--model",
        default="base",
        metavar="BUNDLE",
        help="the model of genrelens.predict (default: the shipped one)",
    )
    parser.add_argument(
        "--repeats",
        type=positive,
        default=7,
        metavar="N",
        help="times that each row runs (default: %(default)s)",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not {text}")
    return number


# The files


def make_files(folder: Path) -> list[Path]:
    """Write pieces with chords, beats and noise: they load the codecs about as music does."""
    import soundfile

    files = []
    for number, (name, rate_hz, n_channels, kind, subtype) in enumerate(MADE):
        rng = np.random.default_rng(number)
        t = np.arange(round(PIECE_S * rate_hz)) / rate_hz
        chord = sum(
            np.sin(2 * np.pi * 110 * 2 ** (k / 12) * t + k) / (1 + k / 7) for k in (0, 4, 7, 12, 19, 28)
        )
        beat = np.exp(-12 * (t % 0.5)) * rng.standard_normal(t.size)
        sides = [chord / 12 + beat / 8 + rng.standard_normal(t.size) / 100 for _ in range(n_channels)]
        path = folder / name
        soundfile.write(path, np.clip(np.stack(sides, axis=1), -1, 1), rate_hz, format=kind, subtype=subtype)
        files.append(path)
    return files


def find_files(folder: Path, *, most: int) -> list[Path]:
    """Files spread evenly over the folder in the order of their names."""
    from genrelens.audio.walk import walk

    found = [Path(item.path) for item in walk(folder) if item.error is None]
    return found[:: math.ceil(len(found) / most)] if found else []


# Our way


def decode(path: Path) -> int:
    from genrelens.audio import load

    return load(path).samples.size


def decode_resample_mel(path: Path, *, settings: Any) -> int:
    """As predict does it: block by block, in constant memory."""
    from genrelens.audio import open_stream
    from genrelens.frontend.mel import MelStream

    mel = MelStream(settings)
    with open_stream(path, sample_rate=settings.sample_rate) as stream:
        return sum(len(mel.push(block)) for block in stream) + len(mel.finish())


# Measuring


def measure(rows: Sequence[Row], *, repeats: int) -> dict[str, Seconds]:
    """What each row takes; rows take turns at each item, and each repeat begins with another row."""
    times = {row.name: [[0.0] * repeats for _ in row.items] for row in rows}
    for repeat in range(-1, repeats):
        shift = repeat % len(rows)
        for number in range(len(rows[0].items)):
            for row in [*rows[shift:], *rows[:shift]]:
                start = time.perf_counter()
                row.work(row.items[number])
                if repeat >= 0:  # the first round sets things up; the cold start has a table of its own
                    times[row.name][number][repeat] = time.perf_counter() - start
    return {name: Seconds.of(of_items) for name, of_items in times.items()}


def cold_start(code: str, *, path: Path, repeats: int) -> Seconds:
    """Seconds from the start of a Python process to its end; ``path`` is its first argument."""
    times = []
    search = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search)}
    for _ in range(1 + repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment)
        times.append(time.perf_counter() - start)
    return Seconds.of([times[1:]])  # the first one reads the disk


OURS_COLD = """
import sys
from genrelens.bundle import Bundle
Bundle.load({model!r}).predict(sys.argv[1])
"""
USUAL_COLD = """
import sys
import usual_way
usual_way.usual_predict(sys.argv[1], usual=usual_way.usual_model())
"""


# The report


def report(files: Sequence[Path], *, model: str, repeats: int, markdown: bool) -> None:
    from genrelens.bundle import Bundle

    bundle = Bundle.load(model)
    settings = bundle.manifest.front_end
    model_of_usual = usual_model()
    files, sounds = readable(files)
    if not files:
        raise SystemExit("none of the files could be read")
    sound_s = sum(samples.size for samples in sounds) / RATE_HZ
    bank = np.array(settings.bank())

    usual = "the usual way: librosa.load + librosa mel + torch"
    rows = [
        Row("genrelens: decode", decode, files, usual),
        Row(
            "genrelens: decode + resample + mel",
            partial(decode_resample_mel, settings=settings),
            files,
            usual,
        ),
        Row("genrelens: predict", bundle.predict, files, usual),
        Row("the usual way's librosa.load", usual_load, files, usual),
        Row(usual, partial(usual_predict, usual=model_of_usual), files, usual),
    ]
    librosas = "mel only: librosa"
    mel_rows = [
        Row("mel only: genrelens", partial(our_mel, settings=settings), sounds, librosas),
        Row("mel only: scipy.fft float32", partial(scipy_mel, bank=bank), sounds, librosas),
        Row(librosas, librosa_mel, sounds, librosas),
    ]

    plain = "57 descriptors: librosa, call by call"
    descriptor_rows = [
        Row("57 descriptors: genrelens", our_kaggle57, sounds, plain),
        Row(plain, usual_kaggle57, sounds, plain),
    ]

    describe(files, sound_s=sound_s, repeats=repeats, bundle=bundle, usual=model_of_usual)
    for group in (rows, mel_rows, descriptor_rows):
        took = measure(group, repeats=repeats)
        measured = [Measured(row.name, took[row.name], took[row.rival]) for row in group]
        print_table(measured, sound_s=sound_s, markdown=markdown)

    usual_took = cold_start(USUAL_COLD, path=files[0], repeats=3)
    our_code = OURS_COLD.format(model=model)
    our_took = cold_start(our_code, path=files[0], repeats=3)
    cold = [
        Measured("genrelens: process start to answer", our_took, usual_took),
        Measured("the usual way: process start to answer", usual_took, usual_took),
    ]
    print_table(cold, sound_s=sounds[0].size / RATE_HZ, markdown=markdown)


def readable(files: Sequence[Path]) -> tuple[list[Path], list[Float32]]:
    """The files that both ways can read, and the usual way's samples of them."""
    kept, sounds = [], []
    for path in files:
        try:
            decode(path)
            samples = usual_load(path)
        except Exception as error:  # whatever librosa's decoders raise
            print(f"left out: {path}: {error}", file=sys.stderr)
        else:
            kept.append(path)
            sounds.append(samples)
    return kept, sounds


def our_mel(samples: Float32, *, settings: Any) -> Float32:
    from genrelens.frontend.mel import mel_power

    return mel_power(samples, settings=settings)


def our_kaggle57(samples: Float32) -> object:
    from genrelens.frontend.descriptors import SETS

    return SETS["kaggle57"].compute(samples, sample_rate=RATE_HZ)


def describe(files: Sequence[Path], *, sound_s: float, repeats: int, bundle: Any, usual: UsualModel) -> None:
    import librosa
    import onnxruntime
    import scipy
    import torch

    weights = sum(weight.numel() for weight in usual.network.parameters())
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (np, scipy, librosa, torch, onnxruntime))
    lines = (
        f"{len(files)} files, {sound_s:.0f} s of sound: {', '.join(path.name for path in files)}",
        f"genrelens's model: {bundle.name} {bundle.hash}, {bundle.manifest.windows}",
        f"The usual way's network: {RECIPE}, {weights / 1e6:.1f} M weights, windows of {usual.n_frames} "
        f"frames every {usual.hop_frames}",
        f"Threads: torch {torch.get_num_threads()}, genrelens's ONNX Runtime {ort_threads()}, decoding and "
        f"mel 1 (OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'unset')})",
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}",
        f"{repeats} repeats, rows by turns{load_average()}; real time and ratio by the medians; "
        "ratio: how many times as fast as the last row of the table",
    )
    print("\n".join(lines))


def load_average() -> str:
    """How busy the machine is with other things; not every system says."""
    return f", load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""


def ort_threads() -> int:
    from genrelens.bundle.sessions import MAX_THREADS

    return min(MAX_THREADS, os.cpu_count() or 1)


def print_table(rows: Sequence[Measured], *, sound_s: float, markdown: bool) -> None:
    head = ("", "median, ms per 30 s", "best", "x real time", "ratio")
    lines = [head, *(cells(row, sound_s=sound_s) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print()
    for number, line in enumerate(lines):
        padded = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        print(f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip())
        if number == 0:
            marks = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
            print(f"| {' | '.join(marks)} |" if markdown else "  ".join("-" * w for w in widths))


def cells(row: Measured, *, sound_s: float) -> tuple[str, ...]:
    median_ms, best_ms = (f"{s / sound_s * PIECE_S * 1e3:.1f}" for s in (row.took.median, row.took.best))
    ratio = f"{row.rival.median / row.took.median:.2f} x"
    return row.name, median_ms, best_ms, f"{sound_s / row.took.median:,.0f}", ratio


if __name__ == "__main__":
    sys.exit(main())
