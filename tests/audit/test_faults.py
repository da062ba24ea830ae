"""Faults of single files, balance, splits and labels: each with a case whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrelens.audit import labels as label_room
from genrelens.audit.duplicates import Duplicate, with_duplicates
from genrelens.audit.finding import KINDS, AuditReport, Finding, file_faults, imbalance, overlaps, usual_length
from genrelens.audit.labels import Judgement, apart, out_of_fold, suspects
from genrelens.audit.listen import Heard
from genrelens.data import Split, Track
from genrelens.errors import DataError, MissingExtraError


def heard(path: str = "x.wav", duration_s: float = 30.0, **what: object) -> Heard:
    return Heard(path, duration_s=duration_s, sample_rate=22_050, **what)  # type: ignore[arg-type]


def faults(*files: Heard) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(f.kind, f.tracks, f.serious) for f in file_faults(files)]


def clips(n: int, duration_s: float = 30.0) -> list[Heard]:
    return [heard(f"{i}.wav", duration_s + 0.1 * i) for i in range(n)]


def test_a_good_file_has_no_fault() -> None:
    assert faults(heard()) == []
    assert faults(heard(quiet_share=0.3, clipped_share=0.0009)) == []


@pytest.mark.parametrize(
    ("what", "kind", "score", "serious"),
    [
        ({"error": "it is empty"}, "unreadable", 1.0, True),
        ({"quiet_share": 1.0}, "silent", 1.0, True),
        ({"quiet_share": 0.98}, "silent", 0.98, True),
        ({"quiet_share": 0.6}, "silent", 0.6, False),
        ({"clipped_share": 0.25}, "clipped", 0.25, False),
        ({"duration_s": 1.5}, "short", 0.5, True),
        ({"notes": ("the file is truncated: 12.3 of 30.0 s could be read",)}, "short", 0.5, True),
    ],
)
def test_each_fault_of_a_file(what: dict[str, object], kind: str, score: float, serious: bool) -> None:
    (found,) = file_faults([heard(**what)])  # type: ignore[arg-type]
    assert (found.kind, found.score, found.serious) == (kind, pytest.approx(score), serious)
    assert found.tracks == ("x.wav",)


def test_where_the_limits_of_a_files_faults_lie() -> None:
    for what, found in (
        ({"quiet_share": 0.4999}, []),
        ({"quiet_share": 0.5}, [("silent", ("x.wav",), False)]),
        ({"quiet_share": 0.9799}, [("silent", ("x.wav",), False)]),
        ({"quiet_share": 0.98}, [("silent", ("x.wav",), True)]),
        ({"clipped_share": 0.001}, [("clipped", ("x.wav",), False)]),
        ({"duration_s": 3.0}, []),
        ({"duration_s": 2.99}, [("short", ("x.wav",), True)]),
    ):
        assert faults(heard(**what)) == found, what  # type: ignore[arg-type]
    for duration_s, is_odd in ((27.0, False), (26.9, True), (33.0, False), (33.1, True)):
        odd = heard("odd.wav", duration_s)
        assert faults(*[heard(f"{i}.wav") for i in range(9)], odd) == (
            [("short", ("odd.wav",), False)] if is_odd else []
        )


def test_an_unreadable_file_is_nothing_else() -> None:
    assert faults(*clips(9), Heard("bad.wav", error="no")) == [("unreadable", ("bad.wav",), True)]


def test_lengths_are_held_against_the_usual_one_where_there_is_one() -> None:
    assert faults(*clips(9), heard("half.wav", 15.0), heard("long.wav", 60.0)) == [
        ("short", ("half.wav",), False),
        ("short", ("long.wav",), False),
    ]
    found = list(file_faults([*clips(9), heard("half.wav", 15.0)]))
    assert found[0].score == pytest.approx(0.5, abs=0.01)
    assert found[0].message == "15.0 s, where the others have 30.4 s"
    album = [heard(f"{i}.mp3", duration_s) for i, duration_s in enumerate((31, 150, 180, 240, 300, 420))]
    assert faults(*album) == []


def test_a_file_has_one_finding_about_its_length() -> None:
    note = ("the file is truncated: 1.0 of 30.0 s could be read",)
    (found,) = file_faults([*clips(9), heard("cut.wav", 1.0, notes=note)])
    assert found.message == "truncated: 1.0 of 30.0 s could be read; 1.0 s, where the others have 30.4 s"
    assert found.serious


def test_a_remark_on_a_file_that_is_whole_is_no_fault() -> None:
    remarks = (
        "its header says 5.0 s; there are 30.4 s, all of it was read",
        "its header gives no length; all 30.4 s that are there were read",
        "its sound stream 0 is silent, so stream 1 was heard",
    )
    assert faults(*clips(9), *(heard(f"{i}.wav", 30.4, notes=(note,)) for i, note in enumerate(remarks))) == []


def test_usual_length() -> None:
    assert usual_length([30.0] * 5) == 30.0
    assert usual_length([30.0] * 4) is None
    assert usual_length([30.0, 30.0, 30.0, 30.0, 99.0, 5.0]) == 30.0
    assert usual_length([30.0, 30.0, 30.0, 99.0, 5.0]) is None


def tracks(genre: str, n: int, *, artist: str | None = None) -> list[Track]:
    return [Track(f"{genre}.{i}", Path(f"{genre}/{i}.wav"), genre, artist or f"{genre} {i}", "made") for i in range(n)]


def test_a_genre_is_thin_below_a_third_of_the_largest() -> None:
    (found,) = imbalance([*tracks("rock", 30), *tracks("jazz", 10), *tracks("pop", 9)])
    assert found.kind == "imbalance" and not found.serious
    assert found.message == "pop has 9 tracks, rock has 30"
    assert found.score == pytest.approx(0.7)
    assert found.tracks == tuple(f"pop/{i}.wav" for i in range(9))
    assert list(imbalance(tracks("rock", 30))) == list(imbalance([])) == []


def by_path(*held: Track) -> dict[str, tuple[Track, ...]]:
    return {str(track.path): (track,) for track in held}


def test_an_artist_on_both_sides_is_found_declared_or_not() -> None:
    held = [*tracks("rock", 4, artist="The Same"), *tracks("jazz", 4)]
    parts = {"train": ("rock.0", "rock.1", "rock.2", "jazz.0", "jazz.1"), "test": ("rock.3", "jazz.2", "jazz.3")}
    (found,) = overlaps(Split("mine", 1, parts), by_path(*held), duplicates=[])
    assert found.kind == "artist_overlap" and found.serious
    assert found.tracks == tuple(f"rock/{i}.wav" for i in range(4))
    assert found.score == 0.5
    assert found.message == "The Same: in train (3), test (1) of split 'mine'"
    (declared,) = overlaps(Split("mine", 1, parts, leaks=frozenset({"artists"})), by_path(*held), duplicates=[])
    assert not declared.serious
    assert declared.message.endswith("which declares that it leaks artists")


def test_repeats_that_were_heard_are_overlaps_too() -> None:
    held = [*tracks("rock", 2), *tracks("jazz", 2)]
    split = Split("mine", 1, {"train": ("rock.0", "jazz.0"), "test": ("rock.1", "jazz.1")})
    assert list(overlaps(split, by_path(*held), duplicates=[])) == []
    duplicate = Duplicate(("jazz/1.wav", "rock/0.wav"), exact=True)
    (found,) = overlaps(split, by_path(*held), duplicates=[duplicate])
    assert found.tracks == ("rock/0.wav", "jazz/1.wav")
    assert found.message == "the recording jazz.1: in train (1), test (1) of split 'mine'"


def test_known_and_heard_repeats_are_joined() -> None:
    a, b, c, d = tracks("rock", 4)
    known = [
        Track(t.id, t.path, t.genre, t.artist, t.dataset, recording="rock.0" if t in (a, b) else None)
        for t in (a, b, c, d)
    ]
    joined = with_duplicates(by_path(*known), duplicates=[Duplicate(("rock/1.wav", "rock/2.wav"), exact=False)])
    assert [track.recording for track in joined] == ["rock.0", "rock.0", "rock.0", None]


def test_findings_are_checked_and_sorted_worst_first() -> None:
    with pytest.raises(DataError, match="unknown kind"):
        Finding("odd", (), 0.5, "", serious=False)
    with pytest.raises(DataError, match="between 0 and 1"):
        Finding("short", (), 1.5, "", serious=False)
    found = [
        Finding("clipped", ("a",), 0.9, "", serious=False),
        Finding("short", ("b",), 0.9, "", serious=False),
        Finding("short", ("c",), 0.2, "", serious=True),
        Finding("unreadable", ("d",), 1.0, "", serious=True),
    ]
    report = AuditReport("root", None, 4, 0, tuple(found))
    assert [finding.tracks[0] for finding in report.findings] == ["d", "c", "b", "a"]
    assert report.counts == {"unreadable": 1, "short": 2, "clipped": 1}
    assert report.n_serious == 2


def test_the_kinds_are_those_that_readers_count_on() -> None:
    assert set(KINDS) == {
        "unreadable", "silent", "clipped", "short", "exact_repeat", "near_repeat", "label_conflict",
        "artist_overlap", "label_suspect", "imbalance",
    }  # fmt: skip


def planted(n: int = 40, *, n_wrong: int = 3) -> tuple[list[Track], np.ndarray, set[str]]:
    """Two genres far apart in three descriptors, each by ten artists, and tracks that bear the other's label."""
    rng = np.random.default_rng(0)
    held, values, wrong = [], [], set()
    for genre, other, centre in (("jazz", "rock", -2.0), ("rock", "jazz", 2.0)):
        for i in range(n):
            is_wrong = i < n_wrong
            id_ = f"{genre}.{i}"
            held.append(Track(id_, Path(f"{id_}.wav"), other if is_wrong else genre, f"{genre} {i % 10}", "made"))
            values.append(rng.normal(size=3) + centre)
            if is_wrong:
                wrong.add(id_)
    return held, np.array(values), wrong


