"""Folders of genres, tables and tags: what people have, and what is wrong with it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_music
from genrelens.data import registry
from genrelens.data.dataset import Music
from genrelens.data.own_music import folder, table, tags
from genrelens.data.own_music.tracks import one_spelling
from genrelens.data.track import Track
from genrelens.errors import DataError, MissingExtraError


def labels(data: Music) -> list[tuple[str, str, str | None]]:
    return [(track.id, track.genre, track.artist) for track in data.tracks]


def write(root: Path, text: str, *, name: str = "labels.csv", files: tuple[str, ...] = ("a.wav", "b/c.wav")) -> Path:
    for file in files:
        make_music.noise(root / file)
    (root / name).write_text(text, encoding="utf-8")
    return root / name


# folders of genres


def test_the_first_folder_is_the_genre_and_artist_tags_are_groups(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "Polka" / "a.mp3", tags={"artist": "The Band"})
    make_music.noise(tmp_path / "Polka" / "disc 1" / "b.mp3", tags={"artist": "band"})
    make_music.noise(tmp_path / "Tango" / "c.flac", tags={"artist": "Band"})
    make_music.noise(tmp_path / "Tango" / "d.wav")
    data = folder.load(tmp_path)
    assert labels(data) == [
        ("Polka/a.mp3", "Polka", "Band"),
        ("Polka/disc 1/b.mp3", "Polka", "Band"),
        ("Tango/c.flac", "Tango", "Band"),
        ("Tango/d.wav", "Tango", None),
    ]
    assert data.left_out == ()
    assert data.notes == (
        "1 of 4 tracks have no artist; each counts as an artist of its own, and splits can only keep apart those "
        "artists that are known",
    )


def test_folders_that_differ_in_case_and_hyphens_are_one_genre(tmp_path: Path) -> None:
    for name in ("Hip-Hop/a.wav", "Hip-Hop/b.wav", "hiphop/c.wav", "Rock/d.wav"):
        make_music.noise(tmp_path / name)
    loaded = registry.open_dataset(tmp_path)
    assert loaded.taxonomy.names == ("Hip-Hop", "Rock")
    assert loaded.taxonomy.canonical("HIP HOP") == "Hip-Hop"
    assert loaded.notes[0] == "labels that differ in case or hyphens alone are one genre: Hip-Hop (also hiphop)"


def test_an_empty_genre_loose_files_and_unusable_ones_are_said(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "Rock" / "a.wav")
    (tmp_path / "Jazz").mkdir()
    (tmp_path / "Jazz" / "cover.jpg").touch()
    make_music.noise(tmp_path / "loose.wav")
    (tmp_path / "Rock" / "empty.wav").touch()
    (tmp_path / "Rock" / "._a.wav").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "???").mkdir()
    make_music.noise(tmp_path / "???" / "b.wav")
    (tmp_path / "Rock" / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    data = folder.load(tmp_path)
    assert labels(data) == [("Rock/a.wav", "Rock", None)]
    assert dict(data.left_out) == {
        "loose.wav": "it lies in no folder of a genre",
        "Rock/empty.wav": "the file is empty",
        "Rock/gone.wav": "a link that leads nowhere",
        "???/b.wav": "its genre is '???', without a letter",
    }
    assert "these genres have no track and are not part of the task: Jazz" in data.notes


def test_folders_that_are_parts_of_a_split_are_no_genres(tmp_path: Path) -> None:
    for part in ("train", "Test"):
        make_music.noise(tmp_path / part / "rock" / "a.wav")
    with pytest.raises(DataError, match="are called Test, train, which are parts of a split"):
        folder.load(tmp_path)
    assert {track.genre for track in folder.load(tmp_path / "train").tracks} == {"rock"}


def test_folders_of_artists_are_suspected_by_the_files_tags(tmp_path: Path) -> None:
    for artist in ("Ann", "Bob"):
        make_music.noise(tmp_path / artist / "a.mp3", tags={"genre": "Polka", "artist": artist})
    assert any("take the genres of the tags (the data set tags)" in note for note in folder.load(tmp_path).notes)
    make_music.noise(tmp_path / "polka" / "a.mp3", tags={"genre": "Polka"})
    make_music.noise(tmp_path / "Bob" / "b.mp3", tags={"genre": "bob"})
    assert not any("the data set tags" in note for note in folder.load(tmp_path).notes)


def test_a_folder_without_folders_of_music_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Rock").mkdir()
    with pytest.raises(DataError, match=r"expected files like rock/song\.mp3"):
        folder.load(tmp_path)


# tags


def test_genres_and_artists_from_the_tags_the_first_of_several_counts(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "x" / "a.mp3", tags={"genre": "Rock; Blues", "artist": "Ann"})
    make_music.noise(tmp_path / "b.flac", tags={"genre": "rock"})
    make_music.noise(tmp_path / "c.m4a", tags={"genre": "Polka"})
    make_music.noise(tmp_path / "d.wav")
    (tmp_path / "e.mp3").write_bytes(b"no sound at all" * 100)
    data = tags.load(tmp_path)
    assert labels(data) == [("b.flac", "Rock", None), ("c.m4a", "Polka", None), ("x/a.mp3", "Rock", "Ann")]
    assert data.genres_all == {"x/a.mp3": ("Rock", "Blues")}
    assert [what for what, _ in data.left_out] == ["d.wav", "e.mp3"]
    assert dict(data.left_out)["d.wav"] == "it has no genre tag"
    assert "1 of 3 files have several genres; the first of each is taken where a track may have one" in data.notes


def test_music_without_any_genre_is_refused(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "a.wav")
    with pytest.raises(
        DataError, match=r"no file with a genre tag.*1 files are left out \(a\.wav: it has no genre tag\)"
    ):
        tags.load(tmp_path)


# tables


def test_a_table_with_all_that_it_may_have(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Genre,FILENAME,artist,id,recording,year,start,end\n"
        "Polka,a.wav,Ann,one,r1,1999,,\n"
        'Tango,b/c.wav,"Ann, Bob",two,r1,nan,0.05,0.15\n'
        "tango,./b/c.wav,,three,,,0.15,2e-1\n",
    )
    data = table.load(path)
    assert labels(data) == [("one", "Polka", "Ann"), ("three", "Tango", None), ("two", "Tango", "Ann, Bob")]
    by_id = {track.id: track for track in data.tracks}
    assert by_id["two"].span_s == (0.05, 0.15)
    assert by_id["two"].segment_of == by_id["three"].segment_of == "b/c.wav"
    assert by_id["two"].whole == by_id["three"].whole
    assert by_id["one"].recording == by_id["two"].recording == "r1"
    assert by_id["one"].span_s is None
    assert "labels.csv: these columns are passed over: year" in data.notes
    assert table.load(tmp_path).tracks == data.tracks


def test_rows_whose_file_is_missing_are_left_out_and_said(tmp_path: Path) -> None:
    data = table.load(write(tmp_path, "path,label\na.wav,Rock\ngone.wav,Rock\n"))
    assert labels(data) == [("a.wav", "Rock", None)]
    assert data.left_out == (("gone.wav", "there is no such file"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected columns path and genre"),
        ("path,artist\na.wav,Ann\n", "line 1: no column genre or label; its columns: path, artist"),
        ("name,genre\na.wav,Rock\n", "line 1: no column path or file or filename"),
        ("path,file,genre\na.wav,a.wav,Rock\n", "line 1: the columns path and file could both be the path"),
        ("path,genre,label\na.wav,Rock,Pop\n", "line 1: the columns genre and label could both be the genre"),
        ("path,genre,Genre\na.wav,Rock,Pop\n", "line 1: the columns genre and Genre could both be the genre"),
        ("path,genre,start\na.wav,Rock,1\n", "line 1: there is a column start and no end"),
        ("path,genre\na.wav\n", "line 2: expected 2 cells, as in the header, got 1"),
        ("path,genre\na.wav,Rock,more\n", "line 2: expected 2 cells, as in the header, got 3"),
        ("path,genre\n,Rock\n", "line 2, column path: the cell is empty"),
        ("path,genre\na.wav,NaN\n", "line 2, column genre: the cell is empty"),
        ("path,genre\na.wav,  \n", "line 2, column genre: the cell is empty"),
        ("path,genre\na.wav,Rock\na.wav,Rock\n", "line 3, column path: it stands twice, first in line 2"),
        ("path,genre\na.wav,Rock\n./a.wav,Pop\n", "line 3, column path: it stands twice, first in line 2"),
        ("path,genre,id\na.wav,Rock,x\nb/c.wav,Rock,x\n", "line 3, column id: it stands twice, first in line 2"),
        ("path,genre\n../a.wav,Rock\n", "line 2, column path: '../a.wav' is not in the table's folder"),
        ("path,genre\n/etc/passwd,Rock\n", "line 2, column path: '/etc/passwd' is not in the table's folder"),
        ("path,genre\nb/../../x,Rock\n", "line 2, column path"),
        ("path,genre\na\0.wav,Rock\n", "line 2, column path: the cell holds a null byte"),
        ("path,genre\na.wav,Rock\0\n", "line 2, column genre: the cell holds a null byte"),
        ("path,genre,plays\na.wav,Rock,\0\n", "line 2, column plays: the cell holds a null byte"),
        ("path,ge\0nre\na.wav,Rock\n", "line 1, column 2: the cell holds a null byte"),
        ("path,genre\n..\\a.wav,Rock\n", "line 2, column path: .* is not in the table's folder"),
        ("path,genre,plays\n,,7\n", "line 2, column path: the cell is empty"),
        ("path,genre,start,end\na.wav,Rock,2,1\n", "line 2, column end: the span ends at 1 s, before it begins at 2 s"),
        ("path,genre,start,end\na.wav,Rock,x,1\n", "line 2, column start: expected a time in seconds, got 'x'"),
        ("path,genre,start,end\na.wav,Rock,1,\n", "line 2, column end: expected a time in seconds, got None"),
        ("path,genre,start,end\na.wav,Rock,-1,1\n", "line 2, column start: expected a time"),
        ("path,genre,start,end\na.wav,Rock,0,inf\n", "line 2, column end: expected a time"),
        ('path,genre\na.wav,"Rock\n', "not a comma-separated table"),
        ("path,genre\n", "no labelled music in"),
        ("path,genre\nnone.wav,Rock\n", "no labelled music in .*1 files are left out"),
    ],
)
def test_a_bad_table_is_refused_by_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        table.load(write(tmp_path, text))


def test_all_that_is_wrong_is_said_at_once_up_to_five(tmp_path: Path) -> None:
    text = "path,genre\n" + "".join(f"{i}.wav,\n" for i in range(8))
    with pytest.raises(DataError, match=r"line 2, .*line 6, column genre: the cell is empty; and 3 more\. Mend"):
        table.load(write(tmp_path, text))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    path = write(inside, "path,genre\nlink.wav,Rock\n")
    make_music.noise(tmp_path / "out.wav")
    (inside / "link.wav").symlink_to(tmp_path / "out.wav")
    with pytest.raises(DataError, match="nothing outside it is read"):
        table.load(path)


def test_an_absolute_path_within_the_folder_is_fine(tmp_path: Path) -> None:
    assert len(table.load(write(tmp_path, f"path,genre\n{tmp_path / 'a.wav'},Rock\n")).tracks) == 1


def test_a_parquet_table_is_the_same(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path, "path,genre\na.wav,Rock\nb/c.wav,Pop\n", name="text.csv")
    columns = {"path": ["a.wav", "b/c.wav"], "label": ["Rock", "Pop"], "plays": [1.5, None], "artist": ["Ann", None]}
    parquet.write_table(pa.table(columns), tmp_path / "labels.parquet")
    data = table.load(tmp_path / "labels.parquet")
    assert labels(data) == [("a.wav", "Rock", "Ann"), ("b/c.wav", "Pop", None)]
    assert [t.path for t in data.tracks] == [t.path for t in table.load(tmp_path / "text.csv").tracks]
    assert "these columns are passed over: plays" in data.notes[0]
    columns["label"] = ["Rock", None]
    parquet.write_table(pa.table(columns), tmp_path / "labels.parquet")
    with pytest.raises(DataError, match="row 2, column label: the cell is empty"):
        table.load(tmp_path)
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(DataError, match="is not a Parquet table"):
        table.load(tmp_path)


def test_parquet_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labels.parquet").touch()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"a Parquet table needs .*\.\[train\]"):
        table.load(tmp_path)


CELLS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=6) | st.sampled_from(
    ["a.wav", "path", "genre", "..", "/", "nan", "1e400", "Rock", ";", '"']
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5), st.booleans())
def test_whatever_stands_in_a_table_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], with_header: bool
) -> None:
    root = tmp_path_factory.mktemp("t")
    make_music.noise(root / "a.wav", seconds=0.01)
    path = root / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["path", "genre", "start", "end"], *rows] if with_header else rows)
    try:
        data = table.load(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(track.path.is_relative_to(root.resolve()) for track in data.tracks)


@given(st.lists(st.text(min_size=1)))
def test_one_spelling_is_one_of_them_and_the_same_for_all_of_a_key(names: list[str]) -> None:
    spelt = one_spelling(names, key=str.casefold)
    assert spelt.keys() == set(names)
    for name in names:
        assert spelt[name].casefold() == name.casefold()
        assert all(spelt[other] == spelt[name] for other in names if other.casefold() == name.casefold())


def test_computed_splits_of_own_music_keep_artists_together(tmp_path: Path) -> None:
    rows = ["path,genre,artist"]
    for i in range(30):
        make_music.noise(tmp_path / f"{i}.wav", seconds=0.01)
        rows.append(f"{i}.wav,{'Rock' if i % 2 else 'Pop'},Artist {i % 10}")
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    tracks = registry.load(path)
    for name in registry.splits("table"):
        split = registry.split("table", name, tracks=tracks)
        assert split.overlaps(tracks) == ()
        assert set(split.ids("+".join(split.parts))) == {track.id for track in tracks}
        assert split == registry.split("table", name, tracks=tracks[::-1])


# several genres of a file, and genres none of whose files can be used


def test_several_genres_are_kept_in_one_spelling_each_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "path,genre\na.wav,Hip-Hop; rock ;hiphop;?!\nb/c.wav,Rock\nd.wav,Rock;Hip-Hop\n",
        files=("a.wav", "b/c.wav", "d.wav"),
    )
    data = table.load(path)
    assert data.genres_all == {"a.wav": ("Hip-Hop", "Rock"), "d.wav": ("Rock", "Hip-Hop")}
    assert [(track.genre, track.genres, track.all_genres) for track in data.tracks] == [
        ("Hip-Hop", ("Hip-Hop", "Rock"), ("Hip-Hop", "Rock")),
        ("Rock", (), ("Rock",)),
        ("Rock", ("Rock", "Hip-Hop"), ("Rock", "Hip-Hop")),
    ]
    assert registry.open_dataset(path).taxonomy.names == ("Hip-Hop", "Rock")


@pytest.mark.parametrize("genres", [("Blues", "Rock"), ("Rock", "Rock")])
def test_a_tracks_genres_begin_with_its_genre_each_once(tmp_path: Path, genres: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="should be the first of its genres, each given once"):
        Track("a", tmp_path / "a.wav", "Rock", None, "test", genres=genres)


def test_a_genre_all_of_whose_files_are_left_out_is_said(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "Rock" / "a.wav")
    for name in ("Salsa/a.wav", "rock!/b.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / "Covers").mkdir()
    loaded = registry.open_dataset(tmp_path, dataset="folder")
    assert loaded.lost == ("Salsa",)  # "rock!" is Rock, and Covers never had music
    assert "these genres have no track and are not part of the task: Covers, Salsa" in loaded.notes
    path = write(tmp_path, "path,genre\nRock/a.wav,Rock\ngone.wav,Salsa;Son\ngone2.wav,rock\n", files=())
    assert registry.open_dataset(path).lost == ("Salsa", "Son")
