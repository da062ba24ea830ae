"""What an audit finds, and the report that it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from genrelens.errors import DataError

SCHEMA: Final = "genrelens.audit/1"

KINDS: Final[Mapping[str, str]] = {
    "unreadable": "files that give no sound",
    "silent": "files of silence",
    "label_conflict": "one recording under two genres",
    "exact_repeat": "files with the same samples",
    "near_repeat": "copies of one recording, encoded, cut or made louder",
    "artist_overlap": "artists, recordings or segments of a track in several parts of the split",
    "short": "files cut off, too short, or of another length than the rest",
    "clipped": "sound cut off at full scale",
    "label_suspect": "tracks that sound like another genre than their label",
    "imbalance": "genres with few tracks beside the largest",
}
"""The kinds of findings, the worst first, and what each is in words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: its ``kind`` (a key of :data:`KINDS`), the paths it is about, a ``score`` from 0 to 1 (how strong the
    fault is; what is measured differs by kind), a sentence, and whether it makes the data unfit as they are.
    """

    kind: str
    tracks: tuple[str, ...]
    score: float
    message: str
    serious: bool

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DataError(f"unknown kind of finding {self.kind!r}; known kinds: {', '.join(KINDS)}")
        if not 0.0 <= self.score <= 1.0:
            raise DataError(f"the score of a finding lies between 0 and 1, got {self.score}")

    def to_json(self) -> dict[str, Any]:
        """The four fields that every reader may count on."""
        return {"kind": self.kind, "tracks": list(self.tracks), "score": round(self.score, 4), "message": self.message}


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All findings, grouped by kind (worst first) and sorted by score.

    ``root`` is the folder as it was named, ``dataset`` what it was taken for (``None``: music without labels),
    ``n_files`` how many files were heard, ``n_tracks`` how many labelled tracks they hold, ``notes`` sentences about
    what was not looked at, or was odd.
    """

    root: str
    dataset: str | None
    n_files: int
    n_tracks: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kinds = list(KINDS)
        order = sorted(self.findings, key=lambda f: (kinds.index(f.kind), not f.serious, -f.score, f.tracks))
        object.__setattr__(self, "findings", tuple(order))

    @property
    def n_serious(self) -> int:
        """How many findings are serious."""
        return sum(finding.serious for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each kind, worst kind first; kinds without one are left out."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def to_json(self) -> dict[str, Any]:
        """The report in JSON types."""
        return {
            "schema": SCHEMA,
            "root": self.root,
            "dataset": self.dataset,
            "n_files": self.n_files,
            "n_tracks": self.n_tracks,
            "counts": self.counts,
            "n_serious": self.n_serious,
            "notes": list(self.notes),
            "findings": [finding.to_json() for finding in self.findings],
        }
