"""How a recipe of either kind answers one fold: it learns from some tracks, or segments of them, and answers others."""

from __future__ import annotations

import typing
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens import audio
from genrelens.data.registry import Loaded
from genrelens.data.splits.split import Split
from genrelens.data.track import Track, classes_of
from genrelens.errors import DataError
from genrelens.evaluation.evaluate import evaluate
from genrelens.evaluation.report import Report, TrackRow
from genrelens.features.frame_cache import FrameCache
from genrelens.files import write_whole
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.taxonomy import Taxonomy

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.training.rows import RowSource
    from genrelens.training.tabular.train import TabularData

Probabilities = NDArray[np.float64]
Tracks = Sequence[Track]
EpochProgress = Callable[[int, int, dict[str, float]], None]
"""Called after every epoch with (epochs done, epochs at most, the epoch's row of history)."""


class FoldAnswers(typing.Protocol):
    """A recipe with the clips that it looks at: tracks, or segments of them (``segment_of`` says of which)."""

    @property
    def clips(self) -> tuple[Track, ...]:
        """Every clip; of a segment also which track it is of and where in it it lies."""

    @property
    def taxonomy(self) -> Taxonomy:
        """The genres, in class order."""

    @property
    def stop_share(self) -> float:
        """The share of the training part that the recipe stops on and calibrates with."""

    def answer(self, learn: Tracks, stop: Tracks, test: Tracks, *, fold: Split) -> list[TrackRow]:
        """A row for each clip of ``test``, by a model that learns from ``learn`` and stops on ``stop``.

        A segment's row has its group as artist, so that segments of a track whose artist nobody knows stay together.
        """


class TabularAnswers:
    """A classifier of descriptors, on the rows of tracks or of their segments."""

    def __init__(self, recipe: TabularRecipe, data: TabularData, *, taxonomy: Taxonomy, seed: int) -> None:
        self.recipe, self.taxonomy, self.seed = recipe, taxonomy, seed
        self.clips = data.pieces
        self.stop_share = recipe.stop_share
        self._row_of = {clip.id: row for clip, row in zip(data.pieces, data.rows, strict=True)}

    def answer(self, learn: Tracks, stop: Tracks, test: Tracks, *, fold: Split) -> list[TrackRow]:
        """See :class:`FoldAnswers`; nothing is kept on disk, a fold takes seconds."""
        from genrelens.training.tabular import fit_tabular

        model = fit_tabular(
            self.recipe,
            self._rows(learn),
            classes=classes_of(learn, taxonomy=self.taxonomy),
            stop_rows=self._rows(stop),
            stop_classes=classes_of(stop, taxonomy=self.taxonomy),
            n_classes=len(self.taxonomy),
            seed=self.seed,
        )
        return answered(test, model.probabilities(self._rows(test)), taxonomy=self.taxonomy)

    def _rows(self, clips: Tracks) -> NDArray[np.float64]:
        n_columns = len(next(iter(self._row_of.values()), ()))
        return np.array([self._row_of[clip.id] for clip in clips]).reshape(len(clips), n_columns)


class NetworkAnswers:
    """A network that answers whole tracks as a prediction does; each fold is a run, resumed where it was interrupted.

    The runs are ``out/fold-0``, ``out/fold-1``, ... with a report.json each: a fold whose report is there, of the same
    model, is not answered again. ``hashes`` are those of the models, ``experimental`` the genres that one of them had
    too few tracks to learn from.
    """

    def __init__(
        self, recipe: Recipe, music: Loaded, *, out: Path, cache: Path, seed: int, epoch: EpochProgress | None = None
    ) -> None:
        self.recipe, self.taxonomy, self.seed = recipe, music.taxonomy, seed
        self._dataset, self._out, self._cache, self._epoch = music.dataset, out, cache, epoch
        self.clips = music.tracks
        self.stop_share = recipe.training.stop_share
        self.hashes: list[str] = []
        self.experimental: set[str] = set()

    def answer(self, learn: Tracks, stop: Tracks, test: Tracks, *, fold: Split) -> list[TrackRow]:
        """See :class:`FoldAnswers`."""
        folder = self._out / f"fold-{len(self.hashes)}"
        bundle = self.trained(learn, stop, fold=fold, out=folder)
        self.experimental |= set(bundle.manifest.experimental)
        self.hashes.append(bundle.hash)
        kept = folder / "report.json"
        report = Report.read(kept) if kept.exists() else None
        if report is None or report.model_hash != bundle.hash:
            report = evaluate(bundle, test, split=fold, part="test")
            write_whole(kept, report.to_json())
        return list(report.tracks)

    def trained(self, learn: Tracks, stop: Tracks, *, fold: Split, out: Path, how: str = ", by artist") -> Bundle:
        """The model of a fold, trained in the run's folder ``out`` unless it is there."""
        from genrelens.bundle import Bundle
        from genrelens.training.run import Origin, Training
        from genrelens.training.train import train_once

        training = Training(
            self.recipe,
            Origin(self.taxonomy, self._dataset, fold.name),
            learn=tuple(learn),
            stop=tuple(stop),
            stop_part=f"{self.stop_share:.0%} of the training part{how}",
            seed=self.seed,
        )
        return Bundle.load(train_once(training, out=out, cache=self._cache, progress=self._epoch))


