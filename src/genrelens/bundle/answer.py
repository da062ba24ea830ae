"""The answer to one file: a prediction, or the reason why there is none; no file can raise anything here."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from genrelens.bundle.prediction import Prediction, failed_row
from genrelens.errors import GenrelensError
from genrelens.parallel import map_in_order, n_cores

if TYPE_CHECKING:
    from genrelens.audio.walk import Named
    from genrelens.bundle import Bundle

FILES_A_WORKER = 4
"""One more worker process pays for so many more files: starting one takes as long as a few files of 30 s."""


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


def answer(path: str, *, bundle: Bundle, coverage: float) -> Answer:
    """Predict one file; whatever is wrong with it becomes the answer's code and message."""
    return next(_answers([path], bundle, coverage))


def answer_all(
    paths: Sequence[str], *, bundle: Bundle, coverage: float, n_workers: int | None
) -> Generator[Answer, None, None]:
    """The answer to each path, in their order, each as soon as all before it are there.

    ``n_workers`` processes do the work (they are spawned: see :func:`genrelens.parallel.map_each`); 0 does it in this
    one, None takes as many as pay: none for one file. A file that brings its process down twice is answered with the
    code ``decoder_crashed``. Closing the iterator ends the processes.
    """
    if n_workers is None:
        n_workers = 0 if len(paths) < 2 else max(1, min(n_cores(), len(paths) // FILES_A_WORKER))
    if n_workers == 0:
        return _answers(paths, bundle, coverage)
    work = partial(answer, bundle=bundle, coverage=coverage)
    return map_in_order(work, paths, n_workers=n_workers, died=_crashed)


def answer_named(
    files: Sequence[Named], *, bundle: Bundle, coverage: float, n_workers: int | None
) -> Generator[Answer, None, None]:
    """As :func:`answer_all`; a file that is known already not to be answerable has that for its answer."""
    paths = [file.path for file in files if file.code is None]
    with closing(answer_all(paths, bundle=bundle, coverage=coverage, n_workers=n_workers)) as answers:
        for file in files:
            if file.code is None:
                yield next(answers)
            else:
                yield Answer(file.path, code=file.code, message=file.message or "")


def _answers(paths: Sequence[str], bundle: Bundle, coverage: float) -> Generator[Answer, None, None]:
    each = bundle.predict_each(paths, coverage=coverage)
    for path, found in zip(paths, each, strict=True):
        yield _answer_of(path, found)


def _answer_of(path: str, found: Prediction | Exception) -> Answer:
    if isinstance(found, Prediction):
        return Answer(path, found)
    if isinstance(found, GenrelensError):
        return Answer(path, code=found.code, message=str(found))
    # One file that trips over a fault of ours must not cost the answers to the others.
    if os.environ.get("GENRELENS_DEBUG"):
        raise found
    return Answer(path, code="internal", message=f"internal error: {type(found).__name__}: {found}")


def to_row(found: Answer, *, bundle: Bundle, timeline: bool, top: int | None) -> dict[str, Any]:
    """The answer in JSON types; with ``top``, ``probabilities`` holds so many genres, likeliest first."""
    if found.prediction is None:
        return failed_row(
            found.path,
            code=found.code,
            message=found.message,
            model_name=bundle.name,
            model_hash=bundle.hash,
            timeline=timeline,
        )
    row = found.prediction.to_dict(path=found.path, timeline=timeline)
    if top is not None and row["probabilities"] is not None:
        row["probabilities"] = {name: row["probabilities"][name] for name, _ in found.prediction.top(top)}
    return row


def _crashed(path: str) -> Answer:
    return Answer(
        path,
        code="decoder_crashed",
        message=f"{path!r}: reading it ended the process twice (the decoder crashed, or the memory ran out): "
        "convert it to WAV or FLAC with another program and try that; please report the file",
    )
