"""Writing an exploration: figures, the numbers behind them, and the page, into a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens.errors import AudioError
from genrelens.features import description as numbers
from genrelens.features.example import Example, load_example
from genrelens.features.gather import Gathered, LeftOut, merged
from genrelens.pages.exploration.page import explore_page
from genrelens.pages.own_folder import OwnFolder
from genrelens.pages.sections import Section, without_empty

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.features.description import Described

SCHEMA: Final = "genrelens.explore/1"
MARKER: Final = "explore.json"
"""The file by which a folder is known to be an exploration's own."""

PAGE: Final = "index.html"
PICTURES: Final = ("counts", "correlation", "tempo", "features", "examples", "map-features", "map-embeddings")
TABLES: Final = (*PICTURES, "tempo-tracks", "eta-squared", "left-out")


FOLDER: Final = OwnFolder(
    what="exploration",
    marker=MARKER,
    schema=SCHEMA,
    known=frozenset({PAGE, *(f"{key}.png" for key in PICTURES), *(f"{key}.csv" for key in TABLES)}),
)


def claim(out: Path) -> None:
    """Make the folder, or find that it holds an earlier exploration.

    Raises :class:`DataError` where it holds anything else, or cannot be written: before any work is done.
    """
    FOLDER.claim(out)


def write_exploration(
    gathered: Gathered,
    *,
    out: Path,
    name: str,
    features_from: str,
    bundle: Bundle,
    embedded: Described | None,
    left_out: Sequence[LeftOut],
    sound: bool = False,
) -> tuple[Path, ...]:
    """Draw and write everything; the files, the page last. :func:`claim` must have been called.

    Args:
        gathered: what to explore.
        out: the folder.
        name: what the data set is called, for people.
        features_from: a sentence about where the features come from.
        bundle: the model whose embeddings are drawn; what it was trained on is marked.
        embedded: its embeddings; None where no track has one.
        left_out: tracks that are missing from some figure, besides those that ``gathered`` left out.
        sound: whether the page gets players with the excerpts' sound.

    Raises :class:`DataError` where the folder cannot be written.
    """
    unreadable = [row.id for row in left_out if row.where == "sound"]
    sections, n_shown = _sections(
        gathered, bundle=bundle, embedded=embedded, unreadable=unreadable, sound=sound
    )
    page = explore_page(
        sections,
        title=f"What is in {name}",
        lead=[_lead(gathered, n_shown), features_from, *_segments(gathered)],
        left_out=merged([*gathered.left_out, *left_out]),
        kaggle_columns="chroma_stft_mean" in gathered.described.columns,
    )
    return FOLDER.write(out, page.files(PAGE), facts={"dataset": gathered.dataset, "tracks": n_shown})


def _sections(
    gathered: Gathered,
    *,
    bundle: Bundle,
    embedded: Described | None,
    unreadable: Sequence[str],
    sound: bool,
) -> tuple[list[Section], int]:
    """The sections in order, and how many tracks there are in all."""
    from genrelens.pages.exploration import sections as draw

    described = gathered.described
    audible = {track.id for track in gathered.with_sound} - set(unreadable)
    shown = {id_: genre for id_, genre in gathered.genres.items() if id_ in audible or id_ in described.ids}
    counts = numbers.count_genres(
        [genre for genre in gathered.names if genre in set(shown.values())],
        genres=shown,
        artists=gathered.artists,
        with_features=set(described.ids),
        with_sound=audible,
    )
    eta = numbers.eta_by_column(described)
    examples = _examples(gathered, audible=audible)
    trained_on = frozenset(bundle.manifest.training.trained_on)
    n_columns = len(described.columns)
    sections = [
        draw.counts_section(counts),
        draw.correlation_section(described),
        draw.tempo_section(described, eta),
        draw.features_section(described, eta),
        draw.examples_section(
            examples,
            n_features=n_columns,
            missing=[genre for genre in gathered.names if genre not in examples],
            sound=sound,
        ),
        draw.map_section(
            "map-features",
            "How the features lie",
            numbers.map_or_reason(described, what=f"{n_columns} features"),
            about=f"A t-SNE map of the {n_columns} standardised features.",
        ),
        draw.map_section(
            "map-embeddings",
            "How a model hears them",
            "no track has its sound here, or none of it could be read."
            if embedded is None
            else numbers.map_or_reason(embedded, what=f"the embeddings of {bundle.name}", seen=trained_on),
            about=f"A t-SNE map of what the model {bundle.name} ({bundle.hash}) makes of each track before it decides: "
            "its embedding, standardised.",
        ),
    ]
    return without_empty(sections), len(shown)


def _examples(gathered: Gathered, *, audible: set[str]) -> dict[str, Example]:
    """The typical track of each genre; one that cannot be read after all gives way to the next."""
    tracks = {track.id: track for track in gathered.with_sound if track.id in audible}
    examples: dict[str, Example] = {}
    while True:
        chosen = numbers.typical_tracks(gathered.described, among=frozenset(tracks))
        if all(genre in examples for genre in chosen):
            return {genre: examples[genre] for genre in gathered.names if genre in examples}
        for genre, id_ in chosen.items():
            if genre not in examples:
                try:
                    examples[genre] = load_example(tracks[id_])
                except AudioError:  # it was listed as unreadable when its embedding was asked for
                    del tracks[id_]


def _lead(gathered: Gathered, n_tracks: int) -> str:
    names = gathered.names
    artists = {artist for artist in gathered.artists.values() if artist is not None}
    by = f" by {len(artists):,} known artists" if artists else ""
    tracks = "1 track" if n_tracks == 1 else f"{n_tracks:,} tracks"
    genres = f"one genre, {names[0]}" if len(names) == 1 else f"{len(names)} genres"
    return f"{tracks} of {genres}{by}: how much there is, what its features say, and what tells the genres apart."


def _segments(gathered: Gathered) -> list[str]:
    if not gathered.segments:
        return []
    return [
        "The table has a row for each segment of a track; here each track is one row, the mean over its segments (of "
        "the tempo: the median), since the segments of one track are not independent pieces of music."
    ]
