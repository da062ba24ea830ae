"""What an explanation says, and the one JSON form it has in the shell, the page and the library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.schema import encode

SCHEMA = "genrelens.explanation/1"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the file, s, and its score: higher means more for the class."""

    start_s: float
    end_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Band:
    """A range of frequencies, Hz, over the whole stretch, and its score: higher means more for the class."""

    low_hz: float
    high_hz: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMap:
    """Scores of time and frequency together.

    Attributes:
        times_s: ``(n + 1,)`` edges of the cells in the file, s, ascending.
        edges_hz: ``(m + 1,)`` edges of the cells, Hz, ascending.
        scores: ``(n, m)`` float64, higher means more for the class.
    """

    times_s: NDArray[np.float64]
    edges_hz: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.times_s) - 1, len(self.edges_hz) - 1):
            raise ValueError(
                f"scores {self.scores.shape} do not fit {len(self.times_s)} and {len(self.edges_hz)} edges"
            )


BEATS = 0.95
"""A share of the random draws that an explanation should beat before it is called a good one. Of 19 draws that is all
of them, which a fifth picked by chance does in one explanation of twenty."""
CLEARLY = 1.25
"""And by how much the top fifth should take more than a random one, times."""
MOVES = 0.05
"""A probability that changes by less, whichever fifth is taken out, is not moved by any."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Whether this explanation is true: what is left of the class when its best fifth is taken out, by log-odds.

    Near 0 and 1 probabilities hardly move, whatever is taken out; log-odds, ``ln(p / (1 - p))``, do.

    Attributes:
        share: of the segments that were taken out, e.g. 0.2.
        seconds: how long they are together.
        fill: what stood in their place, not the method's own fill.
        probability, log_odds: of the class with all sound.
        without_top, log_odds_without_top: without the segments of the highest scores.
        without_random, log_odds_without_random: without as many drawn by chance from all, each time.
        seed: of the draws.
    """

    share: float
    seconds: float
    fill: str
    probability: float
    without_top: float
    without_random: tuple[float, ...]
    log_odds: float
    log_odds_without_top: float
    log_odds_without_random: tuple[float, ...]
    seed: int

    @property
    def drop_top(self) -> float:
        """How far the probability falls without the top."""
        return self.probability - self.without_top

    @property
    def drop_random(self) -> float:
        """How far it falls without a random fifth, the mean over the draws."""
        return self.probability - float(np.mean(self.without_random))

    @property
    def taken_by_top(self) -> float:
        """How far the log-odds fall without the top."""
        return self.log_odds - self.log_odds_without_top

    @property
    def taken_by_random(self) -> float:
        """How far they fall without a random fifth, the mean over the draws."""
        return self.log_odds - float(np.mean(self.log_odds_without_random))

    @property
    def beaten(self) -> float:
        """Share of the draws that took less from the class than the top did."""
        return float(np.mean([left > self.log_odds_without_top for left in self.log_odds_without_random]))

    @property
    def verdict(self) -> str:
        """``good``: the top fifth clearly matters more than others; ``weak``: more than the mean of others, as about
        every second fifth picked by chance does; ``poor``: no more."""
        # Where the class rises either way, to rise by less is no reason.
        if self.taken_by_top <= max(self.taken_by_random, 0.0) + 1e-9:
            return "poor"
        clearly = self.beaten >= BEATS and self.taken_by_top >= CLEARLY * self.taken_by_random
        return "good" if clearly else "weak"

    @property
    def moved(self) -> bool:
        """Whether any fifth that was taken out moves the probability by :data:`MOVES` or more."""
        left = (self.without_top, *self.without_random)
        return max(abs(self.probability - p) for p in left) >= MOVES


