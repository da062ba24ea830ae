"""The findings of an audit as text: grouped by kind, the worst first, one a line."""

from __future__ import annotations

from genrelens.audit import KINDS, AuditReport, Finding
from genrelens.pages.wording import visible


def audit_text(report: AuditReport) -> str:
    """The report as lines, without a newline at its end; whatever a file is called, it keeps to its line."""
    lines = [headline(report)]
    for kind, n in report.counts.items():
        lines += ["", f"{kind} ({n}): {KINDS[kind]}"]
        lines += [_line(finding) for finding in report.findings if finding.kind == kind]
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


def _line(finding: Finding) -> str:
    paths = " | ".join(visible(path) for path in finding.tracks)
    return f"  {'!' if finding.serious else ' '} {finding.score:.2f}  {visible(finding.message)}: {paths}"
