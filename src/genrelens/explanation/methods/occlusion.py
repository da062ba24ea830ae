"""Occlusion: what the class loses when a part of the sound is taken out (Zeiler & Fergus 2014, arXiv 1311.2901).

A score is the class's log-odds with all sound minus its log-odds without the part: above 0 the part speaks for the
class, below 0 against it. Parts are taken out alone (:func:`without_each`), or in turn (:func:`permutation_losses`).

Of two moments of which either is enough, taking out one alone shows neither. In turn, by permutation sampling, parts go
one after the other in a random order until half are gone, then the other half in the same way from all sound again:
each is taken once an order, with a coalition of none to half of the others gone before it. For one window that is a
semivalue of cooperative games (Dubey, Neyman & Weber 1981, Math. Oper. Res. 6(1)) that weighs every coalition size
below half alike, and within a size every coalition; of an odd number of parts, coalitions of just half the others count
half as much, since only the first half of an order is that long. Shapley's value goes on until nothing is left, and the
less there is, the less of it is anything that the model has ever heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing
from genrelens.explanation.parts import Part

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Called before each step, with how many were done before and how many there are."""

SEED = 0
_AT_ONCE = 16
"""How many altered copies of a window are answered in one batch; a window of raw samples takes megabytes."""


def without_each(
    hearing: Hearing, parts: Sequence[Part], *, baseline: Float32, progress: Progress | None = None
) -> Float64:
    """Pooled logits ``(n, c)`` without each of n parts, the ``baseline`` in its place.

    A part that holds no sound cannot be taken out: without it the logits are those of all sound.
    """
    found = np.tile(hearing.logits, (len(parts), 1))
    with_sound = set(hearing.with_sound(parts))
    for i, part in enumerate(parts):
        if progress is not None:
            progress(i, len(parts))
        if i in with_sound:
            found[i] = hearing.without([part], baseline=baseline)
    return found


def permutation_losses(
    hearing: Hearing,
    parts: Sequence[Part],
    *,
    baselines: Sequence[Float32],
    n_orders: int,
    seed: int = SEED,
    progress: Progress | None = None,
) -> Float64:
    """What the pooled logits lose with each of n parts, ``(n, c)``, the mean over random orders and baselines.

    Args:
        hearing: the stretch; its windows' logits are pooled by their mean, so each window is asked by itself about the
            parts that it touches, and its losses are shared among all windows that hold sound.
        parts: none over another; one that holds no sound loses nothing and is never replaced.
        baselines: ``(k, bands)`` each, what stands in a part's place.
        n_orders: of each window, for each baseline.
        seed: of the orders.
        progress: called before each window with how many were done, of all baselines.

    The cost is ``n_orders * len(baselines)`` passes of every window for each part that it touches.
    """
    random = np.random.default_rng(seed)
    with_sound = hearing.with_sound(parts)
    windows = hearing.scored_windows
    found = np.zeros((len(parts), len(hearing.bundle.names)))
    for done, (baseline, index) in enumerate((b, index) for b in baselines for index in windows):
        if progress is not None:
            progress(done, len(baselines) * len(windows))
        start, end = hearing.spans[index]
        touched = [i for i in with_sound if parts[i].start < end and start < parts[i].end]
        for _ in range(n_orders):
            order = random.permutation(touched).tolist()
            middle = -(-len(order) // 2)
            for half in (order[:middle], order[middle:]):
                found[half] += _steps(hearing, index, [parts[i] for i in half], baseline=baseline)
    return found / (n_orders * len(baselines) * max(len(windows), 1))


def _steps(hearing: Hearing, index: int, parts: Sequence[Part], *, baseline: Float32) -> Float64:
    """What a window's logits lose with each of n parts, the ones before being gone: ``(n, c)``."""
    start, end = hearing.spans[index]
    changed = hearing.frames[start:end].copy()
    versions, logits = [], [hearing.window_logits(index)[np.newaxis]]
    for i, part in enumerate(parts, 1):
        at = np.s_[max(part.start - start, 0) : max(part.end - start, 0), part.low : part.high]
        changed[at] = baseline[start:end][at]
        versions.append(changed.copy())
        if len(versions) == _AT_ONCE or i == len(parts):
            logits.append(hearing.logits_of(versions))
            versions = []
    losses: Float64 = -np.diff(np.concatenate(logits), axis=0)
    return losses


def scores(hearing: Hearing, logits_without: Float64, *, genre: int) -> Float64:
    """What each part adds to the log-odds of a class: ``(n, c)`` pooled logits without them give ``(n,)``."""
    found: Float64 = hearing.log_odds(hearing.logits, genre) - hearing.log_odds(logits_without, genre)
    return found
