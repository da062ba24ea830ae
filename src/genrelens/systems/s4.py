"""S4: a small CNN on the first five seconds, 64/16/20 by song, a loss plot, a confusion matrix and a t-SNE map."""

from __future__ import annotations

from typing import Final

from genrelens.data import registry
from genrelens.systems.cuts import by_parts
from genrelens.systems.job import Job, Outcome, Said
from genrelens.systems.measure import by_window, on_cuts
from genrelens.systems.result import Line, says_artists

TITLE: Final = "small CNN on five seconds of mel spectrogram"
RECIPE: Final = "cnn-5s"
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


def check(job: Job) -> None:
    """S4 starts from nothing: there is nothing to check but the recipe."""
    job.network(RECIPE)


def run(job: Job) -> Outcome:
    """Both trainings, and S4's figures."""
    from genrelens.bundle import Bundle
    from genrelens.evaluation.runs import map_run
    from genrelens.pages.runs import sections as draw

    recipe = job.network(RECIPE)
    theirs = registry.split("gtzan", "s4", tracks=job.tracks)
    says = "64/16/20 of each genre by song, at random"
    cuts = by_parts(theirs, job.tracks, kind="protocol", says=says), job.honest(recipe)
    runs, figures = on_cuts(job, recipe, *cuts)
    assert runs[0].bundle is not None
    job.say("mapping the test clips' embeddings (t-SNE)")
    embedded = map_run(runs[0].report, Bundle.load(runs[0].bundle), cuts[0].test)
    job.say("answering by the first crop alone")
    of_first = by_window(job, runs, cuts, counted="tracks", first=True)
    good = sorted(figures[0].genres, key=lambda row: -row.f1 if row.support else 1.0)
    ranked = [row.genre for row in good if row.genre in figures[0].over]
    lines = (
        Line(recipe.name, "tracks, their first 5 s", float("nan"), REPORTED, *of_first),
        Line(recipe.name, "tracks, crops voted", float("nan"), "not tried", *figures),
    )
    said = Said(
        leaked=(
            says_artists(*figures),
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
    )
    sections = (
        draw.genres_section(runs),
        draw.confusion_section(runs),
        draw.learning_section(runs),
        draw.embeddings_section(embedded, model=runs[0].name),
        draw.cost_section(runs),
        draw.notes_section(runs),
    )
    return Outcome(job.reproduction(TITLE, lines, said, *cuts), sections)
