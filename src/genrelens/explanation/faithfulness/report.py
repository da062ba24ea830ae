"""What a sample of judged tracks says of the methods: areas with intervals, and paired differences to each control."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genrelens.explanation.controls import CONTROLS
from genrelens.explanation.faithfulness.curves import Curves
from genrelens.explanation.faithfulness.splicing import Pointing
from genrelens.explanation.faithfulness.tracks import (
    ATTENTION,
    DOMAINS,
    OWN_FILLS,
    RIVALS,
    TrackCurves,
    as_json_rows,
    judging_fills,
)
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic, paired_bootstrap

SCHEMA: Final = "genrelens.faithfulness/2"
SEED = 0
FEW_GROUPS: Final = 20
"""Artists; with fewer, intervals by drawing them again are too narrow, and the report says so."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method in a domain, over the tracks; each track's figures are means over the fills that may judge the method.

    ``deletion`` (lower is truer) and ``insertion`` (higher is truer) are areas, 0 to 1; ``drop`` is the average drop,
    the share of the probability that is lost when only the top fifth is left, ``increases`` the increase in confidence,
    the share of tracks whose probability it alone raises.
    """

    method: str
    domain: str
    fills: tuple[str, ...]
    deletion: Interval
    insertion: Interval
    drop: Interval
    increases: Interval


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

    @property
    def is_told(self) -> bool:
        """Whether both have intervals, without which nothing can be said."""
        return not np.isnan([self.deletion.low, self.insertion.low]).any()


@dataclass(frozen=True, slots=True)
class Sanity:
    """Two checks of one method: spliced-genre pointing, and whether its maps stay when the weights are shuffled.

    ``hits`` is the share of splices whose map points into the guest, ``even`` what pointing blindly would hit;
    ``agreement`` the mean rank correlation of the maps with those of the shuffled network, over ``n_agreement`` tracks,
    1 where nothing changes; None where no map could be compared, since one of the two is the same everywhere.
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
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def n_groups(self) -> int:
        """Artists among the judged tracks."""
        return len({row.group for row in self.judged})

    @property
    def verdict(self) -> tuple[str, ...]:
        """What the differences say, a sentence for each domain and each that there is to beat."""
        return tuple(
            _verdict(domain, rival, found)
            for domain in DOMAINS
            for rival in RIVALS
            if (
                found := [diff for diff in self.differences if (diff.domain, diff.against) == (domain, rival)]
            )
        )

    def to_json(self) -> str:
        """The whole report, with every curve of every track."""
        document = {
            "schema": SCHEMA,
            "model": self.model,
            "model_hash": self.model_hash,
            "sample": self.sample,
            "n_tracks": len(self.judged),
            "n_groups": self.n_groups,
            "left_out": [{"id": id_, "why": why} for id_, why in self.left_out],
            "verdict": list(self.verdict),
            "methods": [_method_json(row) for row in self.rows],
            "differences": [_difference_json(row) for row in self.differences],
            "sanity": None if self.sanity is None else _sanity_json(self.sanity),
            "notes": list(self.notes),
        }
        head = json.dumps(document, indent=1)[:-2]
        rows = ",\n".join("  " + json.dumps(row) for row in as_json_rows(self.judged))
        return f'{head},\n "curves": [\n{rows}\n ]\n}}\n'

    def to_text(self) -> str:
        """Two tables and what they say, for people."""
        lines = [
            f"{self.model}: are its explanations true? {len(self.judged)} tracks ({self.sample})",
            "",
            f"{'domain':<15} {'method':<21} {'deletion, low is good':<24} {'insertion, high is good':<24} "
            f"{'drop':>6} {'rise':>6}  judged by",
        ]
        for row in self.rows:
            lines.append(
                f"{row.domain:<15} {row.method:<21} {row.deletion!s:<24} {row.insertion!s:<24} "
                f"{row.drop.value:>6.1%} {row.increases.value:>6.1%}  {', '.join(row.fills)}"
            )
        lines += [
            "drop: average drop, of the probability, when only the top fifth is left; "
            "rise: tracks whose confidence the top fifth alone increases.",
            "",
            f"Better by, on the same tracks and fills (in brackets 95 % over {self.n_groups} artists):",
        ]
        for diff in self.differences:
            verdict = "beats it" if diff.beats else "does not beat it in both"
            lines.append(
                f"{diff.domain:<15} {diff.method:<21} than {_name(diff.against):<13} deletion {diff.deletion!s:<24} "
                f"insertion {diff.insertion!s:<24} {verdict}"
            )
        lines += [
            *(["", *self.verdict] if self.verdict else []),
            *([] if self.sanity is None else ["", *_sanity_lines(self.sanity)]),
            *([""] if self.notes or self.left_out else []),
            *(f"note: {note}" for note in self.notes),
            *(f"left out: {id_}: {why}" for id_, why in self.left_out),
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
    left_out: Sequence[tuple[str, str]] = (),
) -> FaithfulnessReport:
    """The report of judged tracks; intervals are over their groups (artists)."""
    methods = list(dict.fromkeys(key[0] for row in judged for key in row.curves))
    fills = judging_fills(methods)
    rows, differences = [], []
    for domain in DOMAINS:
        there = [m for m in methods if any(key[:2] == (m, domain) for row in judged for key in row.curves)]
        rows += [_row(judged, method, domain, fills) for method in there]
        for method in there:
            if method not in CONTROLS:  # raw attention has them to beat as well
                differences += [
                    _difference(judged, method, rival, domain, fills)
                    for rival in RIVALS
                    if rival in there and rival != method
                ]
    few = len({row.group for row in judged})
    if few < FEW_GROUPS:
        notes = [*notes, f"{few} artists only: intervals over so few are too narrow"]
    return FaithfulnessReport(
        model,
        model_hash,
        sample,
        tuple(judged),
        tuple(rows),
        tuple(differences),
        sanity,
        tuple(notes),
        tuple(left_out),
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
    pairs = [] if agreement is None else zip(agreement, groups, strict=True)
    kept = [(value, group) for value, group in pairs if value == value]
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
    deletion, insertion, drop, increases = (
        grouped_bootstrap(mean_statistic(_areas(found, name)), groups=groups, seed=SEED)
        for name in ("deletion_area", "insertion_area", "drop", "increases")
    )
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


def _verdict(domain: str, rival: str, found: Sequence[Difference]) -> str:
    over, what = domain.replace("-", " and "), _name(rival)
    told = [diff for diff in found if diff.is_told]
    if not told:
        return f"Over {over}, whether anything beats {what} cannot be told: there are no intervals."
    better = [diff.method for diff in told if diff.beats]
    others = [diff.method for diff in found if diff.method not in better]
    measures = "in both deletion and insertion"
    if not better:
        return f"Over {over}, nothing beats {what} {measures}: not {_listed(others, 'or')}."
    rest = f"; {_listed(others, 'and')} {'does' if len(others) == 1 else 'do'} not" if others else ""
    return f"Over {over}, {_listed(better, 'and')} {'beats' if len(better) == 1 else 'beat'} {what} {measures}{rest}."


def _listed(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _name(rival: str) -> str:
    return "raw attention" if rival == ATTENTION else rival


def _sanity_lines(found: Sanity) -> list[str]:
    lines = [
        f"{found.method} points at 5 s of another genre inside a piece in {found.hits!s} of {len(found.pointings)} "
        f"splices (blindly: {found.even:.3f}).",
    ]
    if found.agreement is None:
        lines.append("With the network's weights shuffled no map could be compared with the true one.")
    else:
        lines.append(
            f"With the network's weights shuffled its maps agree with the true ones by {found.agreement!s} "
            f"(rank correlation over {found.n_agreement} tracks; 1 would mean that they do not depend on the network)."
        )
    return lines


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
        "average_drop": _interval(row.drop),
        "increase_in_confidence": _interval(row.increases),
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
