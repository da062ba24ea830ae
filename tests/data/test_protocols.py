"""Ways of cutting: each tests every piece once, and leaks what it says and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrelens.data.splits.protocols import protocols, published
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError


def pieces(*, n_artists: int = 6, per_artist: int = 2, per_track: int = 3) -> tuple[Track, ...]:
    return tuple(
        Track(
            f"{genre}.{a}.{t}.{i}",
            Path(f"{genre}.{a}.{t}.wav"),
            genre,
            f"{genre}-{a}",
            "test",
            segment_of=f"{genre}.{a}.{t}",
            span_s=(3.0 * i, 3.0 * i + 3.0),
        )
        for genre in ("blues", "pop")
        for a in range(n_artists)
        for t in range(per_artist)
        for i in range(per_track)
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(0, 99), st.integers(1, 4))
def test_every_piece_is_tested_once_and_the_declared_leaks_are_all_there_are(
    n_folds: int, seed: int, per_track: int
) -> None:
    music = pieces(per_track=per_track)
    for protocol in protocols(music, n_folds=n_folds, seed=seed):
        tested = [piece.id for split in protocol.splits for piece in split.part(music, "test")]
        assert sorted(tested) == sorted(piece.id for piece in music)
        for split in protocol.splits:
            train, test = split.part(music, "train"), split.part(music, "test")
            assert len(train) + len(test) == len(music)
            found = {overlap.kind for overlap in split.overlaps(music)}
            assert found <= protocol.leaks


def test_random_segments_leak_tracks_by_track_leaks_artists_and_by_artist_leaks_nothing() -> None:
    music = pieces()
    found = [
        {overlap.kind for split in protocol.splits for overlap in split.overlaps(music)}
        for protocol in protocols(music, n_folds=3, seed=0)
    ]
    assert found == [{"segments", "artists"}, {"artists"}, set()]


def test_random_segments_of_whole_tracks_leak_what_by_track_leaks() -> None:
    music = pieces(per_track=1)
    segments, tracks, _ = protocols(music, n_folds=3, seed=0)
    assert [split.parts for split in segments.splits] == [split.parts for split in tracks.splits]
    assert segments.leaks == tracks.leaks == {"artists", "duplicates"}
    assert segments.says == "whole tracks here, so the same as by track"


def test_folds_are_balanced_by_genre() -> None:
    music = pieces(n_artists=5)
    for protocol in protocols(music, n_folds=5, seed=1):
        for split in protocol.splits:
            assert Counter(piece.genre for piece in split.part(music, "test")) == {"blues": 6, "pop": 6}


def test_another_seed_cuts_otherwise_and_the_same_seed_alike() -> None:
    music = pieces()
    first, again, other = (protocols(music, n_folds=3, seed=seed)[0].splits for seed in (0, 0, 1))
    assert first == again
    assert first[0].parts != other[0].parts


def test_a_published_split_of_tracks_becomes_one_of_pieces() -> None:
    music = pieces(n_artists=2, per_artist=1, per_track=2)
    split = Split("mine", 3, {"train": ("blues.0.0", "pop.0.0", "gone"), "valid": ("pop.1.0",), "test": ("t",)})
    protocol = published(music, split, part="valid")
    assert (protocol.name, protocol.tested, protocol.leaks) == ("mine, valid", "valid", frozenset())
    assert protocol.splits[0].parts == {
        "train": ("blues.0.0.0", "blues.0.0.1", "pop.0.0.0", "pop.0.0.1"),
        "valid": ("pop.1.0.0", "pop.1.0.1"),
    }
    with pytest.raises(DataError, match=r"part 'test' holds none of the 4 tracks"):
        published(music, split, part="test")


def test_a_published_split_that_leaks_undeclared_is_refused_when_it_is_used() -> None:
    music = pieces(n_artists=1, per_artist=2, per_track=1)
    split = Split("bad", 1, {"train": ("blues.0.0",), "valid": ("blues.0.1",)})
    with pytest.raises(SplitError, match="artists"):
        published(music, split, part="valid").splits[0].part(music, "train")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.sampled_from([0.05, 0.1, 0.3]))
def test_what_stops_a_training_is_cut_as_the_protocol_cuts(seed: int, fraction: float) -> None:
    music = pieces(n_artists=8)
    unit = {"piece": "id", "track": "whole", "artist": "artist"}
    for protocol in protocols(music, n_folds=3, seed=0):
        train = protocol.splits[0].part(music, "train")
        kept, held = protocol.hold_out(train, fraction=fraction, seed=seed)
        assert sorted(p.id for p in (*kept, *held)) == sorted(p.id for p in train)
        assert {p.genre for p in held} == {p.genre for p in kept} == {"blues", "pop"}
        key = unit[protocol.together]
        assert not {getattr(p, key) for p in kept} & {getattr(p, key) for p in held}
