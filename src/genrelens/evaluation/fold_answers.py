"""How a recipe of either kind answers one fold: it learns from some pieces of tracks and answers others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from genrelens import audio
from genrelens.data.track import Track
from genrelens.errors import DataError, TrainingError
from genrelens.features.frame_cache import FrameCache
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.taxonomy import Taxonomy

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.training.rows import RowSource

Probabilities = NDArray[np.float64]
EpochProgress = Callable[[int, int, dict[str, float]], None]


class FoldAnswers(Protocol):
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
            classes=self._classes(train),
            stop_rows=self._rows(stop),
            stop_classes=self._classes(stop),
            n_classes=len(self.taxonomy),
            seed=self.seed,
        )
        return model.probabilities(self._rows(test))

    def _rows(self, pieces: Sequence[Track]) -> NDArray[np.float64]:
        n_columns = len(next(iter(self._row_of.values()), ()))
        return np.array([self._row_of[piece.id] for piece in pieces]).reshape(len(pieces), n_columns)

    def _classes(self, pieces: Sequence[Track]) -> NDArray[np.int64]:
        return np.array([self.taxonomy.index(piece.genre) for piece in pieces], dtype=np.int64)


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
        from genrelens.training.run import read_run
        from genrelens.training.train import train as run_training

        folder = self._out / fold
        started = (folder / "run.json").exists()
        stored = read_run(folder) if started else {}
        if stored and (
            stored.get("recipe") != self.recipe.to_dict()
            or stored.get("train_ids") != [piece.id for piece in train]
        ):
            raise TrainingError(
                f"{folder} holds another recipe or other tracks; give another --out, or delete it"
            )
        if not stored.get("finished"):
            run_training(
                self.recipe,
                taxonomy=self.taxonomy,
                train_tracks=train,
                stop_tracks=stop,
                stop_part=f"{self.stop_share:.0%} of the training part",
                dataset=self._dataset,
                split=fold,
                out=folder,
                cache=self._cache,
                seed=self.seed,
                resume=started,
                progress=self._progress,
            )
        return _answers(Bundle.load(folder / "bundle"), test, n_classes=len(self.taxonomy))


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
        raise DataError(
            f"{len(errors)} of {len(tracks)} tracks cannot be read, the first is {id_}: {message}"
        )
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
