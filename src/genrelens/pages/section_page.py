"""One HTML file with its pictures inside, which loads nothing from anywhere: the page of every command that draws."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template

from genrelens import __version__
from genrelens.pages.sections import Section, Shown
from genrelens.pages.wording import visible

SHOUTED = "THE MODEL", "THE SPLIT"
"""Paragraphs that begin so say that figures are too good, and are set in the colour of warnings."""


def section_page(
    sections: Sequence[Section],
    *,
    pictures: Mapping[str, bytes],
    title: str,
    lead: Sequence[str],
    more: Sequence[tuple[str, str, str]] = (),
    ending: str = "",
    wide: bool = False,
) -> str:
    """The page.

    Args:
        sections: its parts, in order.
        pictures: the .png files of the sections, by their key.
        title: its heading.
        lead: paragraphs below the heading.
        more: sections of HTML after the others: anchor, title, and the HTML itself, which must be escaped.
        ending: a sentence of text in the footer.
        wide: whether pictures may be wider than a column of text.
    """
    links = [(section.key, section.title) for section in sections] + [(key, name) for key, name, _ in more]
    return Template(asset("page.html")).substitute(
        title=text(title),
        style=asset("page.css"),
        width="wide" if wide else "narrow",
        lead="\n".join(paragraph(line, kind="lead") for line in lead),
        links=" ".join(f'<a href="#{key}">{text(name)}</a>' for key, name in links),
        sections="\n".join(_section(section, pictures.get(section.key)) for section in sections),
        rest="\n".join(html for _, _, html in more),
        version=text(__version__),
        ending=text(ending),
    )


def _section(section: Section, picture: bytes | None) -> str:
    lines = [f'<section id="{section.key}">', f"<h2>{text(section.title)}</h2>"]
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        lines.append(f'<figure><img src="data:image/png;base64,{data}" alt="{text(section.alt)}"></figure>')
    if section.players:
        lines.append(_players(section.players))
    if section.shown is not None:
        lines.append(shown_table(section.shown, label=section.title))
    lines += [paragraph(line) for line in section.says]
    files = [f"{section.key}.png"] * (picture is not None) + [f"{name}.csv" for name in section.tables]
    if files:
        links = ", ".join(f'<a href="{name}">{name}</a>' for name in files)
        lines.append(f'<p class="files">Beside this page: {links}</p>')
    lines.append("</section>")
    return "\n".join(lines)


def paragraph(line: str, *, kind: str = "") -> str:
    """A paragraph; one that says that figures are too good is set as a warning."""
    kinds = " ".join(filter(None, (kind, "warn" if line.startswith(SHOUTED) else "")))
    return f'<p class="{kinds}">{text(line)}</p>' if kinds else f"<p>{text(line)}</p>"


def shown_table(shown: Shown, *, label: str) -> str:
    """A table that scrolls where the page is too narrow for it."""
    n = shown.n_text_columns
    head = "".join(_cell(cell, tag='th scope="col"', number=k >= n) for k, cell in enumerate(shown.header))
    body = []
    for i, row in enumerate(shown.rows):
        first = _cell(row[0], tag='th scope="row"', number=False)
        cells = "".join(_cell(cell, tag="td", number=k >= n) for k, cell in enumerate(row) if k)
        kind = ' class="notable"' if i in shown.notable else ""
        body.append(f"<tr{kind}>{first}{cells}</tr>")
    return (
        f'<div class="scroll whole" tabindex="0" role="region" aria-label="{text(label)}"><table class="figures">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(cell: str, *, tag: str, number: bool) -> str:
    kind = ' class="n"' if number else ""
    return f"<{tag}{kind}>{text(cell)}</{tag.split()[0]}>"


def _players(players: Mapping[str, bytes]) -> str:
    items = [
        f'<li><span>{text(genre)}</span><audio controls preload="none" aria-label="{text(genre)}" '
        f'src="data:audio/mpeg;base64,{base64.b64encode(mp3).decode("ascii")}"></audio></li>'
        for genre, mp3 in players.items()
    ]
    return f'<ul class="players">{"".join(items)}</ul>'


def text(words: str) -> str:
    """Text from anywhere, safe between tags and in attributes."""
    return escape(visible(words), quote=True)


def asset(name: str) -> str:
    """A file of this room."""
    return (resources.files("genrelens.pages") / "templates" / name).read_text("utf-8")
