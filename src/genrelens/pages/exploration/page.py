"""Writing an exploration: figures, the numbers behind them, and the page, into a folder of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens.errors import AudioError
from genrelens.features import description as numbers
from genrelens.features.example import Example, load_example
from genrelens.features.gather import Gathered, LeftOut, merged
from genrelens.pages.own_folder import OwnFolder
from genrelens.pages.sections import Section, SectionPage, Shown, Table, without_empty
from genrelens.pages.wording import counted

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.features.description import Described

SCHEMA: Final = "genrelens.explore/1"
MARKER: Final = "explore.json"
"""The file by which a folder is known to be an exploration's own."""

PAGE: Final = "index.html"
PICTURES: Final = ("counts", "correlation", "tempo", "features", "examples", "map-features", "map-embeddings")
TABLES: Final = (*PICTURES, "tempo-tracks", "eta-squared", "left-out")
MAX_LISTED = 500
"""More tracks that were left out than this are in the table beside the page only."""

GLOSSARY: Mapping[str, str] = {
    "chroma_stft": "strength of the twelve pitch classes; high where sound fills all of them, as noise does",
    "rms": "loudness: root mean square of the samples",
    "spectral_centroid": "centre of the spectrum, Hz: how bright it sounds",
    "spectral_bandwidth": "width of the spectrum about its centre, Hz",
    "rolloff": "frequency below which 85 % of the spectrum lies, Hz",
    "zero_crossing_rate": "share of samples at which the wave changes sign: noisy or bright sound",
    "harmony, perceptr": "the wave of what sounds on, and of what beats; their means are near 0 and say little",
    "tempo": "beats a minute",
    "mfcc1 ... mfcc20": "the shape of the spectrum on the mel scale, from overall level (1) to fine detail (20)",
    "_mean, _var": "mean and variance over the whole track",
}
_PLACES = {
    "all": "any figure",
    "features": "the figures of features",
    "sound": "the figures that need sound",
    "embeddings": "the map of embeddings",
}

FOLDER: Final = OwnFolder(
    what="exploration",
    marker=MARKER,
    schema=SCHEMA,
    known=frozenset({PAGE, *(f"{key}.png" for key in PICTURES), *(f"{key}.csv" for key in TABLES)}),
)


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
    """Draw and write everything; the files, the page last. :data:`FOLDER` must have claimed it.

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
    sections, n_shown = _sections(gathered, bundle=bundle, embedded=embedded, unreadable=unreadable, sound=sound)
    page = explore_page(
        sections,
        title=f"What is in {name}",
        lead=[_lead(gathered, n_shown), features_from, *_segments(gathered)],
        left_out=merged([*gathered.left_out, *left_out]),
        kaggle_columns="chroma_stft_mean" in gathered.described.columns,
    )
    return FOLDER.write(out, page.files(PAGE), facts={"dataset": gathered.dataset, "tracks": n_shown})


def _sections(
    gathered: Gathered, *, bundle: Bundle, embedded: Described | None, unreadable: Sequence[str], sound: bool
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
    genres = f"one genre, {names[0]}" if len(names) == 1 else f"{len(names)} genres"
    what = "how much there is, what its features say, and what tells the genres apart"
    return f"{counted(n_tracks, 'track')} of {genres}{by}: {what}."


def _segments(gathered: Gathered) -> list[str]:
    if not gathered.segments:
        return []
    return [
        "The table has a row for each segment of a track; here each track is one row, the mean over its segments (of "
        "the tempo: the median), since the segments of one track are not independent pieces of music."
    ]


def explore_page(
    sections: Sequence[Section], *, title: str, lead: Sequence[str], left_out: Sequence[LeftOut], kaggle_columns: bool
) -> SectionPage:
    """The page of these sections and what is left out; ``lead`` are the paragraphs under the title.

    ``kaggle_columns`` explains the names of Kaggle's columns at its end.
    """
    with_sound = any(section.players for section in sections)
    more = [_left_out(left_out)]
    if kaggle_columns:
        more.append(Section("names", "What the columns are", (), terms=GLOSSARY))
    return SectionPage(
        title,
        lead,
        [*sections, *more],
        ending="It holds sound of the tracks: keep it to yourself where that is not yours to publish."
        if with_sound
        else "It holds no sound.",
    )


def _left_out(left_out: Sequence[LeftOut]) -> Section:
    key, title = "left-out", "What is left out"
    if not left_out:
        return Section(key, title, ("Nothing: every track is in every figure that it could be in.",))
    counts = Counter((row.where, row.why) for row in left_out)
    few = [item for item in counts.most_common() if item[1] > 1]
    says = [f"{n} tracks are not in {_PLACES[where]}; {why}." for (where, why), n in few]
    if singles := len(counts) - len(few):
        says.append(f"{singles} more, each for its own reason, in the list.")
    if len(left_out) > MAX_LISTED:
        says.append(f"The list below ends after {MAX_LISTED}; all are in left-out.csv.")
    shown = Shown(
        ("Track", "Not in", "Why"),
        [(row.id, _PLACES[row.where], row.why) for row in left_out[:MAX_LISTED]],
        n_text_columns=3,
        summary=f"The list ({len(left_out)})",
    )
    table = Table(("id", "not_in", "why"), tuple((row.id, row.where, row.why) for row in left_out))
    return Section(key, title, tuple(says), tables={key: table}, shown=shown)
