"""Writing a reproduction: page, pictures, numbers, and ``reproduce.json``, into a folder of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens.pages.own_folder import OwnFolder
from genrelens.systems.job import Outcome
from genrelens.systems.result import HEAD, SCHEMA, Reproduction, at_hand_lines, cells, reported_lines

if TYPE_CHECKING:
    from genrelens.pages.sections import Section

PAGE: Final = "report.html"
MARKER: Final = "reproduce.json"
RUNS: Final = "runs"
COMPARED: Final = (
    "The two columns answer different tracks and learn from different ones, with one seed each; genrelens leakage cuts "
    "the same tracks in every way, and shows the cutting alone."
)
_KEYS: Final = (
    *("claims", "accuracy", "genres", "confusion", "learning", "map-embeddings", "reliability", "cost"),
    *("comparison", "correlation", "tempo", "counts", "grid", "embeddings"),
    *("attention-heads-2", "attention-heads-3", "confusion-honest"),
    *(
        f"attention-{what}{of}"
        for what in ("true", "judged", "differences", "sanity", "heads", "genres", "moments")
        for of in ("", "-transformer-2x4", "-transformer-4x4")
    ),
)
FOLDER: Final = OwnFolder(
    what="reproduction",
    marker=MARKER,
    schema=SCHEMA,
    known=frozenset({PAGE, *(f"{key}{end}" for key in _KEYS for end in (".png", ".csv"))}),
    keeps=frozenset({RUNS}),
)


def write(outcome: Outcome, *, out: Path) -> tuple[Path, ...]:
    """All files of a reproduction, the page last, into a folder that :data:`FOLDER` has claimed."""
    from genrelens.pages.sections import SectionPage

    found = outcome.reproduction
    sections = [_claims_section(found), _said_section(found), *outcome.sections]
    lead = [
        f"A system of the five, run again on {found.dataset}: by its own protocol on the clips at hand, and by a split "
        "that keeps artists apart. The difference is what its protocol let it claim.",
        f"At hand, without clips that are known to be faulty: {'; '.join(at_hand_lines(found))}.",
    ]
    page = SectionPage(
        f"{found.system.upper()}: {found.title}", lead, sections, ending=f"Made by: {found.commands[0]}", wide=True
    )
    return FOLDER.write(out, page.files(PAGE), facts=found.to_dict())


def with_key(section: Section, key: str, *, title: str | None = None) -> Section:
    """A section under another key, so that one page can hold two of a kind."""
    tables = {key if name == section.key else f"{key}-{name}": table for name, table in section.tables.items()}
    return replace(section, key=key, title=title or section.title, tables=tables)


def _claims_section(found: Reproduction) -> Section:
    from genrelens.pages.sections import Section, Shown, Table
    from genrelens.systems.figures import claims_figure

    rows = [cells(line) for line in found.lines]
    says = []
    worst = [line.protocol for line in found.lines if line.protocol is not None and line.protocol.leaks]
    if worst:
        leaks = ", ".join(sorted({leak for one in worst for leak in one.leaks}))
        says.append(f"THE SPLIT LEAKS {leaks}: figures by their protocol are too high for new artists.")
    says.append(
        "In brackets the 95 % interval over artists, then how many were answered. Chance: always saying the most "
        "frequent genre of the answered tracks, by their protocol and on the honest split."
    )
    thin = [one for line in found.lines for one in (line.protocol, line.honest) if one and len(one.over) < 8]
    if thin:
        says.append(
            f"Figures here are over the {len(thin[0].over)} genres with enough tracks to learn from "
            f"({', '.join(thin[0].over)}); what they reported is over all, and so are the figures further down."
        )
    numbers: list[tuple[str | float | int | None, ...]] = []
    for line in found.lines:
        for which, one in (("protocol", line.protocol), ("honest", line.honest)):
            if one is None:
                continue
            accuracy, f1 = one.accuracy, one.macro_f1
            numbers.append(
                (
                    *(line.name, line.counted, line.reported, which, one.split, one.part, "+".join(one.leaks)),
                    *(one.n_learnt, one.n_stopped, one.n, one.n_artists, len(one.over)),
                    *(accuracy.value, accuracy.low, accuracy.high, f1.value, f1.low, f1.high),
                    *(one.majority, one.uniform, one.shared_artists, one.shared_tracks),
                )
            )
    header = (
        *("figure", "counted", "reported", "cut", "split", "part", "leaks", "learnt", "stopped", "answered"),
        *("artists", "genres", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low"),
        *("macro_f1_high", "majority", "uniform", "shared_artists", "shared_tracks"),
    )
    said = "; ".join(f"{row[0]} ({row[1]}): reported {row[2]}, here {row[3]}, honest {row[4]}" for row in rows)
    return Section(
        "claims",
        "What was claimed and what is left",
        tuple(says),
        claims_figure(found.lines) if found.lines else None,
        f"Accuracy as reported, by the same protocol, and on the honest split: {said}.",
        {"claims": Table(header, tuple(numbers))},
        shown=Shown(HEAD, rows, n_text_columns=2),
    )


def _said_section(found: Reproduction) -> Section:
    from genrelens.pages.sections import Section

    kinds = (
        ("They reported", reported_lines(found)),
        ("Leaked", found.leaked),
        ("Mended", found.mended),
        ("Not as it was", found.differs),
        ("Note", (*found.notes, COMPARED)),
    )
    says = [f"{kind}: {line}" for kind, lines in kinds for line in dict.fromkeys(lines)]
    return Section("said", "What leaked, what was mended, what is not as it was", tuple(says))
