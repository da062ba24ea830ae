"""From sound through VGGish to a bundle: windows, the cache, pooling, and a graph that says what the library says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("safetensors")

import soundfile
import torch

import tiny_vggish
from genrelens import recipe as recipes
from genrelens.bundle import Bundle
from genrelens.data import Track
from genrelens.data.track import classes_of
from genrelens.errors import TrainingError
from genrelens.features.frame_cache import FrameCache
from genrelens.frontend.vggish import VggishSettings, examples, log_mel
from genrelens.metrics import log_softmax
from genrelens.models import vggish
from genrelens.models.vggish_weights import Weights, read_weights
from genrelens.recipe import ClassifierRecipe, TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training import embed_vggish
from genrelens.training.embed_vggish import row_network, rows_of, vggish_data, vggish_windows
from genrelens.training.run import Origin
from genrelens.training.tabular import fit_tabular
from genrelens.training.tabular.rows import principal_components
from genrelens.training.tabular.train import RowNetwork, TabularData, train_tabular

RATE = 16_000
WINDOW_SAMPLES = 2975 * 160 + 400
TAXONOMY = Taxonomy(("dull", "bright"))


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_vggish.shrink(patch)
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    file = tiny_vggish.write_random(tmp_path_factory.mktemp("weights") / "w.safetensors")
    return read_weights(file, shapes=vggish.shapes())


def write_noise(path: Path, *, n_samples: int, seed: int, strength: float = 0.0) -> Path:
    noise = np.random.default_rng(seed).normal(scale=0.1, size=n_samples)
    soundfile.write(path, noise + strength * np.roll(noise, 1), RATE, subtype="FLOAT")
    return path


def track(path: Path, *, genre: str = "dull", artist: str | None = None) -> Track:
    return Track(path.stem, path, genre, artist, "noises")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    """Twelve of each genre and six artists, 2 s each: repeated to a window of 30 s."""
    root = tmp_path_factory.mktemp("noises")
    found = []
    for g, genre in enumerate(("dull", "bright")):
        for i in range(12):
            path = root / f"{genre}-{i}.wav"
            write_noise(path, n_samples=2 * RATE, seed=100 * g + i, strength=(0.8, -0.5)[g] + 0.01 * i)
            found.append(track(path, genre=genre, artist=f"{genre}-artist-{i // 2}"))
    return tuple(found)


@pytest.fixture(scope="module")
def windows(
    weights: Weights, tracks: tuple[Track, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[embed_vggish.Windows, ...]:
    return vggish_windows(tracks, weights=weights, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def networks(weights: Weights) -> dict[str, RowNetwork]:
    return {"flatten": row_network(weights, pooling="flatten"), "mean_std": row_network(weights, pooling="mean_std")}


def embedded(samples: np.ndarray, weights: Weights) -> np.ndarray:
    with torch.no_grad():
        network = vggish.with_weights(weights, signed=True)
        found: np.ndarray = network(torch.from_numpy(examples(log_mel(samples)))).numpy()
    return found


# Windows


def test_a_clip_of_30_s_has_the_31_embeddings_of_its_examples(weights: Weights, tmp_path: Path) -> None:
    path = write_noise(tmp_path / "a.wav", n_samples=30 * RATE, seed=1)
    (found,) = vggish_windows([track(path)], weights=weights, cache=tmp_path / "cache")
    assert found.shape == (1, 31, 128)
    np.testing.assert_allclose(found[0], embedded(soundfile.read(path)[0], weights), rtol=1e-3, atol=1e-4)


def test_longer_pieces_have_a_window_for_each_whole_30_s_and_silence_none(weights: Weights, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    samples = rng.normal(scale=0.1, size=3 * WINDOW_SAMPLES + 5000)
    samples[WINDOW_SAMPLES + 400 : 2 * WINDOW_SAMPLES] = 0
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    (found,) = vggish_windows([track(tmp_path / "a.wav")], weights=weights, cache=tmp_path / "cache")
    assert found.shape == (3, 31, 128)
    assert np.isnan(found[1]).all()
    data = vggish_data([track(tmp_path / "a.wav")], [found], pooling="flatten")
    assert [piece.id for piece in data.pieces] == ["a.0", "a.2"]
    np.testing.assert_allclose([piece.span_s or () for piece in data.pieces], [(0.0, 29.76), (59.52, 89.28)], atol=1e-9)
    assert {data.owner(piece) for piece in data.pieces} == {"a"}
    assert np.array_equal(data.rows[1], found[2].astype(float).ravel())


def test_a_track_of_silence_is_named(weights: Weights, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros(RATE), RATE)
    with pytest.raises(TrainingError, match="the first is quiet: silent throughout"):
        vggish_windows([track(tmp_path / "quiet.wav")], weights=weights, cache=tmp_path / "cache")


def test_a_track_that_cannot_be_read_is_named(weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    for name in ("bad", "gone"):
        with pytest.raises(TrainingError, match=f"the first is {name}: "):
            vggish_windows([track(tmp_path / f"{name}.wav")], weights=weights, cache=tmp_path / "cache")


# The cache


def test_a_second_run_neither_decodes_nor_runs_the_network(
    weights: Weights, tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vggish_windows(tracks[:3], weights=weights, cache=tmp_path)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("not again")

    monkeypatch.setattr("genrelens.features.vggish.with_weights", refuse)
    monkeypatch.setattr(FrameCache, "frames", refuse)
    again = vggish_windows(tracks[:3], weights=weights, cache=tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_other_weights_have_a_cache_of_their_own(weights: Weights, tracks: tuple[Track, ...], tmp_path: Path) -> None:
    (first,) = vggish_windows(tracks[:1], weights=weights, cache=tmp_path)
    file = tiny_vggish.write_random(tmp_path / "other.safetensors", seed=1)
    other = read_weights(file, shapes=vggish.shapes())
    (second,) = vggish_windows(tracks[:1], weights=other, cache=tmp_path)
    assert not np.allclose(first, second)


# Rows and components


def test_pooling_in_closed_form() -> None:
    windows = np.zeros((2, 31, 128), np.float32)
    windows[1, :, 5] = np.arange(31)
    rows = rows_of(windows, pooling="mean_std")
    assert rows.shape == (2, 256)
    assert rows[1, 5] == 15
    assert rows[1, 128 + 5] == pytest.approx(np.sqrt((31**2 - 1) / 12))
    assert not rows[0].any()
    assert rows_of(windows, pooling="flatten")[1, 7 * 128 + 5] == 7


def test_components_are_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    for shape in ((60, 20), (20, 60)):
        rows = rng.normal(size=shape) @ np.diag(np.linspace(3, 0.1, shape[1]))
        rows -= rows.mean(axis=0)
        found = principal_components(rows, n_components=10, of="it")
        theirs = PCA(10, svd_solver="full").fit(rows)
        np.testing.assert_allclose(found.T, theirs.components_, atol=1e-9)
        np.testing.assert_allclose(rows @ found, theirs.transform(rows), atol=1e-9)


def test_more_components_than_rows_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"128 principal components.*got 20 rows of 3968"):
        principal_components(np.zeros((20, 3968)), n_components=128, of="vggish-svm")


# The bundle


def small(name: str, **features: Any) -> TabularRecipe:
    found = recipes.load(name)
    assert isinstance(found, TabularRecipe)
    options = dict(found.classifier.options)
    if name == "vggish-random-forest":
        options["n_trees"] = 10
    return dataclasses.replace(
        found,
        features=dataclasses.replace(found.features, **{"pca": 8, **features}),
        classifier=ClassifierRecipe(found.classifier.name, options),
    )


def trained(made: TabularRecipe, data: TabularData, out: Path, *, networks: dict[str, RowNetwork]) -> Bundle:
    network = networks[made.features.pooling]
    return Bundle.load(train_tabular(made, data, Origin(TAXONOMY, "noises", "all"), network=network, out=out))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("vggish-svm", {}),
        ("vggish-xgboost", {}),
        ("vggish-logistic", {"pooling": "mean_std"}),
        ("vggish-random-forest", {"pooling": "mean_std", "pca": 0}),
    ],
)
def test_a_bundle_says_of_a_sound_file_what_the_library_says_of_its_rows(
    name: str,
    features: dict[str, Any],
    weights: Weights,
    tracks: tuple[Track, ...],
    windows: tuple[embed_vggish.Windows, ...],
    networks: dict[str, RowNetwork],
    tmp_path: Path,
) -> None:
    made = small(name, **features)
    pooling = made.features.pooling
    assert pooling != "none"
    data = vggish_data(tracks, windows, pooling=pooling)
    assert data.pieces == tracks
    bundle = trained(made, data, tmp_path / "run", networks=networks)
    assert "random weights, seed 0" in bundle.card
    assert weights.sha256 in bundle.card
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert manifest["front_end"] == {"kind": "vggish"}
    assert manifest["windows"] == {"n_frames": 31 * 96, "hop_frames": 31 * 96}
    learnt = np.array([track.id in bundle.manifest.training.trained_on for track in tracks])
    classes = classes_of(data.pieces, taxonomy=TAXONOMY)
    model = fit_tabular(
        made,
        data.rows[learnt],
        classes=classes[learnt],
        stop_rows=data.rows[~learnt],
        stop_classes=classes[~learnt],
        n_classes=2,
        seed=0,
    )
    expected = np.exp(log_softmax(model.scores(data.rows[:4]) / bundle.manifest.temperature))
    for piece, probabilities in zip(tracks[:4], expected, strict=True):
        # Repeated to a window, a piece has no other window: the bundle hears just the row.
        np.testing.assert_allclose(bundle.predict(piece.path).probabilities, probabilities, atol=1e-4)


@pytest.mark.slow
def test_a_piece_that_goes_on_is_also_heard_to_its_end(
    tracks: tuple[Track, ...],
    windows: tuple[embed_vggish.Windows, ...],
    networks: dict[str, RowNetwork],
    tmp_path: Path,
) -> None:
    data = vggish_data(tracks, windows, pooling="flatten")
    bundle = trained(small("vggish-logistic"), data, tmp_path / "run", networks=networks)
    path = write_noise(tmp_path / "long.wav", n_samples=31 * RATE, seed=3)
    found = bundle.predict(path)
    np.testing.assert_allclose(found.window_times_s, [(0, 29.76), (1.22, 30.98)], atol=1e-6)
    first = log_mel(soundfile.read(path)[0])[np.newaxis, : 31 * 96]
    logits = bundle.outputs(first).logits.astype(float)
    expected = np.exp(log_softmax(logits / bundle.manifest.temperature))
    np.testing.assert_allclose(found.window_probabilities[0], expected[0], atol=1e-4)


def test_too_few_tracks_for_the_components_are_refused(
    tracks: tuple[Track, ...], windows: tuple[embed_vggish.Windows, ...], tmp_path: Path
) -> None:
    data = vggish_data(tracks, windows, pooling="flatten")
    never_asked = RowNetwork(VggishSettings(), embed_vggish.WINDOW, b"", 3968, "", "")
    with pytest.raises(TrainingError, match="vggish-svm learns from 128 principal components"):
        trained(small("vggish-svm", pca=128), data, tmp_path / "run", networks={"flatten": never_asked})


def test_rows_of_another_width_than_the_networks_are_refused(
    tracks: tuple[Track, ...], windows: tuple[embed_vggish.Windows, ...], tmp_path: Path
) -> None:
    data = vggish_data(tracks, windows, pooling="mean_std")
    other = RowNetwork(VggishSettings(), embed_vggish.WINDOW, b"", 3968, "", "")
    with pytest.raises(TrainingError, match="learns from the 3968 columns of vggish, the rows have 256"):
        trained(small("vggish-svm"), data, tmp_path / "run", networks={"flatten": other})
