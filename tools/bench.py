"""How fast genrelens is, side by side with the usual way and with decoding alone, in one run and on the same files.

    python tools/bench.py                       twelve stereo mp3s of 30 s, made for the occasion
    python tools/bench.py --data ~/Music        your files
    python tools/bench.py --markdown            the tables as they stand in the docs
    python tools/bench.py --only folder         one of the tables: clip, list, mel, descriptors, start, long, folder

Decoding alone is PyAV handing out all frames of a file: the least that anybody can take who reads it with ffmpeg. The
usual way is what tutorials teach: librosa.load, librosa's mel spectrogram and decibels, and a torch network (eval mode,
no gradients). Its network is genrelens's own, the recipe mel-transformer with fresh weights. Rows take turns within
each repeat, so that a busy moment of the machine falls on all of them.
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

# Threads of torch that have nothing to do would burn the processor time of the row that comes after theirs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from usual_way import (
    HOP_LENGTH,
    N_FFT,
    N_MELS,
    RATE_HZ,
    RECIPE,
    TOP_DB,
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
N_PIECES = 12
N_LINKS = 24
RATE_OF_MP3_HZ = 44_100
TABLES = ("clip", "list", "mel", "descriptors", "start", "long", "folder")


@dataclass(frozen=True)
class Row:
    """One way of doing a job: ``work`` does it for one of ``items``; ``rival`` names the row to beat."""

    name: str
    work: Callable[[Any], object]
    items: Sequence[Any]
    rival: str


@dataclass(frozen=True)
class Seconds:
    """What all items took: sums of their medians over the repeats, and of their bests, by the clock; and the sum of
    their medians of processor time, all threads together."""

    median: float
    best: float
    processor: float

    @classmethod
    def of(cls, times: Sequence[Sequence[tuple[float, float]]]) -> Seconds:
        walls, processors = ([[t[i] for t in item] for item in times] for i in (0, 1))
        return cls(sum(map(statistics.median, walls)), sum(map(min, walls)), sum(map(statistics.median, processors)))


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
        report(files, options)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="bench.py"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder with music, instead of made pieces")
    parser.add_argument(
        "--files", type=positive, default=12, metavar="N", help="take at most N of its files (default: %(default)s)"
    )
    parser.add_argument("--only", choices=TABLES, nargs="+", default=TABLES, help="which tables (default: all)")
    parser.add_argument(
        "--repeats", type=positive, default=7, metavar="N", help="times that each row runs (default: %(default)s)"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not {text}")
    return number


# The files


def make_piece(path: Path, *, number: int, duration_s: float = PIECE_S) -> Path:
    """Write an mp3 with chords, beats and noise: it loads the codecs about as music does."""
    import soundfile

    rng = np.random.default_rng(number)
    t = np.arange(round(duration_s * RATE_OF_MP3_HZ)) / RATE_OF_MP3_HZ
    chord = sum(
        np.sin(2 * np.pi * (110 + 7 * number) * 2 ** (k / 12) * t + k) / (1 + k / 7) for k in (0, 4, 7, 12, 19, 28)
    )
    beat = np.exp(-12 * (t % 0.5)) * rng.standard_normal(t.size)
    sides = [chord / 12 + beat / 8 + rng.standard_normal(t.size) / 100 for _ in range(2)]
    sound = np.clip(np.stack(sides, axis=1), -1, 1)
    soundfile.write(path, sound, RATE_OF_MP3_HZ, format="MP3", subtype="MPEG_LAYER_III")
    return path


def make_files(folder: Path) -> list[Path]:
    return [make_piece(folder / f"{number:02}.mp3", number=number) for number in range(N_PIECES)]


def find_files(folder: Path, *, most: int) -> list[Path]:
    """Files spread evenly over the folder in the order of their names."""
    from genrelens.audio.walk import walk

    found = [Path(item.path) for item in walk(folder) if item.error is None]
    return found[:: math.ceil(len(found) / most)] if found else []


# Our way


def decode_alone(path: Path) -> int:
    import av

    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def decode_all(paths: Sequence[Path]) -> int:
    return sum(map(decode_alone, paths))


def predict_all(paths: Sequence[Path], *, bundle: Any) -> list[Any]:
    """In this process, one file after the other; while the network works, the next is decoded."""
    from genrelens.bundle.answer import answer_all

    return list(answer_all(list(map(str, paths)), bundle=bundle, coverage=0.9, n_workers=0))


def stream(path: Path, *, sample_rate: int) -> int:
    """Open, decode, mix and resample, as predict does it: block by block, in constant memory."""
    from genrelens.audio import open_stream

    with open_stream(path, sample_rate=sample_rate) as blocks:
        return sum(len(block) for block in blocks)


# Measuring


def measure(rows: Sequence[Row], *, repeats: int) -> dict[str, Seconds]:
    """What each row takes; rows take turns at each item, and each repeat begins with another row."""
    times = {row.name: [[(0.0, 0.0)] * repeats for _ in row.items] for row in rows}
    for repeat in range(-1, repeats):
        shift = repeat % len(rows)
        for number in range(len(rows[0].items)):
            for row in [*rows[shift:], *rows[:shift]]:
                start, processor = time.perf_counter(), time.process_time()
                row.work(row.items[number])
                if repeat >= 0:  # the first round sets things up; the cold start has a table of its own
                    times[row.name][number][repeat] = (time.perf_counter() - start, time.process_time() - processor)
    return {name: Seconds.of(of_items) for name, of_items in times.items()}


def command_s(command: Sequence[str], *, repeats: int) -> Seconds:
    """Seconds from the start of a command to its end, processor time of all its processes.

    Modules are compiled, as in an installed package, whatever the environment says of bytecode.
    """
    search = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times = []
    with tempfile.TemporaryDirectory(prefix="genrelens-bench-") as compiled:
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for _ in range(1 + repeats):
            before, start = os.times(), time.perf_counter()
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
            after = os.times()
            processor = sum(after[2:4]) - sum(before[2:4])  # of children that have ended
            times.append((time.perf_counter() - start, processor))
    return Seconds.of([times[1:]])  # the first one reads the disk and compiles


OURS_COLD = """
import sys
from genrelens.bundle import Bundle
Bundle.load("base").predict(sys.argv[1])
"""
USUAL_COLD = """
import sys
import usual_way
usual_way.usual_predict(sys.argv[1], usual=usual_way.usual_model())
"""


# The report


def report(files: Sequence[Path], options: argparse.Namespace) -> None:
    from genrelens.bundle import Bundle
    from genrelens.frontend.mel import MelSettings

    models = {name: Bundle.load(name) for name in ("base", "lite")}
    model_of_usual = usual_model()
    files, sounds = readable(files)
    if not files:
        raise SystemExit("none of the files could be read")
    sound_s = sum(samples.size for samples in sounds) / RATE_HZ
    describe(files, sound_s=sound_s, repeats=options.repeats, models=models, usual=model_of_usual)

    alone, usual = "decoding alone: PyAV", "the usual way: librosa.load + librosa mel + torch"
    settings = MelSettings(
        sample_rate=RATE_HZ,
        n_fft=N_FFT,
        hop_length=HOP_LENGTH,
        n_mels=N_MELS,
        fmin_hz=0.0,
        fmax_hz=None,
        htk=False,
        top_db=TOP_DB,
    )
    librosas, plain = "mel only: librosa", "57 descriptors: librosa, call by call"
    groups = {
        "clip": [
            Row(alone, decode_alone, files, alone),
            Row("open, decode, mix, resample to 16 kHz", partial(stream, sample_rate=16_000), files, alone),
            Row("genrelens: predict, lite", models["lite"].predict, files, alone),
            Row("genrelens: predict, base", models["base"].predict, files, alone),
            Row("the usual way's librosa.load", usual_load, files, alone),
            Row(usual, partial(usual_predict, usual=model_of_usual), files, alone),
        ],
        "list": [
            Row("all in a row, decoding alone: PyAV", decode_all, [files], "all in a row, decoding alone: PyAV"),
            *(
                Row(
                    f"all in a row, genrelens: predict, {name}, --workers 0",
                    partial(predict_all, bundle=model),
                    [files],
                    "all in a row, decoding alone: PyAV",
                )
                for name, model in sorted(models.items(), reverse=True)
            ),
        ],
        "mel": [
            Row("mel only: genrelens", partial(our_mel, settings=settings), sounds, librosas),
            Row("mel only: scipy.fft float32", partial(scipy_mel, bank=np.array(settings.bank())), sounds, librosas),
            Row(librosas, librosa_mel, sounds, librosas),
        ],
        "descriptors": [
            Row("57 descriptors: genrelens", our_kaggle57, sounds, plain),
            Row(plain, usual_kaggle57, sounds, plain),
        ],
    }
    for name, group in groups.items():
        if name in options.only:
            took = measure(group, repeats=options.repeats)
            measured = [Measured(row.name, took[row.name], took[row.rival]) for row in group]
            print_table(measured, sound_s=sound_s, markdown=options.markdown)
    if "start" in options.only:
        usual_took = command_s([sys.executable, "-c", USUAL_COLD, str(files[0])], repeats=7)
        our_took = command_s([sys.executable, "-c", OURS_COLD, str(files[0])], repeats=7)
        cold = [
            Measured("genrelens: process start to answer", our_took, usual_took),
            Measured("the usual way: process start to answer", usual_took, usual_took),
        ]
        print_table(cold, sound_s=sounds[0].size / RATE_HZ, markdown=options.markdown)
    if "long" in options.only:
        print_long(files[0], predict=models["lite"].predict, options=options)
    if "folder" in options.only:
        print_folder(files, sound_s=sound_s, markdown=options.markdown)


def print_long(clip: Path, *, predict: Callable[[Path], object], options: argparse.Namespace) -> None:
    """A song of four minutes beside a clip, both per 30 s."""
    with tempfile.TemporaryDirectory(prefix="genrelens-bench-") as folder:
        song = make_piece(Path(folder) / "song.mp3", number=0, duration_s=8 * PIECE_S)
        names = ("lite: a clip of 30 s", "lite: a song of 4 minutes, each 30 s of it")
        rows = [Row(names[0], predict, [clip], names[0]), Row(names[1], predict, [song], names[0])]
        took = measure(rows, repeats=options.repeats)
    whole = took[names[1]]
    took[names[1]] = Seconds(whole.median / 8, whole.best / 8, whole.processor / 8)
    measured = [Measured(name, took[name], took[names[0]]) for name in names]
    print_table(measured, sound_s=PIECE_S, markdown=options.markdown)


def print_folder(files: Sequence[Path], *, sound_s: float, markdown: bool) -> None:
    """The command over a folder, 24 links to each file, by the number of worker processes."""
    with tempfile.TemporaryDirectory(prefix="genrelens-bench-") as folder:
        for number in range(N_LINKS):
            for path in files:
                (Path(folder) / f"{number:02}-{path.name}").symlink_to(path.absolute())
        command = [sys.executable, "-m", "genrelens", "predict", folder, "--model", "lite", "--csv"]
        took = {}
        for name, before, n_workers in (
            ("predict a folder, lite, --workers 1, kept to one core", ["taskset", "-c", "0"], "1"),
            ("predict a folder, lite, --workers 2", [], "2"),
        ):
            took[name] = command_s([*before, *command, "--workers", n_workers], repeats=2)
    rival, _ = took.values()
    measured = [Measured(name, t, rival) for name, t in took.items()]
    print_table(measured, sound_s=N_LINKS * sound_s, markdown=markdown)


def readable(files: Sequence[Path]) -> tuple[list[Path], list[Float32]]:
    """The files that both ways can read, and the usual way's samples of them."""
    kept, sounds = [], []
    for path in files:
        try:
            decode_alone(path)
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


