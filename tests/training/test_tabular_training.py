"""From rows of tracks to a bundle: what it learnt from, how it was calibrated, and that it answers by its rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import soundfile

from genrelens import recipe as recipes
from genrelens.bundle import Bundle, softmax
from genrelens.data import Track
from genrelens.data.track import classes_of
from genrelens.errors import TrainingError
from genrelens.evaluation import evaluate
from genrelens.features import extract, join
from genrelens.metrics import fit_temperature
from genrelens.recipe import ClassifierRecipe, TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.run import Origin
from genrelens.training.tabular import fit_tabular
from genrelens.training.tabular.train import TabularData, out_of_fold_logits, train_tabular

pytestmark = pytest.mark.slow

RATE = 22_050
GENRES = ("dull", "bright")
TAXONOMY = Taxonomy(("dull", "bright", "never"))
ORIGIN = Origin(TAXONOMY, "noises", "all")


def tabular(name: str, **classifier: Any) -> TabularRecipe:
    recipe = recipes.load(name)
    assert isinstance(recipe, TabularRecipe)
    if classifier:
        options = {**recipe.classifier.options, **classifier}
        recipe = dataclasses.replace(recipe, classifier=ClassifierRecipe(recipe.classifier.name, options))
    return recipe


def write_noises(root: Path, *, n_per_genre: int, duration_s: float) -> tuple[Track, ...]:
    """Noise through a filter that differs by genre, of an artist every two."""
    rng = np.random.default_rng(0)
    tracks = []
    for genre in GENRES:
        for i in range(n_per_genre):
            noise = rng.normal(scale=0.1, size=round(duration_s * RATE)).astype(np.float32)
            strength = (0.8 if genre == "dull" else -0.5) + 0.1 * rng.normal()
            path = root / f"{genre}-{i}.wav"
            soundfile.write(path, noise + np.float32(strength) * np.roll(noise, 1), RATE, subtype="FLOAT")
            tracks.append(Track(f"{genre}-{i}", path, genre, f"{genre}-artist-{i // 2}", "noises"))
    return tuple(tracks)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return write_noises(tmp_path_factory.mktemp("noises"), n_per_genre=12, duration_s=6.5)


@pytest.fixture(scope="module")
def data(tracks: tuple[Track, ...]) -> TabularData:
    """Two rows of 3 s a track."""
    joined = join(extract(tracks, feature_set="kaggle57", segment_s=3.0), tracks)
    assert len(joined.tracks) == 2 * len(tracks)
    return TabularData(joined.tracks, joined.table.values, frozenset(track.id for track in tracks))


def trained(name: str, data: TabularData, out: Path, **classifier: Any) -> Bundle:
    recipe = tabular(name, **classifier)
    path = train_tabular(recipe, data, ORIGIN, out=out)
    return Bundle.load(path)


SMALL: dict[str, dict[str, Any]] = {
    "svm": {},
    "logistic": {},
    "random-forest": {"n_trees": 20},
    "xgboost": {"max_rounds": 20},
    "mlp-1": {"hidden": "16", "max_epochs": 60, "learning_rate": 0.01},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_file_is_answered_as_its_rows_by_hand(
    name: str, data: TabularData, tracks: tuple[Track, ...], tmp_path: Path
) -> None:
    """Rows of the features room through the library's classifier, pooled: not through ONNX, nor through the bundle."""
    bundle = trained(name, data, tmp_path / "run", **SMALL[name])
    training = bundle.manifest.training
    learnt = [i for i, piece in enumerate(data.pieces) if piece.whole in set(training.trained_on)]
    stopped = [i for i, piece in enumerate(data.pieces) if piece.whole in set(training.stopped_on)]
    assert sorted(learnt + stopped) == list(range(len(data.pieces)))
    classes = classes_of(data.pieces, taxonomy=TAXONOMY)
    model = fit_tabular(
        tabular(name, **SMALL[name]),
        data.rows[learnt],
        classes=classes[learnt],
        stop_rows=data.rows[stopped],
        stop_classes=classes[stopped],
        n_classes=3,
        seed=0,
    )
    fresh = write_noises(tmp_path, n_per_genre=2, duration_s=9.2)
    table = extract(fresh, feature_set="kaggle57", segment_s=3.0)
    for track in fresh:
        its = [i for i, whole in enumerate(table.wholes) if whole == track.id]
        assert len(its) == 3
        logits = model.scores(table.values[its]).mean(axis=0)
        by_hand = softmax(logits, temperature=bundle.manifest.temperature)
        prediction = bundle.predict(track.path)
        assert len(prediction.window_times_s) == 3
        np.testing.assert_allclose(prediction.probabilities, by_hand, atol=1e-4)
        assert prediction.genre == track.genre


