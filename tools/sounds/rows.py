"""What musicnn makes of the sounds and of GTZAN's music, window by window, kept in the cache once computed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from genrelens import audio
from genrelens.data import registry
from genrelens.data.track import Track
from genrelens.features.musicnn import musicnn_windows
from sounds.parts import RATE

SPLIT = "fault-filtered"

Windows = tuple[NDArray[np.float32], ...]


class Piece(NamedTuple):
    """A sound and its windows (w, 712), none where it is silent; ``family`` and ``kind`` as in ``other_sounds``."""

    family: str
    kind: str
    path: Path
    windows: NDArray[np.float32]


def music(data: Path) -> tuple[Track, ...]:
    """The tracks that the shipped model learns from: train and valid of the fault-filtered split."""
    faulty = registry.never_train("gtzan")
    loaded = tuple(track for track in registry.load(data, dataset="gtzan") if track.id not in faulty)
    return registry.split("gtzan", SPLIT).part(loaded, "train+valid")


def dressed_music(tracks: Sequence[Track], folder: Path) -> tuple[Track, ...]:
    """The same tracks through the low-pass and the room that the sounds went through, as FLAC below ``folder``."""
    from other_sounds import dressed

    made = []
    for track in tracks:
        path = folder / track.genre / f"{track.id}.flac"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng([0, zlib.crc32(track.id.encode())])
            sound = audio.load(track.path, sample_rate=RATE).samples.astype(np.float64)
            way = int(rng.integers(3))
            sound = dressed(rng, sound, vorbis=False, dull=way != 1, room=way != 0)
            aside = path.with_suffix(".part")
            soundfile.write(aside, sound, RATE, format="FLAC", subtype="PCM_16")
            aside.replace(path)
        made.append(Track(id=track.id, path=path, genre=track.genre, artist=track.artist, dataset="dressed"))
    return tuple(made)


def sounds(folder: Path, group: str, *, cache: Path) -> tuple[Piece, ...]:
    """The pieces that ``other_sounds.py`` wrote below ``folder/group``; SystemExit where there are none."""
    paths = sorted((folder / group).rglob("*.flac"))
    if not paths:
        raise SystemExit(f"{folder / group} holds no sounds; make them: python tools/other_sounds.py --help")
    tracks = [
        Track(id=str(path.relative_to(folder)), path=path, genre=path.parent.name, artist=None, dataset="-")
        for path in paths
    ]
    return tuple(
        Piece(path.parent.parent.name, path.parent.name, path, rows)
        for path, rows in zip(paths, musicnn_windows(tracks, cache=cache), strict=True)
    )
