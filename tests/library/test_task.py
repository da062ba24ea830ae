"""What can be learnt, and what is said where it cannot: how much is missing, and how many more would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from genrelens.data.registry import Loaded
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.library.task import Task, settled, task_of
from genrelens.taxonomy import GTZAN, Taxonomy


def tracks(genre: str, n: int, *, artists: int | None = None, also: tuple[str, ...] = ()) -> list[Track]:
    """``n`` tracks by as many artists as said; ``None``: unknown ones."""
    return [
        Track(
            f"{genre}{''.join(also)}.{i}",
            Path(f"{genre}/{i}.wav"),
            genre,
            None if artists is None else f"{genre} {i % artists}",
            "test",
            genres=(genre, *also) if also else (),
        )
        for i in range(n)
    ]


def loaded(*found: list[Track], lost: tuple[str, ...] = (), dataset: str = "folder") -> Loaded:
    every = tuple(track for some in found for track in some)
    genres = Taxonomy(tuple(sorted({track.genre for track in every})))
    return Loaded(every, dataset=dataset, taxonomy=genres, lost=lost)


def message(*found: list[Track], lost: tuple[str, ...] = (), **options: object) -> str:
    with pytest.raises(DataError) as raised:
        task_of(loaded(*found, lost=lost), **options)  # type: ignore[arg-type]
    return str(raised.value)


def test_enough_is_enough() -> None:
    task = task_of(loaded(tracks("salsa", 5, artists=2), tracks("son", 5, artists=3)))
    assert task.taxonomy.names == ("salsa", "son")
    assert (len(task.tracks), task.multi_label, task.notes) == (10, False, ())


def test_too_few_tracks_say_how_many_more() -> None:
    said = message(tracks("salsa", 1, artists=1), tracks("son", 6, artists=3), tracks("rumba", 4, artists=2))
    assert "'rumba' has 4 tracks: add at least 1 more;" in said
    assert "'salsa' has 1 track: add at least 4 more, of another artist at least one." in said
    assert "'son'" not in said
    assert "at least 5 tracks of at least 2 artists" in said
    assert "leave 'rumba' out, or all genres" in said


def test_one_artist_a_genre_is_named() -> None:
    said = message(tracks("salsa", 9, artists=1), tracks("son", 6, artists=3))
    assert said.startswith("all 9 tracks of 'salsa' are by 'salsa 0': add at least one of another artist.")


def test_artists_who_share_a_recording_are_not_two() -> None:
    pair = tracks("salsa", 6, artists=2)
    pair = [Track(t.id, t.path, t.genre, t.artist, t.dataset, recording="r") for t in pair]
    assert "all 6 tracks of 'salsa' are by 'salsa 0'" in message(pair, tracks("son", 6, artists=3))


def test_one_genre() -> None:
    said = message(tracks("salsa", 30, artists=9))
    assert said.startswith("only one genre, 'salsa', of 30 tracks")
    assert "add at least 5 tracks, by 2 artists or more, of another genre" in said


def test_few_artists_in_all() -> None:
    said = message(tracks("salsa", 9, artists=2), tracks("son", 6, artists=2))
    assert "15 tracks of 4 artists in all: at least 5 artists" in said
    assert said.endswith("add tracks of 1 more")


def test_a_genre_none_of_whose_files_can_be_used() -> None:
    enough = tracks("salsa", 9, artists=3), tracks("son", 6, artists=3)
    said = message(*enough, lost=("rumba",))
    assert "'rumba' has no track, none of its files can be used: mend or add at least 5" in said
    assert task_of(loaded(*enough, lost=("rumba",)), leave_out=["Rumba"]).taxonomy.names == ("salsa", "son")
    assert task_of(loaded(*enough, lost=("rumba",)), leave_out_thin=True).taxonomy.names == ("salsa", "son")


@pytest.mark.parametrize(
    ("n_left", "n_bad", "expected"),
    [
        (0, 1, "'salsa' has no track, its only file cannot be used"),
        (0, 6, "'salsa' has no track, none of its 6 files can be used"),
        (3, 2, "'salsa' has 3 tracks (2 of its files cannot be used): add at least 2 more"),
        (1, 1, "'salsa' has 1 track (its file cannot be used)"),
    ],
)
def test_files_that_turned_out_unusable_are_counted(n_left: int, n_bad: int, expected: str) -> None:
    task = task_of(loaded(tracks("salsa", 9, artists=3), tracks("son", 6, artists=3), tracks("jive", 6)))
    kept = tuple(t for t in task.tracks if t.genre != "salsa" or int(t.id.split(".")[1]) < n_left)
    task = Task(task.dataset, kept, task.taxonomy, False)
    with pytest.raises(DataError) as raised:
        settled(task, unusable={"salsa": n_bad}, leave_out_thin=False)
    assert expected in str(raised.value)
    assert settled(task, unusable={"salsa": n_bad}, leave_out_thin=True).taxonomy.names == ("jive", "son")


def test_many_thin_genres_are_not_all_printed() -> None:
    said = message(*(tracks(f"g{i}", 1) for i in range(20)))
    assert "and 14 more genres" in said
    said = message(*(tracks(f"g{i}", 1) for i in range(20)), tracks("nearly", 4), leave_out_thin=True)
    assert said.startswith("'nearly' has 4 tracks: add at least 1 more; 'g0' has 1 track")
    with pytest.raises(DataError, match="no genre is left to learn"):
        task_of(loaded(tracks("salsa", 9)), leave_out=["salsa"])


def test_leaving_out() -> None:
    three = loaded(tracks("salsa", 2), tracks("son", 6), tracks("jive", 6))
    task = task_of(three, leave_out=["SALSA"])
    assert task.taxonomy.names == ("jive", "son")
    task = task_of(three, leave_out_thin=True)
    assert task.notes == ("left out because there is too little of them: salsa (2 tracks)",)
    with pytest.raises(DataError, match=r"no genre 'polka' to leave out; the genres are jive, salsa, son$"):
        task_of(three, leave_out=["polka"])


def test_a_genre_of_several_names_is_listed_once() -> None:
    music = (*tracks("hip-hop", 6), *tracks("son", 6))
    aliases = Taxonomy(("hip-hop", "son"), {"hiphop": "hip-hop", "rap": "hip-hop"})
    with pytest.raises(DataError, match=r"the genres are hip-hop, son$"):
        task_of(Loaded(music, dataset="folder", taxonomy=aliases), leave_out=["polka"])
    assert task_of(
        Loaded((*music, *tracks("jive", 6)), dataset="folder", taxonomy=aliases), leave_out=["rap"]
    ).taxonomy.names == ("son", "jive")


# several genres a track


def test_a_tenth_with_several_genres_makes_it_multi_label() -> None:
    plain = tracks("salsa", 45), tracks("son", 45)
    few = task_of(loaded(*plain, tracks("salsa", 9, also=("son",))))
    assert not few.multi_label
    assert all(track.genres == () for track in few.tracks)
    assert "9 of 99 tracks have several genres: one genre a track is learnt, the first" in few.notes[0]
    many = task_of(loaded(*plain, tracks("salsa", 10, also=("son", "jive"))))
    assert many.multi_label
    assert many.taxonomy.names == ("salsa", "son", "jive")
    assert task_of(loaded(*plain), multi_label=True).multi_label
    assert not task_of(loaded(*plain, tracks("salsa", 10, also=("son", "jive"))), multi_label=False).multi_label


def test_a_genre_left_out_takes_its_label_not_the_track() -> None:
    some = loaded(tracks("salsa", 6), tracks("son", 6, also=("rare",)), tracks("rare", 1, also=("salsa",)))
    task = task_of(some, leave_out=["rare"], multi_label=True)
    assert len(task.tracks) == 13
    assert {track.all_genres for track in task.tracks} == {("salsa",), ("son",)}


def test_a_genre_that_nearly_all_have_cannot_be_learnt() -> None:
    said = message(tracks("latin", 10, also=("salsa",)), tracks("latin", 8, also=("son",)), tracks("son", 2))
    assert "all but 2 of 20 tracks are 'latin'" in said
    assert "add at least 3 without it" in said


def test_clips_of_gtzan_that_are_known_to_be_faulty_are_not_learnt_from() -> None:
    ids = ("blues.00000", "blues.00001", "blues.00002", "blues.00003", "blues.00004")
    good = [Track(id_, Path(id_), "blues", f"a {i}", "gtzan") for i, id_ in enumerate(ids)]
    good += [Track(f"pop.{i:05d}", Path("x"), "pop", f"b {i}", "gtzan") for i in (3, 8, 9, 10, 11, 12)]
    bad = Track("metal.00040", Path("x"), "metal", "c", "gtzan")
    from genrelens.data import registry

    assert bad.id in registry.never_train("gtzan")
    good = [track for track in good if track.id not in registry.never_train("gtzan")]
    task = task_of(Loaded((*good, bad), dataset="gtzan", taxonomy=GTZAN))
    assert bad not in task.tracks
    assert task.taxonomy.names == ("blues", "pop")
    assert task.notes == ("1 tracks are known to be faulty and are not learnt from",)
