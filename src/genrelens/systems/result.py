"""What a reproduction found: what was reported, what the same protocol gives here, and what an honest split leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.evaluation.report import Report, chance
from genrelens.metrics import Interval
from genrelens.schema import decode, encode, parse, read_text
from genrelens.systems.cuts import AtHand, Cut, shared_artists, shared_tracks

SCHEMA: Final = "genrelens.reproduce/1"


@dataclass(frozen=True, slots=True)
class GenreFigures:
    """One genre under one cut; NaN where nothing was measured."""

    genre: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One model's figures under one cut, over the answered tracks (or pieces) of ``over``: the full genres, or where
    none is full all of them.

    ``says``, ``split``, ``part``, ``leaks`` name the cut; ``n_learnt`` and ``n_stopped`` count what it learnt from and
    stopped on, ``n`` what it answered, all in the unit that is ``counted``. ``shared_artists``: the share of answers
    about an artist who was learnt from; ``shared_tracks``: the share of answered pieces that have siblings among what
    was learnt from. ``majority`` and ``uniform`` are what guessing gets.
    """

    says: str
    split: str
    part: str
    leaks: tuple[str, ...]
    counted: str
    over: tuple[str, ...]
    n_learnt: int
    n_stopped: int
    n: int
    n_artists: int
    n_failed: int
    accuracy: Interval
    macro_precision: Interval
    macro_recall: Interval
    macro_f1: Interval
    majority: float
    uniform: float
    shared_artists: float
    shared_tracks: float
    genres: tuple[GenreFigures, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the original: as reported (0 to 1, NaN where no number was), by its protocol here, and honestly."""

    name: str
    counted: str
    reported: float
    reported_says: str
    protocol: Measured | None
    honest: Measured | None


@dataclass(frozen=True, slots=True)
class PartAtHand:
    """What of a part of a split can be used here."""

    split: str
    part: str
    n_here: int
    n_all: int


@dataclass(frozen=True, slots=True)
class Version:
    """A package that the figures rest on."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class Check:
    """A number that the page's sentences rest on, by name: so that no page of docs holds one typed by hand."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Reproduction:
    """All of a system. ``leaked``, ``mended``, ``differs`` and ``notes`` are sentences."""

    system: str
    title: str
    dataset: str
    seed: int
    lines: tuple[Line, ...]
    leaked: tuple[str, ...]
    mended: tuple[str, ...]
    differs: tuple[str, ...]
    notes: tuple[str, ...]
    at_hand: tuple[PartAtHand, ...]
    checks: tuple[Check, ...]
    commands: tuple[str, ...]
    versions: tuple[Version, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types, fields by name."""
        document: dict[str, Any] = encode(self)
        return document

    @classmethod
    def read(cls, path: Path | str) -> Reproduction:
        """Read ``reproduce.json``. Raises :class:`DataError` when it cannot be read, or is none."""
        source = f"the reproduction {str(path)!r}"
        text = read_text(path, what="reproduction")
        document = parse(text, schema=SCHEMA, source=source)
        document.pop("files", None)  # what lies beside it is no figure
        found: Reproduction = decode(cls, document, where=source)
        return found


def measured(report: Report, cut: Cut, *, counted: str, n_learnt: int, n_stopped: int) -> Measured:
    """The figures of a report, and what must be said beside them."""
    head = (
        report.full_genres if report.full_genres.n_tracks else report.all_genres
    )  # where all genres are thin
    levels = chance(report, head)
    return Measured(
        says=cut.says,
        split=cut.split.name,
        part=cut.tested,
        leaks=tuple(sorted(cut.split.leaks)),
        counted=counted,
        over=head.genres,
        n_learnt=n_learnt,
        n_stopped=n_stopped,
        n=head.n_tracks,
        n_artists=head.n_artists,
        n_failed=report.n_failed,
        accuracy=head.accuracy,
        macro_precision=head.macro_precision,
        macro_recall=head.macro_recall,
        macro_f1=head.macro_f1,
        majority=levels.majority,
        uniform=levels.uniform,
        shared_artists=shared_artists(cut),
        shared_tracks=shared_tracks(cut),
        genres=tuple(
            GenreFigures(row.genre, row.precision.value, row.recall.value, row.f1.value, row.support)
            for row in report.genres
        ),
    )


def parts_at_hand(*cuts: Cut) -> tuple[PartAtHand, ...]:
    """What the cuts' splits ask for, and what of it is here; a split of two cuts once."""
    found: dict[tuple[str, str], AtHand] = {(c.split.name, a.part): a for c in cuts for a in c.at_hand}
    return tuple(PartAtHand(split, part, a.n_here, a.n_all) for (split, part), a in found.items())
