"""A table of descriptors in memory, one row a file or segment: its rows' names, and the tracks that they belong to.

===========================  ========================  =========================
a row of                     the whole file            its segment 3
===========================  ========================  =========================
a clip with a published id   ``blues.00000.wav``       ``blues.00000.3.wav``
any other file               ``rock/a song.mp3``       ``rock/a song.mp3#3``
===========================  ========================  =========================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.data.registry import clip_id
from genrelens.data.track import Track, in_one_form
from genrelens.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """``n`` rows of ``d`` descriptors, checked when made; the arrays are not copied and not to be written to.

    Attributes:
        columns: the names of the descriptors, d of them.
        filenames: what Kaggle's first column holds, n different names (see ``names.py``).
        lengths: (n,) int64, samples that each row was computed from; 0 in a row of an error.
        values: (n, d) float64, finite; NaN in a row of an error.
        labels: the genre of each row, ``""`` where nobody knows.
        errors: why a file has no numbers, ``""`` where it has.
        notes: sentences about files that were read and were odd (truncated, for one).

    Raises:
        DataError: the fields do not fit each other, a name stands twice, or a row of no error is not finite.
    """

    columns: tuple[str, ...]
    filenames: tuple[str, ...]
    lengths: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    labels: tuple[str, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, d = len(self.filenames), len(self.columns)
        if self.values.shape != (n, d) or self.values.dtype != np.float64:
            raise DataError(
                f"a feature table of {n} rows and {d} columns takes float64 values of that shape, not "
                f"{self.values.dtype} of shape {self.values.shape}"
            )
        if self.lengths.shape != (n,) or len(self.labels) != n or len(self.errors) != n:
            raise DataError(
                f"a feature table of {n} rows takes as many lengths, labels and errors, not "
                f"{self.lengths.shape}, {len(self.labels)} and {len(self.errors)}"
            )
        if len(set(self.columns)) != d:
            raise DataError("a feature table's columns should have different names")
        seen: dict[str, int] = {}
        for i, name in enumerate(self.filenames):
            if seen.setdefault(name, i) != i:
                raise DataError(
                    f"{name!r} stands twice in the feature table, in rows {seen[name] + 1} and {i + 1}",
                    code="duplicate_row",
                )
        failed = np.array([bool(error) for error in self.errors], dtype=bool)
        wrong = np.argwhere(~np.isfinite(self.values) & ~failed[:, np.newaxis])
        if wrong.size:
            i, j = wrong[0]
            raise DataError(
                f"column {self.columns[j]!r} of {self.filenames[i]!r} (row {i + 1}) is {self.values[i, j]}; "
                "expected a finite number",
                code="not_finite",
            )

    def __len__(self) -> int:
        return len(self.filenames)

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each row's track, as :class:`~genrelens.data.Track` has it: ``"blues.00000.3"``."""
        called = in_one_form(self.filenames)
        return tuple(row_id(called[name]) for name in self.filenames)

    @property
    def wholes(self) -> tuple[str, ...]:
        """The id of the whole track that each row is of, or is a segment of: ``"blues.00000"``."""
        called = in_one_form(self.filenames)
        return tuple(split_row_name(called[name])[0] for name in self.filenames)

    @property
    def segments(self) -> tuple[int | None, ...]:
        """The number of each row's segment; ``None`` where the row is a whole track."""
        return tuple(split_row_name(name)[1] for name in self.filenames)

    def rows(self, indices: Sequence[int] | npt.NDArray[np.integer]) -> FeatureTable:
        """Some rows as a table of their own, in the order of ``indices``."""
        chosen = [int(i) for i in indices]
        return FeatureTable(
            columns=self.columns,
            filenames=tuple(self.filenames[i] for i in chosen),
            lengths=self.lengths[chosen],
            values=self.values[chosen],
            labels=tuple(self.labels[i] for i in chosen),
            errors=tuple(self.errors[i] for i in chosen),
            notes=self.notes,
        )

    def good(self) -> FeatureTable:
        """The rows that have numbers."""
        return self.rows([i for i, error in enumerate(self.errors) if not error])