def describe(files: Sequence[Path], *, sound_s: float, repeats: int, models: dict[str, Any], usual: UsualModel) -> None:
    import av
    import librosa
    import onnxruntime
    import scipy
    import torch

    weights = sum(weight.numel() for weight in usual.network.parameters())
    modules = (np, scipy, av, librosa, torch, onnxruntime)
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in modules)
    lines = (
        f"{len(files)} files, {sound_s:.0f} s of sound: {', '.join(path.name for path in files)}",
        "genrelens's models: " + ", ".join(f"{name} {model.hash}" for name, model in models.items()),
        f"The usual way's network: {RECIPE}, {weights / 1e6:.1f} M weights, windows of {usual.n_frames} "
        f"frames every {usual.hop_frames}",
        f"Threads: torch {torch.get_num_threads()}, genrelens's ONNX Runtime {ort_threads()} and one that decodes "
        f"(OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'unset')})",
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}",
        f"{repeats} repeats, rows by turns{load_average()}; real time and ratios by the medians",
        "processor: of all threads; ratios: to the first row of the table, or the row that is 1.00 x; "
        "more than 1 is slower",
    )
    print("\n".join(lines))


def load_average() -> str:
    """How busy the machine is with other things; not every system says."""
    return f", load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""


def ort_threads() -> int:
    from genrelens.bundle.sessions import MAX_THREADS
    from genrelens.parallel import n_cores

    return max(1, min(MAX_THREADS, n_cores() - 1))


def print_table(rows: Sequence[Measured], *, sound_s: float, markdown: bool) -> None:
    head = ("", "ms per 30 s", "best", "ratio", "processor, ms", "ratio", "x real time")
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
    def ms(seconds: float) -> str:
        return f"{seconds / sound_s * PIECE_S * 1e3:.1f}"

    def ratio(ours: float, theirs: float) -> str:
        return f"{ours / theirs:.2f} x"

    took, rival = row.took, row.rival
    return (
        row.name,
        ms(took.median),
        ms(took.best),
        ratio(took.median, rival.median),
        ms(took.processor),
        ratio(took.processor, rival.processor),
        f"{sound_s / took.median:,.0f}",
    )


if __name__ == "__main__":
    sys.exit(main())
