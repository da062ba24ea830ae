"""What a sample of judged tracks says of the methods: areas with intervals, and paired differences to each control."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genrelens.explain.controls import CONTROLS
from genrelens.explain.curves import Curves
from genrelens.explain.faithfulness import (
    DOMAINS,
    OWN_FILLS,
    TrackCurves,
    as_json_rows,
    judging_fills,
)
from genrelens.explain.splicing import Pointing
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic, paired_bootstrap

SCHEMA: Final = "genrelens.faithfulness/1"
ATTENTION: Final = "attention"
SEED = 0


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method in a domain, over the tracks; each track's figures are means over the fills that may judge the method.

    ``deletion`` (lower is truer) and ``insertion`` (higher is truer) are areas, 0 to 1; ``drop`` is the share of the
    probability lost when only the top fifth is left, ``increases`` the share of tracks that it alone raises.
    """

    method: str
    domain: str
    fills: tuple[str, ...]
    deletion: Interval
    insertion: Interval
    drop: float
    increases: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better a method is than another on the same tracks by the same fills, in areas: above 0 is better."""

    method: str
    against: str
    domain: str
    fills: tuple[str, ...]
    deletion: Interval
    insertion: Interval

    @property
    def beats(self) -> bool:
        """Whether both intervals lie above 0."""
        return bool(self.deletion.low > 0 and self.insertion.low > 0)


@dataclass(frozen=True, slots=True)
class Sanity:
    """Two checks of one method: spliced-genre pointing, and whether its maps stay when the weights are shuffled.

    ``hits`` is the share of splices whose map points into the guest, ``even`` what pointing blindly would hit;
    ``agreement`` the mean rank correlation of the maps with those of the shuffled network, over ``n_agreement`` tracks,
    1 where nothing changes; None where the weights could not be shuffled.
    """

    method: str
    pointings: tuple[Pointing, ...]
    hits: Interval
    even: float
    agreement: Interval | None
    n_agreement: int


@dataclass(frozen=True, slots=True, eq=False)
class FaithfulnessReport:
    """The judged tracks of a model and what they say."""

    model: str
    model_hash: str
    sample: str
    judged: tuple[TrackCurves, ...]
    rows: tuple[MethodRow, ...]
    differences: tuple[Difference, ...]
    sanity: Sanity | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The whole report, with every curve of every track."""
        document = {
            "schema": SCHEMA,
            "model": self.model,
            "model_hash": self.model_hash,
            "sample": self.sample,
            "n_tracks": len(self.judged),
            "n_groups": len({row.group for row in self.judged}),
            "methods": [_method_json(row) for row in self.rows],
            "differences": [_difference_json(row) for row in self.differences],
            "sanity": None if self.sanity is None else _sanity_json(self.sanity),
            "notes": list(self.notes),
        }
        head = json.dumps(document, indent=1)[:-2]
        rows = ",\n".join("  " + json.dumps(row) for row in as_json_rows(self.judged))
        return f'{head},\n "curves": [\n{rows}\n ]\n}}\n'

    def to_text(self) -> str:
        """Two tables for people."""
        lines = [
            f"{self.model}: are its explanations true? {len(self.judged)} tracks ({self.sample})",
            "",
            f"{'domain':<15} {'method':<21} {'deletion, low is good':<24} {'insertion, high is good':<24} "
            f"{'drop':>6} {'rise':>6}  judged by",
        ]
        for row in self.rows:
            lines.append(
                f"{row.domain:<15} {row.method:<21} {row.deletion!s:<24} {row.insertion!s:<24} {row.drop:>6.1%} "
                f"{row.increases:>6.1%}  {', '.join(row.fills)}"
            )
        lines += ["", "Better by, on the same tracks and fills (in brackets 95 % over artists):"]
        for diff in self.differences:
            verdict = "beats it" if diff.beats else "does not beat it in both"
            lines.append(
                f"{diff.domain:<15} {diff.method:<21} than {diff.against:<10} deletion {diff.deletion!s:<24} "
                f"insertion {diff.insertion!s:<24} {verdict}"
            )
        lines += [
            "",
            *([] if self.sanity is None else _sanity_lines(self.sanity)),
            "drop: of the probability, when only the top fifth is left; rise: tracks that the top fifth alone raises.",
            *(f"note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def build(
    judged: Sequence[TrackCurves],
    *,
    model: str,
    model_hash: str,
    sample: str,
    sanity: Sanity | None = None,
    notes: Sequence[str] = (),
) -> FaithfulnessReport:
    """The report of judged tracks; intervals are over their groups (artists)."""
    methods = list(dict.fromkeys(key[0] for row in judged for key in row.curves))
    fills = judging_fills(methods)
    rows, differences = [], []
    for domain in DOMAINS:
        there = [m for m in methods if any(key[:2] == (m, domain) for row in judged for key in row.curves)]
        rows += [_row(judged, method, domain, fills) for method in there]
        rivals = [m for m in there if m in CONTROLS or m == ATTENTION]
        for method in there:
            if method in rivals:
                continue
            differences += [_difference(judged, method, rival, domain, fills) for rival in rivals]
    return FaithfulnessReport(
        model, model_hash, sample, tuple(judged), tuple(rows), tuple(differences), sanity, tuple(notes)
    )


def sanity(
    method: str, pointings: Sequence[Pointing], *, agreement: Sequence[float] | None, groups: Sequence[str]
) -> Sanity:
    """The checks of a method with intervals: of the hits over the guests' artists, of the agreement over ``groups``."""
    hits = grouped_bootstrap(
        mean_statistic([float(one.hit) for one in pointings]),
        groups=[one.group for one in pointings],
        seed=SEED,
    )
    agrees = None
    kept = [(value, group) for value, group in zip(agreement or (), groups, strict=False) if value == value]
    if kept:
        agrees = grouped_bootstrap(
            mean_statistic([value for value, _ in kept]), groups=[group for _, group in kept], seed=SEED
        )
    even = float(np.mean([one.even for one in pointings]))
    return Sanity(method, tuple(pointings), hits, even, agrees, len(kept))


def _fills(fills: Sequence[str], *methods: str) -> tuple[str, ...]:
    """Those that are none of the methods' own."""
    own = {fill for method in methods for fill in OWN_FILLS.get(method, ())}
    return tuple(fill for fill in fills if fill not in own)


def _of(judged: Sequence[TrackCurves], method: str, domain: str, fills: Sequence[str]) -> list[list[Curves]]:
    return [[row.curves[method, domain, fill] for fill in fills] for row in judged]


def _areas(found: list[list[Curves]], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.mean([getattr(curve, name) for curve in curves]) for curves in found])


