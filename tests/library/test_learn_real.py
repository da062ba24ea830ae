"""Learning from real clips."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from genrelens.bundle import Bundle
from genrelens.data import registry
from genrelens.data.track import Track
from genrelens.evaluation import evaluate
from genrelens.library.learn import learn
from genrelens.library.task import task_of


@pytest.mark.slow
@pytest.mark.real_data
def test_three_genres_of_gtzan_are_learnt_and_known_in_music_that_was_not_heard(
    real_data: Path, tmp_path: Path
) -> None:
    loaded = registry.open_dataset(real_data / "gtzan", dataset="gtzan")
    split = registry.split("gtzan", "fault-filtered")
    genres = ("classical", "country", "metal")

    def some(part: str, n: int) -> tuple[Track, ...]:
        tracks = split.part(loaded.tracks, part, allow_missing=True)
        return tuple(t for genre in genres for t in [t for t in tracks if t.genre == genre][:n])

    music = registry.Loaded(some("train", 16), dataset="gtzan", taxonomy=loaded.taxonomy)
    learned = learn(task_of(music), out=tmp_path / "mine.zip", cache=tmp_path)
    claimed = learned.report.all_genres.accuracy  # type: ignore[union-attr]
    assert claimed.value > 0.8
    assert learned.report.experimental == genres  # type: ignore[union-attr]
    measured = evaluate(Bundle.load(tmp_path / "mine.zip"), some("valid", 8), split=split, part="valid")
    assert measured.all_genres.accuracy.value > 0.75