def test_the_manifest_says_how_it_came_about(data: TabularData, tmp_path: Path) -> None:
    svm = trained("svm", data, tmp_path / "svm")
    manifest = svm.manifest
    assert set(manifest.training.trained_on) == data.ids  # it stops on nothing, so nothing is held back
    assert manifest.training.stopped_on == ()
    assert manifest.experimental == TAXONOMY.names  # twelve tracks each, or none
    assert manifest.conformal is not None
    assert len(manifest.conformal.scores) == len(data.ids)
    assert TabularRecipe.from_dict(manifest.training.recipe, where="m") == recipes.load("svm")
    assert "out-of-fold answers to whole tracks" in svm.card
    assert "Stopped on**: nothing" in svm.card
    boosted = trained("xgboost", data, tmp_path / "xgboost", max_rounds=5).manifest.training
    assert boosted.stopped_on
    assert set(boosted.trained_on) | set(boosted.stopped_on) == data.ids
    artists = [
        {id_.rsplit("-", 1)[0] + str(int(id_.rsplit("-", 1)[1]) // 2) for id_ in ids}
        for ids in (boosted.trained_on, boosted.stopped_on)
    ]
    assert not artists[0] & artists[1]


def test_the_same_seed_gives_the_same_bundle(data: TabularData, tmp_path: Path) -> None:
    for name in ("random-forest", "mlp-1"):
        first = trained(name, data, tmp_path / f"{name}-1", **SMALL[name])
        second = trained(name, data, tmp_path / f"{name}-2", **SMALL[name])
        assert first.hash == second.hash


def test_the_temperature_is_that_of_answers_out_of_fold(data: TabularData, tmp_path: Path) -> None:
    recipe = tabular("logistic")
    pieces, logits = out_of_fold_logits(recipe, data, taxonomy=TAXONOMY, seed=0)
    assert {piece.whole for piece in pieces} == data.ids
    assert logits.shape == (len(data.ids), 3)
    targets = np.array([TAXONOMY.index(piece.genre) for piece in pieces])
    bundle = trained("logistic", data, tmp_path / "run")
    assert bundle.manifest.temperature == fit_temperature(logits, targets=targets)


def test_answers_out_of_fold_know_not_the_artist() -> None:
    """Rows that name the artist and nothing else: known by heart they are right, out of fold they are chance."""
    rng = np.random.default_rng(0)
    pieces, rows = [], []
    for genre in GENRES:
        for artist in range(40):
            row = rng.normal(size=57)
            for i in range(3):
                whole = f"{genre}.{artist}.{i}"
                pieces.append(Track(f"{whole}.0", Path(), genre, f"{genre}-{artist}", "test", segment_of=whole))
                rows.append(row)
    data = TabularData(tuple(pieces), np.stack(rows), frozenset(piece.whole for piece in pieces))
    answered, logits = out_of_fold_logits(tabular("logistic"), data, taxonomy=TAXONOMY, seed=0)
    right = np.mean([TAXONOMY.index(p.genre) == k for p, k in zip(answered, logits.argmax(axis=1), strict=True)])
    assert 0.3 < right < 0.7


def test_pieces_that_are_the_tracks_of_a_split_stand_for_themselves() -> None:
    """Of a split by pieces (s1-segments) the ids are the pieces': so the manifest must name them."""
    piece = Track("blues.00000.3", Path(), "dull", None, "test", segment_of="blues.00000")
    of_split = TabularData((piece,), np.zeros((1, 57)), frozenset({"blues.00000.3"}))
    of_track = TabularData((piece,), np.zeros((1, 57)), frozenset({"blues.00000"}))
    assert (of_split.owner(piece), of_track.owner(piece)) == ("blues.00000.3", "blues.00000")


def test_evaluate_works_on_it_and_refuses_what_it_has_learnt(
    data: TabularData, tracks: tuple[Track, ...], tmp_path: Path
) -> None:
    bundle = trained("svm", data, tmp_path / "run")
    fresh = write_noises(tmp_path, n_per_genre=2, duration_s=3.5)
    renamed = [dataclasses.replace(track, id=f"new-{track.id}") for track in fresh]
    assert evaluate(bundle, renamed).all_genres.accuracy.value == 1.0
    from genrelens.errors import SeenTracksError, TaxonomyError

    with pytest.raises(SeenTracksError, match="was trained on"):
        evaluate(bundle, tracks[:3])
    with pytest.raises(TaxonomyError, match="genres that the model 'svm' does not know: polka"):
        evaluate(bundle, [dataclasses.replace(renamed[0], genre="polka")])


def test_what_does_not_fit_is_refused(data: TabularData, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="a row for each of 48 pieces"):
        TabularData(data.pieces, data.rows[:5], data.ids)
    narrow = TabularData(data.pieces, data.rows[:, :56], data.ids)
    with pytest.raises(TrainingError, match="learns from the 57 columns of kaggle57, the rows have 56"):
        train_tabular(tabular("svm"), narrow, ORIGIN, out=tmp_path / "a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="is not empty"):
        train_tabular(tabular("svm"), data, ORIGIN, out=tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    assert not (tmp_path / "a").exists()
