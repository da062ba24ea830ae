"""Made-up prints of tracks with known differences: what a fingerprint should say of them is known beforehand."""

from __future__ import annotations

import numpy as np

from genrelens.bundle import Bundle
from genrelens.profile import sound as fingerprint_sound
from genrelens.profile.heads import HeadPrint
from genrelens.profile.track import TrackPrint, columns

N_SEGMENTS = 20
NAMES = ("calm", "loud", "odd")
N_BANDS = 4


def shipped() -> Bundle:
    """Whose tags the columns are."""
    return Bundle.load("base")


def print_of(
    index: int,
    genre: str,
    *,
    tags: int = 50,
    attention: bool = False,
    names: tuple[str, ...] = NAMES,
    n_bands: int = N_BANDS,
) -> TrackPrint:
    """A track of an artist of its own; the seconds that count of "loud" tracks are brighter, and the genre is louder.

    Band 1 speaks for each genre with a score of 2, all others for nothing. Every fifth track is taken for the next
    genre.
    """
    rng = np.random.default_rng(index)
    k = names.index(genre)
    d = len(fingerprint_sound.DESCRIPTORS)
    described = rng.normal(size=(N_SEGMENTS, d + tags))
    top = np.zeros(N_SEGMENTS, dtype=bool)
    top[rng.choice(N_SEGMENTS, 4, replace=False)] = True
    at = {name: j for j, name in enumerate(fingerprint_sound.DESCRIPTORS)}
    if genre == "loud":
        described[top, at["centroid"]] += 3.0
        described[:, at["level"]] += 3.0
    segments = 0.1 * rng.normal(size=(N_SEGMENTS, len(names)))
    segments[top, k] += 1.0
    bands = 0.1 * rng.normal(size=(n_bands, len(names)))
    bands[1, k] += 2.0
    probabilities = np.full(len(names), 0.1)
    probabilities[(k + 1) % len(names) if index % 5 == 0 else k] = 0.8
    track_tags = rng.normal(size=tags)
    embedding = rng.normal(size=6)
    embedding[0] = 3.0 * track_tags[5]
    heads = None
    if attention:
        profile = np.ones((2, 2, 12))
        profile[1, 1, k] += 1.0  # one head that looks elsewhere for each genre
        profile += 0.05 * rng.normal(size=profile.shape)
        beat = np.ones(8) + 0.3 * np.cos(2 * np.pi * np.arange(8) / 8) if index % 2 else None
        heads = HeadPrint(np.full((2, 2), 1.5), np.full((2, 2), 0.8), profile, 0.05, beat)
    return TrackPrint(
        id=f"{genre}.{index:05}",
        genre=genre,
        group=f"artist {index}",
        seen=index % 2 == 0,
        probabilities=probabilities / probabilities.sum(),
        embedding=embedding,
        times_s=np.arange(N_SEGMENTS + 1.0),
        segments=segments,
        bands=bands,
        top=top,
        described=described,
        tags=track_tags,
        bpm=100.0 + 10 * k,
        clarity=0.5,
        heads=heads,
    )


def prints(
    *, per_genre: int = 12, attention: bool = False, names: tuple[str, ...] = NAMES, n_bands: int = N_BANDS
) -> tuple[TrackPrint, ...]:
    """``per_genre`` tracks of each of three genres."""
    return tuple(
        print_of(100 * k + i, genre, attention=attention, names=names, n_bands=n_bands)
        for k, genre in enumerate(names)
        for i in range(per_genre)
    )


def its_columns() -> tuple[str, ...]:
    """Names of the numbers of a row."""
    return columns(shipped())
