"""research/thin_genres.py: a branch's weight never comes from the tracks it is used on, the page is the report's."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOL = Path(__file__).resolve().parents[1] / "research/thin_genres.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("thin_genres", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["thin_genres"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_fold_has_no_say_in_its_own_weight(tool: ModuleType) -> None:
    """A branch that is right in fold 0 alone gets weight 0 in fold 0, where others choose, and more elsewhere."""
    rng = np.random.default_rng(0)
    fold_of = np.repeat(np.arange(5), [200, 20, 20, 20, 20])
    classes = rng.integers(0, 10, len(fold_of))
    known = np.where(fold_of == 0, classes, (classes + 1) % 10)
    extra = np.eye(10)[known]
    nothing = np.zeros((len(classes), 10))
    for each_genre in (False, True):
        weights = tool.choose(nothing, extra, classes, fold_of, each_genre=each_genre)
        assert weights[0] == 0
        assert (weights[1:] > 1).all()


def test_statistics_of_a_picture_that_is_known(tool: ModuleType) -> None:
    """A line that flashes every ten columns: its rhythm peaks at 10, and rows without it are nothing."""
    picture = np.zeros((1, 216, 334), np.float32)
    picture[0, 100:104, ::10] = 1
    row = tool.picture_statistics(picture)[0]
    assert row.shape == (276,)
    means, rhythm = row[:54], row[-60:]
    assert means[25] == pytest.approx(34 / 334)
    assert np.delete(means, 25).max() == 0
    assert rhythm.argmax() + 1 == 10


def test_the_page_says_what_the_report_says(tool: ModuleType) -> None:
    lines = tool.tables(json.loads(tool.RESULTS.read_text("utf-8")))
    assert "\n".join(lines) in tool.PAGE.read_text("utf-8")
