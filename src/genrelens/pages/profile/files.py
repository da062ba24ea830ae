"""The folder that ``genrelens fingerprint`` writes: the page, the numbers, the figures, and if asked the sound."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens.explanation.sound import read
from genrelens.pages.encode import to_mp3
from genrelens.pages.own_folder import OwnFolder
from genrelens.pages.profile import page as fingerprint_page
from genrelens.pages.render import to_bytes
from genrelens.profile.build import SCHEMA, Fingerprint, document

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from genrelens.data.track import Track

MARKER: Final = "fingerprint.json"
PAGE: Final = "fingerprint.html"
TEXT: Final = "fingerprint.md"
PICTURES: Final = ("bands", "differences", "map", "beat", "heads")
FOLDER: Final = OwnFolder(
    what="fingerprint",
    marker=MARKER,
    schema=SCHEMA,
    known=frozenset(
        {PAGE, TEXT, *(f"{key}.png" for key in PICTURES), *(f"{key}.csv" for key in fingerprint_page.TABLES)}
    ),
)
SOUND_RATE: Final = 22_050
AROUND_S: Final = 1.0
"""Heard before and after the second that adds most."""


def write(found: Fingerprint, *, out: Path, tracks: Sequence[Track], sounds: bool) -> tuple[Path, ...]:
    """Write everything into a folder that was claimed; ``tracks`` are those that were asked for.

    With ``sounds`` the page plays each genre's typical tracks around the second that adds most. Raises
    :class:`~genrelens.errors.DataError` where the folder cannot be written.
    """
    players = _players(found, tracks) if sounds else {}
    figures = _figures(found)
    made = [
        dataclasses.replace(section, figure=figures[section.key]) if section.key in figures else section
        for section in fingerprint_page.sections(found, players=players)
    ]
    markdown = fingerprint_page.markdown(found, pictures=list(figures))
    page = fingerprint_page.page(found, made, with_sound=sounds)
    files = {**page.files(PAGE), TEXT: to_bytes(markdown)}
    facts = {key: value for key, value in document(found).items() if key != "schema"}
    return FOLDER.write(out, files, facts=facts)


def _figures(found: Fingerprint) -> dict[str, Figure]:
    from genrelens.pages.profile import figures as draw

    figures = {
        "bands": draw.bands_figure(found) if found.genres[0].bands else None,
        "differences": draw.differences_figure(found) if found.n_tested else None,
        "map": None if isinstance(found.mapped, str) else draw.map_figure(found.mapped),
        "beat": None if found.beat is None else draw.beat_figure(found.beat),
        "heads": draw.heads_figure(found) if found.heads else None,
    }
    return {key: figure for key, figure in figures.items() if figure is not None}


def _players(found: Fingerprint, tracks: Sequence[Track]) -> Mapping[str, Mapping[str, bytes]]:
    paths = {track.id: Path(track.path) for track in tracks}
    players: dict[str, dict[str, bytes]] = defaultdict(dict)
    for row in found.typical:
        samples = read(
            paths[row.id], start_s=max(0.0, row.start_s - AROUND_S), end_s=row.end_s + AROUND_S, sample_rate=SOUND_RATE
        )
        players[row.genre][row.id] = to_mp3(samples, sample_rate=SOUND_RATE)
    return players
