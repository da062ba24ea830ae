"""Ordered genre names and their aliases: the only source of class order."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from genrelens.errors import TaxonomyError, did_you_mean


def composed(text: str) -> str:
    """The one Unicode form (NFC) in which names are compared: files from Macs have "e" and an accent for "é"."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def words(name: str) -> list[str]:
    """The words of a name for comparing: without case and punctuation, in one Unicode form.

    Combining marks are letters: Devanagari, Thai and Tamil write vowels so.
    """
    text = unicodedata.normalize("NFD", name).casefold()
    text = text.replace("i\u0307", "i").replace("\u0131", "i")  # Turkish has a dotted and a dotless i
    kept = "".join(c if c.isalnum() or _is_mark(c) else " " for c in unicodedata.normalize("NFC", text))
    return [word for word in kept.split() if any(c.isalnum() for c in word)]


def fold(name: str) -> str:
    """Case, spaces, punctuation and Unicode form do not tell genres apart: ``Hip-Hop`` and ``hiphop`` are one."""
    # Marks of two words that come together have an order, too.
    return unicodedata.normalize("NFC", "".join(words(name)))


def _is_mark(c: str) -> bool:
    return unicodedata.category(c) in ("Mn", "Mc") and not "\ufe00" <= c <= "\ufe0f"  # those choose a glyph


@dataclass(frozen=True)
class Taxonomy:
    """Genre names in class order.

    ``names[i]`` is the genre of logit ``i``. ``aliases`` maps other spellings to a name; case, spaces, hyphens
    and underscores never matter. Raises :class:`TaxonomyError` on repeated names or an alias to an unknown name.
    """

    names: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.names:
            raise TaxonomyError("a taxonomy needs at least one genre name, got none")
        folded = [fold(name) for name in self.names]
        if "" in folded or len(set(folded)) != len(folded):
            raise TaxonomyError(
                f"genre names must be non-empty and differ in more than case and hyphens, got {self.names}"
            )
        for alias, name in self.aliases.items():
            if name not in self.names:
                raise TaxonomyError(f"alias {alias!r} stands for {name!r}, which is not one of {', '.join(self.names)}")

    @cached_property
    def _lookup(self) -> dict[str, int]:
        table = {fold(alias): self.names.index(name) for alias, name in self.aliases.items()}
        table.update({fold(name): i for i, name in enumerate(self.names)})
        return table

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self._lookup

    def index(self, name: str) -> int:
        """Class index of a genre given by its name or any alias."""
        try:
            return self._lookup[fold(name)]
        except KeyError:
            meant = did_you_mean(name, [*self.names, *self.aliases])
            raise TaxonomyError(f"unknown genre {name!r}{meant or ';'} known genres: {', '.join(self.names)}") from None

    def canonical(self, name: str) -> str:
        """The genre's one spelling: ``canonical("Hip-Hop") == "hiphop"``."""
        return self.names[self.index(name)]


GTZAN = Taxonomy(
    names=("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"),
    aliases={"rap": "hiphop", "heavy metal": "metal", "rock and roll": "rock", "rock'n'roll": "rock"},
)
"""The ten genres of GTZAN (Tzanetakis & Cook 2002), in alphabetical order."""

FMA_SMALL = Taxonomy(
    names=("Electronic", "Experimental", "Folk", "Hip-Hop", "Instrumental", "International", "Pop", "Rock"),
    aliases={"rap": "Hip-Hop"},
)
"""The eight genres of FMA small, 1,000 tracks each (Defferrard et al. 2017, arXiv 1612.01840), in order of name."""

FMA = Taxonomy(
    names=(
        "Blues",
        "Classical",
        "Country",
        "Easy Listening",
        "Electronic",
        "Experimental",
        "Folk",
        "Hip-Hop",
        "Instrumental",
        "International",
        "Jazz",
        "Old-Time / Historic",
        "Pop",
        "Rock",
        "Soul-RnB",
        "Spoken",
    ),
    aliases={
        "rap": "Hip-Hop",
        "old-time": "Old-Time / Historic",
        "historic": "Old-Time / Historic",
        "soul": "Soul-RnB",
        "r&b": "Soul-RnB",
        "spoken word": "Spoken",
    },
)
"""The sixteen top genres of the Free Music Archive (FMA medium, large and full), in alphabetical order."""
