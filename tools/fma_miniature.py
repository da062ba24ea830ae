"""Build FMA small in miniature, in its own format, from a folder of some of its real clips and their labels.

    python tools/fma_miniature.py ../shared/data/fma runs/fma-miniature

Clips are linked, not copied. The parts are dealt, since the real tracks.csv is not there, and each track is its own
artist: nothing that is measured on it says anything but that the command runs.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

PARTS = ("training", "test", "validation", "training", "training")
"""Dealt genre by genre, so that every part has some of most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path, help="folder with fma_small and labels.csv")
    parser.add_argument("out", type=Path, help="new folder")
    arguments = parser.parse_args()
    build(arguments.real, arguments.out)


def build(real: Path, out: Path) -> Path:
    """Link the clips and write ``fma_metadata/tracks.csv``; returns the folder."""
    columns = [
        *(("artist", "id"), ("artist", "name"), ("set", "split"), ("set", "subset")),
        *(("track", "genre_top"), ("track", "genres_all")),
    ]
    with (real / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = sorted((row["genre_top"], int(row["track_id"])) for row in csv.DictReader(file))
    (out / "fma_metadata").mkdir(parents=True)
    with (out / "fma_metadata" / "tracks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(table for table, _ in columns)])
        writer.writerow(["", *(name for _, name in columns)])
        writer.writerow(["track_id", *[""] * len(columns)])
        for k, (genre, number) in enumerate(labels):
            writer.writerow([number, number, f"artist {number}", PARTS[k % len(PARTS)], "small", genre, "[]"])
            clip = real / "fma_small" / f"{number:06d}"[:3] / f"{number:06d}.mp3"
            link = out / "fma_small" / clip.parent.name / clip.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(clip.resolve(strict=True))
    return out


if __name__ == "__main__":
    main()
