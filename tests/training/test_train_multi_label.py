"""Heads for several genres a track: each against the rest, out of fold by artist, calibrated by one temperature."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from genrelens import recipe as recipes
from genrelens.bundle.pooling import sigmoid
from genrelens.bundle.store import read_bundle
from genrelens.data.track import Track, labels_of
from genrelens.errors import TaxonomyError, TrainingError
from genrelens.recipe import ClassifierRecipe, TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training import heads
from genrelens.training.calibrate import fit_sigmoid_temperature
from genrelens.training.heads import HeadData, out_of_fold_logits, train_head
from genrelens.training.run import Origin

TAXONOMY = Taxonomy(("a", "b", "c"), {"bee": "b"})


def base(**changes: object) -> TabularRecipe:
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    return dataclasses.replace(recipe, **changes)  # type: ignore[arg-type]


def music(n: int = 120, *, d: int = 712, seed: int = 0) -> tuple[list[Track], np.ndarray]:
    """Genres a, b and c are the signs of three directions; some tracks have several, every artist has two tracks."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d))
    tracks = []
    for i, row in enumerate(rows):
        genres = tuple(name for k, name in enumerate("abc") if row[k] > 0) or ("a",)
        row[:3] *= 6  # so that so few rows can teach it
        several = genres if len(genres) > 1 else ()
        tracks.append(Track(f"t{i}", Path(f"{i}"), genres[0], f"artist {i // 2}", "test", genres=several))
    return tracks, rows


def test_labels_are_all_genres_by_any_name() -> None:
    tracks = [Track("x", Path("x"), "bee", None, "t", genres=("bee", "c")), Track("y", Path("y"), "a", None, "t")]
    assert labels_of(tracks, taxonomy=TAXONOMY).tolist() == [[False, True, True], [True, False, False]]
    with pytest.raises(TaxonomyError):
        labels_of([Track("z", Path("z"), "z", None, "t")], taxonomy=TAXONOMY)


def test_out_of_fold_answers_have_not_heard_the_artist() -> None:
    """Rows that name the artist and nothing else: known by heart they are right, out of fold they are chance."""
    rng = np.random.default_rng(0)
    tracks, rows = [], []
    for artist in range(80):
        row, genre = rng.normal(size=60), "ab"[artist % 2]
        for t in range(3):
            tracks.append(Track(f"{artist}.{t}", Path("x"), genre, f"artist {artist}", "test"))
            rows.append(row)
    labels = labels_of(tracks, taxonomy=TAXONOMY)
    recipe = base(classifier=ClassifierRecipe("logistic", {"c": 10.0}))
    logits = out_of_fold_logits(
        recipe, HeadData(tracks, np.stack(rows), ()), taxonomy=TAXONOMY, multi_label=True, seed=0
    )
    right = ((logits[:, :2] > 0) == labels[:, :2]).mean()
    assert 0.3 < right < 0.7
    assert (logits[:, 2] == -30.0).all()  # a genre that no track has


def test_signs_are_learnt_and_a_genre_that_all_have() -> None:
    tracks, rows = music(300, d=20)
    labels = labels_of(tracks, taxonomy=TAXONOMY)
    recipe = base(classifier=ClassifierRecipe("logistic", {"c": 1.0}))
    logits = out_of_fold_logits(recipe, HeadData(tracks, rows, ()), taxonomy=TAXONOMY, multi_label=True, seed=0)
    assert ((logits > 0) == labels).mean() > 0.9
    all_c = [dataclasses.replace(t, genres=tuple(dict.fromkeys((*t.all_genres, "c")))) for t in tracks]
    logits = out_of_fold_logits(recipe, HeadData(all_c, rows, ()), taxonomy=TAXONOMY, multi_label=True, seed=0)
    assert (logits[:, 2] == 30.0).all()


def test_the_temperature_makes_sigmoids_most_likely() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2.0, size=(5000, 4))
    labels = rng.random(z.shape) < sigmoid(z, temperature=1.0)
    found = fit_sigmoid_temperature(3.0 * z, labels=labels)
    assert found == pytest.approx(3.0, rel=0.05)

    def loss(temperature: float) -> float:
        p = sigmoid(3.0 * z, temperature=temperature)
        return float(-np.where(labels, np.log(p), np.log1p(-p)).mean())

    assert loss(found) < min(loss(1.02 * found), loss(found / 1.02))


def test_answers_that_are_all_right_do_not_make_it_certain() -> None:
    labels = np.arange(40)[:, None] % 2 == np.arange(2)
    z = np.where(labels, 1.0, -1.0)
    p = sigmoid(z, temperature=fit_sigmoid_temperature(z, labels=labels))
    np.testing.assert_allclose(p[labels], 21 / 22, atol=1e-9)  # Platt: one right answer more, and one wrong


def test_a_bundle_of_several_genres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "predict_onnx", lambda network, **_: b"graph")
    tracks, rows = music()
    data = HeadData(tracks, rows, [row[None].astype(np.float32) for row in rows])
    origin = Origin(TAXONOMY, "test", "all")
    made = train_head(base(), data, origin, out=tmp_path / "run", multi_label=True)
    stored = read_bundle(made)
    assert stored.manifest.multi_label
    assert stored.manifest.conformal is None
    assert stored.manifest.training.trained_on == tuple(track.id for track in tracks)
    assert stored.manifest.temperature > 0
    assert stored.manifest.experimental == ()
    with pytest.raises(TrainingError, match="is not empty"):
        train_head(base(), data, origin, out=tmp_path / "run", multi_label=True)
    with pytest.raises(TrainingError, match="classifier logistic"):
        svm = base(classifier=ClassifierRecipe("svm", {}))
        out_of_fold_logits(svm, HeadData(tracks, rows, ()), taxonomy=TAXONOMY, multi_label=True, seed=0)
