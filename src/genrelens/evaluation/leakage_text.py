"""A leakage report as plain text: one table, the leaks beside the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genrelens.evaluation.report_text import columns, counted, percent_interval

if TYPE_CHECKING:
    from genrelens.evaluation.leakage import LeakageReport


def leakage_text(report: LeakageReport) -> str:
    """The table, with what it is over above it and how to read it below."""
    head = f"{report.recipe} on {report.dataset}: accuracy in %, over {counted(len(report.genres), 'genre')}"
    if report.left_out:
        head += f" ({', '.join(report.left_out)} left out: too few tracks)"
    rows: list[tuple[str, ...]] = [
        ("protocol", "leaks", f"of {report.piece}", "above by artist", "of tracks", "tracks", "artists")
    ]
    for result in report.results:
        above = result.above_by_artist
        rows.append(
            (
                result.protocol,
                " ".join(result.leaks) or "nothing",
                percent_interval(result.of_pieces),
                "-" if above is None else "+" * (above.value > 0) + percent_interval(above),
                percent_interval(result.of_tracks),
                str(result.n_tracks),
                str(result.n_artists),
            )
        )
    said = [
        f"In brackets: 95 % interval over artists. Cross-validation: {report.n_folds} folds, seed {report.seed}.",
        f"above by artist: how much too high the accuracy of {report.piece} is, in points, on the same ones.",
        "of tracks: each track once, by the mean of its pieces' probabilities.",
    ]
    return "\n".join([head, "", *columns(rows, left=(0, 1)), "", *said]) + "\n"
