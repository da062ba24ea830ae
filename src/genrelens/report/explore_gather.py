"""What an exploration is of: the tracks of a data set, their features a row each, and whatever had to be left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genrelens.bundle import Bundle
from genrelens.data import Track, gtzan, registry
from genrelens.data.features import FeatureTable
from genrelens.errors import AudioError, DataError
from genrelens.report.explore_data import TEMPO, Described

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
        genres: genre of each track, by id; the tracks with features or sound, and no others.
        artists: artist of each, None where nobody knows.
        with_sound: the tracks whose sound is here.
        described: the features, one row a track.
        segments: whether each row is a mean over a track's segments.
        left_out: what is in no figure.
    """

    dataset: str
    genres: Mapping[str, str]
    artists: Mapping[str, str | None]
    with_sound: tuple[Track, ...]
    described: Described
    segments: bool
    left_out: tuple[LeftOut, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The genres that there are, in class order."""
        return _ordered(set(self.genres.values()), dataset=self.dataset)


def gather(tracks: Sequence[Track], table: FeatureTable, *, dataset: str) -> Gathered:
    """Put tracks and the rows of a table together by id.

    The table may hold tracks whose sound is not here, and need not hold all that are. Rows of segments become one row a
    track: the mean of each column, of the tempo the median. Tracks known to be faulty
    (:func:`~genrelens.data.registry.never_train`) are left out, rows with an error or without a genre, too. Raises
    :class:`DataError` where table and tracks disagree on a genre, and where nothing is left.
    """
    faulty = registry.never_train(dataset)
    by_id = {track.id: track for track in tracks}
    left_out = [_faulty(id_) for id_ in sorted(faulty & (by_id.keys() | set(table.wholes)))]
    rows: dict[str, list[int]] = defaultdict(list)
    genres: dict[str, str] = {}
    for i, whole in enumerate(table.wholes):
        if whole in faulty:
            continue
        if table.errors[i]:
            left_out.append(LeftOut(table.filenames[i], "features", table.errors[i]))
            continue
        genre = _genre(table, i, by_id.get(whole), before=genres.get(whole))
        if not genre:
            left_out.append(
                LeftOut(table.filenames[i], "all", "the table names no genre, and DATA has no such track")
            )
            continue
        rows[whole].append(i)
        genres[whole] = genre
    with_sound = tuple(track for track in by_id.values() if track.id not in faulty)
    without = [track.id for track in with_sound if track.id not in rows]
    left_out += [
        LeftOut(id_, "features", "its sound is here, but the table has no row for it") for id_ in without
    ]
    genres |= {track.id: track.genre for track in with_sound}
    if not rows:
        raise DataError(
            f"no features are left to explore: of {len(table)} rows {len(table) - len(table.good())} have an error, "
            "and any others are of faulty tracks or of no known genre; expected tracks of DATA, or labels that name "
            "genres"
        )
    facts = gtzan.facts().artists if dataset == gtzan.DATASET else {}
    known = {track.id: track.artist for track in with_sound}
    artists = {id_: known.get(id_) or facts.get(id_) for id_ in genres}
    return Gathered(
        dataset=dataset,
        genres=genres,
        artists=artists,
        with_sound=with_sound,
        described=_described(table, rows, genres=genres, artists=artists, dataset=dataset),
        segments=any(segment is not None for segment in table.segments),
        left_out=tuple(left_out),
    )


def embed(
    bundle: Bundle, gathered: Gathered, *, progress: Progress | None = None
) -> tuple[Described | None, tuple[LeftOut, ...]]:
    """The model's embedding of every track whose sound is here, and the tracks that have none.

    ``None`` where no track has one.
    """
    ids, vectors, left_out = [], [], []
    for track in gathered.with_sound:
        if progress is not None:
            progress(track.id)
        try:
            embedding = bundle.predict(track.path).embedding
        except AudioError as error:
            left_out.append(LeftOut(track.id, "sound", str(error)))
            continue
        if not np.isfinite(embedding).all():
            left_out.append(LeftOut(track.id, "embeddings", "there is nothing but silence"))
            continue
        ids.append(track.id)
        vectors.append(embedding.astype(np.float64))
    if not ids:
        return None, tuple(left_out)
    names = _ordered({gathered.genres[id_] for id_ in ids}, dataset=gathered.dataset)
    described = Described(
        names=names,
        ids=tuple(ids),
        labels=np.array([names.index(gathered.genres[id_]) for id_ in ids], dtype=np.int64),
        artists=tuple(gathered.artists[id_] for id_ in ids),
        columns=tuple(f"embedding{k}" for k in range(len(vectors[0]))),
        values=np.stack(vectors),
    )
    return described, tuple(left_out)


def _faulty(id_: str) -> LeftOut:
    return LeftOut(id_, "all", "known to be faulty: a repeat, distorted, or filed under a wrong genre")


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


def _described(
    table: FeatureTable,
    rows: Mapping[str, Sequence[int]],
    *,
    genres: Mapping[str, str],
    artists: Mapping[str, str | None],
    dataset: str,
) -> Described:
    names = _ordered({genres[id_] for id_ in rows}, dataset=dataset)
    values = np.stack([table.values[list(of_track)].mean(axis=0) for of_track in rows.values()])
    if TEMPO in table.columns:
        j = table.columns.index(TEMPO)
        values[:, j] = [np.median(table.values[list(of_track), j]) for of_track in rows.values()]
    return Described(
        names=names,
        ids=tuple(rows),
        labels=np.array([names.index(genres[id_]) for id_ in rows], dtype=np.int64),
        artists=tuple(artists[id_] for id_ in rows),
        columns=table.columns,
        values=values,
    )


def _ordered(genres: Collection[str], *, dataset: str) -> tuple[str, ...]:
    """Genres in the order of the data set's taxonomy, then by name."""
    taxonomy = registry.TAXONOMIES.get(dataset)
    known = () if taxonomy is None else taxonomy.names
    return (*(name for name in known if name in genres), *sorted(set(genres) - set(known)))
