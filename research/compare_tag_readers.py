"""Compare how genrelens (PyAV) and mutagen read the genre tags of files in many forms.

    pip install mutagen && python research/compare_tag_readers.py

Why tags are read by PyAV, which is installed anyway: see docs/data.md, where this table stands.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import mutagen
from mutagen.aiff import AIFF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCON
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.wave import WAVE

from genrelens.audio.tags import read_tags

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from make_music import noise

ID3_VALUES = (
    ["Rock"],
    ["(17)"],
    ["17"],
    ["(17)(6)"],
    ["(4)Eurodisco"],
    ["(RX)"],
    ["Rock; Blues"],
    ["Hip-Hop/Rap"],
    ["Folk, World, & Country"],
    ["Rock", "Blues"],
)


def written(folder: Path) -> list[tuple[str, Path]]:
    """Files with tags, and what is in them."""
    files: list[tuple[str, Path]] = []
    for version in (3, 4):
        for i, value in enumerate(ID3_VALUES):
            path = noise(folder / f"{version}-{i}.mp3")
            tags = ID3()
            tags.add(TCON(encoding=3 if version == 4 else 1, text=value))
            tags.save(path, v2_version=version)
            files.append((f"mp3, ID3v2.{version}: {' + '.join(value)}", path))
    old = noise(folder / "old.mp3")
    ID3().save(old, v2_version=3)
    mutagen.id3.delete(old)
    with old.open("ab") as file:
        file.write(b"TAG" + b"\0" * 90 + b"1999" + b"\0" * 30 + b"\x11")
    files.append(("mp3, ID3v1: 17", old))
    for kind, suffix in ((FLAC, "flac"), (OggOpus, "opus"), (MP4, "m4a")):
        for value in (["Rock"], ["Rock", "Blues"]):
            path = noise(folder / f"{len(value)}.{suffix}")
            tagged = kind(path)
            tagged["\xa9gen" if kind is MP4 else "genre"] = value
            tagged.save()
            files.append((f"{suffix}: {' + '.join(value)}", path))
    for kind, suffix in ((WAVE, "wav"), (AIFF, "aiff")):
        path = noise(folder / f"a.{suffix}")
        tagged = kind(path)
        tagged.add_tags()
        tagged.tags.add(TCON(encoding=3, text=["Rock"]))
        tagged.save()
        files.append((f"{suffix}, ID3v2.4: Rock", path))
    return files


def by_mutagen(path: Path) -> list[str]:
    """The genres that mutagen finds, split where semicolons stand, as genrelens does."""
    tags = mutagen.File(path).tags
    value = tags["\xa9gen"] if path.suffix == ".m4a" else tags.get("TCON") or tags.get("genre") or []
    return [part.strip() for text in getattr(value, "genres", value) for part in text.split(";")]


def main() -> None:
    n_first = n_all = 0
    with tempfile.TemporaryDirectory() as folder:
        files = written(Path(folder))
        for what, path in files:
            ours, theirs = list(read_tags(path).genres), by_mutagen(path)
            n_first += ours[:1] == theirs[:1]
            n_all += ours == theirs
            print(f"{what:40} {' + '.join(ours) or '-':26} {' + '.join(theirs) or '-':26}")
    print(f"{len(files)} forms: the same first genre in {n_first}, the same genres in {n_all}")


if __name__ == "__main__":
    main()
