"""What an exploration counts and chooses, and which tracks it is of."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import explore_toys as toys
from genrelens.data import gtzan
from genrelens.errors import DataError
from genrelens.features import description as numbers
from genrelens.features.gather import LeftOut, gather, merged
from genrelens.taxonomy import GTZAN


def test_each_track_counts_once_with_one_tempo() -> None:
    """Kaggle's table of 3 s has ten rows a clip, and S1 drew a box of all of them."""
    rows = [
        ("jazz.00000.0.wav", "jazz", (1.0, 0.0, 0.0, 80.0, 1.0)),
        ("jazz.00000.1.wav", "jazz", (2.0, 0.0, 0.0, 81.0, 2.0)),
        ("jazz.00000.2.wav", "jazz", (6.0, 0.0, 0.0, 200.0, 3.0)),
        ("rock.00000.0.wav", "rock", (0.0, 0.0, 0.0, 120.0, 4.0)),
    ]
    data = toys.loaded(("jazz.00000", "jazz", None), ("rock.00000", "rock", None), dataset="gtzan")
    found = gather(data, toys.table(rows))
    assert found.described.ids == ("jazz.00000", "rock.00000")
    assert found.described.column("tempo").tolist() == [81.0, 120.0]  # the median: an octave error does not count
    assert found.described.column("rms_mean").tolist() == [3.0, 0.0]
    assert found.segments
    assert found.described.artists[0] == gtzan.facts().artists["jazz.00000"]


def test_faulty_unreadable_and_unknown_tracks_are_left_out_and_said() -> None:
    faulty = sorted(gtzan.facts().left_out)[0]
    genre = faulty.split(".")[0]
    numbers_of = (1.0, 1.0, 1.0, 1.0, 1.0)
    rows = [
        (f"{faulty}.wav", genre, numbers_of),
        ("jazz.00000.wav", "jazz", numbers_of),
        ("jazz.00001.wav", "jazz", ()),
        ("stranger.wav", "", numbers_of),
        ("rock.00000.wav", "rock", numbers_of),  # its sound is not here, and its genre is known
    ]
    data = toys.loaded(
        (faulty, genre, None),
        ("jazz.00000", "jazz", None),
        ("jazz.00001", "jazz", None),
        ("jazz.00002", "jazz", None),
        dataset="gtzan",
        left_out=[("jazz.00054", "no RIFF header")],
    )
    data = replace(data, taxonomy=GTZAN)
    found = gather(data, toys.table(rows))
    assert found.described.ids == ("jazz.00000", "rock.00000")
    assert found.names == ("jazz", "rock")
    assert {track.id for track in found.with_sound} == {"jazz.00000", "jazz.00001", "jazz.00002"}
    said = {row.id: (row.where, row.why) for row in found.left_out}
    assert set(said) == {"jazz.00054", faulty, "jazz.00001", "stranger.wav", "jazz.00002"}
    assert said["jazz.00054"] == ("sound", "no RIFF header")
    assert said[faulty][0] == "all" and "faulty" in said[faulty][1]
    assert said["jazz.00001"] == ("features", "it is no sound")
    assert said["stranger.wav"][0] == "all"
    assert said["jazz.00002"][0] == "features" and "no row" in said["jazz.00002"][1]


def test_a_track_without_features_and_sound_is_told_of_once() -> None:
    rows = [LeftOut("a", "features", "short"), LeftOut("b", "features", "odd"), LeftOut("a", "sound", "damaged")]
    assert merged(rows) == (LeftOut("b", "features", "odd"), LeftOut("a", "all", "damaged"))


def test_a_table_that_disagrees_is_refused() -> None:
    data = toys.loaded(("a.wav", "jazz", None))
    with pytest.raises(DataError, match=r"'a.wav' is 'pop' in the table \(row 1\) and 'jazz' in the data set"):
        gather(data, toys.table([("a.wav", "pop", (0.0,) * 5)]))
    rows = [("b.wav#0", "jazz", (0.0,) * 5), ("b.wav#1", "pop", (0.0,) * 5)]
    with pytest.raises(DataError, match=r"row 2.*another row of the same track"):
        gather(data, toys.table(rows))
    with pytest.raises(DataError, match="of 1 rows 1 have an error"):
        gather(data, toys.table([("a.wav", "jazz", ())]))


def test_counts_tell_artists_and_how_much_one_of_them_is() -> None:
    genres = {"a": "jazz", "b": "jazz", "c": "jazz", "d": "pop", "e": "jazz"}
    artists = {"a": "Miles", "b": "Miles", "c": "Ella", "d": None, "e": None}
    jazz, pop = numbers.count_genres(
        ["jazz", "pop"], genres=genres, artists=artists, with_features={"a", "d"}, with_sound={"b"}
    )
    assert jazz == numbers.GenreCount("jazz", 4, 1, 1, n_artists=2, n_largest=2, n_unknown=1)
    assert pop == numbers.GenreCount("pop", 1, 1, 0, n_artists=0, n_largest=0, n_unknown=1)


