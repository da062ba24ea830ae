"""S4: a small CNN on the first five seconds, 64/16/20 by song, a loss plot, a confusion matrix and a t-SNE map."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from genrelens.systems.cuts import Cut, by_parts, honest
from genrelens.systems.job import Job, Outcome, versions
from genrelens.systems.networks import alike, figures_of, run_network, window_report
from genrelens.systems.result import Line, Reproduction, parts_at_hand
from genrelens.systems.words import share_text

TITLE: Final = "small CNN on five seconds of mel spectrogram"
RECIPES: Final = ("cnn-5s",)
REPORTED: Final = (
    "no overall figure; of the genres it says metal, classical and pop good, country bad (200 test clips of its "
    "64/16/20 split by song)"
)
MENDED: Final = (
    "Its early stopping kept references to live weights, so that the last weights came back and not the best; here the "
    "best weights are kept.",
    "Its seeds were not set and its file list was in the system's order; here split and seed are files and numbers.",
    "What it printed as accuracy of each class was the overall accuracy; here each genre has its own figures.",
)


def cuts(job: Job) -> tuple[Cut, Cut]:
    """S4's own split, and the honest one."""
    from genrelens.data import registry

    stop_share = job.network(RECIPES[0]).training.stop_share
    theirs = registry.split("gtzan", "s4", tracks=job.tracks)
    return (
        by_parts(theirs, job.tracks, kind="protocol", says="64/16/20 of each genre by song, at random"),
        honest("gtzan", job.tracks, stop_share=stop_share, seed=job.seed),
    )


def check(job: Job) -> None:
    """S4 starts from nothing: there is nothing to check but the recipe."""
    job.network(RECIPES[0])


def run(job: Job) -> Outcome:
    """Both trainings, and S4's figures."""
    from genrelens.bundle import Bundle
    from genrelens.evaluation.runs import map_run
    from genrelens.pages.runs import sections as draw

    recipe = job.network(RECIPES[0])
    protocol, fair = cuts(job)
    theirs, ours = alike([run_network(job, recipe, cut) for cut in (protocol, fair)])
    pairs = ((theirs, protocol), (ours, fair))
    assert theirs.bundle is not None
    job.say("mapping the test clips' embeddings (t-SNE)")
    embedded = map_run(theirs.report, Bundle.load(theirs.bundle), protocol.test)
    job.say("answering by the first crop alone")
    firsts = alike([replace(run, report=window_report(job, run, cut, first=True)) for run, cut in pairs])
    of_first = [figures_of(run, cut) for run, cut in zip(firsts, (protocol, fair), strict=True)]
    of_theirs, of_ours = figures_of(theirs, protocol), figures_of(ours, fair)
    good = sorted(of_theirs.genres, key=lambda row: -row.f1 if row.support else 1.0)
    ranked = [row.genre for row in good if row.genre in of_theirs.over]
    reproduction = Reproduction(
        system="s4",
        title=TITLE,
        dataset=job.loaded.dataset,
        seed=job.seed,
        lines=(
            Line(recipe.name, "tracks, their first 5 s", float("nan"), REPORTED, *of_first),
            Line(recipe.name, "tracks, crops voted", float("nan"), "not tried", of_theirs, of_ours),
        ),
        leaked=(
            f"Artists: {share_text(of_theirs.shared_artists)} of the answered clips are by an artist whose other clips "
            f"are learnt from; on the honest split {share_text(of_ours.shared_artists)}.",
            "Repeats of one recording stood on both sides of its split. Clips known to repeat others are left out "
            "here, so that this part of the leak is not in the figures.",
            "Its other variant (80/20) chose the moment to stop on the clips that it reported.",
        ),
        mended=MENDED,
        differs=(
            "It learnt from the first 5 s of each clip; here training takes crops from anywhere, and the first 5 s "
            "alone are answered beside the vote of all crops. Filters and sizes are its own; the front end is "
            "genrelens's, with the same 64 mel bands.",
        ),
        notes=(
            f"By F1 on its own split, best to worst: {', '.join(ranked)}.",
            "Its reading of the map's axis as vocals against no vocals is not supported by anything it measured; t-SNE "
            "has no axes that mean something.",
        ),
        at_hand=parts_at_hand(protocol, fair),
        checks=(),
        commands=(job.command,),
        versions=versions(),
    )
    runs = [theirs, ours]
    sections = (
        draw.genres_section(runs),
        draw.confusion_section(runs),
        draw.learning_section(runs),
        draw.embeddings_section(embedded, model=theirs.name),
        draw.cost_section(runs),
        draw.notes_section(runs),
    )
    return Outcome(reproduction, sections)