def test_planted_labels_are_suspected_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cleanlab")
    monkeypatch.setattr(label_room, "N_TREES", 60)
    held, values, wrong = planted(n_wrong=2)
    judgement = out_of_fold(held, values)
    names, probabilities = judgement.names, judgement.probabilities
    assert names == ("jazz", "rock")
    assert (judgement.n_heard > 20).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    paths = {track.id: str(track.path) for track in held}
    found, (note,) = suspects(held, judgement, path_of=paths)
    assert {finding.tracks[0] for finding in found} == {f"{id_}.wav" for id_ in wrong}  # 4 of 80: a twentieth
    assert all(not finding.serious and finding.score > 0.5 for finding in found)
    assert found[0].message.startswith(("labelled jazz, sounds like rock", "labelled rock, sounds like jazz"))
    right = [names[i] == track.genre for i, track in zip(probabilities.argmax(axis=1), held, strict=True)]
    assert f"{100 * np.mean(right):.0f} % of the labels of 80 tracks" in note
    assert 0.9 < np.mean(right) < 0.96  # 4 of 80 labels are wrong


def test_who_cannot_be_judged_is_said() -> None:
    one_artist = tracks("pop", 20, artist="One")
    few = tracks("folk", 9)
    kept, notes = apart([*tracks("rock", 12), *tracks("jazz", 12), *one_artist, *few])
    assert {track.genre for track in kept} == {"rock", "jazz"}
    assert notes == ["label suspects: folk, pop not judged, with fewer than 10 tracks or one artist"]
    kept, notes = apart([*tracks("rock", 12), *few])
    assert kept == [] and notes[-1] == "label suspects: there are no two genres to tell apart"


