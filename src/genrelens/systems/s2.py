"""S2: VGGish embeddings with classifiers or fine-tuned, and FMA's baseline, on FMA small by its official split."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from genrelens.data import fma, registry
from genrelens.errors import DataError
from genrelens.frontend.descriptors import SETS
from genrelens.models.vggish_weights import RANDOM
from genrelens.recipe import FeatureRecipe, Recipe, TabularRecipe
from genrelens.recipe.start import with_weights
from genrelens.systems.cuts import Cut, by_parts
from genrelens.systems.job import Job, Outcome, Said
from genrelens.systems.measure import figures_of, fit_and_answer, on_cuts
from genrelens.systems.result import Line, Measured
from genrelens.training.rows import RowSource, rows_for

if TYPE_CHECKING:
    from genrelens.evaluation.runs import Run
    from genrelens.pages.sections import Section

TITLE: Final = "VGGish embeddings, VGGish fine-tuned, and FMA's baseline"
BASELINE: Final = ("mfcc", "spectral_contrast", "spectral_centroid")
"""The beginnings of the names of the 196 columns that S2's best baseline learnt from."""
CANDIDATES: Final = ("svm", "svm-poly", "svm-linear", "logistic", "random-forest")
"""Classifiers of FMA's thirteen that are recipes; C of 1 as theirs."""
EMBEDDED: Final = {
    "vggish-svm": (0.57, "test accuracy of the best of 26 on PCA 128; its README says 56.75 %"),
    "vggish-xgboost": (0.5325, "test accuracy on PCA 128, ten rounds"),
    "vggish-logistic": (0.541, "test accuracy on PCA 128, not converged"),
    "vggish-random-forest": (0.515, "test accuracy on PCA 128"),
}
FINE_TUNED: Final = "vggish-finetune"
FINE_REPORTED: Final = (0.534, "test accuracy of the epoch with the best validation; 50.6 % of the last")
BASELINE_REPORTED: Final = (0.49, "test accuracy of the best of 13 classifiers and 18 sets of columns")
WHERE_WEIGHTS: Final = (
    "VGGish's weights do not come with genrelens: genrelens weights vggish --download --out vggish.safetensors gets "
    "the public ones, and --weights vggish.safetensors takes them"
)
MENDED: Final = (
    "Its best of 26 (and of 13 by 18) was picked on the test part; here the one that the valid part likes best is "
    "tested, beside the one that the test part likes best.",
    "Embeddings without PCA were fed unscaled, and the validation rows were scaled by luck; here the scaler is part of "
    "every model.",
    "XGBoost ran its default ten rounds; here rounds are added while valid tracks gain by them.",
)


def check(job: Job) -> None:
    """Whether the weights can be read, where some are given, and whether there is an official split."""
    _cut(job)
    if job.weights is not None:
        with_weights(job.network(FINE_TUNED), job.weights)


def run(job: Job) -> Outcome:
    """The baseline and, with weights, everything on VGGish."""
    from genrelens.pages.runs import sections as draw

    cut = _cut(job)
    tested, liked = _candidates(job, cut)
    lines = [Line("svm on mfcc/contrast/centroid", "tracks", *BASELINE_REPORTED, tested["svm"], tested["svm"])]
    best = max(tested, key=lambda name: tested[name].accuracy.value)
    chosen = max(liked, key=lambda name: liked[name])
    says = f"by their protocol picked on the test part ({best}); honestly by the valid part ({chosen})"
    name = f"best of {len(tested)} on the same"
    lines.append(Line(name, "tracks", float("nan"), says, tested[best], tested[chosen]))
    note = f"Only the baseline was run. {WHERE_WEIGHTS}."
    sections = [_counts_section(job)]
    if job.weights is not None:
        on_vggish, runs, said = _vggish(job, cut)
        lines += on_vggish
        note = f"VGGish's weights: {said}."
        sections += [draw.genres_section(runs), draw.confusion_section(runs), draw.learning_section(runs)]
        sections += [draw.cost_section(runs)]
    said_of_all = Said(
        leaked=(
            "Nothing in the split, which keeps artists apart: where one model is measured, both columns are the same "
            "measurement. What flattered was the picking: the best of many, chosen by the tracks that it is scored on.",
        ),
        mended=MENDED,
        differs=(
            "The descriptors are computed from the clips, not read from FMA's features.csv.",
            "The fine-tuning has AdamW, a warm-up and dropout in the place of SGD.",
        ),
        notes=(note,),
    )
    return Outcome(job.reproduction(TITLE, tuple(lines), said_of_all, cut), tuple(sections))


