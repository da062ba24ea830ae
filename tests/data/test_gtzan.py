"""The loader, on miniature folders of GTZAN in all the shapes in which people have it."""

from pathlib import Path

import pytest

from genrelens.data import gtzan
from genrelens.data.dataset import Music
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import GTZAN

HEADS = {
    ".wav": b"RIFF\x24\0\0\0WAVE",
    ".au": b".snd\0\0\0\x18",
    ".flac": b"fLaC",
    ".ogg": b"OggS\0",
    ".mp3": b"\xff\xfb",
}


def put(folder: Path, *names: str) -> None:
    """Files that begin as sound files of their kind do."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(HEADS[Path(name).suffix.lower()] + b"\0" * 64)


def ids(data: Music) -> list[str]:
    return [track.id for track in data.tracks]


@pytest.mark.parametrize(
    "layout", ["", "genres_original", "Data/genres_original", "genres", "gtzan/genres_original", "GTZAN/genres"]
)
def test_finds_the_genre_folders_in_every_layout(tmp_path: Path, layout: str) -> None:
    for genre in GTZAN.names:
        put(tmp_path / layout / genre, f"{genre}.00000.wav", f"{genre}.00099.wav")
    data = gtzan.load(tmp_path)
    assert len(data.tracks) == 20
    assert len(data.missing) == 980
    assert (data.left_out, data.notes) == ((), ())
    assert ids(data) == sorted(ids(data))
    assert gtzan.is_gtzan(tmp_path)
    assert all(track.path.is_file() and track.dataset == "gtzan" for track in data.tracks)


@pytest.mark.parametrize("suffix", sorted(HEADS))
def test_takes_any_audio_ending(tmp_path: Path, suffix: str) -> None:
    put(tmp_path / "genres" / "blues", f"blues.00007{suffix}", f"blues.00008{suffix.upper()}")
    assert ids(gtzan.load(tmp_path)) == ["blues.00007", "blues.00008"]


@pytest.mark.parametrize("folder", ["hiphop", "hip-hop", "HipHop", "Hip Hop"])
@pytest.mark.parametrize("prefix", ["hiphop", "hip-hop", "HIPHOP"])
def test_hip_hop_is_one_genre_however_it_is_spelt(tmp_path: Path, folder: str, prefix: str) -> None:
    put(tmp_path / folder, f"{prefix}.00031.ogg")
    (track,) = gtzan.load(tmp_path).tracks
    assert (track.id, track.genre) == ("hiphop.00031", "hiphop")


def test_case_of_the_folders_does_not_matter(tmp_path: Path) -> None:
    put(tmp_path / "data" / "Genres_Original" / "Blues", "Blues.00001.WAV")
    assert ids(gtzan.load(tmp_path)) == ["blues.00001"]


def test_kaggles_broken_clip_is_reported_and_not_fatal(tmp_path: Path) -> None:
    put(tmp_path / "jazz", "jazz.00053.wav")
    (tmp_path / "jazz" / "jazz.00054.wav").write_bytes(b"\x17\x00\x2a\xff" * 100)
    data = gtzan.load(tmp_path)
    assert ids(data) == ["jazz.00053"]
    ((id_, why),) = data.left_out
    assert id_ == "jazz.00054"
    assert "b'RIFF'" in why
    assert len(data.missing) == 998
    assert len(data.tracks) + len(data.missing) + len(data.left_out) == 1000


def test_empty_files_folders_and_dangling_links_with_a_clips_name_are_unreadable(tmp_path: Path) -> None:
    put(tmp_path / "pop", "pop.00000.wav")
    (tmp_path / "pop" / "pop.00001.wav").touch()
    (tmp_path / "pop" / "pop.00002.wav").mkdir()
    expected = {"pop.00001", "pop.00002"}
    try:
        (tmp_path / "pop" / "pop.00003.wav").symlink_to(tmp_path / "nowhere")
        (tmp_path / "pop" / "pop.00004.wav").symlink_to(tmp_path / "pop" / "pop.00004.wav")
        expected |= {"pop.00003", "pop.00004"}
    except OSError:
        pass  # Windows without the right to make links
    data = gtzan.load(tmp_path)
    assert {id_ for id_, _ in data.left_out} == expected
    assert ids(data) == ["pop.00000"]


def test_stray_files_are_passed_over_and_said(tmp_path: Path) -> None:
    put(tmp_path / "rock", "rock.00000.wav", "my rock.wav", "rock.0001.wav", "rock.00100.wav", "._rock.00002.wav")
    put(tmp_path / "rock", "ロック.00003.wav", "rock.٠٠٠٠٤.wav", "polka.00000.wav")
    (tmp_path / "rock" / "rock.00005.png").touch()
    (tmp_path / "rock" / "rock.00006.wav.part").touch()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "blues").touch()
    (tmp_path / "música").mkdir()
    data = gtzan.load(tmp_path)
    assert ids(data) == ["rock.00000"]
    assert data.left_out == ()
    assert data.passed_over == {".png": 1, ".part": 1}
    assert data.notes == (
        "6 sound files (rock/my rock.wav, rock/polka.00000.wav, rock/rock.0001.wav, ...) are not GTZAN's, so they are "
        "no clips here and have no genre; as the data set 'folder' they would have their folders' names",
    )


def test_a_clip_in_another_genres_folder_is_noted(tmp_path: Path) -> None:
    put(tmp_path / "rock", "rock.00000.wav", "pop.00001.wav")
    data = gtzan.load(tmp_path)
    assert ids(data) == ["rock.00000"]
    assert data.notes == ("pop.00001.wav lies in the folder of rock and was passed over",)


def test_of_two_files_of_one_clip_the_better_readable_one_is_taken_and_noted(tmp_path: Path) -> None:
    put(tmp_path / "jazz", "jazz.00000.mp3", "jazz.00000.wav", "jazz.00001.ogg", "jazz.00001.mp3", "jazz.00054.mp3")
    (tmp_path / "jazz" / "jazz.00054.wav").write_bytes(b"noise")
    data = gtzan.load(tmp_path)
    assert [track.path.name for track in data.tracks] == ["jazz.00000.wav", "jazz.00001.ogg", "jazz.00054.mp3"]
    assert len(data.notes) == 3
    assert "jazz.00000.wav is used" in data.notes[0]
    assert data.left_out == ()


def test_a_folder_that_may_not_be_read_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "pop", "pop.00000.wav")
    put(tmp_path / "rock", "rock.00000.wav")
    listing = Path.iterdir

    def refusing(self: Path) -> object:
        if self.name == "rock":
            raise PermissionError(13, "Permission denied")
        return listing(self)

    monkeypatch.setattr(Path, "iterdir", refusing)
    data = gtzan.load(tmp_path)
    assert ids(data) == ["pop.00000"]
    assert data.notes == ("the folder rock cannot be read: Permission denied",)


def test_a_folder_that_is_not_gtzan_says_what_was_expected_and_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"blues/blues\.00000\.wav.*found nothing\. Give the folder"):
        gtzan.load(tmp_path)
    put(tmp_path / "Björk", "01 - Hunter.mp3")
    with pytest.raises(DataError, match="found Björk") as caught:
        gtzan.load(tmp_path)
    assert caught.value.code == "not_gtzan"
    assert not gtzan.is_gtzan(tmp_path)


def test_a_missing_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        gtzan.load(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is not a folder"):
        gtzan.load(tmp_path / "file")


def test_the_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "gtzan" / "genres_original" / "disco", "disco.00000.wav")
    monkeypatch.setenv("GENRELENS_DATA", str(tmp_path))
    assert ids(gtzan.load()) == ["disco.00000"]
    monkeypatch.setenv("GENRELENS_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match="from GENRELENS_DATA"):
        gtzan.load()
    monkeypatch.delenv("GENRELENS_DATA")
    with pytest.raises(DataError, match="no data folder; give one"):
        gtzan.load(None)


def test_tracks_know_artist_and_repeats(tmp_path: Path) -> None:
    put(tmp_path / "metal", "metal.00058.wav", "metal.00000.wav")
    put(tmp_path / "rock", "rock.00016.wav")
    data = gtzan.load(tmp_path)
    by_id = {track.id: track for track in data.tracks}
    assert by_id["metal.00058"].artist == by_id["rock.00016"].artist == "Queen"
    assert by_id["metal.00058"].recording == by_id["rock.00016"].recording == "metal.00058"
    assert by_id["metal.00000"].recording is None


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(SplitError, match="fault-filtered, s4"):
        gtzan.split("70/30")


@pytest.mark.real_data
def test_every_real_clip_is_found(real_data: Path) -> None:
    data = gtzan.load(real_data)
    there = {path.stem for path in (real_data / "gtzan" / "genres_original").glob("*/*.ogg")}
    assert {track.id for track in data.tracks} == there
    assert set(data.missing) == set(gtzan.all_ids()) - there
    assert (data.left_out, data.notes) == ((), ())
    for name in gtzan.SPLITS:
        split = gtzan.split(name)
        for part in split.parts:
            present = [id_ for id_ in split.parts[part] if id_ in there]
            if present:
                assert [track.id for track in split.part(data.tracks, part)] == present


def test_every_id_is_the_stem_of_a_clips_name() -> None:
    assert len(set(gtzan.all_ids())) == 1000
    assert all(gtzan.clip_id(id_ + ".wav") == id_ for id_ in gtzan.all_ids())


def test_of_two_roots_the_first_layout_is_taken_and_it_is_said(tmp_path: Path) -> None:
    put(tmp_path / "genres" / "blues", "blues.00000.wav")
    put(tmp_path / "genres_original" / "blues", "blues.00000.wav", "blues.00001.wav")
    data = gtzan.load(tmp_path)
    assert ids(data) == ["blues.00000", "blues.00001"]
    assert data.notes == ("clips lie in genres_original and in genres; the first is used",)


@pytest.mark.parametrize("layout", ["", "Data", "gtzan", "gtzan/data"])
def test_pictures_and_tables_are_found_beside_the_clips(tmp_path: Path, layout: str) -> None:
    top = tmp_path / layout
    put(top / "genres_original" / "blues", "blues.00000.wav")
    for genre, names in {
        "hiphop": ["hiphop00031.png", "HipHop00032.PNG", "hiphop.00033.png", "rock00034.png", "hiphop00100.png"],
        "blues": ["blues00000.png", "blues00001.jpg"],
        "covers": ["blues00002.png"],
    }.items():
        (top / "Images_Original" / genre).mkdir(parents=True)
        for name in names:
            (top / "Images_Original" / genre / name).touch()
    for name in ("features_30_sec.csv", "Features_3_sec.CSV", "features_3_sec.csv.bak", "other.csv"):
        (top / name).touch()
    data = gtzan.ENTRY.beside(tmp_path)
    assert list(data.pictures) == ["blues.00000", "hiphop.00031", "hiphop.00032"]
    assert {name: path.name for name, path in data.tables.items()} == {
        "features_3_sec": "Features_3_sec.CSV",
        "features_30_sec": "features_30_sec.csv",
    }
    assert gtzan.pictures(tmp_path) == data.pictures
    assert gtzan.tables(tmp_path) == data.tables


def test_pictures_and_tables_without_clips(tmp_path: Path) -> None:
    (tmp_path / "features_3_sec_part.csv").touch()
    assert list(gtzan.tables(tmp_path)) == ["features_3_sec_part"]
    assert gtzan.pictures(tmp_path) == {}
    with pytest.raises(DataError, match="no GTZAN clips"):
        gtzan.load(tmp_path)
