"""What an exploration is of: the tracks of a data set, their features a row each, and whatever had to be left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genrelens.audio import load
from genrelens.bundle import Bundle, Prediction
from genrelens.data import Track, registry
from genrelens.data.registry import Loaded
from genrelens.errors import AudioError, DataError
from genrelens.features import FeatureTable
from genrelens.features.description import TEMPO, Described, Float64, describe

Progress = Callable[[str], None]
"""Called with the id of each track before it is worked on."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A track that is not in some figure, and why.

    ``where`` it is missing: ``"all"`` figures, those of ``"features"``, all that need the ``"sound"``, or the map of
    ``"embeddings"`` alone.
    """

    id: str
    where: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What :func:`gather` made of tracks and a table.

    Attributes:
        dataset: its name.
        names: the genres that there are, in class order.
        genres: genre of each track, by id; the tracks with features or sound, and no others.
        artists: artist of each, None where nobody knows.
        with_sound: the tracks whose sound is here.
        described: the features, one row a track.
        segments: whether each row is a mean over a track's segments.
        left_out: what is in no figure.
    """

    dataset: str
    names: tuple[str, ...]
    genres: Mapping[str, str]
    artists: Mapping[str, str | None]
    with_sound: tuple[Track, ...]
    described: Described
    segments: bool
    left_out: tuple[LeftOut, ...]


def gather(loaded: Loaded, table: FeatureTable) -> Gathered:
    """Put the tracks of a data set and the rows of a table together by id.

    The table may hold tracks whose sound is not here, and need not hold all that are. Rows of segments become one row a
    track: the mean of each column, of the tempo the median. Tracks known to be faulty
    (:func:`~genrelens.data.registry.never_train`) are left out, rows with an error or without a genre, too. Raises
    :class:`DataError` where table and tracks disagree on a genre, and where nothing is left.
    """
    faulty = registry.never_train(loaded.dataset)
    by_id = {track.id: track for track in loaded.tracks}
    left_out = [LeftOut(what, "sound", why) for what, why in loaded.left_out]
    left_out += [_faulty(id_) for id_ in sorted(faulty & (by_id.keys() | set(table.wholes)))]
    rows: dict[str, list[int]] = defaultdict(list)
    genres: dict[str, str] = {}
    for i, (id_, whole) in enumerate(zip(table.ids, table.wholes, strict=True)):
        key = id_ if id_ in by_id else whole
        if key in faulty:
            continue
        if table.errors[i]:
            name = key if key in by_id else table.filenames[i]
            left_out.append(LeftOut(name, "features", _without_path(table.errors[i], by_id.get(key))))
            continue
        genre = _genre(table, i, by_id.get(key), before=genres.get(key))
        if not genre:
            why = "the table names no genre, and the data set has no such track"
            left_out.append(LeftOut(table.filenames[i], "all", why))
            continue
        rows[key].append(i)
        genres[key] = genre
    with_sound = tuple(track for track in loaded.tracks if track.id not in faulty)
    told = {row.id for row in left_out}
    left_out += [
        LeftOut(track.id, "features", "its sound is here, but the table has no row for it")
        for track in with_sound
        if track.id not in rows and track.id not in told
    ]
    genres |= {track.id: track.genre for track in with_sound}
    if not rows:
        n_errors = sum(map(bool, table.errors))
        raise DataError(
            f"no features are left to explore: of {len(table)} rows {n_errors} have an error, and any others are of "
            "faulty tracks or of no known genre; expected tracks of the data set, or labels that name genres"
        )
    names = tuple(name for name in loaded.taxonomy.names if name in set(genres.values()))
    known = {track.id: track.artist for track in registry.clips_of_rows(loaded.dataset, genres)}
    known |= {track.id: track.artist for track in with_sound if track.artist is not None}
    artists = {id_: known.get(id_) for id_ in genres}
    return Gathered(
        dataset=loaded.dataset,
        names=names,
        genres=genres,
        artists=artists,
        with_sound=with_sound,
        described=describe(
            list(rows), _values(table, list(rows.values())), table.columns, names=names, genres=genres, artists=artists
        ),
        segments=max(map(len, rows.values())) > 1,
        left_out=tuple(left_out),
    )


