"""FMA's baselines: every set of features by every classifier, a table of scores and one of times.

The sets and the thirteen classifiers are those of Defferrard et al. 2017, "FMA: A dataset for music analysis", as S2
ran them, there also on VGGish's embeddings. Mended: rows are scaled within the model (theirs were scaled in place, by
luck, and the embeddings were not), and nothing is picked on the rows that are scored.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.data.registry import Selection
from genrelens.data.track import classes_of
from genrelens.errors import DataError, MissingExtraError, TrainingError
from genrelens.recipe import ClassifierRecipe, FeatureRecipe, TabularRecipe
from genrelens.schema import Document
from genrelens.training.calibrate import fold_rows

if TYPE_CHECKING:
    from genrelens.training.tabular.train import TabularData

Progress = Callable[[str, str], None]
"""Called with (features, classifier) before each cell."""

_CONTRAST: Final = ("mfcc", "spectral_contrast")
FEATURES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "fma518": {
        **{
            name: (name,)
            for name in (
                "chroma_cens",
                "chroma_cqt",
                "chroma_stft",
                "mfcc",
                "rmse",
                "spectral_bandwidth",
                "spectral_centroid",
                "spectral_contrast",
                "spectral_rolloff",
                "tonnetz",
                "zcr",
            )
        },
        "mfcc/contrast": _CONTRAST,
        "mfcc/contrast/chroma": (*_CONTRAST, "chroma_cens"),
        "mfcc/contrast/centroid": (*_CONTRAST, "spectral_centroid"),
        "mfcc/contrast/chroma/centroid": (*_CONTRAST, "chroma_cens", "spectral_centroid"),
        "mfcc/contrast/chroma/centroid/tonnetz": (*_CONTRAST, "chroma_cens", "spectral_centroid", "tonnetz"),
        "mfcc/contrast/chroma/centroid/zcr": (*_CONTRAST, "chroma_cens", "spectral_centroid", "zcr"),
        "all": ("",),
    },
    "kaggle57": {
        **{
            name: (name,)
            for name in (
                "chroma_stft",
                "rms",
                "spectral_centroid",
                "spectral_bandwidth",
                "rolloff",
                "zero_crossing_rate",
                "harmony",
                "perceptr",
                "tempo",
                "mfcc",
            )
        },
        "mfcc/chroma": ("mfcc", "chroma_stft"),
        "mfcc/chroma/centroid": ("mfcc", "chroma_stft", "spectral_centroid"),
        "all": ("",),
    },
    "vggish": {"flatten": ("embedding",), "flatten/pca128": ("embedding",), "mean_std": ("mean", "std")},
}
"""Set of features -> name of a choice of its columns -> what the columns' names begin with."""

N_COMPONENTS: Final[Mapping[str, int]] = {"flatten/pca128": 128}
"""Choices of which principal components of the scaled rows are learnt from, and how many."""

