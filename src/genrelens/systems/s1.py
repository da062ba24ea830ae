"""S1: four perceptrons on rows of 3 s, split by row; a CNN on mel images, split by song; and their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from genrelens.data import Track, gtzan, registry
from genrelens.pages.wording import whole_percent
from genrelens.systems.cuts import Cut, by_parts, random_tracks
from genrelens.systems.job import Job, Outcome, Said
from genrelens.systems.measure import alike, figures_of, fit_and_answer, on_cuts, with_pieces
from genrelens.systems.result import Line, Measured
from genrelens.training.rows import RowSource, rows_for
from genrelens.training.tabular.train import TabularData

if TYPE_CHECKING:
    from genrelens.evaluation.runs import Run
    from genrelens.features import FeatureTable
    from genrelens.pages.sections import Section

TITLE: Final = "perceptrons on rows of 3 s, and a CNN on mel images"
TABLE: Final = "features_3_sec"
PERCEPTRONS: Final = {
    "mlp-1": (0.8478, "its best validation accuracy; it was not tested"),
    "mlp-2": (0.8938, "its best validation accuracy; it was not tested"),
    "mlp-3": (0.9007, "its best validation accuracy, at which its training stopped; it was not tested"),
    "mlp-4": (0.8768, "test accuracy over 625 rows of 3 s, 548 of them right"),
}
CNN: Final = "cnn-128"
CNN_REPORTED: Final = (0.4804, "test accuracy over 102 clips, split by song; validation 53 %")
VALID_SHARE, TEST_SHARE = 0.198, 0.102
"""S1's shares for the CNN: 699 clips to learn from, 198 to stop on, 102 to test."""

MENDED: Final = (
    "The perceptrons stopped as soon as the validation accuracy passed 90 %, and kept the last weights; here the best "
    "weights by validation loss are kept.",
    "The CNN's masks in time and frequency were drawn once and put on training, validation and test images alike; here "
    "they are drawn anew for every epoch, and on training images only.",
    "The boxes of tempo counted each song ten times; here each track counts once.",
    "The comparison set 625 rows that leak against 102 whole songs; here each model is also voted to whole tracks and "
    "measured on one honest split, with what guessing gets.",
)


def check(job: Job) -> None:
    """S1 starts from nothing: there is nothing to check but the recipes."""
    for name in PERCEPTRONS:
        job.classifier(name)
    job.network(CNN)


def run(job: Job) -> Outcome:
    """Four perceptrons and a CNN on two cuts each, and S1's figures."""
    network = job.network(CNN)
    table, tracks, data, whence = _rows(job)
    row_cuts = _by_rows(data), with_pieces(job.honest(network, tracks), data)
    lines: list[Line] = []
    drawn: list[Run] = []
    for name, (reported, says) in PERCEPTRONS.items():
        answers = [fit_and_answer(job, job.classifier(name), data, cut) for cut in row_cuts]
        of_rows, of_tracks = (alike(runs) for runs in zip(*answers, strict=True))
        four = figures_of(of_rows, row_cuts, counted="rows of 3 s")
        lines.append(Line(name, "rows of 3 s", reported, says, *four))
        drawn.append(of_rows[0])
    voted = figures_of(of_tracks, row_cuts)  # what was learnt from is counted in rows
    lines.append(Line(name, "tracks, by vote", float("nan"), "not reported", *voted))
    theirs = random_tracks(job.tracks, valid=VALID_SHARE, test=TEST_SHARE, seed=job.seed)
    says = "70/20/10 of each genre by song, at random"
    cuts = by_parts(theirs, job.tracks, kind="protocol", says=says), job.honest(network)
    cnns, of_cnn = on_cuts(job, network, *cuts)
    lines.append(Line(CNN, "tracks", *CNN_REPORTED, *of_cnn))
    found = job.reproduction(TITLE, tuple(lines), _said(four, of_cnn, whence), *row_cuts, *cuts)
    return Outcome(found, _sections(job, table, drawn, of_rows[0], of_tracks[1], cnns))


def _said(four: Sequence[Measured], of_cnn: Sequence[Measured], whence: str) -> Said:
    """S1's sentences, by the figures of model 4 on rows and of the CNN, each by their protocol and honest."""
    theirs, fair = four
    lost = 100 * (theirs.accuracy.value - fair.accuracy.value)
    return Said(
        leaked=(
            f"Pieces: {whole_percent(theirs.shared_tracks)} of the tested rows are of clips of which other rows are "
            f"learnt from, and {whole_percent(theirs.shared_artists)} by artists who are; on the honest split "
            f"{whole_percent(fair.shared_tracks)} and {whole_percent(fair.shared_artists)}. Without that, the same "
            f"model 4 gets {lost:.0f} fewer of 100 rows right.",
            f"The CNN's split is by song: {whole_percent(of_cnn[0].shared_artists)} of its tested clips are by an "
            f"artist who is learnt from, on the honest split {whole_percent(of_cnn[1].shared_artists)}"
            f"{_unseen(*of_cnn)}.",
        ),
        mended=MENDED,
        differs=(
            "PyTorch in the place of Keras. " + whence,
            "The CNN's clips were dealt by scikit-learn; here by a seed of genrelens's own, in the same shares.",
        ),
        notes=(
            "Its claim that stopping at 90 % prevents overfitting is wrong: it stopped by rows whose siblings were "
            "learnt from, which is what made the figure high.",
        ),
    )


