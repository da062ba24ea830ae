"""Parts taken out in turn: what each takes along when others may be gone already.

Of two moments of which either is enough, taking out one alone shows neither. Here parts go one after the other, in an
order of chance, until half are gone, then the other half in the same way from all sound again: each goes once in an
order, in company of none to half of the others. What it takes along is averaged over orders, baselines and windows. Of
one window that is a semivalue of cooperative games (Dubey, Neyman & Weber 1981, Math. Oper. Res. 6(1)) that weighs each
size of company below half alike, and within a size every company; of an odd number of parts, companies of just half the
others count half as much, since only the first half of an order is that long. Shapley's value goes on until nothing is
left, and the less there is, the less of it is anything that the model has ever heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing, Part
from genrelens.explanation.methods.occlusion import Progress
from genrelens.frontend.frames import is_silent

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SEED: Final = 0
_AT_ONCE = 16
"""Versions of a window that are heard together: of samples a window is megabytes."""


def taken_along(
    hearing: Hearing,
    parts: Sequence[Part],
    *,
    baselines: Sequence[Float32],
    n_orders: int,
    seed: int = SEED,
    progress: Progress | None = None,
) -> Float64:
    """What each of n parts takes along of the pooled logits, ``(n, c)``, by the mean over orders and baselines.

    Args:
        hearing: the stretch; its windows' logits are pooled by their mean, so each window is asked by itself about the
            parts that it touches, and what it gives is shared among all windows that hold sound.
        parts: none over another; one that holds no sound takes nothing along and is never replaced.
        baselines: ``(k, bands)`` each, what stands in a part's place.
        n_orders: of each window, for each baseline.
        seed: of the orders.
        progress: called before each window with how many were done and how many there are, all baselines counted.

    The cost is ``n_orders * len(baselines)`` hearings of every window for each part that it touches.
    """
    random = np.random.default_rng(seed)
    sounding = [
        i
        for i, part in enumerate(parts)
        if not is_silent(hearing.frames[part.start : part.end, :], settings=hearing.front_end)
    ]
    windows = hearing.sounding
    found = np.zeros((len(parts), len(hearing.bundle.names)))
    for done, (baseline, index) in enumerate(
        (baseline, index) for baseline in baselines for index in windows
    ):
        if progress is not None:
            progress(done, len(baselines) * len(windows))
        start, end = hearing.spans[index]
        touched = [i for i in sounding if parts[i].start < end and start < parts[i].end]
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
            logits.append(hearing.heard_as(versions))
            versions = []
    losses: Float64 = -np.diff(np.concatenate(logits), axis=0)
    return losses


def scores(hearing: Hearing, taken: Float64, *, genre: int) -> Float64:
    """What a class's log-odds lose when the pooled logits lose what each part takes along: ``(n, c)`` give ``(n,)``."""
    found: Float64 = hearing.log_odds(hearing.logits, genre) - hearing.log_odds(hearing.logits - taken, genre)
    return found
