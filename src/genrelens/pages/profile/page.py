"""The page of a fingerprint: sections with their figures, tables and sentences."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from genrelens.pages.profile import more_words, words
from genrelens.pages.profile import tables as numbers
from genrelens.pages.sections import Section, SectionPage, Shown, Table, without_empty
from genrelens.pages.wording import clock, percent, visible
from genrelens.profile.build import Fingerprint
from genrelens.profile.fingerprint import PARTS, Typical

TABLES: Final = ("bands", "differences", "tracks", "typical", "confused", "map", "heads", "left-out")
MAX_LISTED: Final = 100
N_FINDINGS: Final = 40
"""Largest findings in the page's table; all are in differences.csv."""


def sections(found: Fingerprint, *, players: Mapping[str, Mapping[str, bytes]]) -> list[Section]:
    """The parts of the page without their figures; ``players`` are mp3 files by genre and label."""
    genres = [
        Section(
            f"genre-{k + 1}",
            genre.genre,
            tuple(words.genre_sentences(found, genre)),
            players=players.get(genre.genre, {}),
        )
        for k, genre in enumerate(found.genres)
    ]
    return [*_overview(found), *genres, *_comparison(found)]


def _overview(found: Fingerprint) -> list[Section]:
    """What a genre is in short, and by range of frequencies."""
    return [
        Section(
            "short",
            "In short",
            (
                "What a genre is to this model, and only what chance would not do: against the other genres, over "
                "artists, corrected for many tests. A dash: nothing is left, which with few artists is the rule. "
                "Numbers and intervals are below.",
            ),
            shown=_short(found),
        ),
        Section(
            "bands",
            "Which frequencies speak for a genre",
            (
                "What a genre's log-odds lose when a range of frequencies is turned down by 20 dB over the "
                "whole track: orange speaks for the genre, blue against it. Wider ranges hold more and weigh "
                "more. Each interval stands alone: of so many a few leave out 0 by chance.",
                *filter(None, [words.common(found)]),
            ),
            alt="A heat map: genres down, ranges of frequencies across.",
            tables={"bands": numbers.bands_table(found)},
        ),
    ]


def _comparison(found: Fingerprint) -> list[Section]:
    """What differs between genres, typical and mistaken tracks, the map's axes, the beat and the heads."""
    return [
        Section(
            "differences",
            "What differs",
            (words.tests(found),),
            alt="Effect sizes of descriptors: what counted against the rest, and each genre against the others.",
            tables={"differences": numbers.differences_table(found)},
            shown=_findings(found),
        ),
        Section(
            "typical",
            "The most typical tracks",
            ("The highest probability of their own genre. \u201cLearnt\u201d: the model was trained on the track.",),
            shown=Shown(
                ("Genre", "Track", "Artist", "Learnt", "Probability", "Second that adds most"),
                [_typical(row) for row in found.typical],
                n_text_columns=4,
            ),
            tables={"typical": numbers.typical_table(found), "tracks": numbers.tracks_table(found)},
        ),
        Section(
            "confused",
            "The most mistaken tracks, and why",
            tuple(map(more_words.confusion, found.confused)) or ("None of these tracks is taken for another genre.",),
            tables={"confused": numbers.confused_table(found)} if found.confused else {},
        ),
        _map(found),
        Section("beat", "Against the beat", (more_words.beat(found),), alt="Attention received over the beat."),
        Section(
            "heads",
            "Heads that specialise",
            tuple(more_words.heads(found)),
            alt="Distance, entropy and spread between genres of each head.",
            tables={"heads": numbers.heads_table(found)} if found.heads else {},
        ),
    ]


def page(found: Fingerprint, made: Sequence[Section], *, with_sound: bool) -> SectionPage:
    """The page of these sections, what is left out, and what the words mean."""
    most = f"The table above holds the {N_FINDINGS} largest effects at most."
    made = [
        dataclasses.replace(section, says=(*section.says, most))
        if section.key == "differences" and section.shown is not None
        else section
        for section in made
    ]
    more = [Section("names", "What the words mean", (), terms=words.glossary())]
    if found.left_out:
        more.insert(0, _left_out(found))
    return SectionPage(
        "What defines a genre",
        words.lead(found),
        [*without_empty(made), *more],
        ending="It holds sound of the tracks: keep it to yourself where that is not yours to publish."
        if with_sound
        else "It holds no sound.",
        wide=True,
    )


