"""FMA in the published format: the table with its three header lines, folders, split, and what may be wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_music
from genrelens.data import fma, registry
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import FMA, FMA_SMALL
from make_music import FMA_COLUMNS, fma_row, write_tracks_csv


def table(tmp_path: Path, *rows: dict[str, str]) -> Path:
    return write_tracks_csv(tmp_path / "tracks.csv", rows)


def read(path: Path) -> list[fma.FmaRow]:
    return list(fma.read_tracks(path))


def edited(path: Path, edit: object) -> Path:
    """The file with its lines changed by ``edit``."""
    assert callable(edit)
    path.write_text("\n".join(edit(path.read_text(encoding="utf-8").split("\n"))), encoding="utf-8")
    return path


def test_a_row_is_read_by_its_columns_through_html_and_mixed_types(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        fma_row(2, artist__name="AWOL", artist__id="1", track__genres_all="[21]"),
        fma_row(
            155066,
            set__split="validation",
            set__subset="large",
            track__genre_top="",
            track__genres_all="[76, 10]",
            artist__id="24357.0",
            artist__name="",
            album__information="x" * 200_000,  # longer than Python's own limit for a cell
        ),
    )
    assert read(path) == [
        fma.FmaRow(2, 1, "AWOL", "train", "small", "Hip-Hop", (21,)),
        fma.FmaRow(155066, 24357, None, "valid", "large", None, (76, 10)),
    ]


def test_columns_may_stand_in_any_order_and_others_may_be_there(tmp_path: Path) -> None:
    path = table(tmp_path, fma_row(2), fma_row(3, track__genre_top="Rock"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    expected = read(path)
    shuffled = [[row[0], *reversed(row[1:]), "more"] for row in rows]
    shuffled[0][-1], shuffled[1][-1] = "mine", "own"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(shuffled)
    assert read(path) == expected


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"set__split": "train"}, r"column set\.split: expected one of training, validation, test, got 'train'"),
        ({"set__split": ""}, r"column set\.split: expected one of"),
        ({"set__subset": "tiny"}, r"column set\.subset: expected one of small, medium, large, got 'tiny'"),
        ({"track__genre_top": "Polka"}, r"column track\.genre_top: unknown genre 'Polka'; .*Hip-Hop"),
        ({"track__genres_all": "21, 10"}, r"column track\.genres_all: expected a list of genre numbers"),
        ({"track__genres_all": "[21, 'a']"}, r"column track\.genres_all"),
        ({"track__genres_all": "[" * 100_000}, r"column track\.genres_all"),
        ({"artist__id": "one"}, r"column artist\.id: expected a whole number, got 'one'"),
        ({"artist__id": "1.5"}, r"column artist\.id: expected a whole number"),
    ],
)
def test_a_wrong_cell_is_named_by_line_track_and_column(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    # a row takes two lines, because of the break in its HTML
    path = table(tmp_path, fma_row(2), fma_row(5, **cells))
    with pytest.raises(DataError, match=r"line 7 \(track 5\): " + message) as caught:
        read(path)
    assert caught.value.code == "bad_table"


def test_labels_and_words_in_another_case_are_the_same(tmp_path: Path) -> None:
    (row,) = read(table(tmp_path, fma_row(2, track__genre_top="hip hop", set__split="Training", set__subset="SMALL")))
    assert (row.genre, row.part, row.subset) == ("Hip-Hop", "train", "small")


def renamed(old: str, new: str) -> object:
    """Another name in the second header row."""
    return lambda lines: [lines[0], lines[1].replace(old, new), *lines[2:]]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda lines: lines[1:], "two header rows"),
        (lambda lines: lines[:2] + lines[3:], "two header rows.*line 4 begins with"),
        (lambda lines: [], "two header rows"),
        (lambda lines: lines[:3], "has headers and no track"),
        (renamed("genre_top", "genre"), r"missing columns: track\.genre_top"),
        (renamed(",subset,", ",split,"), r"missing columns: set\.subset"),
        (renamed("bit_rate", "genre_top"), r"stand twice: track\.genre_top"),
        (lambda lines: [*lines, "7,too,short"], r"line 7 \(track 7\): expected 53 cells.*, got 3"),
        (lambda lines: [*lines[:3], "x" + lines[3][1:], lines[4]], "track_id: expected a whole number, got 'x'"),
        (lambda lines: [*lines[:3], *lines[3:5], *lines[3:5]], "track 2 stands twice, first in line 5"),
        (lambda lines: [*lines[:5], '7,"no end'], "after line 5: not a comma-separated table"),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, edit: object, message: str) -> None:
    path = edited(table(tmp_path, fma_row(2)), edit)
    with pytest.raises(DataError, match=message):
        read(path)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(DataError, match="expected UTF-8 text, but byte 0xff came"):
        read(path)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=6), max_size=6), st.booleans())
def test_whatever_stands_in_a_table_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], with_header: bool
) -> None:
    path = write_tracks_csv(tmp_path_factory.mktemp("t") / "tracks.csv", [fma_row(2)])
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    text = path.read_text(encoding="utf-8") if with_header else ""
    path.write_text(text + out.getvalue(), encoding="utf-8", errors="surrogatepass")
    try:
        assert all(isinstance(row.track_id, int) for row in fma.read_tracks(path))
    except DataError as error:
        assert str(path) in str(error)


def test_small_is_found_with_its_genres_artists_and_all_genres(tmp_path: Path) -> None:
    rows = [
        fma_row(2, artist__name="Ann", artist__id=1, track__genres_all="[21]"),
        fma_row(3, artist__name="Ann", artist__id=2, track__genres_all="[12, 45]", track__genre_top="Rock"),
        fma_row(4, artist__name="Bob", artist__id=3),
        fma_row(98565),
        fma_row(7, track__genre_top=""),
        fma_row(9, set__subset="medium"),
    ]
    write_tracks_csv(tmp_path / "fma_metadata" / "tracks.csv", rows)
    (tmp_path / "fma_metadata" / "genres.csv").write_text(
        "genre_id,#tracks,parent,title,top_level\n12,32923,0,Rock,12\n45,1,12,Loud-Rock,12\n21,1,0,Hip-Hop,21\n"
    )
    for number in (2, 3, 98565, 7, 9):
        make_music.noise(tmp_path / "fma_small" / f"{number:06d}"[:3] / f"{number:06d}.mp3")
    data = fma.load(tmp_path)
    assert [(t.id, t.genre, t.artist) for t in data.tracks] == [
        ("000002", "Hip-Hop", "Ann (1)"),
        ("000003", "Rock", "Ann (2)"),
    ]
    assert data.missing == ("000004",)
    assert dict(data.left_out) == {
        "098565": "its published clip is broken: empty, or over within two seconds",
        "000007": "it has no top genre",
    }
    assert data.genres_all["000003"] == ("Rock", "Loud-Rock")
    assert data.notes == (
        "1 clips that are not of FMA small, or in no table, are passed over",
        "1 tracks of FMA small have no clip here",
    )


def test_the_six_broken_clips_of_small_are_left_out_of_training(tmp_path: Path) -> None:
    """S2's list: the training part of 6,400 keeps 6,394."""
    broken = (98565, 98567, 98569, 99134, 108925, 133297)
    assert tuple(sorted(fma.BROKEN)) == broken
    write_tracks_csv(tmp_path / "fma_metadata" / "tracks.csv", [fma_row(i) for i in (2, *broken)])
    for number in (2, *broken):
        make_music.noise(tmp_path / "fma_small" / f"{number:06d}"[:3] / f"{number:06d}.mp3")
    data = fma.load(tmp_path)
    assert [track.id for track in data.tracks] == ["000002"]
    assert [id_ for id_, _ in data.left_out] == [f"{number:06d}" for number in broken]
    assert data.missing == ()


