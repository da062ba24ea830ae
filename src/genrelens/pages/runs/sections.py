"""The sections on one run, or on several side by side. Draws with matplotlib: import it inside functions only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from genrelens.evaluation.build import LEVEL
from genrelens.evaluation.report import Report, chance
from genrelens.evaluation.runs import Embedded, Run
from genrelens.evaluation.trainings import Cost
from genrelens.metrics import Interval
from genrelens.pages.exploration.sections import map_section
from genrelens.pages.figure_style import percent, percent_interval
from genrelens.pages.runs import tables as numbers
from genrelens.pages.runs.figures import accuracy_bars_figure, costs_figure, genre_scores_figure, learning_curves_figure
from genrelens.pages.runs.report_figures import (
    confusion_figure,
    confusions_figure,
    headlines,
    reliabilities_figure,
    reliability_figure,
)
from genrelens.pages.sections import Section, Shown

N_MISTAKES = 12
_N_CONFUSED = 3


def accuracy_section(runs: Sequence[Run]) -> Section:
    """How often each run is right, and what guessing gets on its tracks."""
    rows, said, warnings = [], [], []
    several = any(len(headlines(run.report)) > 1 for run in runs)
    for run in runs:
        report = run.report
        for over, head in headlines(report):
            levels = chance(report, head)
            everything = over == "all genres"
            rows.append(
                (
                    *(run.name, over if several else f"{len(head.genres)} genres"),
                    *(str(head.n_tracks), str(head.n_artists), percent_interval(head.accuracy)),
                    *(percent_interval(head.macro_f1), percent(report.top_3_accuracy) if everything else ""),
                    *(percent(levels.majority), percent(levels.uniform)),
                )
            )
            said.append(f"{run.name} {percent(head.accuracy.value)} over {over}")
        warnings += _warnings(run, named=len(runs) > 1)
    by_chance = [chance(run.report, run.report.all_genres) for run in runs]
    says = [
        *warnings,
        f"In brackets the {100 * LEVEL:.0f} % interval over artists: two songs of one artist are not two witnesses. "
        "Always saying the most frequent genre of these very tracks, and drawing a genre by lot, are what a model must "
        "beat to have learnt anything.",
    ]
    if len({(percent(level.majority), percent(level.uniform)) for level in by_chance}) > 1:
        says.append("The runs were measured on different tracks, so chance differs, and so may how hard they are.")
    if several:
        says.append("Full genres are those with enough clips to learn from; the others are experimental.")
    header = ("run", "over", "tracks", "artists", "accuracy", "macro F1", "top 3", "majority", "by lot")
    return Section(
        "accuracy",
        "How often it is right" if len(runs) == 1 else "How often they are right",
        tuple(says),
        accuracy_bars_figure(_reports(runs)),
        f"Bars of accuracy: {'; '.join(said)}.",
        {"accuracy": numbers.accuracy_table(runs)},
        shown=Shown(header, rows, n_text_columns=2),
    )


def genres_section(runs: Sequence[Run]) -> Section:
    """Precision, recall and F1 of each genre."""
    head = ["genre", "tracks", "artists"]
    if len(runs) == 1:
        head += ["precision", "recall", "F1"]
    else:
        head += [f"F1, {run.name}" for run in runs]
    rows = []
    for row in runs[0].report.genres:
        same = [next(r for r in run.report.genres if r.genre == row.genre) for run in runs]
        sizes = (_one_of([r.support for r in same]), _one_of([r.n_artists for r in same]))
        figures = [row.precision, row.recall, row.f1] if len(runs) == 1 else [r.f1 for r in same]
        star = " *" if any(r.experimental for r in same) else ""
        rows.append((row.genre + star, *sizes, *(_measured(figure) for figure in figures)))
    says = [
        "Precision: of the tracks predicted as a genre, the share that are of it. Recall: of a genre's tracks, the "
        "share that are predicted so. F1 is their harmonic mean."
    ]
    if any(run.report.experimental for run in runs):
        says.append("* experimental: too few clips to learn it from; its figures cannot be relied on yet.")
    described = "; ".join(
        f"{run.name}: " + ", ".join(f"{row.genre} {percent(row.f1.value)}" for row in run.report.genres) for run in runs
    )
    return Section(
        "genres",
        "Genre by genre",
        tuple(says),
        genre_scores_figure(_reports(runs)),
        f"Points of precision, recall and F1 by genre. F1: {described}.",
        {"genres": numbers.genres_table(runs)},
        shown=Shown(head, rows),
    )


def confusion_section(runs: Sequence[Run]) -> Section:
    """What is taken for what."""
    said = []
    for run in runs:
        names, counts = run.report.names, run.report.confusion
        cells = [(i, j) for i in range(len(names)) for j in range(len(names)) if i != j and counts[i][j]]
        worst = sorted(cells, key=lambda cell: -counts[cell[0]][cell[1]])[:_N_CONFUSED]
        often = ", ".join(f"{names[i]} predicted as {names[j]} ({counts[i][j]})" for i, j in worst)
        said.append(f"{run.name}: {often or 'nothing'}" if len(runs) > 1 else often or "nothing")
    figure = confusion_figure(runs[0].report) if len(runs) == 1 else confusions_figure(_reports(runs))
    says = tuple(f"{'Most often mistaken: ' if k == 0 else ''}{line}." for k, line in enumerate(said))
    return Section(
        "confusion",
        "What is taken for what",
        says,
        figure,
        f"Confusion {'matrix' if len(runs) == 1 else 'matrices side by side'}. {' '.join(says)}",
        {"confusion": numbers.confusion_table(runs)},
    )


def mistakes_section(run: Run) -> Section:
    """The wrong answers that the model was surest of: what to listen to first."""
    key, title = "tracks", "Where it is surest and wrong"
    wrong = run.report.surest_mistakes(N_MISTAKES)
    tables = {key: numbers.tracks_table([run])}
    if not wrong:
        return Section(key, title, ("No track has a wrong answer that was not held back.",), tables=tables)
    rows = []
    for row in wrong:
        sure = percent(row.confidence)
        rows.append((row.id, row.artist or "-", row.genre, str(row.predicted), sure))
    says = (
        "Listen to these first: each is a weakness of the model, or of the label. The table beside this page has every "
        "track.",
    )
    shown = Shown(("track", "artist", "labelled", "predicted", "confidence"), rows, n_text_columns=4)
    return Section(key, title, says, tables=tables, shown=shown)


def learning_section(runs: Sequence[Run]) -> Section:
    """Learning curves, a row for each run that has any."""
    key, title = "learning", "How it learnt" if len(runs) == 1 else "How they learnt"
    curves = {run.name: run.histories for run in runs if run.histories}
    without = _without(runs, "learning")
    if not curves:
        return Section(key, title, tuple(f"Not drawn: {line}" for line in without))
    says = (
        "Dashed: accuracy and loss on the windows that were learnt from, with all that augmentation did to them. "
        "Solid: on the whole tracks of the validation set, which says when to stop. The weights that were kept are "
        "those of the epoch with the lowest loss on these, which makes the curve there a little better than "
        "new music would.",
        *without,
    )
    said = []
    for name, histories in curves.items():
        kept = [epoch for history in histories if (epoch := history.kept) is not None]
        said.append(f"{name}: kept epoch {', '.join(str(epoch.epoch) for epoch in kept) or 'none'}")
    return Section(
        key,
        title,
        says,
        learning_curves_figure(curves),
        f"Curves of accuracy and loss by epoch on both parts. {'; '.join(said)}.",
        {key: numbers.learning_table(runs)},
    )


def embeddings_section(embedded: Embedded, *, model: str) -> Section:
    """The t-SNE map of a run's tracks, or why there is none."""
    about = f"A t-SNE map of what {model} makes of each track before it decides: its embedding, standardised."
    section = map_section("map-embeddings", "How it hears them", embedded.found, about=about)
    if not embedded.n_missing:
        return section
    n = embedded.n_missing
    which = "1 of the answered tracks has" if n == 1 else f"{n} of the answered tracks have"
    why = f"{which} no place on the map: the sound is not here, cannot be read, or is silence."
    return replace(section, says=(*section.says, why))


