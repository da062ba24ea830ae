"""What most people need of genrelens, on one object: predict and explain; and learning a model of one's own genres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from genrelens.bundle.coverage import COVERAGE
from genrelens.bundle.predict import DEFAULT, Bundle, Source, read_whole
from genrelens.bundle.prediction import Prediction
from genrelens.errors import AudioError

if TYPE_CHECKING:
    from genrelens.explanation.explanation import Explanation

__all__ = ["Explanation", "Model", "Prediction", "learn", "model"]

_models: dict[str, Model] = {}


class Model(Bundle):
    """A model that is ready to predict and explain; made by :func:`genrelens.load`. Several threads may use it at once.

    ``.names`` are its genres in class order, ``.name``, ``.hash`` and ``.card`` say what it is, ``.manifest`` has the
    rest: how it was trained, calibrated and when it abstains.
    """

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {len(self.names)} genres, hash {self.hash!r})"

    @property
    def tags(self) -> tuple[str, ...]:
        """Other words than genres that each prediction weighs, such as ``female vocalists``; empty without."""
        return self.manifest.tags

    @overload
    def predict(
        self, source: list[str] | list[Path] | list[str | Path | bytes], *, coverage: float = COVERAGE
    ) -> list[Prediction]: ...

    @overload
    def predict(self, source: Source, *, sample_rate: int | None = None, coverage: float = COVERAGE) -> Prediction: ...

    def predict(
        self,
        source: Source | list[str] | list[Path] | list[str | Path | bytes],
        *,
        sample_rate: int | None = None,
        coverage: float = COVERAGE,
    ) -> Prediction | list[Prediction]:
        """The genre of a file, of samples, or of each of a list of files.

        Args:
            source: a path, the bytes of a file, a binary file object, or samples ``(n,)`` or ``(n, channels)``, float
                in [-1, 1] or integer PCM; or a list of paths, bytes or file objects.
            sample_rate: of samples, in Hz; a file knows its own.
            coverage: above 0 and below 1: how often the prediction's ``set`` is to hold the true genre.

        Returns:
            A :class:`Prediction`, or a list of them in the order of the list. A file that cannot be read raises its
            error; ``predict_each`` gives the errors in the place of the predictions and goes on.

        Raises:
            AudioError: no sound can be had from the source; ``.code`` says why.
        """
        if isinstance(source, list) and any(_is_file(item) for item in source):
            found = list(self.predict_each(source, coverage=coverage))
            for one in found:
                if isinstance(one, Exception):
                    raise one
            return [one for one in found if isinstance(one, Prediction)]
        return super().predict(source, sample_rate=sample_rate, coverage=coverage)  # type: ignore[arg-type]

    def explain(self, source: Source, *, genre: str | None = None, sample_rate: int | None = None) -> Explanation:
        """Which moments and frequencies speak for a genre, and whether that holds when they are taken out.

        Args:
            source: as :meth:`predict` takes it.
            genre: the genre to explain, by any of its names; None for the likeliest, be it the answer or not.
            sample_rate: of samples, in Hz.

        Raises:
            AudioError: no sound can be had, or (``silence``) there is nothing but silence.
            BundleError: the model cannot be explained: it hears descriptors (``no_frames``), or knows one genre only.
        """
        from genrelens.explanation.explain import explain

        found = explain(read_whole(source), bundle=self, genre=genre, sample_rate=sample_rate).explanation
        if found is None:
            raise AudioError("there is nothing but silence, so nothing to explain", code="silence")
        return found


def _is_file(item: object) -> bool:
    return isinstance(item, str | Path | bytes) or hasattr(item, "read")


def model(name_or_path: str | Path | Model = DEFAULT) -> Model:
    """The model itself, or by its name or path one that is loaded once and kept."""
    if isinstance(name_or_path, Model):
        return name_or_path
    key = str(name_or_path)
    if key not in _models:
        _models[key] = Model.load(name_or_path)
    return _models[key]


def learn(music: str | Path, *, out: str | Path, cache: str | Path | None = None, seed: int = 0) -> Model:
    """Learn the genres of your own music: folders named after genres, tagged files, or a table of paths and genres.

    Args:
        music: the folder or the table (CSV, Parquet: columns ``path`` and ``genre``).
        out: where the model goes: a new folder, or a file whose name ends in ``.zip``.
        cache: a folder that keeps what was computed of each file, for the next time; None: beside ``out``.
        seed: of the folds by artist and of the training; the same tracks and seed give the same model.

    Returns:
        The model. What cross-validation over artists says of it stands in ``.card``.

    Raises:
        DataError: no genres are found, or one has too few tracks to learn from.
        MissingExtraError: the extra ``[train]`` is not installed.
    """
    from genrelens.data import registry
    from genrelens.library.learn import check_extra, check_out
    from genrelens.library.learn import learn as learn_task
    from genrelens.library.task import task_of

    place = Path(out).expanduser()
    check_extra()
    check_out(place)
    kept = place.with_name(f"{place.stem}-cache") if cache is None else Path(cache).expanduser()
    learn_task(task_of(registry.open_dataset(Path(music).expanduser())), out=place, cache=kept, seed=seed)
    return Model.load(place)