@pytest.mark.parametrize(
    ("clips", "metadata"),
    [
        ("fma_small", "fma_metadata"),
        ("fma/fma_small", "fma/fma_metadata"),
        ("fma_small/fma_small", "fma_metadata"),
        ("fma_small", "."),
        ("fma_large", "fma_metadata"),
    ],
)
def test_clips_and_metadata_are_found_where_people_unpack_them(tmp_path: Path, clips: str, metadata: str) -> None:
    make_music.noise(tmp_path / clips / "000" / "000002.mp3")
    write_tracks_csv(tmp_path / metadata / "tracks.csv", [fma_row(2)])
    assert [track.id for track in fma.load(tmp_path, subset="small").tracks] == ["000002"]


def test_the_folder_of_the_clips_itself_may_be_given(tmp_path: Path) -> None:
    root = make_music.fma(tmp_path)
    assert registry.detect(root / "fma_small") == "fma_small"
    assert len(fma.load(root / "fma_small").tracks) == 6
    (root / "fma_small").rename(root / "clips")
    assert len(fma.load(root / "clips").tracks) == 6


def test_without_labels_or_clips_it_is_said_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected fma_small/000/000002\.mp3"):
        fma.load(tmp_path)
    make_music.noise(tmp_path / "fma_small" / "000" / "000002.mp3")
    with pytest.raises(DataError, match="genrelens data fetch fma_metadata"):
        fma.load(tmp_path)
    write_tracks_csv(tmp_path / "fma_metadata" / "tracks.csv", [fma_row(3)])
    with pytest.raises(DataError, match="none of the 1 tracks of FMA small has a clip here"):
        fma.load(tmp_path)
    with pytest.raises(DataError, match="its subsets: small, medium, large"):
        fma.load(tmp_path, subset="tiny")