CLASSIFIERS: Final = (
    "LR",
    "kNN",
    "SVCrbf",
    "SVCpoly1",
    "SVClinear1",
    "SVClinear2",
    "DT",
    "RF",
    "AdaBoost",
    "MLP1",
    "MLP2",
    "NB",
    "QDA",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One classifier on one choice of features: ``accuracy`` 0 to 1, or None where it could not answer, and why
    (``note``; otherwise the first warning it gave, or ""); ``cpu_s`` of learning and answering all folds."""

    features: str
    n_columns: int
    classifier: str
    accuracy: float | None
    cpu_s: float
    note: str


@dataclass(frozen=True, slots=True)
class Grid(Document):
    """All cells, and what they were scored on."""

    SCHEMA: ClassVar[str] = "genrelens.grid/1"
    WHAT: ClassVar[str] = "grid"

    dataset: str
    part: str
    feature_set: str
    n_tracks: int
    n_artists: int
    n_folds: int
    seed: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a survey is of: a set of features, some choices of its columns and some classifiers (some of
    :data:`FEATURES` and :data:`CLASSIFIERS`; all where none are named), and the seed of classifiers and folds.
    """

    feature_set: str
    features: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    seed: int = 0

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Every pair of a choice of columns and a classifier."""
        features = self.features or tuple(FEATURES[self.feature_set])
        return [(chosen, name) for chosen in features for name in self.classifiers or CLASSIFIERS]


def recipe_of(feature_set: str) -> TabularRecipe:
    """Rows of whole tracks of a set of features, for any classifier."""
    rows = FeatureRecipe(feature_set, 30, pooling="flatten" if feature_set == "vggish" else "none")  # type: ignore[arg-type]
    return TabularRecipe("grid", "S2", "rows of whole tracks", rows, ClassifierRecipe("any", {}), stop_share=0.0)


def survey(
    data: TabularData,
    *,
    columns: Sequence[str],
    selection: Selection,
    asked: Asked,
    n_folds: int,
    weights: str = "",
    progress: Progress | None = None,
) -> Grid:
    """The :func:`grid` of rows of tracks over folds of artists. ``weights`` says whose VGGish made the rows."""
    cells = grid(
        data.rows,
        columns=columns,
        classes=classes_of(data.pieces, taxonomy=selection.taxonomy),
        folds=tuple(fold_rows(data.pieces, seed=asked.seed, n_folds=n_folds)),
        asked=asked,
        progress=progress,
    )
    return Grid(
        dataset=selection.dataset,
        part=selection.part,
        feature_set=asked.feature_set + (f", {weights}" if weights else ""),
        n_tracks=len(data.pieces),
        n_artists=len({track.group for track in data.pieces}),
        n_folds=n_folds,
        seed=asked.seed,
        cells=cells,
    )


def grid(
    rows: NDArray[np.float64],
    *,
    columns: Sequence[str],
    classes: NDArray[np.int64],
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    asked: Asked,
    progress: Progress | None = None,
) -> tuple[Cell, ...]:
    """Accuracy out of fold of every classifier on every choice of ``columns`` of ``rows (n, d)``.

    ``folds``: pairs of row numbers to learn from and to answer; together they answer every row once. Raises
    :class:`DataError` on a choice or a classifier that is not known.
    """
    choices = FEATURES[asked.feature_set]
    for given, known, what in (
        (asked.features, tuple(choices), "features"),
        (asked.classifiers, CLASSIFIERS, "classifier"),
    ):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise DataError(f"unknown {what} {unknown[0]!r}; known: {', '.join(known)}")
    cells = []
    for features, classifier in asked.cells:
        if progress is not None:
            progress(features, classifier)
        its = [j for j, column in enumerate(columns) if column.startswith(choices[features])]

        def machine(name: str = classifier) -> Any:
            return _classifier(name, feature_set=asked.feature_set, seed=asked.seed)

        cells.append(_cell(rows[:, its], classes, folds, features=features, classifier=classifier, machine=machine))
    return tuple(cells)


def _cell(
    rows: NDArray[np.float64],
    classes: NDArray[np.int64],
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    *,
    features: str,
    classifier: str,
    machine: Callable[[], Any],
) -> Cell:
    """One cell; ``machine`` makes the classifier anew for each fold."""
    from genrelens.training.tabular.rows import principal_components

    said = np.full(len(rows), -1)
    n_columns = N_COMPONENTS.get(features, rows.shape[1])
    accuracy: float | None = None
    note = ""
    started = time.process_time()
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            for learn, test in folds:
                mean, scale = rows[learn].mean(axis=0), rows[learn].std(axis=0)
                scale[scale == 0] = 1.0
                known, asked = (rows[learn] - mean) / scale, (rows[test] - mean) / scale
                if features in N_COMPONENTS:
                    directions = principal_components(known, n_components=n_columns, of=features)
                    known, asked = known @ directions, asked @ directions
                said[test] = machine().fit(known, classes[learn]).predict(asked)
            accuracy = round(float(np.mean(said == classes)), 4)
        except (ValueError, np.linalg.LinAlgError, TrainingError) as error:
            note = _first_line(error)
    if not note and given:
        note = _first_line(given[0].message)
    return Cell(features, n_columns, classifier, accuracy, round(time.process_time() - started, 2), note)


def _classifier(name: str, *, feature_set: str, seed: int) -> Any:
    """The classifier of FMA's baselines by that name, with its settings there, or S2's for VGGish's embeddings."""
    try:
        from sklearn import discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, svm, tree
        from sklearn.neural_network import MLPClassifier
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the grid of baselines") from error
    makers: dict[str, Callable[[], Any]] = {
        "LR": lambda: linear_model.LogisticRegression(max_iter=1000),
        "kNN": lambda: neighbors.KNeighborsClassifier(n_neighbors=200),
        "SVCrbf": lambda: svm.SVC(kernel="rbf"),
        "SVCpoly1": lambda: svm.SVC(kernel="poly", degree=1),
        "SVClinear1": lambda: svm.SVC(kernel="linear"),
        "SVClinear2": lambda: svm.LinearSVC(random_state=seed),
        "DT": lambda: tree.DecisionTreeClassifier(max_depth=5, random_state=seed),
        "RF": lambda: ensemble.RandomForestClassifier(max_depth=5, n_estimators=10, max_features=1, random_state=seed),
        "AdaBoost": lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=seed),
        "MLP1": lambda: MLPClassifier(hidden_layer_sizes=(100,), max_iter=2000, random_state=seed),
        "MLP2": lambda: MLPClassifier(hidden_layer_sizes=(200, 50), max_iter=2000, random_state=seed),
        "NB": lambda: naive_bayes.GaussianNB(),
        "QDA": lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(),
    }
    if feature_set == "vggish":
        makers |= {  # S2's own settings there: scikit-learn's defaults
            "kNN": lambda: neighbors.KNeighborsClassifier(),
            "DT": lambda: tree.DecisionTreeClassifier(random_state=seed),
            "RF": lambda: ensemble.RandomForestClassifier(random_state=seed),
            "AdaBoost": lambda: ensemble.AdaBoostClassifier(random_state=seed),
        }
    return makers[name]()


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def grid_text(found: Grid) -> str:
    """Two tables for people: accuracies in %, the best of a row marked, and seconds."""
    features = list(dict.fromkeys(cell.features for cell in found.cells))
    classifiers = list(dict.fromkeys(cell.classifier for cell in found.cells))
    of = {(cell.features, cell.classifier): cell for cell in found.cells}
    width = max(len(name) for name in features)
    head = "  ".join(f"{name:>10}" for name in classifiers)
    lines = [
        f"{found.feature_set} on {found.dataset}, {found.part}: {found.n_tracks} tracks of {found.n_artists} artists, "
        f"{found.n_folds} folds by artist, seed {found.seed}",
        "",
        f"{'accuracy, %':<{width}}  {'n':>4}  {head}",
    ]
    for name in features:
        its = [of[name, classifier] for classifier in classifiers]
        best = max((cell.accuracy for cell in its if cell.accuracy is not None), default=None)
        shown = [
            "-" if cell.accuracy is None else f"{100 * cell.accuracy:.1f}" + "*" * (cell.accuracy == best)
            for cell in its
        ]
        lines.append(f"{name:<{width}}  {its[0].n_columns:>4}  " + "  ".join(f"{one:>10}" for one in shown))
    lines += ["", f"{'CPU seconds':<{width}}  {'':>4}  {head}"]
    for name in features:
        seconds = [f"{of[name, classifier].cpu_s:.1f}" for classifier in classifiers]
        lines.append(f"{name:<{width}}  {'':>4}  " + "  ".join(f"{one:>10}" for one in seconds))
    lines += ["", "* the best of its row, which is flattered by having been looked for"]
    failed = [cell for cell in found.cells if cell.accuracy is None]
    lines += [f"- {cell.classifier} on {cell.features}: {cell.note}" for cell in failed]
    return "\n".join(lines) + "\n"
