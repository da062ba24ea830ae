"""What is known of GTZAN's 1,000 clips: names, artists, repeats, faults, splits, and their segments of 3 s."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from genrelens.audio.walk import is_media
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import SplitError
from genrelens.taxonomy import GTZAN

DATASET: Final = "gtzan"
N_CLIPS_PER_GENRE: Final = 100
_CLIP_NAME: Final = re.compile(r"(?P<genre>[^.]+)\.(?P<number>[0-9]{5})(?P<suffix>\.[^.]+)")


def clip_id(file_name: str) -> str | None:
    """``"Hip-Hop.00031.ogg"`` -> ``"hiphop.00031"``; ``None`` for a name that is not a GTZAN clip's."""
    match = _CLIP_NAME.fullmatch(file_name)
    if match is None or not is_media(file_name) or match["genre"] not in GTZAN:
        return None
    if int(match["number"]) >= N_CLIPS_PER_GENRE:
        return None
    return f"{GTZAN.canonical(match['genre'])}.{match['number']}"


def all_ids() -> tuple[str, ...]:
    """The 1,000 ids, ``"blues.00000"`` to ``"rock.00099"``, in order."""
    return tuple(f"{genre}.{number:05d}" for genre in GTZAN.names for number in range(N_CLIPS_PER_GENRE))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the clips: ``artists`` by id (an id without one is of an unknown artist),
    ``recordings`` by id of the clips that repeat another one (-> the first id of the cluster), ``left_out``
    the faulty clips' ids, and the pairs of exact and near duplicates.
    """

    artists: Mapping[str, str]
    recordings: Mapping[str, str]
    left_out: frozenset[str]
    exact_duplicates: tuple[tuple[str, str], ...]
    near_duplicates: tuple[tuple[str, str], ...]


@cache
def facts() -> Facts:
    """The facts about GTZAN's clips that come with genrelens."""
    document = json.loads(package_text("facts.json"))
    exact = tuple((a, b) for a, b in document["exact_duplicates"])
    near = tuple((a, b) for a, b in document["near_duplicates"])
    recordings: dict[str, str] = {}
    for a, b in sorted((min(pair), max(pair)) for pair in exact + near):
        recordings[b] = recordings.setdefault(a, a)
    return Facts(document["artists"], recordings, frozenset(document["left_out"]), exact, near)


def package_text(name: str) -> str:
    """The text of one of the package's files of facts and splits."""
    return resources.files("genrelens.data.gtzan").joinpath(name).read_text(encoding="utf-8")


SPLITS: Final[Mapping[str, str]] = {
    "fault-filtered": "fault-filtered.json",
    "s4": "s4.json",
    "s3": "s3.json",
    "s1-segments": "s1-segments.json",
}
"""Names that :func:`split` knows -> package data file."""


def split(name: str) -> Split:
    """A split of GTZAN by name: a key of :data:`SPLITS`. Raises :class:`SplitError` on another name."""
    if name not in SPLITS:
        raise SplitError(f"GTZAN has no split {name!r}; its splits: {', '.join(SPLITS)}", code="unknown_split")
    return Split.from_json(package_text(SPLITS[name]), source=f"genrelens's own split {name!r}")


SAMPLE_RATE: Final = 22050
HOP: Final = 66150
"""Samples from one segment's start to the next's; a segment has one sample less."""

SHORT_CLIPS: Final = frozenset(
    {
        "classical.00049",
        "classical.00051",
        "country.00003",
        "country.00004",
        "country.00007",
        "disco.00014",
        "hiphop.00031",
        "hiphop.00032",
        "rock.00027",
        "rock.00038",
    }
)
"""The clips of at most 661,500 samples (30.000 s): nine segments, where every other clip has ten; 9,990 in all."""


def segment_ids(clip: str) -> tuple[str, ...]:
    """``"blues.00000"`` -> ``("blues.00000.0", ..., "blues.00000.9")``, as the table's rows without ``.wav``."""
    return tuple(f"{clip}.{i}" for i in range(9 if clip in SHORT_CLIPS else 10))


def segments(tracks: Iterable[Track]) -> tuple[Track, ...]:
    """The segments of clips of GTZAN as tracks: segment i lies from 3 i s, for 66,149 samples, in the clip's file."""
    return tuple(
        Track(
            id=id_,
            path=track.path,
            genre=track.genre,
            artist=track.artist,
            dataset=track.dataset,
            recording=track.recording,
            segment_of=track.id,
            span_s=(i * HOP / SAMPLE_RATE, ((i + 1) * HOP - 1) / SAMPLE_RATE),
        )
        for track in tracks
        for i, id_ in enumerate(segment_ids(track.id))
    )
