"""What is known of GTZAN's 1,000 clips: their names, artists, repeats and faults."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from genrelens.audio.walk import is_media
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
