"""A report says over how many genres its figures are: those that a track is of, not all that the model knows."""

from __future__ import annotations

from genrelens.evaluation.build import build_report
from genrelens.evaluation.report import Subject, TrackRow


def test_genres_without_a_track_are_not_counted() -> None:
    names = ("blues", "jazz", "pop", "rock")
    rows = [
        TrackRow(f"{genre}.{i}", f"{genre}{i}", genre, genre, (0.25,) * 4, False, None, None)
        for genre in ("jazz", "rock")
        for i in range(6)
    ]
    report = build_report(rows, Subject("m", "-", "d", names), n_resamples=20)
    assert "2 genres" in report.to_text() and "4 genres" not in report.to_text()
