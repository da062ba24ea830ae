"""What debiasing does: a recipe of architecture ``wav2vec2_debias``, its two models combined in every way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from genrelens.data.registry import Selection
from genrelens.errors import RecipeError
from genrelens.evaluation.compare import compare
from genrelens.evaluation.fold_answers import EpochProgress
from genrelens.evaluation.out_of_fold import Progress, crossval
from genrelens.evaluation.report import Report
from genrelens.evaluation.report_text import columns, counted, percent_interval
from genrelens.metrics import Interval
from genrelens.recipe import Recipe, Scalar
from genrelens.schema import Document
from genrelens.training.rows import RowSource

ARCHITECTURE = "wav2vec2_debias"
VARIANTS: Final[Mapping[str, Mapping[str, Scalar]]] = {
    "r = 0": {"combine": "mixture", "ratio": 0.0},
    "mixture r = 0.1": {"combine": "mixture", "ratio": 0.1},
    "mixture r = 0.3": {"combine": "mixture", "ratio": 0.3},
    "product of experts": {"combine": "poe"},
    "learned mixin": {"combine": "learned_mixin"},
}
"""Options of each way; the first is no debiasing, which the others are measured against."""


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One way, out of fold: ``above_plain`` is its accuracy less that of r = 0 on the same tracks, None for r = 0."""

    variant: str
    accuracy: Interval
    macro_f1: Interval
    above_plain: Interval | None
    n_tracks: int
    n_artists: int


@dataclass(frozen=True, slots=True)
class AblationReport(Document):
    """All ways over the full genres; ``left_out`` are those with too few tracks to learn or to measure."""

    SCHEMA: ClassVar[str] = "genrelens.ablation/1"
    WHAT: ClassVar[str] = "ablation report"

    recipe: str
    encoder: str
    dataset: str
    part: str
    genres: tuple[str, ...]
    left_out: tuple[str, ...]
    n_folds: int
    seed: int
    results: tuple[VariantResult, ...]


def ablation(
    recipe: Recipe,
    selection: Selection,
    source: RowSource,
    *,
    out: Path,
    n_folds: int = 5,
    seed: int = 0,
    fold: Progress | None = None,
    epoch: EpochProgress | None = None,
) -> AblationReport:
    """Cross-validate every way of :data:`VARIANTS` on the same folds of artists, from the same first weights.

    Each way's runs and its report.json stay in a folder of their own under ``out``; finished folds are not trained
    again. ``fold`` is told the variant before each fold. Raises :class:`RecipeError` for a recipe of another
    architecture.
    """
    if recipe.model.architecture != ARCHITECTURE:
        raise RecipeError(
            f"the ablation is of recipes of architecture {ARCHITECTURE!r}, such as wav2vec2-debias; "
            f"{recipe.name!r} has {recipe.model.architecture!r}"
        )
    reports: dict[str, Report] = {}
    for variant, options in VARIANTS.items():
        changed = dataclasses.replace(
            recipe,
            name=f"{recipe.name} ({variant})",
            model=dataclasses.replace(recipe.model, options={**recipe.model.options, **options}),
        )

        def show(_: str, k: int, n: int, variant: str = variant) -> None:
            if fold is not None:
                fold(variant, k, n)

        reports[variant] = crossval(
            changed,
            selection,
            source,
            out=out / re.sub(r"[^a-z0-9.]+", "-", variant),
            n_folds=n_folds,
            seed=seed,
            fold=show,
            epoch=epoch,
        )
    return summarise(
        reports,
        recipe=recipe.name,
        encoder=str(recipe.model.options.get("encoder", "")),
        dataset=selection.dataset,
        part=selection.part,
        n_folds=n_folds,
        seed=seed,
    )


def summarise(
    reports: Mapping[str, Report], *, recipe: str, encoder: str, dataset: str, part: str, n_folds: int, seed: int
) -> AblationReport:
    """The figures of stored reports, the first of them that of no debiasing."""
    plain, *_ = reports
    above = {pair.b: pair.full_genres or pair.all_genres for pair in compare(dict(reports)) if pair.a == plain}
    results = []
    for variant, report in reports.items():
        headline = report.full_genres if report.full_genres.n_tracks else report.all_genres
        scores = above.get(variant)
        results.append(
            VariantResult(
                variant=variant,
                accuracy=headline.accuracy,
                macro_f1=headline.macro_f1,
                above_plain=None if scores is None else _negative(scores.difference),
                n_tracks=headline.n_tracks,
                n_artists=headline.n_artists,
            )
        )
    first = reports[plain]
    genres = (first.full_genres if first.full_genres.n_tracks else first.all_genres).genres
    return AblationReport(
        recipe=recipe,
        encoder=encoder,
        dataset=dataset,
        part=part,
        genres=genres,
        left_out=tuple(name for name in first.names if name not in genres),
        n_folds=n_folds,
        seed=seed,
        results=tuple(results),
    )


def ablation_text(report: AblationReport) -> str:
    """The table, with what it is over above it and how to read it below."""
    over = counted(len(report.genres), "genre")
    head = f"{report.recipe} on {report.dataset}, {report.part}: accuracy in %, over {over}"
    if report.left_out:
        head += f" ({', '.join(report.left_out)} left out: too few tracks)"
    rows: list[tuple[str, ...]] = [("variant", "accuracy", "macro F1", "above r = 0", "tracks", "artists")]
    for result in report.results:
        above = result.above_plain
        rows.append(
            (
                result.variant,
                percent_interval(result.accuracy),
                percent_interval(result.macro_f1),
                "-" if above is None else "+" * (above.value > 0) + percent_interval(above),
                str(result.n_tracks),
                str(result.n_artists),
            )
        )
    said = [
        f"Out of fold: {report.n_folds} folds by artist, seed {report.seed}; encoder {report.encoder}.",
        "In brackets: 95 % interval over artists; above r = 0: paired, on the same tracks.",
    ]
    return "\n".join([head, "", *columns(rows, left=(0,)), "", *said]) + "\n"


def _negative(interval: Interval) -> Interval:
    """b - a of an interval of a - b."""
    return Interval(0.0 - interval.value, 0.0 - interval.high, 0.0 - interval.low, interval.level)
