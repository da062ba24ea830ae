import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelens.data import Track, gtzan
from genrelens.data.splits.folds import blocks, grouped_folds, hold_out
from genrelens.errors import DataError


def track(number: int, *, genre: str = "pop", artist: str | None = None, recording: str | None = None) -> Track:
    return Track(f"{number:04d}", Path(f"{number}.wav"), genre, artist, "test", recording)


def corpus(*, n_artists: int, n_each: int, genres: tuple[str, ...]) -> list[Track]:
    """``n_artists`` artists a genre with ``n_each`` tracks each."""
    labels = [(genre, f"{genre}{a}") for genre in genres for a in range(n_artists) for _ in range(n_each)]
    return [track(i, genre=genre, artist=artist) for i, (genre, artist) in enumerate(labels)]


some_tracks = st.lists(
    st.tuples(
        st.sampled_from(["pop", "rock", "jazz"]),
        st.none() | st.sampled_from("ABCDEFG"),
        st.none() | st.sampled_from(["r1", "r2", "r3"]),
    ),
    min_size=1,
    max_size=40,
).map(lambda rows: [track(i, genre=g, artist=a, recording=r) for i, (g, a, r) in enumerate(rows)])


@given(some_tracks, st.integers(2, 6), st.integers(0, 2**32))
def test_every_track_is_tested_once_and_no_artist_or_recording_is_parted(
    tracks: list[Track], n_folds: int, seed: int
) -> None:
    if len(blocks(tracks)) < n_folds:
        with pytest.raises(DataError, match=f"got {n_folds}"):
            grouped_folds(tracks, n_folds=n_folds, seed=seed)
        return
    splits = grouped_folds(tracks, n_folds=n_folds, seed=seed)
    assert len(splits) == n_folds
    tested = [id_ for split in splits for id_ in split.parts["test"]]
    assert sorted(tested) == [t.id for t in tracks]
    fold_of = {id_: k for k, split in enumerate(splits) for id_ in split.parts["test"]}
    for tie in ("artist", "recording"):
        for name in {getattr(t, tie) for t in tracks} - {None}:
            assert len({fold_of[t.id] for t in tracks if getattr(t, tie) == name}) == 1
    for split in splits:
        assert split.parts["test"]
        assert split.overlaps(tracks) == ()
        assert set(split.ids("train+test")) == {t.id for t in tracks}


