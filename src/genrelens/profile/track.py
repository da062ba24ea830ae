"""Which tracks a fingerprint is of, and of each what counted in it, what it is like and what a network's heads did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import DataError, GenrelensError, MissingExtraError
from genrelens.explanation.faithfulness.judging import top_fifth
from genrelens.explanation.faithfulness.sample import each_or_why
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, quieter
from genrelens.explanation.methods.occlusion import Progress, scores, without_each
from genrelens.explanation.methods.scoring import BOTH
from genrelens.explanation.parts import Part
from genrelens.explanation.sound import Stretch, front_end_of, read, stretch
from genrelens.explanation.tempo import onset_strength, tempo
from genrelens.frontend.frames import frames_of
from genrelens.profile import sound as fingerprint_sound
from genrelens.profile.heads import HeadPrint, head_print

if TYPE_CHECKING:
    from genrelens.data.track import Track

Float64 = NDArray[np.float64]

METHOD: Final = BOTH
"""Not the default: of ranges of frequencies both say the same, and over seconds their maps were equally true on 25
tracks (docs/explain.md), for half the work. The map over time and frequency together is left out, which no average over
tracks can use."""
TEMPO: Final = "tempo"
PER_GENRE: Final = 25


@dataclass(frozen=True, slots=True, eq=False)
class TrackPrint:
    """One track. ``c`` genres of the model, ``m`` groups of bands, ``n`` segments, ``d`` descriptors, ``t`` tags.

    Attributes:
        id, genre, group, seen: the track, its genre by the data set, its artist, whether the model learnt from it.
        probabilities: ``(c,)``.
        embedding: ``(e,)`` of the model.
        times_s: ``(n + 1,)`` edges of the segments in the file.
        segments: ``(n, c)`` what each segment adds to the log-odds of each genre.
        bands: ``(m, c)`` the same of each group of bands.
        top: ``(n,)`` the fifth of the sounding segments that adds most to the track's own genre; none of fewer than 5.
        described: ``(n, d + t)`` descriptors and tags (log-odds) of each segment; NaN for silence.
        tags: ``(t,)`` log-odds of the whole track.
        bpm: its tempo, NaN where no beat is clear; ``clarity`` of the pulse, NaN where it has none.
        heads: None for a model without attention.
    """

    id: str
    genre: str
    group: str
    seen: bool
    probabilities: Float64
    embedding: Float64
    times_s: Float64
    segments: Float64
    bands: Float64
    top: NDArray[np.bool_]
    described: Float64
    tags: Float64
    bpm: float
    clarity: float
    heads: HeadPrint | None

    @property
    def contrast(self) -> Float64:
        """``(d + t,)``: the mean over the segments that counted minus the mean over the rest; NaN without any."""
        return _mean(self.described[self.top]) - _mean(self.described[~self.top])

    @property
    def row(self) -> Float64:
        """``(d + t + 1,)``: the mean over the segments that sound, and the tempo."""
        return np.append(_mean(self.described), self.bpm)


def tagger_of(bundle: Bundle) -> Bundle:
    """The model whose tags describe the sound: the bundle itself where it has the shipped model's, else that."""
    shipped = Bundle.load("base")
    return bundle if bundle.manifest.tags == shipped.manifest.tags else shipped


def columns(tagger: Bundle) -> tuple[str, ...]:
    """Names of a row's descriptors: those of the sound, the tags, the tempo."""
    return (*fingerprint_sound.DESCRIPTORS, *(f"tag:{tag}" for tag in tagger.manifest.tags), TEMPO)


def choose(tracks: Sequence[Track], *, per_genre: int = PER_GENRE, seed: int = 0) -> tuple[Track, ...]:
    """At most ``per_genre`` tracks of each genre by chance, of as many artists as there are, in the order of their ids.

    One of each artist, then a second of each, and so on: what is said of a genre rests on its artists.
    """
    by_genre: dict[str, list[Track]] = defaultdict(list)
    for track in sorted(tracks, key=lambda track: track.id):
        by_genre[track.genre].append(track)
    chosen: list[Track] = []
    for genre in sorted(by_genre):
        rng = np.random.default_rng(seed)
        its = by_genre[genre]
        rounds: dict[str, int] = defaultdict(int)
        ranked = []
        for at, i in enumerate(rng.permutation(len(its))):
            ranked.append((rounds[its[i].group], at, its[i]))
            rounds[its[i].group] += 1
        chosen += [track for _, _, track in sorted(ranked, key=lambda row: row[:2])[:per_genre]]
    return tuple(sorted(chosen, key=lambda track: track.id))


def collect(
    bundle: Bundle, tracks: Sequence[Track], *, tagger: Bundle, n_workers: int = 1, progress: Progress | None = None
) -> tuple[tuple[TrackPrint, ...], tuple[tuple[str, str], ...]]:
    """The fingerprint of every track that has one, in their order, and (id, why) of those that have none."""
    return each_or_why(partial(_print_or_say, bundle, tagger), tracks, n_workers=n_workers, progress=progress)


def _print_or_say(bundle: Bundle, tagger: Bundle, track: Track) -> TrackPrint | str:
    # In a process of its own each bundle is another object, even where they are the same.
    tagger = bundle if tagger.hash == bundle.hash else tagger
    try:
        return print_track(bundle, track, tagger=tagger)
    except MissingExtraError:
        raise
    except GenrelensError as error:
        return error.sentence


