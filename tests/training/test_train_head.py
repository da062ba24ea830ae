"""A head over musicnn: its bundle answers as the linear layer on the rows that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import tiny_training
from genrelens import recipe as recipes
from genrelens.bundle import Abstention, Bundle
from genrelens.data import Track
from genrelens.errors import TrainingError
from genrelens.features.embedding import mean_rows
from genrelens.features.musicnn import musicnn_rows, musicnn_windows
from genrelens.models.screens import read_not_music
from genrelens.recipe import ClassifierRecipe, FeatureRecipe, TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.heads import HeadData, out_of_fold_logits, train_head
from genrelens.training.run import Origin


def base() -> TabularRecipe:
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    return recipe


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return tiny_training.write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.mark.slow
def test_the_bundle_answers_a_file_as_the_head_answers_its_row(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    windows = musicnn_windows(corpus, cache=tmp_path / "cache")
    rows = mean_rows(corpus, windows)
    np.testing.assert_array_equal(rows, musicnn_rows(corpus, cache=tmp_path / "cache"))
    path = train_head(
        base(),
        HeadData(corpus, rows, windows),
        Origin(tiny_training.TAXONOMY, "synthetic", "all"),
        out=tmp_path / "run",
    )
    bundle = Bundle.load(path)
    manifest = bundle.manifest
    assert set(manifest.training.trained_on) == {track.id for track in corpus}
    assert manifest.experimental == tiny_training.TAXONOMY.names  # ten tracks each
    assert "ISC" in bundle.card
    assert "Jordi Pons" in bundle.card
    assert len(manifest.tags) == 50
    assert manifest.conformal is not None
    detector = read_not_music()
    worst = float((rows @ detector.weight + detector.bias).max())  # so few tracks set no other limit
    assert manifest.abstention.max_not_music == pytest.approx(max(worst, detector.limit), abs=1e-4)
    assert manifest.abstention == Abstention(max_not_music=manifest.abstention.max_not_music)
    for track, row in list(zip(corpus, rows, strict=True))[::10]:
        prediction = bundle.predict(track.path)
        np.testing.assert_allclose(prediction.embedding, row, atol=2e-4)
        assert prediction.genre == track.genre
    with pytest.raises(TrainingError, match="is not empty"):
        train_head(
            base(),
            HeadData(corpus, rows, windows),
            Origin(tiny_training.TAXONOMY, "synthetic", "all"),
            out=tmp_path / "run",
        )


def test_out_of_fold_logits_come_from_models_that_have_not_heard_the_artist(tmp_path: Path) -> None:
    """Rows that name the artist and nothing else: known by heart they are right, out of fold they are chance."""
    rng = np.random.default_rng(0)
    tracks = [
        Track(f"{genre}.{a}.{t}", tmp_path / "x", genre, f"{genre}-{a}", "test")
        for genre in ("blues", "pop")
        for a in range(40)
        for t in range(3)
    ]
    of_artist = {track.artist: rng.normal(size=60) for track in tracks}
    rows = np.stack([of_artist[track.artist] for track in tracks])
    classes = np.array([track.genre == "pop" for track in tracks], dtype=np.int64)
    recipe = TabularRecipe("mine", "", "", FeatureRecipe("musicnn", 30), ClassifierRecipe("logistic", {"c": 10.0}), 0.0)
    logits = out_of_fold_logits(recipe, HeadData(tracks, rows, ()), taxonomy=Taxonomy(("blues", "pop")), seed=0)
    right = (logits.argmax(axis=1) == classes).mean()
    assert 0.3 < right < 0.7


def test_tracks_that_are_silent_or_lost_are_named(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    silent = Track("silent", tmp_path / "silent.wav", "drone", None, "test")
    lost = Track("lost", tmp_path / "lost.wav", "drone", None, "test")
    with pytest.raises(TrainingError, match=r"1 of 2 tracks cannot be used, the first is lost"):
        musicnn_rows([silent, lost], cache=tmp_path / "cache")
    with pytest.raises(TrainingError, match=r"1 of 1 tracks cannot be used, the first is silent: silent through"):
        musicnn_rows([silent], cache=tmp_path / "cache")
