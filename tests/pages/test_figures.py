"""Figures: what the report holds, nothing cut off, and the same bytes for the same figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrelens.errors import DataError
from genrelens.evaluation import Failure, Report, Subject, TrackRow, build_report

pytest.importorskip("matplotlib")

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from genrelens.pages import figure_style
from genrelens.pages.runs import report_figures as figures

NAMES = ("blues", "disco", "hiphop", "jazz")


@pytest.fixture(scope="module")
def report() -> Report:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(90):
        genre = NAMES[rng.choice(4, p=[0.5, 0.1, 0.0, 0.4])]
        shares = rng.dirichlet(np.ones(4) * 0.5)
        guess = NAMES[int(shares.argmax())]
        artist = f"{genre} {rng.integers(2 if genre == 'jazz' else 12)}"
        rows.append(TrackRow(f"{i}", artist, genre, guess, tuple(shares.tolist()), False, None, None))
    rows.append(TrackRow("x", None, "jazz", None, None, False, None, Failure("not_audio", "text")))
    return build_report(
        rows,
        Subject(
            names=NAMES,
            model="mel-transformer",
            model_hash="0" * 12,
            dataset="gtzan",
            split="s4",
            part="valid",
            experimental=("disco",),
        ),
        n_resamples=100,
    )


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def test_the_confusion_matrix_shows_every_count_and_names_what_it_shows(report: Report) -> None:
    figure = figures.confusion_figure(report)
    said = words(figure)
    axes = figure.axes[0]
    cells = {t.get_position(): int(t.get_text()) for t in axes.texts}
    wanted = {(j, i): c for i, row in enumerate(report.confusion) for j, c in enumerate(row) if c}
    assert cells == wanted
    assert [label.get_text() for label in axes.get_xticklabels()] == ["blues", "disco *", "hiphop", "jazz"]
    assert "mel-transformer on gtzan s4 valid" in said
    head = report.all_genres.accuracy
    assert f"accuracy {100 * head.value:.1f} % [{100 * head.low:.1f}, {100 * head.high:.1f}] on 90 tracks" in said
    assert "of 4 genres" in said and "of 3 full genres" in said
    assert "1 of 91 tracks have no answer" in said


def test_figures_of_dishonest_figures_say_so(report: Report) -> None:
    leaky = replace(report, leaks=("artists",), seen=True)
    for draw in (figures.confusion_figure, figures.reliability_figure):
        assert "THE SPLIT LEAKS artists" in words(draw(leaky))
        assert "TRAINED ON SOME OF THESE" in words(draw(leaky))
        assert "LEAKS" not in words(draw(report))


def test_reliability_shows_the_bins(report: Report) -> None:
    figure = figures.reliability_figure(report)
    heights = [patch.get_height() for patch in figure.axes[1].patches]  # type: ignore[attr-defined]
    assert heights == list(report.reliability.counts)
    assert f"{report.expected_calibration_error:.3f}" in words(figure)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_figure_gives_the_same_bytes_whatever_the_users_settings(
    report: Report, tmp_path: Path, suffix: str
) -> None:
    figure_style.save(figures.confusion_figure(report), tmp_path / f"one{suffix}")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.dpi": 30, "savefig.pad_inches": 3}):
        before = dict(mpl.rcParams)
        figure_style.save(figures.confusion_figure(report), tmp_path / f"two{suffix}")
        assert dict(mpl.rcParams) == before
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"matplotlib" not in one.lower()[:300] or suffix == ".svg"


def test_nothing_is_cut_off(report: Report) -> None:
    drawn = [
        figures.confusion_figure(replace(report, leaks=("artists", "duplicates"), seen=True)),
        figures.confusion_figure(
            replace(report, split="5 folds by artist, seed 0", part="out of fold, over train+valid")
        ),
        figures.reliability_figure(report),
    ]
    for figure in drawn:
        used, page = figure.get_tightbbox(), figure.bbox_inches
        assert used.x0 >= -0.01 and used.x1 <= page.width + 0.01, words(figure)
        assert used.y0 >= -0.01 and used.y1 <= page.height + 0.01, words(figure)


def test_files_that_cannot_be_written(report: Report, tmp_path: Path) -> None:
    figure = figures.reliability_figure(report)
    with pytest.raises(DataError, match=r"should end in .png, .svg, .pdf, got 'f.gif'"):
        figure_style.save(figure, tmp_path / "f.gif")
    with pytest.raises(DataError, match="cannot be written"):
        figure_style.save(figure, tmp_path / "no" / "f.png")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_that_cannot_be_written_leaves_the_older_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / f"confusion{suffix}"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        figure_style.save(Figure(), path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_full_genres_without_a_track_have_no_figure_of_their_own(report: Report) -> None:
    """The title once ended in "accuracy - on 0 tracks of 0 full genres"."""
    assert "full genres" in words(figures.confusion_figure(report))
    about = Subject(names=NAMES, model="m", model_hash="-", dataset="d", split="s", part="p", experimental=NAMES)
    thin = build_report(report.tracks, about, n_resamples=10)
    assert [over for over, _ in figures.headlines(thin)] == ["all genres"]
    assert "full genres" not in words(figures.confusion_figure(thin))
