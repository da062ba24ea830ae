"""What the loaders of people's own music have in common: from files and labels as written to tracks.

Genres are spelt in one way, whatever case, hyphens and Unicode form their labels have, and artists too, because artists
decide which tracks may not be parted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genrelens.audio.walk import walk
from genrelens.data.dataset import Music
from genrelens.data.track import Track, in_one_form, names_nobody
from genrelens.errors import DataError
from genrelens.taxonomy import composed, fold, words


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file, or a span of it, with its labels as they were written; the first genre counts."""

    id: str
    path: Path
    genres: tuple[str, ...]
    artist: str | None = None
    recording: str | None = None
    segment_of: str | None = None
    span_s: tuple[float, float] | None = None


def gather(
    found: Iterable[Labelled],
    *,
    dataset: str,
    where: str,
    left_out: Sequence[tuple[str, str]] = (),
    empty: Sequence[str] = (),
    unusable: Sequence[str] = (),
    notes: Sequence[str] = (),
    passed_over: Mapping[str, int] | None = None,
) -> Music:
    """Tracks of what was found in ``where``; ``empty`` are genres that were named and have no file, ``unusable``
    those of files that are left out (they may have others).

    Ids and labels come out in one Unicode form (NFC), so that a split or a table from a Mac fits; paths stay as they
    are. An artist such as "Various Artists" is nobody. A genre of which nothing but punctuation is left is no genre,
    and its files are left out. Raises :class:`DataError` when no track is left, or two have one id.
    """
    out, said = list(left_out), list(notes)
    labelled = _usable(found, where=where, left_out=out)
    genre_of = one_spelling((name.strip() for item in labelled for name in item.genres if fold(name)), key=fold)
    artist_of = one_spelling((item.artist for item in labelled if item.artist), key=_artist_key)
    merged = _merged(genre_of)
    if merged:
        said.append(f"labels that differ in case or hyphens alone are one genre: {merged}")
    there = {fold(genre) for genre in genre_of}
    lost = _named_and_not_there(unusable, there)
    without = sorted({*_named_and_not_there(empty, there), *lost})
    if without:
        said.append(f"these genres have no track and are not part of the task: {', '.join(without)}")
    genres_all = {
        item.id: tuple(dict.fromkeys(genre_of[name.strip()] for name in item.genres if fold(name))) for item in labelled
    }
    several = {id_: genres for id_, genres in genres_all.items() if len(genres) > 1}
    said += _counts(labelled, n_several=len(several))
    tracks = [
        Track(
            id=item.id,
            path=item.path,
            genre=genre_of[item.genres[0].strip()],
            artist=None if item.artist is None else artist_of[item.artist],
            dataset=dataset,
            recording=item.recording,
            segment_of=item.segment_of,
            span_s=item.span_s,
            genres=several.get(item.id, ()),
        )
        for item in labelled
    ]
    ordered = tuple(sorted(tracks, key=lambda track: track.id))
    return Music(ordered, tuple(out), several, tuple(said), lost, passed_over or {})


def _usable(found: Iterable[Labelled], *, where: str, left_out: list[tuple[str, str]]) -> list[Labelled]:
    """Those of what was found that have a genre, in one Unicode form; the others go to ``left_out``."""
    labelled: list[Labelled] = []
    for item in map(_composed, found):
        if item.genres and fold(item.genres[0]):
            labelled.append(item)
        else:
            why = f"its genre is {item.genres[0]!r}, without a letter" if item.genres else "no genre"
            left_out.append((item.id, why))
    if not labelled:
        reasons = f"; {len(left_out)} files are left out ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""
        raise DataError(f"no labelled music in {where}{reasons}", code="no_tracks")
    labelled = _with_ids_in_one_form(labelled)
    repeated = [id_ for id_, n in Counter(item.id for item in labelled).items() if n > 1]
    if repeated:
        raise DataError(f"{where}: two tracks have the id {repeated[0]!r}; give each its own", code="bad_table")
    return labelled


