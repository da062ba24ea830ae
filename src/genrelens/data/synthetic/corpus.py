"""A folder of synthetic clips that looks like any other data set: ``<style>/<style>.00000.wav``."""

from __future__ import annotations

import json
import wave
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from genrelens.data.dataset import Dataset, Music
from genrelens.data.splits.folds import hold_out
from genrelens.data.splits.split import Split
from genrelens.data.synthetic.styles import STYLES, SYNTHETIC, render
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError
from genrelens.files import contents, write_whole, written_aside

DATASET: Final = "synthetic"
MARKER: Final = "genrelens-synthetic.json"
"""The file that says what a folder of synthetic clips was made with."""

SCHEMA: Final = 1
N_PIECES_PER_ENSEMBLE: Final = 2
BY_TIMBRE: Final = "by-timbre"
"""The name of the corpus's split."""

N_PARTS: Final = 3
MAX_PER_STYLE: Final = 100_000
"""Clips of a style at most: their names count them in five digits."""

_SAMPLE_RATE: Final = 22050


def write_corpus(root: Path | str, *, n_per_style: int, seed: int, duration_s: float = 30.0) -> tuple[Track, ...]:
    """Render ``n_per_style`` clips of each style as 16-bit wav (22,050 Hz, mono) below ``root``; return the
    tracks.

    Every two clips of a style are by one ensemble, which is their artist. Files are written aside and
    renamed; a call that was cut short is finished by the same call. Raises :class:`DataError` when ``root``
    already holds something else, or cannot be written.
    """
    if not 1 <= n_per_style <= MAX_PER_STYLE or not 0.0 < duration_s < 1e5 or seed < 0:
        raise DataError(
            f"expected at least one clip of more than 0 s a style, at most {MAX_PER_STYLE:,}, and a seed of 0 or "
            "more, got "
            f"{n_per_style} clips of {duration_s} s and seed {seed}"
        )
    folder = Path(root)
    made_with = {
        "kind": "genrelens synthetic corpus",
        "schema": SCHEMA,
        "n_per_style": n_per_style,
        "seed": seed,
        "duration_s": duration_s,
        "sample_rate": _SAMPLE_RATE,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_corpus(folder):
            if (there := _marker(folder)) != made_with:
                raise DataError(
                    f"{str(folder)!r} already holds a synthetic corpus made with other settings ({there}); "
                    "delete it or give another folder"
                )
        elif contents(folder):
            raise DataError(f"{str(folder)!r} is not empty; give a new folder for the synthetic corpus")
        else:
            write_whole(folder / MARKER, json.dumps(made_with, indent=1) + "\n")
        tracks = _tracks(folder, n_per_style)
        for i, track in enumerate(tracks):
            style, number = STYLES[track.genre].name, i % n_per_style
            track.path.parent.mkdir(exist_ok=True)
            if not track.path.exists():
                ensemble = number // N_PIECES_PER_ENSEMBLE
                clip = render(
                    style,
                    seed=_seed(seed, 0, number),
                    timbre_seed=_seed(seed, 1, ensemble),
                    duration_s=duration_s,
                    sample_rate=_SAMPLE_RATE,
                )
                _write_wav(track.path, clip.samples, sample_rate=_SAMPLE_RATE)
    except OSError as error:
        raise DataError(f"the synthetic corpus cannot be written to {str(folder)!r}: {error}") from error
    return tracks


def load(root: Path | str) -> tuple[Track, ...]:
    """The tracks of a folder that :func:`write_corpus` made. Raises :class:`DataError` on any other folder,
    or when clips are missing.
    """
    folder = Path(root)
    if not is_corpus(folder):
        raise DataError(
            f"{str(folder)!r} is not a synthetic corpus: expected {MARKER} in it; make one with write_corpus",
            code="not_synthetic",
        )
    made_with = _marker(folder)
    n_per_style = made_with.get("n_per_style", 0)
    is_count = isinstance(n_per_style, int) and 1 <= n_per_style <= MAX_PER_STYLE
    if made_with.get("schema") != SCHEMA or not is_count:
        raise DataError(
            f"{str(folder / MARKER)!r} is damaged or of another version of genrelens (schema "
            f"{made_with.get('schema')!r}, expected {SCHEMA}); make the corpus again"
        )
    tracks = _tracks(folder, n_per_style)
    if missing := [track.id for track in tracks if not track.path.is_file()]:
        raise DataError(
            f"the synthetic corpus in {str(folder)!r} lacks {len(missing)} of {len(tracks)} clips (first: "
            f"{missing[0]}); call write_corpus again with {made_with}"
        )
    return tracks


def split(name: str, *, tracks: Iterable[Track]) -> Split:
    """``"by-timbre"``: three in five ensembles of each style train, one stops the training, one tests it.

    Computed from all tracks of a corpus, with a seed of its own: the same corpus always gives the same split. Raises
    :class:`SplitError` on another name, or when a style has fewer than three ensembles.
    """
    if name != BY_TIMBRE:
        raise SplitError(
            f"the synthetic corpus has no split {name!r}; its only split: {BY_TIMBRE}", code="unknown_split"
        )
    everything = tuple(tracks)
    ensembles = Counter(style for style, _ in {(track.genre, track.group) for track in everything})
    if not ensembles or min(ensembles.values()) < N_PARTS:
        raise SplitError(
            f"the split {BY_TIMBRE!r} needs {N_PARTS} ensembles of each style, got "
            f"{min(ensembles.values(), default=0)}; make a corpus with at least "
            f"{(N_PARTS - 1) * N_PIECES_PER_ENSEMBLE + 1} clips of each style"
        )
    rest, test = hold_out(everything, fraction=0.2, seed=0)
    train, valid = hold_out(rest, fraction=0.25, seed=0)
    parts = {"train": train, "valid": valid, "test": test}
    return Split(
        BY_TIMBRE,
        1,
        {part: tuple(track.id for track in chosen) for part, chosen in parts.items()},
        provenance=f"60/20/20 of each style by ensemble, seed 0, from {len(everything)} synthetic pieces.",
    )


def is_corpus(folder: Path) -> bool:
    """Whether a folder carries the synthetic corpus's marker."""
    return (folder / MARKER).is_file()


def _tracks(folder: Path, n_per_style: int) -> tuple[Track, ...]:
    return tuple(
        Track(
            id=f"{style}.{number:05d}",
            path=folder / style / f"{style}.{number:05d}.wav",
            genre=style,
            artist=f"{style} ensemble {number // N_PIECES_PER_ENSEMBLE:05d}",
            dataset=DATASET,
        )
        for style in STYLES
        for number in range(n_per_style)
    )


def _marker(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{str(folder / MARKER)!r} cannot be read: {error}; make the corpus again") from error
    if not isinstance(document, dict):
        raise DataError(f"{str(folder / MARKER)!r} is not a JSON object; make the corpus again")
    return document


def _seed(*key: int) -> int:
    return int(np.random.SeedSequence(key).generate_state(1)[0])


def _write_wav(path: Path, samples: np.ndarray[Any, np.dtype[np.float32]], *, sample_rate: int) -> None:
    with written_aside(path) as aside, wave.open(str(aside), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.round(samples * 32767.0).astype("<i2").tobytes())


ENTRY: Final = Dataset(
    is_it=is_corpus,
    load=lambda root: Music(load(root)),
    expects=MARKER,
    taxonomy=SYNTHETIC,
    splits=(BY_TIMBRE,),
    split=lambda name, tracks: split(name, tracks=tracks),
)
