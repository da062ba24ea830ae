"""What is to be learnt: which tracks, which genres, one or several a track, and whether there is enough of each."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genrelens.data.registry import Loaded, never_train
from genrelens.data.splits.folds import blocks
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.taxonomy import Taxonomy, fold

MIN_GENRES: Final = 2
MIN_ARTISTS: Final = 2
"""A genre's artists at least: with one, whoever answers for it has never heard the genre: nothing is measured."""
MIN_TRACKS: Final = 5
"""A genre's tracks at least: with fewer, one answer moves its figures by a quarter or more."""
MIN_ARTISTS_IN_ALL: Final = 5
"""As many as there are folds; below, no interval over artists means anything."""
SEVERAL_SHARE: Final = 0.1
"""Where a tenth of the tracks have several genres, that is how the music is labelled and no slip of a few tags."""

_N_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Task:
    """``tracks`` have genres of ``taxonomy`` alone; ``notes`` are sentences about how that came about."""

    dataset: str
    tracks: tuple[Track, ...]
    taxonomy: Taxonomy
    multi_label: bool
    notes: tuple[str, ...] = ()


def task_of(
    loaded: Loaded, *, multi_label: bool | None = None, leave_out: Sequence[str] = (), leave_out_thin: bool = False
) -> Task:
    """The task in a data set, without the genres of ``leave_out``; with ``leave_out_thin`` without all that have too
    little.

    ``multi_label``: whether a track may have several genres; ``None`` finds out (:data:`SEVERAL_SHARE`). Raises
    :class:`DataError` on a genre in ``leave_out`` that is not there, and where there is too little to learn from.
    """
    faulty = never_train(loaded.dataset)
    sound = tuple(track for track in loaded.tracks if track.id not in faulty)
    notes = list(loaded.notes)
    if len(sound) < len(loaded.tracks):
        notes.append(f"{len(loaded.tracks) - len(sound)} tracks are known to be faulty and are not learnt from")
    n_several = sum(len(track.all_genres) > 1 for track in sound)
    if multi_label is None:
        multi_label = n_several >= SEVERAL_SHARE * len(sound) and n_several > 0
        if n_several:
            answer = "several genres a track are learnt" if multi_label else "one genre a track is learnt, the first"
            other = "--single-label learns the first alone" if multi_label else "--multi-label learns them all"
            notes.append(f"{n_several} of {len(sound)} tracks have several genres: {answer} ({other})")
    if not multi_label:
        sound = tuple(dataclasses.replace(track, genres=()) for track in sound)
    task = Task(loaded.dataset, sound, _taxonomy(loaded.taxonomy, sound), multi_label, tuple(notes))
    lost = Counter(loaded.lost)
    known = {fold(name): name for name in (*task.taxonomy.names, *lost)}
    known |= {fold(alias): name for alias, name in task.taxonomy.aliases.items()}
    strangers = [name for name in leave_out if fold(name) not in known]
    if strangers:
        raise DataError(
            f"there is no genre {strangers[0]!r} to leave out; the genres are {_some(sorted(set(known.values())))}",
            code="unknown_genre",
        )
    gone = {known[fold(name)] for name in leave_out}
    task = without(task, gone)
    return settled(task, unusable={name: 0 for name in lost if name not in gone}, leave_out_thin=leave_out_thin)


def settled(task: Task, *, unusable: Mapping[str, int], leave_out_thin: bool) -> Task:
    """The task if every genre has enough, or with ``leave_out_thin`` without those that have not.

    ``unusable``: genre -> how many of its files turned out not to be usable (0: nobody counted), also of genres that
    have no track left. Raises :class:`DataError` that says what is missing, and how many more would do.
    """
    lacks = _lacks(task, unusable=unusable)
    if leave_out_thin and lacks and set(task.taxonomy.names) - set(lacks):
        smaller = without(task, set(lacks))
        note = (
            f"left out because there is too little of them: {_some(sorted(lacks))} "
            f"({len(task.tracks) - len(smaller.tracks)} tracks)"
        )
        # what is left may lack in its turn: tracks that had two genres are gone with both
        return settled(dataclasses.replace(smaller, notes=(*smaller.notes, note)), unusable={}, leave_out_thin=True)
    if lacks:
        more = f"; and {len(lacks) - _N_SHOWN} more genres" if len(lacks) > _N_SHOWN else ""
        raise DataError(
            f"{'; '.join(list(lacks.values())[:_N_SHOWN])}{more}. A genre needs at least {MIN_TRACKS} tracks of at "
            f"least {MIN_ARTISTS} artists, so that each can be answered by a model that has heard others of it: add "
            f"music, or leave {next(iter(lacks))!r} out, or all genres that have too little",
            code="thin_genres",
        )
    if len(task.taxonomy) < MIN_GENRES:
        raise DataError(
            f"only one genre, {task.taxonomy.names[0]!r}, of {len(task.tracks)} tracks: there is nothing to tell it "
            f"from; add at least {MIN_TRACKS} tracks, by {MIN_ARTISTS} artists or more, of another genre",
            code="one_genre",
        )
    n_artists = len(blocks(task.tracks))
    if n_artists < MIN_ARTISTS_IN_ALL:
        raise DataError(
            f"{len(task.tracks)} tracks of {n_artists} artists in all: at least {MIN_ARTISTS_IN_ALL} artists are "
            f"needed to say how well others will be known; add tracks of {MIN_ARTISTS_IN_ALL - n_artists} more",
            code="too_few",
        )
    return task