class SegmentAnswers(NetworkAnswers):
    """A network over segments as long as one of its windows, for any split of segments; runs are named by the split."""

    def __init__(
        self, recipe: Recipe, music: Loaded, *, out: Path, cache: Path, seed: int, epoch: EpochProgress | None = None
    ) -> None:
        super().__init__(recipe, music, out=out, cache=cache, seed=seed, epoch=epoch)
        self.clips = window_segments(recipe, music.tracks, cache=cache)

    def answer(self, learn: Tracks, stop: Tracks, test: Tracks, *, fold: Split) -> list[TrackRow]:
        """See :class:`FoldAnswers`."""
        bundle = self.trained(learn, stop, fold=fold, out=self._out / fold.name, how="")
        return answered(test, _probabilities(bundle, test, n_classes=len(self.taxonomy)), taxonomy=self.taxonomy)


def segment_answers(
    recipe: AnyRecipe, music: Loaded, source: RowSource, *, out: Path, seed: int, epoch: EpochProgress | None = None
) -> tuple[FoldAnswers, str]:
    """A recipe of either kind with the segments that it looks at, and what these are called: ``"pieces of 3 s"``."""
    if isinstance(recipe, Recipe):
        length_s = recipe.windows.n_frames * recipe.front_end.hop_length / recipe.front_end.sample_rate
        network = SegmentAnswers(recipe, music, out=out, cache=source.cache, seed=seed, epoch=epoch)
        return network, f"pieces of {length_s:.1f} s"
    from genrelens.training.rows import rows_for

    data = rows_for(recipe, music.tracks, source)
    return TabularAnswers(recipe, data, taxonomy=music.taxonomy, seed=seed), f"pieces of {recipe.features.segment_s} s"


def window_segments(recipe: Recipe, tracks: Tracks, *, cache: Path) -> tuple[Track, ...]:
    """Every track cut into segments of one window, without overlap; a last one that is shorter is left off.

    A track shorter than a window is one segment. Raises :class:`DataError` on tracks that cannot be read.
    """
    frames = FrameCache(cache, recipe.front_end)
    errors = frames.fill(tracks)
    if errors:
        id_, message = next(iter(errors.items()))
        raise DataError(f"{len(errors)} of {len(tracks)} tracks cannot be read, the first is {id_}: {message}")
    n, front_end = recipe.windows.n_frames, recipe.front_end
    segments = []
    for track in tracks:
        for i in range(max(1, len(frames.frames(track)) // n)):
            # One sample short of the next window, so that the segment has its n frames and none of the next one's.
            first, last = i * n * front_end.hop_length, (i + 1) * n * front_end.hop_length - 1
            span_s = (first / front_end.sample_rate, last / front_end.sample_rate)
            segments.append(replace(track, id=f"{track.id}.{i}", genres=(), segment_of=track.id, span_s=span_s))
    return tuple(segments)


def answered(clips: Tracks, probabilities: Probabilities, *, taxonomy: Taxonomy) -> list[TrackRow]:
    """The rows of clips with known ``probabilities (n, c)``."""
    return [
        TrackRow.answered(clip.id, clip.group, taxonomy.canonical(clip.genre), p, names=taxonomy.names)
        for clip, p in zip(clips, probabilities, strict=True)
    ]


def _probabilities(bundle: Bundle, segments: Tracks, *, n_classes: int) -> Probabilities:
    """What the bundle says to each; each file is decoded once. Silence, which has no answer, is all alike."""
    answers = np.full((len(segments), n_classes), 1.0 / n_classes)
    of_file: dict[Path, list[int]] = defaultdict(list)
    for i, segment in enumerate(segments):
        of_file[segment.path].append(i)
    for path, indices in of_file.items():
        clip = audio.load(path, sample_rate=bundle.manifest.front_end.sample_rate)
        samples, rate = clip.samples, clip.sample_rate
        for i in indices:
            from_s, to_s = segments[i].span_s or (0.0, len(samples) / rate)
            prediction = bundle.predict(samples[round(from_s * rate) : round(to_s * rate)], sample_rate=rate)
            if prediction.guess is not None:
                answers[i] = prediction.probabilities
    return answers