def _cut(job: Job) -> Cut:
    split = registry.split(job.loaded.dataset, fma.OFFICIAL, tracks=job.tracks)
    here = {track.id for track in job.tracks}
    empty = [part for part in ("train", "valid", "test") if not here & set(split.ids(part))]
    if empty:
        raise DataError(f"of FMA's official split, nothing of the part {empty[0]} is here: give the whole of FMA small")
    says = "FMA's official split, 80/10/10 of each genre, by artist"
    return by_parts(split, job.tracks, kind="protocol", says=says)


def _candidates(job: Job, cut: Cut) -> tuple[dict[str, Measured], dict[str, float]]:
    """Figures on the test part, and accuracies on the valid part, of each candidate."""
    recipes = {name: _on_fma(job.classifier(name)) for name in CANDIDATES}
    everything = (*cut.learn, *cut.stop, *cut.test)
    job.say(f"descriptors (fma518) of {len(everything)} tracks")
    data = rows_for(recipes["svm"], everything, RowSource(job.cache, counted=job.counted))
    its = [k for k, column in enumerate(SETS["fma518"].columns) if column.startswith(BASELINE)]
    data = replace(data, rows=data.rows[:, its])
    tested: dict[str, Measured] = {}
    liked: dict[str, float] = {}
    for name, recipe in recipes.items():
        run, _ = fit_and_answer(job, recipe, data, cut)
        (tested[name],) = figures_of([run], [cut])
        valid, _ = fit_and_answer(job, recipe, data, replace(cut, stop=(), test=cut.stop, tested="valid"))
        liked[name] = valid.report.all_genres.accuracy.value
    return tested, liked


def _on_fma(recipe: TabularRecipe) -> TabularRecipe:
    """The recipe's classifier with FMA's settings, on FMA's descriptors of whole tracks."""
    options = dict(recipe.classifier.options)
    if "c" in options:
        options["c"] = 1.0
    return replace(
        recipe,
        name=f"{recipe.name} on fma518",
        features=FeatureRecipe("fma518", 30),
        classifier=replace(recipe.classifier, options=options),
    )


def _vggish(job: Job, cut: Cut) -> tuple[list[Line], list[Run], str]:
    """Classifiers on embeddings, the network fine-tuned, and whose weights they begin with."""
    network, weights = with_weights(job.network(FINE_TUNED), job.weights)
    assert isinstance(network, Recipe) and weights is not None
    known = f" ({RANDOM})" if weights.are_random else ""
    everything = (*cut.learn, *cut.stop, *cut.test)
    job.say(f"VGGish: hearing {len(everything)} tracks")
    source = RowSource(job.cache, weights=weights, counted=job.counted)
    lines, runs = [], []
    for name, (reported, says) in EMBEDDED.items():
        recipe = job.classifier(name)
        _, run = fit_and_answer(job, recipe, rows_for(recipe, everything, source), cut)
        (figures,) = figures_of([run], [cut])
        lines.append(Line(name + known, "tracks", reported, says, figures, figures))
        runs.append(run)
    (run,), (figures,) = on_cuts(job, network, cut)
    lines.append(Line(FINE_TUNED + known, "tracks", *FINE_REPORTED, figures, figures))
    return lines, [*runs, run], weights.said


def _counts_section(job: Job) -> Section:
    """S2's bar chart of tracks by genre."""
    from genrelens.pages.sections import Section, Table
    from genrelens.systems.figures import counts_figure

    of = Counter(job.loaded.taxonomy.canonical(track.genre) for track in job.tracks)
    counts = [(name, of[name]) for name in job.loaded.taxonomy.names]
    said = "; ".join(f"{name} {n:,}" for name, n in counts)
    return Section(
        "counts",
        "Class distribution",
        ("Tracks of each genre at hand, without the six of FMA small whose clips are broken.",),
        counts_figure(counts),
        f"Bars of tracks by genre: {said}.",
        {"counts": Table(("genre", "tracks"), tuple(counts))},
    )
