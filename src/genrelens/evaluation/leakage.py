"""What a leaking split would have claimed: one recipe, the same segments of the same tracks, cut in several ways.

Sturm 2013 (arXiv 1306.1461) and Flexer 2007 ("A closer look on artist filters for musical genre classification",
ISMIR) measured it for repeats and artists; segments of one track on both sides leak the most, and most published
figures on GTZAN have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from genrelens.data.splits.protocols import Protocol
from genrelens.data.track import MIN_TRACKS, under_supported
from genrelens.errors import DataError
from genrelens.evaluation.build import build_report
from genrelens.evaluation.fold_answers import FoldAnswers
from genrelens.evaluation.out_of_fold import Progress, out_of_fold, track_rows
from genrelens.evaluation.report import Report, Subject
from genrelens.evaluation.report_text import columns, counted, percent_interval
from genrelens.metrics import Interval, paired_bootstrap
from genrelens.schema import Document


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """The accuracies under one way of cutting, over the tracks of the full genres.

    ``of_pieces`` counts segments, as S1 did; ``of_tracks`` counts tracks by the mean of their segments' probabilities.
    ``above_by_artist``: how much higher the segments score than the same ones when artists are kept apart, None
    for "by artist" itself and where other segments were scored.
    """

    protocol: str
    says: str
    leaks: tuple[str, ...]
    n_pieces: int
    n_tracks: int
    n_artists: int
    of_pieces: Interval
    of_tracks: Interval
    above_by_artist: Interval | None


@dataclass(frozen=True, slots=True)
class LeakageReport(Document):
    """One recipe under several protocols; ``genres`` are the full ones, which the accuracies are over."""

    SCHEMA: ClassVar[str] = "genrelens.leakage/1"
    WHAT: ClassVar[str] = "leakage report"

    recipe: str
    dataset: str
    genres: tuple[str, ...]
    left_out: tuple[str, ...]
    piece: str
    n_folds: int
    seed: int
    results: tuple[ProtocolResult, ...]


def leakage(
    answers: FoldAnswers,
    cuts: Sequence[Protocol],
    *,
    recipe: str,
    dataset: str,
    piece: str,
    n_folds: int,
    seed: int,
    progress: Progress | None = None,
) -> LeakageReport:
    """Score ``answers`` under every protocol of ``cuts``; each split is checked to leak no more than it declares.

    ``piece`` is what the segments are called, as ``"pieces of 3 s"``. Raises :class:`SplitError` where a split leaks
    more, and :class:`DataError` where no genre has enough tracks.
    """
    names = answers.taxonomy.names
    thin = under_supported(answers.taxonomy, answers.clips)
    full = tuple(name for name in names if name not in thin)
    if not full:
        raise DataError(
            f"no genre has {MIN_TRACKS} tracks, so there is nothing to measure: give a larger collection",
            code="nothing_to_measure",
        )
    reports: dict[str, tuple[Report, Report]] = {}
    for cut in cuts:
        subject = Subject(recipe, "-", dataset, names, split=cut.name, leaks=tuple(cut.leaks), experimental=thin)
        rows = out_of_fold(answers, cut, seed=seed, progress=progress)
        voted = track_rows(rows, answers.clips, taxonomy=answers.taxonomy)
        reports[cut.name] = build_report(rows, subject), build_report(voted, subject)
    honest = reports["by artist"][0] if "by artist" in reports else None
    results = tuple(_result(cut, *reports[cut.name], honest=honest) for cut in cuts)
    return LeakageReport(recipe, dataset, full, thin, piece, n_folds, seed, results)


def _result(cut: Protocol, of_segments: Report, of_tracks: Report, *, honest: Report | None) -> ProtocolResult:
    return ProtocolResult(
        protocol=cut.name,
        says=cut.says,
        leaks=tuple(sorted(cut.leaks)),
        n_pieces=of_segments.full_genres.n_tracks,
        n_tracks=of_tracks.full_genres.n_tracks,
        n_artists=of_tracks.full_genres.n_artists,
        of_pieces=of_segments.full_genres.accuracy,
        of_tracks=of_tracks.full_genres.accuracy,
        above_by_artist=_above(of_segments, honest),
    )


def _above(report: Report, honest: Report | None) -> Interval | None:
    """Accuracy above the honest one on the same rows of the full genres, paired; None where that says nothing."""
    if honest is None or honest is report:
        return None
    full = set(report.full_genres.genres)
    right = {row.id: row.predicted == row.genre for row in honest.tracks}
    rows = [row for row in report.tracks if row.genre in full]
    if {row.id for row in rows} != {row.id for row in honest.tracks if row.genre in full}:
        return None
    return paired_bootstrap(
        [row.predicted == row.genre for row in rows],
        correct_b=[right[row.id] for row in rows],
        groups=[row.group for row in rows],
        seed=0,
    )


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
