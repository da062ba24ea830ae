"""What debiasing does: a recipe of architecture ``wav2vec2_debias``, its two models combined in every way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from genrelens.data.track import Track
from genrelens.errors import RecipeError
from genrelens.evaluation.compare import compare
from genrelens.evaluation.crossval import crossval
from genrelens.evaluation.report import Report
from genrelens.evaluation.report_text import columns, counted, percent_interval
from genrelens.files import write_whole
from genrelens.metrics import Interval
from genrelens.recipe import Recipe, Scalar
from genrelens.schema import Document
from genrelens.taxonomy import Taxonomy

ARCHITECTURE = "wav2vec2_debias"
VARIANTS: Final[Mapping[str, Mapping[str, Scalar]]] = {
    "r = 0": {"combine": "mixture", "ratio": 0.0},
    "mixture r = 0.1": {"combine": "mixture", "ratio": 0.1},
    "mixture r = 0.3": {"combine": "mixture", "ratio": 0.3},
    "product of experts": {"combine": "poe"},
    "learned mixin": {"combine": "learned_mixin"},
}
"""Options of each way; the first is no debiasing, which the others are measured against."""

Progress = Callable[[str, int, int, int, int, dict[str, float]], None]
"""Called after every epoch with (variant, fold, folds, epochs done, epochs at most, the epoch's row of history)."""


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
    tracks: Sequence[Track],
    *,
    taxonomy: Taxonomy,
    dataset: str,
    part: str,
    out: Path,
    cache: Path,
    n_folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> AblationReport:
    """Cross-validate every way of :data:`VARIANTS` on the same folds of artists, from the same first weights.

    Each way's runs and its report.json stay in a folder of their own under ``out``; finished folds are not trained
    again. Raises :class:`RecipeError` for a recipe of another architecture.
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
        folder = out / re.sub(r"[^a-z0-9.]+", "-", variant)

        def show(k: int, n: int, done: int, most: int, row: dict[str, float], variant: str = variant) -> None:
            if progress is not None:
                progress(variant, k, n, done, most, row)

        reports[variant] = crossval(
            changed,
            tracks,
            taxonomy=taxonomy,
            dataset=dataset,
            part=part,
            out=folder,
            cache=cache,
            n_folds=n_folds,
            seed=seed,
            progress=show,
        )
        write_whole(folder / "report.json", reports[variant].to_json())
    return summarise(
        reports,
        recipe=recipe.name,
        encoder=str(recipe.model.options.get("encoder", "")),
        dataset=dataset,
        part=part,
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
