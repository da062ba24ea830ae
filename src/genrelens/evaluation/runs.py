"""What a training, a cross-validation or an evaluation left behind: a run, read for a report on it.

A run is named by its folder or by a report in JSON. What lies beside the report (learning curves, the model, the time
it took) is taken where it belongs to the same model, and where it is not, the run says why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from genrelens.data import registry
from genrelens.errors import DataError, TrainingError
from genrelens.evaluation.report import Report
from genrelens.evaluation.trainings import Cost, History, cost_of, find_bundle, find_folds, find_trainings, history_of
from genrelens.features.description import GenreMap, map_or_reason
from genrelens.features.gather import embed_tracks

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.data import Track
    from genrelens.features.gather import Progress

REPORT: Final = "report.json"
_REPORT_SCHEMA: Final = Report.SCHEMA.partition("/")[0] + "/"
_KINDS: Final = {
    "genrelens.multi-label-report": "about a model that gives a track several genres, which is not drawn yet",
    "genrelens.leakage": "of genrelens leakage, which draws its own figure",
    "genrelens.run": "the record of a training (give its folder)",
    "genrelens.comparison": "a comparison (give the runs themselves)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run as it is compared with others.

    Attributes:
        name: for people; different among the runs of one comparison.
        path: what the user gave.
        report: its figures.
        histories: learning curves, one a training.
        costs: time and size, one a training.
        bundle: the model that the report is about; None where it is not here, or where there are several.
        missing: what is not here and why, by ``"learning"``, ``"cost"``, ``"bundle"``.
    """

    name: str
    path: Path
    report: Report
    histories: tuple[History, ...]
    costs: tuple[Cost, ...]
    bundle: Path | None
    missing: dict[str, str]


def open_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """The runs of a comparison, their names made different.

    A run is called after its model; runs of one model also by what differs in their paths. Raises :class:`DataError` as
    :func:`open_run` does, and where one run is given twice.
    """
    runs = [open_run(path) for path in paths]
    files = [report_file(path).resolve() for path in paths]
    for k, file in enumerate(files):
        if file in files[:k]:
            raise DataError(f"{str(paths[k])!r} is given twice: name each run once")
    names = _different_names([run.report.model for run in runs], paths)
    return tuple(replace(run, name=name) for name, run in zip(names, runs, strict=True))


