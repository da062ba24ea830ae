"""The commands that write, each with small inputs and the output of an earlier run, for tools/crash_points.py.

Those that train are in trainings.py. ``recipes``, ``data check`` and ``data splits`` write nothing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crash_points import Scenario
from crashes import trainings
from crashes.inputs import few_songs, hums, music, reports, served, sha, song, tiny
from crashes.program import scenario

Make = Callable[[Path], Scenario]


def scenarios(inputs: Path, *, only: Sequence[str] = ()) -> Iterator[Scenario]:
    """The scenarios of these names, or all; what they read is made in ``inputs`` when it is needed."""
    inputs.mkdir()
    paint_quickly()
    if unknown := set(only) - MAKERS.keys():
        raise SystemExit(f"--only {', '.join(unknown)}: expected {', '.join(MAKERS)}")
    for name, make in MAKERS.items():
        if not only or name in only:
            yield make(inputs)


def paint_quickly() -> None:
    """Let a figure be one colour, of the numbers in it: drawing takes most of the time, and writes no file."""
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Outline
    from matplotlib.transforms import Affine2D

    from genrelens.pages import figure_style

    def paint(figure: Figure, renderer: Any) -> None:
        shown = [line.get_xydata().tobytes() for axes in figure.axes for line in axes.lines]
        shown += [str(one).encode() for axes in figure.axes for one in (*axes.patches, *axes.texts)]
        colour = [int(digits, 16) / 255 for digits in re.findall("..", sha(b"".join(shown))[:6])]
        whole = Affine2D().scale(renderer.width, renderer.height)
        renderer.draw_path(renderer.new_gc(), Outline.unit_rectangle(), whole, colour)

    Figure.draw = paint
    figure_style.DPI = 30


def predict(inputs: Path) -> Scenario:
    one, two, model = song(inputs, 1), song(inputs, 2), tiny(inputs)
    words = ("--model", model, "--html", "music.html")
    return scenario("predict --html", ("predict", one, two, *words), earlier=[("predict", two, *words)])


def evaluate(inputs: Path) -> Scenario:
    words = ("evaluate", tiny(inputs), "--data", hums(inputs), "--dataset", "folder", "--out", "report.json")
    words = (*words, "--figure", "confusion.png")
    earlier = [("evaluate", tiny(inputs, temperature=3.0), *words[2:])]
    return scenario("evaluate --out --figure", words, earlier=earlier)


def explain(inputs: Path) -> Scenario:
    words = ("--model", tiny(inputs), "--out", "why")
    return scenario(
        "explain",
        ("explain", song(inputs, 1), *words),
        earlier=[("explain", song(inputs, 2), *words)],
        together=("why",),
    )


def explain_anew(inputs: Path) -> Scenario:
    words = ("explain", song(inputs, 1), "--model", tiny(inputs), "--out", "why")
    return replace(scenario("explain, new folder", words), together=("why",))


def faithfulness(inputs: Path) -> Scenario:
    from genrelens.explanation.faithfulness import sample as judging

    judging.N_DRAWS = 1
    words = ("faithfulness", tiny(inputs), "--data", hums(inputs), "--part", "train+valid+test", "--out", "faith")
    words = (*words, "--workers", "1", "--methods", "random,energy", "--tracks")
    return scenario("faithfulness", (*words, 9), earlier=[(*words, 6)], together=("faith",))


def fingerprint(inputs: Path) -> Scenario:
    words = ("fingerprint", tiny(inputs), "--data", hums(inputs), "--workers", "1", "--out", "prints")
    earlier = [(*words, "--per-genre", 2)]
    return scenario("fingerprint", (*words, "--sounds"), earlier=earlier, together=("prints",))


def explore(inputs: Path) -> Scenario:
    words = ("--model", tiny(inputs), "--cache", "cache", "--out", "look")
    return scenario(
        "explore",
        ("explore", hums(inputs), *words),
        earlier=[("explore", hums(inputs, n=4), *words)],
        together=("look",),
        forget=2,
    )


def audit(inputs: Path) -> Scenario:
    words = ("audit", music(inputs), "--workers", "1", "--html", "audit.html")
    return scenario("audit --html", words, earlier=[("audit", hums(inputs), *words[2:])])


def features(inputs: Path) -> Scenario:
    words = ("features", few_songs(inputs), "--out", "table.csv", "--workers", "1", "--cache", "cache")
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
    from genrelens.data.fetch import Source, fetching

    toys = Source(
        "toys",
        f"{served(archive.parent)}/toys.zip",
        *("toys.zip", "toys", "27 kB", 100_000, "none"),
        sum=("sha1", sha(archive.read_bytes(), kind="sha1")),
    )
    fetching.SOURCES["toys"] = toys  # type: ignore[index]
    return scenario("data fetch", ("data", "fetch", "toys", "--out", "data"))


def synthesise(inputs: Path) -> Scenario:
    return scenario("synthesise", ("synthesise", "demo", "--duration", "1"))


def report(inputs: Path) -> Scenario:
    one, two = reports(inputs)
    earlier = [("report", two, "--out", "look")]
    return scenario("report", ("report", one, "--out", "look"), earlier=earlier, together=("look",))


def compare(inputs: Path) -> Scenario:
    one, two = reports(inputs)
    words, earlier = ("compare", one, two, "--out", "both"), ("compare", two, one, "--out", "both")
    return scenario("compare --out", words, earlier=[earlier], together=("both",))


MAKERS: dict[str, Make] = {
    make.__name__.replace("_", "-"): make
    for make in (
        *(predict, evaluate, explain, explain_anew, faithfulness, fingerprint, explore, audit, features),
        *(split, fetch, synthesise, report, compare, *trainings.MAKE),
    )
}
