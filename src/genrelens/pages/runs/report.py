"""Writing what runs amount to: figures, the numbers behind them, and the page, into a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genrelens.evaluation.compare import Pair
from genrelens.evaluation.runs import Run
from genrelens.pages.own_folder import OwnFolder
from genrelens.pages.sections import SectionPage, without_empty
from genrelens.pages.wording import counted

if TYPE_CHECKING:
    from genrelens.evaluation.runs import Embedded
    from genrelens.pages.sections import Section

PAGE: Final = "index.html"
_KEYS: Final = (
    *("accuracy", "genres", "confusion", "learning", "map-embeddings"),
    *("reliability", "cost", "pairs", "tracks"),
)


def _folder(*, what: str, marker: str, schema: str) -> OwnFolder:
    known = frozenset({PAGE, *(f"{key}{end}" for key in _KEYS for end in (".png", ".csv"))})
    return OwnFolder(what=what, marker=marker, schema=schema, known=known)


REPORT_FOLDER: Final = _folder(what="report", marker="run-report.json", schema="genrelens.run-report/1")
COMPARISON_FOLDER: Final = _folder(what="comparison", marker="comparison.json", schema="genrelens.comparison-report/1")


def write_report(run: Run, *, out: Path, embedded: Embedded) -> tuple[Path, ...]:
    """Draw one run into a folder that :data:`REPORT_FOLDER` has claimed; the files, the page last.

    Raises :class:`DataError` where the folder cannot be written.
    """
    from genrelens.pages.runs import sections as draw

    runs = [run]
    sections = without_empty(
        [
            draw.accuracy_section(runs),
            draw.genres_section(runs),
            draw.confusion_section(runs),
            draw.mistakes_section(run),
            draw.learning_section(runs),
            draw.embeddings_section(embedded, model=run.name),
            draw.reliability_section(runs),
            draw.cost_section(runs),
            draw.notes_section(runs),
        ]
    )
    report = run.report
    head = report.all_genres
    tracks, artists = counted(report.n_tracks, "track"), counted(report.n_artists, "artist")
    lead = (
        f"{report.model} on {tracks} of {report.dataset} by {artists}{_cut(run)}: how often it is right, about what, "
        "and how sure it was."
    )
    facts = {"model": report.model, "model_hash": report.model_hash, "tracks": head.n_tracks}
    title = f"{report.model} on {report.dataset}"
    return _write(sections, folder=REPORT_FOLDER, out=out, title=title, lead=[lead], facts=facts)


def write_comparison(runs: Sequence[Run], pairs: Sequence[Pair], *, out: Path) -> tuple[Path, ...]:
    """Draw several runs side by side into a folder that :data:`COMPARISON_FOLDER` has claimed; the page comes last."""
    from genrelens.pages.runs import sections as draw
    from genrelens.pages.runs.pairs import pairs_section

    sections = without_empty(
        [
            draw.accuracy_section(runs),
            pairs_section(runs, pairs),
            draw.genres_section(runs),
            draw.confusion_section(runs),
            draw.learning_section(runs),
            draw.reliability_section(runs),
            draw.cost_section(runs),
            draw.notes_section(runs),
        ]
    )
    names = [run.name for run in runs]
    lead = [f"{len(runs)} runs over the same {len(runs[0].report.names)} genres: {', '.join(names)}."]
    places = {f"{run.report.dataset}{_cut(run)}" for run in runs}
    if len(places) == 1:
        lead.append(f"All were measured on {next(iter(places))}.")
    else:
        lead += [f"{run.name} was measured on {run.report.dataset}{_cut(run)}." for run in runs]
    title = " and ".join(names) if len(names) == 2 else f"{len(names)} runs side by side"
    facts = {"runs": names}
    return _write(sections, folder=COMPARISON_FOLDER, out=out, title=title, lead=lead, facts=facts)


def _write(
    sections: Sequence[Section], *, folder: OwnFolder, out: Path, title: str, lead: Sequence[str], facts: dict[str, Any]
) -> tuple[Path, ...]:
    page = SectionPage(title, lead, sections, wide=True)
    return folder.write(out, page.files(PAGE), facts=facts)


def _cut(run: Run) -> str:
    cut = [word for word in (run.report.split, run.report.part) if word]
    return f" ({', '.join(cut)})" if cut else ""
