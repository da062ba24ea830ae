"""A bundle, tracks and what is known of them in; a report out. The code that users run makes every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import Clip, load
from genrelens.bundle.manifest import Manifest, TrainingRecord
from genrelens.bundle.prediction import Prediction
from genrelens.data.splits.split import LEAKS, Split
from genrelens.data.track import Track, labels_of
from genrelens.errors import AudioError, DataError, SeenTracksError, SplitError, TaxonomyError
from genrelens.evaluation.build import build_report
from genrelens.evaluation.multi_label import MultiLabelReport, build_multi_label_report
from genrelens.evaluation.report import Failure, Report, Subject, TrackRow

Progress = Callable[[int, int], None]
"""Called with the number of tracks done and the number of all, before the first and after each."""


class Model(Protocol):
    """What an evaluation needs of a :class:`~genrelens.bundle.predict.Bundle`."""

    @property
    def hash(self) -> str:
        """Twelve hex digits that name the model's exact state."""

    @property
    def manifest(self) -> Manifest:
        """What the model says of itself."""

    def predict(self, source: Path | NDArray[np.float32], /, *, sample_rate: int | None = None) -> Prediction:
        """The answer to one file, or to samples (n,); raises :class:`AudioError` where it gives no sound."""


def evaluate(
    bundle: Model,
    tracks: Sequence[Track],
    *,
    split: Split | None = None,
    part: str | None = None,
    seen: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Let ``bundle`` answer every track and count.

    ``split`` and ``part`` say where the tracks come from, so that the report can name them, their leaks and
    the tracks of the part that are not among ``tracks``. Refuses tracks that the model was trained on with
    :class:`SeenTracksError` unless ``seen``; the report then says so. Tracks that decided when to stop or how
    to calibrate are let in with a note. Raises :class:`TaxonomyError` where the tracks have genres that the
    model does not know, :class:`SplitError` where they are not of the part. A file without sound becomes a
    row that says why.
    """
    manifest = bundle.manifest
    notes = _checked(tracks, manifest, split=split, part=part, seen=seen)
    rows, remarks = [], []
    for track, row, said in _answers(bundle, tracks, progress=progress):
        rows.append(row)
        remarks += [f"{track.id}: {remark}" for remark in said]
    if remarks:
        more = f" (and {len(remarks) - 1} more such remarks)" if len(remarks) > 1 else ""
        notes.append(f"the decoder remarked on {remarks[0]}{more}")
    trained_on = frozenset(manifest.training.trained_on)
    subject = replace(
        _subject(bundle, tracks, notes),
        split=None if split is None else split.name,
        part=part,
        leaks=() if split is None else tuple(split.leaks),
        seen=any({track.id, track.whole} & trained_on for track in tracks),
    )
    return build_report(rows, subject)


def evaluate_multi_label(
    bundle: Model,
    tracks: Sequence[Track],
    *,
    split: Split | None = None,
    part: str | None = None,
    seen: bool = False,
    progress: Progress | None = None,
) -> MultiLabelReport:
    """As :func:`evaluate`, for a ``multi_label`` bundle: every genre of a track counts, not the first alone.

    A genre is predicted where its probability reaches the threshold, whether the model held its answer back or not.
    Raises what ``evaluate`` raises, and :class:`DataError` where no track has an answer.
    """
    manifest = bundle.manifest
    notes = _checked(tracks, manifest, split=split, part=part, seen=seen, every_genre=True)
    answered, probabilities, failed = [], [], []
    for track, row, _ in _answers(bundle, tracks, progress=progress):
        if row.probabilities is None:
            failed.append((track.id, row.failure.message if row.failure else f"no guess: {row.reason}"))
        else:
            answered.append(track)
            probabilities.append(row.probabilities)
    if not answered:
        raise DataError(f"no track has an answer, the first is {failed[0][0]}: {failed[0][1]}", code="no_tracks")
    named = "all tracks" if split is None else f"split {split.name}, part {part}"
    return build_multi_label_report(
        np.array(probabilities, dtype=np.float64),
        labels=labels_of(answered, taxonomy=manifest.taxonomy),
        tracks=answered,
        of=replace(_subject(bundle, tracks, notes), part=named),
        failed=failed,
    )


def _subject(bundle: Model, tracks: Sequence[Track], notes: Sequence[str]) -> Subject:
    manifest = bundle.manifest
    return Subject(
        manifest.name,
        bundle.hash,
        dataset="+".join(sorted({track.dataset for track in tracks})),
        names=manifest.taxonomy.names,
        experimental=manifest.experimental,
        notes=tuple(notes),
    )


def _answers(
    bundle: Model, tracks: Sequence[Track], *, progress: Progress | None
) -> Iterator[tuple[Track, TrackRow, tuple[str, ...]]]:
    """Each track with its row, and what the decoder had to say about its file."""
    for i, track in enumerate(tracks):
        if progress is not None:
            progress(i, len(tracks))
        yield track, *_answer(bundle, track, genre=bundle.manifest.taxonomy.canonical(track.genre))
    if progress is not None:
        progress(len(tracks), len(tracks))


def _answer(bundle: Model, track: Track, *, genre: str) -> tuple[TrackRow, tuple[str, ...]]:
    """The row of one track, and what the decoder had to say about the file."""
    try:
        if track.span_s is None:
            prediction = bundle.predict(track.path)
        else:
            clip = _cut(track.path, span_s=track.span_s)
            prediction = bundle.predict(clip.samples, sample_rate=clip.sample_rate)
    except AudioError as error:
        failure = Failure(error.code, str(error))
        return TrackRow(track.id, track.artist, genre, None, None, False, None, failure), ()
    guess = prediction.guess
    row = TrackRow(
        id=track.id,
        artist=track.artist,
        genre=genre,
        predicted=guess,
        probabilities=None if guess is None else tuple(prediction.probabilities.tolist()),
        abstained=prediction.abstained,
        reason=prediction.reason,
        failure=None,
    )
    return row, prediction.notes


def _cut(path: Path, *, span_s: tuple[float, float]) -> Clip:
    """The span of a file, to the nearest sample. Raises :class:`AudioError` where the file ends before it begins."""
    clip = load(path)
    start, end = (round(at_s * clip.sample_rate) for at_s in span_s)
    if start >= len(clip.samples):
        raise AudioError(
            f"{str(path)!r}: expected sound from {span_s[0]:g} s, but the file ends at {clip.duration_s:.3f} s",
            code="no_sound",
        )
    return Clip(clip.samples[start:end], clip.sample_rate, clip.source, clip.notes)


def _checked(
    tracks: Sequence[Track],
    manifest: Manifest,
    *,
    split: Split | None,
    part: str | None,
    seen: bool,
    every_genre: bool = False,
) -> list[str]:
    """What the report must say of the tracks; refuses those that the model cannot be measured on.

    ``every_genre``: the model should know all genres of a track, not the first alone.
    """
    if not tracks:
        raise DataError("there is nothing to evaluate: expected at least one track, got none")
    taxonomy = manifest.taxonomy
    genres = {genre for track in tracks for genre in (track.all_genres if every_genre else (track.genre,))}
    strangers = sorted(genre for genre in genres if genre not in taxonomy)
    if strangers:
        raise TaxonomyError(
            f"the tracks have genres that the model {manifest.name!r} does not know: {_some(strangers)}; it knows "
            f"{', '.join(taxonomy.names)}. Choose a model trained for them, or give data without those tracks"
        )
    ids = [track.id for track in tracks]
    twice = sorted(id_ for id_, count in Counter(ids).items() if count > 1)
    if twice:
        raise DataError(f"each track should be given once; these ids came twice or more: {_some(twice)}")
    return [
        *_seen_notes(tracks, training=manifest.training, model=manifest.name, seen=seen),
        *_split_notes(tracks, split=split, part=part),
    ]


def _seen_notes(tracks: Sequence[Track], *, training: TrainingRecord, model: str, seen: bool) -> list[str]:
    """What the report must say about tracks that the model met before; refuses trained ones unless ``seen``.

    Ids alone are compared, whatever the data sets are called: a false alarm has a way out, a silent one has
    not.
    """
    trained_on, stopped_on = frozenset(training.trained_on), frozenset(training.stopped_on)
    trained = [track.id for track in tracks if {track.id, track.whole} & trained_on]
    stopped = [track.id for track in tracks if {track.id, track.whole} & stopped_on - trained_on]
    of_all = f"of these {len(tracks)} tracks"
    if trained and not seen:
        raise SeenTracksError(
            f"the model {model!r} was trained on {len(trained)} {of_all} ({_some(trained)}); figures on them "
            "would not say what it does on new music. Choose another part of the split, or measure them "
            "all the same (seen=True in Python); the report will say so"
        )
    notes = []
    if trained:
        notes.append(
            f"the model was trained on {len(trained)} {of_all}: the figures say how well it remembers, not "
            "what it does on new music"
        )
    if stopped:
        notes.append(
            f"{len(stopped)} {of_all} decided when the training stopped or how the model was calibrated: the "
            "figures are optimistic for that reason"
        )
    return notes


def _split_notes(tracks: Sequence[Track], *, split: Split | None, part: str | None) -> list[str]:
    if split is None:
        if part is not None:
            raise SplitError(f"a part ({part!r}) needs the split that it is a part of")
        return []
    notes = [f"the split {split.name} leaks {leak}: {LEAKS[leak]}" for leak in sorted(split.leaks)]
    if part is None:
        return notes
    expected = split.ids(part)
    strangers = sorted({track.id for track in tracks} - set(expected))
    if strangers:
        raise SplitError(
            f"{len(strangers)} of the tracks are not in part {part!r} of split {split.name!r}: "
            f"{_some(strangers)}. Take the tracks from Split.part, or leave split and part away"
        )
    if len(expected) > len(tracks):
        notes.append(f"{len(expected)} tracks in this part, {len(tracks)} here")
    return notes


def _some(items: Sequence[str], *, n: int = 5) -> str:
    rest = f" and {len(items) - n} more" if len(items) > n else ""
    return ", ".join(items[:n]) + rest
