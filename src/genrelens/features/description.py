"""What a table of tracks shows: counts by genre, features that go together or tell genres apart, t-SNE maps.

The statistics themselves are those of :mod:`genrelens.metrics.description`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import DataError
from genrelens.metrics.description import correlation, eta_squared, nearest_to_median, neighbour_agreement, standardise

TEMPO = "tempo"
MEAN_SUFFIX = "_mean"
N_TELLING = 9
MAX_CORRELATION = 0.9
"""Of two features that go together more than this, only the more telling one is shown."""

PERPLEXITY, SEED = 30.0, 0
MIN_MAPPED = 10
"""A map of fewer tracks says nothing that their list does not."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Tracks, one row each, with their numbers.

    Attributes:
        names: the genres, in class order; every one has at least one track.
        ids: ``(n,)`` the tracks.
        labels: ``(n,)`` index of each track's genre.
        artists: ``(n,)`` each track's artist, None where nobody knows.
        columns: ``(f,)`` names of the numbers.
        values: ``(n, f)`` float64; NaN where a number is not known.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    artists: tuple[str | None, ...]
    columns: tuple[str, ...]
    values: Float64

    def __post_init__(self) -> None:
        n = len(self.ids)
        if not len(self.labels) == len(self.artists) == n or self.values.shape != (n, len(self.columns)):
            raise ValueError(
                f"{n} ids, {len(self.labels)} labels, {len(self.artists)} artists, {len(self.columns)} columns and "
                f"values {self.values.shape} do not fit each other"
            )

    def column(self, name: str) -> Float64:
        """``(n,)`` the numbers of one column."""
        return self.values[:, self.columns.index(name)]

    def part(self, rows: NDArray[np.int64]) -> Described:
        """Some of the tracks; genres that none of them has are gone."""
        kept = sorted(set(self.labels[rows].tolist()))
        return Described(
            names=tuple(self.names[k] for k in kept),
            ids=tuple(self.ids[i] for i in rows),
            labels=np.searchsorted(kept, self.labels[rows]).astype(np.int64),
            artists=tuple(self.artists[i] for i in rows),
            columns=self.columns,
            values=self.values[rows],
        )

    def rows_of(self, genre: str) -> NDArray[np.int64]:
        """Indices of a genre's tracks."""
        return np.flatnonzero(self.labels == self.names.index(genre))


def describe(
    ids: Sequence[str],
    values: Float64,
    columns: tuple[str, ...],
    *,
    names: Sequence[str],
    genres: Mapping[str, str],
    artists: Mapping[str, str | None],
) -> Described:
    """Rows of numbers as :class:`Described`: genres and artists by track id, the genres' order that of ``names``."""
    there = {genres[id_] for id_ in ids}
    kept = tuple(name for name in names if name in there)
    return Described(
        names=kept,
        ids=tuple(ids),
        labels=np.array([kept.index(genres[id_]) for id_ in ids], dtype=np.int64),
        artists=tuple(artists[id_] for id_ in ids),
        columns=columns,
        values=values,
    )


@dataclass(frozen=True, slots=True)
class GenreCount:
    """How much there is of one genre: tracks in all, with features, with sound; artists, and the largest one's share.

    ``n_largest`` counts the tracks of the artist with the most of them, ``n_unknown`` those whose artist nobody knows.
    """

    genre: str
    n_tracks: int
    n_with_features: int
    n_with_sound: int
    n_artists: int
    n_largest: int
    n_unknown: int


@dataclass(frozen=True, slots=True, eq=False)
class GenreMap:
    """A t-SNE map of tracks, and what can be said of their neighbours in the space that it was made from.

    Attributes:
        what: what the space is, for people.
        mapped: the tracks.
        places: ``(n, 2)`` where t-SNE put them; nothing can be measured on it.
        seen: ``(n,)`` whether the model was trained on the track; all False for features.
        perplexity: t-SNE's.
        agreement: share of the tracks whose nearest other track is of the same genre, 0 to 1.
        agreement_elsewhere: the same for the nearest track by another artist; NaN where no artist is known.
        agreement_unseen: the same as ``agreement`` of the tracks that the model was not trained on; NaN without any.
        chance: the same for a random other track.
    """

    what: str
    mapped: Described
    places: Float64
    seen: NDArray[np.bool_]
    perplexity: float
    agreement: float
    agreement_elsewhere: float
    agreement_unseen: float
    chance: float


def mean_columns(described: Described) -> tuple[str, ...]:
    """The columns of the correlation heat map: all whose name ends in ``_mean``, in the table's order."""
    return tuple(name for name in described.columns if name.endswith(MEAN_SUFFIX))


def correlations(described: Described, columns: Sequence[str]) -> Float64:
    """Correlation of some columns, ``(k, k)``; see :func:`~genrelens.metrics.description.correlation`."""
    return correlation(described.values[:, [described.columns.index(name) for name in columns]])


