"""The leakage report, with a model whose memory is known: what it claims under each protocol can be counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from genrelens.data.splits.protocols import protocols
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.evaluation.fold_answers import answered
from genrelens.evaluation.leakage import LeakageReport, leakage, leakage_text
from genrelens.evaluation.report import TrackRow
from genrelens.taxonomy import Taxonomy

TAXONOMY = Taxonomy(("blues", "pop", "jazz"))


class Parrot:
    """Knows the genre of every piece whose ``memory`` (its track, its artist) it met in training, else says jazz."""

    stop_share = 0.1
    taxonomy = TAXONOMY

    def __init__(self, memory: str) -> None:
        self.memory = memory
        genres = {"blues": 24, "pop": 24, "jazz": 4}
        self.clips = tuple(
            Track(
                f"{genre}.{t}.{i}",
                Path("x.wav"),
                genre,
                f"{genre}-{t // 2}",  # two tracks an artist
                "test",
                segment_of=f"{genre}.{t}",
                span_s=(3.0 * i, 3.0 * i + 3.0),
            )
            for genre, n in genres.items()
            for t in range(n)
            for i in range(4)
        )

    def answer(
        self, learn: Sequence[Track], stop: Sequence[Track], test: Sequence[Track], *, fold: Split
    ) -> list[TrackRow]:
        known = {getattr(piece, self.memory): piece.genre for piece in (*learn, *stop)}
        guesses = [known.get(getattr(piece, self.memory), "jazz") for piece in test]
        return answered(test, np.eye(3)[[TAXONOMY.index(guess) for guess in guesses]], taxonomy=TAXONOMY)


def measured(memory: str) -> LeakageReport:
    parrot = Parrot(memory)
    return leakage(
        parrot,
        protocols(parrot.clips, n_folds=4, seed=0),
        recipe="parrot",
        dataset="cage",
        piece="pieces of 3 s",
        n_folds=4,
        seed=0,
    )


def test_a_model_that_remembers_tracks_shines_on_random_segments_and_nowhere_else() -> None:
    report = measured("whole")
    segments, tracks, artists = report.results
    assert segments.of_pieces.value > 0.95  # but for pieces whose siblings all fell into one fold
    assert tracks.of_pieces.value == artists.of_pieces.value == 0.0
    assert segments.above_by_artist is not None
    assert segments.above_by_artist.value == segments.of_pieces.value
    assert artists.above_by_artist is None


def test_a_model_that_remembers_artists_shines_until_artists_are_kept_apart() -> None:
    segments, tracks, artists = measured("artist").results
    assert segments.of_pieces.value == 1.0
    assert 0.3 < tracks.of_pieces.value < 1.0  # an artist's two tracks fall into one fold once in a while
    assert artists.of_pieces.value == 0.0
    assert tracks.of_tracks.value == tracks.of_pieces.value


def test_intervals_draw_artists_not_pieces() -> None:
    """An artist's eight pieces are right or wrong together: drawn one by one they would seem eight witnesses."""
    _, tracks, _ = measured("artist").results
    right = tracks.of_pieces.value
    if_pieces_were_drawn = 2 * 1.96 * (right * (1 - right) / 192) ** 0.5
    for interval in (tracks.of_pieces, tracks.above_by_artist):
        assert interval is not None
        assert interval.high - interval.low > 1.5 * if_pieces_were_drawn


def test_thin_genres_are_left_out_of_the_accuracy_and_named() -> None:
    report = measured("whole")
    assert report.genres == ("blues", "pop")
    assert report.left_out == ("jazz",)
    assert {r.n_tracks for r in report.results} == {48}
    assert {r.n_pieces for r in report.results} == {192}
    assert {r.n_artists for r in report.results} == {24}


def test_the_text_names_every_leak_beside_its_figure() -> None:
    lines = leakage_text(measured("artist")).splitlines()
    assert lines[0] == "parrot on cage: accuracy in %, over 2 genres (jazz left out: too few tracks)"
    cells = [re.split(r"\s{2,}", line) for line in lines]
    assert cells[3][:4] == ["random segments", "artists duplicates segments", "100.0", "+100.0"]
    assert cells[5] == ["by artist", "nothing", "0.0", "-", "0.0", "48", "24"]
    assert max(map(len, lines)) <= 120


def test_the_report_reads_back_as_it_was_written(tmp_path: Path) -> None:
    report = measured("whole")
    path = tmp_path / "report.json"
    path.write_text(report.to_json(), encoding="utf-8")
    assert LeakageReport.read(path).to_json() == report.to_json()
    path.write_text('{"schema": "genrelens.leakage/2"}', encoding="utf-8")
    with pytest.raises(DataError, match="newer genrelens"):
        LeakageReport.read(path)
    path.write_text('{"schema": "genrelens.report/1"}', encoding="utf-8")
    with pytest.raises(DataError, match="is not a genrelens leakage"):
        LeakageReport.read(path)


def test_too_few_tracks_of_every_genre_are_refused() -> None:
    parrot = Parrot("whole")
    parrot.clips = parrot.clips[:40]
    with pytest.raises(DataError, match="no genre has 20 tracks"):
        leakage(parrot, (), recipe="p", dataset="c", piece="pieces", n_folds=2, seed=0)


def test_the_figure_shows_a_row_a_protocol_and_marks_the_leaking_ones() -> None:
    pytest.importorskip("matplotlib")
    from genrelens.pages.figure_style import BLUE, ORANGE
    from genrelens.pages.pictured import leakage_figure

    axes = leakage_figure(measured("artist")).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "random segments\n(leaks artists, duplicates, segments)"
    assert labels[2] == "by artist\n(leaks nothing)"
    colours = {line.get_color() for line in axes.lines}
    assert {BLUE, ORANGE} <= colours


@pytest.mark.parametrize("recipe", ["svm", "mlp-4"])
def test_the_tables_in_the_docs_are_those_of_the_reports_beside_them(recipe: str) -> None:
    docs = Path(__file__).parents[2] / "docs"
    table = leakage_text(LeakageReport.read(docs / "leakage" / f"{recipe}.json"))
    assert f"<!-- {recipe} -->\n```\n{table}```\n" in (docs / "leakage.md").read_text(encoding="utf-8")