def print_track(bundle: Bundle, track: Track, *, tagger: Bundle) -> TrackPrint:
    """The fingerprint of one track, of its own genre by the data set.

    Raises :class:`DataError` where it is silent, ``AudioError`` where it cannot be read, ``TaxonomyError`` where the
    model has no such genre, :class:`MissingExtraError` without ``[train]``.
    """
    genre = bundle.manifest.taxonomy.index(track.genre)
    prediction = bundle.predict(Path(track.path))
    if prediction.guess is None:
        raise DataError(f"{track.id} is silent, there is nothing to explain", code="silence")
    sound = stretch(Path(track.path), bundle=bundle, prediction=prediction, genre=genre)
    hearing = Hearing(bundle, sound.frames)
    if hearing.is_silent:
        raise DataError(f"{track.id} is silent where it is explained", code="silence")
    grid, sample_rate = hearing.grid, hearing.front_end.sample_rate
    segments, bands = occluded(hearing)
    times_s = np.minimum(grid.edges / grid.frames_per_s, sound.end_s - sound.start_s)
    its_tempo = tempo(sound.samples, sample_rate=sample_rate)
    window_tags, spans_s = _tags(tagger, sound, hearing=hearing, bundle=bundle, track=track)
    top = np.zeros(len(segments), dtype=bool)
    top[top_fifth(segments[:, genre], among=hearing.with_sound(grid.segments))] = True
    onsets = onset_strength(sound.samples, sample_rate=sample_rate)
    return TrackPrint(
        id=track.id,
        genre=bundle.names[genre],
        group=track.group,
        seen=track.id in bundle.manifest.training.trained_on,
        probabilities=prediction.probabilities,
        embedding=prediction.embedding.astype(np.float64),
        times_s=sound.start_s + times_s,
        segments=segments,
        bands=bands,
        top=top,
        described=np.column_stack(
            [_described(track, sound, times_s=times_s), _in_segments(window_tags, spans_s, times_s=times_s)]
        ),
        tags=_mean(window_tags),
        bpm=np.nan if its_tempo is None else its_tempo.bpm,
        clarity=np.nan if its_tempo is None else its_tempo.clarity,
        heads=head_print(hearing, onsets=onsets, tempo=its_tempo) if bundle.has_attention else None,
    )


def occluded(hearing: Hearing) -> tuple[Float64, Float64]:
    """Scores of segments ``(n, c)`` and of groups of bands ``(m, c)`` for every genre, by :data:`METHOD`.

    One pass without a part says what it adds to all genres.
    """
    genres = range(len(hearing.bundle.names))

    def of_all(parts: Sequence[Part], baseline: NDArray[np.float32]) -> Float64:
        logits = without_each(hearing, parts, baseline=baseline)
        return np.stack([scores(hearing, logits, genre=genre) for genre in genres], axis=1)

    baselines = [make(hearing.frames, hearing.front_end) for make in BASELINES.values()]
    segments = np.mean([of_all(hearing.grid.segments, baseline) for baseline in baselines], axis=0)
    return segments, of_all(hearing.grid.bands, quieter(hearing.frames, hearing.front_end))


def _described(track: Track, sound: Stretch, *, times_s: Float64) -> Float64:
    rate = fingerprint_sound.SAMPLE_RATE
    samples = read(Path(track.path), start_s=sound.start_s, end_s=sound.end_s, sample_rate=rate)
    try:
        return fingerprint_sound.segment_descriptors(samples, edges_s=times_s)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("librosa", "numba", "scipy"):
            raise
        raise MissingExtraError("train", needed_for="a fingerprint") from error


def _tags(tagger: Bundle, sound: Stretch, *, hearing: Hearing, bundle: Bundle, track: Track) -> tuple[Float64, Float64]:
    """Log-odds ``(w, t)`` of the tags in each window of the stretch, NaN where silent, and ``(w, 2)`` spans, s."""
    if tagger is not bundle:
        rate = front_end_of(tagger).sample_rate
        samples = read(Path(track.path), start_s=sound.start_s, end_s=sound.end_s, sample_rate=rate)
        hearing = Hearing(tagger, frames_of(samples, settings=front_end_of(tagger)))
    tags = np.full((len(hearing.spans), len(tagger.manifest.tags)), np.nan)
    inputs = dict(hearing.inputs())
    if inputs:
        found = tagger.outputs(np.stack(list(inputs.values()))).tags
        assert found is not None
        tags[list(inputs)] = found
    return tags, np.array(hearing.spans) / hearing.grid.frames_per_s


def _in_segments(windows: Float64, spans_s: Float64, *, times_s: Float64) -> Float64:
    """A segment takes the mean of the windows that hold its middle; NaN where all of them are silent."""
    found = np.full((len(times_s) - 1, windows.shape[1]), np.nan)
    for i, (start_s, end_s) in enumerate(pairwise(times_s)):
        middle_s = (start_s + end_s) / 2
        holding = (spans_s[:, 0] <= middle_s) & (middle_s < spans_s[:, 1]) & np.isfinite(windows).all(axis=1)
        if holding.any():
            found[i] = windows[holding].mean(axis=0)
    return found


def _mean(rows: Float64) -> Float64:
    """The mean of the rows that are of sound, ``(n, d)`` to ``(d,)``; NaN without any."""
    known = np.isfinite(rows[:, 0])
    return rows[known].mean(axis=0) if known.any() else np.full(rows.shape[1], np.nan)