def embed_tracks(
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    names: Sequence[str],
    genres: Mapping[str, str],
    artists: Mapping[str, str | None],
    progress: Progress | None = None,
) -> tuple[Described | None, tuple[LeftOut, ...]]:
    """The model's embedding of each track as a row, and the tracks that have none.

    Args:
        bundle: the model.
        tracks: the tracks; a row's id is the track's.
        names: the genres, in class order; those without a row are left out.
        genres: genre by track id.
        artists: artist by track id, None where nobody knows.
        progress: called with the id of each track before it is worked on.

    The rows are None where no track has an embedding: all are unreadable or silent.
    """
    vectors: dict[str, Float64] = {}
    left_out = []
    for track in tracks:
        if progress is not None:
            progress(track.id)
        try:
            embedding = _predict(bundle, track).embedding
        except AudioError as error:
            left_out.append(LeftOut(track.id, "sound", error.sentence))
            continue
        if np.isfinite(embedding).all():
            vectors[track.id] = embedding.astype(np.float64)
        else:
            left_out.append(LeftOut(track.id, "embeddings", "there is nothing but silence"))
    if not vectors:
        return None, tuple(left_out)
    values = np.stack(list(vectors.values()))
    columns = tuple(f"embedding{k}" for k in range(values.shape[1]))
    described = describe(list(vectors), values, columns, names=names, genres=genres, artists=artists)
    return described, tuple(left_out)


def _predict(bundle: Bundle, track: Track) -> Prediction:
    if track.span_s is None:
        return bundle.predict(track.path)
    clip = load(track.path, sample_rate=bundle.manifest.front_end.sample_rate)
    first, end = (round(at_s * clip.sample_rate) for at_s in track.span_s)
    return bundle.predict(clip.samples[first:end], sample_rate=clip.sample_rate)


def merged(left_out: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """One entry for a track that has neither features nor sound, for the reason that its sound has."""
    without_features = {row.id for row in left_out if row.where == "features"}
    nothing = {row.id for row in left_out if row.where == "sound"} & without_features
    return tuple(
        LeftOut(row.id, "all", row.why) if row.id in nothing else row
        for row in left_out
        if not (row.id in nothing and row.where == "features")
    )


def _without_path(reason: str, track: Track | None) -> str:
    """A reason without the file's path, which is nobody's business on a page that may be shown around."""
    return reason if track is None else reason.removeprefix(f"{str(track.path)!r}: ")


def _faulty(id_: str) -> LeftOut:
    return LeftOut(id_, "all", "known to be faulty: a duplicate, distorted, or filed under a wrong genre")


def _genre(table: FeatureTable, i: int, track: Track | None, *, before: str | None) -> str:
    """The genre of a row's track by the data set, or by the table; ``""`` where neither knows."""
    label = table.labels[i]
    known = track.genre if track is not None else before
    if label and known and label != known:
        place = "in the data set" if track is not None else "in another row of the same track"
        raise DataError(
            f"{table.filenames[i]!r} is {label!r} in the table (row {i + 1}) and {known!r} {place}; correct one of "
            "them",
            code="label_conflict",
        )
    return known or label


def _values(table: FeatureTable, rows: Sequence[Sequence[int]]) -> Float64:
    """One row a track: means over its rows, of the tempo the median."""
    values = np.stack([table.values[list(of_track)].mean(axis=0) for of_track in rows])
    if TEMPO in table.columns:
        j = table.columns.index(TEMPO)
        values[:, j] = [np.median(table.values[list(of_track), j]) for of_track in rows]
    return values