def without(task: Task, genres: set[str]) -> Task:
    """The task without some genres: their tracks go, or where a track has others, their label alone."""
    tracks = []
    for track in task.tracks:
        kept = tuple(name for name in track.all_genres if name not in genres)
        if kept:
            tracks.append(dataclasses.replace(track, genre=kept[0], genres=kept if len(kept) > 1 else ()))
    if not tracks:
        raise DataError("no genre is left to learn: leave fewer out, or add music", code="too_few")
    return dataclasses.replace(task, tracks=tuple(tracks), taxonomy=_taxonomy(task.taxonomy, tracks))


def n_artists_by_genre(tracks: Sequence[Track]) -> Counter[str]:
    """Genre -> how many artists it has that can be kept apart (those who share a recording count as one)."""
    return Counter(
        genre for block in blocks(tracks) for genre in {genre for track in block.tracks for genre in track.all_genres}
    )


def _lacks(task: Task, *, unusable: Mapping[str, int]) -> dict[str, str]:
    """Genre -> what it lacks, in words; those that lack least first."""
    n_tracks = Counter(genre for track in task.tracks for genre in track.all_genres)
    n_artists = n_artists_by_genre(task.tracks)
    found = {}
    for genre in sorted({*task.taxonomy.names, *unusable}, key=lambda name: (-n_tracks[name], name)):
        n, artists = n_tracks[genre], n_artists[genre]
        bad = unusable.get(genre, 0)
        files = "its file" if bad == 1 else f"{bad} of its files"
        cannot = f" ({files} cannot be used)" if bad and n else ""
        if n == 0:
            why = f", {'its only file' if bad == 1 else f'none of its {bad} files' if bad else 'none of its files'}"
            can = " cannot be used" if bad == 1 else " can be used"
            found[genre] = f"{genre!r} has no track{why}{can}: mend or add at least {MIN_TRACKS}"
        elif n < MIN_TRACKS:
            other = "" if artists >= MIN_ARTISTS else ", of another artist at least one"
            found[genre] = (
                f"{genre!r} has {n} {'track' if n == 1 else 'tracks'}{cannot}: add at least {MIN_TRACKS - n} more"
                f"{other}"
            )
        elif artists < MIN_ARTISTS:
            who = next(track.artist for track in task.tracks if genre in track.all_genres)
            by = f"by {who!r}" if who is not None else "of one recording"
            found[genre] = f"all {n} tracks of {genre!r} are {by}{cannot}: add at least one of another artist"
        elif task.multi_label and len(task.tracks) - n < MIN_TRACKS:
            found[genre] = (
                f"all but {len(task.tracks) - n} of {len(task.tracks)} tracks are {genre!r}, which can only be learnt "
                f"beside others: add at least {MIN_TRACKS - (len(task.tracks) - n)} without it"
            )
    return found


def _taxonomy(known: Taxonomy, tracks: Sequence[Track]) -> Taxonomy:
    """The genres that the tracks have: in the data set's own order, others after them by name."""
    there = {genre for track in tracks for genre in track.all_genres}
    names = [name for name in known.names if name in there]
    names += sorted(there - set(names))
    aliases = {alias: name for alias, name in known.aliases.items() if name in there}
    return Taxonomy(tuple(names), aliases)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2 * _N_SHOWN} more" if len(names) > 2 * _N_SHOWN else ""
    return ", ".join(names[: 2 * _N_SHOWN]) + more
