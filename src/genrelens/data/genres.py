"""The genres of tracks as numbers, and which of them have too few tracks to be learnt or measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.data.track import Track
from genrelens.taxonomy import Taxonomy

MIN_TRACKS: Final = 20
"""A genre with fewer tracks is under-supported: marked experimental, and left out of the main accuracies."""


def classes_of(tracks: Sequence[Track], *, taxonomy: Taxonomy) -> NDArray[np.int64]:
    """``(n,)``: the place of each track's genre in the taxonomy. Raises :class:`TaxonomyError` on a stranger."""
    return np.array([taxonomy.index(track.genre) for track in tracks], dtype=np.int64)


def labels_of(tracks: Sequence[Track], *, taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """``(n, c)``: whether a track has a genre, one or several. Raises :class:`TaxonomyError` on a stranger."""
    labels = np.zeros((len(tracks), len(taxonomy)), dtype=np.bool_)
    for i, track in enumerate(tracks):
        labels[i, [taxonomy.index(genre) for genre in track.all_genres]] = True
    return labels


def under_supported(taxonomy: Taxonomy, tracks: Iterable[Track], *, every_genre: bool = False) -> tuple[str, ...]:
    """The genres with fewer than :data:`MIN_TRACKS` of the tracks, in class order.

    Segments of one track count as that track. A track counts for its first genre; with ``every_genre`` for all that it
    has. Raises :class:`TaxonomyError` on a genre that is none of the taxonomy's.
    """
    of_track = {
        (track.whole, taxonomy.canonical(genre))
        for track in tracks
        for genre in (track.all_genres if every_genre else (track.genre,))
    }
    n_tracks = Counter(genre for _, genre in of_track)
    return tuple(name for name in taxonomy.names if n_tracks[name] < MIN_TRACKS)
