"""Names and tables as other systems write them: Unicode's two forms, Windows paths, Excel's rows, nobody's names, and
folders given a level too high or too low.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_music
from genrelens.data import registry
from genrelens.data.dataset import Music
from genrelens.data.own_music import folder, table, tags
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError


def labels(data: Music) -> list[tuple[str, str, str | None]]:
    return [(track.id, track.genre, track.artist) for track in data.tracks]


def write(root: Path, text: str, *, name: str = "labels.csv", files: tuple[str, ...] = ("a.wav", "b/c.wav")) -> Path:
    for file in files:
        make_music.noise(root / file)
    (root / name).write_text(text, encoding="utf-8")
    return root / name


# tables as Windows, Excel and Macs write them


def as_excel(rows: list[list[str]], *, separator: str = ",", encoding: str = "utf-8-sig") -> bytes:
    return "".join(separator.join(row) + "\r\n" for row in rows).encode(encoding)


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), ("|", "utf-8"), (",", "utf-16-be")],
)
def test_what_separates_columns_and_how_text_is_encoded_is_found_out(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    path = write(tmp_path, "")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    rows = [[mark + "path", "genre", "artist, or band"], ["a.wav", "Électro", "x"], ["b/c.wav", "Fünk", ""]]
    if separator == ",":
        rows = [row[:2] for row in rows]
    path.write_bytes(as_excel(rows, separator=separator, encoding=encoding))
    assert [genre for _, genre, _ in labels(table.load(path))] == ["Électro", "Fünk"]


def test_a_windows_path_and_rows_and_columns_without_any_cell_are_fine(tmp_path: Path) -> None:
    rows = [["path", "genre", "", ""], [r"b\c.wav", "Rock", "", ""], ["", "", "", ""], [r".\a.wav", "Jazz", "", ""]]
    path = write(tmp_path, "")
    path.write_bytes(as_excel([*rows, ["", "", "", ""], [" ", ""], ["a.wav.wav", "Rock", "", "", ""]]))
    data = table.load(path)
    assert labels(data) == [("a.wav", "Jazz", None), ("b/c.wav", "Rock", None)]
    assert data.left_out == (("a.wav.wav", "there is no such file"),)
    assert not any("passed over" in note for note in data.notes)


@pytest.mark.skipif(os.name != "posix", reason="there a backslash parts a path")
def test_a_file_that_has_a_backslash_in_its_name_is_itself(tmp_path: Path) -> None:
    path = write(tmp_path, "path,genre\nb\\c.wav,Rock\n", files=("b/c.wav", "b\\c.wav"))
    assert [track.id for track in table.load(path).tracks] == ["b\\c.wav"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_tables_path_in_the_other_unicode_form_is_found(tmp_path: Path, form: Literal["NFC", "NFD"]) -> None:
    other: Literal["NFC", "NFD"] = "NFD" if form == "NFC" else "NFC"
    names = ("Björk/Jóga.wav", "한국/노래.wav", "plain/a.wav")
    rows = "".join(f"{unicodedata.normalize(form, name)},Pop\n" for name in names)
    on_disk = tuple(unicodedata.normalize(other, name) for name in names)
    data = table.load(write(tmp_path, f"path,genre\n{rows}gone/Jóga.wav,Pop\n", files=on_disk))
    assert [track.id for track in data.tracks] == sorted(names)
    assert {track.path.relative_to(tmp_path.resolve()).as_posix() for track in data.tracks} == set(on_disk)
    assert [why for _, why in data.left_out] == ["there is no such file"]


def test_a_name_that_no_file_can_have_costs_its_row_alone(tmp_path: Path) -> None:
    long = "é" * 300 + ".wav"
    data = table.load(write(tmp_path, f"path,genre\na.wav,Pop\n{long},Pop\n{long}\\b.wav,Pop\n"))
    assert [track.id for track in data.tracks] == ["a.wav"]
    assert len(data.left_out) == 2


def test_the_other_unicode_form_leads_out_of_the_folder_no_more_than_any(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    path = write(inside, "path,genre\nJóga.wav,Pop\n", files=("a.wav",))
    make_music.noise(tmp_path / "out.wav")
    (inside / unicodedata.normalize("NFD", "Jóga.wav")).symlink_to(tmp_path / "out.wav")
    with pytest.raises(DataError, match="nothing outside it is read"):
        table.load(path)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='path,genre;\t\n\r"|\\ é\u0301\0a.wv', max_size=60).map(str.encode))
def test_whatever_bytes_a_table_holds_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("t")
    path = root / "t.csv"
    for start in (b"", b"path,genre\n", b"path;genre\r\n", b"\xff\xfe"):
        path.write_bytes(start + content)
        try:
            table.load(path)
        except DataError as error:
            assert str(path) in str(error)


# names in two Unicode forms, and names of nobody


def test_names_in_the_two_unicode_forms_are_one_genre_and_one_artist(tmp_path: Path) -> None:
    rows = []
    for i, form in enumerate(("NFC", "NFD", "NFC", "NFD")):
        name = unicodedata.normalize(form, ("Électro", "Música clásica")[i // 2])
        rows.append(f"{i}.wav,{name},{unicodedata.normalize(form, 'Björk')},{unicodedata.normalize(form, 'é')}")
    files = tuple(f"{i}.wav" for i in range(4))
    path = write(tmp_path, "path,genre,artist,recording\n" + "\n".join(rows) + "\n", files=files)
    loaded = registry.open_dataset(path)
    assert loaded.taxonomy.names == ("Música clásica", "Électro")
    assert {(track.artist, track.recording) for track in loaded.tracks} == {("Björk", "é")}
    assert loaded.notes == ()


def test_tags_in_the_two_unicode_forms_are_one(tmp_path: Path) -> None:
    for i in range(8):
        form: Literal["NFC", "NFD"] = "NFD" if i % 2 else "NFC"
        genre = ("Électro", "Música clásica")[i // 4]
        written = {
            "genre": unicodedata.normalize(form, genre),
            "artist": unicodedata.normalize(form, f"Björk {i // 2}"),
        }
        make_music.noise(tmp_path / f"{i}.flac", tags=written)
    music = tags.load(tmp_path)
    assert {track.genre for track in music.tracks} == {"Électro", "Música clásica"}
    assert len({track.artist for track in music.tracks}) == 4
    assert music.notes == ()


def test_folders_in_the_two_unicode_forms_are_one_genre_and_their_files_two(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, "Électro/é.wav") for form in ("NFC", "NFD")]
    for name in (*names, unicodedata.normalize("NFD", "Fünk/ü.wav")):
        make_music.noise(tmp_path / name)
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system knows one form alone")
    loaded = registry.open_dataset(tmp_path)
    assert loaded.taxonomy.names == ("Fünk", "Électro")
    assert [track.id for track in loaded.tracks] == sorted(["Fünk/ü.wav", *names])
    assert all(track.path.is_file() for track in loaded.tracks)


def test_a_split_made_on_a_mac_fits(tmp_path: Path) -> None:
    track = Track("Électro/é.wav", tmp_path / "x.wav", "Électro", None, "folder")
    written = Split("mine", 1, {"test": (unicodedata.normalize("NFD", track.id),)}).to_json()
    assert Split.from_json(written).part([track], "test") == (track,)


NOBODY = """
Various Artists;V.A.;va;Various;<unknown>;Unknown  artist;[unknown];N/A;-;Artistes divers;Verschiedene Interpreten;
VARIOS ARTISTAS;Various Interprets;Неизвестный исполнитель;群星;Vários Artistas
"""


@pytest.mark.parametrize("artist", NOBODY.replace("\n", "").split(";"))
def test_an_artist_who_is_nobody_is_unknown(tmp_path: Path, artist: str) -> None:
    path = write(tmp_path, f"path,genre,artist\na.wav,Rock,{artist}\nb/c.wav,Pop,{artist}\n")
    data = table.load(path)
    assert [track.artist for track in data.tracks] == [None, None]
    assert len({track.group for track in data.tracks}) == 2
    assert any("2 of 2 tracks have no artist" in note for note in data.notes)


@pytest.mark.parametrize(
    "artist", ["!!!", "The Unknown", "Unknown Mortal Orchestra", "Various Production", "Nana", "VAST"]
)
def test_an_artist_with_a_strange_name_is_somebody(tmp_path: Path, artist: str) -> None:
    path = write(tmp_path, f"path,genre,artist\na.wav,Rock,{artist}\nb/c.wav,Pop,{artist}\n")
    assert {track.group for track in table.load(path).tracks} == {artist}


# a level too high, or too low


def test_folders_of_genres_some_levels_below_are_found_and_it_is_said(tmp_path: Path) -> None:
    for name in ("polka/a.wav", "tango/b.wav", "tango/album/c.wav"):
        make_music.noise(tmp_path / "hub" / "versions" / "1" / name)
    (tmp_path / "hub" / "readme.txt").touch()
    (tmp_path / "hub" / "pictures").mkdir()
    loaded = registry.open_dataset(tmp_path)
    assert loaded.taxonomy.names == ("polka", "tango")
    assert [track.id for track in loaded.tracks] == ["polka/a.wav", "tango/album/c.wav", "tango/b.wav"]
    assert f"the folders of genres are those in {str(tmp_path / 'hub/versions/1')!r}" in loaded.notes[0]
    assert loaded.passed_over == {}


@pytest.mark.parametrize(
    "names", [["salsa/a.wav", "salsa/b.wav"], ["rock/one/a.wav", "rock/two/b.wav"], ["salsa/a.wav", "salsa/x/b.wav"]]
)
def test_one_genre_alone_is_said(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        make_music.noise(tmp_path / name)
    loaded = registry.open_dataset(tmp_path)
    genre = names[0].split("/")[0]
    assert loaded.taxonomy.names == (genre,)
    assert f"one genre only, {genre!r}" in loaded.notes[-1] and "one above or below" in loaded.notes[-1]


def test_music_beside_folders_is_no_level_to_go_down(tmp_path: Path) -> None:
    for name in ("genres/polka/a.wav", "genres/tango/b.wav", "c.wav"):
        make_music.noise(tmp_path / name)
    assert folder.load(tmp_path).tracks[0].genre == "genres"


def test_the_folder_of_one_genre_says_that_the_one_above_may_be_meant(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "polka" / "a.wav")
    with pytest.raises(
        DataError, match="no folders in it: if it is the folder of one genre, give that above"
    ) as caught:
        registry.open_dataset(tmp_path / "polka")
    assert repr(str(tmp_path)) in str(caught.value)
    make_music.noise(tmp_path / "Hip Hop" / "album" / "a.wav")
    assert "if that is one genre, give the folder above it" in registry.open_dataset(tmp_path / "Hip Hop").notes[0]


def test_folders_that_may_not_be_read_and_what_is_no_sound_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("polka/a.wav", "tango/b.wav"):
        make_music.noise(tmp_path / name)
    for name in ("polka/cover.jpg", "polka/closed/c.wav", "tango/.secret.wav", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    data = folder.load(tmp_path)
    assert data.left_out == (("polka/closed", "this folder cannot be read: Permission denied"),)
    assert data.passed_over == {".jpg": 1, ".txt": 1, "hidden": 1}
