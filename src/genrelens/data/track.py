"""A piece of music with a known genre, as every data set gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from genrelens.errors import DataError
from genrelens.taxonomy import composed


@dataclass(frozen=True, slots=True)
class Track:
    """One labelled piece.

    ``id`` is unique within its data set, ``genre`` is spelt as the data set's taxonomy spells it. ``artist``
    is ``None`` when nobody knows; such a track is a group of its own. ``recording`` names the cluster of
    known repeats of one recording that the track belongs to (the first id of the cluster), ``None`` when no
    repeat is known. A track may be a piece of a longer one: ``segment_of`` is then that one's id, and ``span_s``
    where in the file it lies, from and to, in seconds. ``genres`` are all genres of a piece that has several, ``genre``
    first, and empty where it has one (:attr:`all_genres` is never empty). Raises :class:`DataError` on an empty id,
    genre or artist, a span that ends before it begins, or ``genres`` that do not begin with ``genre``.
    """

    id: str
    path: Path
    genre: str
    artist: str | None
    dataset: str
    recording: str | None = None
    segment_of: str | None = None
    span_s: tuple[float, float] | None = None
    genres: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id or not self.genre:
            raise DataError(
                f"a track needs an id and a genre, got id {self.id!r} and genre {self.genre!r} for "
                f"{str(self.path)!r}"
            )
        if self.artist is not None and not self.artist.strip():
            raise DataError(f"track {self.id!r} has an empty artist; give None when the artist is unknown")
        if self.span_s is not None and not 0.0 <= self.span_s[0] < self.span_s[1]:
            raise DataError(f"track {self.id!r} should lie between two times in seconds, got {self.span_s}")

        if self.genres and (self.genres[0] != self.genre or len(set(self.genres)) < len(self.genres)):
            raise DataError(
                f"track {self.id!r} has the genre {self.genre!r}, which should be the first of its genres, each given "
                f"once; got {self.genres}"
            )

    @property
    def all_genres(self) -> tuple[str, ...]:
        """Every genre of the piece, the one that counts first."""
        return self.genres or (self.genre,)

    @property
    def whole(self) -> str:
        """The id of the whole piece: ``segment_of``, or the track's own id."""
        return self.segment_of or self.id

    @property
    def group(self) -> str:
        """What must stay on one side of a split: the artist, or ``"?" + id`` when the artist is unknown."""
        return self.artist if self.artist is not None else "?" + self.whole


def in_one_form(ids: Iterable[str]) -> dict[str, str]:
    """Ids -> the same in one Unicode form (NFC), so that those made on a Mac fit; but for those that would be the same
    then: two files beside each other may have one name in its two forms.
    """
    distinct = set(ids)
    count = Counter(map(composed, distinct))
    return {id_: composed(id_) if count[composed(id_)] == 1 else id_ for id_ in distinct}
