"""Damaged files of every format that can be made here: an answer or a refusal, never a crash; a short tools/fuzz.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genrelens.audio import load
from genrelens.errors import AudioError

pytest.importorskip("resource", reason="memory is measured where Unix says how")
N_FILES = 600
SEED = 13


@pytest.fixture(scope="module")
def tools() -> Any:
    """The modules of tools/damaged, and their folder where the processes that they start find it, too."""
    folder = str(Path(__file__).resolve().parents[1] / "tools")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        import damaged
        import damaged.judging  # brings the other two

        yield damaged


@pytest.fixture(scope="module")
def whole(tools: Any) -> list[Any]:
    """Whole files of all formats that can be made here."""
    made, _ = tools.seeds.seeds()
    return list(made)


NOT_READ = {
    **dict.fromkeys(("picture", "text"), "not_audio"),
    **dict.fromkeys(("ape-noise", "mpc7"), "damaged"),
    "m4a-protected": "protected",
}
"""Files that are no sound, noise where the sound should be, or encrypted."""
LABORATORY = ("htk", "ircam", "mat4", "mat5", "mpc2k", "paf", "pvf", "sds", "wve", "xi")
"""What libsndfile writes and we do not take for music (``genrelens.audio.decode``)."""


@pytest.mark.slow
def test_whole_files_are_read_to_their_ends_without_a_word(tools: Any, whole: list[Any]) -> None:
    found: dict[str, object] = {}
    for seed in whole:
        try:
            clip = load(seed.data)
        except AudioError as error:
            found[seed.name] = error.code
        else:
            found[seed.name] = clip.notes or None
            n_times = 2 if seed.name.endswith("in-two") else 1
            if not seed.name.startswith(("dsf", "dff", "ape")):
                assert clip.duration_s == pytest.approx(n_times * tools.seeds.DURATION_S, abs=0.2), seed.name
    expected: dict[str, object] = {name: NOT_READ.get(name) for name in found}
    expected |= {name: "not_audio" for name in found if name.removeprefix("sf-").startswith(LABORATORY)}
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_no_damaged_file_brings_the_program_down(half: int, tools: Any, whole: list[Any]) -> None:
    """Each in a process beside this one. Number N again: tools/fuzz.py --seed 13 --first N --files 1 --keep DIR."""
    verdicts = tools.judging.judged(whole, seed=SEED, indices=range(half, N_FILES, 2))
    found = [(file, verdict) for file, verdict in verdicts]
    assert len(found) == N_FILES // 2
    assert sum(verdict.outcome == "answered" for _, verdict in found) > len(found) / 3
    faults = [(file.index, file.recipe, verdict) for file, verdict in found if set(verdict.faults) - excused(file)]
    assert not faults, "\n".join(str(fault) for fault in faults)


def excused(file: Any) -> set[str]:
    """libsndfile alone reads free-format mp3, and its mpg123 cannot be told to print nothing."""
    return {"printed"} if any("mp3-free-format" in step for step in file.recipe) else set()


def test_a_file_of_a_seed_is_always_the_same_and_others_are_others(tools: Any) -> None:
    two = [tools.seeds.Seed("noise", ".wav", bytes(range(256)) * 8), tools.seeds.Seed("silence", ".mp3", bytes(2000))]
    made = [tools.mutations.damaged(two, seed=1, index=i) for i in range(60)]
    again = [tools.mutations.damaged(two, seed=1, index=i) for i in range(60)]
    assert made == again
    assert len({file.data for file in made}) > 50
    assert len({file.recipe[0] for file in made}) == 2


@pytest.mark.slow
def test_a_process_that_dies_or_does_not_answer_is_counted(tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the same reading of the pipe: a process that ends says nothing, and one that waits says it too late."""
    verdicts: list[Any] = []
    monkeypatch.setattr(tools.judging, "_answer_files", die_at_2)
    tools.judging._judge_batch([], seed=0, indices=[0, 1, 2, 3], say=verdicts.append)
    assert [(index, verdict.outcome) for index, verdict in verdicts] == [
        (0, "answered"),
        (1, "answered"),
        (2, "crashed"),
        (3, "answered"),
    ]
    assert verdicts[2][1].faults == ("crashed",)


def die_at_2(pipe: Any, _seeds: Any, _seed: int, indices: Any, _scratch: str) -> None:
    import os

    from damaged.judging import Verdict

    for index in indices:
        if index == 2:
            os._exit(9)
        pipe.send(Verdict("answered"))