def open_run(path: Path) -> Run:
    """Read one run.

    Raises :class:`DataError` where there is no report, saying how to make one, and :class:`TrainingError` where the
    training or the cross-validation has not come to its end, saying how to go on.
    """
    file = report_file(path)
    report = _read_report(file)
    folder = file.parent
    trainings = find_trainings(folder)
    missing: dict[str, str] = {}
    bundles = [bundle for training in trainings if (bundle := find_bundle(training)) is not None]
    if not trainings:
        alone = f"{file.name} stands alone: neither a training's history.csv nor a bundle lies beside it"
        missing = dict.fromkeys(("learning", "cost", "bundle"), alone)
    elif not _same_model(report, trainings):
        other = f"{file.name} is about another model than the one beside it"
        missing = dict.fromkeys(("learning", "cost", "bundle"), other)
        trainings = []
    elif len(trainings) > 1:
        missing["bundle"] = "a cross-validation has a model for each fold, and each puts tracks in a space of its own"
    elif not bundles:
        missing["bundle"] = "the model is not here"
    histories = tuple(history for training in trainings if (history := history_of(training, folder)))
    costs = tuple(cost for training in trainings if (cost := cost_of(training, folder)) is not None)
    if trainings and not histories:
        missing["learning"] = "it left no history.csv: its model is not learnt epoch by epoch"
    if trainings and not costs:
        missing["cost"] = "neither the time that the training took nor the size of its model is known"
    return Run(
        name=report.model,
        path=path,
        report=report,
        histories=histories,
        costs=costs,
        bundle=bundles[0] if len(trainings) == 1 and bundles else None,
        missing=missing,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The map of a run's tracks, or the reason why there is none.

    ``n_missing`` answered tracks are not on it: their sound is not here, or can no longer be read, or is silence.
    """

    found: GenreMap | str
    n_missing: int = 0


def map_run(report: Report, bundle: Bundle, tracks: Sequence[Track], *, progress: Progress | None = None) -> Embedded:
    """The t-SNE map of the tracks that a report has answers for, by their labels in it; ``tracks`` are the data set's.

    Imports scikit-learn.
    """
    tracks = registry.segments(report.dataset, tuple(tracks), leaks=report.leaks)
    rows = {row.id: row for row in report.tracks if row.predicted is not None}
    described, _ = embed_tracks(
        bundle,
        [track for track in tracks if track.id in rows],
        names=report.names,
        genres={id_: row.genre for id_, row in rows.items()},
        artists={id_: row.artist for id_, row in rows.items()},
        progress=progress,
    )
    if described is None:
        return Embedded("none of the report's tracks has its sound here.")
    what = f"the embeddings of {report.model}"
    found = map_or_reason(described, what=what, seen=frozenset(bundle.manifest.training.trained_on))
    return Embedded(found, 0 if isinstance(found, str) else len(rows) - len(described.ids))


def report_file(path: Path) -> Path:
    """The report that a path means: itself, or that of a run's folder. Raises as :func:`open_run` does."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(f"{str(path)!r} does not exist; expected a run's folder or a report in JSON")
    _check_finished(path)
    if (path / REPORT).is_file():
        return path / REPORT
    found = [file for file in sorted(path.glob("*.json")) if _schema(file).startswith(_REPORT_SCHEMA)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise DataError(f"{str(path)!r} holds several reports: give one of {names}")
    is_bundle = (path / "manifest.json").is_file()
    if is_bundle or find_bundle(path) is not None:
        where = (path.parent if is_bundle else path) / REPORT  # a bundle holds nothing but what its manifest names
        raise DataError(
            f"{str(path)!r} is a model without a report: make one with genrelens evaluate {quote(str(path))} "
            f"--data DIR --split NAME --part PART --out {quote(str(where))}",
            code="no_report",
        )
    raise DataError(
        f"{str(path)!r} is no run: expected a folder that genrelens train or crossval wrote, or a report in JSON",
        code="no_run",
    )


def _check_finished(folder: Path) -> None:
    """Raise :class:`TrainingError` for a training or a cross-validation that was interrupted."""
    from genrelens.training.run import read_run

    if (folder / "run.json").is_file():
        if not read_run(folder).get("finished"):
            raise TrainingError(
                f"{folder} is an interrupted training, of which nothing can be said before its end: resume it",
                code="interrupted_training",
            )
        return
    folds = find_folds(folder)
    if folds and not (folder / REPORT).is_file():
        done = sum((fold / REPORT).is_file() for fold in folds)
        raise TrainingError(
            f"{folder} is a cross-validation that is not finished ({done} {'fold has' if done == 1 else 'folds have'} "
            "answers): the same genrelens crossval command goes on with it"
        )


def _read_report(file: Path) -> Report:
    schema = _schema(file)
    if schema.startswith("genrelens.") and not schema.startswith(_REPORT_SCHEMA):
        what = _KINDS.get(schema.split("/")[0], f"of the kind {schema!r}")
        raise DataError(
            f"{str(file)!r} is {what}; expected {Report.SCHEMA}, which genrelens evaluate and crossval write",
            code="other_schema",
        )
    return Report.read(file)


def _schema(file: Path) -> str:
    """What a JSON file says it is; empty where it says nothing or is no JSON."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""  # reading it as a report will say what is wrong, where it is asked for
    return str(document.get("schema", "")) if isinstance(document, dict) else ""


def _same_model(report: Report, trainings: Sequence[Path]) -> bool:
    """Whether the models beside a report are those that it is about, as far as their hashes are known."""
    bundles = [bundle for training in trainings if (bundle := find_bundle(training)) is not None]
    if len(bundles) < len(trainings):
        return True  # a run that was copied without its model; nothing speaks against it
    return report.model_hash == "+".join(map(_hash, bundles))


def _hash(bundle: Path) -> str:
    from genrelens.bundle.manifest import Manifest

    try:
        return Manifest.hash_of((bundle / "manifest.json").read_bytes())
    except OSError as error:
        raise DataError(f"the model {str(bundle)!r} cannot be read: {error.strerror or error}") from error


def _different_names(names: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """The names, and behind one that comes twice the end of its path that no other run of that name has."""
    different = []
    for k, name in enumerate(names):
        same = [paths[j].resolve().parts for j, other in enumerate(names) if other == name and j != k]
        if not same:
            different.append(name)
            continue
        parts = paths[k].resolve().parts
        n = next((n for n in range(1, len(parts)) if all(other[-n:] != parts[-n:] for other in same)), len(parts))
        different.append(f"{name} ({'/'.join(parts[-n:])})")
    return different
