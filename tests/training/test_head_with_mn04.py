"""A head over musicnn with mn04 beside: its bundle answers as the linear layer on the rows that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import tiny_mn04
import tiny_training
from genrelens import recipe as recipes
from genrelens.bundle import Bundle, softmax
from genrelens.bundle.mn04 import RELEASED_SHA256, graph_path
from genrelens.features.embedding import mean_rows
from genrelens.features.mn04 import mn04_windows
from genrelens.features.musicnn import musicnn_windows
from genrelens.recipe import TabularRecipe
from genrelens.training.heads import HeadData, train_head
from genrelens.training.run import Origin


@pytest.mark.slow
def test_the_bundle_answers_a_file_as_the_head_answers_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    tiny_mn04.write(graph_path(), source_sha256=RELEASED_SHA256)
    corpus = tiny_training.write_corpus(tmp_path / "corpus")
    windows = musicnn_windows(corpus, cache=tmp_path / "cache")
    rows = mean_rows(corpus, windows)
    spread = np.stack([one.std(axis=0, dtype=np.float64) for one in windows])
    spread[::3] = np.nan
    beside = mean_rows(corpus, mn04_windows(corpus, cache=tmp_path / "cache"))
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    data = HeadData(corpus, rows, windows, spread=spread, mn04=beside)
    assert data.numbers.shape == (len(corpus), 712 + 712 + 911)
    origin = Origin(tiny_training.TAXONOMY, "synthetic", "all")
    bundle = Bundle.load(train_head(recipe, data, origin, out=tmp_path / "run"))
    assert bundle.manifest.track_numbers == ("spread", "mn04") and bundle.track_term is not None
    assert "mn04 (EfficientAT, MIT licence)" in bundle.card
    # What mn04 adds is what its part of the term says, of a track whose spread is known to both or to none.
    term = bundle.track_term
    alone = HeadData(corpus, rows, windows, mn04=beside)
    assert alone.of_tracks.keys() == {"mn04"}
    for i in (1, 11):
        prediction = bundle.predict(corpus[i].path)
        assert prediction.genre == corpus[i].genre
        held = prediction.window_probabilities[~np.isnan(prediction.window_probabilities[:, 0])]
        pooled = np.log(held).mean(axis=0) * bundle.manifest.temperature
        n_windows = len(held)
        known = {"mn04": beside[i]} | ({"spread": windows[i].std(axis=0, dtype=np.float64)} if n_windows >= 4 else {})
        expected = softmax(pooled + term.logits(known), temperature=bundle.manifest.temperature)
        np.testing.assert_allclose(prediction.probabilities, expected, atol=2e-3)
