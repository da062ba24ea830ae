"""Rows of a feature table beside the tracks that they belong to: artists, recordings, spans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.features.table import FeatureTable


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """``table``'s row i belongs to ``tracks[i]``; ``left_out`` are pairs of file name and reason for all other rows.

    A segment's track is a piece of the whole one: its id is the row's, ``segment_of`` the whole's, ``span_s`` where it
    lies.
    """

    table: FeatureTable
    tracks: tuple[Track, ...]
    left_out: tuple[tuple[str, str], ...]


def join(table: FeatureTable, tracks: Iterable[Track], *, segment_s: float = 3.0) -> Joined:
    """Find each row's track by its id, or by the id of the whole piece that it is a segment of.

    Rows that have an error, and rows that no track belongs to, are left out with the reason. The labels become the
    tracks' genres. ``segment_s``: the length of the table's segments in seconds. Raises :class:`DataError` when a row's
    label is not its track's genre.
    """
    by_id = {track.id: track for track in tracks}
    kept: list[int] = []
    pieces: list[Track] = []
    left_out: list[tuple[str, str]] = []
    for i, (name, id_, whole, segment) in enumerate(
        zip(table.filenames, table.ids, table.wholes, table.segments, strict=True)
    ):
        track = by_id.get(id_)
        if table.errors[i]:
            left_out.append((name, table.errors[i]))
            continue
        if track is None and segment is not None and whole in by_id:
            track = _piece(by_id[whole], id_=id_, start_s=segment * segment_s, segment_s=segment_s)
        if track is None:
            left_out.append(
                (name, f"no track has the id {id_!r}" + (f" or {whole!r}" if segment is not None else ""))
            )
            continue
        if table.labels[i] and table.labels[i] != track.genre:
            raise DataError(
                f"{name!r} is {table.labels[i]!r} in the table (row {i + 1}) and {track.genre!r} in the data set; "
                "correct one of them",
                code="label_conflict",
            )
        kept.append(i)
        pieces.append(track)
    chosen = table.rows(kept)
    return Joined(
        replace(chosen, labels=tuple(track.genre for track in pieces)), tuple(pieces), tuple(left_out)
    )


def _piece(track: Track, *, id_: str, start_s: float, segment_s: float) -> Track:
    """A piece of a track, which may be a piece itself."""
    if track.span_s is not None:
        start_s += track.span_s[0]
    return replace(track, id=id_, segment_of=track.whole, span_s=(start_s, start_s + segment_s))
