"""The figures of a report: closed forms, agreement with the metrics, tracks without an answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genrelens.errors import DataError
from genrelens.evaluation import Failure, Report, Subject, TrackRow, build_report
from genrelens.evaluation.build import MIN_ARTISTS
from genrelens.metrics import (
    brier_score,
    confusion_matrix,
    grouped_bootstrap,
    mean_statistic,
    negative_log_likelihood,
    scores_from_confusion,
)

NAMES = ("blues", "disco", "jazz")


def answer(
    number: int, genre: str, guess: str, *, artist: str | None = "?", p: float = 0.8, abstained: bool = False
) -> TrackRow:
    """A row whose guess has probability ``p``; the artist is new unless one is named."""
    rest = (1.0 - p) / (len(NAMES) - 1)
    return TrackRow(
        id=f"{genre}.{number:05d}",
        artist=f"artist {number}" if artist == "?" else artist,
        genre=genre,
        predicted=guess,
        probabilities=tuple(p if name == guess else rest for name in NAMES),
        abstained=abstained,
        reason="unsure" if abstained else None,
        failure=None,
    )


def failed(number: int, genre: str) -> TrackRow:
    reason = Failure("not_audio", "expected sound, got text")
    return TrackRow(f"{genre}.{number:05d}", None, genre, None, None, False, None, reason)


def build(rows: list[TrackRow], *, experimental: tuple[str, ...] = (), n_resamples: int = 200) -> Report:
    return build_report(
        rows,
        Subject(names=NAMES, model="m", model_hash="0" * 12, dataset="d", experimental=experimental),
        n_resamples=n_resamples,
    )


def random_rows(n: int = 120, seed: int = 0) -> list[TrackRow]:
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        genre = NAMES[rng.integers(3)]
        guess = genre if rng.random() < 0.6 else NAMES[rng.integers(3)]
        artist = f"{genre} artist {rng.integers(12)}"
        rows.append(answer(i, genre, guess, artist=artist, p=float(rng.uniform(0.4, 1.0))))
    return rows


def test_figures_are_those_of_the_metrics() -> None:
    rows = random_rows()
    report = build(rows, n_resamples=2000)
    truth = [NAMES.index(row.genre) for row in rows]
    guesses = [NAMES.index(str(row.predicted)) for row in rows]
    probabilities = np.array([row.probabilities for row in rows])
    right = np.equal(truth, guesses)
    scores = scores_from_confusion(confusion_matrix(guesses, targets=truth, n_classes=3))
    assert report.all_genres.accuracy.value == pytest.approx(np.mean(right))
    assert report.all_genres.macro_precision.value == pytest.approx(scores.precision.mean())
    assert report.all_genres.macro_recall.value == pytest.approx(scores.recall.mean())
    assert report.all_genres.macro_f1.value == pytest.approx(scores.f1.mean())
    assert [row.f1.value for row in report.genres] == pytest.approx(scores.f1.tolist())
    assert report.negative_log_likelihood == pytest.approx(negative_log_likelihood(probabilities, targets=truth))
    assert report.brier_score == pytest.approx(brier_score(probabilities, targets=truth))
    assert report.top_3_accuracy == 1.0
    assert sum(report.reliability.counts) == len(rows)
    assert sum(map(sum, report.confusion)) == len(rows)
    alone = grouped_bootstrap(mean_statistic(right), groups=[row.group for row in rows], seed=0)
    drawn = report.all_genres.accuracy
    assert (drawn.low, drawn.high) == pytest.approx((alone.low, alone.high))
    assert report.full_genres == report.all_genres


def test_full_genres_leave_the_experimental_tracks_out_but_not_their_guesses() -> None:
    rows = [
        *(answer(i, "blues", "blues") for i in range(6)),
        *(answer(10 + i, "blues", "disco") for i in range(2)),  # still wrong when only blues and jazz count
        *(answer(20 + i, "jazz", "jazz") for i in range(2)),
        *(answer(30 + i, "disco", "blues") for i in range(10)),  # costs blues no precision there
    ]
    report = build(rows, experimental=("disco",))
    assert report.all_genres.accuracy.value == pytest.approx(8 / 20)
    assert report.full_genres.accuracy.value == pytest.approx(8 / 10)
    assert report.full_genres.genres == ("blues", "jazz")
    assert (report.full_genres.n_tracks, report.full_genres.n_artists) == (10, 10)
    assert report.full_genres.macro_precision.value == pytest.approx(1.0)
    assert report.full_genres.macro_recall.value == pytest.approx((0.75 + 1.0) / 2)
    assert report.genres[0].precision.value == pytest.approx(6 / 16)
    assert report.experimental == ("disco",)
    assert [row.experimental for row in report.genres] == [False, True, False]


def test_abstained_tracks_count_by_their_guess_and_coverage_says_how_many_there_are() -> None:
    rows = [
        *(answer(i, "blues", "blues") for i in range(6)),
        answer(6, "jazz", "jazz", abstained=True),
        answer(7, "jazz", "blues", abstained=True),
        failed(8, "jazz"),
        failed(9, "jazz"),
    ]
    report = build(rows)
    assert (report.n_tracks, report.n_answered, report.n_failed, report.n_abstained) == (10, 8, 2, 2)
    assert report.all_genres.accuracy.value == pytest.approx(7 / 8)
    assert report.coverage == pytest.approx(6 / 10)
    assert report.accuracy_when_sure.value == 1.0
    assert [row.id for row in report.failed] == ["jazz.00008", "jazz.00009"]
    assert report.tracks == tuple(rows)


def test_silence_has_no_guess_and_is_listed_not_counted() -> None:
    silent = TrackRow("jazz.00001", None, "jazz", None, None, True, "silence", None)
    report = build([answer(0, "jazz", "jazz"), silent])
    assert (report.n_answered, report.n_failed, report.n_abstained) == (1, 1, 0)
    assert report.coverage == 0.5


def test_a_genre_without_tracks_is_reported_with_support_0_and_left_out_of_the_means() -> None:
    report = build([*(answer(i, "blues", "blues") for i in range(6)), answer(7, "jazz", "disco")])
    disco = report.genres[1]
    assert disco.support == 0 and disco.n_artists == 0
    assert math.isnan(disco.f1.value)
    assert report.all_genres.macro_recall.value == pytest.approx(0.5)


def test_intervals_need_artists() -> None:
    rows = [answer(i, "blues", "blues" if i % 3 else "jazz", artist=f"a{i}") for i in range(MIN_ARTISTS)]
    rows += [answer(20 + i, "jazz", "jazz" if i % 3 else "blues", artist=f"b{i % 2}") for i in range(20)]
    report = build(rows)
    blues, _, jazz = report.genres
    assert blues.n_artists == MIN_ARTISTS and blues.f1.low < blues.f1.value < blues.f1.high
    assert jazz.n_artists == 2 and jazz.support == 20 and math.isnan(jazz.f1.low)
    assert not math.isnan(jazz.f1.value)
    assert "only 7 artists" in report.notes[-1]
    lonely = build([answer(i, "jazz", "jazz", artist="one") for i in range(5)])
    assert lonely.all_genres.accuracy.value == 1.0 and math.isnan(lonely.all_genres.accuracy.low)
    assert lonely.notes[-1].startswith("only one artist")


def test_tracks_of_unknown_artists_are_groups_of_their_own() -> None:
    rows = [answer(i, "jazz", "jazz", artist=None) for i in range(4)]
    assert build(rows).n_artists == 4


def test_nothing_answered_is_a_report_too() -> None:
    report = build([failed(0, "jazz"), failed(1, "blues")])
    assert report.n_answered == 0 and report.coverage == 0.0
    assert math.isnan(report.all_genres.accuracy.value) and math.isnan(report.negative_log_likelihood)
    assert "NaN" not in report.to_json()
    assert "without an answer" in report.to_text()


def test_the_same_rows_give_the_same_report() -> None:
    assert build(random_rows()).to_json() == build(random_rows()).to_json()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one track, got none"),
        ([answer(0, "blues", "polka")], "polka"),
        ([TrackRow("a", None, "jazz", "jazz", (1.0,), False, None, None)], "3 probabilities, got 1"),
        ([TrackRow("a", None, "jazz", None, (1.0, 0.0, 0.0), False, None, None)], "0 probabilities, got 3"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: list[TrackRow], message: str) -> None:
    with pytest.raises(DataError, match=message):
        build(rows)
