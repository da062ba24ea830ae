"""The sound that docs/other-music.md is about, as musicnn's windows, kept in the cache once computed."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio.walk import walk
from genrelens.data import registry
from genrelens.data.track import Track
from genrelens.features.musicnn import musicnn_windows

SPLIT: Final = "fault-filtered"
FULL: Final = ("blues", "classical", "country", "jazz", "metal", "pop", "rock")
THIN: Final = ("disco", "hiphop", "reggae")
LEAST_WINDOWS: Final = 4
"""With fewer windows the spread over them means nothing."""

Windows = tuple[NDArray[np.float32], ...]


def arguments(about: str | None) -> argparse.ArgumentParser:
    """The options of all studies here."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder that holds gtzan, gtzan_cuts, not_music ...")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    return parser


def whole_clips(data: Path) -> tuple[Track, ...]:
    """GTZAN's clips of train and valid."""
    faulty = registry.never_train("gtzan")
    loaded = tuple(track for track in registry.load(data / "gtzan", dataset="gtzan") if track.id not in faulty)
    return registry.split("gtzan", SPLIT).part(loaded, "train+valid")


def thin_cuts(data: Path) -> tuple[Track, ...]:
    """Cuts of 2 to 3 s of clips that are not there whole; those without an artist share one, "? GENRE"."""
    cuts = registry.split("gtzan", SPLIT).part(registry.load(data / "gtzan_cuts", dataset="gtzan"), "train+valid")
    return tuple(dataclasses.replace(cut, artist=cut.artist or f"? {cut.genre}") for cut in cuts)


def cuts_of(clips: Sequence[Track], *, length_s: float | None = None) -> tuple[Track, ...]:
    """The first 2 to 3 s of clips, as long as chance says by the clip's id, or all of one length."""
    made = []
    for clip in clips:
        chance = int(hashlib.sha256(clip.id.encode()).hexdigest()[:8], 16) / 16**8
        end_s = round(2.0 + chance, 3) if length_s is None else length_s
        made.append(dataclasses.replace(clip, id=f"{clip.id} to {end_s:g} s", segment_of=clip.id, span_s=(0.0, end_s)))
    return tuple(made)


def unlabelled(folder: Path, *, kind: str) -> tuple[Track, ...]:
    """Every sound file below ``folder`` as a track whose genre is ``kind``."""
    paths = [Path(found.path) for found in walk(folder) if found.error is None]
    return tuple(Track(f"{kind}/{path.name}", path, kind, None, "-") for path in sorted(paths))


def windows_of(tracks: Sequence[Track], *, cache: Path) -> Windows:
    """``(w, 712)`` of each track."""
    return musicnn_windows(tracks, cache=cache)


def mean_and_spread(windows: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(n, 712)`` means, and standard deviations over windows: not a number with too few windows."""
    mean = np.stack([one.mean(axis=0, dtype=np.float64) for one in windows])
    nothing = np.full(mean.shape[1], np.nan)
    spread = [one.std(axis=0, dtype=np.float64) if len(one) >= LEAST_WINDOWS else nothing for one in windows]
    return mean, np.stack(spread)
