"""The answer to one piece: a prediction, or the reason why there is none; no file can raise anything here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genrelens.cli.pieces import Piece
from genrelens.errors import GenrelensError

if TYPE_CHECKING:
    from genrelens.bundle import Bundle, Prediction


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one path: ``prediction``, or else ``code`` and ``message``."""

    path: str
    prediction: Prediction | None = None
    code: str = ""
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no prediction."""
        return self.prediction is None


def answer(piece: Piece, *, bundle: Bundle, coverage: float) -> Answer:
    """Predict one piece; whatever is wrong with it becomes the answer's code and message."""
    if piece.code is not None:
        return Answer(piece.path, code=piece.code, message=piece.message or "")
    try:
        return Answer(piece.path, bundle.predict(piece.path, coverage=coverage))
    except GenrelensError as error:
        return Answer(piece.path, code=error.code, message=str(error))
    except Exception as error:
        # One file that trips over a fault of ours must not cost the answers to the others.
        if os.environ.get("GENRELENS_DEBUG"):
            raise
        return Answer(piece.path, code="internal", message=f"internal error: {type(error).__name__}: {error}")


def to_row(found: Answer, *, bundle: Bundle, timeline: bool, top: int | None) -> dict[str, Any]:
    """The answer in JSON types; with ``top``, ``probabilities`` holds so many genres, likeliest first."""
    from genrelens.bundle import failed_row

    if found.prediction is None:
        return failed_row(
            found.path,
            code=found.code,
            message=found.message,
            model_name=bundle.name,
            model_hash=bundle.hash,
            timeline=timeline,
        )
    row = found.prediction.to_json(path=found.path, timeline=timeline)
    if top is not None and row["probabilities"] is not None:
        row["probabilities"] = {name: row["probabilities"][name] for name, _ in found.prediction.top(top)}
    return row
