"""The shipped model on the real music at hand: every file gets an answer, and the model knows what it learned from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genrelens.bundle import Bundle
from genrelens.data import gtzan
from genrelens.errors import SeenTracksError
from genrelens.evaluation.evaluate import evaluate
from genrelens.taxonomy import GTZAN

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def rows_of(*arguments: str | Path) -> tuple[list[dict[str, object]], int]:
    """JSON rows and exit code of ``genrelens predict``."""
    command = [sys.executable, "-m", "genrelens", "predict", *map(str, arguments), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in result.stdout.splitlines()], result.returncode


def test_every_clip_is_answered(real_data: Path) -> None:
    rows, code = rows_of(real_data / "gtzan" / "genres_original")
    clips = gtzan.load(real_data / "gtzan").tracks
    assert code == 0
    assert [Path(str(row["path"])) for row in rows] == sorted(track.path for track in clips)
    assert all(row["error"] is None for row in rows)
    assert all(row["guess"] in GTZAN.names for row in rows)
    held_back = [row["path"] for row in rows if row["abstained"]]
    assert len(held_back) <= 0.05 * len(rows), held_back  # the share of music that may go without an answer


def test_published_mp3s_are_answered(real_data: Path) -> None:
    rows, code = rows_of(real_data / "fma" / "fma_small", "--timeline")
    assert code == 0
    assert len(rows) == len(list((real_data / "fma").rglob("*.mp3")))
    for row in rows:
        windows = row["windows"]
        assert isinstance(windows, list)
        assert windows[0]["start_s"] == 0.0
        assert abs(windows[-1]["end_s"] - float(str(row["duration_s"]))) < 0.1


def test_the_same_music_in_another_container_gets_the_same_answer(real_data: Path) -> None:
    """But for a piece that is hardly decided: Vorbis takes something away that musicnn's maxima hear."""
    bundle = Bundle.load()
    changed, moved = [], []
    for path in sorted((real_data / "gtzan_lossless").rglob("*.flac")):
        vorbis = real_data / "gtzan" / "genres_original" / path.parent.name / f"{path.stem}.ogg"
        before, after = bundle.predict(path), bundle.predict(vorbis)
        moved.append(abs(before.probabilities - after.probabilities).max())
        if before.genre != after.genre:
            changed.append(path.stem)
    assert len(moved) == 30
    assert len(changed) <= 1, changed
    assert sum(moved) / len(moved) < 0.05


def test_the_shipped_model_refuses_to_be_measured_on_what_it_learned_from(real_data: Path) -> None:
    bundle = Bundle.load()
    split = gtzan.split("fault-filtered")
    tracks = gtzan.load(real_data / "gtzan").tracks
    with pytest.raises(SeenTracksError, match="seen=True"):
        evaluate(bundle, split.part(tracks, "valid"), split=split, part="valid")
    learned = {*bundle.manifest.training.trained_on, *bundle.manifest.training.stopped_on}
    assert learned <= set(split.ids("train+valid"))
    assert not learned & (set(split.ids("test")) | gtzan.facts().left_out)
