"""How a recipe of either kind answers one fold: it learns from some pieces of tracks and answers others."""

from __future__ import annotations

import typing
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens import audio
from genrelens.data.track import Track, classes_of
from genrelens.errors import DataError
from genrelens.features.frame_cache import FrameCache
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.taxonomy import Taxonomy

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.training.rows import RowSource


from genrelens.bundle.pooling import pool_logits, softmax
from genrelens.data.splits.protocols import Protocol
from genrelens.evaluation.report import TrackRow

Probabilities = NDArray[np.float64]
EpochProgress = Callable[[int, int, dict[str, float]], None]


class FoldAnswers(typing.Protocol):
    """A recipe with the pieces of tracks that it looks at."""

    @property
    def pieces(self) -> tuple[Track, ...]:
        """Every piece, with the track it is of and where in it it lies."""

    @property
    def stop_share(self) -> float:
        """The share of the training part that the recipe stops on and calibrates with."""

    def answer(
        self, train: Sequence[Track], stop: Sequence[Track], test: Sequence[Track], *, fold: str
    ) -> Probabilities:
        """Probabilities ``(n_test, c)`` by a model that learns from ``train``; ``fold`` names the work."""


class TabularAnswers:
    """A classifier of descriptors: ``rows (n, d)`` are those of ``pieces``."""

    def __init__(
        self,
        recipe: TabularRecipe,
        pieces: Sequence[Track],
        rows: NDArray[np.float64],
        *,
        taxonomy: Taxonomy,
        seed: int,
    ) -> None:
        self.recipe, self.taxonomy, self.seed = recipe, taxonomy, seed
        self.pieces = tuple(pieces)
        self.stop_share = recipe.stop_share
        self._row_of = {piece.id: row for piece, row in zip(pieces, rows, strict=True)}

    def answer(
        self, train: Sequence[Track], stop: Sequence[Track], test: Sequence[Track], *, fold: str
    ) -> Probabilities:
        """See :class:`FoldAnswers`; nothing is kept on disk, a fold takes seconds."""
        from genrelens.training.tabular import fit_tabular

        model = fit_tabular(
            self.recipe,
            self._rows(train),
            classes=classes_of(train, taxonomy=self.taxonomy),
            stop_rows=self._rows(stop),
            stop_classes=classes_of(stop, taxonomy=self.taxonomy),
            n_classes=len(self.taxonomy),
            seed=self.seed,
        )
        return model.probabilities(self._rows(test))

    def _rows(self, pieces: Sequence[Track]) -> NDArray[np.float64]:
        n_columns = len(next(iter(self._row_of.values()), ()))
        return np.array([self._row_of[piece.id] for piece in pieces]).reshape(len(pieces), n_columns)


class NetworkAnswers:
    """A network over pieces as long as one of its windows; each fold is a run under ``out``, resumed if interrupted."""

    def __init__(
        self,
        recipe: Recipe,
        tracks: Sequence[Track],
        *,
        taxonomy: Taxonomy,
        dataset: str,
        out: Path,
        cache: Path,
        seed: int,
        progress: EpochProgress | None = None,
    ) -> None:
        self.recipe, self.taxonomy, self.seed = recipe, taxonomy, seed
        self._dataset, self._out, self._cache, self._progress = dataset, out, cache, progress
        self.stop_share = recipe.training.stop_share
        self.pieces = window_pieces(recipe, tracks, cache=cache)

    def answer(
        self, train: Sequence[Track], stop: Sequence[Track], test: Sequence[Track], *, fold: str
    ) -> Probabilities:
        """See :class:`FoldAnswers`; a finished run of the same pieces is not trained again."""
        from genrelens.bundle import Bundle
        from genrelens.training.run import Origin, Training
        from genrelens.training.train import train_once

        training = Training(
            self.recipe,
            Origin(self.taxonomy, self._dataset, fold),
            learn=tuple(train),
            stop=tuple(stop),
            stop_part=f"{self.stop_share:.0%} of the training part",
            seed=self.seed,
        )
        bundle = train_once(training, out=self._out / fold, cache=self._cache, progress=self._progress)
        return _answers(Bundle.load(bundle), test, n_classes=len(self.taxonomy))


def fold_answers(
    recipe: AnyRecipe,
    tracks: tuple[Track, ...],
    source: RowSource,
    *,
    taxonomy: Taxonomy,
    dataset: str,
    out: Path,
    seed: int,
    progress: EpochProgress | None = None,
) -> tuple[FoldAnswers, str]:
    """A recipe of either kind with the pieces that it looks at, and what a piece is called."""
    if isinstance(recipe, Recipe):
        length_s = recipe.windows.n_frames * recipe.front_end.hop_length / recipe.front_end.sample_rate
        network = NetworkAnswers(
            recipe,
            tracks,
            taxonomy=taxonomy,
            dataset=dataset,
            out=out,
            cache=source.cache,
            seed=seed,
            progress=progress,
        )
        return network, f"pieces of {length_s:.1f} s"
    from genrelens.training.rows import rows_for

    data = rows_for(recipe, tracks, source)
    table = TabularAnswers(recipe, data.pieces, data.rows, taxonomy=taxonomy, seed=seed)
    return table, f"pieces of {recipe.features.segment_s} s"


