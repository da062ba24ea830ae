"""The one walk through a folder: which files may be sound, by their endings, and what is passed over.

An ending says only what is worth opening: content decides how a file is read, and a file that is named is read
whatever its ending.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

_ENDINGS: Final = (
    "wav wave bwf bw64 rf64 w64 aif aiff aifc afc au snd caf flac fla",
    "mp3 mp2 mp1 mpa mpga m1a m2a m3a aac adts ac3 eac3 ec3 dts dtshd mlp thd latm loas amr awb",
    "ogg oga opus spx ogv ogx ogm mogg",
    "m4a m4b m4p m4r mp4a alac 3ga 3gp 3gpp 3g2 3gp2 3gpp2 f4a f4b f4v isma ismv mp4 m4v mov qt mj2",
    "wma asf wm wmv xwma at3 ape wv tta tak mpc mpp mp+ dsf dff shn oma aa3 ra rm rmvb",
    "mka mkv mk3d webm weba avi divx flv mpg mpeg mpe m2p vob ts mts m2t m2ts tp trp",
    "voc nist sph avr iff svx 8svx 16svx",
)
MEDIA_SUFFIXES: Final = frozenset(f".{ending}" for line in _ENDINGS for ending in line.split())
"""Lower-case endings of what libsndfile, or ffmpeg as far as it is let, can read, films included.

Not here: playlists (m3u, ram), notes (mid, mod), sound without a header (raw, pcm, gsm), what nobody has but
laboratories (paf, sds), and endings that mostly mean something else (dat, mat).
"""

_HIDDEN: Final = re.compile(r"\.[^\W\d]")
_MADE_BY_SYSTEMS: Final = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini"})
_ENDING: Final = re.compile(r"\.\w{1,10}")  # "01. A long title" has none
_N_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be sound; or, with its ``error``, a folder that cannot be looked into."""

    path: str
    error: OSError | None = None


def walk(folder: str | Path, *, passed_over: Counter[str] | None = None) -> Iterator[Found]:
    """Yield what may be sound below a folder: files and sub-folders by name, spelt as ``folder`` was.

    Hidden files and folders are passed over: names that begin with a dot and a letter (``.git``, and ``._x.mp3``, which
    macOS writes beside x.mp3), but not ``...And Justice`` or ``.38 Special``. A link to a folder is entered where that
    lies elsewhere, once; links to what is below ``folder``, or above it, are not: the walk comes by itself, or would go
    in circles. ``passed_over`` counts the other files by their endings, for :func:`passed_over_text`.
    """
    counts: Counter[str] = Counter() if passed_over is None else passed_over
    root = os.path.realpath(folder)
    entered: set[str] = set()
    waiting = [(os.fspath(folder), root, Entry("", is_folder=True, is_link=False))]
    while waiting:
        path, real, entry = waiting.pop()
        if not entry.is_folder:
            if _is_wanted(entry.name, counts):
                yield Found(path)
            continue
        if entry.is_link:
            real = os.path.realpath(path)
            if _holds(root, real) or _holds(real, root):
                continue
        if is_hidden(entry.name) or real in entered:
            continue
        entered.add(real)
        try:
            inside = listing(path)
        except OSError as error:
            yield Found(path, error)
            continue
        waiting += [
            (os.path.join(path, entry.name), os.path.join(real, entry.name), entry)  # noqa: PTH118  (as it was given)
            for entry in reversed(inside)
        ]


@dataclass(frozen=True, slots=True)
class Named:
    """A path to be answered; ``code`` and ``message`` are set where it is known already that it cannot be."""

    path: str
    code: str | None = None
    message: str | None = None


def named(paths: Iterable[str], *, passed_over: Counter[str] | None = None) -> Iterator[Named]:
    """The files that paths mean, in the order of the paths: a file itself, whatever its ending, and what :func:`walk`
    finds in a folder. A folder without music, or one that may not be read, has a ``code``.
    """
    for path in paths:
        if not _may_be_looked_into(path):
            yield Named(path)
            continue
        found = False
        for item in walk(path, passed_over=passed_over):
            found = True
            if item.error is None:
                yield Named(item.path)
            else:
                code = "permission" if isinstance(item.error, PermissionError) else "missing"
                why = item.error.strerror or item.error
                yield Named(item.path, code, f"this folder cannot be read: {why}")
        if not found:
            yield Named(path, "no_music", f"expected music in this folder, found no sound file in {path!r}")


class Entry(NamedTuple):
    """What lies in a folder; a link to a folder is a folder, too."""

    name: str
    is_folder: bool
    is_link: bool


def listing(folder: str | Path) -> list[Entry]:
    """What lies in a folder, in order of name. Raises :class:`OSError` when it may not be read."""
    with os.scandir(folder) as entries:
        return sorted(Entry(entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)


def is_media(name: str) -> bool:
    """Whether a file's name has one of :data:`MEDIA_SUFFIXES`."""
    return Path(name).suffix.lower() in MEDIA_SUFFIXES


def is_hidden(name: str) -> bool:
    """Whether a name begins with a dot and a letter or "_": ``.git`` and ``._x.mp3``, not ``...And Justice``."""
    return _HIDDEN.match(name) is not None


def passed_over_text(counts: Mapping[str, int]) -> str:
    """ "passed over 3 files that are no sound: 2 .jpg, 1 without an ending"; empty where there are none."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not ordered:
        return ""
    total = sum(counts.values())
    said = [f"{n:,} {ending}" for ending, n in ordered[:_N_SHOWN]]
    if others := sum(n for _, n in ordered[_N_SHOWN:]):
        said.append(f"{others:,} others")
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if others else ", ".join(said)
    return f"passed over {total:,} {'file that is' if total == 1 else 'files that are'} no sound: {listed}"


def _is_wanted(name: str, counts: Counter[str]) -> bool:
    """Whether a file is to be taken; if not, it is counted, unless the system made it."""
    hidden, media = is_hidden(name), is_media(name)
    if media and not hidden:
        return True
    if media and not name.startswith("._"):
        counts["hidden"] += 1
    elif not hidden and name.lower() not in _MADE_BY_SYSTEMS:
        ending = Path(name).suffix.lower()
        counts[ending if _ENDING.fullmatch(ending) else "without an ending"] += 1
    return False


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _may_be_looked_into(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # opening it will say why: the name is too long, a folder above may not be searched
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: opening it will say so
        return False
