"""GTZAN: 1,000 excerpts of about 30 s, ten genres, 100 each (Tzanetakis & Cook 2002, "Musical genre
classification of audio signals").

Licence: none; the clips are excerpts of published recordings, so genrelens ships facts about them and no
sound. Artists and repeats are Sturm's (2012, corrected 2014; arXiv 1306.1461), the fault-filtered split is
Kereliuk, Sturm & Larsen's (2015, arXiv 1507.04761); ``tools/make_gtzan_facts.py`` writes them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from genrelens.audio import MEDIA_SUFFIXES
from genrelens.data.root import data_root
from genrelens.data.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import GTZAN

DATASET: Final = "gtzan"
N_CLIPS_PER_GENRE: Final = 100
SPLITS: Final[Mapping[str, str]] = {
    "fault-filtered": "gtzan-fault-filtered.json",
    "s4": "gtzan-s4.json",
}
"""Names that :func:`split` knows -> package data file."""

LAYOUTS: Final = (
    (),
    ("genres_original",),
    ("Data", "genres_original"),
    ("genres",),
    ("gtzan",),
    ("gtzan", "genres_original"),
    ("gtzan", "Data", "genres_original"),
    ("gtzan", "genres"),
)
"""Where the ten genre folders may be below the root, in the order of looking; case does not matter."""

_LOSSLESS_FIRST: Final = (".wav", ".au", ".flac", ".aif", ".aiff", ".ogg", ".oga", ".opus", ".mp3")
# How files with these endings must begin. jazz.00054.wav of Kaggle's copy does not; reading 4 bytes of 1,000
# files costs some 30 ms, decoding them a minute.
_MAGIC: Final[Mapping[str, tuple[bytes, ...]]] = {
    ".wav": (b"RIFF", b"RIFX", b"RF64"),
    ".au": (b".snd",),
    ".flac": (b"fLaC", b"ID3"),
    ".aif": (b"FORM",),
    ".aiff": (b"FORM",),
    ".ogg": (b"OggS",),
    ".oga": (b"OggS",),
    ".opus": (b"OggS",),
}
_CLIP_NAME: Final = re.compile(r"(?P<genre>[^.]+)\.(?P<number>[0-9]{5})(?P<suffix>\.[^.]+)")


@dataclass(frozen=True, slots=True)
class GtzanData:
    """What :func:`load` found: ``tracks`` in order of id, and what is not among them.

    ``missing`` are the ids that have no file, ``unreadable`` pairs of id and reason, ``left_out`` the ids
    among ``tracks`` that the fault-filtered split leaves out as faulty (never train on them), ``notes``
    sentences about anything else that was odd. ``tracks``, ``missing`` and ``unreadable`` together are the
    1,000 clips.
    """

    tracks: tuple[Track, ...]
    missing: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


def load(root: Path | str | None = None) -> GtzanData:
    """Find the clips of GTZAN below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    Takes the layouts in :data:`LAYOUTS`, any audio ending, and ``hiphop``, ``hip-hop`` or ``HipHop`` in
    folder and file names. No sound is decoded: files are found and their first bytes looked at. Raises
    :class:`DataError` when the folder is missing or holds no clip.
    """
    top = data_root(root)
    folders = _genre_folders(top)
    notes: list[str] = []
    files: dict[str, list[Path]] = defaultdict(list)
    for genre, folder in folders:
        for path in _listing(folder, notes):
            if (id_ := clip_id(path.name)) is None:
                continue
            if id_.split(".")[0] != genre:
                notes.append(f"{path.name} lies in the folder of {genre} and was passed over")
            else:
                files[id_].append(path)
    if not files:
        raise DataError(
            f"no GTZAN clips in {str(top)!r}: expected ten folders of genres (blues, classical, ...) with "
            "files like blues/blues.00000.wav, at the top or below 'genres_original', "
            f"'Data/genres_original' or 'genres'; found {_what_is_there(top)}. Give the folder that GTZAN "
            "was unpacked into",
            code="not_gtzan",
        )
    artists, recordings, left_out = facts().artists, facts().recordings, facts().left_out
    tracks: list[Track] = []
    unreadable: list[tuple[str, str]] = []
    for id_, paths in sorted(files.items()):
        paths.sort(key=_preference)
        faults = {path: fault for path in paths if (fault := _fault(path)) is not None}
        chosen = next((path for path in paths if path not in faults), None)
        if len(paths) > 1:
            names = ", ".join(str(p.relative_to(top)) for p in paths)
            notes.append(
                f"{id_} has {len(paths)} files ({names}); {'none' if chosen is None else chosen.name} is used"
            )
        if chosen is None:
            unreadable.append((id_, f"{paths[0]}: {faults[paths[0]]}"))
        else:
            genre = id_.split(".")[0]
            tracks.append(Track(id_, chosen, genre, artists.get(id_), DATASET, recordings.get(id_)))
    return GtzanData(
        tracks=tuple(tracks),
        missing=tuple(id_ for id_ in all_ids() if id_ not in files),
        unreadable=tuple(unreadable),
        left_out=tuple(track.id for track in tracks if track.id in left_out),
        notes=tuple(notes),
    )


def is_gtzan(folder: Path) -> bool:
    """Whether :func:`load` would find clips below a folder."""
    return bool(_genre_folders(folder))


def split(name: str) -> Split:
    """A split of GTZAN by name: a key of :data:`SPLITS`. Raises :class:`SplitError` on another name."""
    if name not in SPLITS:
        raise SplitError(
            f"GTZAN has no split {name!r}; its splits: {', '.join(SPLITS)}", code="unknown_split"
        )
    return Split.from_json(_package_text(SPLITS[name]), source=f"genrelens's own split {name!r}")


def clip_id(file_name: str) -> str | None:
    """``"Hip-Hop.00031.ogg"`` -> ``"hiphop.00031"``; ``None`` for a name that is not a GTZAN clip's."""
    match = _CLIP_NAME.fullmatch(file_name)
    if match is None or match["suffix"].lower() not in MEDIA_SUFFIXES or match["genre"] not in GTZAN:
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
    document = json.loads(_package_text("gtzan-facts.json"))
    exact = tuple((a, b) for a, b in document["exact_duplicates"])
    near = tuple((a, b) for a, b in document["near_duplicates"])
    recordings: dict[str, str] = {}
    for a, b in sorted((min(pair), max(pair)) for pair in exact + near):
        recordings[b] = recordings.setdefault(a, a)
    return Facts(document["artists"], recordings, frozenset(document["left_out"]), exact, near)


