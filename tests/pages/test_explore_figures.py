"""Figures of explore: what stands in them, by their parts and not their pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import explore_toys as toys

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from matplotlib.text import Text

from genrelens.data import Track
from genrelens.features import description as numbers
from genrelens.features.example import EXCERPT_S, MEL, load_example
from genrelens.metrics.description import box_statistics
from genrelens.pages import figure_style
from genrelens.pages.exploration import figures, maps
from genrelens.pages.figure_style import font_families, printable, to_png


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def with_gid(figure: Figure, gid: str) -> list[Any]:
    return list(figure.findobj(lambda artist: artist.get_gid() == gid))


def test_the_upper_triangle_is_masked() -> None:
    toy = toys.described()
    columns = numbers.mean_columns(toy)
    matrix = numbers.correlations(toy, columns)
    figure = figures.correlation_figure(matrix, columns, n_tracks=18)
    axes = figure.axes[0]
    shown = axes.images[0].get_array()
    assert shown is not None
    assert np.array_equal(np.ma.getmaskarray(shown), np.triu(np.ones((3, 3), bool)))
    assert shown[1, 0] == pytest.approx(1.0)  # rolloff_mean is rms_mean in another unit
    assert axes.images[0].get_clim() == (-1.0, 1.0)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rolloff", "mfcc1"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["rms", "rolloff"]
    assert "3 features over 18 tracks" in words(figure)
    assert "strongest" not in words(figure)  # there is no room


def test_the_strongest_pairs_stand_in_the_free_corner() -> None:
    rng = np.random.default_rng(0)
    columns = [f"f{k}_mean" for k in range(24)]
    matrix = np.corrcoef(rng.standard_normal((24, 30)))
    said = words(figures.correlation_figure(matrix, columns, n_tracks=30))
    (a, b, r), *_ = numbers.strongest_pairs(matrix, columns, n=1)
    line = f"{a.removesuffix('_mean')}, {b.removesuffix('_mean')}  {r:+.2f}"
    assert line.replace("-", "\N{MINUS SIGN}") in said


def test_a_column_that_never_changes_is_hatched() -> None:
    matrix = np.full((2, 2), np.nan)
    figure = figures.correlation_figure(matrix, ["a_mean", "b_mean"], n_tracks=3)
    assert [patch.get_hatch() for patch in figure.axes[0].patches] == ["////"]
    assert "Hatched" in words(figure)


def test_tempo_has_a_point_a_track_and_no_box_of_few() -> None:
    toy = toys.described((8, 7, 3))
    figure = figures.tempo_figure(toy)
    points = with_gid(figure, "tracks")
    assert [len(line.get_xdata()) for line in points] == [8, 7, 3]
    tempo = toy.column("tempo")
    for k, line in enumerate(points):
        assert sorted(line.get_xdata()) == sorted(tempo[toy.labels == k])
        places = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        assert len(set(places)) == len(places)  # equal tempos are stacked, not hidden
    boxes, medians = with_gid(figure, "box"), with_gid(figure, "median")
    assert len(boxes) == len(medians) == 2  # three tracks are points alone
    wanted = box_statistics(tempo[toy.labels == 0])
    assert boxes[0].get_x() == wanted.q1 and boxes[0].get_width() == pytest.approx(wanted.q3 - wanted.q1)
    assert medians[0].get_xdata()[0] == wanted.median
    assert "18 tracks by genre, one tempo a track" in words(figure)
    assert "fewer than 5 tracks" in words(figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["jazz  (8)", "metal  (7)", "pop  (3)"]


def test_features_stand_in_the_order_of_eta() -> None:
    toy = toys.described((8, 7, 3))
    eta = numbers.eta_by_column(toy)
    chosen = numbers.telling_columns(toy, eta)
    figure = figures.features_figure(toy, chosen, eta=eta)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == list(chosen)
    assert [axes.get_title(loc="right") for axes in shown] == [f"η² {eta[name]:.2f}" for name in chosen]
    assert len(with_gid(figure, "box")) == 2 * len(chosen)
    outside = [box_statistics(toy.column(chosen[0])[toy.labels == k]).n_outside for k in (0, 1)]
    points = [line for line in shown[0].lines if line.get_marker() == "o"]
    assert [len(np.asarray(line.get_xdata())) for line in points] == [*outside, 3]


def test_counts_show_what_is_not_here() -> None:
    counts = [
        numbers.GenreCount("jazz", 10, 10, 4, n_artists=2, n_largest=6, n_unknown=2),
        numbers.GenreCount("pop", 3, 3, 3, n_artists=0, n_largest=0, n_unknown=3),
    ]
    figure = figures.counts_figure(counts)
    left = figure.axes[0]
    assert sorted(patch.get_width() for patch in left.patches) == [3, 3, 4, 10]  # type: ignore[attr-defined]
    said = words(figure)
    assert "2  (largest 75 %)" in said and "not known" in said and "The artist of 5 of these tracks" in said
    assert "only features are known" in said
    alone = figures.counts_figure(counts[1:])
    assert len(alone.axes) == 1 and "The artist of all of these tracks is not known" in words(alone)


def test_a_map_has_a_sign_a_genre_and_says_what_the_model_knows() -> None:
    pytest.importorskip("sklearn")
    toy = toys.described((8, 7, 5))
    some = maps.map_figure(numbers.make_map(toy, what="toys", seen=toy.ids[:15]))
    large = some.axes[0]
    filled = [c for c in large.collections if c.get_gid() == "tracks"]
    hollow = [c for c in large.collections if c.get_gid() == "unseen"]
    assert [len(c.get_offsets()) for c in filled] == [8, 7, 0]  # type: ignore[arg-type]
    assert [len(c.get_offsets()) for c in hollow] == [0, 0, 5]  # type: ignore[arg-type]
    assert len({(tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in filled}) == 3
    legend = large.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == list(toys.NAMES)
    assert [axes.get_title(loc="left") for axes in some.axes[1:]] == list(toys.NAMES)
    assert "THE MODEL WAS TRAINED ON 15 OF THESE 20 TRACKS" in words(some)
    everything = words(maps.map_figure(numbers.make_map(toy, what="toys", seen=toy.ids)))
    assert "TRAINED ON ALL OF THESE" in everything
    nothing = words(maps.map_figure(numbers.make_map(toy, what="toys")))
    assert "TRAINED" not in nothing and "mean nothing" in nothing and "by chance" in nothing


def test_ninety_genres_have_a_sign_each() -> None:
    colours, shapes = figure_style.COLOURS, figure_style.SHAPES
    signs = {(colours[k % len(colours)], shapes[k % len(shapes)]) for k in range(90)}
    assert len(signs) == 90


def write_tone(path: Path, *, seconds: float, rate: int = 22_050) -> Track:
    """A tone that begins a second before the end."""
    samples = np.zeros(round(seconds * rate), np.float32)
    samples[-rate:] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    soundfile.write(path, samples, rate)
    return Track(path.stem, path, "jazz", None, "folder")


def test_examples_are_the_middle_of_a_track(tmp_path: Path) -> None:
    short = load_example(write_tone(tmp_path / "short.wav", seconds=3.0))
    assert (short.start_s, short.duration_s) == (0.0, 3.0)
    assert short.outline.max() == pytest.approx(0.5, abs=1e-3) and short.outline.min() == pytest.approx(-0.5, abs=1e-3)
    assert not short.outline[: len(short.outline) // 2].any()
    band = int(short.mel_db[-10].argmax())
    corners = np.linspace(0, 1, MEL.n_mels + 2)
    assert abs(corners[band + 1] - 1000.0 / (200 / 3) / (15 + np.log(11.025) / (np.log(6.4) / 27))) < 0.02
    long = load_example(write_tone(tmp_path / "long.wav", seconds=EXCERPT_S + 8.0))
    assert (long.start_s, long.duration_s) == (4.0, EXCERPT_S)
    assert not long.samples.any()  # the tone lies behind its end
    piece = Track("piece", tmp_path / "short.wav", "jazz", None, "folder", span_s=(2.0, 3.0))
    assert load_example(piece).start_s == 2.0 and load_example(piece).duration_s == 1.0


def test_the_examples_figure(tmp_path: Path) -> None:
    example = load_example(write_tone(tmp_path / "one.wav", seconds=3.0))
    figure = maps.examples_figure({"jazz": example, "po$p^": example})
    assert len(figure.axes) == 2 * 2 + 1  # and the bar of colours
    assert [figure.axes[k].get_ylabel() for k in (0, 2)] == ["jazz", r"po\$p^"]
    image = figure.axes[1].images[0]
    assert image.get_array().shape == (MEL.n_mels, len(example.mel_db))  # type: ignore[union-attr]
    assert image.get_clim() == (-80.0, 0.0)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("hip-hop", "hip-hop"),
        ("a$x^$", r"a\$x^\$"),
        ("_misc", " _misc"),
        ("two\nlines", r"two\nlines"),
        ("\u0915", r"\u0915"),  # a letter that no font of figures has
        ("x" * 40, "x" * 27 + "…"),
    ],
)
def test_names_from_anywhere_can_be_drawn(name: str, shown: str) -> None:
    assert printable(name) == shown
    toy = toys.described((6, 6, 2), names=(name, "metal", "pop"))
    figure = figures.tempo_figure(toy)
    assert shown in words(figure)
    assert to_png(figure).startswith(b"\x89PNG")


@pytest.mark.skipif(len(font_families()) == 1, reason="no font with Japanese letters is installed")
def test_japanese_names_stand_in_figures_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    assert printable("演歌") == "演歌"
    assert printable("演" * 20, width=10) == "演演演演…"  # each takes the room of two letters
    toy = toys.described((6, 6, 2), names=("演歌", "metal", "pop"))
    assert "演歌" in words(figures.tempo_figure(toy))
    assert not caplog.records


def test_names_are_escaped_where_no_font_has_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_style, "_charmap", lambda: frozenset(map(ord, "\\abcdefu0123456789")))
    assert printable("演歌") == r"\u6f14\u6b4c"


def test_the_same_numbers_give_the_same_bytes() -> None:
    toy = toys.described()
    assert to_png(figures.tempo_figure(toy)) == to_png(figures.tempo_figure(toy))
