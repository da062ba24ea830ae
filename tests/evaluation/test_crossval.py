"""Cross-validation: every track answered once, by a model that has heard neither it nor its artist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tiny_model
import tiny_training
from genrelens.bundle import Bundle
from genrelens.data import Track
from genrelens.data.registry import Selection
from genrelens.data.splits.split import Split
from genrelens.errors import TrainingError
from genrelens.evaluation import Report
from genrelens.evaluation.out_of_fold import crossval, uncalibrated_logits
from genrelens.recipe import Recipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.rows import RowSource
from genrelens.training.run import RunFolder, Training, read_run

N_FOLDS = 3
RECIPE = tiny_training.recipe()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    """Eight tracks by four artists of each of two genres; one track of "hiss" hums, so one answer is wrong."""
    root = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    time = np.arange(2 * 8000) / 8000
    tracks = []
    for genre in ("hum", "hiss"):
        for i in range(8):
            hums = genre == "hum" or i == 3
            tone = 0.5 * np.sin(2 * np.pi * (280 + 5 * i) * time)
            hiss = 0.1 * np.diff(rng.normal(size=len(time) + 2), n=2)
            path = root / f"{genre}.{i}.wav"
            soundfile.write(path, tone if hums else hiss, 8000)
            tracks.append(Track(path.stem, path, genre, f"{genre} artist {i // 2}", "sounds"))
    return tuple(tracks)


def selection(tracks: tuple[Track, ...], *, dataset: str, taxonomy: Taxonomy) -> Selection:
    """All of the tracks, as a part of a split."""
    split = Split("everything", 1, {"all": tuple(track.id for track in tracks)})
    return Selection(dataset, tracks, taxonomy, split, "all")


class FakeTraining:
    """Stands in for the training: writes the run and the hand-made model, and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.dies_in: int | None = None

    def __call__(self, training: Training, **call: Any) -> Path:
        run = RunFolder(call["out"], training)
        run.check(resume=call["resume"])
        run.start()
        self.calls.append({"training": training, **call})
        if call["progress"] is not None:
            call["progress"](1, 4, {"stop_loss": 0.5})
        if len(self.calls) - 1 == self.dies_in:
            raise KeyboardInterrupt
        record = training.origin.record(
            training.recipe, seed=training.seed, trained_on=training.train_ids, stopped_on=training.stop_ids
        )
        bundle = tiny_model.write(call["out"] / "bundle", training=record, experimental=("thump",))
        run.finish({})
        return bundle


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> FakeTraining:
    fake = FakeTraining()
    monkeypatch.setattr("genrelens.training.train.train", fake)
    return fake


@pytest.fixture
def validate(sounds: tuple[Track, ...], tmp_path: Path) -> Callable[..., Report]:
    def run(recipe: Recipe = RECIPE, **changes: Any) -> Report:
        call: dict[str, Any] = {"out": tmp_path / "cv", "n_folds": N_FOLDS, "seed": 2}
        tracks = changes.pop("tracks", sounds)
        music = selection(tracks, dataset="sounds", taxonomy=tiny_model.manifest().taxonomy)
        return crossval(recipe, music, RowSource(tmp_path / "cache"), **{**call, **changes})

    return run