def strongest_pairs(matrix: Float64, columns: Sequence[str], *, n: int) -> list[tuple[str, str, float]]:
    """The ``n`` pairs of columns that go together most, by the size of their correlation."""
    rows, others = np.tril_indices(len(columns), k=-1)
    sizes = np.nan_to_num(np.abs(matrix[rows, others]), nan=-1.0)
    order = [k for k in np.argsort(-sizes, kind="stable")[:n] if sizes[k] >= 0.0]
    return [(columns[others[k]], columns[rows[k]], float(matrix[rows[k], others[k]])) for k in order]


def eta_by_column(described: Described) -> dict[str, float]:
    """Eta squared over genres of every column, the most telling first, those without one last."""
    found = {
        name: eta_squared(described.values[:, j], classes=described.labels) for j, name in enumerate(described.columns)
    }
    return dict(sorted(found.items(), key=lambda item: (not item[1] >= 0.0, -item[1])))


def telling_columns(described: Described, eta: Mapping[str, float], *, n: int = N_TELLING) -> tuple[str, ...]:
    """The ``n`` columns with the largest eta squared, but none that goes with one before it by more than
    :data:`MAX_CORRELATION`, and not the tempo, which has a figure of its own.
    """
    chosen: list[str] = []
    for name, value in eta.items():
        if len(chosen) == n or not value >= 0.0:
            break
        if name == TEMPO:
            continue
        with_chosen = correlations(described, [*chosen, name])[-1, :-1]
        if not (np.abs(with_chosen) > MAX_CORRELATION).any():
            chosen.append(name)
    return tuple(chosen)


def typical_tracks(described: Described, *, among: frozenset[str]) -> dict[str, str]:
    """Genre -> the id of the track, among those given, that lies nearest the median of all the genre's tracks.

    Distances are Euclid's over features standardised on all tracks. A genre with none of the tracks is left out.
    """
    scaled = standardise(described.values)
    typical: dict[str, str] = {}
    for genre in described.names:
        rows = described.rows_of(genre)
        allowed = [described.ids[i] in among for i in rows]
        if any(allowed):
            typical[genre] = described.ids[rows[nearest_to_median(scaled[rows], among=allowed)]]
    return typical


def count_genres(
    names: Sequence[str],
    *,
    genres: Mapping[str, str],
    artists: Mapping[str, str | None],
    with_features: Collection[str],
    with_sound: Collection[str],
) -> tuple[GenreCount, ...]:
    """Counts of each genre, in the order of ``names``; ``genres`` and ``artists`` are by track id."""
    counts = []
    for name in names:
        ids = [id_ for id_, genre in genres.items() if genre == name]
        known = Counter(artist for id_ in ids if (artist := artists[id_]) is not None)
        counts.append(
            GenreCount(
                genre=name,
                n_tracks=len(ids),
                n_with_features=sum(id_ in with_features for id_ in ids),
                n_with_sound=sum(id_ in with_sound for id_ in ids),
                n_artists=len(known),
                n_largest=max(known.values(), default=0),
                n_unknown=len(ids) - known.total(),
            )
        )
    return tuple(counts)


def make_map(described: Described, *, what: str, seen: Collection[str] = ()) -> GenreMap:
    """t-SNE of tracks (van der Maaten & Hinton, JMLR 9, 2008), and how far nearest neighbours agree in genre.

    Only tracks with all their numbers, standardised; columns that nobody has a number in are passed over. Raises
    :class:`DataError` (code "too_few") below :data:`MIN_MAPPED` tracks. The same numbers give the same map on the same
    machine. Imports scikit-learn.
    """
    columns = np.isfinite(described.values).any(axis=0)
    rows = np.flatnonzero(np.isfinite(described.values[:, columns]).all(axis=1))
    if len(rows) < MIN_MAPPED:
        raise DataError(
            f"a map needs at least {MIN_MAPPED} tracks with all their numbers, got {len(rows)}", code="too_few"
        )
    from sklearn.manifold import TSNE

    mapped = described.part(rows)
    values = standardise(mapped.values[:, columns])
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    layout = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=SEED)
    elsewhere = float("nan")
    if any(artist is not None for artist in mapped.artists):
        groups = [artist or f"?{id_}" for artist, id_ in zip(mapped.artists, mapped.ids, strict=True)]
        elsewhere = neighbour_agreement(values, classes=mapped.labels, groups=groups)
    sizes = np.bincount(mapped.labels)
    was_seen = np.array([id_ in seen for id_ in mapped.ids])
    return GenreMap(
        what=what,
        mapped=mapped,
        places=np.asarray(layout.fit_transform(values), dtype=np.float64),
        seen=was_seen,
        perplexity=perplexity,
        agreement=neighbour_agreement(values, classes=mapped.labels),
        agreement_elsewhere=elsewhere,
        agreement_unseen=neighbour_agreement(values, classes=mapped.labels, among=~was_seen),
        chance=float((sizes * (sizes - 1)).sum() / (len(rows) * (len(rows) - 1))),
    )


def map_or_reason(described: Described, *, what: str, seen: Collection[str] = ()) -> GenreMap | str:
    """:func:`make_map`, or a sentence that says why there is none."""
    try:
        return make_map(described, what=what, seen=seen)
    except DataError as error:
        return f"{error}."
