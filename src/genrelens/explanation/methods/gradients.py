"""Class-specific attribution by gradients of a network in PyTorch, as scores of segments, bands and cells; ``[train]``.

Integrated gradients: Sundararajan et al. 2017, "Axiomatic attribution for deep networks" (arXiv 1703.01365), equation
1. Attention x gradient relevance: Chefer et al. 2021, "Generic attention-model explainability" (arXiv 2103.15679),
equations 5 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.attention import frame_scores
from genrelens.explanation.methods.scoring import INTEGRATED, Scored
from genrelens.explanation.network import network_of
from genrelens.explanation.parts import BandGroup

if TYPE_CHECKING:
    from torch import Tensor

    from genrelens.models.network import Network

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

Odds = Callable[["Tensor"], "Tensor"]
"""From pooled logits ``(c,)`` to a class's log-odds: :func:`log_odds` of some genre."""

STEPS = 16
"""Points of the path from the baseline to the sound. The attributions then add up to the difference that they explain
to within a few hundredths (a test measures it)."""
_BATCH = 8


def gradient_scores(method: str, hearing: Hearing, *, genre: int) -> Scored:
    """Scores of a stretch's parts by one of the two methods.

    Raises :class:`BundleError` where the network cannot be built again, or the method needs attention it has not.
    """
    network, manifest = network_of(hearing.bundle), hearing.bundle.manifest
    odds = partial(log_odds, genre=genre, temperature=manifest.temperature, multi_label=manifest.multi_label)
    return (_integrated if method == INTEGRATED else _relevance)(hearing, network, odds)


def silent_input(hearing: Hearing) -> float:
    """The number that the graph is given of silence. Raises :class:`BundleError` where there is none."""
    number = hearing.front_end.silent_input
    if number is None:
        raise BundleError(
            f"{hearing.bundle.name} hears decibels without a floor: nothing stands for silence, from which "
            f"{INTEGRATED} would begin; occlusion works with every model",
            code="no_gradients",
        )
    return number


def _integrated(hearing: Hearing, network: Network, odds: Odds) -> Scored:
    inputs, grid = dict(hearing.inputs()), hearing.grid
    values = np.stack(list(inputs.values()))
    found = integrated_gradients(network, values, odds=odds, baseline=silent_input(hearing))
    total = np.zeros(hearing.frames.shape)
    for index, attributed in zip(inputs, found, strict=True):
        start, end = hearing.spans[index]
        np.add.at(total, start + np.arange(len(attributed)) % (end - start), attributed)
    return Scored(
        unit="what the part adds to the log-odds of the class, on the way from silence to the sound",
        judged_by="mean",
        segments=np.add.reduceat(total, grid.edges[:-1], axis=0).sum(axis=1),
        bands=_grouped(total.sum(axis=0, keepdims=True), grid.groups)[0],
        cells=_grouped(np.add.reduceat(total, grid.step_edges[:-1], axis=0), grid.step_groups)
        if grid.step_groups
        else None,
    )


def _relevance(hearing: Hearing, network: Network, odds: Odds) -> Scored:
    def tokens_of(done: int, values: Float32) -> Float64:
        (tokens,) = attention_relevance(network, values[np.newaxis], odds=odds)
        return np.asarray(tokens, np.float64)

    frames = np.nan_to_num(frame_scores(hearing, tokens_of))
    return Scored(
        unit="attention that raises the class, by its gradient; 0 and up",
        judged_by="mean",
        segments=np.array([frames[a:b].mean() for a, b in pairwise(hearing.grid.edges)]),
        notes=("Attention relevance has no sign, and is over time only.",),
    )


def _grouped(rows: Float64, groups: Sequence[BandGroup]) -> Float64:
    """``(n, bands)`` summed over each group's bands: ``(n, m)``."""
    sums = [rows[:, group.first : group.after].sum(axis=1) for group in groups]
    return np.stack(sums, axis=1) if sums else np.zeros((len(rows), 0))


def log_odds(logits: Tensor, *, genre: int, temperature: float, multi_label: bool) -> Tensor:
    """``ln(p / (1 - p))`` of a class, calibrated, of pooled logits ``(c,)``."""
    import torch

    scaled = logits / temperature
    if multi_label:
        return scaled[genre]
    others = torch.cat([scaled[:genre], scaled[genre + 1 :]])
    odds: Tensor = scaled[genre] - others.logsumexp(0)
    return odds


def integrated_gradients(
    network: Network, values: Float32, *, odds: Odds, baseline: float, steps: int = STEPS
) -> Float64:
    """What each number of the windows adds to the log-odds of a class, ``(w, n_frames, n_bands)``, signed.

    ``values`` are the windows as the graph takes them, pooled by their mean as in prediction; ``baseline`` is what
    stands for nothing (silence: -top_db in decibels). The path goes through all windows together, by the midpoint
    rule; the sum over everything is the log-odds of the sound less those of the baseline.
    """
    import torch

    sound = torch.from_numpy(np.ascontiguousarray(values))
    nothing = torch.full_like(sound, baseline)
    total = torch.zeros(sound.shape, dtype=torch.float64)
    for step in range(steps):
        at = nothing + (sound - nothing) * ((step + 0.5) / steps)
        # The pooled logits of all windows first, so that a window's own pass has only to carry their gradient.
        pooled = _pooled(network, at).requires_grad_()
        (slope,) = torch.autograd.grad(odds(pooled), pooled)
        for part in _parts(len(at)):
            batch = at[part].clone().requires_grad_()
            weighted = (network(batch).logits * slope).sum() / len(at)
            (gradient,) = torch.autograd.grad(weighted, batch)
            total[part] += gradient
    found: Float64 = (total / steps * (sound - nothing)).numpy()
    return found


def attention_relevance(network: Network, values: Float32, *, odds: Odds) -> Float64:
    """How much each token of each window matters for a class, ``(w, tokens)``, 0 and up; a window at a time.

    Heads are averaged after their weights are multiplied by their gradients and cut off below 0; layers are chained
    with the identity for the skip connections (equations 5 and 6); output tokens count alike. The identity itself is
    left out of the answer, since it is the same for every token. Raises :class:`BundleError` (code ``no_attention``)
    for networks without encoder layers of ours.
    """
    import torch

    from genrelens.models.network import EncoderLayer

    layers = [module for module in network.modules() if isinstance(module, EncoderLayer)]
    if not layers:
        raise BundleError(
            "this network has no attention to weigh with gradients; occlusion works with every model",
            code="no_attention",
        )
    rows = []
    for layer in layers:
        layer.keeps_weights = True
    try:
        for window in torch.from_numpy(np.ascontiguousarray(values)):
            target = odds(network(window[None]).logits[0])
            weights: list[Any] = [layer.kept_weights for layer in layers]
            gradients = torch.autograd.grad(target, weights)
            relevance = torch.eye(weights[0].shape[-1])
            for weight, gradient in zip(weights, gradients, strict=True):
                per_head = (weight.detach() * gradient).clamp(min=0)[0]
                relevance = relevance + per_head.mean(dim=0) @ relevance
            rows.append((relevance - torch.eye(len(relevance))).mean(dim=0).double().numpy())
    finally:
        for layer in layers:
            layer.keeps_weights, layer.kept_weights = False, None
    return np.stack(rows)


def _pooled(network: Network, windows: Tensor) -> Tensor:
    import torch

    with torch.no_grad():
        logits = torch.cat([network(windows[part]).logits for part in _parts(len(windows))])
    return logits.mean(dim=0)


def _parts(n: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, n, _BATCH)]