def reliability_section(runs: Sequence[Run]) -> Section:
    """Whether answers are as often right as the model is sure."""
    said = "; ".join(f"{run.name} {_number(run.report.expected_calibration_error)}" for run in runs)
    rows = [
        (
            run.name,
            *map(_number, (run.report.expected_calibration_error, run.report.brier_score)),
            *(_number(run.report.negative_log_likelihood), percent(run.report.coverage)),
            percent_interval(run.report.accuracy_when_sure),
        )
        for run in runs
    ]
    figure = reliability_figure(runs[0].report) if len(runs) == 1 else reliabilities_figure(_reports(runs))
    says = (
        "ECE is the mean distance of the points from the dashed line, weighted by their tracks; Brier score and log "
        "loss are smaller the better the probabilities. Answered is the share of all tracks that the model answers "
        "without holding its guess back.",
    )
    head = ("run", "ECE", "Brier", "log loss", "answered", "accuracy of the answered")
    return Section(
        "reliability",
        "Whether it knows how sure to be" if len(runs) == 1 else "Whether they know how sure to be",
        says,
        figure,
        f"Share of right answers by confidence. Calibration error: {said}.",
        {"reliability": numbers.reliability_table(runs)},
        shown=Shown(head, rows),
    )


def cost_section(runs: Sequence[Run]) -> Section:
    """Time and size, as far as they are known."""
    key, title = "cost", "What it took"
    known = [run for run in runs if run.costs]
    without = _without(runs, "cost")
    if not known:
        return Section(key, title, tuple(f"Not known: {line}" for line in without))
    rows = []
    for run in known:
        n = len(run.costs)
        rows.append(
            (
                run.name if n == 1 else f"{run.name} (mean of {n} folds)",
                *(_minutes(_mean(run.costs, "training_s")), _count(_mean(run.costs, "n_epochs"))),
                *(_count(_mean(run.costs, "n_parameters")), _megabytes(_mean(run.costs, "model_bytes"))),
            )
        )
    says = [
        "Time is that of the training alone, on whatever machine it ran and whatever else ran there; size is that of "
        "the model's ONNX files.",
        *without,
    ]
    figure, alt = None, ""
    if len(known) > 1:
        costs = {}
        for run in known:
            seconds, size = (_mean(run.costs, what) for what in ("training_s", "model_bytes"))
            costs[run.name] = (_scaled(seconds, 60.0), _scaled(size, 1e6))
        figure = costs_figure(costs)
        alt = "Bars of training time and model size: " + "; ".join(", ".join(row) for row in rows) + "."
    head = ("run", "training", "epochs", "parameters", "model")
    return Section(key, title, tuple(says), figure, alt, {key: numbers.cost_table(runs)}, shown=Shown(head, rows))


