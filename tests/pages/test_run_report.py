"""Pages on runs: each figure's table is the report's numbers, and nothing from a file is taken for HTML."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import run_toys as toys
from genrelens.errors import DataError
from genrelens.evaluation.compare import compare
from genrelens.evaluation.runs import Run, open_run, open_runs
from genrelens.metrics import Interval

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from matplotlib.text import Text

from genrelens.evaluation import compare as comparison_text
from genrelens.evaluation.runs import Embedded
from genrelens.evaluation.trainings import Epoch, History
from genrelens.pages.runs import figures as run_figures
from genrelens.pages.runs import report as run_report
from genrelens.pages.runs import report_figures
from genrelens.pages.runs import sections as run_sections
from genrelens.pages.runs.figures import learning_curves_figure
from genrelens.pages.runs.pairs import pairs_section
from genrelens.pages.sections import Section, Table, without_empty

EVIL = '<b onload="x">&"$a$_{'
SECTIONS = {"accuracy", "genres", "confusion", "learning", "reliability", "cost", "notes"}


class Tags(HTMLParser):
    """Every tag with its attributes, and that they are closed in turn."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, ...]:
    """A cross-validation, a training, and a report that stands alone with its genres in another order."""
    folder = tmp_path_factory.mktemp("runs")
    toys.crossval(folder / "cv", experimental=("disco",))
    toys.training(folder / "svm")
    toys.write(folder / "svm" / "report.json", toys.report(seed=1, model="svm", skill=0.9))
    turned = toys.report(seed=2, model="mlp", names=toys.NAMES[::-1], n=30, failed=False)
    toys.write(folder / "mlp.json", turned)
    return open_runs([folder / "cv", folder / "svm", folder / "mlp.json"])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def same(cell: str, value: float) -> bool:
    return cell == "" if math.isnan(value) else float(cell) == value


