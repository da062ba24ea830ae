"""Checkpoints: written whole, and read as a training left them, or a plain word that one is damaged."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import nn

from genrelens.errors import TrainingError
from genrelens.files import written_aside

_NETWORK = "network."
"""In front of the network's own names."""
_KINDS = {
    "state_dict": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "loops": dict,
    "callbacks": dict,
    "epoch": int,
    "global_step": int,
}
"""What Lightning writes, and needs to go on; what it does without, it begins anew in silence."""


class WholeCheckpoints(TorchCheckpointIO):
    """How Lightning writes checkpoints here: beside the older one, which stays until the new one stands.

    Its own way writes to ``$TMPDIR``, and where that is another disk copies from there over the older one.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Lightning calls this in the first process alone. Raises ``OSError`` as the system does."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(place) as aside:
            aside.write_bytes(content.getbuffer())  # not a second copy: a large network's takes gigabytes

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """The file itself: Lightning's own way takes a path with ``::`` or ``://`` in it for an address."""
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds, read without running code in it.

    Raises :class:`TrainingError` where it is damaged, or cannot be read, which is another thing: it may well be whole.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (PermissionError, FileNotFoundError, MemoryError) as error:  # torch's zip reader has OSErrors of its own
        raise TrainingError(
            f"the checkpoint {path} cannot be read ({str(error) or type(error).__name__}); see whether the file may be "
            "read and there is memory for it, and give the same command again"
        ) from error
    except Exception as error:  # pickle, zip and torch errors of many classes all mean the same
        raise damaged(path, str(error) or type(error).__name__) from error
    if not isinstance(found, dict):
        raise damaged(path, "it is of another kind")
    for key, kind in _KINDS.items():
        value = found.get(key)
        if not isinstance(value, kind) or (kind is not int and not value):
            raise damaged(path, f"it holds no {key}")
    if "epoch_progress" not in (found["loops"].get("fit_loop") or ()):
        raise damaged(path, "it holds no place to go on from")
    if not any(isinstance(state, dict) and state.get("rows") for state in found["callbacks"].values()):
        raise damaged(path, "it holds no history of its epochs")
    checkpoint: dict[str, Any] = found
    return checkpoint


def network_weights(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """The weights of the network alone, by the names that it has for them."""
    return {
        key.removeprefix(_NETWORK): value
        for key, value in checkpoint["state_dict"].items()
        if isinstance(key, str) and key.startswith(_NETWORK)
    }


def check_weights(path: Path, network: nn.Module) -> None:
    """Raise :class:`TrainingError` for a checkpoint that is damaged, or holds the weights of another network."""
    checkpoint = read_checkpoint(path)
    stored = network_weights(checkpoint)
    expected = network.state_dict()
    for name in (*expected, *stored):
        of_both = [getattr(weights.get(name), "shape", None) for weights in (stored, expected)]
        if of_both[0] is None or of_both[0] != of_both[1]:
            raise damaged(path, f"it is of another network: the weights {name!r:.100} do not fit")


def damaged(path: Path, why: str) -> TrainingError:
    """What to say of a checkpoint from which a training cannot go on."""
    why = (why.splitlines() or [""])[0][:300]
    return TrainingError(
        f"the checkpoint {path} is damaged ({why}), so that the training cannot go on from it; delete the run's folder "
        "and start anew, or give another folder"
    )
