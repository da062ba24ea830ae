"""A small corpus and its frames, made once for all trainings."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_training
from genrelens.data import Track


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return tiny_training.write_corpus(tmp_path_factory.mktemp("corpus") / "music")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")