def markdown(found: Fingerprint, *, pictures: Sequence[str]) -> str:
    """The same in Markdown, for docs: sentences and the tables of findings, with links to the pictures beside it."""
    made = sections(found, players={})
    lines = [*map(_inert, words.lead(found))]
    for section in made:
        lines.append(f"## {_inert(section.title)}")
        if section.key in pictures:
            lines.append(f"![{section.alt}]({section.key}.png)")
        if section.key in ("confused",):
            lines += [f"- {_inert(line)}" for line in section.says]
        else:
            lines += map(_inert, section.says)
        if section.shown is not None and section.key in ("short", "typical"):
            lines.append(_markdown_table(section.shown))
    return "\n\n".join(lines) + "\n"


def _inert(words_of: str) -> str:
    """A name from anywhere is text in Markdown, too: no tag, and no line of its own. ``q < 0.001`` begins no tag."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", visible(words_of))


def _markdown_table(shown: Shown) -> str:
    rows = [shown.header, ["---"] * len(shown.header), *shown.rows]
    return "\n".join(f"| {' | '.join(_inert(cell).replace('|', '/') for cell in row)} |" for row in rows)


def _map(found: Fingerprint) -> Section:
    title = "Is the map's axis the voice?"
    if isinstance(found.mapped, str):
        return Section("map", title, (f"Not drawn: {found.mapped}",))
    axes = found.mapped.axes
    lines = ["Too few artists to test the axes."] if axes is None else more_words.axes(axes, shares=found.mapped.shares)
    mapped = found.mapped.found
    lines.append(
        f"The nearest other track is of the same genre for {percent(mapped.agreement)} of the tracks"
        + (
            ""
            if math.isnan(mapped.agreement_elsewhere)
            else f", the nearest by another artist for {percent(mapped.agreement_elsewhere)}"
        )
        + f", by chance for {percent(mapped.chance)}."
    )
    return Section(
        "map",
        title,
        tuple(lines),
        alt="A t-SNE map of the tracks by genre, and by how vocal they are.",
        tables={"map": numbers.axes_table(found)} if axes is not None else {},
    )


def _findings(found: Fingerprint) -> Shown | None:
    rows = sorted((row for row in found.differences if row.is_found), key=lambda row: -abs(row.size))
    if not rows:
        return None
    return Shown(
        ("Genre", "Compared", "Is", "d", "q", "artists", "others"),
        [
            (
                row.genre,
                "what counted / rest" if row.what == PARTS else "genre / others",
                words.in_sound(row.descriptor, size=row.size),
                f"{row.size:+.2f}",
                "< 0.001" if row.q < 0.001 else f"{row.q:.3f}",
                str(row.n_artists),
                str(row.n_others or "-"),
            )
            for row in rows[:N_FINDINGS]
        ],
        n_text_columns=3,
    )


def _short(found: Fingerprint) -> Shown:
    return Shown(
        ("Genre", "Against the others", "Words for it (musicnn)", "Rests more on", "Named rightly", "Artists"),
        [
            (
                genre.genre,
                *words.in_short(found, genre),
                f"{genre.n_right} of {genre.n_tracks}",
                f"{genre.n_artists}{' (few)' if genre.n_artists < words.FEW_ARTISTS else ''}",
            )
            for genre in found.genres
        ],
        n_text_columns=4,
    )


def _typical(row: Typical) -> tuple[str, ...]:
    return (
        row.genre,
        row.id,
        "unknown" if row.group.startswith("?") else row.group,
        "yes" if row.seen else "no",
        percent(row.probability),
        f"{clock(row.start_s)} to {clock(row.end_s)}",
    )


def _left_out(found: Fingerprint) -> Section:
    more = len(found.left_out) - MAX_LISTED
    return Section(
        "left-out",
        "What is left out",
        (f"The first {MAX_LISTED} of them; {more} more are in left-out.csv.",) if more > 0 else (),
        terms=dict(found.left_out[:MAX_LISTED]),
        tables={"left-out": Table(("id", "why"), tuple(found.left_out))},
    )
