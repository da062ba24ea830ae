"""The attention study as sections of S0's page. Draws: import this module inside functions only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from genrelens.bundle import Bundle
from genrelens.report.figure_style import percent
from genrelens.report.sections import Cell, Section, Shown, Table
from genrelens.reproduce import attention_figures as figures
from genrelens.reproduce.attention_study import (
    N_DRAWS,
    SHARE,
    Clip,
    Verdict,
    attended_spectrum,
    by_genre,
    concentration,
    examples,
)

N_EXAMPLES: Final = 3
N_MOMENTS: Final = 3


def attention_sections(clips: Sequence[Clip], found: Sequence[Verdict], *, bundle: Bundle) -> list[Section]:
    """Heads on chosen clips, averages by genre, most attended moments, and whether any of it is true."""
    if not clips:
        return [Section("attention-true", "Attention", ("Not drawn: no answered clip has any sound.",))]
    return [
        _true_section(found),
        *_head_sections(clips, bundle=bundle),
        _genres_section(clips, bundle=bundle),
        _moments_section(clips, bundle=bundle),
    ]


def says_whether(found: Sequence[Verdict]) -> str:
    """One sentence on whether attention deserves belief, by the intervals alone."""
    attention = next(verdict for verdict in found if verdict.name == "attention")
    above = _points(*_three(attention.above_random))
    if not attention.above_random.low > 0:
        return (
            "Taking out what it attends to most does not measurably cost the answer more than taking out anything "
            f"({above} points against a random fifth): nothing here shows that its attention tells what decides."
        )
    loud = attention.above_loudness
    against = f"{_points(*_three(loud))} points"
    if loud.low > 0:
        rest = f"and more than the loudest fifth ({against}): its attention tells something of what decides."
    elif loud.high < 0:
        rest = f"but less than the loudest fifth ({against}): where it is loud tells more of what decides."
    else:
        rest = f"but it is not told apart from the loudest fifth ({against}): loudness may tell as much."
    return f"What it attends to most matters more than a random fifth ({above} points), {rest}"


def _true_section(found: Sequence[Verdict]) -> Section:
    rows, table = [], []
    for verdict in found:
        above = verdict.above_random
        said = "" if verdict.name == "random" else _points(above.value, above.low, above.high)
        louder = "" if verdict.name == "loudness" else _points(*_three(verdict.above_loudness))
        rows.append((figures.CALLED[verdict.name], _points(*_three(verdict.fall)), said, louder))
        table.append(
            (
                verdict.name,
                *_three(verdict.fall),
                *_three(above),
                *_three(verdict.above_loudness),
                verdict.n_clips,
                verdict.n_artists,
            )
        )
    header = (
        "taken_out",
        "fall",
        "fall_low",
        "fall_high",
        "above_random",
        "above_random_low",
        "above_random_high",
        "above_loudness",
        "above_loudness_low",
        "above_loudness_high",
    )
    return Section(
        "attention-true",
        "Does its attention deserve belief?",
        (
            says_whether(found),
            f"Each clip is cut into segments of about 1 s. The fifth ({SHARE:.0%}) that a map ranks highest is "
            "replaced by a steady sound of the clip's own mean spectrum, and the model answers again. The random fifth "
            f"is the mean of {N_DRAWS} draws a clip. Attention has no sign and no class: it says what was looked at, "
            "not what for (Jain & Wallace 2019). Rollout follows it through the layers (Abnar & Zuidema 2020).",
            "One fill and one share of the clip: no fill is innocent, and another model's attention may fare "
            "otherwise.",
        ),
        figures.verdict_figure(found),
        "Fall of the probability: " + "; ".join(f"{row[0]} {row[1]}" for row in rows) + ".",
        {"attention-true": Table((*header, "clips", "artists"), tuple(table))},
        shown=Shown(("taken out", "fall, points", "above a random fifth", "above the loudest fifth"), rows),
    )


def _head_sections(clips: Sequence[Clip], *, bundle: Bundle) -> list[Section]:
    sections = []
    for k, clip in enumerate(examples(clips, n=N_EXAMPLES)):
        share = concentration(clip)
        layer, head = np.unravel_index(int(share.argmax()), share.shape)
        rows: list[tuple[Cell, ...]] = [
            (j + 1, h + 1, float(share[j, h])) for j in range(share.shape[0]) for h in range(share.shape[1])
        ]
        where = f"layer {layer + 1}, head {head + 1}"
        sections.append(
            Section(
                f"attention-heads-{k + 1}" if k else "attention-heads",
                f"Where its heads look: {clip.track.id}",
                (
                    f"The narrowest, {where}, gives {percent(float(share.max()))} of its attention to a fifth of the "
                    f"frames; the widest {percent(float(share.min()))} (a fifth would be even).",
                    "Colours lie over the mel spectrogram: bright frames receive more than an even share of the "
                    "attention of all frames.",
                ),
                figures.heads_figure(clip, seconds=_seconds(clip, bundle), band_edges=_edges(bundle)),
                f"Mel spectrogram of {clip.track.id} with what each head attends to over it. Narrowest: {where}.",
                {
                    (f"attention-heads-{k + 1}" if k else "attention-heads"): Table(
                        ("layer", "head", "share_of_top_fifth"), tuple(rows)
                    )
                },
            )
        )
    if not sections:
        why = "Not drawn: none of the clips under study is answered rightly."
        sections.append(Section("attention-heads", "Where its heads look", (why,)))
    return sections


def _genres_section(clips: Sequence[Clip], *, bundle: Bundle) -> Section:
    grouped = by_genre(clips)
    names = [name for name in bundle.names if name in grouped]
    n_segments = min(len(clip.edges) - 1 for clip in clips)
    over_time = {
        name: np.mean([clip.segment_scores("attention")[:n_segments] for clip in grouped[name]], axis=0)
        for name in names
    }
    spectra = {name: attended_spectrum(grouped[name]) for name in names}
    seconds = min(_seconds(clip, bundle) for clip in clips)
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        mean = float(spectra[name].mean())
        rows.append((name, len(grouped[name]), mean, *map(float, spectra[name])))
    loudest = max(names, key=lambda name: float(spectra[name].mean()))
    n_bands = len(spectra[names[0]])
    return Section(
        "attention-genres",
        "What it attends to, genre by genre",
        (
            "Left: clips were cut from anywhere in their songs, so an average over time that is not flat shows the "
            "network's own habits (edges, positions), not the music's.",
            "Right: how the most attended fifth of the frames differs from all frames of the clip, band by band. It "
            f"attends to louder frames most in {loudest} ({spectra[loudest].mean():+.1f} dB over all bands).",
        ),
        figures.genres_figure(
            over_time, spectra, seconds=seconds, n_clips={name: len(grouped[name]) for name in names}
        ),
        "Average attention by genre over time, and the spectrum of attended frames against all.",
        {
            "attention-genres": Table(
                ("genre", "clips", "mean_db", *(f"band_{k}_db" for k in range(n_bands))), tuple(rows)
            )
        },
    )


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


def _edges(bundle: Bundle) -> tuple[str, str]:
    from genrelens.frontend.mel import MelSettings

    front_end = bundle.manifest.front_end
    if not isinstance(front_end, MelSettings):
        return "low", "high"
    top = front_end.fmax_hz or front_end.sample_rate / 2
    return f"{front_end.fmin_hz:.0f} Hz", f"{top / 1000:.0f} kHz"


def _three(interval: object) -> tuple[float, float, float]:
    from genrelens.metrics import Interval

    assert isinstance(interval, Interval)
    return interval.value, interval.low, interval.high


def _points(value: float, low: float, high: float) -> str:
    said = f"{100 * value:+.1f}"
    return said if low != low else f"{said} [{100 * low:.1f}, {100 * high:.1f}]"
