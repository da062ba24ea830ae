"""Checkpoints as a training left them, or a plain word that one is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from genrelens.errors import TrainingError

_KEYS = ("state_dict", "optimizer_states", "lr_schedulers", "loops", "callbacks")
"""What Lightning writes, and needs to go on."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds, read without running code in it.

    Raises :class:`TrainingError` where it is damaged, or cannot be read, which is another thing: it may well be whole.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (
        PermissionError,
        FileNotFoundError,
        MemoryError,
    ) as error:  # torch's zip reader has OSErrors of its own
        raise TrainingError(
            f"the checkpoint {path} cannot be read ({str(error) or type(error).__name__}); see whether the file may be "
            "read and there is memory for it, and give the same command again"
        ) from error
    except Exception as error:  # pickle, zip and torch errors of many classes all mean the same
        raise _damaged(path, (str(error).splitlines() or [type(error).__name__])[0]) from error
    missing = [key for key in _KEYS if key not in found] if isinstance(found, dict) else list(_KEYS)
    if missing:
        raise _damaged(path, f"it holds no {missing[0]}")
    checkpoint: dict[str, Any] = found
    return checkpoint


def _damaged(path: Path, why: str) -> TrainingError:
    return TrainingError(
        f"the checkpoint {path} is damaged ({why}), so that the training cannot go on from it; delete the run's folder "
        "and start anew, or give another --out"
    )
