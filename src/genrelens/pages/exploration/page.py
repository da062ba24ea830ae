"""The page of an exploration: its sections, what is left out, and what the columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from genrelens.features.gather import LeftOut
from genrelens.pages.sections import Section, SectionPage, Shown, Table

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


def explore_page(
    sections: Sequence[Section],
    *,
    title: str,
    lead: Sequence[str],
    left_out: Sequence[LeftOut],
    kaggle_columns: bool,
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
