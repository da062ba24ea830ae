"""Two models on the same tracks, and what guessing gets: against figures counted by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from comparison_toys import NAMES, answers, report, row

from genrelens.errors import DataError
from genrelens.evaluation.compare import check_comparable, compare
from genrelens.evaluation.report import chance


def test_chance_is_the_most_frequent_genre_and_one_of_c() -> None:
    rows = [row(f"b{i}", "blues", "jazz") for i in range(3)] + [row(f"j{i}", "jazz", "jazz") for i in range(5)]
    found = report([*rows, row("x", "disco", None)], experimental=("jazz",))
    everything = chance(found, found.all_genres)
    assert (everything.majority, everything.majority_genre) == (5 / 8, "jazz")
    assert everything.uniform == 1 / 3
    full = chance(found, found.full_genres)  # blues alone is left; a guess may still be any of the three
    assert (full.majority, full.majority_genre, full.uniform) == (1.0, "blues", 1 / 3)


def test_no_constant_answer_and_no_dice_get_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    genres = [NAMES[k] for k in rng.choice(3, p=[0.2, 0.5, 0.3], size=600)]
    levels = chance(made := report([row(f"{i}", g, "blues") for i, g in enumerate(genres)]), made.all_genres)
    assert levels.majority == max(genres.count(name) for name in NAMES) / 600
    dice = np.mean([NAMES[k] == g for k, g in zip(rng.integers(3, size=600), genres, strict=True)])
    assert abs(dice - levels.uniform) < 4 * math.sqrt(levels.uniform * (1 - levels.uniform) / 600)


def test_chance_over_no_tracks_is_not_a_number() -> None:
    found = report([row("x", "disco", None)])
    levels = chance(found, found.all_genres)
    assert math.isnan(levels.majority) and math.isnan(levels.uniform) and levels.majority_genre is None


def test_the_difference_is_that_of_the_counts() -> None:
    a, b = answers([1, 1, 1, 0, 1, 0]), answers([1, 0, 0, 0, 1, 1])
    (pair,) = compare({"a": a, "b": b})
    found = pair.all_genres
    assert found is not None and pair.full_genres is None
    assert (found.n_tracks, found.n_artists, found.n_only_a, found.n_only_b) == (6, 6, 2, 1)
    assert (found.accuracy_a, found.accuracy_b) == (4 / 6, 3 / 6)
    assert found.difference.value == pytest.approx(1 / 6)
    assert found.differs is False
    assert pair.notes == ("only 6 artists: the interval is narrower than it should be",)


def test_a_model_against_itself_has_no_interval_and_no_verdict() -> None:
    (pair,) = compare({"a": answers([1, 0] * 20), "b": answers([1, 0] * 20)})
    assert pair.all_genres is not None
    assert pair.all_genres.difference.value == 0.0
    assert pair.all_genres.differs is None  # no resample shows any difference: no width, no claim


def test_the_interval_is_that_of_drawing_artists() -> None:
    """n artists, each right for a alone in a share p: the mean of n draws, whose spread is sqrt(p (1 - p) / n)."""
    n, p = 400, 0.25
    (pair,) = compare({"a": answers([1] * n), "b": answers([0 if i < p * n else 1 for i in range(n)])})
    assert pair.all_genres is not None and pair.all_genres.differs
    difference = pair.all_genres.difference
    half = 1.96 * math.sqrt(p * (1 - p) / n)
    assert difference.value == p
    assert difference.low == pytest.approx(p - half, abs=0.006)
    assert difference.high == pytest.approx(p + half, abs=0.006)


def test_ten_tracks_of_one_artist_are_one_witness() -> None:
    right = [1] * 100 + [0] * 100
    alone = compare({"a": answers([1] * 200), "b": answers(right)})[0].all_genres
    by_ten = compare({"a": answers([1] * 200, artist_size=10), "b": answers(right, artist_size=10)})[0].all_genres
    assert alone is not None and by_ten is not None and by_ten.n_artists == 20
    wide, narrow = by_ten.difference, alone.difference
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(math.sqrt(10), rel=0.15)


def test_only_common_answered_tracks_count() -> None:
    a = report(
        [row("1", "blues", "blues"), row("2", "blues", "jazz"), row("3", "jazz", "jazz"), row("9", "jazz", "jazz")]
    )
    b = report(
        [row("3", "jazz", "blues"), row("2", "blues", "blues"), row("1", "blues", None), row("8", "jazz", "jazz")]
    )
    (pair,) = compare({"a": a, "b": b})
    assert pair.all_genres is not None
    assert (pair.all_genres.n_tracks, pair.all_genres.n_only_a, pair.all_genres.n_only_b) == (2, 1, 1)
    assert "only the 3 tracks that are in both count: 1 are in a alone, 1 in b alone" in pair.notes
    assert "1 of them have no answer from one or both, and do not count" in pair.notes


def test_full_genres_are_those_that_are_experimental_in_neither() -> None:
    rows = [row("1", "blues", "blues"), row("2", "disco", "jazz"), row("3", "jazz", "jazz")]
    (pair,) = compare({"a": report(rows, experimental=("disco",)), "b": report(rows, experimental=("jazz",))})
    assert pair.full_genres is not None and pair.all_genres is not None
    assert (pair.full_genres.genres, pair.full_genres.n_tracks) == (("blues",), 1)
    assert pair.all_genres.n_tracks == 3


def test_an_artist_whom_only_one_report_knows_is_known() -> None:
    a = report([row(str(i), "blues", "blues", artist="B. B.") for i in range(4)])
    b = report([row(str(i), "blues", "jazz") for i in range(4)])
    for pair in (*compare({"a": a, "b": b}), *compare({"b": b, "a": a})):
        assert pair.all_genres is not None and pair.all_genres.n_artists == 1
        assert math.isnan(pair.all_genres.difference.low)


def test_a_report_without_rows_of_tracks_says_so() -> None:
    (pair,) = compare({"a": answers([1, 0]), "b": dataclasses.replace(answers([1, 1]), tracks=())})
    assert pair.all_genres is None
    assert pair.notes == ("b keeps its figures without a row for each track: nothing to compare by track",)


def test_runs_without_a_common_track_are_not_tested() -> None:
    (pair,) = compare({"a": answers([1, 0]), "b": answers([1, 1], prefix="u")})
    assert pair.all_genres is None
    assert pair.notes == (
        "no track is in both: a has 2 tracks of toys (halves, test), b has 2 tracks of toys (halves, test)",
    )
    (pair,) = compare({"a": answers([1, 0]), "b": answers([1, 1], dataset="others")})
    assert pair.all_genres is None and "a was measured on toys, b on others" in pair.notes[0]


def test_every_pair_in_the_order_given() -> None:
    pairs = compare({name: answers([1, 0, 1]) for name in "cab"})
    assert [(pair.a, pair.b) for pair in pairs] == [("c", "a"), ("c", "b"), ("a", "b")]


def test_other_genres_are_refused_with_what_to_do() -> None:
    more = (*NAMES, "polka")
    other = report([row("1", "polka", "polka", names=more)], names=more)
    with pytest.raises(DataError, match=r"only b knows 'polka'.*genrelens report") as raised:
        compare({"a": answers([1]), "b": other})
    assert raised.value.code == "other_genres"
    turned = report([row("t0", "blues", "blues")], names=NAMES[::-1])
    check_comparable({"a": answers([1]), "b": turned})  # the same genres in another order are the same genres


def test_a_track_with_two_genres_is_refused() -> None:
    with pytest.raises(DataError, match="'t0' is 'blues' in a and 'jazz' in b"):
        compare({"a": answers([1]), "b": report([row("t0", "jazz", "jazz")])})


def test_a_track_that_comes_twice_is_refused() -> None:
    with pytest.raises(DataError, match="b answers 't0' more than once"):
        compare({"a": answers([1]), "b": report([row("t0", "blues", "blues")] * 2)})
