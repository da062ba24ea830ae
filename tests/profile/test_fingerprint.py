"""What defines a genre: planted bands, differences, mistakes and heads are found, and nothing else is."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import fingerprint_toys as toys
import numpy as np
import pytest

from genrelens.data import Track
from genrelens.explanation.parts import BandGroup
from genrelens.profile import fingerprint
from genrelens.profile.fingerprint import GENRES, PARTS, confused, nearer, typical
from genrelens.profile.heads import head_rows
from genrelens.profile.track import choose

GROUPS = [BandGroup(i, i + 1, 100.0 * i, 100.0 * (i + 1)) for i in range(toys.N_BANDS)]


@pytest.fixture(scope="module")
def prints() -> tuple:
    return toys.prints(attention=True)


def test_the_planted_band_speaks_for_each_genre_and_the_others_do_not(prints: tuple) -> None:
    found = fingerprint.genre_prints(prints, names=toys.NAMES, groups=GROUPS)
    assert [row.genre for row in found] == list(toys.NAMES)
    for row in found:
        assert (row.n_tracks, row.n_artists, row.n_seen) == (12, 12, 6)
        assert row.n_right == 9  # every fifth, from the first on, is taken for another
        assert row.bands[1].score.value == pytest.approx(2.0, abs=0.15) and row.bands[1].is_clear
        assert max(abs(band.score.value) for i, band in enumerate(row.bands) if i != 1) < 0.15
        assert row.agreement > 0.95


def test_planted_differences_are_found_and_all_tests_are_one_family(prints: tuple) -> None:
    found = fingerprint.differences(prints, names=toys.NAMES, columns=toys.its_columns(), groups=GROUPS)
    by_key = {(row.what, row.genre, row.descriptor): row for row in found}
    parts, genres = by_key[PARTS, "loud", "centroid"], by_key[GENRES, "loud", "level"]
    assert parts.is_found and parts.size > 2 and parts.difference == pytest.approx(3.0, abs=0.6)
    assert genres.is_found and genres.size > 2 and genres.difference == pytest.approx(3.0, abs=0.5)
    assert (parts.n_artists, parts.n_others, genres.n_artists, genres.n_others) == (12, 0, 12, 24)
    # The tempo is planted between genres, without any spread within them, and is no matter of seconds.
    assert by_key[GENRES, "calm", "tempo"].is_found and (PARTS, "calm", "tempo") not in by_key
    n = len(toys.its_columns())
    assert len(found) == 3 * (2 * n - 1 + toys.N_BANDS)
    planted = {"tempo", "centroid", "level"}
    false = [row for row in found if row.is_found and row.descriptor not in planted]
    assert len(false) <= 0.05 * len(found)
    # q is that of all of them together, not of a genre or a comparison.
    p = np.sort([row.p for row in found])
    smallest = min(row.q for row in found)
    assert smallest == pytest.approx(min(p * len(p) / np.arange(1, len(p) + 1)))


def test_a_range_that_speaks_for_all_genres_is_no_difference_and_one_that_speaks_for_one_is(prints: tuple) -> None:
    changed = []
    for row in prints:
        bands = row.bands.copy()
        bands[2, toys.NAMES.index("odd")] += 1.0 * (row.genre == "odd")
        changed.append(dataclasses.replace(row, bands=bands))
    found = fingerprint.differences(changed, names=toys.NAMES, columns=toys.its_columns(), groups=GROUPS)
    by_key = {(row.what, row.genre, row.descriptor): row for row in found}
    assert by_key[GENRES, "odd", "range:200-300"].size > 3 and by_key[GENRES, "odd", "range:200-300"].is_found
    assert not any(by_key[GENRES, genre, "range:100-200"].is_found for genre in toys.NAMES)
    assert (PARTS, "odd", "range:200-300") not in by_key


def test_with_three_artists_nothing_is_tested(prints: tuple) -> None:
    few = [row for row in prints if row.genre != "odd"] + [row for row in prints if row.genre == "odd"][:3]
    found = fingerprint.differences(few, names=toys.NAMES, columns=toys.its_columns(), groups=GROUPS)
    assert all(math.isnan(row.p) and not row.is_found for row in found if row.genre == "odd")


def test_typical_tracks_are_the_surest_and_point_at_their_best_second(prints: tuple) -> None:
    found = typical(prints, names=toys.NAMES)
    assert len(found) == 9
    by_id = {row.id: row for row in prints}
    for row in found:
        track = by_id[row.id]
        assert row.probability == max(
            t.probabilities[toys.NAMES.index(row.genre)] for t in prints if t.genre == row.genre
        )
        best = int(np.argmax(track.segments[:, toys.NAMES.index(row.genre)]))
        assert (row.start_s, row.end_s) == (best, best + 1)
        assert track.top[best]


def test_mistakes_are_explained_by_what_speaks_for_the_wrong_genre(prints: tuple) -> None:
    wrong = next(row for row in prints if row.genre == "calm" and np.argmax(row.probabilities) == 1)
    bands, segments, tags = wrong.bands.copy(), wrong.segments.copy(), wrong.tags.copy()
    bands[3, 1], segments[7, 1], tags[4] = 5.0, 4.0, 9.0
    described = wrong.described.copy()
    described[:, toys.its_columns().index("level")] += 3.0
    changed = dataclasses.replace(wrong, bands=bands, segments=segments, tags=tags, described=described)
    rows = [changed if row is wrong else row for row in prints]
    plain = frozenset({"level", "centroid", "tempo"})
    names = [f"tag {i}" for i in range(50)]
    found = confused(rows, names=toys.NAMES, groups=GROUPS, columns=toys.its_columns(), tags=names, plain=plain)
    mine = next(row for row in found if row.id == wrong.id)
    assert (mine.genre, mine.other) == ("calm", "loud")
    assert mine.band == (300.0, 400.0, 5.0) and mine.segment == (7.0, 8.0, 4.0)
    assert mine.tags[0] == "tag 4"
    assert mine.nearer[0].descriptor == "level" and mine.seen == wrong.seen
    assert abs(mine.nearer[0].value - mine.nearer[0].other) < abs(mine.nearer[0].value - mine.nearer[0].own)
    assert {near.descriptor for near in mine.nearer} <= plain
    assert [sum(row.genre == genre for row in found) for genre in toys.NAMES] == [2, 2, 2]
    # Of a genre with one other artist nothing can be said.
    alone = [changed, *(row for row in rows if row.genre == "loud")]
    assert nearer(changed, alone, other="loud", columns=toys.its_columns(), plain=plain) == ()


def test_the_head_that_differs_between_genres_is_found_and_no_other(prints: tuple) -> None:
    rows = head_rows(prints, seed=0)
    assert [(row.layer, row.head) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [row.q <= 0.05 for row in rows] == [False, False, False, True]
    assert rows[3].spread > 3 * rows[3].spread_by_chance and rows[3].farthest in toys.NAMES
    assert {(row.distance_s, round(row.entropy, 6), row.n_artists) for row in rows} == {(1.5, 0.8, 36)}
    assert head_rows(toys.prints(per_genre=2), seed=0) == ()


def test_attention_over_the_beat_counts_the_tracks_with_a_clear_pulse(prints: tuple) -> None:
    found = fingerprint.beat_print(prints)
    assert found is not None
    assert (found.n_tracks, found.n_unclear, found.token_s) == (18, 18, 0.05)
    assert found.on_beat.value == pytest.approx(0.3)
    assert found.phases[0].value == pytest.approx(1.3)
    assert fingerprint.beat_print(toys.prints(per_genre=2)) is None


def test_tracks_are_drawn_over_as_many_artists_as_there_are() -> None:
    tracks = [
        Track(id=f"{genre}{i}", path=f"{i}", genre=genre, artist=artist, dataset="toy")
        for genre, artists in (("a", "xxxxxyz"), ("b", "uv"))
        for i, artist in enumerate(artists)
    ]
    chosen = choose(tracks, per_genre=4, seed=0)
    assert sorted(track.artist or "" for track in chosen if track.genre == "a") == ["x", "x", "y", "z"]
    assert [track.id for track in chosen if track.genre == "b"] == ["b0", "b1"]
    assert chosen == choose(tracks[::-1], per_genre=4, seed=0)
    assert any(choose(tracks, per_genre=4, seed=s) != chosen for s in range(1, 9))


def test_the_page_in_docs_is_what_the_command_wrote() -> None:
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, root / "tools/fingerprint_page.py", "--check"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
