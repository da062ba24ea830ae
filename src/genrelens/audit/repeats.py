"""Recordings that a collection holds more than once: the same samples, or copies, encoded, cut or made louder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genrelens.audit.alignment import MIN_CORRELATION, Overlay, correlation, died
from genrelens.audit.fingerprint import FRAME_S, seconds
from genrelens.audit.listen import Heard
from genrelens.audit.matching import find_candidates
from genrelens.parallel import map_each

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Files of one recording, in order of path.

    ``exact`` files have the same samples; others correlate by ``correlation`` (the least of their pairs). For two near
    repeats, the sound of the second file's start is found ``lag_s`` seconds into the first (below 0: the first starts
    later), and ``overlap_s`` seconds are in both; for more both are ``None``.
    """

    paths: tuple[str, ...]
    exact: bool
    correlation: float = 1.0
    lag_s: float | None = None
    overlap_s: float | None = None


def find_repeats(
    heard: Sequence[Heard], *, n_workers: int = 1, progress: Progress | None = None
) -> list[Repeat]:
    """All repeats: first the exact ones, then the near ones, the surest first.

    Files with the same samples are one for the search for near repeats, and all are named where it finds something.
    Near repeats in which everything repeats everything else are one :class:`Repeat`; otherwise (a mix that holds two
    songs repeats both, but they do not repeat each other) there is one a pair.
    """
    same: dict[bytes, list[str]] = defaultdict(list)
    for one in heard:
        if one.digest is not None:
            same[one.digest].append(one.path)
    exact = [Repeat(tuple(sorted(paths)), exact=True) for paths in same.values() if len(paths) > 1]
    first_of = {min(paths): sorted(paths) for paths in same.values()}
    listed = [one for one in heard if one.path in first_of and one.fingerprint is not None]
    prints = [one.fingerprint for one in listed if one.fingerprint is not None]
    candidates = find_candidates(prints)
    overlays = [
        Overlay(listed[c.first].path, listed[c.second].path, c.lag * FRAME_S, seconds(c.overlap))
        for c in candidates
    ]
    sure: dict[tuple[str, str], tuple[float, Overlay]] = {}
    for done, (i, value) in enumerate(map_each(correlation, overlays, n_workers=n_workers, died=died), 1):
        if progress is not None:
            progress(done, len(overlays))
        if value >= MIN_CORRELATION:
            overlay = overlays[i]
            sure[overlay.first, overlay.second] = (min(value, 1.0), overlay)
    near = [_repeat(group, sure, first_of) for group in _groups(sure)]
    return sorted(exact, key=lambda r: r.paths) + sorted(near, key=lambda r: (-r.correlation, r.paths))


def _repeat(
    pairs: Sequence[tuple[str, str]],
    sure: dict[tuple[str, str], tuple[float, Overlay]],
    first_of: dict[str, list[str]],
) -> Repeat:
    firsts = sorted({path for pair in pairs for path in pair})
    value = min(sure[pair][0] for pair in pairs)
    paths = tuple(sorted(path for first in firsts for path in first_of[first]))
    if len(firsts) > 2 or len(paths) > 2:
        return Repeat(paths, exact=False, correlation=value)
    overlay = sure[pairs[0]][1]
    lag_s = overlay.lag_s if overlay.first == paths[0] else -overlay.lag_s
    return Repeat(paths, exact=False, correlation=value, lag_s=lag_s, overlap_s=overlay.overlap_s)


def _groups(
    sure: dict[tuple[str, str], tuple[float, Overlay]],
) -> list[list[tuple[str, str]]]:
    """The pairs, those together that join files each of which repeats each other one."""
    partners: dict[str, set[str]] = defaultdict(set)
    for a, b in sure:
        partners[a].add(b)
        partners[b].add(a)
    groups: dict[frozenset[str], list[tuple[str, str]]] = defaultdict(list)
    for a, b in sure:
        together = frozenset(partners[a] | {a})
        whole = all(partners[other] | {other} == together for other in together)
        groups[together if whole else frozenset((a, b))].append((a, b))
    return list(groups.values())
