"""What the commands of tools/crash_points.py read: sounds, folders, models and recipes, each as small as it can be."""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import soundfile

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "tests" / room) for room in ("", "systems")]
STYLES = ("drone", "four_on_the_floor", "walking_swing")


def tiny(inputs: Path, *, temperature: float = 1.0) -> Path:
    """The model of tests/tiny_model.py."""
    import tiny_model

    place = inputs / f"tiny-{temperature:g}"
    return place if place.exists() else tiny_model.write(place, temperature=temperature)


def song(inputs: Path, number: int, *, hz: float = 150.0, seconds: float = 4.0) -> Path:
    """Soft hiss with a hum in it, another for each number."""
    path = inputs / f"{number}-{hz:g}.wav"
    if not path.exists():
        t = np.arange(round(seconds * 8000)) / 8000
        hiss = 0.05 * np.diff(np.random.default_rng(number).standard_normal(len(t) + 1))
        soundfile.write(path, hiss + 0.5 * np.sin(2 * np.pi * hz * t) * (t % 2 < 0.5 + number / 4), 8000)
    return path


def hums(inputs: Path, *, n: int = 5) -> Path:
    """A folder of two of the tiny model's genres, ``n`` songs each."""
    root = inputs / f"hums-{n}"
    for genre, hz in (("hum", 150.0), ("hiss", 3500.0)):
        (root / genre).mkdir(parents=True, exist_ok=True)
        for number in range(n):
            if not (root / genre / f"{number}.wav").exists():
                shutil.copy(song(inputs, number, hz=hz), root / genre / f"{number}.wav")
    return root


def few_songs(inputs: Path) -> Path:
    """Three sounds of 4 s at another rate, for the descriptors."""
    folder = inputs / "few"
    folder.mkdir()
    for number in range(3):
        sound = 0.1 * np.random.default_rng(number).standard_normal(4 * 22_050)
        soundfile.write(folder / f"{number}.wav", sound, 22_050)
    return folder


def music(inputs: Path) -> Path:
    """Three styles in folders, eight pieces of 3.1 s each."""
    from genrelens.data import synthetic

    folder = inputs / "styles"
    if not folder.exists():
        synthetic.write_corpus(inputs / "all", n_per_style=8, seed=0, duration_s=3.1)
        for style in STYLES:
            shutil.move(inputs / "all" / style, folder / style)
    return folder


def recipe(inputs: Path, n_epochs: int = 2) -> Path:
    """The recipe of tests/tiny_training.py."""
    import tiny_training

    path = inputs / f"tiny-{n_epochs}.toml"
    path.write_text(tiny_training.to_toml(tiny_training.recipe(max_epochs=n_epochs)))
    return path


def reports(inputs: Path) -> tuple[Path, Path]:
    """Reports of two runs over the same tracks."""
    import run_toys

    one, two = inputs / "one.json", inputs / "two.json"
    if not two.exists():
        run_toys.write(one, run_toys.report(seed=1, model="svm", skill=0.9))
        run_toys.write(two, run_toys.report(seed=2, model="cnn"))
    return one, two


def gtzan(inputs: Path) -> Path:
    """The miniature of GTZAN of tests/systems."""
    import miniatures

    root = inputs / "gtzan"
    return root if root.exists() else miniatures.write_gtzan(root)


def debiasing(inputs: Path) -> Path:
    """A recipe of one epoch for ``genrelens ablate``, over an encoder of random weights."""
    import tiny_encoder
    import tiny_training
    import tiny_wav2vec2

    encoder, path = inputs / "encoder", inputs / "debias.toml"
    if not path.exists():
        recipe = tiny_wav2vec2.recipe(tiny_encoder.write(encoder), max_epochs=1, warmup_epochs=0)
        path.write_text(tiny_training.to_toml(recipe))
    return path


def served(folder: Path) -> str:
    """Serve the files of a folder for as long as this process lives; where they are."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def sha(content: bytes, *, kind: str = "sha256") -> str:
    """A digest in hexadecimal digits."""
    return hashlib.new(kind, content, usedforsecurity=False).hexdigest()
