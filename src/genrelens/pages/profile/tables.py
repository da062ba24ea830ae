"""The tables beside a fingerprint's page: every number, found or not."""

from __future__ import annotations

from collections.abc import Sequence

from genrelens.pages.sections import Table
from genrelens.profile.build import Fingerprint


def _table(rows: Sequence[object], names: str) -> Table:
    """A column for each attribute of these names, which stand between spaces."""
    header = tuple(names.split())
    return Table(header, tuple(tuple(getattr(row, name) for name in header) for row in rows))


def bands_table(found: Fingerprint) -> Table:
    """Every genre and range."""
    rows = tuple(
        (
            *(row.genre, round(band.low_hz, 1), round(band.high_hz, 1)),
            *(band.score.value, band.score.low, band.score.high, row.n_tracks, row.n_artists),
        )
        for row in found.genres
        for band in row.bands
    )
    return Table(("genre", "low_hz", "high_hz", "log_odds", "low", "high", "n_tracks", "n_artists"), rows)


def differences_table(found: Fingerprint) -> Table:
    """Every test, found or not."""
    names = "what genre descriptor size difference p q n_tracks n_artists n_others"
    return _table(found.differences, names)


def typical_table(found: Fingerprint) -> Table:
    """The typical tracks."""
    return _table(found.typical, "genre id group seen probability start_s end_s")


def confused_table(found: Fingerprint) -> Table:
    """The mistaken tracks and what misled the model."""
    header = (
        *("genre", "id", "group", "seen", "other", "probability", "own_probability"),
        *("band_low_hz", "band_high_hz", "band_log_odds", "start_s", "end_s", "segment_log_odds"),
        *("tags", "nearer"),
    )
    nothing = (None, None, None)
    rows = tuple(
        (
            *(row.genre, row.id, row.group, row.seen, row.other, row.probability, row.own_probability),
            *(row.band or nothing),
            *(row.segment or nothing),
            *("; ".join(row.tags), "; ".join(near.descriptor for near in row.nearer)),
        )
        for row in found.confused
    )
    return Table(header, rows)


def tracks_table(found: Fingerprint) -> Table:
    """Every track that was scored."""
    header = ("id", "genre", "group", "seen", "top_probability", "bpm", "clarity", "seconds_that_counted")
    rows = tuple(
        (
            *(row.id, row.genre, row.group, row.seen, float(row.probabilities.max())),
            *(row.bpm, row.clarity, int(row.top.sum())),
        )
        for row in found.tracks
    )
    return Table(header, rows)


def axes_table(found: Fingerprint) -> Table:
    """Every axis and word."""
    axes = None if isinstance(found.mapped, str) else found.mapped.axes
    return _table(() if axes is None else axes.tests, "axis word rho p q within within_p within_q")


def heads_table(found: Fingerprint) -> Table:
    """Every head."""
    names = "layer head distance_s entropy spread spread_by_chance p q farthest n_tracks n_artists"
    return _table(found.heads, names)
