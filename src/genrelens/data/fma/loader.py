"""The tracks of a subset of FMA below a folder, what is not among them, and FMA's official split."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from genrelens.audio.walk import walk
from genrelens.data.csv import csv_rows
from genrelens.data.dataset import Dataset, Music, Source
from genrelens.data.fma.tracks_csv import SUBSETS, FmaRow, genre, read_tracks
from genrelens.data.places import data_root, files_in
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import FMA, FMA_SMALL

BROKEN: Final[Mapping[int, str]] = dict.fromkeys(
    (98565, 98567, 98569, 99134, 108925, 133297), "its published clip is broken: empty, or over within two seconds"
)
"""The six tracks of FMA small (all of its training part) that nobody can use, and why."""

TABLE: Final = "tracks.csv"
LABELS: Final = "labels.csv"
_METADATA: Final = "fma_metadata"
_FOLDER: Final = re.compile(r"[0-9]{3}")
_FILE: Final = re.compile(r"[0-9]{6}")


def load(root: Path | str | None = None, *, subset: str = "small") -> Music:
    """Find the tracks of FMA small, medium or large below ``root`` (``None``: the folder ``GENRELENS_DATA`` names).

    Clips are taken from ``fma_small`` (or ``fma_medium``, ...) with folders such as ``000`` in it, at the top, below
    ``fma``, or from ``root`` itself; a larger subset's folder serves a smaller one. Labels come from
    ``fma_metadata/tracks.csv`` below or beside it. Where only a ``labels.csv`` (track_id, genre_top) is there, its
    tracks are taken, without artists and without the official split. Artists are told apart by their number. Raises
    :class:`DataError` when clips or labels are missing, or the table is not as published.

    ``left_out`` are broken clips and tracks without a top genre; ``genres_all`` are titles where ``genres.csv`` is
    there, and numbers where not.
    """
    if subset not in SUBSETS:
        raise DataError(f"unknown subset {subset!r} of FMA; its subsets: {', '.join(SUBSETS)}")
    top = data_root(root)
    folders = clip_folders(top, subset)
    if not folders:
        raise DataError(
            f"no clips of FMA {subset} in {str(top)!r}: expected fma_{subset}/000/000002.mp3 and the like; give the "
            f"folder that fma_{subset}.zip was unpacked into",
            code="not_fma",
        )
    files: dict[int, Path] = {}
    passed_over: Counter[str] = Counter()
    for folder in folders:
        for number, path in _clips(folder, passed_over):
            files.setdefault(number, path)
    notes = [f"clips are taken from {', '.join(str(folder) for folder in folders)}"] if len(folders) > 1 else []
    if (table := find_metadata(top, TABLE)) is not None:
        rows = [row for row in read_tracks(table) if SUBSETS.index(row.subset) <= SUBSETS.index(subset)]
    elif (table := find_metadata(top, LABELS)) is not None:
        rows = _labels(table, subset)
        notes.append(
            f"there is no {TABLE}, so the labels are those of {table}: artists are unknown, and the official split is "
            "not to be had (genrelens data fetch fma_metadata)"
        )
    else:
        raise DataError(
            f"no {_METADATA}/{TABLE} in or beside {str(top)!r}, so nobody knows the genres; genrelens data fetch "
            "fma_metadata gets it",
            code="no_metadata",
        )
    return replace(
        _gather(rows, files, subset=subset, titles=_titles(table.parent), notes=notes), passed_over=passed_over
    )


def is_fma(folder: Path, subset: str) -> bool:
    """Whether a folder holds FMA's clips in a folder of that subset's own name, or is that folder, with labels."""
    named = [path for path in clip_folders(folder, subset) if path.name.casefold() == f"fma_{subset}"]
    return bool(named) and any(find_metadata(folder, name) is not None for name in (TABLE, LABELS))


def clip_folders(top: Path, subset: str) -> list[Path]:
    """The folders with FMA's three-digit folders that may hold a subset's clips: its own first, then larger ones'."""
    names = [f"fma_{name}" for name in (*SUBSETS[SUBSETS.index(subset) :], "full")]
    places = [base / name for name in names for base in (top, top / "fma")]
    places += [place / place.name for place in places]  # what some programs make of a zip of that name
    if re.fullmatch(r"fma_(small|medium|large|full)", top.name.casefold()) is None or top.name.casefold() in names:
        places.append(top)
    return [place for place in places if next(_clips(place), None) is not None]


