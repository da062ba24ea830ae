"""Fixtures that several rooms share. Modules beside this file can be imported by every test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model of tests/tiny_model.py: three genres, answers that can be checked by hand."""
    import tiny_model

    return tiny_model.write(
        tmp_path_factory.mktemp("models") / "tiny", attention=True, experimental=("thump",)
    )
