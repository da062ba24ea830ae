"""What explain's checks say of a network's attention, and the file that keeps it beside the training.

Judging takes minutes and depends on the network, the clips and the checks alone, so it is done once for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.errors import DataError
from genrelens.explanation.faithfulness.report import Difference
from genrelens.files import write_whole
from genrelens.metrics import Interval
from genrelens.schema import decode, encode, json_text, parse, read_text

SCHEMA: Final = "genrelens.attention-judged/1"
FILE: Final = "attention-judged.json"


@dataclass(frozen=True, slots=True)
class Areas:
    """Mean areas of a map's curves over the clips, 0 to 1: ``deletion`` is low where the map is true, ``insertion``
    high."""

    name: str
    deletion: Interval
    insertion: Interval


@dataclass(frozen=True, slots=True)
class Pointed:
    """How often a map's highest second lies in the piece of another genre, of ``n``; ``even``: pointing blindly."""

    name: str
    hits: Interval
    even: float
    n: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The mean rank correlation of a map with that of networks whose weights are shuffled."""

    name: str
    rank: Interval


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checks found.

    Attributes:
        maps: the names of what was judged, raw attention first and occlusion last.
        fills: what stood in the place of what was taken out.
        n_clips, n_artists: what the areas rest on.
        areas: of every map, and of the controls.
        differences: each map against each control, and against occlusion, clip by clip.
        pointed: of every map; empty where the clips are too short to be spliced.
        kept: of the maps of attention; empty where the network cannot be built again.
        n_shuffled: clips that ``kept`` rests on.
    """

    maps: tuple[str, ...]
    fills: tuple[str, ...]
    n_clips: int
    n_artists: int
    areas: tuple[Areas, ...]
    differences: tuple[Difference, ...]
    pointed: tuple[Pointed, ...]
    kept: tuple[Kept, ...]
    n_shuffled: int

    def against(self, name: str, other: str) -> Difference:
        """One of the differences."""
        return next(one for one in self.differences if (one.method, one.against) == (name, other))

    def areas_of(self, name: str) -> Areas:
        """A map's, or a control's."""
        return next(one for one in self.areas if one.name == name)

    def pointed_of(self, name: str) -> Pointed | None:
        """A map's; None where no splices were asked of it."""
        return next((one for one in self.pointed if one.name == name), None)

    def kept_of(self, name: str) -> Interval | None:
        """A map's; None where it was not asked of a shuffled network."""
        return next((one.rank for one in self.kept if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: whoever asks the same gets the same. ``sizes`` are the numbers of clips, splices and shuffles."""

    model_hash: str
    seed: int
    ids: tuple[str, ...]
    maps: tuple[str, ...]
    sizes: tuple[int, ...]
    genrelens: str


def write(path: Path, asked: Asked, judged: Judged) -> None:
    """Keep what was found."""
    schema = {"schema": SCHEMA}
    document: dict[str, Any] = {"asked": encode(asked), **encode(judged)}
    write_whole(path, json_text({**schema, **document}))


def read(path: Path, asked: Asked) -> Judged | None:
    """What was found when the same was asked; None where nothing was, or something else."""
    if not path.is_file():
        return None
    source = f"the checks of attention {str(path)!r}"
    try:
        document = parse(read_text(path, what="file"), schema=SCHEMA, source=source)
        if decode(Asked, document.pop("asked", None), where=source) != asked:
            return None
        found: Judged = decode(Judged, document, where=source)
    except DataError:  # of another version, or not whole: it is asked again, and written anew
        return None
    return found
