"""Descriptors of many files: over all cores, kept on disk, one bad file one row that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.audio import AudioStream, open_stream
from genrelens.data import registry
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError, MissingExtraError
from genrelens.features.store import ArrayStore
from genrelens.features.table import FeatureTable, row_name
from genrelens.frontend.descriptors import SETS, FeatureSet, stream_segments
from genrelens.parallel import map_each

MAX_WHOLE_S: Final = 900.0
"""Seconds of sound that one row may be computed from: a process takes up to 1.4 GB for so much (docs/features.md)."""

SCHEMA: Final = 1
"""Part of every kept row's name: raise it when a descriptor's arithmetic changes."""

Progress = Callable[[int, int], None]
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to compute rows of: what the first column calls it, its genre (``""``: nobody knows), and the part of it
    that is meant, in seconds (``None``: all). ``error``: it is known already that it cannot be read, and why.
    """

    filename: str
    path: Path
    label: str = ""
    span_s: tuple[float, float] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one file gave: (k, d) values of (k,) samples each, or why not."""

    values: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()
    error: str = ""


class RowsCache:
    """The rows of files at one setting, kept in a folder; a row is its length and its values."""

    def __init__(self, folder: Path, *, feature_set: FeatureSet, segment_s: float | None) -> None:
        self._store = ArrayStore(folder)
        self._shape = (1 + len(feature_set.columns),)
        self._made_by = {
            "schema": SCHEMA,
            "descriptors": feature_set.name,
            "segment_s": segment_s,
            "librosa": _version_of("librosa"),
        }

    def read(self, source: Source) -> Rows | None:
        """The rows of a file, or ``None`` when they are not there or not what they should be."""
        try:
            path = self._path(source)
        except AudioError:
            return None
        kept = self._store.read(path, shape=self._shape, dtype=np.float64)
        if kept is None:
            return None
        return Rows(np.array(kept.array[:, 1:]), kept.array[:, 0].astype(np.int64), kept.notes)

    def write(self, source: Source, rows: Rows) -> None:
        """Keep the rows of a file; not when the file has gone meanwhile."""
        try:
            path = self._path(source)
        except AudioError:
            return
        block = np.column_stack([rows.lengths, rows.values])
        self._store.write(path, [block], shape=self._shape, dtype=np.float64, notes=rows.notes)

    def _path(self, source: Source) -> Path:
        return self._store.path(source.path, made_by=self._made_by, span_s=source.span_s)


def extract(
    tracks: Iterable[Track],
    *,
    feature_set: str = "kaggle57",
    segment_s: float | None = None,
    cache: Path | str | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> FeatureTable:
    """The descriptors of tracks: a row each, or with ``segment_s`` one a segment (Kaggle's have 3 s).

    Rows come in the order of the tracks; a track that cannot be read has one row with the reason. Rows are called as
    in the data set's published tables or by the track's id, so that :func:`~genrelens.features.join` finds the track
    again. The other arguments and errors are those of :func:`extract_files`.
    """
    return extract_files(
        map(track_source, tracks),
        feature_set=feature_set,
        segment_s=segment_s,
        cache=cache,
        n_workers=n_workers,
        progress=progress,
    )


def track_source(track: Track) -> Source:
    """What to compute the rows of a track from, under the name that the data set's tables have for it."""
    return Source(registry.file_name(track.dataset, track.id), track.path, track.genre, track.span_s)


def extract_files(
    sources: Iterable[Source],
    *,
    feature_set: str = "kaggle57",
    segment_s: float | None = None,
    cache: Path | str | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> FeatureTable:
    """The descriptors of files.

    Args:
        sources: the files; their names must differ.
        feature_set: a key of :data:`~genrelens.frontend.descriptors.SETS`.
        segment_s: seconds of a segment, each with a row of its own; ``None``: one row a file, of all of it.
        cache: a folder to keep the rows in (made when missing); ``None`` keeps nothing.
        n_workers: processes; above 1 they are spawned, so the calling script needs the usual
            ``if __name__ == "__main__"``.
        progress: is called with the numbers of files done and of all, after each.

    Raises:
        DataError: an unknown set, two files of one name, or a cache that cannot be written.
        MissingExtraError: librosa is not installed.
    """
    if feature_set not in SETS:
        raise DataError(f"unknown feature set {feature_set!r}; known sets: {', '.join(SETS)}", code="unknown_set")
    if segment_s is not None and not 0.2 <= segment_s <= MAX_WHOLE_S:
        raise DataError(f"segments should last between 0.2 and {MAX_WHOLE_S:g} s, not {segment_s}")
    if find_spec("librosa") is None:
        raise MissingExtraError("train", needed_for="computing descriptors")
    chosen = SETS[feature_set]
    everything = tuple(sources)
    keep = None if cache is None else RowsCache(Path(cache), feature_set=chosen, segment_s=segment_s)
    answers: dict[int, Rows] = {}
    todo: list[int] = []

    def done(index: int, rows: Rows) -> None:
        answers[index] = rows
        if progress is not None:
            progress(len(answers), len(everything))

    for i, source in enumerate(everything):
        kept = None if keep is None or source.error else keep.read(source)
        if source.error:
            done(i, _failed(chosen, source.error))
        elif kept is not None:
            done(i, kept)
        else:
            todo.append(i)
    if n_workers > 1 and len(todo) > 1:
        _compile(chosen)
    work = partial(_work, chosen.name, segment_s, keep)
    died = partial(_brought_down, chosen)
    for j, rows in map_each(work, [everything[i] for i in todo], n_workers=n_workers, died=died):
        done(todo[j], rows)
    return _table(chosen, everything, [answers[i] for i in range(len(everything))], segment_s=segment_s)


def _compile(feature_set: FeatureSet) -> None:
    """Let this process alone compile what the workers will load.

    librosa and the medians are compiled by numba on first use and kept on disk. Processes that compile one function for
    two types at once give both the same file, and every process that loads it afterwards crashes.
    """
    rate = feature_set.sample_rate or 44_100
    noise = np.random.default_rng(0).normal(scale=0.1, size=3 * rate).astype(np.float32)
    feature_set.compute(noise, sample_rate=rate)


def _table(
    feature_set: FeatureSet, sources: Sequence[Source], answers: Sequence[Rows], *, segment_s: float | None
) -> FeatureTable:
    filenames: list[str] = []
    labels: list[str] = []
    errors: list[str] = []
    notes: list[str] = []
    for source, rows in zip(sources, answers, strict=True):
        is_cut = segment_s is not None and not rows.error
        filenames += [row_name(source.filename, i if is_cut else None) for i in range(len(rows.lengths))]
        labels += [source.label] * len(rows.lengths)
        errors += [rows.error] * len(rows.lengths)
        notes += [f"{source.filename}: {note}" for note in rows.notes]
    no_values = np.zeros((0, len(feature_set.columns)))
    return FeatureTable(
        columns=feature_set.columns,
        filenames=tuple(filenames),
        lengths=np.concatenate([np.zeros(0, np.int64), *(rows.lengths for rows in answers)]),
        values=np.concatenate([no_values, *(rows.values for rows in answers)]),
        labels=tuple(labels),
        errors=tuple(errors),
        notes=tuple(notes),
    )


def _failed(feature_set: FeatureSet, why: str) -> Rows:
    return Rows(np.full((1, len(feature_set.columns)), np.nan), np.zeros(1, np.int64), error=why)


def _brought_down(feature_set: FeatureSet, source: Source) -> Rows:
    return _failed(feature_set, f"{str(source.path)!r} brought down the process that read it")


def _work(set_name: str, segment_s: float | None, keep: RowsCache | None, source: Source) -> Rows:
    """Compute one file's rows, in whatever process this is, and keep them."""
    feature_set = SETS[set_name]
    try:
        rows = _compute(source, feature_set=feature_set, segment_s=segment_s)
    except AudioError as error:
        return _failed(feature_set, str(error))
    if keep is not None:
        keep.write(source, rows)
    return rows


def _compute(source: Source, *, feature_set: FeatureSet, segment_s: float | None) -> Rows:
    rate = feature_set.sample_rate or _native_rate(source.path)
    values: list[npt.NDArray[np.float64]] = []
    lengths: list[int] = []
    with open_stream(source.path, sample_rate=rate) as stream:
        blocks = _cut(stream, sample_rate=rate, span_s=source.span_s)
        if segment_s is None:
            parts: Iterator[Samples] = iter([_all(blocks, source=stream)])
        else:
            parts = stream_segments(blocks, sample_rate=rate, segment_s=segment_s)
        for samples in parts:
            values.append(feature_set.compute(samples, sample_rate=rate))
            lengths.append(len(samples))
        if not values:
            raise AudioError(
                f"expected more than {segment_s:g} s, the length of a segment, but it lasts "
                f"{stream.n_samples / rate:.2f} s",
                code="too_short",
                source=stream.source,
            )
        return Rows(np.stack(values), np.array(lengths, np.int64), stream.notes)


def _native_rate(path: Path) -> int:
    with open_stream(path, sample_rate=22_050) as stream:
        return stream.native_sample_rate


def _cut(blocks: Iterable[Samples], *, sample_rate: int, span_s: tuple[float, float] | None) -> Iterator[Samples]:
    """The blocks of a span, in seconds; all of them for ``None``."""
    if span_s is None:
        yield from blocks
        return
    first, end = (round(at_s * sample_rate) for at_s in span_s)
    start = 0
    for block in blocks:
        yield block[max(first - start, 0) : max(end - start, 0)]
        start += len(block)


def _all(blocks: Iterable[Samples], *, source: AudioStream) -> Samples:
    kept: list[Samples] = []
    n_samples = 0
    for block in blocks:
        kept.append(block)
        n_samples += len(block)
        if n_samples > MAX_WHOLE_S * source.sample_rate:
            raise AudioError(
                f"expected at most {MAX_WHOLE_S / 60:g} minutes for one row, and it is longer; "
                "take segments of it, which may be of any number",
                code="too_long",
                source=source.source,
            )
    return np.concatenate([np.zeros(0, np.float32), *kept])


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