@given(some_tracks, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_of_the_tracks_does_not_matter(tracks: list[Track], seed: int, dice: random.Random) -> None:
    shuffled = list(tracks)
    dice.shuffle(shuffled)
    if len(blocks(tracks)) >= 2:
        assert grouped_folds(tracks, n_folds=2, seed=seed) == grouped_folds(shuffled, n_folds=2, seed=seed)
    assert blocks(tracks) == blocks(shuffled)


@given(some_tracks, st.floats(0.05, 0.6), st.integers(0, 2**32))
def test_what_is_held_out_shares_nothing_with_what_is_kept(tracks: list[Track], fraction: float, seed: int) -> None:
    try:
        kept, held = hold_out(tracks, fraction=fraction, seed=seed)
    except DataError as error:
        assert error.code == "nothing_to_hold"
        return
    assert held
    assert sorted(t.id for t in kept + held) == [t.id for t in tracks]
    assert not {t.group for t in kept} & {t.group for t in held}
    assert not ({t.recording for t in kept} & {t.recording for t in held}) - {None}
    assert {t.genre for t in kept} == {t.genre for t in tracks}
    assert (kept, held) == hold_out(tracks[::-1], fraction=fraction, seed=seed)


def test_blocks_join_artists_through_recordings() -> None:
    tracks = [
        track(0, artist="A"),
        track(1, artist="A", recording="r"),
        track(2, artist="B", recording="r"),
        track(3, artist="B"),
        track(4),
        track(5),
    ]
    assert [[t.id for t in block.tracks] for block in blocks(tracks)] == [
        ["0000", "0001", "0002", "0003"],
        ["0004"],
        ["0005"],
    ]


def test_segments_of_one_track_are_never_parted() -> None:
    """Nothing but the track that they are of ties them: no artist and no recording is known."""

    def segment(whole: int, i: int) -> Track:
        id_ = f"{whole:04d}"
        return Track(f"{id_}.{i}", Path(f"{id_}.wav"), "pop", None, "test", segment_of=id_, span_s=(i, i + 1))

    tracks = [segment(whole, i) for i in range(3) for whole in range(6)]
    assert [[t.whole for t in block.tracks] for block in blocks(tracks)] == [[f"{whole:04d}"] * 3 for whole in range(6)]
    assert {t.whole for t in blocks([*tracks, track(2)])[2].tracks} == {"0002"}  # the whole track is one of them
    assert len(blocks([*tracks, track(2)])) == 6
    for fold in grouped_folds(tracks, n_folds=3, seed=0):
        assert not {id_[:4] for id_ in fold.ids("train")} & {id_[:4] for id_ in fold.ids("test")}
    kept, held = hold_out(tracks, fraction=0.3, seed=0)
    assert held and not {t.whole for t in kept} & {t.whole for t in held}


def test_equal_groups_are_dealt_out_evenly() -> None:
    tracks = corpus(n_artists=10, n_each=3, genres=("pop", "rock", "jazz"))
    genre = {t.id: t.genre for t in tracks}
    for split in grouped_folds(tracks, n_folds=5, seed=3):
        assert Counter(genre[id_] for id_ in split.parts["test"]) == {"pop": 6, "rock": 6, "jazz": 6}
        assert "fewer groups" not in split.provenance


def test_the_seed_changes_the_folds_and_the_same_seed_does_not() -> None:
    tracks = corpus(n_artists=10, n_each=2, genres=("pop", "rock"))
    folds = [grouped_folds(tracks, n_folds=5, seed=seed) for seed in (0, 0, 1)]
    assert folds[0] == folds[1]
    assert [s.parts for s in folds[0]] != [s.parts for s in folds[2]]
    assert [s.name for s in folds[0]] == [f"fold-{k}-of-5-seed-0" for k in range(1, 6)]


def test_a_thin_genre_is_no_error_and_is_written_down() -> None:
    tracks = corpus(n_artists=6, n_each=2, genres=("pop",))
    tracks += [track(number, genre="disco", artist="Chic") for number in (900, 901)]
    splits = grouped_folds(tracks, n_folds=3, seed=0)
    assert all("disco (1)" in split.provenance for split in splits)
    assert sum({"0900", "0901"} <= set(split.parts["test"]) for split in splits) == 1


@pytest.mark.parametrize("n_folds", [-1, 0, 1, 4])
def test_refuses_numbers_of_folds_that_cannot_be(n_folds: int) -> None:
    with pytest.raises(DataError, match=r"apart \(3\)"):
        grouped_folds([track(0), track(1), track(2)], n_folds=n_folds, seed=0)


def test_refuses_two_tracks_of_one_id() -> None:
    with pytest.raises(DataError, match="'0001'"):
        blocks([track(1), track(1)])


def test_holds_out_about_the_fraction_of_every_genre() -> None:
    tracks = corpus(n_artists=20, n_each=2, genres=("pop", "rock", "jazz"))
    for seed in range(5):
        _, held = hold_out(tracks, fraction=0.2, seed=seed)
        assert Counter(t.genre for t in held) == {"pop": 8, "rock": 8, "jazz": 8}


def test_holds_out_an_artist_of_a_genre_that_has_only_large_ones() -> None:
    tracks = corpus(n_artists=2, n_each=20, genres=("blues",))
    tracks += [track(500 + i, genre="pop", artist=f"p{i}") for i in range(10)]
    kept, held = hold_out(tracks, fraction=0.1, seed=0)
    assert Counter(t.genre for t in held) == {"blues": 20, "pop": 1}
    assert {t.genre for t in kept} == {"blues", "pop"}


@pytest.mark.parametrize("fraction", [-0.1, 0.0, 1.0, float("nan")])
def test_refuses_a_fraction_that_is_none(fraction: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        hold_out([track(0), track(1)], fraction=fraction, seed=0)


def test_one_artist_cannot_be_held_out_of() -> None:
    with pytest.raises(DataError, match="two artists"):
        hold_out([track(i, artist="A") for i in range(9)], fraction=0.3, seed=0)


@pytest.mark.real_data
def test_real_folds_are_balanced_over_the_full_genres(real_data: Path) -> None:
    tracks = gtzan.split("fault-filtered").part(gtzan.load(real_data).tracks, "train+valid")
    genre = {t.id: t.genre for t in tracks}
    n_blocks = Counter(g for block in blocks(tracks) for g in block.n_by_genre)
    full = {g for g, n in n_blocks.items() if n >= 5}
    assert full >= {"blues", "classical", "country", "jazz", "metal", "pop", "rock"}
    for split in grouped_folds(tracks, n_folds=5, seed=0):
        split.check(tracks)
        assert full <= {genre[id_] for id_ in split.parts["test"]}
        assert 0.15 < len(split.parts["test"]) / len(tracks) < 0.25
