"""All that a fingerprint needs of one track: what counted in it, what it is like, and what a network's heads did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import DataError, MissingExtraError
from genrelens.explanation.faithfulness.judging import MIN_SOUNDING, SHARE
from genrelens.explanation.hearing import Hearing, Part
from genrelens.explanation.methods.bands import band_groups
from genrelens.explanation.methods.baselines import BASELINES, quieter
from genrelens.explanation.methods.occlusion import (
    band_parts,
    scores,
    segment_frames,
    time_parts,
    without_each,
)
from genrelens.explanation.methods.scoring import BOTH
from genrelens.explanation.sound import Stretch, front_end_of, read, stretch
from genrelens.explanation.tempo import onset_strength, tempo
from genrelens.frontend.frames import frame_stream, is_silent
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
        sounding = np.isfinite(self.described[:, 0])
        rest = sounding & ~self.top
        if not (self.top & sounding).any() or not rest.any():
            return np.full(self.described.shape[1], np.nan)
        means: Float64 = self.described[self.top & sounding].mean(axis=0) - self.described[rest].mean(axis=0)
        return means

    @property
    def row(self) -> Float64:
        """``(d + t + 1,)``: the mean over the segments that sound, and the tempo."""
        sounding = np.isfinite(self.described[:, 0])
        means = (
            self.described[sounding].mean(axis=0)
            if sounding.any()
            else np.full(self.described.shape[1], np.nan)
        )
        return np.append(means, self.bpm)


def tagger_of(bundle: Bundle) -> Bundle:
    """The model whose tags describe the sound: the bundle itself where it has the shipped model's, else that."""
    shipped = Bundle.load("base")
    return bundle if bundle.manifest.tags == shipped.manifest.tags else shipped


def columns(tagger: Bundle) -> tuple[str, ...]:
    """Names of a row's descriptors: those of the sound, the tags, the tempo."""
    return (*fingerprint_sound.DESCRIPTORS, *(f"tag:{tag}" for tag in tagger.manifest.tags), TEMPO)


def print_track(bundle: Bundle, track: Track, *, tagger: Bundle) -> TrackPrint:
    """The fingerprint of one track, of its own genre by the data set.

    Raises :class:`DataError` where it is silent, ``AudioError`` where it cannot be read, ``TaxonomyError`` where the
    model has no such genre, :class:`MissingExtraError` without ``[train]``.
    """
    genre = bundle.manifest.taxonomy.index(track.genre)
    prediction = bundle.predict(Path(track.path))
    if prediction.genre is None:
        raise DataError(f"{track.id} is silent, there is nothing to explain", code="silence")
    sound = stretch(Path(track.path), bundle=bundle, prediction=prediction, genre=genre)
    hearing = Hearing(bundle, sound.frames)
    if hearing.is_silent:
        raise DataError(f"{track.id} is silent where it is explained", code="silence")
    frames_per_s = hearing.front_end.sample_rate / hearing.front_end.hop_length
    edges = segment_frames(len(hearing.frames), frames_per_s=frames_per_s)
    segments, bands = occluded(hearing, edges=edges)
    times_s = np.minimum(edges / frames_per_s, sound.end_s - sound.start_s)
    found_tempo = tempo(sound.samples, sample_rate=hearing.front_end.sample_rate)
    window_tags, spans_s = _tags(tagger, sound, hearing=hearing, bundle=bundle, track=track)
    described = np.column_stack(
        [_described(track, sound, times_s=times_s), _in_segments(window_tags, spans_s, times_s=times_s)]
    )
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
        top=_top(hearing, time_parts(edges), segments[:, genre]),
        described=described,
        tags=_mean(window_tags),
        bpm=np.nan if found_tempo is None else found_tempo.bpm,
        clarity=np.nan if found_tempo is None else found_tempo.clarity,
        heads=head_print(
            hearing,
            onsets=onset_strength(sound.samples, sample_rate=hearing.front_end.sample_rate),
            tempo=found_tempo,
        )
        if bundle.has_attention
        else None,
    )


def occluded(hearing: Hearing, *, edges: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Scores of segments ``(n, c)`` and of groups of bands ``(m, c)`` for every genre, by :data:`METHOD`.

    One hearing without a part says what it adds to all genres.
    """
    parts = time_parts(edges)
    groups = band_groups(hearing.front_end)
    bands = band_parts(groups, n_frames=len(hearing.frames)) if len(groups) > 1 else []
    turned_down = quieter(hearing.frames, hearing.front_end)
    ways = [BASELINES[baseline](hearing.frames, hearing.front_end) for baseline in BASELINES]
    by_segment = np.mean([_all_genres(hearing, parts, baseline=baseline) for baseline in ways], axis=0)
    return by_segment, _all_genres(hearing, bands, baseline=turned_down)


def _all_genres(hearing: Hearing, parts: Sequence[Part], *, baseline: NDArray[np.float32]) -> Float64:
    logits = without_each(hearing, parts, baseline=baseline)
    n_genres = len(hearing.bundle.names)
    if not parts:
        return np.zeros((0, n_genres))
    return np.stack([scores(hearing, logits, genre=genre) for genre in range(n_genres)], axis=1)


def _top(hearing: Hearing, parts: Sequence[Part], own: Float64) -> NDArray[np.bool_]:
    """The best fifth of the segments that hold sound, as
    :func:`~genrelens.explanation.faithfulness.judging.judge` takes it.
    """
    sounding = [
        i
        for i, part in enumerate(parts)
        if not is_silent(hearing.frames[part.start : part.end], settings=hearing.front_end)
    ]
    top = np.zeros(len(parts), dtype=bool)
    if len(sounding) >= MIN_SOUNDING:
        order = sorted(sounding, key=lambda i: -own[i])
        top[order[: max(1, round(SHARE * len(sounding)))]] = True
    return top


def _described(track: Track, sound: Stretch, *, times_s: Float64) -> Float64:
    samples = read(
        Path(track.path),
        start_s=sound.start_s,
        end_s=sound.end_s,
        sample_rate=fingerprint_sound.SAMPLE_RATE,
    )
    try:
        return fingerprint_sound.segment_descriptors(samples, edges_s=times_s)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("librosa", "numba", "scipy"):
            raise
        raise MissingExtraError("train", needed_for="a fingerprint") from error


def _tags(
    tagger: Bundle, sound: Stretch, *, hearing: Hearing, bundle: Bundle, track: Track
) -> tuple[Float64, Float64]:
    """Log-odds ``(w, t)`` of the tags in each window of the stretch, NaN where silent, and ``(w, 2)`` spans, s."""
    if tagger is not bundle:
        rate = front_end_of(tagger).sample_rate
        samples = read(Path(track.path), start_s=sound.start_s, end_s=sound.end_s, sample_rate=rate)
        stream = frame_stream(front_end_of(tagger))
        hearing = Hearing(tagger, np.concatenate([stream.push(samples), stream.finish()]))
    heard = [(i, values) for i in range(len(hearing.spans)) if (values := hearing.values(i)) is not None]
    tags = np.full((len(hearing.spans), len(tagger.manifest.tags)), np.nan)
    if heard:
        found = tagger.outputs(np.stack([values for _, values in heard])).tags
        assert found is not None
        tags[[i for i, _ in heard]] = found
    frame_s = hearing.front_end.hop_length / hearing.front_end.sample_rate
    return tags, np.array(hearing.spans) * frame_s


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
    known = np.isfinite(rows).all(axis=1)
    return rows[known].mean(axis=0) if known.any() else np.full(rows.shape[1], np.nan)
