"""Fixtures that several rooms share. Modules beside this file can be imported by every test."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

import compiled

_COMPILED = compiled.begin()  # before anything imports numba

hypothesis.settings.register_profile("no deadline", deadline=None)  # how fast an example is, is no matter of tests
hypothesis.settings.load_profile("no deadline")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real music, by GENRELENS_DATA or beside the repository; without one the test skips."""
    folder = Path(os.environ.get("GENRELENS_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "gtzan_index.csv").is_file():
        pytest.skip(f"no real music here: neither GENRELENS_DATA nor {folder} holds gtzan_index.csv")
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model of tests/tiny_model.py: three genres, answers that can be checked by hand."""
    import tiny_model

    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny", attention=True, experimental=("thump",))


def pytest_sessionfinish(exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK:
        compiled.keep(_COMPILED)