def _counts(labelled: Sequence[Labelled], *, n_several: int) -> list[str]:
    """What to say of how many files have several genres, and how many no artist."""
    said = []
    if n_several:
        said.append(
            f"{n_several} of {len(labelled)} files have several genres; the first of each is taken where a track "
            "may have one"
        )
    n_unknown = sum(item.artist is None for item in labelled)
    if n_unknown:
        said.append(
            f"{n_unknown} of {len(labelled)} tracks have no artist; each counts as an artist of its own, and splits "
            "can only keep apart those artists that are known"
        )
    return said


def one_genre_note(genres: Collection[str], *, of_folders: bool) -> list[str]:
    """What to say of music of one genre alone, which often comes of a folder that is a level too high or too low."""
    advice = "; if genres are folders, give the folder that they lie in, which may be one above or below"
    said = f"there is one genre only, {min(genres, default='')!r}, and nothing to tell it from"
    return [said + advice * of_folders] if len(genres) == 1 else []


def one_spelling(names: Iterable[str], *, key: Callable[[str], str]) -> dict[str, str]:
    """Each name -> the commonest of those with its key; of equally common ones the first in order."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        counts[key(name)][name] += 1
    return {
        name: min(spellings, key=lambda text: (-spellings[text], text))
        for spellings in counts.values()
        for name in spellings
    }


@dataclass(frozen=True, slots=True)
class Files:
    """The files below a folder that may be sound, by their ids (paths below it, with "/"), in order; ``left_out`` are
    folders that cannot be looked into, ``passed_over`` counts other files by ending.
    """

    by_id: Mapping[str, Path]
    left_out: tuple[tuple[str, str], ...]
    passed_over: Mapping[str, int]


def media_files(top: Path) -> Files:
    """Walk a folder to its end."""
    passed_over: Counter[str] = Counter()
    files: dict[str, Path] = {}
    left_out: list[tuple[str, str]] = []
    for found in walk(top, passed_over=passed_over):
        path = Path(found.path)
        id_ = path.relative_to(top).as_posix()
        if found.error is None:
            files[id_] = path
        else:
            left_out.append((id_, f"this folder cannot be read: {found.error.strerror or found.error}"))
    return Files(files, tuple(left_out), passed_over)


def holds_media(folder: Path) -> bool:
    """Whether there is any file below a folder that may be sound."""
    return any(found.error is None for found in walk(folder))


def why_not(path: Path) -> str | None:
    """Why there is nothing to read, at a glance: a link that leads nowhere, an empty file; ``None`` if there is."""
    try:
        str(path).encode()
    except UnicodeEncodeError:  # an id made of it could stand in no split and no report
        return "its name, or its folder's, is not UTF-8; rename it"
    try:
        if not path.is_file():
            return "a link that leads nowhere" if path.is_symlink() else "not a file"
        return None if path.stat().st_size else "the file is empty"
    except OSError as error:
        return f"cannot be opened: {error.strerror}"


def _composed(item: Labelled) -> Labelled:
    """The item with its labels in one Unicode form, and without an artist who is nobody."""
    artist = None if item.artist is None or names_nobody(item.artist) else composed(item.artist)
    recording = None if item.recording is None else composed(item.recording)
    return replace(item, genres=tuple(map(composed, item.genres)), artist=artist, recording=recording)


def _with_ids_in_one_form(items: Sequence[Labelled]) -> list[Labelled]:
    called = in_one_form(name for item in items for name in (item.id, item.segment_of) if name is not None)
    return [
        replace(item, id=called[item.id], segment_of=None if item.segment_of is None else called[item.segment_of])
        for item in items
    ]


def _artist_key(name: str) -> str:
    """Case, punctuation, "the", "and" and "&" do not tell artists apart, unless nothing else is left of a name."""
    return " ".join(word for word in words(name) if word not in ("the", "and")) or name


def _named_and_not_there(names: Iterable[str], there: set[str]) -> tuple[str, ...]:
    """Of genres as written those whose folded form is not ``there``, each once, in order of name."""
    spellings = {fold(name): composed(name) for name in sorted(names, reverse=True) if fold(name)}
    return tuple(sorted(name for key, name in spellings.items() if key not in there))


def _merged(genre_of: Mapping[str, str]) -> str:
    others: dict[str, list[str]] = defaultdict(list)
    for written, genre in sorted(genre_of.items()):
        if written != genre:
            others[genre].append(written)
    return "; ".join(f"{genre} (also {', '.join(names)})" for genre, names in sorted(others.items()))
