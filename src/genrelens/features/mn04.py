"""What mn04 makes of tracks: 911 numbers of each 10 s, 384 features and the logits of AudioSet's 527 classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genrelens.bundle.mn04 import CLOSING_FROM, N_NUMBERS, SETTINGS, WIDTHS, WINDOW, Mn04
from genrelens.data.track import Track
from genrelens.features.embedding import Embedding, Progress, Windows, embed, heard

N_FEATURES: Final = WIDTHS["features"]

SCHEMA: Final = 1
"""Part of every kept window's name: raise it when the network's arithmetic or its windows change."""


def embedding(source: Path | None = None) -> Embedding:
    """mn04 from a converted graph, or that of the user's folder.

    Raises :class:`BundleError`, with the code ``not_fetched`` where there is none.
    """
    network = Mn04.load(source)
    return Embedding(
        front_end=SETTINGS,
        windows=WINDOW,
        shape=(N_NUMBERS,),
        made_by={"mn04": SCHEMA, "weights": network.sha256},
        network=lambda: network,
        closing_from=CLOSING_FROM,
    )


def mn04_windows(
    tracks: Sequence[Track],
    *,
    cache: Path,
    source: Path | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> tuple[Windows, ...]:
    """``(w, 911)`` for each track, without the windows that are silent; a track that is silent throughout has none.

    Of a row ``[:384]`` are the features and ``[384:]`` the logits. Raises :class:`TrainingError` naming the tracks that
    cannot be read, and as :func:`embedding` does.
    """
    made = embed("mn04", tracks, cache=cache, source=source, n_workers=n_workers, progress=progress)
    return tuple(map(heard, made))
