"""The saved model that a name or a path means."""

from __future__ import annotations

import os
from pathlib import Path

from genrelens.bundle.predict import SHIPPED
from genrelens.errors import BundleError, did_you_mean


def find_bundle(model: str | Path) -> str:
    """The name or path of the model itself: as given, or the one inside a run's folder. Raises :class:`BundleError`."""
    folder = Path(model)
    if not os.path.lexists(model) and (meant := did_you_mean(str(model), SHIPPED)) and model not in SHIPPED:
        raise BundleError(f"{model}: there is no such model{meant}", code="missing")
    if model in SHIPPED or not _is_folder(folder) or (folder / "manifest.json").is_file():
        return str(model)  # a .zip file, a model's folder, or nothing at all: loading it will tell
    for name in ("bundle", "model.bundle"):
        if (folder / name / "manifest.json").is_file():
            return str(folder / name)
    if (folder / "run.json").is_file():
        raise BundleError(
            f"{model} is a run that has no model yet",
            code="unfinished_run",
            hint="let the training finish, or resume it",
        )
    raise BundleError(
        f"{model} is neither a saved model (it has no manifest.json) nor a run (it has no bundle folder)",
        hint="give the folder that genrelens train wrote, or a model",
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long: loading it will say so
        return False