def _package_text(name: str) -> str:
    return resources.files("genrelens.data").joinpath("splits", name).read_text(encoding="utf-8")


def _genre_folders(top: Path) -> list[tuple[str, Path]]:
    """Pairs of genre and folder of the first layout that holds at least one clip; empty when none does."""
    for layout in LAYOUTS:
        for folder in _descend(top, layout):
            found = [(GTZAN.canonical(path.name), path) for path in _listing(folder) if path.name in GTZAN]
            found = [(genre, path) for genre, path in found if _is_folder(path)]
            if any(clip_id(path.name) for _, genre_folder in found for path in _listing(genre_folder)):
                return found
    return []


def _descend(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    if not names:
        yield folder
        return
    for path in _listing(folder):
        if path.name.casefold() == names[0].casefold() and _is_folder(path):
            yield from _descend(path, names[1:])


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that may be listed and not searched
        return False


def _listing(folder: Path, notes: list[str] | None = None) -> list[Path]:
    """What lies in a folder, in order of name; a folder that may not be read is empty and leaves a note."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if notes is not None:
            notes.append(f"the folder {folder.name} cannot be read: {error.strerror}")
        return []


def _preference(path: Path) -> tuple[int, str]:
    """Sorts the files of one clip: what lost the least comes first, endings that GTZAN never had last."""
    suffix = path.suffix.lower()
    return (_LOSSLESS_FIRST.index(suffix) if suffix in _LOSSLESS_FIRST else len(_LOSSLESS_FIRST), str(path))


def _fault(path: Path) -> str | None:
    """Why the file cannot be a sound file, judged by its kind and first bytes; ``None`` if it can."""
    try:
        if not path.is_file():
            return "a link that leads nowhere" if path.is_symlink() else "not a file"
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    if not head:
        return "the file is empty"
    magic = _MAGIC.get(path.suffix.lower())
    if magic is not None and not head.startswith(magic):
        return f"not a {path.suffix.lower()} file: it begins with {head!r}, expected {magic[0]!r}"
    return None


def _what_is_there(top: Path) -> str:
    names = [path.name for path in _listing(top)]
    return (
        "nothing"
        if not names
        else ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    )
