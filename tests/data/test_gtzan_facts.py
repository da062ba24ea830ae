"""The facts and splits of GTZAN in the package are whole, honest, and what the script makes of the index."""

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
    spec = importlib.util.spec_from_file_location("make_gtzan_facts", REPOSITORY / "tools" / "make_gtzan_facts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tracks() -> tuple[Track, ...]:
    """All 1,000 clips, as the loader would give them from a complete folder."""
    facts = gtzan.facts()
    return tuple(
        Track(id_, Path(id_), id_.split(".")[0], facts.artists.get(id_), "gtzan", facts.recordings.get(id_))
        for id_ in gtzan.all_ids()
    )


def per_genre(ids: tuple[str, ...]) -> Counter[str]:
    return Counter(id_.split(".")[0] for id_ in ids)


def test_fault_filtered_has_443_197_290_and_leaves_70_out() -> None:
    split = gtzan.split("fault-filtered")
    assert {part: len(ids) for part, ids in split.parts.items()} == {"train": 443, "valid": 197, "test": 290}
    left_out = gtzan.facts().left_out
    assert len(left_out) == 70
    assert left_out | set(split.ids("train+valid+test")) == set(gtzan.all_ids())
    assert not split.leaks


def test_fault_filtered_shares_no_artist_and_no_repeat(tracks: tuple[Track, ...]) -> None:
    split = gtzan.split("fault-filtered")
    assert split.overlaps(tracks) == ()
    assert len(split.part(tracks, "train+valid+test")) == 930


def test_every_exact_repeat_has_a_side_left_out() -> None:
    facts = gtzan.facts()
    assert len(facts.exact_duplicates) == 14
    assert len(facts.near_duplicates) == 11
    for pair in facts.exact_duplicates + facts.near_duplicates:
        assert facts.left_out & set(pair)
        assert len({facts.recordings[id_] for id_ in pair}) == 1
    assert len(facts.recordings) == 50


def test_s4_takes_64_16_20_of_every_genre() -> None:
    split = gtzan.split("s4")
    for part, n in (("train", 64), ("valid", 16), ("test", 20)):
        assert per_genre(split.parts[part]) == dict.fromkeys(GTZAN.names, n)
    assert set(split.ids("train+valid+test")) == set(gtzan.all_ids())


def test_s4_leaks_and_says_so(tracks: tuple[Track, ...]) -> None:
    split = gtzan.split("s4")
    assert split.leaks == {"artists", "duplicates"}
    kinds = Counter(overlap.kind for overlap in split.overlaps(tracks))
    assert kinds["artists"] > 50
    assert kinds["duplicates"] > 5
    for leak in split.leaks:
        with pytest.raises(SplitError, match=leak):
            Split("hushed", 1, split.parts, split.leaks - {leak}).check(tracks)


def test_one_artist_has_one_spelling(tool: ModuleType) -> None:
    names = ["The Who", "Who", "the who", "The Who", "Earth, Wind & Fire", "Earth Wind and Fire", "Björk"]
    spelt = tool.one_spelling(names)
    assert {spelt[name] for name in names[:4]} == {"The Who"}
    assert spelt["Earth, Wind & Fire"] == spelt["Earth Wind and Fire"]
    assert spelt["Björk"] == "Björk"


def test_the_s4_split_comes_out_of_the_script_whatever_the_order(tool: ModuleType) -> None:
    assert tool.s4(list(reversed(gtzan.all_ids()))) == gtzan.split("s4")


@pytest.mark.real_data
def test_the_script_makes_the_committed_files_from_the_index(tool: ModuleType, real_data: Path) -> None:
    for name, text in tool.documents(real_data / "gtzan_index.csv").items():
        assert (tool.PACKAGE_DATA / name).read_text(encoding="utf-8") == text, f"{name}: run {tool.__file__} again"


@pytest.mark.real_data
def test_parts_and_artists_are_those_of_the_index(real_data: Path) -> None:
    with (real_data / "gtzan_index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    split = gtzan.split("fault-filtered")
    for part in split.parts:
        expected = Counter(row["genre"] for row in rows if row["fault_filtered_part"] == part)
        assert per_genre(split.parts[part]) == expected
    known = {row["clip"] for row in rows if row["artist"]}
    assert set(gtzan.facts().artists) == known
    assert len(known) == 919
