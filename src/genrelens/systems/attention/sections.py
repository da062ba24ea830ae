"""The attention study of a network as sections of S0's page. Draws: import this module inside functions only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from genrelens.bundle import Bundle
from genrelens.pages.figure_style import percent
from genrelens.pages.sections import Cell, Section, Shown, Table
from genrelens.systems.attention import figures
from genrelens.systems.attention.findings import rank
from genrelens.systems.attention.network import Studied
from genrelens.systems.attention.study import (
    Clip,
    attended_spectrum,
    by_genre,
    concentration,
    examples,
    habit,
    louder,
)
from genrelens.systems.attention.true_sections import true_sections

N_EXAMPLES: Final = 3
N_MOMENTS: Final = 3
_ALL: Final = "all"


def attention_sections(studied: Sequence[Studied]) -> list[Section]:
    """The main network first, with all there is; of others one clip, under keys and titles with their names."""
    if not studied:
        return [Section("attention-true", "Attention", ("Not drawn: no answered clip has any sound.",))]
    main, *others = studied
    found = _sections(main, n_examples=N_EXAMPLES)
    for other in others:
        found += [_named(section, other.name) for section in _sections(other, n_examples=1)]
    return found


def _named(section: Section, name: str) -> Section:
    """A section of another network: its name in the title and in all file names."""
    tables = {f"{key}-{name}": table for key, table in section.tables.items()}
    return replace(section, key=f"{section.key}-{name}", title=f"{name}: {section.title}", tables=tables)


def _sections(studied: Studied, *, n_examples: int) -> list[Section]:
    return [
        *true_sections(studied),
        *_head_sections(studied, n=n_examples),
        _genres_section(studied),
        _moments_section(studied.clips, bundle=studied.bundle),
    ]


def _head_sections(studied: Studied, *, n: int) -> list[Section]:
    sections = []
    bundle = studied.bundle
    for k, clip in enumerate(examples(studied.clips, n=n)):
        share = concentration(clip)
        layer, head = np.unravel_index(int(share.argmax()), share.shape)
        rows: list[tuple[Cell, ...]] = [
            (j + 1, h + 1, float(share[j, h])) for j in range(share.shape[0]) for h in range(share.shape[1])
        ]
        where = f"layer {layer + 1}, head {head + 1}"
        key = f"attention-heads-{k + 1}" if k else "attention-heads"
        sections.append(
            Section(
                key,
                f"Where its heads look: {clip.track.id}",
                (
                    f"The narrowest, {where}, gives {percent(float(share.max()))} of its attention to a fifth of the "
                    f"frames; the widest {percent(float(share.min()))} (a fifth would be even).",
                    "Colours lie over the mel spectrogram: bright frames receive more than an even share of the "
                    "attention of all frames. The clip is one of those that the network is surest and right of.",
                ),
                figures.heads_figure(
                    clip,
                    network=studied.name,
                    seconds=_seconds(clip, bundle),
                    bands_hz=figures.bands_hz(bundle),
                ),
                f"Mel spectrogram of {clip.track.id} with what each head attends to over it. Narrowest: {where}.",
                {key: Table(("layer", "head", "share_of_top_fifth"), tuple(rows))},
            )
        )
    if not sections:
        why = "Not drawn: none of the clips under study is answered rightly."
        sections.append(Section("attention-heads", "Where its heads look", (why,)))
    return sections


def _genres_section(studied: Studied) -> Section:
    clips, bundle = studied.clips, studied.bundle
    grouped = by_genre(clips)
    names = [name for name in bundle.names if name in grouped]
    n_segments = min(len(clip.edges) - 1 for clip in clips)
    names.append(_ALL)  # below the genres: what all clips share
    grouped[_ALL] = list(clips)
    over_time = {
        name: np.mean([clip.segment_scores("attention")[:n_segments] for clip in grouped[name]], axis=0)
        for name in names
    }
    spectra = {name: attended_spectrum(grouped[name]) for name in names}
    counts = {name: (len(its), len({clip.track.group for clip in its})) for name, its in grouped.items()}
    rows: list[tuple[Cell, ...]] = [
        (name, *counts[name], float(spectra[name].mean()), *map(float, spectra[name])) for name in names
    ]
    n_bands = len(spectra[names[0]])
    return Section(
        "attention-genres",
        "What it attends to, genre by genre",
        (
            _says_habit(clips),
            _says_louder(clips),
            "With so few clips and artists a genre the rows describe these clips; none is tested against another.",
        ),
        figures.genres_figure(
            over_time,
            spectra,
            network=studied.name,
            seconds=min(_seconds(clip, bundle) for clip in clips),
            counts=counts,
            bands_hz=figures.bands_hz(bundle),
        ),
        "Average attention by genre over time, and the spectrum of attended frames against all.",
        {
            "attention-genres": Table(
                ("genre", "clips", "artists", "mean_db", *(f"band_{k}_db" for k in range(n_bands))),
                tuple(rows),
            )
        },
    )


def _says_habit(clips: Sequence[Clip]) -> str:
    """Whether attention over time is alike in all clips, which were cut from anywhere in their songs."""
    found = habit(clips)
    agrees = (
        "Left: a clip's attention over time agrees with the average over all other artists' clips by "
        f"{rank(found)} (mean correlation, second by second)"
    )
    if found.low > 0:
        return (
            f"{agrees}. Clips are cut from anywhere in their songs, so what they share is a habit of the network "
            "(positions, edges), not music."
        )
    return f"{agrees}: no habit of position that all clips share can be seen."


def _says_louder(clips: Sequence[Clip]) -> str:
    found = louder(clips)
    text = (
        "Right: the level of the most attended fifth of the frames less that of all frames of the clip, band by band; "
        f"over all bands and clips {found.value:+.1f} dB"
    )
    if found.low != found.low:
        return f"{text}."
    text += f" [{found.low:.1f}, {found.high:.1f}]"
    if found.low > 0:
        return f"{text}: it attends to what is louder."
    if found.high < 0:
        return f"{text}: it attends to what is softer."
    return f"{text}: it attends to neither loud nor soft frames in general."


def _moments_section(clips: Sequence[Clip], *, bundle: Bundle) -> Section:
    shown_rows, rows = [], []
    chosen = {clip.track.id for clip in examples(clips, n=len(bundle.names))}
    for clip in clips:
        frame_s = _seconds(clip, bundle) / len(clip.mel_db)
        scores = clip.segment_scores("attention")
        top = np.argsort(-scores, kind="stable")[:N_MOMENTS]
        spans = [(clip.edges[i] * frame_s, clip.edges[i + 1] * frame_s, scores[i]) for i in top]
        rows += [
            (clip.track.id, clip.track.genre, clip.called, float(a), float(b), float(s)) for a, b, s in spans
        ]
        if clip.track.id in chosen:
            said = ", ".join(f"{a:.1f}-{b:.1f} s ({s:.2f})" for a, b, s in sorted(spans))
            fall = f"{100 * clip.fall['attention']:+.0f}"
            shown_rows.append((clip.track.id, clip.called, said, f"{100 * clip.probability:.0f} %", fall))
    return Section(
        "attention-moments",
        "The most attended moments",
        (
            "Of each genre the right answer that it is surest of: its three most attended seconds, with what they "
            "receive in times of the even share, how sure the answer is, and how many points it loses without the most "
            "attended fifth. The table beside this page has every clip under study.",
        ),
        tables={
            "attention-moments": Table(
                ("id", "genre", "called", "start_s", "end_s", "times_even"), tuple(rows)
            )
        },
        shown=Shown(
            ("clip", "called", "most attended", "sure", "fall, points"), sorted(shown_rows), n_text_columns=3
        ),
    )


def _seconds(clip: Clip, bundle: Bundle) -> float:
    front_end = bundle.manifest.front_end
    assert front_end.sample_rate is not None
    hop: int = getattr(front_end, "hop_length", 1)
    return len(clip.mel_db) * hop / front_end.sample_rate