def find_metadata(top: Path, name: str) -> Path | None:
    """A table of FMA by its file name: at the top, in ``fma_metadata``, below ``fma``, or beside the top."""
    for base in (top, top / "fma", top.parent):
        for folder in (base / _METADATA, base / _METADATA / _METADATA, base):
            if (folder / name).is_file():
                return folder / name
    return None


def _clips(folder: Path, passed_over: Counter[str] | None = None) -> Iterator[tuple[int, Path]]:
    for inner in files_in(folder):
        if _FOLDER.fullmatch(inner.name) is None:
            continue
        for found in walk(inner, passed_over=passed_over):
            path = Path(found.path)
            if _FILE.fullmatch(path.stem) and path.parent == inner and path.stem[:3] == inner.name:
                yield int(path.stem), path


def _labels(path: Path, subset: str) -> list[FmaRow]:
    rows = csv_rows(path)
    header = next(rows, None)
    names = [] if header is None else [cell.strip() for cell in header.cells]
    if sorted(names) != ["genre_top", "track_id"]:
        raise DataError(
            f"{str(path)!r}, line 1: expected the columns track_id and genre_top, got {names}", code="bad_table"
        )
    found: dict[int, FmaRow] = {}
    for row in rows:
        if len(row.cells) != 2:
            raise DataError(f"{str(path)!r}, line {row.line}: expected 2 cells, got {len(row.cells)}", code="bad_table")
        number = row.cells[names.index("track_id")].strip()
        if re.fullmatch(r"[0-9]{1,6}", number) is None:
            raise DataError(
                f"{str(path)!r}, line {row.line}, column track_id: expected a track's number, got {number!r}",
                code="bad_table",
            )
        if int(number) in found:
            raise DataError(
                f"{str(path)!r}, line {row.line}, column track_id: track {number} stands twice", code="bad_table"
            )
        top = genre(path, row, "genre_top", row.cells[names.index("genre_top")])
        found[int(number)] = FmaRow(int(number), None, None, "train", subset, top, ())
    return list(found.values())


def _gather(
    rows: Iterable[FmaRow], files: Mapping[int, Path], *, subset: str, titles: Mapping[int, str], notes: list[str]
) -> Music:
    ordered = sorted(rows, key=lambda row: row.track_id)
    artists = _artists(ordered)
    tracks, missing, left_out = [], [], []
    for row in ordered:
        id_ = f"{row.track_id:06d}"
        if row.track_id in BROKEN:
            left_out.append((id_, BROKEN[row.track_id]))
        elif row.genre is None:
            left_out.append((id_, "it has no top genre"))
        elif row.track_id not in files:
            missing.append(id_)
        else:
            artist = None if row.artist is None else artists[(row.artist_id, row.artist)]
            tracks.append(Track(id_, files[row.track_id], row.genre, artist, f"fma_{subset}"))
    known = {row.track_id for row in ordered}
    if strangers := sum(number not in known for number in files):
        notes.append(f"{strangers} clips that are not of FMA {subset}, or in no table, are passed over")
    if not tracks:
        raise DataError(
            f"none of the {len(ordered)} tracks of FMA {subset} has a clip here; is this the folder of another subset?",
            code="not_fma",
        )
    if missing:
        notes.append(f"{len(missing)} tracks of FMA {subset} have no clip here")
    return Music(
        tracks=tuple(tracks),
        missing=tuple(missing),
        left_out=tuple(left_out),
        genres_all={
            f"{row.track_id:06d}": tuple(titles.get(number, str(number)) for number in row.genres_all)
            for row in ordered
            if row.genres_all
        },
        notes=tuple(notes),
        left_out_by_all=True,
    )


def _artists(rows: Iterable[FmaRow]) -> dict[tuple[int | None, str], str]:
    """What each artist is called: by name, with the number where two artists have one name."""
    numbers: dict[str, set[int | None]] = defaultdict(set)
    names: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.artist is not None:
            numbers[row.artist].add(row.artist_id)
            if row.artist_id is not None:
                names[row.artist_id][row.artist] += 1
    called: dict[tuple[int | None, str], str] = {}
    for name, ids in numbers.items():
        for id_ in ids:
            one = name if id_ is None else min(names[id_], key=lambda n: (-names[id_][n], n))
            called[(id_, name)] = one if len(numbers[one]) == 1 else f"{one} ({id_})"
    return called


