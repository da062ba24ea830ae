"""Recordings that a collection holds more than once: the same samples, or copies, encoded, cut or made louder.

Candidates come from fingerprints and are laid over each other, to tell the same sound from the same beat: music made of
one drum loop or one sustained chord may share most of a fingerprint. Its waveforms differ: in a copy, seconds correlate
whatever codec, loudness or even clipping lies between, and elsewhere they do not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import open_stream
from genrelens.audit.fingerprint import FRAME_S, SAMPLE_RATE, find_candidates, seconds
from genrelens.audit.listen import Heard
from genrelens.data import Track
from genrelens.data.splits.folds import joined
from genrelens.errors import AudioError
from genrelens.parallel import map_each

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Files of one recording, in order of path.

    ``exact`` files have the same samples; others correlate by ``correlation`` (the least of their pairs). Of two near
    duplicates the second begins ``lag_s`` seconds into the first (below 0: the first begins later), and ``overlap_s``
    seconds are in both; of more than two both are ``None``.
    """

    paths: tuple[str, ...]
    exact: bool
    correlation: float = 1.0
    lag_s: float | None = None
    overlap_s: float | None = None


def find_duplicates(heard: Sequence[Heard], *, n_workers: int = 1, progress: Progress | None = None) -> list[Duplicate]:
    """All duplicates: first the exact ones, then the near ones, the surest first.

    Files with the same samples are one for the search for near duplicates, and all are named where it finds something.
    Near duplicates are one :class:`Duplicate` where each is one of each other; otherwise (a mix that holds two songs
    shares sound with both, and they share none with each other) there is one a pair.
    """
    same: dict[bytes, list[str]] = defaultdict(list)
    for one in heard:
        if one.digest is not None:
            same[one.digest].append(one.path)
    exact = [Duplicate(tuple(sorted(paths)), exact=True) for paths in same.values() if len(paths) > 1]
    first_of = {min(paths): sorted(paths) for paths in same.values()}
    listed = [one for one in heard if one.path in first_of and one.fingerprint is not None]
    prints = [one.fingerprint for one in listed if one.fingerprint is not None]
    candidates = find_candidates(prints)
    overlays = [
        Overlay(listed[c.first].path, listed[c.second].path, c.lag * FRAME_S, seconds(c.overlap)) for c in candidates
    ]
    sure: dict[tuple[str, str], tuple[float, Overlay]] = {}
    for done, (i, value) in enumerate(map_each(correlation, overlays, n_workers=n_workers, died=died), 1):
        if progress is not None:
            progress(done, len(overlays))
        if value >= MIN_CORRELATION:
            overlay = overlays[i]
            sure[overlay.first, overlay.second] = (min(value, 1.0), overlay)
    near = [_duplicate(group, sure, first_of) for group in _groups(sure)]
    return sorted(exact, key=lambda r: r.paths) + sorted(near, key=lambda r: (-r.correlation, r.paths))


def with_duplicates(tracks_of: Mapping[str, Sequence[Track]], *, duplicates: Sequence[Duplicate]) -> tuple[Track, ...]:
    """The tracks, with one name of a recording for all that are known or were heard to duplicate each other.

    ``tracks_of`` are the tracks by the path of their file.
    """
    heard: dict[str, list[int]] = defaultdict(list)  # path -> the duplicates that it is one of
    for k, duplicate in enumerate(duplicates):
        for path in duplicate.paths:
            heard[path].append(k)
    tracks = [(track, path) for path, held in tracks_of.items() for track in held]
    ordered = sorted(tracks, key=lambda item: item[0].id)
    ties: list[list[int | str]] = [
        [*([] if track.recording is None else [track.recording]), *(heard[path] if track.span_s is None else [])]
        for track, path in ordered
    ]
    roots = joined(ties)
    counts = Counter(roots)
    first_of = {
        track.id: ordered[root][0].id for (track, _), root in zip(ordered, roots, strict=True) if counts[root] > 1
    }
    return tuple(replace(track, recording=first_of[track.id]) if track.id in first_of else track for track, _ in tracks)


