"""How recipes of both kinds answer a fold: the right pieces, the right rows, and no work done twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import tiny_training
from genrelens.data import Track
from genrelens.data.registry import Loaded
from genrelens.data.splits.protocols import protocols
from genrelens.data.splits.split import Split
from genrelens.errors import DataError, TrainingError
from genrelens.evaluation.fold_answers import SegmentAnswers, TabularAnswers, window_segments
from genrelens.features.frame_cache import FrameCache
from genrelens.recipe import ClassifierRecipe, FeatureRecipe, TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.tabular.train import TabularData

RECIPE = tiny_training.recipe(max_epochs=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return tiny_training.write_corpus(tmp_path_factory.mktemp("corpus"))


def test_a_track_is_cut_into_whole_windows_and_each_piece_has_just_its_frames(
    corpus: tuple[Track, ...], tmp_path: Path
) -> None:
    pieces = window_segments(RECIPE, corpus[:2], cache=tmp_path)
    # 4 s at 8 kHz with a hop of 256 are 126 frames: one window of 64 and a rest that is left off.
    assert [piece.id for piece in pieces] == [f"{track.id}.0" for track in corpus[:2]]
    cache = FrameCache(tmp_path, RECIPE.front_end)
    assert {len(cache.frames(piece)) for piece in pieces} == {64}
    assert {(p.segment_of, p.artist, p.genre) for p in pieces} == {(t.id, t.artist, t.genre) for t in corpus[:2]}


def test_a_track_shorter_than_a_window_is_one_piece(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    long = tiny_training.recipe()
    long = type(long).from_dict({**long.to_dict(), "windows": {"n_frames": 500, "hop_frames": 250}}, where="long")
    (piece,) = window_segments(long, corpus[:1], cache=tmp_path)
    assert piece.id == f"{corpus[0].id}.0"
    assert len(FrameCache(tmp_path, long.front_end).frames(piece)) == 126


def test_a_track_that_cannot_be_read_is_named(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    lost = Track("lost", tmp_path / "lost.wav", "drone", None, "test")
    with pytest.raises(DataError, match="1 of 2 tracks cannot be read, the first is lost"):
        window_segments(RECIPE, [corpus[0], lost], cache=tmp_path)


@pytest.mark.slow
def test_a_network_answers_every_piece_and_a_finished_fold_is_not_trained_again(
    corpus: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> SegmentAnswers:
        music = Loaded(dataset="synthetic", tracks=corpus, taxonomy=tiny_training.TAXONOMY)
        return SegmentAnswers(RECIPE, music, out=tmp_path / "runs", cache=tmp_path / "cache", seed=0)

    first = answers()
    cut = protocols(first.clips, n_folds=2, seed=0)[2]
    train, test = (cut.splits[0].part(first.clips, part) for part in ("train", "test"))
    learn, stop = cut.hold_out(train, fraction=first.stop_share, seed=0)
    fold = cut.splits[0]
    rows = first.answer(learn, stop, test, fold=fold)
    assert [row.id for row in rows] == [clip.id for clip in test]
    np.testing.assert_allclose([sum(row.probabilities or ()) for row in rows], 1.0, atol=1e-6)

    import genrelens.training.train

    monkeypatch.setattr(genrelens.training.train, "train", None)
    assert answers().answer(learn, stop, test, fold=fold) == rows
    with pytest.raises(TrainingError, match="holds a training of another recipe, seed or other tracks"):
        answers().answer(learn[1:], stop, test, fold=fold)


def test_a_classifier_learns_from_the_rows_of_the_training_pieces_alone() -> None:
    """Test rows that are far away and of shuffled classes must not move the scaler or the decision."""
    rng = np.random.default_rng(0)
    names = ("low", "high")
    pieces = [Track(f"{i}", Path("x.wav"), names[i % 2], f"artist {i}", "test", segment_of=f"{i}") for i in range(60)]
    rows = rng.normal(size=(60, 4)) + 6.0 * (np.arange(60) % 2)[:, None]
    recipe = TabularRecipe(
        "mine", "test", "", FeatureRecipe("kaggle57", 3), ClassifierRecipe("svm", {"c": 1.0, "kernel": "linear"}), 0.1
    )
    far = rows.copy()
    far[50:] += 1e4
    given = []
    for table in (rows, far):
        data = TabularData(tuple(pieces), table, frozenset())
        answers = TabularAnswers(recipe, data, taxonomy=Taxonomy(names), seed=0)
        given.append(answers.answer(pieces[:30], pieces[30:40], pieces[40:50], fold=Split("f", 1, {"train": ("0",)})))
    assert given[0] == given[1]
    assert [row.predicted for row in given[0]] == [names[i % 2] for i in range(40, 50)]
