"""The splits of the two public projects: whole, as their projects reported them, and what the script makes."""

import csv
import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from genrelens.data import Split, Track, gtzan
from genrelens.errors import SplitError
from genrelens.taxonomy import GTZAN

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = REPOSITORY / "tools" / "make_gtzan_project_splits.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def clips() -> tuple[Track, ...]:
    facts = gtzan.facts()
    return tuple(
        Track(id_, Path(id_), id_.split(".")[0], facts.artists.get(id_), "gtzan", facts.recordings.get(id_))
        for id_ in gtzan.all_ids()
    )


def test_the_committed_files_are_what_the_script_writes(tool: ModuleType) -> None:
    pytest.importorskip("sklearn")
    for name, text in tool.documents().items():
        assert (tool.PACKAGE_DATA / name).read_text(encoding="utf-8") == text


def test_s3_is_700_200_99_and_repeats_stand_where_the_project_has_them() -> None:
    split = gtzan.split("s3")
    for part, n in (("train", 70), ("valid", 20), ("test", 10)):
        counts = Counter(id_.split(".")[0] for id_ in split.parts[part])
        assert counts == {genre: n - (genre == "jazz" and part == "test") for genre in GTZAN.names}
    assert set(gtzan.all_ids()) - set(split.ids("train+valid+test")) == {"jazz.00054"}
    part_of = {id_: part for part, ids in split.parts.items() for id_ in ids}
    known = {  # read in the project's list by somebody else, for docs/seed-systems.md
        "disco": ("00098 train", "00099 test"),
        "hiphop": ("00039 test", "00045 train"),
        "metal": ("00041 valid", "00062 test", "00043 valid", "00064 train"),
        "pop": ("00054 train", "00060 valid"),
        "reggae": ("00081 valid", "00082 train"),
    }
    for genre, places in known.items():
        for place in places:
            number, part = place.split()
            assert part_of[f"{genre}.{number}"] == part


def test_s1_segments_is_7492_1873_625_rows() -> None:
    split = gtzan.split("s1-segments")
    assert {part: len(ids) for part, ids in split.parts.items()} == {"train": 7492, "valid": 1873, "test": 625}
    rows = {row for clip in gtzan.all_ids() for row in gtzan.segment_ids(clip)}
    assert set(split.ids("train+valid+test")) == rows
    assert len(rows) == 9990
    # what the project's figures say of its test rows: 62 or 63 of each genre
    assert set(Counter(id_.split(".")[0] for id_ in split.parts["test"]).values()) == {62, 63}


@pytest.mark.parametrize(
    ("name", "leaks"),
    [
        ("s3", {"artists", "duplicates"}),
        ("s4", {"artists", "duplicates"}),
        ("s1-segments", {"artists", "duplicates", "segments"}),
        ("fault-filtered", set()),
    ],
)
def test_each_split_leaks_what_it_declares_and_nothing_else(
    clips: tuple[Track, ...], name: str, leaks: set[str]
) -> None:
    split = gtzan.split(name)
    tracks = gtzan.segments(clips) if name == "s1-segments" else clips
    assert {overlap.kind for overlap in split.overlaps(tracks)} == split.leaks == leaks
    for leak in leaks:
        with pytest.raises(SplitError, match="does not declare it"):
            Split("hushed", 1, split.parts, split.leaks - {leak}).check(tracks)


def test_pieces_lie_where_the_tables_rows_do(clips: tuple[Track, ...]) -> None:
    pieces = gtzan.segments(clips[:1])
    assert [piece.id for piece in pieces] == [f"blues.00000.{i}" for i in range(10)]
    assert {piece.segment_of for piece in pieces} == {"blues.00000"}
    assert pieces[3].span_s is not None
    start, end = (round(at * 22050) for at in pieces[3].span_s)
    assert (start, end - start) == (3 * 66150, 66149)
    assert pieces[0].group == clips[0].group


@pytest.mark.real_data
def test_the_rows_of_the_real_table_and_the_short_clips_are_as_said(real_data: Path) -> None:
    tables = gtzan.tables(real_data)
    assert set(tables) == {"features_30_sec", "features_3_sec_part"}
    with tables["features_30_sec"].open(encoding="utf-8", newline="") as file:
        lengths = {row["filename"][:-4]: int(row["length"]) for row in csv.DictReader(file)}
    assert {clip for clip, n in lengths.items() if n <= 661_500} == gtzan.SHORT_CLIPS & lengths.keys()
    with tables["features_3_sec_part"].open(encoding="utf-8", newline="") as file:
        rows = [row["filename"][:-4] for row in csv.DictReader(file)]
    clips = dict.fromkeys(row.rpartition(".")[0] for row in rows)
    assert set(rows) == {row for clip in clips for row in gtzan.segment_ids(clip)}


@pytest.mark.real_data
def test_every_real_picture_is_found(real_data: Path) -> None:
    found = gtzan.pictures(real_data)
    there = {path.name for path in (real_data / "gtzan" / "images_original").glob("*/*.png")}
    assert {path.name for path in found.values()} == there
    assert all(path.stem == id_.replace(".", "") for id_, path in found.items())
    assert gtzan.ENTRY.beside(real_data).pictures == found
