"""Reports of few tracks, whose figures can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

from genrelens.evaluation import Failure, Report, Subject, TrackRow, build_report

NAMES = ("blues", "disco", "jazz")


def row(
    id_: str, genre: str, guess: str | None, *, artist: str | None = None, names: Sequence[str] = NAMES
) -> TrackRow:
    """A track and its answer, 0.8 sure of it; without a guess, one that could not be read."""
    if guess is None:
        return TrackRow(id_, artist, genre, None, None, False, None, Failure("not_audio", "it is text"))
    shares = tuple(0.8 if name == guess else 0.2 / (len(names) - 1) for name in names)
    return TrackRow(id_, artist, genre, guess, shares, False, None, None)


def report(rows: Sequence[TrackRow], *, names: tuple[str, ...] = NAMES, model: str = "m", **more: object) -> Report:
    """A report of stored answers."""
    given = {"model_hash": "0" * 12, "dataset": "toys", "split": "halves", "part": "test", **more}
    n_resamples = given.pop("n_resamples", 50)
    return build_report(rows, Subject(names=names, model=model, **given), n_resamples=n_resamples)  # type: ignore[arg-type]


def answers(right: Sequence[int], *, artist_size: int = 1, prefix: str = "t", **more: object) -> Report:
    """A report with a track for each of ``right``: blues that is called blues (1) or jazz (0)."""
    rows = [
        row(f"{prefix}{i}", "blues", "blues" if good else "jazz", artist=f"a{i // artist_size}")
        for i, good in enumerate(right)
    ]
    return report(rows, **more)  # type: ignore[arg-type]
