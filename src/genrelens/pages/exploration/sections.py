"""The sections of an exploration: each a figure, the numbers behind it, and what may honestly be said about it.

Draws with matplotlib: import this module inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from genrelens.features import description as numbers
from genrelens.features.description import Described, GenreCount, GenreMap
from genrelens.features.example import EXCERPT_S, MEL, Example
from genrelens.metrics.description import box_statistics
from genrelens.pages.encode import to_mp3
from genrelens.pages.exploration.figures import correlation_figure, counts_figure, features_figure, tempo_figure
from genrelens.pages.exploration.maps import examples_figure, map_figure, map_notes
from genrelens.pages.sections import Cell, Section, Table
from genrelens.pages.wording import counted, whole_percent


def counts_section(counts: Sequence[GenreCount]) -> Section:
    """Tracks and artists of each genre."""
    n_tracks, n_sound = sum(c.n_tracks for c in counts), sum(c.n_with_sound for c in counts)
    n_features = sum(c.n_with_features for c in counts)
    says = []
    if min(n_sound, n_features) < n_tracks:
        says.append(
            f"Of {counted(n_tracks, 'track')}, features are known of {_share(n_features, n_tracks)}; the sound is here "
            f"of {_share(n_sound, n_tracks)}."
        )
    if any(c.n_artists for c in counts):
        says.append(
            "Where few artists make a genre, a model may learn the artists instead. Only a test on other artists tells."
        )
    else:
        says.append("No artists are known here, so nobody can tell whether a model learns the genre or the artists.")
    said = "; ".join(f"{c.genre} {counted(c.n_tracks, 'track')} by {counted(c.n_artists, 'artist')}" for c in counts)
    table = Table(
        (
            "genre",
            "tracks",
            "with_features",
            "with_sound",
            "artists",
            "tracks_of_largest_artist",
            "tracks_of_unknown_artist",
        ),
        tuple(
            (c.genre, c.n_tracks, c.n_with_features, c.n_with_sound, c.n_artists, c.n_largest, c.n_unknown)
            for c in counts
        ),
    )
    return Section(
        "counts",
        "How much there is",
        tuple(says),
        counts_figure(counts),
        f"Bars of tracks and artists by genre: {said}.",
        {"counts": table},
    )


def correlation_section(described: Described) -> Section:
    """Which of the ``*_mean`` columns go together."""
    key, title = "correlation", "Which features go together"
    columns = numbers.mean_columns(described)
    if len(columns) < 2:
        why = f"Not drawn: it needs two columns whose names end in {numbers.MEAN_SUFFIX}, got {len(columns)}."
        return Section(key, title, (why,))
    if len(described.ids) < 3:
        return Section(key, title, (f"Not drawn: it needs three tracks with features, got {len(described.ids)}.",))
    matrix = numbers.correlations(described, columns)
    pairs = numbers.strongest_pairs(matrix, columns, n=3)
    strongest = "; ".join(f"{a} and {b} {r:+.2f}" for a, b, r in pairs)
    says = (
        f"Pearson's correlation of the {len(columns)} columns that are means over a track, each track one row. Red: "
        "the two rise together; blue: one falls as the other rises. The upper triangle would repeat the lower.",
        "Strongly correlated columns say much the same twice: counting them as separate evidence would be a mistake.",
    )
    rows: list[tuple[Cell, ...]] = []
    rows += [(name, *map(float, row)) for name, row in zip(columns, matrix, strict=True)]
    return Section(
        key,
        title,
        says,
        correlation_figure(matrix, columns, n_tracks=len(described.ids)),
        f"Heat map of the correlations of {len(columns)} features. The strongest: {strongest}.",
        {"correlation": Table(("feature", *columns), tuple(rows))},
    )


def tempo_section(described: Described, eta: Mapping[str, float]) -> Section:
    """The tempo of each genre."""
    key, title = "tempo", "Tempo"
    if numbers.TEMPO not in described.columns or not np.isfinite(described.column(numbers.TEMPO)).any():
        return Section(key, title, (f"Not drawn: there is no number in a column named {numbers.TEMPO}.",))
    tempo = described.column(numbers.TEMPO)
    medians = {
        genre: box_statistics(tempo[described.rows_of(genre)]).median
        for genre in described.names
        if np.isfinite(tempo[described.rows_of(genre)]).any()
    }
    says = [
        "Each track counts once, with one tempo for the whole of it. The tracker knows only certain tempos, leans to "
        "120 and may hear half or twice what people tap."
    ]
    if not math.isnan(share := eta[numbers.TEMPO]):
        says.append(
            f"Of the variance of tempo {whole_percent(share)} lies between genres (\u03b7\u00b2); the rest is within "
            "them."
        )
    said = ", ".join(f"{genre} {median:.0f}" for genre, median in medians.items())
    known = [
        (id_, described.names[k], float(bpm))
        for id_, k, bpm in zip(described.ids, described.labels, tempo, strict=True)
        if np.isfinite(bpm)
    ]
    return Section(
        key,
        title,
        tuple(says),
        tempo_figure(described),
        f"Box plots of the tempo of each genre. Medians in beats a minute: {said}.",
        {
            "tempo": _boxes(described, [numbers.TEMPO], eta),
            "tempo-tracks": Table(("id", "genre", "tempo"), tuple(known)),
        },
    )


def features_section(described: Described, eta: Mapping[str, float]) -> Section:
    """The features that tell genres apart, by genre."""
    key, title = "features", "What tells the genres apart"
    chosen = numbers.telling_columns(described, eta)
    if not chosen:
        why = "Not drawn: it takes two genres, and a feature that is not the same for all tracks."
        return Section(key, title, (why,))
    said = ", ".join(f"{name} {eta[name]:.2f}" for name in chosen)
    says = (
        f"The {len(chosen)} of {len(described.columns)} features that differ most between genres, by \u03b7\u00b2: the "
        f"share of a feature's variance that lies between genres. Passed over: {numbers.TEMPO}, which stands above, "
        f"and any that correlates by more than {numbers.MAX_CORRELATION} with one already chosen.",
        "They were chosen on the very tracks that are drawn. That boxes lie apart describes these tracks, and the "
        "artists among them, and promises nothing for others.",
    )
    ranking = tuple((name, value, int(name in chosen)) for name, value in eta.items())
    return Section(
        key,
        title,
        says,
        features_figure(described, chosen, eta=eta),
        f"Box plots by genre of {len(chosen)} features. Eta squared: {said}.",
        {
            "features": _boxes(described, list(eta), eta),
            "eta-squared": Table(("feature", "eta_squared", "shown"), ranking),
        },
    )


def examples_section(
    examples: Mapping[str, Example], *, n_features: int, missing: Sequence[str], sound: bool
) -> Section:
    """One typical track of each genre; ``missing`` are the genres without one."""
    key, title = "examples", "A typical track of each genre"
    if not examples:
        return Section(key, title, ("Not drawn: no track with features has its sound here.",))
    said = ", ".join(f"{genre} {example.track.id}" for genre, example in examples.items())
    says = [
        f"Of each genre, among the tracks whose sound is here, the one whose {n_features} standardised features lie "
        "nearest to the genre's medians: the middle of its genre as the features measure it, not as people hear it. "
        f"Shown is its middle {EXCERPT_S:.0f} seconds, or all of a shorter one. The waves share one scale; "
        "decibels are relative to the loudest cell of each picture."
    ]
    if missing:
        says.append(f"Without a readable track: {', '.join(missing)}.")
    rows = tuple(
        (genre, example.track.id, round(example.start_s, 3), round(example.duration_s, 3))
        for genre, example in examples.items()
    )
    return Section(
        key,
        title,
        tuple(says),
        examples_figure(examples),
        f"Waves and mel spectrograms of one track a genre: {said}.",
        {"examples": Table(("genre", "id", "start_s", "duration_s"), rows)},
        {g: to_mp3(one.samples, sample_rate=MEL.sample_rate) for g, one in examples.items()} if sound else {},
    )


def map_section(key: str, title: str, found: GenreMap | str, *, about: str) -> Section:
    """A t-SNE map, or the reason why there is none; ``about`` says what the space is."""
    if isinstance(found, str):
        return Section(key, title, (f"Not drawn: {found}",))
    mapped = found.mapped
    rows = tuple(
        (id_, mapped.names[k], float(x), float(y), int(seen))
        for id_, k, (x, y), seen in zip(mapped.ids, mapped.labels, found.places, found.seen, strict=True)
    )
    says = (
        f"{about} t-SNE puts tracks that are alike near each other on paper, and that is all it does: how far groups "
        "lie apart, how large they are and where the axes point means nothing, and groups can appear where there are "
        "none.",
        *map_notes(found)[1:],
    )
    return Section(
        key,
        title,
        says,
        map_figure(found),
        f"Map of {len(mapped.ids)} tracks, a sign for each genre. {map_notes(found)[1]}",
        {key: Table(("id", "genre", "x", "y", "trained_on"), rows)},
    )


def _boxes(described: Described, columns: Sequence[str], eta: Mapping[str, float]) -> Table:
    """The boxes of some columns by genre, in the order given."""
    rows: list[tuple[Cell, ...]] = []
    for name in columns:
        values = described.column(name)
        for genre in described.names:
            box = box_statistics(values[described.rows_of(genre)])
            rows.append((name, eta[name], genre, box.n, box.low, box.q1, box.median, box.q3, box.high, box.n_outside))
    header = ("feature", "eta_squared", "genre", "n", "whisker_low", "q1", "median", "q3", "whisker_high", "n_outside")
    return Table(header, tuple(rows))


def _share(count: int, total: int) -> str:
    return "all" if count == total else f"{count:,}"