def window_pieces(recipe: Recipe, tracks: Sequence[Track], *, cache: Path) -> tuple[Track, ...]:
    """Every track cut into pieces of one window, without overlap; a last piece that is shorter is left off.

    A track shorter than a window is one piece. Raises :class:`DataError` on tracks that cannot be read.
    """
    frames = FrameCache(cache, recipe.front_end)
    errors = frames.fill(tracks)
    if errors:
        id_, message = next(iter(errors.items()))
        raise DataError(f"{len(errors)} of {len(tracks)} tracks cannot be read, the first is {id_}: {message}")
    n, front_end = recipe.windows.n_frames, recipe.front_end
    pieces = []
    for track in tracks:
        n_pieces = max(1, len(frames.frames(track)) // n)
        for i in range(n_pieces):
            # One sample short of the next window, so that the piece has its n frames and none of the next one's.
            first, last = i * n * front_end.hop_length, (i + 1) * n * front_end.hop_length - 1
            pieces.append(
                Track(
                    f"{track.id}.{i}",
                    track.path,
                    track.genre,
                    track.artist,
                    track.dataset,
                    track.recording,
                    segment_of=track.id,
                    span_s=(first / front_end.sample_rate, last / front_end.sample_rate),
                )
            )
    return tuple(pieces)


def _answers(bundle: Bundle, pieces: Sequence[Track], *, n_classes: int) -> Probabilities:
    """What the bundle says to each piece; each file is decoded once. Silence, which has no answer, is all alike."""
    answers = np.full((len(pieces), n_classes), 1.0 / n_classes)
    of_file: dict[Path, list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        of_file[piece.path].append(i)
    for path, indices in of_file.items():
        clip = audio.load(path, sample_rate=bundle.manifest.front_end.sample_rate)
        samples, rate = clip.samples, clip.sample_rate
        for i in indices:
            from_s, to_s = pieces[i].span_s or (0.0, len(samples) / rate)
            prediction = bundle.predict(samples[round(from_s * rate) : round(to_s * rate)], sample_rate=rate)
            if prediction.guess is not None:
                answers[i] = prediction.probabilities
    return answers


Progress = Callable[[str, int, int], None]
"""Called with (protocol, folds done, folds) before each fold."""


def piece_rows(
    answers: FoldAnswers, cut: Protocol, *, taxonomy: Taxonomy, seed: int, progress: Progress | None = None
) -> list[TrackRow]:
    """Every piece that ``cut`` tests, answered by a model of the fold's training part.

    The row's artist is the piece's group: pieces of a track whose artist nobody knows belong together. Raises
    :class:`SplitError` where a split leaks what it does not declare.
    """
    rows = []
    for k, split in enumerate(cut.splits):
        if progress is not None:
            progress(cut.name, k, len(cut.splits))
        train, test = split.part(answers.pieces, "train"), split.part(answers.pieces, cut.tested)
        learn, stop = cut.hold_out(train, fraction=answers.stop_share, seed=seed)
        probabilities = answers.answer(learn, stop, test, fold=split.name)
        for piece, p in zip(test, probabilities, strict=True):
            genre = taxonomy.canonical(piece.genre)
            rows.append(TrackRow.answered(piece.id, piece.group, genre, p, names=taxonomy.names))
    return rows


def track_rows(
    rows: Sequence[TrackRow], pieces: Sequence[Track], *, taxonomy: Taxonomy, pooled: bool = False
) -> list[TrackRow]:
    """One row a track, with the mean of its pieces' probabilities; ``pooled``: of their logits, as a prediction pools
    its windows."""
    whole_of = {piece.id: piece.whole for piece in pieces}
    of_track: dict[str, list[TrackRow]] = defaultdict(list)
    for row in rows:
        of_track[whole_of[row.id]].append(row)
    return [
        TrackRow.answered(
            id_,
            its[0].artist,
            its[0].genre,
            _vote(np.array([row.probabilities for row in its], dtype=np.float64), pooled=pooled),
            names=taxonomy.names,
        )
        for id_, its in of_track.items()
    ]


def _vote(probabilities: NDArray[np.float64], *, pooled: bool) -> NDArray[np.float64]:
    """``(n, c)`` of the pieces -> ``(c,)`` of the whole."""
    if len(probabilities) == 1 or not pooled:
        mean: NDArray[np.float64] = probabilities.mean(axis=0)
        return mean
    logits = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return softmax(pool_logits(logits, weights=np.ones(len(logits))))
