"""The clips of GTZAN below a folder, and what is not among them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from genrelens.audio.walk import walk
from genrelens.data.dataset import Dataset, Music, Source
from genrelens.data.gtzan.facts import DATASET, SPLITS, all_ids, clip_id, facts, segments, split
from genrelens.data.gtzan.files import beside, clip_folders, clips_of_rows, genre_folders, is_gtzan, picture_tracks
from genrelens.data.places import data_root, files_in
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.taxonomy import GTZAN

_N_SHOWN: Final = 3
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


def load(root: Path | str | None = None) -> Music:
    """Find the clips of GTZAN below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    Takes the layouts in :data:`LAYOUTS`, any audio ending, and ``hiphop``, ``hip-hop`` or ``HipHop`` in
    folder and file names. No sound is decoded: files are found and their first bytes looked at. Raises
    :class:`DataError` when the folder is missing or holds no clip. ``tracks``, ``missing`` and ``left_out`` (files that
    are no sound at a glance) together are the 1,000 clips.
    """
    top = data_root(root)
    roots = clip_folders(top)
    notes: list[str] = []
    if len(roots) > 1:
        others = ", ".join(str(root.relative_to(top)) for root in roots[1:])
        notes.append(f"clips lie in {roots[0].relative_to(top)} and in {others}; the first is used")
    passed_over: Counter[str] = Counter()
    files = _clips(top, roots[0], notes=notes, passed_over=passed_over) if roots else {}
    if not files:
        raise DataError(
            f"no GTZAN clips in {str(top)!r}: expected ten folders of genres (blues, classical, ...) with "
            "files like blues/blues.00000.wav, at the top or below 'genres_original', "
            f"'Data/genres_original' or 'genres'; found {_what_is_there(top)}. Give the folder that GTZAN "
            "was unpacked into",
            code="not_gtzan",
        )
    artists, recordings = facts().artists, facts().recordings
    tracks: list[Track] = []
    unreadable: list[tuple[str, str]] = []
    for id_, paths in sorted(files.items()):
        paths.sort(key=_preference)
        faults = {path: fault for path in paths if (fault := _fault(path)) is not None}
        chosen = next((path for path in paths if path not in faults), None)
        if len(paths) > 1:
            names = ", ".join(str(p.relative_to(top)) for p in paths)
            notes.append(f"{id_} has {len(paths)} files ({names}); {'none' if chosen is None else chosen.name} is used")
        if chosen is None:
            unreadable.append((id_, f"{paths[0]}: {faults[paths[0]]}"))
        else:
            genre = id_.split(".")[0]
            tracks.append(Track(id_, chosen, genre, artists.get(id_), DATASET, recordings.get(id_)))
    missing = tuple(id_ for id_ in all_ids() if id_ not in files)
    return Music(tuple(tracks), tuple(unreadable), notes=tuple(notes), passed_over=passed_over, missing=missing)


def _clips(top: Path, root: Path, *, notes: list[str], passed_over: Counter[str]) -> dict[str, list[Path]]:
    """The files of each clip below the folder of genres ``root``, by id; what was odd goes to ``notes``."""
    files: dict[str, list[Path]] = defaultdict(list)
    strangers: list[str] = []
    for genre, folder in genre_folders(root):
        strangers += [
            Path(found.path).relative_to(top).as_posix()
            for found in walk(folder, passed_over=passed_over)
            if found.error is None and (clip_id(Path(found.path).name) is None or Path(found.path).parent != folder)
        ]
        for path in files_in(folder, notes):
            if (id_ := clip_id(path.name)) is None:
                continue
            if id_.split(".")[0] != genre:
                notes.append(f"{path.name} lies in the folder of {genre} and was passed over")
            else:
                files[id_].append(path)
    if strangers:
        some = ", ".join(strangers[:_N_SHOWN]) + (", ..." if len(strangers) > _N_SHOWN else "")
        notes.append(
            f"{len(strangers)} sound files ({some}) are not GTZAN's, so they are no clips here and have no genre; "
            "as the data set 'folder' they would have their folders' names"
        )
    return files


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
    names = [path.name for path in files_in(top)]
    return "nothing" if not names else ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


ENTRY: Final = Dataset(
    is_it=is_gtzan,
    load=load,
    expects="GTZAN's genre folders with files like blues/blues.00000.wav",
    title="GTZAN",
    taxonomy=GTZAN,
    splits=tuple(SPLITS),
    split=lambda name, tracks: split(name),
    published_split="fault-filtered",
    never_train=lambda: facts().left_out,
    pictures=picture_tracks,
    segments=segments,
    clips_of_rows=clips_of_rows,
    clip_id=clip_id,
    file_name=lambda id_: f"{id_}.wav",
    beside=beside,
    sources=(
        # Its makers' server is gone, and the mirror publishes no checksum; but Hugging Face sends the SHA-256 of what
        # it stores with every download, which is taken in its place.
        Source(
            name=DATASET,
            url="https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz",
            archive="genres.tar.gz",
            folder="genres",
            size="1.2 GB",
            max_bytes=4 * 10**9,
            licence="none: excerpts of published recordings, for research at home only",
            elsewhere=(
                " (or Kaggle's copy, andradaolteanu/gtzan-dataset-music-genre-classification, which has pictures and "
                "tables too; unpack that as it is)"
            ),
        ),
    ),
)