@dataclass(frozen=True, slots=True)
class OtherWay:
    """What the model says where the same part is taken out in another way, in words such as "with silence in its
    place": the answer then, and its probability."""

    way: str
    answer: str
    probability: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the model would say without one part of the sound; the part is all time or all frequencies where None."""

    start_s: float | None
    end_s: float | None
    low_hz: float | None
    high_hz: float | None
    genre: str
    probability: float
    answer: str
    answer_probability: float
    """``genre`` is the winner with all sound, ``probability`` what it has left; ``answer`` is the new winner."""
    other_way: OtherWay
    """Every way of taking a part out also changes something else, so two ways are tried."""

    @property
    def changes(self) -> bool:
        """Whether another genre wins."""
        return self.answer != self.genre


@dataclass(frozen=True, slots=True)
class Tempo:
    """Beats a minute, and how clear they are: 0 (none) to 1 (a metronome)."""

    bpm: float
    clarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a model says what it says of one track.

    Attributes:
        genre: the class that is explained.
        method: its name, such as ``occlusion``.
        unit: what scores are, in words.
        segments: over time, in order.
        bands: over frequency, lowest first; empty where the method is over time only.
        cells: over both, or None.
        probability: of ``genre`` in the stretch, 0 to 1.
        runner_up: the likeliest other genre in the stretch and its probability; None without another.
        faithfulness: of this explanation; None where there is too little sound to judge.
        what_if: the one part whose absence takes most from the winner; None where the method takes nothing out.
        tempo: None where no beat is clear.
        start_s, end_s: the stretch that is explained, the whole file unless it is long.
        duration_s: of the file.
        model_name, model_hash: which model.
        notes: what else must be known, e.g. that the model gives no answer.
    """

    genre: str
    method: str
    unit: str
    segments: tuple[Segment, ...]
    bands: tuple[Band, ...]
    cells: ScoreMap | None
    probability: float
    runner_up: tuple[str, float] | None
    faithfulness: Faithfulness | None
    what_if: WhatIf | None
    tempo: Tempo | None
    start_s: float
    end_s: float
    duration_s: float
    model_name: str
    model_hash: str
    notes: tuple[str, ...] = ()

    def top(self, n: int) -> list[Segment]:
        """Up to ``n`` segments that speak for the class, the strongest first, in the order of their scores."""
        positive = [segment for segment in self.segments if segment.score > 0]
        return sorted(positive, key=lambda segment: -segment.score)[:n]

    def to_json(self, *, path: str | None) -> dict[str, Any]:
        """The explanation in JSON types; scores and probabilities have six decimals, seconds three, Hz one."""
        cells, runner_up = self.cells, self.runner_up
        return {
            "schema": SCHEMA,
            "path": path,
            "class": self.genre,
            "probability": _rounded(self.probability),
            "runner_up": None if runner_up is None else {"class": runner_up[0], "probability": _rounded(runner_up[1])},
            "method": self.method,
            "unit": self.unit,
            "segments": _rounded(encode(self.segments)),
            "bands": _rounded(encode(self.bands)),
            "cells": None
            if cells is None
            else _rounded({name: getattr(cells, name).tolist() for name in ("times_s", "edges_hz", "scores")}),
            "faithfulness": None
            if self.faithfulness is None
            else _rounded({name: getattr(self.faithfulness, name) for name in _FAITHFULNESS}),
            "what_if": None if self.what_if is None else _what_if(self.what_if),
            "tempo": None
            if self.tempo is None
            else {"bpm": round(self.tempo.bpm, 1), "clarity": round(self.tempo.clarity, 3)},
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "duration_s": round(self.duration_s, 3),
            "model": {"name": self.model_name, "hash": self.model_hash},
            "notes": list(self.notes),
        }


_FAITHFULNESS = (
    *("share", "seconds", "fill", "probability", "without_top", "without_random", "drop_top", "drop_random"),
    *("log_odds", "log_odds_without_top", "log_odds_without_random", "verdict", "moved", "seed"),
)


def _rounded(value: Any, *, name: str = "") -> Any:
    """JSON values with as many decimals as the key says; NaN becomes null."""
    if isinstance(value, dict):
        return {key: _rounded(item, name=key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item, name=name) for item in value]
    if not isinstance(value, float):
        return value
    digits = 1 if name.endswith("_hz") else 3 if name.endswith("_s") or name == "seconds" else 6
    return None if math.isnan(value) else round(float(value), digits)


def _what_if(found: WhatIf) -> dict[str, Any]:
    where = {name: getattr(found, name) for name in ("start_s", "end_s", "low_hz", "high_hz")}
    return {
        "without": {name: None if value is None else round(value, 3) for name, value in where.items()},
        "class": found.genre,
        "probability": _rounded(found.probability),
        "answer": found.answer,
        "answer_probability": _rounded(found.answer_probability),
        "other_way": {
            "way": found.other_way.way,
            "answer": found.other_way.answer,
            "answer_probability": _rounded(found.other_way.probability),
        },
    }
