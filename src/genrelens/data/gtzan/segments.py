"""GTZAN in pieces of 3 s, named and cut as the rows of Kaggle's ``features_3_sec.csv`` are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from genrelens.data.track import Track

SAMPLE_RATE: Final = 22050
HOP: Final = 66150
"""Samples from one piece's start to the next's; a piece has one sample less."""

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
"""The clips of at most 661,500 samples (30.000 s): nine pieces, where every other clip has ten; 9,990 in all."""


def segment_ids(clip: str) -> tuple[str, ...]:
    """``"blues.00000"`` -> ``("blues.00000.0", ..., "blues.00000.9")``, as the table's rows without ``.wav``."""
    return tuple(f"{clip}.{i}" for i in range(9 if clip in SHORT_CLIPS else 10))


def segments(tracks: Iterable[Track]) -> tuple[Track, ...]:
    """The pieces of clips of GTZAN as tracks: piece i lies from 3 i s, for 66,149 samples, in the clip's file."""
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
