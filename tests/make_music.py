"""Files that look like people's music and like FMA, in a few milliseconds each."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np

CODECS = {
    ".aiff": "pcm_s16be",
    ".mp3": "libmp3lame",
    ".flac": "flac",
    ".m4a": "aac",
    ".opus": "libopus",
    ".ogg": "libvorbis",
}
FORMATS = {".m4a": "ipod", ".opus": "ogg", ".ogg": "ogg"}

# The columns of fma_metadata/tracks.csv as published (fma_metadata.zip, version 2017), in its order.
ALBUM = "comments date_created date_released engineer favorites id information listens producer tags title tracks type"
ARTIST = (
    "active_year_begin active_year_end associated_labels bio comments date_created favorites id latitude location "
    "longitude members name related_projects tags website wikipedia_page"
)
TRACK = (
    "bit_rate comments composer date_created date_recorded duration favorites genre_top genres genres_all information "
    "interest language_code license listens lyricist number publisher tags title"
)
FMA_COLUMNS = tuple(
    (table, name)
    for table, names in (("album", ALBUM), ("artist", ARTIST), ("set", "split subset"), ("track", TRACK))
    for name in names.split()
)
assert len(FMA_COLUMNS) == 52


def noise(path: Path, *, seconds: float = 0.2, seed: int = 0, tags: Mapping[str, str] | None = None) -> Path:
    """Write noise as wav, or by its ending as mp3, flac, m4a, opus or ogg, with tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (3000 * np.random.default_rng(seed).standard_normal(int(seconds * 48_000))).astype(np.int16)
    suffix = path.suffix.lower()
    with av.open(str(path), "w", format=FORMATS.get(suffix, suffix[1:])) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(CODECS.get(suffix, "pcm_s16le"), rate=48_000)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000, frame_size=960)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.rate = 48_000
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def fma_row(track_id: int, **cells: object) -> dict[str, str]:
    """One row of tracks.csv by "artist.name" and the like; what is not given is as in the published file."""
    row = {f"{table}.{name}": "" for table, name in FMA_COLUMNS}
    row |= {
        "album.information": '<p>Said, "so";\nover two lines</p>',
        "artist.bio": "A bio, with commas",
        "artist.id": str(track_id),
        "artist.name": f"Artist {track_id}",
        "artist.latitude": "40.058324",
        "set.split": "training",
        "set.subset": "small",
        "track.genre_top": "Hip-Hop",
        "track.genres": "[21]",
        "track.genres_all": "[21]",
        "track.title": "Food",
        "track.tags": "[]",
    }
    return {"": str(track_id)} | row | {key.replace("__", "."): str(value) for key, value in cells.items()}


def write_tracks_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows below the two header rows and the line of the index, as the published file has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *(table for table, _ in FMA_COLUMNS)])
        writer.writerow(["", *(name for _, name in FMA_COLUMNS)])
        writer.writerow(["track_id", *([""] * len(FMA_COLUMNS))])
        writer.writerows(row.values() for row in rows)
    return path


def fma(root: Path, *, subset: str = "small", n: int = 6) -> Path:
    """A tiny FMA: clips 1 to n of two genres and n artists, in the folders and with the table of the real one."""
    parts = ("training", "training", "training", "training", "validation", "test")
    rows = []
    for i in range(1, n + 1):
        genre = "Rock" if i % 2 else "Hip-Hop"
        rows.append(fma_row(i, set__split=parts[(i - 1) % 6], set__subset=subset, track__genre_top=genre))
        noise(root / f"fma_{subset}" / "000" / f"{i:06d}.mp3", seed=i)
    write_tracks_csv(root / "fma_metadata" / "tracks.csv", rows)
    return root
