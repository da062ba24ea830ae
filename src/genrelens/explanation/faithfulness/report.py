"""What a sample of judged tracks says of the methods: areas with intervals, and paired differences to each control."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genrelens.explanation.faithfulness.judging import CONTROLS, Curves
from genrelens.explanation.faithfulness.sample import (
    ATTENTION,
    DOMAINS,
    OWN_BASELINES,
    RIVALS,
    TrackCurves,
    as_json_rows,
    judging_baselines,
)
from genrelens.explanation.faithfulness.sanity import Sanity
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic, paired_bootstrap

SCHEMA: Final = "genrelens.faithfulness/2"
SEED = 0
FEW_GROUPS: Final = 20
"""Artists; with fewer, intervals by drawing them again are too narrow, and the report says so."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method in a domain, over the tracks; each track's figures are means over the baselines it is judged by.

    ``deletion`` (lower is truer) and ``insertion`` (higher is truer) are areas, 0 to 1; ``average_drop`` is the share
    of the probability that is lost when only the top fifth is left, ``increase_in_confidence`` the share of tracks
    whose probability it alone raises.
    """

    method: str
    domain: str
    fills: tuple[str, ...]
    deletion: Interval
    insertion: Interval
    average_drop: Interval
    increase_in_confidence: Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better a method is than another on the same tracks and baselines, in areas: above 0 is better."""

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
        """Whether both have intervals; without them no comparison is possible."""
        return not np.isnan([self.deletion.low, self.insertion.low]).any()


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
            if (found := [diff for diff in self.differences if (diff.domain, diff.against) == (domain, rival)])
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
            "methods": [_row_json(row) for row in self.rows],
            "differences": [{**_row_json(row), "beats": row.beats} for row in self.differences],
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
                f"{row.average_drop.value:>6.1%} {row.increase_in_confidence.value:>6.1%}  {', '.join(row.fills)}"
            )
        lines += [
            "drop: average drop, of the probability, when only the top fifth is left; "
            "rise: tracks whose confidence the top fifth alone increases.",
            "",
            f"Better by, on the same tracks and baselines (in brackets 95 % over {self.n_groups} artists):",
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
    baselines = judging_baselines(methods)
    rows, differences = [], []
    for domain in DOMAINS:
        there = [m for m in methods if any(key[:2] == (m, domain) for row in judged for key in row.curves)]
        rows += [method_row(judged, method, domain, baselines=baselines) for method in there]
        for method in there:
            if method not in CONTROLS:  # raw attention has them to beat as well
                differences += [
                    difference(judged, method, rival, domain, baselines=baselines)
                    for rival in RIVALS
                    if rival in there and rival != method
                ]
    few = len({row.group for row in judged})
    if few < FEW_GROUPS:
        notes = [*notes, f"{few} artists only: intervals over so few are too narrow"]
    return FaithfulnessReport(
        model, model_hash, sample, tuple(judged), tuple(rows), tuple(differences), sanity, tuple(notes), tuple(left_out)
    )


def method_row(judged: Sequence[TrackCurves], method: str, domain: str, *, baselines: Sequence[str]) -> MethodRow:
    """The figures of one method by those of the ``baselines`` that are not its own, with intervals over artists."""
    its = _less_own(baselines, method)
    found = _of(judged, method, domain, its)
    groups = [row.group for row in judged]
    deletion, insertion, drop, increases = (
        grouped_bootstrap(mean_statistic(_areas(found, name)), groups=groups, seed=SEED)
        for name in ("deletion_area", "insertion_area", "drop", "increases")
    )
    return MethodRow(method, domain, its, deletion, insertion, drop, increases)


def difference(
    judged: Sequence[TrackCurves], method: str, against: str, domain: str, *, baselines: Sequence[str]
) -> Difference:
    """How much better one method is than another, track by track, by those of the ``baselines`` that neither was made
    with; intervals over artists."""
    its = _less_own(baselines, method, against)
    ours, theirs = (_of(judged, name, domain, its) for name in (method, against))
    groups = [row.group for row in judged]
    # In deletion the lower area is the truer one.
    deletion, insertion = (
        paired_bootstrap(_areas(a, name), correct_b=_areas(b, name), groups=groups, seed=SEED)
        for a, b, name in ((theirs, ours, "deletion_area"), (ours, theirs, "insertion_area"))
    )
    return Difference(method, against, domain, its, deletion, insertion)


def _less_own(baselines: Sequence[str], *methods: str) -> tuple[str, ...]:
    own = {name for method in methods for name in OWN_BASELINES.get(method, ())}
    return tuple(name for name in baselines if name not in own)


def _of(judged: Sequence[TrackCurves], method: str, domain: str, baselines: Sequence[str]) -> list[list[Curves]]:
    return [[row.curves[method, domain, name] for name in baselines] for row in judged]


def _areas(found: list[list[Curves]], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.mean([getattr(curve, name) for curve in curves]) for curves in found])


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
        f"{found.method} points at 5 s of another genre inside a track in {found.hits!s} of {len(found.pointings)} "
        f"splices (blindly: {found.even:.3f})."
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


def _row_json(row: MethodRow | Difference) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {name: _interval(one) if isinstance(one, Interval) else one for name, one in values.items()}


def _interval(found: Interval) -> dict[str, float | None]:
    ends = {"value": found.value, "low": found.low, "high": found.high}
    return {name: None if np.isnan(end) else round(float(end), 5) for name, end in ends.items()}