def notes_section(runs: Sequence[Run]) -> Section:
    """What the reports themselves say, and the tracks without an answer."""
    says = [f"{f'{run.name}: ' if len(runs) > 1 else ''}{note}." for run in runs for note in run.report.notes]
    rows = []
    for run in runs:
        for row in run.report.failed:
            why = row.failure.message if row.failure is not None else f"no guess: {row.reason}"
            rows.append((row.id, run.name, " ".join(why.split())))
    if not rows:
        says.append("Every track has an answer.")
        return Section("notes", "What else there is to know", tuple(says))
    says.append(f"{len(rows)} without an answer, which no figure can count.")
    shown = Shown(("track", "run", "why it has no answer"), rows, n_text_columns=3)
    return Section("notes", "What else there is to know", tuple(says), shown=shown)


def _reports(runs: Sequence[Run]) -> dict[str, Report]:
    return {run.name: run.report for run in runs}


def _warnings(run: Run, *, named: bool) -> list[str]:
    report, who = run.report, f" ({run.name})" if named else ""
    lines = []
    if report.seen:
        lines.append(f"THE MODEL WAS TRAINED ON SOME OF THESE TRACKS{who}: this is not what it does on new music.")
    if report.leaks:
        leaks = ", ".join(report.leaks)
        lines.append(f"THE SPLIT LEAKS {leaks}{who}: these figures are too high for new artists.")
    return lines


def _without(runs: Sequence[Run], what: str) -> list[str]:
    """Why runs are not in a section, a line each."""
    lines = [(run.name, run.missing[what]) for run in runs if what in run.missing]
    return [f"{why}." if len(runs) == 1 else f"{name}: {why}." for name, why in lines]


def _measured(interval: Interval) -> str:
    return "no tracks" if math.isnan(interval.value) else percent_interval(interval).replace(" %", "")


def _one_of(values: Sequence[int]) -> str:
    """A number that is the same for all runs, or all of them."""
    return str(values[0]) if len(set(values)) == 1 else " / ".join(map(str, values))


def _mean(costs: Sequence[Cost], what: str) -> float | None:
    values = [value for cost in costs if (value := getattr(cost, what)) is not None]
    return sum(values) / len(values) if values else None


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _count(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.0f}"


def _megabytes(size: float | None) -> str:
    return "not known" if size is None else f"{size / 1e6:.2g} MB" if size < 1e7 else f"{size / 1e6:.0f} MB"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
