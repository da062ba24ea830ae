"""FMA's grid of baselines: what is scored, what cannot be, and what it says to people and programs."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from genrelens.errors import DataError
from genrelens.evaluation.grid import CLASSIFIERS, FEATURES, Asked, Cell, Grid, grid, grid_text
from genrelens.frontend.descriptors import SETS

COLUMNS = SETS["kaggle57"].columns


def rows(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """MFCCs tell three classes apart, nothing else does; units differ by powers of ten."""
    rng = np.random.default_rng(0)
    classes = rng.integers(3, size=n)
    values = rng.normal(size=(n, 57))
    is_mfcc = np.array([name.startswith("mfcc") for name in COLUMNS])
    values[:, is_mfcc] += 1.5 * classes[:, np.newaxis]
    return values * 10.0 ** rng.integers(-3, 4, size=57), classes


def folds(n: int = 300) -> list[tuple[np.ndarray, np.ndarray]]:
    everything = np.arange(n)
    return [(everything[everything % 3 != k], everything[everything % 3 == k]) for k in range(3)]


def cells(**options: tuple[str, ...]) -> tuple[Cell, ...]:
    values, classes = rows()
    return grid(values, columns=COLUMNS, classes=classes, folds=folds(), asked=Asked("kaggle57", **options))


def test_all_of_it_is_the_papers_size() -> None:
    assert len(CLASSIFIERS) == 13
    assert len(FEATURES["fma518"]) == 18  # eleven single, seven together
    fma = SETS["fma518"].columns
    widths = {name: sum(column.startswith(begins) for column in fma) for name, begins in FEATURES["fma518"].items()}
    assert widths["mfcc"] == 140
    assert widths["mfcc/contrast/centroid"] == 196  # S2's best had as many
    assert widths["all"] == 518
    assert sum(widths[name] for name in list(widths)[:11]) == 518
    assert (
        sum(sum(column.startswith(begins) for column in COLUMNS) for begins in list(FEATURES["kaggle57"].values())[:10])
        == 57
    )


def test_scores_follow_what_the_columns_hold() -> None:
    found = {cell.features: cell for cell in cells(features=("mfcc", "harmony", "all"), classifiers=("LR",))}
    assert [found[name].n_columns for name in ("mfcc", "harmony", "all")] == [40, 2, 57]
    assert found["mfcc"].accuracy is not None and found["mfcc"].accuracy > 0.95
    assert found["harmony"].accuracy is not None and found["harmony"].accuracy < 0.5
    assert all(cell.cpu_s >= 0 for cell in found.values())


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name != "kNN"])
def test_every_classifier_learns(name: str) -> None:
    (cell,) = cells(features=("mfcc",), classifiers=(name,))
    assert cell.accuracy is not None
    assert cell.accuracy > 0.5


def test_two_hundred_neighbours_of_two_hundred_rows_are_all_of_them() -> None:
    (cell,) = cells(features=("mfcc",), classifiers=("kNN",))
    assert cell.accuracy is not None
    assert cell.accuracy < 0.5


def test_a_row_is_scaled_by_the_rows_that_are_learnt_from() -> None:
    """Other units change nothing (S2's scaler worked by luck)."""
    values, classes = rows()
    units = 10.0 ** np.random.default_rng(1).integers(-4, 5, size=57)
    asked = Asked("kaggle57", ("all",), ("kNN", "SVCrbf"))
    plain = grid(values, columns=COLUMNS, classes=classes, folds=folds(), asked=asked)
    other = grid(values * units, columns=COLUMNS, classes=classes, folds=folds(), asked=asked)
    assert [cell.accuracy for cell in plain] == [cell.accuracy for cell in other]


def test_what_cannot_answer_says_why_and_costs_nothing_else() -> None:
    """200 neighbours of 40 rows."""
    values, classes = rows(60)
    found = grid(
        values, columns=COLUMNS, classes=classes, folds=folds(60), asked=Asked("kaggle57", ("mfcc",), ("kNN", "NB"))
    )
    assert found[0].accuracy is None
    assert "neighbors" in found[0].note
    assert found[1].accuracy is not None


def test_components_are_those_of_the_scaled_rows_that_are_learnt_from() -> None:
    """By scikit-learn's scaler, PCA and classifier, one after the other."""
    from sklearn.decomposition import PCA
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(3)
    classes = rng.integers(3, size=300)
    values = rng.normal(size=(300, 150)) + 0.25 * classes[:, np.newaxis]
    (found,) = grid(
        values,
        columns=[f"embedding_{i}" for i in range(150)],
        classes=classes,
        folds=folds(),
        asked=Asked("vggish", ("flatten/pca128",), ("NB",)),
    )
    said = np.full(300, -1)
    for learn, test in folds():
        machine = make_pipeline(StandardScaler(), PCA(128, svd_solver="full"), GaussianNB())
        said[test] = machine.fit(values[learn], classes[learn]).predict(values[test])
    assert found.n_columns == 128
    assert found.accuracy == round(float(np.mean(said == classes)), 4)


def test_neighbours_of_embeddings_are_five_as_s2_had_them() -> None:
    """FMA's 200 would not answer from 40 rows."""
    values, classes = rows(60)
    (found,) = grid(
        values,
        columns=[f"mean_{i}" for i in range(57)],
        classes=classes,
        folds=folds(60),
        asked=Asked("vggish", ("mean_std",), ("kNN",)),
    )
    assert found.accuracy is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("mfccs",)}, "unknown features 'mfccs'; known: chroma_stft"),
        ({"classifiers": ("CNN",)}, "unknown classifier 'CNN'; known: LR, kNN"),
    ],
)
def test_unknown_names_are_refused(options: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        cells(**options)


def test_the_table_and_the_json() -> None:
    made = Grid(
        dataset="gtzan",
        part="train+valid",
        feature_set="kaggle57",
        n_tracks=10,
        n_artists=5,
        n_folds=2,
        seed=0,
        cells=(
            Cell("mfcc", 40, "LR", 0.5, 1.25, ""),
            Cell("mfcc", 40, "QDA", None, 0.0, "too few"),
            Cell("all", 57, "LR", 0.25, 2.0, "slow"),
            Cell("all", 57, "QDA", 0.75, 0.5, ""),
        ),
    )
    text = grid_text(made)
    lines = text.splitlines()
    assert lines[0] == "kaggle57 on gtzan, train+valid: 10 tracks of 5 artists, 2 folds by artist, seed 0"
    assert lines[3].split() == ["mfcc", "40", "50.0*", "-"]
    assert lines[4].split() == ["all", "57", "25.0", "75.0*"]
    assert lines[7].split() == ["mfcc", "1.2", "0.0"]
    assert "- QDA on mfcc: too few" in lines
    document = json.loads(made.to_json())
    assert document["schema"] == "genrelens.grid/1"
    assert document["cells"][1] == {
        "features": "mfcc",
        "n_columns": 40,
        "classifier": "QDA",
        "accuracy": None,
        "cpu_s": 0.0,
        "note": "too few",
    }