def test_a_genre_of_one_artist_is_not_called_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reggae by two artists: a classifier that has learnt 3 tracks by one takes the 12 by the other for anything."""
    pytest.importorskip("cleanlab")
    held, values, _ = planted(n_wrong=2)
    reggae = [*tracks("reggae", 12, artist="One"), *tracks("reggae", 15, artist="Two")[12:]]
    monkeypatch.setattr(label_room, "N_TREES", 60)
    everything = [*held, *reggae]
    judgement = out_of_fold(everything, np.concatenate([values, np.random.default_rng(1).normal(size=(15, 3))]))
    assert sorted(set(judgement.n_heard[-15:])) == [3, 12]
    found, notes = suspects(everything, judgement, path_of={track.id: track.id for track in everything})
    assert not any(finding.tracks[0] in {track.id for track in reggae[:12]} for finding in found)
    assert notes[1].startswith("label suspects: 12 tracks of reggae are not judged: fewer than 10")
    none = Judgement(judgement.names, judgement.probabilities, judgement.n_heard * 0)
    assert suspects(everything, none, path_of={}) == (
        [],
        ["label suspects: no genre has 10 tracks by other artists to learn it from"],
    )


def test_missing_parts_are_named_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_room, "find_spec", lambda name: None if name == "cleanlab" else object())
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        label_room.check_parts()