def test_the_official_split_of_what_is_at_hand(tmp_path: Path) -> None:
    tracks = registry.load(make_music.fma(tmp_path))
    split = registry.split("fma_small", "fma-official", tracks=tracks)
    assert dict(split.parts) == {
        "train": ("000001", "000002", "000003", "000004"),
        "valid": ("000005",),
        "test": ("000006",),
    }
    assert not split.leaks
    split.check(tracks)
    with pytest.raises(SplitError, match="'s4'; its only split: fma-official"):
        fma.split("s4", tracks=tracks)


def test_a_leak_that_the_table_shows_is_declared(tmp_path: Path) -> None:
    rows = [
        fma_row(1, artist__id=5, artist__name="Ann"),
        fma_row(2, artist__id=5, artist__name="Ann", set__split="test", track__genre_top="Rock"),
    ]
    write_tracks_csv(tmp_path / "fma_metadata" / "tracks.csv", rows)
    for i in (1, 2):
        make_music.noise(tmp_path / "fma_small" / "000" / f"{i:06d}.mp3")
    split = registry.split("fma_small", "fma-official", tracks=registry.load(tmp_path))
    assert split.leaks == {"artists"}
    assert "1 stand in two parts here (Ann)" in split.provenance


def test_a_table_of_labels_alone_serves_too(tmp_path: Path) -> None:
    make_music.noise(tmp_path / "fma_small" / "000" / "000002.mp3")
    (tmp_path / "labels.csv").write_text("track_id,genre_top\n2,hip-hop\n5,Rock\n")
    loaded = registry.open_dataset(tmp_path)
    assert loaded.dataset == "fma_small"
    assert [(t.id, t.genre, t.artist) for t in loaded.tracks] == [("000002", "Hip-Hop", None)]
    assert "artists are unknown" in loaded.notes[0]
    assert "1 tracks of FMA small have no clip here" in loaded.notes[1]
    with pytest.raises(SplitError, match=r"fma_metadata/tracks\.csv.*or take the split hold-out"):
        registry.split("fma_small", "fma-official", tracks=loaded.tracks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track_id,genre\n2,Rock\n", "expected the columns track_id and genre_top"),
        ("track_id,genre_top\n2,Polka\n", "line 2.*unknown genre 'Polka'"),
        ("track_id,genre_top\n2,Rock\n2,Rock\n", "line 3, column track_id: track 2 stands twice"),
        ("track_id,genre_top\nx,Rock\n", "line 2, column track_id: expected a track's number"),
        ("track_id,genre_top\n2,Rock,more\n", "line 2: expected 2 cells, got 3"),
    ],
)
def test_a_bad_table_of_labels_is_refused(tmp_path: Path, text: str, message: str) -> None:
    make_music.noise(tmp_path / "fma_small" / "000" / "000002.mp3")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        fma.load(tmp_path)


def test_the_genres_are_the_published_ones_and_lie_in_one_another() -> None:
    assert len(FMA) == 16
    assert len(FMA_SMALL) == 8
    assert set(FMA_SMALL.names) < set(FMA.names)
    assert list(FMA.names) == sorted(FMA.names)
    assert FMA.canonical("old time / historic") == "Old-Time / Historic"
    assert len(FMA_COLUMNS) == 52


@pytest.mark.real_data
def test_the_real_clips_of_fma_are_found(real_data: Path) -> None:
    data = fma.load(real_data / "fma")
    assert len(data.tracks) == 20
    assert data.missing == data.left_out == ()
    assert {track.genre for track in data.tracks} <= set(FMA_SMALL.names)
