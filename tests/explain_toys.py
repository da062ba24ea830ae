"""Sounds and explanations that several tests of this folder share."""

from __future__ import annotations

import numpy as np

from genrelens.explanation.explanation import Explanation, ScoreMap, Segment


def hum_and_hiss(*, hum_s: list[tuple[float, float]], duration_s: float = 12.0, rate: int = 8000) -> np.ndarray:
    """Soft hiss throughout, and a loud hum of 150 Hz in some spans."""
    t = np.arange(round(duration_s * rate)) / rate
    sound = 0.05 * np.diff(np.random.default_rng(0).standard_normal(len(t) + 1))
    for start, end in hum_s:
        sound += 0.5 * np.sin(2 * np.pi * 150 * t) * ((t >= start) & (t < end))
    return sound.astype(np.float32)


def explanation(
    scores: list[float], *, cells: np.ndarray | None = None, edges_hz: tuple[float, ...] = (), start_s: float = 0.0
) -> Explanation:
    """Segments of a second with these scores, and cells over them."""
    times = start_s + np.arange(len(scores) + 1.0)
    return Explanation(
        genre="jazz",
        method="occlusion",
        unit="",
        segments=tuple(Segment(times[i], times[i + 1], s) for i, s in enumerate(scores)),
        bands=(),
        cells=None if cells is None else ScoreMap(times, np.array(edges_hz), cells),
        probability=0.9,
        runner_up=None,
        faithfulness=None,
        what_if=None,
        tempo=None,
        start_s=start_s,
        end_s=float(times[-1]),
        duration_s=float(times[-1]),
        model_name="m",
        model_hash="0",
    )
