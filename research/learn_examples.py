"""Make the music that docs/learn.md learns from, out of GTZAN's train and valid clips.

    python research/learn_examples.py --data ../shared/data/gtzan --out /tmp/learn

folders/   folders of genres, whose files say nothing of artists
table/     the same clips with labels.csv: path, genre, artist
several/   the same with invented second genres: blues, country and jazz are also "roots", metal and rock also "loud"
thousand/  1,000 files: the clips of table/ copied twice and some a third time, each copy by its clip's artist
"""

from __future__ import annotations

import argparse
import csv
import shutil
from pathlib import Path

from genrelens.data import registry

SECOND = {"blues": "roots", "country": "roots", "jazz": "roots", "metal": "loud", "rock": "loud"}
N_MANY = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN")
    parser.add_argument("--out", required=True, type=Path, help="folder to make")
    args = parser.parse_args()
    faulty = registry.never_train("gtzan")
    every = [track for track in registry.load(args.data, dataset="gtzan") if track.id not in faulty]
    tracks = registry.split("gtzan", "fault-filtered").part(every, "train+valid", allow_missing=True)
    tables: dict[str, list[tuple[str, str, str]]] = {"table": [], "several": [], "thousand": []}
    for track in tracks:
        put(track.path, args.out / "folders" / track.genre / track.path.name)
        genres = ";".join([track.genre, *([SECOND[track.genre]] if track.genre in SECOND else [])])
        tables["table"].append((track.path.name, track.genre, track.artist or ""))
        tables["several"].append((track.path.name, genres, track.artist or ""))
        for name in ("table", "several"):
            put(track.path, args.out / name / track.path.name)
    for i in range(N_MANY):
        track = tracks[i % len(tracks)]
        name = f"{i // len(tracks)}-{track.path.name}"
        put(track.path, args.out / "thousand" / name)
        tables["thousand"].append((name, track.genre, track.artist or f"unknown, {track.id}"))
    for name, rows in tables.items():
        with (args.out / name / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("path", "genre", "artist"), *rows])


def put(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


if __name__ == "__main__":
    main()