@pytest.fixture(scope="module")
def drawn(runs: tuple[Run, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "look"
    run_report.COMPARISON_FOLDER.claim(out)
    run_report.write_comparison(runs, compare({run.name: run.report for run in runs}), out=out)
    return out


def test_the_tables_are_the_reports_numbers(drawn: Path, runs: tuple[Run, ...]) -> None:
    by_name = {run.name: run.report for run in runs}
    accuracy = read(drawn / "accuracy.csv")
    assert [(row["run"], row["over"]) for row in accuracy] == [
        ("mel-transformer", "all genres"),
        ("mel-transformer", "full genres"),
        ("svm", "all genres"),
        ("mlp", "all genres"),
    ]
    for row in accuracy:
        found = by_name[row["run"]]
        head = found.all_genres if row["over"] == "all genres" else found.full_genres
        for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
            interval: Interval = getattr(head, name)
            assert same(row[name], interval.value)
            assert same(row[f"{name}_low"], interval.low) and same(row[f"{name}_high"], interval.high)
        assert row["majority_accuracy"] == str(1 / len(head.genres))  # as many tracks of each genre
        assert float(row["uniform_accuracy"]) == 1 / 3
    for row in read(drawn / "genres.csv"):
        genre = next(g for g in by_name[row["run"]].genres if g.genre == row["genre"])
        for name in ("precision", "recall", "f1"):
            assert same(row[name], getattr(genre, name).value) and same(row[f"{name}_low"], getattr(genre, name).low)
        assert (int(row["tracks"]), int(row["experimental"])) == (genre.support, int(genre.experimental))
    for row in read(drawn / "confusion.csv"):
        found = by_name[row["run"]]
        i = found.names.index(row["true_genre"])
        assert {name: int(row[name]) for name in found.names} == dict(zip(found.names, found.confusion[i], strict=True))
    for run in runs:
        bins = [row for row in read(drawn / "reliability.csv") if row["run"] == run.name]
        assert [int(row["tracks"]) for row in bins] == list(run.report.reliability.counts)
        assert all(same(row["accuracy"], v) for row, v in zip(bins, run.report.reliability.accuracy, strict=True))


def test_the_tables_of_trainings_and_pairs(drawn: Path, runs: tuple[Run, ...]) -> None:
    learning = read(drawn / "learning.csv")
    assert len(learning) == 3 * 3  # two folds and a training, three epochs each
    assert [(row["fold"], row["epoch"]) for row in learning if row["kept"] == "1"] == [
        ("fold-0", "3"),  # losses 2, 1, 0
        ("fold-1", "3"),  # losses 2, 2, 0.5
        ("", "2"),
    ]
    assert {row["training_s"] for row in read(drawn / "cost.csv")} == {"90.0"}
    pairs = compare({run.name: run.report for run in runs})
    table = read(drawn / "pairs.csv")
    measured = [(pair, over, scores) for pair in pairs for over, scores in pair.measured]
    assert len(table) == len(measured) == 5
    for row, (pair, over, scores) in zip(table, measured, strict=True):
        assert (row["a"], row["b"], row["over"]) == (pair.a, pair.b, over)
        assert same(row["difference"], scores.difference.value) and same(row["difference_low"], scores.difference.low)
        assert float(row["difference"]) == pytest.approx(float(row["accuracy_a"]) - float(row["accuracy_b"]))
    tracks = {row["id"]: row for row in read(drawn / "tracks.csv")}
    assert len(tracks) == 61
    for run in runs:
        right = sum(row[f"right {run.name}"] == "1" for row in tracks.values())
        assert right == sum(row.predicted == row.genre for row in run.report.tracks)
    assert tracks["x"]["why_not svm"] == "it is text" and tracks["x"]["called mlp"] == ""


def test_the_page_of_a_comparison(drawn: Path) -> None:
    page = (drawn / "index.html").read_text("utf-8")
    tags = Tags(page)
    assert {a.get("id") for tag, a in tags.found if tag == "section"} == SECTIONS | {"pairs"}
    images = [a for tag, a in tags.found if tag == "img"]
    assert len(images) == 7 and all(str(a["src"]).startswith("data:image/png;base64,") for a in images)
    assert all(len(str(a["alt"])) > 40 for a in images)
    links = [str(a["href"]) for tag, a in tags.found if tag == "a"]
    assert all((drawn / link).is_file() for link in links if not link.startswith("#"))
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page
    (policy,) = [a["content"] for tag, a in tags.found if tag == "meta" and "http-equiv" in a]
    assert str(policy).startswith("default-src 'none'")
    assert "only the 30 tracks that are in both count: 31 are in svm alone, 0 in mlp alone" in page
    assert "mlp: mlp.json stands alone" in page and "x</th><td>svm</td><td>it is text" in page
    record = json.loads((drawn / "comparison.json").read_text("utf-8"))
    assert record["runs"] == ["mel-transformer", "svm", "mlp"] and "pairs.csv" in record["files"]


def test_names_from_files_are_only_names(tmp_path: Path) -> None:
    names = (EVIL, "jazz", "pop")
    one = toys.report(names=names, model=EVIL, dataset=EVIL, split=EVIL, part=EVIL, notes=(EVIL,), leaks=("artists",))
    other = toys.report(names=names, model="b", dataset=EVIL, seed=1, seen=True)
    toys.history(tmp_path / EVIL.replace("/", ""), [2.0, 1.0])
    runs = open_runs([toys.write(tmp_path / EVIL / "a.json", one), toys.write(tmp_path / "b.json", other)])
    for out in ("one", "both"):
        (tmp_path / out).mkdir()
    run_report.write_report(runs[0], out=tmp_path / "one", embedded=Embedded(EVIL))
    run_report.write_comparison(runs, compare({r.name: r.report for r in runs}), out=tmp_path / "both")
    for out in ("one", "both"):
        page = (tmp_path / out / "index.html").read_text("utf-8")
        tags = Tags(page)
        assert not [tag for tag, _ in tags.found if tag in {"b", "script", "link", "iframe"}]
        assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
        assert EVIL not in page and page.count("&lt;b onload=&#34;x&#34;&gt;&amp;&#34;$a$_{") > 10
        assert '<p class="warn">THE SPLIT LEAKS artists' in page
    assert '<p class="warn">THE MODEL WAS TRAINED ON SOME OF THESE TRACKS (b)' in page


def test_the_page_of_one_run(tmp_path: Path, runs: tuple[Run, ...]) -> None:
    run_report.REPORT_FOLDER.claim(tmp_path)
    (*_, page_file) = run_report.write_report(runs[0], out=tmp_path, embedded=Embedded("there is none."))
    page = page_file.read_text("utf-8")
    tags = Tags(page)
    sections = {a.get("id") for tag, a in tags.found if tag == "section"}
    assert sections == SECTIONS | {"tracks", "not-drawn"}
    assert "How it hears them. Not drawn: there is none." in page
    assert "mel-transformer on 61 tracks of toys by 21 artists (halves, test)" in page
    surest = runs[0].report.surest_mistakes(1)[0]
    first = page.index("<tbody>", page.index('id="tracks"'))
    assert page[first:].startswith(f'<tbody>\n<tr><th scope="row">{surest.id}</th><td>{surest.artist}</td>')
    with pytest.raises(DataError, match=r"no comparison of genrelens \(it has no comparison.json\)"):
        run_report.COMPARISON_FOLDER.claim(tmp_path)


def test_sections_with_nothing_to_show_are_one_paragraph_each_at_the_end() -> None:
    table = Table(("a",), ((1,),))
    sections = [
        Section("one", "One", ("Not drawn: too few.",)),
        Section("two", "Two", ("Not drawn: no figure, but numbers.",), tables={"two": table}),
        Section("three", "Three", ("All is well.",)),
        Section("four", "Four", ("Not known: a.", "Not known: b.")),
    ]
    left = without_empty(sections)
    assert [section.key for section in left] == ["two", "three", "not-drawn"]
    assert left[-1].says == ("One. Not drawn: too few.", "Four. Not known: a.", "Four. Not known: b.")
    assert without_empty(sections[1:3]) == sections[1:3]


def test_an_earlier_report_leaves_nothing_behind(tmp_path: Path, runs: tuple[Run, ...]) -> None:
    for run in (runs[0], runs[2]):  # the second has no learning curve
        run_report.REPORT_FOLDER.claim(tmp_path)
        run_report.write_report(run, out=tmp_path, embedded=Embedded("none."))
        assert (tmp_path / "learning.csv").exists() == (run is runs[0])


def test_what_guessing_gets_stands_in_the_figure(runs: tuple[Run, ...]) -> None:
    figure = run_figures.accuracy_bars_figure({"m": runs[1].report})
    (axes,) = figure.axes
    upright = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[1])
    assert upright == [pytest.approx(1 / 3)] * 2  # as many tracks of each genre: both are one in three
    accuracy = runs[1].report.all_genres.accuracy
    assert [patch.get_width() for patch in axes.patches] == [accuracy.value]
    assert "always the most frequent genre" in words(figure)


def test_matrices_side_by_side_have_one_order_of_genres(runs: tuple[Run, ...]) -> None:
    figure = report_figures.confusions_figure({run.name: run.report for run in runs})
    drawn = [axes for axes in figure.axes if axes.images and axes.get_title(loc="left")]
    assert len(drawn) == 3
    for axes in drawn:
        assert [label.get_text().removesuffix(" *") for label in axes.get_xticklabels()] == list(toys.NAMES)
    counts = {text.get_position(): int(text.get_text()) for text in drawn[2].texts}
    last = runs[2].report
    place = [last.names.index(name) for name in toys.NAMES]
    assert counts == {
        (j, i): last.confusion[a][b] for i, a in enumerate(place) for j, b in enumerate(place) if last.confusion[a][b]
    }


def test_a_difference_is_drawn_where_it_is(runs: tuple[Run, ...]) -> None:
    pairs = compare({run.name: run.report for run in runs[:2]})
    section = pairs_section(runs[:2], pairs)
    assert section.figure is not None and pairs[0].all_genres is not None
    axes = section.figure.axes[0]
    difference = pairs[0].all_genres.difference
    assert [difference.low, difference.high] in [list(line.get_xdata()) for line in axes.lines]
    assert comparison_text.points_interval(difference) in words(section.figure)


def test_runs_without_common_tracks_are_shown_and_not_tested(tmp_path: Path) -> None:
    other = toys.report(dataset="others", model="b")
    runs = open_runs([toys.write(tmp_path / "a.json", toys.report()), toys.write(tmp_path / "b.json", other)])
    section = pairs_section(runs, compare({run.name: run.report for run in runs}))
    assert section.figure is None
    assert section.says[0].startswith("Not drawn: no two of the runs have tracks in common")
    assert "was measured on toys, b on others" in section.says[1]


def test_a_verdict_needs_an_interval_without_zero(runs: tuple[Run, ...]) -> None:
    text = comparison_text.comparison_text(runs, compare({run.name: run.report for run in runs}))
    assert "B is better" in text and text.isascii()
    lines = text.splitlines()
    assert lines[1].split()[:2] == ["run", "over"] and "majority" in lines[1]
    run = runs[1]
    twin = [run, Run("twin", run.path, run.report, (), (), None, {})]
    assert "no interval" in comparison_text.comparison_text(twin, compare({r.name: r.report for r in twin}))


def test_a_report_without_a_single_answer_can_be_drawn(tmp_path: Path) -> None:
    from genrelens.evaluation import Failure, Subject, TrackRow, build_report

    row = TrackRow("x", None, "jazz", None, None, False, None, Failure("not_audio", "text"))
    empty = build_report([row], Subject("m", "-", "toys", toys.NAMES))
    run = open_run(toys.write(tmp_path / "a.json", empty))
    (tmp_path / "out").mkdir()
    run_report.write_report(run, out=tmp_path / "out", embedded=Embedded("none."))
    assert "no tracks" in words(run_figures.accuracy_bars_figure({"m": empty}))
    assert "1 without an answer" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_nothing_is_cut_off_with_many_runs_of_long_names() -> None:
    reports = {f"a very long name of a run that nobody could have foreseen {k}": toys.report(seed=k) for k in range(5)}
    for draw in (
        run_figures.accuracy_bars_figure,
        run_figures.genre_scores_figure,
        report_figures.confusions_figure,
        report_figures.reliabilities_figure,
    ):
        figure = draw(reports)
        box, page = figure.get_tightbbox(), figure.bbox_inches
        assert box.x0 >= page.x0 - 0.02 and box.x1 <= page.x1 + 0.02, draw.__name__
        assert box.y0 >= page.y0 - 0.02 and box.y1 <= page.y1 + 0.02, draw.__name__


@pytest.mark.parametrize("draw", [run_figures.genre_scores_figure, report_figures.reliabilities_figure])
def test_labels_of_neighbouring_panels_do_not_collide(draw: Callable[..., Figure]) -> None:
    figure = draw({f"run {k}": toys.report(seed=k) for k in range(3)})
    boxes = [axes.get_xticklabels()[k].get_window_extent() for axes in figure.axes[:3] for k in (0, -1)]
    for end, start in zip(boxes[1::2], boxes[2::2], strict=False):
        assert end.x1 + 15 < start.x0


def test_time_and_size_of_folds_are_means(runs: tuple[Run, ...]) -> None:
    shown = run_sections.cost_section(runs).shown
    assert shown is not None
    assert [tuple(row) for row in shown.rows] == [
        ("mel-transformer (mean of 2 folds)", "90 s", "3", "1,234", "not known"),
        ("svm", "90 s", "3", "1,234", "not known"),
    ]


def test_both_curves_of_a_run_have_one_axis_of_epochs() -> None:
    came_apart = History("", tuple(Epoch(k + 1, math.nan, 0.5, math.nan, 0.4) for k in range(4)))
    one_epoch = History("", (Epoch(1, 2.0, 0.1, 2.0, 0.1),))
    figure = learning_curves_figure({"came apart": [came_apart], "one epoch": [one_epoch]})
    assert [axes.get_xlim() for axes in figure.axes] == [(0.5, 4.5)] * 2 + [(0.5, 1.5)] * 2
    assert figure.axes[2].lines[0].get_marker() == "."  # a line of one point cannot be seen
    assert len(figure.axes[0].lines) == 2  # no epoch of it was kept
