"""The page of an audit: how much of each fault there is, and for each finding what and where, in one HTML file.

Nothing is loaded from anywhere, which the page's own content policy makes sure of, and there are no scripts.
"""

from __future__ import annotations

import os
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from genrelens import __version__
from genrelens.audit import KINDS, AuditReport, Finding
from genrelens.errors import GenrelensError
from genrelens.files import write_whole
from genrelens.pages.wording import visible

TITLES: Final = {
    "unreadable": "Unreadable",
    "silent": "Silent",
    "label_conflict": "Conflicting labels",
    "exact_repeat": "Exact repeats",
    "near_repeat": "Near repeats",
    "artist_overlap": "On both sides of the split",
    "short": "Cut off or of odd length",
    "clipped": "Clipped",
    "label_suspect": "Doubtful labels",
    "imbalance": "Under-supported genres",
}
N_FILES_SHOWN: Final = 4


def audit_page(report: AuditReport) -> str:
    """The page. All that comes from files is escaped, and what cannot be seen in a name is written out."""
    summary = headline(report).removeprefix(f"{visible(report.root)}: ")
    serious = f"{report.n_serious} serious" if report.n_serious else "nothing serious"
    return Template(_asset("audit.html")).substitute(
        title=escape(f"Audit of {visible(Path(report.root).name or report.root)}"),
        headline=escape(summary if report.findings else f"{summary} ({serious})"),
        overview=_overview(report),
        sections="\n".join(_section(report, kind) for kind in report.counts),
        notes=_notes(report),
        root=escape(visible(report.root)),
        version=__version__,
        style=_asset("audit.css"),
    )


def write_audit_page(path: str | Path, report: AuditReport) -> None:
    """Write the page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
    place = Path(path)
    try:
        write_whole(place, audit_page(report).encode("utf-8", "backslashreplace"))
    except OSError as error:
        message = f"{place}: the page cannot be written: {error.strerror or error}"
        raise GenrelensError(message, code="cannot_write") from error


def _asset(name: str) -> str:
    return (resources.files("genrelens.pages") / "templates" / name).read_text("utf-8")


def _overview(report: AuditReport) -> str:
    if not report.findings:
        return '<p class="clean">None of the faults that the audit knows was found.</p>'
    tiles = []
    for kind, n in report.counts.items():
        bad = any(finding.serious for finding in report.findings if finding.kind == kind)
        tiles.append(
            f'<li class="{"bad" if bad else "mild"}"><a href="#{kind}"><b>{n}</b> <span>{TITLES[kind]}</span></a></li>'
        )
    return f'<ul class="kinds" aria-label="Findings by kind">{"".join(tiles)}</ul>'


def _section(report: AuditReport, kind: str) -> str:
    rows = [_row(finding, root=report.root) for finding in report.findings if finding.kind == kind]
    return "\n".join(
        [
            f'<section id="{kind}">',
            f"<h2>{TITLES[kind]}</h2>",
            f"<p>{KINDS[kind][0].upper()}{KINDS[kind][1:]}.</p>",
            '<div class="scroll"><table>',
            '<thead><tr><th scope="col">Score</th><th scope="col">What</th><th scope="col">Where</th></tr></thead>',
            "<tbody>",
            *rows,
            "</tbody></table></div></section>",
        ]
    )


def _row(finding: Finding, *, root: str) -> str:
    files = [f"<li>{_file(path, root=root)}</li>" for path in finding.tracks]
    if len(files) > N_FILES_SHOWN:
        where = f"<details><summary>{len(files)} files</summary><ul>{''.join(files)}</ul></details>"
    else:
        where = f"<ul>{''.join(files)}</ul>"
    score = (
        f'<div class="score">{finding.score:.2f}<i><u style="width:{100 * finding.score:.0f}%"></u></i></div>'
    )
    opening = '<tr class="bad">' if finding.serious else "<tr>"
    return f"{opening}<td>{score}</td><td>{escape(visible(finding.message))}</td><td>{where}</td></tr>"


def _file(path: str, *, root: str) -> str:
    """The path below the root, its folders less loud than its name."""
    shown = path
    prefix = root.rstrip(os.sep) + os.sep
    if path.startswith(prefix):
        shown = path[len(prefix) :]
    folder, name = os.path.split(shown)
    above = f"<small>{escape(visible(folder))}/</small>" if folder else ""
    return f"{above}{escape(visible(name))}"


def _notes(report: AuditReport) -> str:
    if not report.notes:
        return ""
    items = "".join(f"<li>{escape(visible(note))}</li>" for note in report.notes)
    return f'<div class="notes">Notes<ul>{items}</ul></div>'


def audit_text(report: AuditReport) -> str:
    """The report as lines, without a newline at its end; whatever a file is called, it keeps to its line."""
    lines = [headline(report)]
    for kind, n in report.counts.items():
        lines += ["", f"{kind} ({n}): {KINDS[kind]}"]
        lines += [_text_line(finding) for finding in report.findings if finding.kind == kind]
    if report.notes:
        lines += ["", *(f"note: {visible(note)}" for note in report.notes)]
    return "\n".join(lines)


def headline(report: AuditReport) -> str:
    """What was heard and how much was found, in one line."""
    files = "1 file" if report.n_files == 1 else f"{report.n_files} files"
    found = "nothing found" if not report.findings else f"{len(report.findings)} findings"
    if len(report.findings) == 1:
        found = "1 finding"
    serious = f", {report.n_serious} serious" if report.findings else ""
    known = f", {report.n_tracks} labelled tracks ({report.dataset})" if report.n_tracks else ""
    return f"{visible(report.root)}: {files}{known}; {found}{serious}"


def _text_line(finding: Finding) -> str:
    paths = " | ".join(visible(path) for path in finding.tracks)
    return f"  {'!' if finding.serious else ' '} {finding.score:.2f}  {visible(finding.message)}: {paths}"
