"""Which genres have too few tracks to be learnt, or to be measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from genrelens.data.track import Track
from genrelens.taxonomy import Taxonomy

MIN_TRACKS: Final = 20
"""A genre with fewer tracks is under-supported: marked experimental, and left out of the main accuracies."""


def under_supported(
    taxonomy: Taxonomy, tracks: Iterable[Track], *, every_genre: bool = False
) -> tuple[str, ...]:
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
