"""What stands on both sides of a split, with the repeats that the audit has heard itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from genrelens.audit.finding import Finding
from genrelens.audit.repeats import Repeat
from genrelens.data import Split, Track

_WHAT: Final[Mapping[str, str]] = {
    "segments": "pieces of the track {}",
    "duplicates": "the recording {}",
    "artists": "{}",
}


def overlaps(
    split: Split, tracks_of: Mapping[str, Sequence[Track]], *, repeats: Sequence[Repeat]
) -> Iterator[Finding]:
    """A finding for each artist, recording or track in more than one part; one that the split declares is not serious.

    ``tracks_of`` are the tracks by the path of their file. The score is the share of the split's tracks at hand.
    """
    path_of = {track.id: path for path, tracks in tracks_of.items() for track in tracks}
    part_of = {id_: [part for part, ids in split.parts.items() if id_ in ids] for id_ in path_of}
    n_tracks = sum(bool(parts) for parts in part_of.values())
    tracks = with_repeats(tracks_of, repeats=repeats)
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


def with_repeats(tracks_of: Mapping[str, Sequence[Track]], *, repeats: Sequence[Repeat]) -> tuple[Track, ...]:
    """The tracks, with one name of a recording for all that are known or were heard to repeat each other."""
    tracks = [track for held in tracks_of.values() for track in held]
    parent = {track.id: track.id for track in tracks}

    def find(id_: str) -> str:
        while parent[id_] != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    clusters: dict[str, list[str]] = {}
    for track in tracks:
        if track.recording is not None:
            clusters.setdefault(track.recording, []).append(track.id)
    heard = [
        [track.id for path in repeat.paths for track in tracks_of.get(path, ()) if track.span_s is None]
        for repeat in repeats
    ]
    joined = [ids for ids in (*clusters.values(), *heard) if len(ids) > 1]
    for ids in joined:
        for other in ids[1:]:
            a, b = find(ids[0]), find(other)
            parent[max(a, b)] = min(a, b)
    repeated = {id_ for ids in joined for id_ in ids}
    return tuple(
        replace(track, recording=find(track.id)) if track.id in repeated else track for track in tracks
    )


def _key(track: Track, kind: str) -> str | None:
    return {"segments": track.whole, "duplicates": track.recording, "artists": track.artist}[kind]