def _duplicate(
    pairs: Sequence[tuple[str, str]], sure: dict[tuple[str, str], tuple[float, Overlay]], first_of: dict[str, list[str]]
) -> Duplicate:
    firsts = sorted({path for pair in pairs for path in pair})
    value = min(sure[pair][0] for pair in pairs)
    paths = tuple(sorted(path for first in firsts for path in first_of[first]))
    if len(firsts) > 2 or len(paths) > 2:
        return Duplicate(paths, exact=False, correlation=value)
    overlay = sure[pairs[0]][1]
    lag_s = overlay.lag_s if overlay.first == paths[0] else -overlay.lag_s
    return Duplicate(paths, exact=False, correlation=value, lag_s=lag_s, overlap_s=overlay.overlap_s)


def _groups(sure: dict[tuple[str, str], tuple[float, Overlay]]) -> list[list[tuple[str, str]]]:
    """The pairs, those together that join files each of which duplicates each other one."""
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


MIN_CORRELATION: Final = 0.8
"""Correlation from which two sounds are one recording, in the median of the seconds looked at."""

_N_SECONDS: Final = 8
_SEARCH: Final = 256  # samples to either side, two frames: what the fingerprint leaves open
_BAND_HZ: Final = (100.0, 2000.0)
_QUIET: Final = 1e-4  # root mean square of a second that holds nothing to compare

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two files to be laid over each other: second t of ``second`` on second t + ``lag_s`` of ``first``, for
    ``overlap_s`` seconds.
    """

    first: str
    second: str
    lag_s: float
    overlap_s: float


def correlation(overlay: Overlay) -> float:
    """The median correlation, 0 to 1, of up to eight seconds spread over what two files have in common.

    Each is moved by up to 46 ms to where it fits best, so a slow drift does no harm; polarity does not count. 0 where
    there is no second to compare.
    """
    starts_s = _spread(max(0.0, -overlay.lag_s), overlay.overlap_s)
    margin_s = _SEARCH / SAMPLE_RATE
    try:
        theirs = _excerpts(overlay.second, [(at_s, 1.0) for at_s in starts_s])
        ours = _excerpts(overlay.first, [(at_s + overlay.lag_s - margin_s, 1.0 + 2 * margin_s) for at_s in starts_s])
    except AudioError:  # it could be read a moment ago, and the disk is gone
        return 0.0
    values = [_best(a, b) for a, b in zip(ours, theirs, strict=True)]
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else 0.0


def died(overlay: Overlay) -> float:
    """The answer for a pair whose decoder took its process down: nothing is known, so nothing is said."""
    return 0.0


def _spread(start_s: float, overlap_s: float) -> list[float]:
    room_s = max(0.0, overlap_s - 1.0)
    n = int(min(_N_SECONDS, 1 + room_s))
    return [start_s + float(at_s) for at_s in np.linspace(0.0, room_s, n)]


def _excerpts(path: str, spans_s: Sequence[tuple[float, float]]) -> list[Samples]:
    """Parts of a file at :data:`SAMPLE_RATE`: (start, length) in seconds, filled with zeros where the file ends."""
    begins = [round(start_s * SAMPLE_RATE) for start_s, _ in spans_s]
    parts = [np.zeros(round(length_s * SAMPLE_RATE), np.float32) for _, length_s in spans_s]
    last = max(begin + len(part) for begin, part in zip(begins, parts, strict=True))
    at = 0
    with open_stream(path, sample_rate=SAMPLE_RATE) as stream:
        for block in stream:
            for begin, part in zip(begins, parts, strict=True):
                low, high = max(begin, at), min(begin + len(part), at + len(block))
                if low < high:
                    part[low - begin : high - begin] = block[low - at : high - at]
            at += len(block)
            if at >= last:
                break
    return parts


def _best(ours: Samples, theirs: Samples) -> float | None:
    """The highest correlation of (n,) ``theirs`` with n samples of ``ours``; ``None`` where either is quiet."""
    a, b = _band(ours), _band(theirs)
    n = len(b)
    power = np.concatenate([[0.0], np.cumsum(a**2)])
    power = power[n:] - power[:-n]
    own = float(b @ b)
    if min(own, float(power.max())) < _QUIET**2 * n:
        return None
    products = np.correlate(a, b, mode="valid")
    return float((np.abs(products) / np.sqrt(np.maximum(power, _QUIET**2 * n) * own)).max())


def _band(samples: Samples) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples.astype(np.float64))
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(hz < _BAND_HZ[0]) | (hz > _BAND_HZ[1])] = 0.0
    return np.fft.irfft(spectrum, len(samples))
