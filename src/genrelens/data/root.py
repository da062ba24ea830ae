"""Where data sets are: the folder given, or the one that ``GENRELENS_DATA`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from genrelens.errors import DataError

VARIABLE: Final = "GENRELENS_DATA"


def data_root(root: Path | str | None = None) -> Path:
    """The folder to look for a data set in; ``None`` means the one named by the environment variable.

    Raises :class:`DataError` when neither is given, or when the folder is missing or not a folder.
    """
    given = os.environ.get(VARIABLE, "") if root is None else str(root)
    if not given.strip():
        raise DataError(
            "no data folder",
            code="no_data_root",
            hint=f"give one, or name it in the environment variable {VARIABLE}",
        )
    folder = Path(given).expanduser()
    if not folder.is_dir():
        came = "is not a folder" if folder.exists() else "does not exist"
        told = f" (from {VARIABLE})" if root is None else ""
        raise DataError(
            f"the data folder {str(folder)!r}{told} {came}; give the folder of a data set", code="missing"
        )
    return folder
