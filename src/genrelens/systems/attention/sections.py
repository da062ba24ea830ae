"""The attention study of a network as sections of S0's page. Draws: import this module inside functions only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from genrelens.explanation.faithfulness.judging import N_STEPS
from genrelens.explanation.faithfulness.sanity import GUEST_S
from genrelens.explanation.methods.baselines import JUDGING_BASELINES
from genrelens.metrics import Interval
from genrelens.pages.figure_style import percent
from genrelens.pages.sections import Cell, Section, Shown, Table
from genrelens.systems import figures
from genrelens.systems.attention.findings import (
    area,
    called,
    pointing,
    points,
    rank,
    says_habit,
    says_judged,
    says_louder,
    sentences,
)
from genrelens.systems.attention.judge import N_SHUFFLES, N_SPLICES, Judged
from genrelens.systems.attention.study import (
    N_DRAWS,
    SHARE,
    Studied,
    attended_spectrum,
    by_genre,
    concentration,
    examples,
)

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
        _fifth_section(studied),
        _judged_section(studied),
        _sanity_section(studied.judged),
        *_head_sections(studied, n=n_examples),
        _genres_section(studied),
        _moments_section(studied),
    ]


def _fifth_section(studied: Studied) -> Section:
    found = (*studied.verdicts, *studied.parts)
    table: list[tuple[Cell, ...]] = [
        (one.name, *_flat(one.fall, one.above_random, one.above_loudness), one.n_clips, one.n_artists) for one in found
    ]
    header = ("taken_out", *_ends("fall", "above_random", "above_loudness"), "clips", "artists")
    rows = [
        (
            figures.fifth(one.name),
            points(one.fall),
            "" if one.name == "random" else points(one.above_random),
            "" if one.name == "loudness" else points(one.above_loudness),
        )
        for one in found
    ]
    beyond = "; ".join(f"{row[0]} {row[2]}" for row in rows if row[2])
    return Section(
        "attention-true",
        "Does its attention deserve belief?",
        (
            *sentences(studied)[:3],
            f"Each clip is cut into segments of about 1 s. The fifth ({SHARE:.0%}) that a map ranks highest is "
            f"replaced, the model answers again, and {len(JUDGING_BASELINES)} ways of replacing "
            f"({', '.join(JUDGING_BASELINES)}) are averaged; the "
            f"random fifth is the mean of {N_DRAWS} draws a clip. Attention has no sign and no class: it says what was "
            "looked at, not what for (Jain & Wallace 2019). Rollout follows it through the layers (Abnar & Zuidema "
            "2020).",
            "No way of replacing is innocent, and another model's attention may fare otherwise. With so many layers "
            "and heads some lie far out by chance.",
        ),
        figures.fifth_figure(found, network=studied.name),
        f"Fall of the probability beyond that of a random fifth: {beyond}.",
        {"attention-true": Table(header, tuple(table))},
        shown=Shown(("taken out", "fall, points", "above a random fifth", "above the loudest fifth"), rows),
    )


def _judged_section(studied: Studied) -> Section:
    judged = studied.judged

    def better(name: str, other: str) -> str:
        if name not in judged.asked.maps or name == other:
            return ""
        diff = judged.against(name, other)
        return f"{area(diff.deletion)} / {area(diff.insertion)}"

    rows = [
        (
            *(called(one.method), str(one.deletion), str(one.insertion)),
            *(better(one.method, other) for other in figures.RIVALS),
        )
        for one in judged.areas
    ]
    areas: list[tuple[Cell, ...]] = [
        (one.method, *_flat(one.deletion, one.insertion), judged.n_clips, judged.n_artists) for one in judged.areas
    ]
    differences: list[tuple[Cell, ...]] = [
        (diff.method, diff.against, *_flat(diff.deletion, diff.insertion), int(diff.beats))
        for diff in judged.differences
    ]
    both = _ends("deletion", "insertion")
    said = "; ".join(
        f"{called(diff.method)} against {called(diff.against)} {area(diff.deletion)}, {area(diff.insertion)}"
        for diff in judged.differences
        if diff.against in figures.RIVALS
    )
    return Section(
        "attention-judged",
        "Its attention before explain's judge",
        (
            *says_judged(judged)[:3],
            "As genrelens faithfulness does: the seconds of a clip go (deletion) or come (insertion), the highest of "
            f"the map first, in {N_STEPS} steps; the area below the probability of the answer is low in deletion and "
            f"high in insertion where a map finds what counts. {judged.n_clips} of the answered clips by "
            f"{judged.n_artists} artists, cut to the one window that the network hears; in the place of what is not "
            f"there stands {' or '.join(judged.baselines)} sound, by which no map here was made. A map beats another "
            "where both intervals (95 %, over artists) of the paired differences lie above 0.",
        ),
        figures.judged_figure(judged, network=studied.name),
        f"Differences of areas, above 0 where the map is truer: {said}.",
        {
            "attention-judged": Table(("map", *both, "clips", "artists"), tuple(areas)),
            "attention-differences": Table(("map", "against", *both, "beats"), tuple(differences)),
        },
        shown=Shown(
            (
                *("map", "deletion area", "insertion area"),
                *(f"better than {called(other)}: deletion / insertion" for other in figures.RIVALS),
            ),
            rows,
        ),
    )


def _sanity_section(judged: Judged) -> Section:
    key, title = "attention-sanity", "Two checks of its maps"
    rows: list[tuple[str, ...]] = []
    table: list[tuple[Cell, ...]] = []
    for one in judged.sanity:
        kept, n = one.agreement, len(one.pointings)
        if kept is None and not n:
            continue
        agrees = "not asked" if kept is None else rank(kept)
        rows.append((called(one.method), agrees, pointing(one) if n else "not asked"))
        hits = (*_flat(one.hits), one.even, n) if n else (None,) * 5
        table.append((one.method, *((None,) * 3 if kept is None else _flat(kept)), *hits))
    says = [*says_judged(judged)[3:]]
    if not any(one.pointings for one in judged.sanity):
        says.append(f"No clips were spliced: that needs clips of {2 * GUEST_S:g} s at least, of two genres.")
    if not rows:
        return Section(key, title, tuple(says))
    says.append(
        f"Shuffled weights: each weight's numbers in an order of chance, {N_SHUFFLES} times, over {judged.n_shuffled} "
        "clips (Adebayo et al. 2018); occlusion was not asked, as it costs more than all others. Splices: "
        f"{N_SPLICES} clips with {GUEST_S:g} s of another genre; maps that know of classes are asked for that genre, "
        "attention cannot be."
    )
    tables = {key: Table(("map", *_ends("kept", "hits"), "blindly", "splices"), tuple(table))}
    shown = Shown(("map", "agreement after shuffling the weights", "points at the splice"), rows)
    return Section(key, title, tuple(says), tables=tables, shown=shown)


def _ends(*columns: str) -> tuple[str, ...]:
    """The columns of intervals."""
    return tuple(f"{column}{end}" for column in columns for end in ("", "_low", "_high"))


def _flat(*intervals: Interval) -> tuple[float, ...]:
    """The cells of intervals."""
    return tuple(value for one in intervals for value in (one.value, one.low, one.high))


def _head_sections(studied: Studied, *, n: int) -> list[Section]:
    sections = []
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
                figures.heads_figure(studied, clip),
                f"Mel spectrogram of {clip.track.id} with what each head attends to over it. Narrowest: {where}.",
                {key: Table(("layer", "head", "share_of_top_fifth"), tuple(rows))},
            )
        )
    if not sections:
        why = "Not drawn: none of the clips under study is answered rightly."
        sections.append(Section("attention-heads", "Where its heads look", (why,)))
    return sections


def _genres_section(studied: Studied) -> Section:
    clips = studied.clips
    grouped = by_genre(clips)
    names = [name for name in studied.bundle.names if name in grouped]
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
            says_habit(clips),
            says_louder(clips),
            "With so few clips and artists a genre the rows describe these clips; none is tested against another.",
        ),
        figures.genres_figure(studied, over_time, spectra, counts),
        "Average attention by genre over time, and the spectrum of attended frames against all.",
        {
            "attention-genres": Table(
                ("genre", "clips", "artists", "mean_db", *(f"band_{k}_db" for k in range(n_bands))), tuple(rows)
            )
        },
    )


def _moments_section(studied: Studied) -> Section:
    shown_rows, rows = [], []
    chosen = {clip.track.id for clip in examples(studied.clips, n=len(studied.bundle.names))}
    for clip in studied.clips:
        frame_s = studied.seconds(clip) / len(clip.mel_db)
        scores = clip.segment_scores("attention")
        top = np.argsort(-scores, kind="stable")[:N_MOMENTS]
        spans = [(clip.edges[i] * frame_s, clip.edges[i + 1] * frame_s, scores[i]) for i in top]
        rows += [(clip.track.id, clip.track.genre, clip.called, float(a), float(b), float(s)) for a, b, s in spans]
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
        tables={"attention-moments": Table(("id", "genre", "called", "start_s", "end_s", "times_even"), tuple(rows))},
        shown=Shown(("clip", "called", "most attended", "sure", "fall, points"), sorted(shown_rows), n_text_columns=3),
    )