def _titles(folder: Path) -> dict[int, str]:
    """Genre numbers -> titles, from ``genres.csv`` beside the tracks; empty where it is missing or of another shape."""
    path = folder / "genres.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            int(row["genre_id"]): row["title"]
            for row in csv.DictReader(file)
            if (row.get("genre_id") or "").isdecimal() and row.get("title")
        }


OFFICIAL: Final = "fma-official"


def split(name: str, *, tracks: Iterable[Track]) -> Split:
    """``"fma-official"``, read from the ``tracks.csv`` that belongs to ``tracks``, which must be all of a subset.

    It declares those leaks that the table itself shows (none are published). Raises :class:`SplitError` on another
    name, or where there is no ``tracks.csv``.
    """
    everything = tuple(tracks)
    if name != OFFICIAL:
        raise SplitError(f"FMA has no split {name!r}; its only split: {OFFICIAL}", code="unknown_split")
    table = None
    if everything:
        folders = everything[0].path.absolute().parents  # 000, fma_small, what fma_small was unpacked into
        table = next((found for top in folders[1:3] if (found := find_metadata(top, TABLE)) is not None), None)
    if table is None:
        raise SplitError(
            f"the split {OFFICIAL!r} stands in fma_metadata/{TABLE}, which is not in or beside the clips' folder; get "
            "it with genrelens data fetch fma_metadata, or take the split hold-out",
            code="no_metadata",
        )
    ids = {track.id for track in everything}
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for row in read_tracks(table):
        if (id_ := f"{row.track_id:06d}") in ids:
            parts[row.part].append(id_)
    made = {part: tuple(sorted(found)) for part, found in parts.items()}
    provenance = (
        "The official split of FMA (Defferrard et al. 2017, arXiv 1612.01840), as its tracks.csv has it, for the "
        f"{len(everything)} tracks at hand that can be used."
    )
    every_leak = Split(OFFICIAL, 1, made, frozenset({"artists", "duplicates"}))
    overlaps = every_leak.overlaps(everything)
    if overlaps:
        some = ", ".join(sorted({overlap.what for overlap in overlaps})[:3])
        provenance += f" It is said to keep artists apart, but {len(overlaps)} stand in two parts here ({some})."
    return Split(OFFICIAL, 1, made, frozenset(overlap.kind for overlap in overlaps), provenance)


def _source(name: str, *, size: str, max_bytes: int, sha1: str) -> Source:
    """An archive of FMA, with the address and the SHA-1 that its authors publish (github.com/mdeff/fma, README)."""
    return Source(
        name=name,
        url=f"https://os.unil.cloud.switch.ch/fma/{name}.zip",
        archive=f"{name}.zip",
        folder=name,
        size=size,
        max_bytes=max_bytes,
        licence="each track is under the Creative Commons licence that its artist chose; metadata CC BY 4.0",
        sum=("sha1", sha1),
    )


_SOURCES: Final = (
    _source("fma_small", size="7.2 GiB", max_bytes=20 * 10**9, sha1="ade154f733639d52e35e32f5593efe5be76c6d70"),
    _source("fma_metadata", size="342 MiB", max_bytes=8 * 10**9, sha1="f0df49ffe5f2a6008d7dc83c6915b31835dfe733"),
)

ENTRIES: Final[Mapping[str, Dataset]] = {
    f"fma_{subset}": Dataset(
        is_it=partial(is_fma, subset=subset),
        load=partial(load, subset=subset),
        expects="FMA's fma_small with its fma_metadata",
        title=f"FMA {subset}",
        taxonomy=FMA_SMALL if subset == "small" else FMA,
        splits=(OFFICIAL,),
        split=lambda name, tracks: split(name, tracks=tracks),
        sources=_SOURCES if subset == "small" else (),
        by_hand="FMA medium and large are to be had by hand (github.com/mdeff/fma)",
    )
    for subset in SUBSETS
}