def _sections(
    job: Job, table: FeatureTable, drawn: Sequence[Run], rows: Run, voted: Run, cnns: Sequence[Run]
) -> tuple[Section, ...]:
    """``rows``: model 4 by their protocol, by row; ``voted``: model 4 on the honest split, by track."""
    from genrelens.pages.runs import sections as draw
    from genrelens.systems.page import with_key

    theirs, fair = [rows, cnns[0]], [voted, cnns[1]]
    learning = draw.learning_section([*drawn, *cnns])
    fair_title = "Model 4 (voted to tracks) and the CNN, honest split"
    return (
        *_eda(job, table),
        with_key(learning, "learning", title="How they learnt, by their protocol"),
        _comparison([*theirs, *fair]),
        with_key(draw.confusion_section(theirs), "confusion", title="Model 4 and the CNN, by their protocol"),
        with_key(draw.confusion_section(fair), "confusion-honest", title=fair_title),
        draw.genres_section(fair),
        draw.cost_section([*drawn, *cnns]),
    )


def _unseen(protocol: Measured, fair: Measured) -> str:
    """What to say where a leak cannot be seen in the figures."""
    if protocol.accuracy.value > fair.accuracy.value:
        return ""
    return f"; no gain from that can be seen here, by {protocol.n} tested clips and one training"


def _rows(job: Job) -> tuple[FeatureTable, tuple[Track, ...], TabularData, str]:
    """Rows of 3 s as a table, the tracks that they are of, the rows by track, and a sentence on where they come from.

    They are those of Kaggle's table where it lies beside the clips, and else computed.
    """
    from genrelens.features import extract, read_table

    recipe = job.classifier(next(iter(PERCEPTRONS)))
    path = gtzan.tables(job.loaded.root).get(TABLE)
    if path is not None:
        table = read_table(path)
        tracks = gtzan.clips_of_rows(set(table.wholes) - registry.never_train("gtzan"))
        data = rows_for(recipe, tracks, RowSource(job.cache, table=table))
        return table, tracks, data, f"Rows are those of its {TABLE}.csv."
    job.say(f"descriptors of rows of 3 s of {len(job.tracks)} tracks")
    data = rows_for(recipe, job.tracks, RowSource(job.cache, counted=job.counted))
    # All are kept now, and only read again.
    table = extract(job.tracks, feature_set="kaggle57", segment_s=3, cache=job.cache / "features")
    whence = f"Its {TABLE}.csv is not here: the same 57 descriptors were computed from the sound."
    return table, job.tracks, data, whence


def _by_rows(data: TabularData) -> Cut:
    """S1's split of rows; what it has no row of is not here."""
    return by_parts(
        registry.split("gtzan", "s1-segments"),
        data.pieces,
        kind="protocol",
        says="75/19/6 of the rows of 3 s at random within genres, whatever clip they are of",
    )


def _eda(job: Job, table: FeatureTable) -> list[Section]:
    """S1's exploration: correlations of the means, tempo by genre; each track one row."""
    from genrelens.features.description import eta_by_column
    from genrelens.features.gather import gather
    from genrelens.pages.exploration import sections as explored

    described = gather(job.loaded, table).described
    return [explored.correlation_section(described), explored.tempo_section(described, eta_by_column(described))]


def _comparison(runs: Sequence[Run]) -> Section:
    """S1's bar chart, with what it lacked."""
    from genrelens.evaluation.report import chance
    from genrelens.pages.figure_style import percent_interval
    from genrelens.pages.sections import Section, Table
    from genrelens.systems.figures import comparison_figure

    bars, rows = [], []
    for run in runs:
        head = run.report.full_genres
        levels = chance(run.report, head)
        bars.append((run.name, head.accuracy, levels.majority))
        accuracy = head.accuracy
        rows.append((run.name, head.n_tracks, accuracy.value, accuracy.low, accuracy.high, levels.majority))
    said = "; ".join(f"{name} {percent_interval(accuracy)}" for name, accuracy, _ in bars)
    return Section(
        "comparison",
        "Model accuracy comparison",
        (
            "S1 drew the first two bars, rows that leak beside whole songs, and a dashed line at their mean; neither "
            "an interval nor what guessing gets. The other two are the same models on one honest split of tracks.",
        ),
        comparison_figure(bars, uniform=1.0 / len(runs[0].report.names)),
        f"Bars of accuracy: {said}.",
        {
            "comparison": Table(
                ("run", "answered", "accuracy", "accuracy_low", "accuracy_high", "majority"), tuple(rows)
            )
        },
    )
