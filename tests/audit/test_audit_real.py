"""Real music: GTZAN's own duplicates, copies of its clips, and no other pair. ``docs/audit.md`` measures all of it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from sounds import copies

from genrelens.audio import load
from genrelens.audit.duplicates import Duplicate, find_duplicates
from genrelens.audit.listen import Heard, listen
from genrelens.data import gtzan

NOT_LISTED = {
    *(("jazz.00034", "jazz.00053"), ("jazz.00036", "jazz.00058"), ("jazz.00037", "jazz.00060")),
    *(("jazz.00038", "jazz.00062"), ("jazz.00040", "jazz.00067"), ("jazz.00042", "jazz.00068")),
    *(("jazz.00043", "jazz.00069"), ("jazz.00044", "jazz.00070"), ("jazz.00045", "jazz.00071")),
    ("pop.00052", "pop.00057"),
}
"""Duplicates that the audit has found and the facts about GTZAN lack; each pair has one artist and title there."""


def pairs(duplicates: list[Duplicate]) -> set[tuple[str, str]]:
    return {
        (a, b)
        for duplicate in duplicates
        for a, b in combinations(sorted(Path(path).stem for path in duplicate.paths), 2)
    }


@pytest.fixture(scope="module")
def heard(real_data: Path) -> dict[str, Heard]:
    """Every clip of GTZAN that duplicates another, and a third of the others."""
    facts = gtzan.facts()
    repeating = {id_ for pair in (*facts.exact_duplicates, *facts.near_duplicates, *NOT_LISTED) for id_ in pair}
    tracks = gtzan.load(real_data).tracks
    others = [track for track in tracks if track.id not in repeating][::3]
    return {t.id: listen(str(t.path)) for t in (*(t for t in tracks if t.id in repeating), *others)}


@pytest.mark.slow
@pytest.mark.real_data
def test_the_repeats_of_gtzan_are_found_and_no_others(heard: dict[str, Heard]) -> None:
    found = find_duplicates(list(heard.values()))
    facts = gtzan.facts()
    exact = {pair for pair in facts.exact_duplicates if set(pair) <= heard.keys()}
    near = {pair for pair in facts.near_duplicates if set(pair) <= heard.keys()}
    assert len(exact) >= 9 and len(near) >= 9
    assert pairs([duplicate for duplicate in found if duplicate.exact]) == exact
    assert pairs(found) >= exact | near | {pair for pair in NOT_LISTED if set(pair) <= heard.keys()}
    # More clips may come, with duplicates that nobody has listed; those of one recording have one artist at least.
    for a, b in pairs(found) - exact - near:
        assert facts.artists[a] == facts.artists[b]


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("gain_db", [12.0, -12.0])
def test_copies_at_64_kb_s_from_5_s_on_are_found(heard: dict[str, Heard], tmp_path: Path, gain_db: float) -> None:
    """A clip of each genre; +12 dB cuts off most of it at full scale."""
    tool = copies()
    codec = next(c for c in tool.CODECS if c.name == "mp3 64 kb/s")
    known = pairs(find_duplicates(list(heard.values())))
    repeating = {id_ for pair in known for id_ in pair}
    chosen = {id_.split(".")[0]: id_ for id_ in heard if id_ not in repeating}
    for genre, id_ in chosen.items():
        clip = load(heard[id_].path)
        copy = tmp_path / f"copy-{genre}.mp3"
        tool.write_copy(copy, clip.samples, clip.sample_rate, codec=codec, gain_db=gain_db, offset_s=5.0)
    found = pairs(find_duplicates([*heard.values(), *(listen(str(path)) for path in sorted(tmp_path.iterdir()))]))
    assert found - known == {tuple(sorted((f"copy-{genre}", id_))) for genre, id_ in chosen.items()}


@pytest.mark.slow
@pytest.mark.real_data
def test_lossless_clips_are_copies_of_their_vorbis(heard: dict[str, Heard], real_data: Path) -> None:
    lossless = {path.stem: path for path in sorted((real_data / "gtzan_lossless").rglob("*.flac"))}
    both = [id_ for id_ in lossless if id_ in heard]
    assert both
    files = [listen(str(lossless[id_])) for id_ in both] + [heard[id_] for id_ in both]
    found = find_duplicates(files)
    assert {frozenset(Path(p).stem for p in duplicate.paths) for duplicate in found} == {
        frozenset({id_}) for id_ in both
    }
