"""A track of music with a known genre, as every data set gives it; names that name nobody; genres as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import DataError
from genrelens.taxonomy import Taxonomy, composed, words


@dataclass(frozen=True, slots=True)
class Track:
    """One labelled track.

    ``id`` is unique within its data set, ``genre`` is spelt as the data set's taxonomy spells it. ``artist``
    is ``None`` when nobody knows; such a track is a group of its own. ``recording`` names the cluster of
    known repeats of one recording that the track belongs to (the first id of the cluster), ``None`` when no
    repeat is known. A track may be a segment of a longer one: ``segment_of`` is then that one's id, and ``span_s``
    where in the file it lies, from and to, in seconds. ``genres`` are all genres of a track that has several, ``genre``
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
                f"a track needs an id and a genre, got id {self.id!r} and genre {self.genre!r} for {str(self.path)!r}"
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
        """Every genre of the track, the one that counts first."""
        return self.genres or (self.genre,)

    @property
    def whole(self) -> str:
        """The id of the whole track: ``segment_of``, or the track's own id."""
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


_NAMES: Final = """
various, various artist, various artists, various interprets, various interpreters, various performers,
various composers, multiple artists, mixed artists, several artists, different artists, artists various, va,
v a, vv aa, aa vv, vvaa, aavv, compilation, compilations, sampler, soundtrack, original soundtrack, ost, misc,
miscellaneous, traditional, trad, unknown, unknown artist, unknown artists, unknown performer,
unknown composer, artist unknown, no artist, not available, not known, n a, na, none, null, nil, nan,
undefined, artist, artists, anonymous, anon, tba, tbd, verschiedene, verschiedene interpreten,
verschiedene künstler, diverse, diverse interpreten, diverse künstler, unbekannt, unbekannter interpret,
unbekannter künstler, unbekannte künstler, interpret unbekannt, keine angabe, k a, artistes divers,
artistes variés, divers, divers artistes, interprètes divers, multi interprètes, artiste inconnu, inconnu,
varios artistas, artistas varios, varios, varios intérpretes, intérpretes varios, artista desconocido,
desconocido, vários artistas, artistas vários, vários, vários intérpretes, artista desconhecido, desconhecido,
diversos, artistas diversos, artisti vari, vari artisti, interpreti vari, artista sconosciuto, sconosciuto,
autori vari, diverse artiesten, diverse uitvoerenden, verschillende artiesten, onbekende artiest, onbekend,
diversen, diverse artister, blandade artister, diverse kunstnere, okänd artist, okänd, ukjent artist, ukjent,
ukendt kunstner, ukendt, eri esittäjiä, eri artisteja, tuntematon esittäjä, tuntematon artisti, tuntematon,
ýmsir, różni wykonawcy, różni artyści, różni, nieznany wykonawca, wykonawca nieznany, nieznany artysta,
nieznany, různí interpreti, různí umělci, různí, neznámý interpret, neznámý umělec, neznámý, rôzni interpreti,
neznámy interpret, különböző előadók, válogatás, ismeretlen előadó, ismeretlen, diverși artiști,
artist necunoscut, razni izvođači, çeşitli sanatçılar, çeşitli, bilinmeyen sanatçı, bilinmeyen, διάφοροι,
διάφοροι καλλιτέχνες, άγνωστος καλλιτέχνης, άγνωστος, разные исполнители, различные исполнители,
разные артисты, сборник, неизвестный исполнитель, неизвестен, исполнитель неизвестен, неизвестный артист,
різні виконавці, невідомий виконавець, різни изпълнители, разни изпълнители, неизвестен изпълнител,
אמנים שונים, אמן לא ידוע, فنانون متنوعون, فنان غير معروف, هنرمندان مختلف, कई कलाकार, विभिन्न कलाकार,
अज्ञात कलाकार, ศิลปินต่างๆ, ศิลปินหลากหลาย, ไม่ทราบศิลปิน, ไม่รู้จักศิลปิน, nhiều nghệ sĩ,
nghệ sĩ không xác định, artis tidak dikenal, berbagai artis, ヴァリアス アーティスト, ヴァリアス アーティスツ,
オムニバス, 不明, 不明なアーティスト, アーティスト不明, 群星, 华语群星, 合輯, 合辑, 未知, 未知艺术家,
未知藝術家, 未知歌手, 未知藝人, 未知艺人, 佚名, 여러 아티스트, 알 수 없는 아티스트, 알 수 없음
"""
_UNKNOWN: Final = frozenset(" ".join(words(name)) for name in _NAMES.split(","))
_MARKS: Final = frozenset(
    {"-", "--", "---", "–", "—", "?", "??", "???", ".", "..", "...", "…", "_", "/", "()", "[]", "<>"}
)


def names_nobody(artist: str) -> bool:
    """Whether an artist's name, in any spelling, stands for an unknown artist or several: "V.A.", "<unknown>", "-"."""
    key = " ".join(words(artist))
    return key in _UNKNOWN if key else artist.strip() in _MARKS


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
