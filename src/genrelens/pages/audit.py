"""The findings of an audit, the worst first: as one HTML file that loads nothing, and as lines of text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from genrelens.audit import KINDS, AuditReport, Finding
from genrelens.pages.render import render, write_page
from genrelens.pages.wording import counted, visible

TITLES: Final = {
    "unreadable": "Unreadable",
    "silent": "Silent",
    "label_conflict": "Conflicting labels",
    "exact_repeat": "Exact duplicates",
    "near_repeat": "Near duplicates",
    "artist_overlap": "On both sides of the split",
    "short": "Cut off or of odd length",
    "clipped": "Clipped",
    "label_suspect": "Doubtful labels",
    "imbalance": "Under-supported genres",
}
N_FILES_SHOWN: Final = 4


def audit_page(report: AuditReport) -> str:
    """The page. All that comes from files is escaped, and what cannot be seen in a name is written out."""
    return render(
        "audit.html",
        title=f"Audit of {Path(report.root).name or report.root}",
        headline=headline(report).removeprefix(f"{visible(report.root)}: "),
        kinds=[_kind(report, key) for key in report.counts],
        notes=report.notes,
        root=report.root,
        n_files_shown=N_FILES_SHOWN,
    )


def write_audit_page(path: str | Path, report: AuditReport) -> None:
    """Write the page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
    write_page(path, audit_page(report))


def _kind(report: AuditReport, key: str) -> dict[str, Any]:
    """One kind of finding: its words, and each finding with its files as (folder below the root, name)."""
    findings = [finding for finding in report.findings if finding.kind == key]
    return {
        "key": key,
        "title": TITLES[key],
        "meaning": KINDS[key][0].upper() + KINDS[key][1:],
        "serious": any(finding.serious for finding in findings),
        "rows": [(one, [_place(path, root=report.root) for path in one.tracks]) for one in findings],
    }


def _place(path: str, *, root: str) -> tuple[str, str]:
    folder, name = os.path.split(path.removeprefix(root.rstrip(os.sep) + os.sep))
    return folder, name


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
    found = counted(len(report.findings), "finding") if report.findings else "nothing found"
    serious = f", {report.n_serious} serious" if report.findings else ""
    known = f", {report.n_tracks} labelled tracks ({report.dataset})" if report.n_tracks else ""
    return f"{visible(report.root)}: {counted(report.n_files, 'file')}{known}; {found}{serious}"


def _text_line(finding: Finding) -> str:
    paths = " | ".join(visible(path) for path in finding.tracks)
    return f"  {'!' if finding.serious else ' '} {finding.score:.2f}  {visible(finding.message)}: {paths}"
