"""What a training set's own music says of when not to answer: how far is far, and the limits of a model's silence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.abstention import Abstention
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.models.screens import NotMusic, Screens, Unlikeness, read_not_music
from genrelens.training.calibrate import fold_rows

SHARE = 0.04
"""Share of its own music, out of fold, on which a model may hold back its answer, all reasons together."""
N_DIRECTIONS = 16

_SHARES = np.array([2.0, 1.0, 1.0])
"""How the three reasons share that, as ``not_music``, ``unlike_training``, ``undecided``."""
_FLOOR = 1e-3
"""A direction's deviation is taken for at least this share of the widest one's: beyond lies rounding."""

Windows = Sequence[NDArray[np.float32]]
FloatArray = NDArray[np.float64]


def fit_unlikeness(windows: Windows, *, n_directions: int = N_DIRECTIONS) -> Unlikeness:
    """The widest directions of a training set's ``windows``, a (w, d) a track; each track counts the same.

    ``n_directions`` of them, or as many as there are tracks if fewer. Features are brought to deviation 1 first.
    Raises :class:`TrainingError` for fewer than two tracks.
    """
    if len(windows) < 2:
        raise TrainingError(f"how far from the training is far takes two tracks or more, got {len(windows)}")
    rows = np.concatenate(windows).astype(np.float64)
    share = np.concatenate([np.full(len(track), 1 / len(track)) for track in windows])
    share /= share.sum()
    mean = share @ rows
    deviation = np.sqrt(share @ (rows - mean) ** 2)
    deviation[deviation <= _FLOOR * deviation.max()] = np.inf  # a feature that stands still says nothing
    normal = (rows - mean) / deviation
    variances, directions = np.linalg.eigh(normal.T @ (normal * share[:, None]))
    widest = np.argsort(-variances)[: min(n_directions, len(windows))]
    widths = np.sqrt(np.maximum(variances[widest], (_FLOOR**2) * variances.max()))
    projection = directions[:, widest] / widths / deviation[:, None]
    return Unlikeness(mean.astype(np.float32), projection.astype(np.float32))


@torch.inference_mode()
def screens_of(screens: Screens, windows: Windows) -> FloatArray:
    """``(n, 2)``: each track's mean over its windows (w, d), which are one at least."""
    return np.stack(
        [screens(torch.from_numpy(np.asarray(track, np.float32))).double().mean(dim=0).numpy() for track in windows]
    )


def out_of_fold_screens(
    tracks: Sequence[Track],
    windows: Windows,
    *,
    seed: int,
    rows: FloatArray | None = None,
    not_music: NotMusic | None = None,
) -> FloatArray:
    """``(n, 2)``: what screens that have heard neither a track nor its artist say of it.

    The detector of what is no music is not fitted to the tracks; for those that it has heard elsewhere its own
    out-of-fold answers stand in. ``rows`` (n, d): the means over all windows of a track where ``windows`` are only
    some; the detector is linear, so that it gives of these what a prediction will.
    """
    detector = read_not_music() if not_music is None else not_music
    values = np.zeros((len(tracks), 2))
    for learn, answer in fold_rows(tracks, seed=seed):
        screens = Screens(fit_unlikeness([windows[i] for i in learn]), not_music=detector)
        values[answer] = screens_of(screens, [windows[i] for i in answer])
    if rows is not None:
        values[:, 0] = rows @ detector.weight.astype(np.float64) + float(detector.bias)
    heard = dict(zip(detector.heard, detector.out_of_fold.tolist(), strict=True))
    for i, track in enumerate(tracks):
        if track.dataset == detector.dataset and track.whole in heard:
            values[i, 0] = heard[track.whole]
    return values


def limit_among(sources: Sequence[FloatArray], share: float) -> float:
    """The value that ``share`` of music lies beyond, where each of several ``sources (n_i,)`` weighs the same."""
    values = np.concatenate([np.asarray(source, dtype=np.float64) for source in sources])
    weights = np.concatenate([np.full(len(source), 1 / len(source) / len(sources)) for source in sources])
    falling = np.argsort(-values, kind="stable")
    beyond = np.cumsum(weights[falling])
    return float(values[falling[int(np.searchsorted(beyond, share + 1e-9, side="right"))]])


def abstention(confidence: FloatArray, screens: FloatArray, *, share: float = SHARE) -> Abstention:
    """The limits with which at most ``share`` of the music is held back, from out-of-fold values.

    ``confidence`` (n,) is the largest calibrated probability of each track, ``screens`` (n, 2). The limits lie on
    values of the tracks, and the reasons share what is held back as two to one to one, as far as whole tracks go.
    """
    worst = np.column_stack([screens, -confidence])
    n_tracks = len(worst)
    falling = -np.sort(-worst, axis=0)
    limits = falling[0]
    for total in range(1, n_tracks + 1):
        counts = np.minimum((_SHARES / _SHARES.sum() * total).astype(int), n_tracks - 1)
        wider = falling[counts, np.arange(3)]
        if (worst > wider).any(axis=1).sum() > share * n_tracks:
            break
        limits = wider
    return Abstention(max_not_music=float(limits[0]), max_unlikeness=float(limits[1]), min_confidence=-float(limits[2]))