def _row(judged: Sequence[TrackCurves], method: str, domain: str, judges: Sequence[str]) -> MethodRow:
    fills = _fills(judges, method)
    found = _of(judged, method, domain, fills)
    groups = [row.group for row in judged]
    deletion, insertion = (
        grouped_bootstrap(mean_statistic(_areas(found, name)), groups=groups, seed=SEED)
        for name in ("deletion_area", "insertion_area")
    )
    drop, increases = (float(_areas(found, name).mean()) for name in ("drop", "increases"))
    return MethodRow(method, domain, fills, deletion, insertion, drop, increases)


def _difference(
    judged: Sequence[TrackCurves], method: str, against: str, domain: str, judges: Sequence[str]
) -> Difference:
    fills = _fills(judges, method, against)
    ours, theirs = (_of(judged, name, domain, fills) for name in (method, against))
    groups = [row.group for row in judged]
    # In deletion the lower area is the truer one.
    deletion = paired_bootstrap(
        _areas(theirs, "deletion_area"), correct_b=_areas(ours, "deletion_area"), groups=groups, seed=SEED
    )
    insertion = paired_bootstrap(
        _areas(ours, "insertion_area"), correct_b=_areas(theirs, "insertion_area"), groups=groups, seed=SEED
    )
    return Difference(method, against, domain, fills, deletion, insertion)


def _sanity_lines(found: Sanity) -> list[str]:
    lines = [
        f"{found.method} points at 5 s of another genre inside a piece in {found.hits!s} of {len(found.pointings)} "
        f"splices (blindly: {found.even:.3f}).",
    ]
    if found.agreement is not None:
        lines.append(
            f"With the network's weights shuffled its maps agree with the true ones by {found.agreement!s} "
            f"(rank correlation over {found.n_agreement} tracks; 1 would mean that they do not depend on the network)."
        )
    return [*lines, ""]


def _sanity_json(found: Sanity) -> dict[str, Any]:
    return {
        "method": found.method,
        "pointing": {
            "hits": _interval(found.hits),
            "even": round(found.even, 4),
            "splices": [
                {
                    "host": one.host,
                    "guest": one.guest,
                    "class": one.genre,
                    "at_s": round(one.at_s, 2),
                    "pointed_s": round(one.pointed_s, 2),
                    "hit": one.hit,
                }
                for one in found.pointings
            ],
        },
        "shuffled_weights": None
        if found.agreement is None
        else {"agreement": _interval(found.agreement), "n_tracks": found.n_agreement},
    }


def _interval(found: Interval) -> dict[str, float | None]:
    return {
        name: None if np.isnan(getattr(found, name)) else round(float(getattr(found, name)), 5)
        for name in ("value", "low", "high")
    }


def _method_json(row: MethodRow) -> dict[str, Any]:
    return {
        "method": row.method,
        "domain": row.domain,
        "fills": list(row.fills),
        "deletion": _interval(row.deletion),
        "insertion": _interval(row.insertion),
        "drop": round(row.drop, 5),
        "increases": round(row.increases, 5),
    }


def _difference_json(row: Difference) -> dict[str, Any]:
    return {
        "method": row.method,
        "against": row.against,
        "domain": row.domain,
        "fills": list(row.fills),
        "deletion": _interval(row.deletion),
        "insertion": _interval(row.insertion),
        "beats": row.beats,
    }