def test_the_mean_columns_of_kaggles_table_are_28() -> None:
    from genrelens.frontend.descriptors import SETS

    columns = SETS["kaggle57"].columns
    made = numbers.Described(("jazz",), ("a",), np.zeros(1, np.int64), (None,), columns, np.zeros((1, len(columns))))
    chosen = numbers.mean_columns(made)
    assert len(chosen) == 28
    assert chosen[:2] == ("chroma_stft_mean", "rms_mean") and chosen[-1] == "mfcc20_mean"


def test_telling_columns_follow_eta_squared_but_none_is_told_twice() -> None:
    toy = toys.described()
    eta = numbers.eta_by_column(toy)
    assert next(iter(eta)) in {"rms_mean", "rolloff_mean"}  # the same but for a factor
    assert list(eta.values()) == sorted(eta.values(), reverse=True)
    chosen = numbers.telling_columns(toy, eta)
    assert len({"rms_mean", "rolloff_mean"} & set(chosen)) == 1
    assert "tempo" not in chosen and len(chosen) == 3
    assert numbers.telling_columns(toy, eta, n=1) == (next(iter(eta)),)
    one_genre = toy.part(toy.rows_of("jazz"))
    nothing = numbers.eta_by_column(one_genre)
    assert all(math.isnan(value) for value in nothing.values())
    assert numbers.telling_columns(one_genre, nothing) == ()


def test_strongest_pairs() -> None:
    matrix = np.array([[1.0, -0.9, 0.2], [-0.9, 1.0, np.nan], [0.2, np.nan, 1.0]])
    assert numbers.strongest_pairs(matrix, "abc", n=5) == [("a", "b", -0.9), ("a", "c", 0.2)]


def test_typical_tracks_are_chosen_among_those_with_sound() -> None:
    toy = toys.described((5, 3, 1))
    values = toy.values.copy()
    values[0] = np.median(np.delete(values[:5], 0, axis=0), axis=0)  # the most typical jazz track
    toy = numbers.Described(toy.names, toy.ids, toy.labels, toy.artists, toy.columns, values)
    everywhere = numbers.typical_tracks(toy, among=frozenset(toy.ids))
    assert everywhere["jazz"] == toy.ids[0] and everywhere["pop"] == toy.ids[8]
    without = numbers.typical_tracks(toy, among=frozenset(toy.ids[1:8]))
    assert without["jazz"] in toy.ids[1:5] and "pop" not in without


def test_a_part_forgets_genres_that_it_has_not() -> None:
    toy = toys.described()
    part = toy.part(np.array([0, 17]))
    assert part.names == ("jazz", "pop") and part.labels.tolist() == [0, 1]
    assert part.ids == (toy.ids[0], toy.ids[17])


def test_a_map_of_tracks() -> None:
    pytest.importorskip("sklearn")
    toy = toys.described((12, 11, 9))
    values = np.column_stack([toy.values, np.full(32, np.nan)])
    values[3, 0] = np.nan
    toy = numbers.Described(toy.names, toy.ids, toy.labels, toy.artists, (*toy.columns, "none"), values)
    found = numbers.make_map(toy, what="toys", seen=toy.ids[:4])
    assert toy.ids[3] not in found.mapped.ids and len(found.mapped.ids) == 31
    assert found.places.shape == (31, 2) and np.isfinite(found.places).all()
    assert found.seen.tolist() == [True] * 3 + [False] * 28
    assert found.perplexity == 10.0  # a third of the 30 others
    sizes = np.array([11, 11, 9])
    assert found.chance == pytest.approx((sizes * (sizes - 1)).sum() / (31 * 30))
    assert 0.0 <= found.agreement <= 1.0 and 0.0 <= found.agreement_elsewhere <= 1.0
    again = numbers.make_map(toy, what="toys", seen=toy.ids[:4])
    assert np.array_equal(found.places, again.places)
    with pytest.raises(DataError, match="at least 10 tracks"):
        numbers.make_map(toy.part(np.arange(9)), what="toys")


def test_of_unknown_artists_nothing_is_said() -> None:
    pytest.importorskip("sklearn")
    toy = toys.described()
    nobody = numbers.Described(toy.names, toy.ids, toy.labels, (None,) * len(toy.ids), toy.columns, toy.values)
    assert math.isnan(numbers.make_map(nobody, what="toys").agreement_elsewhere)