def modified(folder: Path) -> dict[str, int]:
    """When the files of the folds were written; the pooled report is written each time."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.glob("fold-*/**/*"))}


def test_every_track_is_answered_once_by_a_model_that_knows_not_its_artist(
    training: FakeTraining, validate: Callable[..., Report], sounds: tuple[Track, ...], tmp_path: Path
) -> None:
    report = validate()
    assert sorted(row.id for row in report.tracks) == sorted(track.id for track in sounds)
    artist_of = {track.id: track.artist for track in sounds}
    assert len(training.calls) == N_FOLDS
    for k, call in enumerate(training.calls):
        answered = {row.id for row in Report.read(tmp_path / "cv" / f"fold-{k}" / "report.json").tracks}
        learnt = set(call["training"].train_ids)
        stopped = set(call["training"].stop_ids)
        groups = [{artist_of[id_] for id_ in ids} for ids in (answered, learnt, stopped)]
        assert all(groups)
        assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
        assert answered | learnt | stopped == set(artist_of)
        assert call["training"].stop_part == "20% of the training part, by artist"
        assert call["training"].seed == 2


def test_the_report_pools_the_folds(training: FakeTraining, validate: Callable[..., Report]) -> None:
    report = validate()
    assert report.all_genres.accuracy.value == pytest.approx(15 / 16)
    right = [row.predicted == row.genre for row in report.tracks]
    assert (sum(right), len(right)) == (15, 16)
    assert {row.id for row in report.tracks if row.predicted != row.genre} == {"hiss.3"}
    assert (report.model, report.dataset) == ("tiny", "sounds")
    assert report.split == "3 folds by artist, seed 2"
    assert report.part == "out of fold, over all"
    assert len(report.model_hash.split("+")) == N_FOLDS
    assert list(report.experimental) == ["thump"]
    assert not report.seen


def test_progress_says_which_fold(training: FakeTraining, validate: Callable[..., Report]) -> None:
    heard: list[tuple[Any, ...]] = []
    validate(fold=lambda *said: heard.append(said), epoch=lambda *said: heard.append(said))
    assert heard == [said for k in range(N_FOLDS) for said in (("by artist", k, N_FOLDS), (1, 4, {"stop_loss": 0.5}))]


def test_finished_folds_are_not_trained_or_asked_again(
    training: FakeTraining, validate: Callable[..., Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = validate()
    before = modified(tmp_path / "cv")
    training.calls.clear()
    monkeypatch.setattr(Bundle, "predict", None)  # nothing is answered again either
    assert validate().to_json() == first.to_json()
    assert training.calls == []
    assert modified(tmp_path / "cv") == before


def test_an_interrupted_cross_validation_goes_on_where_it_stopped(
    training: FakeTraining, validate: Callable[..., Report], tmp_path: Path
) -> None:
    training.dies_in = 1
    with pytest.raises(KeyboardInterrupt):
        validate()
    assert [call["out"].name for call in training.calls] == ["fold-0", "fold-1"]
    training.calls.clear()
    training.dies_in = None
    report = validate()
    assert [(call["out"].name, call["resume"]) for call in training.calls] == [("fold-1", True), ("fold-2", False)]
    assert report.to_json() == validate(out=tmp_path / "undisturbed").to_json()


def test_a_fold_that_was_trained_anew_is_answered_anew(
    training: FakeTraining, validate: Callable[..., Report], tmp_path: Path
) -> None:
    first = validate()
    run = tmp_path / "cv" / "fold-1"
    manifest = Bundle.load(run / "bundle").manifest
    tiny_model.write(run / "bundle", training=manifest.training, temperature=3.0)
    again = validate()
    assert again.model_hash != first.model_hash
    assert Bundle.load(run / "bundle").hash in again.model_hash
    assert Report.read(run / "report.json").model_hash == Bundle.load(run / "bundle").hash
    changed = [a.id for a, b in zip(first.tracks, again.tracks, strict=True) if a != b]
    assert sorted(changed) == sorted(row.id for row in Report.read(run / "report.json").tracks)


def test_a_folder_of_another_recipe_or_other_tracks_is_refused(
    training: FakeTraining, validate: Callable[..., Report], sounds: tuple[Track, ...], tmp_path: Path
) -> None:
    validate()
    before = modified(tmp_path / "cv")
    for changes in ({"recipe": tiny_training.recipe(learning_rate=1e-4)}, {"tracks": sounds[2:]}, {"seed": 9}):
        with pytest.raises(TrainingError, match="fold-0 holds a training of another recipe, seed or other tracks"):
            validate(**changes)
    assert modified(tmp_path / "cv") == before


def test_logits_come_back_from_calibrated_answers(training: FakeTraining, validate: Callable[..., Report]) -> None:
    report = validate()
    logits = uncalibrated_logits(report, temperatures={row.id: 2.0 for row in report.tracks})
    assert logits.shape == (16, 3)
    for row, values in zip(report.tracks, logits, strict=True):
        assert row.probabilities is not None
        shares = np.exp(values / 2.0)
        assert np.allclose(shares / shares.sum(), row.probabilities, atol=1e-9)
    silent = replace(report, tracks=(*report.tracks[:2], replace(report.tracks[2], probabilities=None)))
    assert uncalibrated_logits(silent, temperatures={row.id: 1.0 for row in report.tracks}).shape == (2, 3)


@pytest.mark.slow
def test_with_real_trainings(tmp_path: Path) -> None:
    corpus = tiny_training.write_corpus(tmp_path / "music")
    recipe = tiny_training.recipe(max_epochs=30, learning_rate=5e-3)
    music = selection(corpus, dataset="synthetic", taxonomy=tiny_training.TAXONOMY)
    source, call = RowSource(tmp_path / "cache"), {"out": tmp_path / "cv", "n_folds": 2}
    report = crossval(recipe, music, source, **call)
    assert sorted(row.id for row in report.tracks) == sorted(track.id for track in corpus)
    artist_of = {track.id: track.artist for track in corpus}
    for k in range(2):
        made = Bundle.load(tmp_path / "cv" / f"fold-{k}" / "bundle").manifest.training
        answered = {row.id for row in Report.read(tmp_path / "cv" / f"fold-{k}" / "report.json").tracks}
        heard = {artist_of[id_] for id_ in (*made.trained_on, *made.stopped_on)}
        assert heard and not heard & {artist_of[id_] for id_ in answered}
    right = np.mean([row.predicted == row.genre for row in report.tracks])
    assert right >= 0.7  # one in three by chance
    before = modified(tmp_path / "cv")
    assert crossval(recipe, music, source, **call).to_json() == report.to_json()
    assert modified(tmp_path / "cv") == before
    with pytest.raises(TrainingError, match="another recipe"):
        crossval(tiny_training.recipe(), music, source, **call)
    assert read_run(tmp_path / "cv" / "fold-0")["finished"] is True
