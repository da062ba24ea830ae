import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real music, by GENRELENS_DATA or beside the repository; without one the test skips."""
    folder = Path(os.environ.get("GENRELENS_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "gtzan_index.csv").is_file():
        pytest.skip(f"no real music here: neither GENRELENS_DATA nor {folder} holds gtzan_index.csv")
    return folder
