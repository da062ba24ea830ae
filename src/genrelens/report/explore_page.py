"""The page of an exploration: one HTML file with its pictures inside, which loads nothing from anywhere."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from genrelens import __version__
from genrelens.report.explore_gather import LeftOut
from genrelens.report.wording import visible

if TYPE_CHECKING:
    from genrelens.report.explore_sections import Section

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
    ends = [("left-out", "What is left out")] + (
        [("names", "What the columns are")] if kaggle_columns else []
    )
    links = [(section.key, section.title) for section in sections] + ends
    rest = [_left_out(left_out)] + ([_glossary()] if kaggle_columns else [])
    return Template(_asset("explore.html")).substitute(
        title=_text(title),
        style=_asset("explore.css"),
        lead="\n".join(f'<p class="lead">{_text(line)}</p>' for line in lead),
        links=" ".join(f'<a href="#{key}">{_text(name)}</a>' for key, name in links),
        sections="\n".join(_section(section, pictures.get(section.key)) for section in sections),
        rest="\n".join(rest),
        version=_text(__version__),
        sound="It holds sound of the tracks: keep it to yourself where that is not yours to publish."
        if with_sound
        else "It holds no sound.",
    )


def _section(section: Section, picture: bytes | None) -> str:
    lines = [f'<section id="{section.key}">', f"<h2>{_text(section.title)}</h2>"]
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        lines.append(f'<figure><img src="data:image/png;base64,{data}" alt="{_text(section.alt)}"></figure>')
    if section.players:
        lines.append(_players(section.players))
    lines += [_paragraph(line) for line in section.says]
    files = [f"{section.key}.png"] * (picture is not None) + [f"{name}.csv" for name in section.tables]
    if files:
        links = ", ".join(f'<a href="{name}">{name}</a>' for name in files)
        lines.append(f'<p class="files">Beside this page: {links}</p>')
    lines.append("</section>")
    return "\n".join(lines)


def _paragraph(line: str) -> str:
    warning = ' class="warn"' if line.startswith("THE MODEL") else ""
    return f"<p{warning}>{_text(line)}</p>"


def _players(players: Mapping[str, bytes]) -> str:
    items = [
        f'<li><span>{_text(genre)}</span><audio controls preload="none" aria-label="{_text(genre)}" '
        f'src="data:audio/mpeg;base64,{base64.b64encode(mp3).decode("ascii")}"></audio></li>'
        for genre, mp3 in players.items()
    ]
    return f'<ul class="players">{"".join(items)}</ul>'


def _left_out(left_out: Sequence[LeftOut]) -> str:
    lines = ['<section id="left-out">', "<h2>What is left out</h2>"]
    if not left_out:
        lines.append("<p>Nothing: every track is in every figure that it could be in.</p>")
    else:
        counts = Counter((row.where, row.why) for row in left_out)
        few = [item for item in counts.most_common() if item[1] > 1]
        for (where, why), n in few:
            lines.append(f"<p>{n} tracks are not in {_text(_place(where))}; {_text(why)}.</p>")
        if singles := len(counts) - len(few):
            lines.append(f"<p>{singles} more, each for its own reason, in the list.</p>")
        rows = "".join(
            f"<tr><td>{_text(row.id)}</td><td>{_text(_place(row.where))}</td><td>{_text(row.why)}</td></tr>"
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
    items = "".join(f"<dt>{_text(name)}</dt><dd>{_text(meaning)}</dd>" for name, meaning in GLOSSARY.items())
    return f'<section id="names"><h2>What the columns are</h2><dl>{items}</dl></section>'


def _text(text: str) -> str:
    """Text from anywhere, safe between tags and in attributes."""
    return escape(visible(text), quote=True)


def _asset(name: str) -> str:
    return (resources.files("genrelens.report") / name).read_text("utf-8")
