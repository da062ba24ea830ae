"""What an audit finds and the report that it makes; the faults of files, of the collection's balance and of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genrelens.audio.notes import faults
from genrelens.audit.duplicates import Duplicate, with_duplicates
from genrelens.audit.listen import Heard
from genrelens.data import Split, Track
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


SILENT: Final = 0.98
"""Share of tenths of a second without sound from which a file is silent: 2 % may be clicks."""
MOSTLY_SILENT: Final = 0.5
"""Share from which that is worth saying."""
CLIPPED: Final = 1e-3
"""Share of samples in runs at full scale: 22 a second at 22,050 Hz."""
SHORTEST_S: Final = 3.0
"""Seconds below which no genre can be told from a file (the shortest segments that the field classifies)."""
USUAL: Final = 0.1
"""Clips are of one length when they differ from the median by no more than this share of it ..."""
USUAL_SHARE: Final = 2 / 3
"""... and so many of the files are."""
MIN_FILES: Final = 5
"""Fewer files have no usual length."""
THIN: Final = 1 / 3
"""A genre is thin when it has less than this share of the largest genre's tracks."""


def file_faults(heard: Sequence[Heard]) -> Iterator[Finding]:
    """What is wrong with each file by itself, and with its length among the others."""
    usual_s = usual_length([one.duration_s for one in heard if one.error is None])
    for one in heard:
        if one.error is not None:
            yield Finding("unreadable", (one.path,), 1.0, one.error, serious=True)
            continue
        if one.quiet_share >= SILENT:
            message = f"nothing but silence in {one.duration_s:.1f} s"
            yield Finding("silent", (one.path,), one.quiet_share, message, serious=True)
        elif one.quiet_share >= MOSTLY_SILENT:
            message = f"{_percent(one.quiet_share)} of its {one.duration_s:.1f} s is silence"
            yield Finding("silent", (one.path,), one.quiet_share, message, serious=False)
        if one.clipped_share >= CLIPPED:
            message = f"{_percent(one.clipped_share)} of its samples are cut off at full scale"
            yield Finding("clipped", (one.path,), one.clipped_share, message, serious=False)
        yield from _length(one, usual_s)


def usual_length(durations_s: Sequence[float]) -> float | None:
    """The length that most files have, in seconds; ``None`` where they have none, as albums have."""
    if len(durations_s) < MIN_FILES:
        return None
    median = float(np.median(durations_s))
    n_near = sum(abs(duration_s - median) <= USUAL * median for duration_s in durations_s)
    return median if n_near >= USUAL_SHARE * len(durations_s) else None


def _length(one: Heard, usual_s: float | None) -> Iterator[Finding]:
    """At most one finding a file: what is missing is missing once."""
    wrong = faults(one.notes)
    said = [note.removeprefix("the file is ") for note in wrong]
    off = 0.0
    if usual_s is not None and abs(one.duration_s - usual_s) > USUAL * usual_s:
        off = 1.0 - min(one.duration_s, usual_s) / max(one.duration_s, usual_s)
        said.append(f"{one.duration_s:.1f} s, where the others have {usual_s:.1f} s")
    too_short = one.duration_s < SHORTEST_S
    if too_short and not off:
        said.append(f"{one.duration_s:.2g} s, too short to tell a genre from")
    if said:
        score = max(off, 1.0 - one.duration_s / SHORTEST_S if too_short else 0.0, 0.5 if wrong else 0.0)
        yield Finding("short", (one.path,), score, "; ".join(said), serious=too_short or bool(wrong))


def imbalance(tracks: Sequence[Track]) -> Iterator[Finding]:
    """Genres with less than a third of the tracks of the largest."""
    counts = Counter(track.genre for track in tracks)
    if len(counts) < 2:
        return
    largest, most = counts.most_common(1)[0]
    paths: dict[str, dict[str, None]] = defaultdict(dict)
    for track in tracks:
        paths[track.genre][str(track.path)] = None
    for genre, n in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        if n < THIN * most:
            message = f"{genre} has {n} tracks, {largest} has {most}"
            yield Finding("imbalance", tuple(paths[genre]), 1.0 - n / most, message, serious=False)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


_WHAT: Final[Mapping[str, str]] = {
    "segments": "segments of the track {}",
    "duplicates": "the recording {}",
    "artists": "{}",
}


def overlaps(
    split: Split, tracks_of: Mapping[str, Sequence[Track]], *, duplicates: Sequence[Duplicate]
) -> Iterator[Finding]:
    """A finding for each artist, recording or track in more than one part; one that the split declares is not serious.

    ``tracks_of`` are the tracks by the path of their file. The score is the share of the split's tracks at hand.
    """
    path_of = {track.id: path for path, tracks in tracks_of.items() for track in tracks}
    part_of = {id_: [part for part, ids in split.parts.items() if id_ in ids] for id_ in path_of}
    n_tracks = sum(bool(parts) for parts in part_of.values())
    tracks = with_duplicates(tracks_of, duplicates=duplicates)
    for overlap in split.overlaps(tracks):
        held = [track for track in tracks if part_of[track.id] and _key(track, overlap.kind) == overlap.what]
        if not held:
            continue
        counts = {part: sum(part in part_of[track.id] for track in held) for part in overlap.parts}
        where = ", ".join(f"{part} ({n})" for part, n in counts.items())
        declared = overlap.kind in split.leaks
        message = f"{_WHAT[overlap.kind].format(overlap.what)}: in {where} of split {split.name!r}" + (
            f", which declares that it leaks {overlap.kind}" if declared else ""
        )
        paths = tuple(dict.fromkeys(path_of[track.id] for track in held))
        yield Finding("artist_overlap", paths, len(held) / n_tracks, message, serious=not declared)


def _key(track: Track, kind: str) -> str | None:
    return {"segments": track.whole, "duplicates": track.recording, "artists": track.artist}[kind]