_CLIP_SEGMENT: Final = re.compile(r"(?P<whole>.+)\.(?P<segment>[0-9]{1,6})(?P<suffix>\.[^.]+)", re.DOTALL)
_SEGMENT: Final = re.compile(r"(?P<whole>.+)#(?P<segment>[0-9]{1,6})", re.DOTALL)


def row_name(filename: str, segment: int | None) -> str:
    """The name of a file's row, or of the row of one of its segments."""
    if segment is None:
        return filename
    if clip_id(filename) is None:
        return f"{filename}#{segment}"
    stem, _, suffix = filename.rpartition(".")
    return f"{stem}.{segment}.{suffix}"


def split_row_name(name: str) -> tuple[str, int | None]:
    """The id of the whole track that a row belongs to, and the segment's number (``None``: the whole).

    Clips of published sets have their ids (``"blues.00000"``), every other file its name as it stands. The whole may be
    a segment itself, as in ``"a song.mp3#1#2"``.
    """
    match = _CLIP_SEGMENT.fullmatch(name)
    if match is not None and (id_ := clip_id(match["whole"] + match["suffix"])) is not None:
        return id_, int(match["segment"])
    match = _SEGMENT.fullmatch(name)
    if match is not None:
        return row_id(match["whole"]), int(match["segment"])
    return clip_id(name) or name, None


def row_id(name: str) -> str:
    """The id of a row's track: that of the whole, and for a segment ``.3`` (a clip with a published id) or ``#3``."""
    whole, segment = split_row_name(name)
    if segment is None:
        return whole
    return f"{whole}.{segment}" if clip_id(whole + ".wav") is not None else f"{whole}#{segment}"


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """``table``'s row i belongs to ``tracks[i]``; ``left_out`` are pairs of file name and reason for all other rows.

    A segment's track has the row's id, ``segment_of`` is the whole track's, and ``span_s`` is where it lies.
    """

    table: FeatureTable
    tracks: tuple[Track, ...]
    left_out: tuple[tuple[str, str], ...]


def join(table: FeatureTable, tracks: Iterable[Track], *, segment_s: float = 3.0) -> Joined:
    """Find each row's track by its id, or by the id of the whole track that it is a segment of.

    Rows that have an error, and rows that no track belongs to, are left out with the reason. The labels become the
    tracks' genres. ``segment_s``: the length of the table's segments in seconds. Raises :class:`DataError` when a row's
    label is not its track's genre.
    """
    by_id = {track.id: track for track in tracks}
    kept: list[int] = []
    found: list[Track] = []
    left_out: list[tuple[str, str]] = []
    for i, (name, id_, whole, segment) in enumerate(
        zip(table.filenames, table.ids, table.wholes, table.segments, strict=True)
    ):
        track = by_id.get(id_)
        if table.errors[i]:
            left_out.append((name, table.errors[i]))
            continue
        if track is None and segment is not None and whole in by_id:
            track = _segment_of(by_id[whole], id_=id_, start_s=segment * segment_s, segment_s=segment_s)
        if track is None:
            left_out.append((name, f"no track has the id {id_!r}" + (f" or {whole!r}" if segment is not None else "")))
            continue
        if table.labels[i] and table.labels[i] != track.genre:
            raise DataError(
                f"{name!r} is {table.labels[i]!r} in the table (row {i + 1}) and {track.genre!r} in the data set; "
                "correct one of them",
                code="label_conflict",
            )
        kept.append(i)
        found.append(track)
    chosen = table.rows(kept)
    return Joined(replace(chosen, labels=tuple(track.genre for track in found)), tuple(found), tuple(left_out))


def _segment_of(track: Track, *, id_: str, start_s: float, segment_s: float) -> Track:
    """A segment of a track, which may be a segment itself."""
    if track.span_s is not None:
        start_s += track.span_s[0]
    return replace(track, id=id_, segment_of=track.whole, span_s=(start_s, start_s + segment_s))
