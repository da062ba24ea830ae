"""The commands that write, each with small inputs and the output of an earlier run, for tools/crash_points.py."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import importlib
import io
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from crash_points import Scenario

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
STYLES = ("drone", "four_on_the_floor", "walking_swing")
Make = Callable[[Path], Scenario]


def scenarios(inputs: Path, *, only: Sequence[str] = ()) -> Iterator[Scenario]:
    """The scenarios of these names, or all; what they read is made in ``inputs`` when it is needed."""
    inputs.mkdir()
    if unknown := set(only) - MAKERS.keys():
        raise SystemExit(f"--only {', '.join(unknown)}: expected {', '.join(MAKERS)}")
    for name, make in MAKERS.items():
        if not only or name in only:
            yield make(inputs)


def program(*words: object) -> int:
    """The program in this process; its exit code."""
    from genrelens.cli import main

    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return 0


def scenario(
    name: str,
    words: Sequence[object],
    *,
    earlier: Sequence[Sequence[object]] = (),
    together: tuple[str, ...] = (),
    forget: int = 0,
    imports: Sequence[str] = (),
    resume: str = "",
    code: int = 0,
) -> Scenario:
    """A command after ``earlier`` ones, ``forget`` of whose cache files are gone again.

    ``resume`` is a file: where it is there, the command is given ``--resume``.
    """
    for module in ("genrelens.cli.app", "genrelens.bundle", *imports):
        importlib.import_module(module)

    def prepare(folder: Path) -> None:
        for command in earlier:
            if (came := program(*command)) not in (0, code):
                raise SystemExit(f"exit code {came}")
        cached = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
        for path in cached[:forget]:
            path.unlink()

    def command(folder: Path) -> int:
        return program(*words, *(["--resume"] if resume and (folder / resume).exists() else []))

    return Scenario(name, command, prepare, together, code)


def predict(inputs: Path) -> Scenario:
    one, two, model = song(inputs, 1), song(inputs, 2), tiny(inputs)
    words = ("--model", model, "--html", "music.html")
    return scenario("predict --html", ("predict", one, two, *words), earlier=[("predict", two, *words)])


def evaluate(inputs: Path) -> Scenario:
    words = ("evaluate", tiny(inputs), "--data", hums(inputs), "--dataset", "folder", "--out", "report.json")
    words = (*words, "--figure", "confusion.png")
    earlier = [("evaluate", tiny(inputs, temperature=3.0), *words[2:])]
    imports = ["genrelens.pages.runs.report_figures", "genrelens.evaluation"]
    return scenario("evaluate --out --figure", words, earlier=earlier, imports=imports)


def explain(inputs: Path) -> Scenario:
    words = ("--model", tiny(inputs), "--out", "why")
    return scenario(
        "explain",
        ("explain", song(inputs, 1), *words),
        earlier=[("explain", song(inputs, 2), *words)],
        together=("why",),
        imports=["genrelens.pages.explanation.files"],
    )


def explain_anew(inputs: Path) -> Scenario:
    words = ("explain", song(inputs, 1), "--model", tiny(inputs), "--out", "why")
    return replace(scenario("explain, new folder", words), together=("why",))


def audit(inputs: Path) -> Scenario:
    words = ("audit", music(inputs), "--workers", "1", "--html", "audit.html")
    return scenario("audit --html", words, earlier=[("audit", hums(inputs), *words[2:])])


def features(inputs: Path) -> Scenario:
    few = few_songs(inputs)
    words = ("features", few, "--out", "table.csv", "--workers", "1", "--cache", "cache")
    with contextlib.redirect_stdout(io.StringIO()):
        program("features", few / "1.wav")  # compiles what it needs, once for all children
    return scenario("features --out", words, earlier=[(*words, "--segments", "3"), words], forget=2)


def split(inputs: Path) -> Scenario:
    words = ("data", "split", music(inputs), "hold-out", "--out", "mine.json")
    return scenario("data split", words, earlier=[("data", "split", hums(inputs), "hold-out", *words[4:])])


def fetch(inputs: Path) -> Scenario:
    archive = inputs / "site" / "toys.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as made:
        for i in range(3):
            made.writestr(f"toys/{i}.txt", f"toy {i}\n" * 1000)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(archive.parent))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from genrelens.data.fetch import Source, fetching

    toys = Source(
        "toys",
        f"http://127.0.0.1:{server.server_port}/toys.zip",
        *("toys.zip", "toys", "27 kB", 100_000, "none"),
        sum=("sha1", hashlib.sha1(archive.read_bytes(), usedforsecurity=False).hexdigest()),
    )
    fetching.SOURCES["toys"] = toys  # type: ignore[index]
    return scenario("data fetch", ("data", "fetch", "toys", "--out", "data"))


def synthesise(inputs: Path) -> Scenario:
    return scenario(
        "synthesise", ("synthesise", "demo", "--duration", "1"), imports=["genrelens.data.synthetic"]
    )


def report(inputs: Path) -> Scenario:
    one, two = reports(inputs)
    return scenario(
        "report",
        ("report", one, "--out", "look"),
        earlier=[("report", two, "--out", "look")],
        together=("look",),
        imports=["genrelens.pages.runs.sections", "sklearn.manifold"],
    )


def compare(inputs: Path) -> Scenario:
    one, two = reports(inputs)
    return scenario(
        "compare --out",
        ("compare", one, two, "--out", "both"),
        earlier=[("compare", two, one, "--out", "both")],
        together=("both",),
        imports=["genrelens.pages.runs.sections", "sklearn.manifold"],
    )


def learn(inputs: Path) -> Scenario:
    return learn_to(inputs, "learn", "mine.bundle")


def learn_zip(inputs: Path) -> Scenario:
    return learn_to(inputs, "learn, .zip", "mine.zip")


def learn_to(inputs: Path, name: str, model: str) -> Scenario:
    export_once(inputs)
    words = ("learn", music(inputs), "--out", model, "--cache", "cache")
    earlier = [
        ("learn", music(inputs), "--leave-out", "drone", *words[2:]),
        (*words[:2], "--out", "x.zip", *words[4:]),
    ]
    together = (model,) if model.endswith(".bundle") else ()
    return scenario(name, words, earlier=earlier, forget=2, together=together, imports=TRAINING)


def train(inputs: Path) -> Scenario:
    export_once(inputs)
    words = ("--data", music(inputs), "--split", "hold-out", "--cache", "cache")
    return scenario(
        "train",
        ("train", recipe(inputs), *words, "--out", "run"),
        earlier=[("train", recipe(inputs, 1), *words, "--out", "other")],
        forget=2,
        imports=TRAINING,
        resume="run/run.json",
    )


def train_rows(inputs: Path) -> Scenario:
    export_once(inputs)
    words = ("train", "genrelens-base", "--data", music(inputs), "--split", "hold-out", "--cache", "cache")
    return scenario(
        "train, of rows",
        (*words, "--out", "run"),
        earlier=[(*words, "--out", "other")],
        forget=2,
        imports=TRAINING,
    )


def crossval(inputs: Path) -> Scenario:
    export_once(inputs)
    words = (
        "crossval",
        recipe(inputs, 1),
        "--data",
        music(inputs),
        "--split",
        "hold-out",
        "--cache",
        "cache",
    )
    words = (*words, "--folds", "2", "--out", "cv")
    return scenario("crossval", words, forget=2, imports=TRAINING)


MAKERS: dict[str, Make] = {
    make.__name__.replace("_", "-"): make
    for make in (
        *(
            predict,
            evaluate,
            explain,
            explain_anew,
            audit,
            features,
            split,
            fetch,
            synthesise,
            report,
            compare,
        ),
        *(learn, learn_zip, train, train_rows, crossval),
    )
}
TRAINING = (
    "lightning.pytorch",
    "genrelens.training.train",
    "genrelens.training.heads",
    "genrelens.library.learn",
    "genrelens.evaluation.crossval",
    "onnx",
    "onnxruntime",
    "sklearn.linear_model",
    "torch.onnx",
)


def export_once(inputs: Path) -> None:
    """Let the same weights be made an ONNX graph once for all children: it takes nine tenths of a tiny training."""
    from genrelens.training import heads, train

    def once(real: Callable[..., bytes | None], network: Any, **shape: Any) -> bytes | None:
        content = b"".join(value.numpy().tobytes() for value in network.state_dict().values())
        kept = inputs / f"{hashlib.sha256(content + repr((real.__name__, shape)).encode()).hexdigest()}.onnx"
        if not kept.exists():
            kept.write_bytes(real(network, **shape) or b"")
        return kept.read_bytes() or None

    if not isinstance(train.predict_onnx, functools.partial):
        for module, name in (
            (train, "predict_onnx"),
            (train, "attention_onnx"),
            (heads, "predict_onnx"),
        ):
            setattr(module, name, functools.partial(once, getattr(module, name)))


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


def hums(inputs: Path) -> Path:
    """A folder of two of the tiny model's genres, five songs each."""
    for genre, hz in (("hum", 150.0), ("hiss", 3500.0)):
        folder = inputs / "hums" / genre
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(5):
            if not (folder / f"{number}.wav").exists():
                shutil.copy(song(inputs, number, hz=hz), folder / f"{number}.wav")
    return inputs / "hums"


def few_songs(inputs: Path) -> Path:
    """Three sounds of 4 s at another rate, for the descriptors."""
    folder = inputs / "few"
    folder.mkdir()
    for number in range(3):
        sound = 0.1 * np.random.default_rng(number).standard_normal(4 * 22_050)
        soundfile.write(folder / f"{number}.wav", sound, 22_050)
    return folder


def music(inputs: Path) -> Path:
    """Three styles in folders, eight pieces of 3 s each."""
    from genrelens.data import synthetic

    folder = inputs / "styles"
    if not folder.exists():
        synthetic.write_corpus(inputs / "all", n_per_style=8, seed=0, duration_s=3.0)
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
