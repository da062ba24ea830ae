"""The page of an exploration: its sections, what is left out, and what the columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from genrelens.features.gather import LeftOut
from genrelens.pages.section_page import section_page, text
from genrelens.pages.sections import Section

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
    pictures: Mapping[str, bytes],
    title: str,
    lead: Sequence[str],
    left_out: Sequence[LeftOut],
    kaggle_columns: bool,
) -> str:
    """The page; ``pictures`` are the .png files of the sections by key, ``lead`` the paragraphs under the title.

    ``kaggle_columns`` explains the names of Kaggle's columns at its end.
    """
    with_sound = any(section.players for section in sections)
    more = [("left-out", "What is left out", _left_out(left_out))]
    if kaggle_columns:
        more.append(("names", "What the columns are", _glossary()))
    return section_page(
        sections,
        pictures=pictures,
        title=title,
        lead=lead,
        more=more,
        ending="It holds sound of the tracks: keep it to yourself where that is not yours to publish."
        if with_sound
        else "It holds no sound.",
    )


def _left_out(left_out: Sequence[LeftOut]) -> str:
    lines = ['<section id="left-out">', "<h2>What is left out</h2>"]
    if not left_out:
        lines.append("<p>Nothing: every track is in every figure that it could be in.</p>")
    else:
        counts = Counter((row.where, row.why) for row in left_out)
        few = [item for item in counts.most_common() if item[1] > 1]
        for (where, why), n in few:
            lines.append(f"<p>{n} tracks are not in {text(_place(where))}; {text(why)}.</p>")
        if singles := len(counts) - len(few):
            lines.append(f"<p>{singles} more, each for its own reason, in the list.</p>")
        rows = "".join(
            f"<tr><td>{text(row.id)}</td><td>{text(_place(row.where))}</td><td>{text(row.why)}</td></tr>"
            for row in left_out[:MAX_LISTED]
        )
        more = len(left_out) - MAX_LISTED
        lines += [
            f"<details><summary>The list ({len(left_out)})</summary>",
            '<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Track</th><th scope="col">Not in</th>'
            f'<th scope="col">Why</th></tr></thead><tbody>{rows}</tbody></table></div>',
            f"<p>{more} more are in left-out.csv.</p>" if more > 0 else "",
            "</details>",
            '<p class="files">Beside this page: <a href="left-out.csv">left-out.csv</a></p>',
        ]
    return "\n".join([*lines, "</section>"])


def _place(where: str) -> str:
    return _PLACES[where]


def _glossary() -> str:
    items = "".join(f"<dt>{text(name)}</dt><dd>{text(meaning)}</dd>" for name, meaning in GLOSSARY.items())
    return f'<section id="names"><h2>What the columns are</h2><dl>{items}</dl></section>'
