"""Artists' names that name nobody: what compilations and untagged files have in the place of an artist.

Two tracks of "Various Artists" are by different people, and "Unknown Artist" may be anybody: each such track is a group
of its own.
"""

from __future__ import annotations

from typing import Final

from genrelens.taxonomy import words

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
