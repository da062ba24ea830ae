"""Whether a network's attention deserves belief, as sections of S0's page. Draws: import inside functions only."""

from __future__ import annotations

from genrelens.explanation.faithfulness.judging import CONTROLS, N_STEPS
from genrelens.explanation.faithfulness.sanity import GUEST_S
from genrelens.explanation.methods.baselines import JUDGING_BASELINES
from genrelens.metrics import Interval
from genrelens.pages.sections import Cell, Section, Shown, Table
from genrelens.systems.attention import figures
from genrelens.systems.attention.findings import (
    area,
    called,
    pointing,
    points,
    rank,
    says_fills,
    says_judged,
    says_truest,
    says_whether,
)
from genrelens.systems.attention.judge import N_SHUFFLES, N_SPLICES
from genrelens.systems.attention.judged import Judged
from genrelens.systems.attention.network import Studied
from genrelens.systems.attention.study import N_DRAWS, SHARE, by_fill

_ENDS = ("", "_low", "_high")


def true_sections(studied: Studied) -> list[Section]:
    """What taking out a fifth costs; areas against chance, loudness and occlusion; shuffled weights and splices."""
    return [_fifth_section(studied), _judged_section(studied), _sanity_section(studied.judged)]


def _fifth_section(studied: Studied) -> Section:
    found = (*studied.verdicts, *studied.parts)
    columns = ("fall", "above_random", "above_loudness")
    table = [
        (
            one.name,
            *_three(one.fall),
            *_three(one.above_random),
            *_three(one.above_loudness),
            one.n_clips,
            one.n_artists,
        )
        for one in found
    ]
    header = (
        "taken_out",
        *(f"{column}{end}" for column in columns for end in _ENDS),
        "clips",
        "artists",
    )
    rows = [
        (
            figures.fifth(one.name),
            points(one.fall),
            "" if one.name == "random" else points(one.above_random),
            "" if one.name == "loudness" else points(one.above_loudness),
        )
        for one in found
    ]
    return Section(
        "attention-true",
        "Does its attention deserve belief?",
        (
            says_whether(studied.verdicts),
            says_fills(by_fill(studied.clips)),
            says_truest(studied.truest),
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
        "Fall of the probability beyond that of a random fifth: "
        + "; ".join(f"{row[0]} {row[2]}" for row in rows if row[2])
        + ".",
        {"attention-true": Table(header, tuple(table))},
        shown=Shown(("taken out", "fall, points", "above a random fifth", "above the loudest fifth"), rows),
    )


def _judged_section(studied: Studied) -> Section:
    judged = studied.judged
    rows = []
    for name in (*judged.maps, *CONTROLS):
        found = judged.areas_of(name)
        against = [
            judged.against(name, other) if name in judged.maps and name != other else None
            for other in figures.RIVALS
        ]
        rows.append(
            (
                called(name),
                str(found.deletion),
                str(found.insertion),
                *(
                    "" if diff is None else f"{area(diff.deletion)} / {area(diff.insertion)}"
                    for diff in against
                ),
            )
        )
    areas: list[tuple[Cell, ...]] = [
        (one.name, *_three(one.deletion), *_three(one.insertion), judged.n_clips, judged.n_artists)
        for one in judged.areas
    ]
    differences: list[tuple[Cell, ...]] = [
        (diff.method, diff.against, *_three(diff.deletion), *_three(diff.insertion), int(diff.beats))
        for diff in judged.differences
    ]
    both = tuple(f"{which}{end}" for which in ("deletion", "insertion") for end in _ENDS)
    return Section(
        "attention-judged",
        "Its attention before explain's judge",
        (
            *says_judged(judged)[:3],
            "As genrelens faithfulness does: the seconds of a clip go (deletion) or come (insertion), the highest of "
            f"the map first, in {N_STEPS} steps; the area below the probability of the answer is low in deletion and "
            f"high in insertion where a map finds what counts. {judged.n_clips} of the answered clips by "
            f"{judged.n_artists} artists, cut to the one window that the network hears; in the place of what is not "
            f"there stands {' or '.join(judged.fills)} sound, by which no map here was made. A map beats another where "
            "both intervals (95 %, over artists) of the paired differences lie above 0.",
        ),
        figures.judged_figure(judged, network=studied.name),
        "Differences of areas, above 0 where the map is truer: "
        + "; ".join(
            f"{called(diff.method)} against {called(diff.against)} {area(diff.deletion)}, {area(diff.insertion)}"
            for diff in judged.differences
            if diff.against in figures.RIVALS
        )
        + ".",
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
    asked = {one.name for one in judged.kept} | {one.name for one in judged.pointed}
    names = [name for name in judged.maps if name in asked]
    rows, table = [], []
    for name in names:
        kept, pointed = judged.kept_of(name), judged.pointed_of(name)
        rows.append(
            (
                called(name),
                "not asked" if kept is None else rank(kept),
                "not asked" if pointed is None else pointing(pointed),
            )
        )
        table.append(
            (
                name,
                *(_three(kept) if kept else (None,) * 3),
                *(_three(pointed.hits) if pointed else (None,) * 3),
                pointed.even if pointed else None,
                pointed.n if pointed else None,
            )
        )
    says = [*says_judged(judged)[3:]]
    if not judged.pointed:
        says.append(f"No pieces were spliced: that needs clips of {2 * GUEST_S:g} s at least, of two genres.")
    if not names:
        return Section("attention-sanity", "Two checks of its maps", tuple(says))
    says.append(
        f"Shuffled weights: each weight's numbers in an order of chance, {N_SHUFFLES} times, over {judged.n_shuffled} "
        "clips (Adebayo et al. 2018); occlusion was not asked, as it costs more than all others. Splices: "
        f"{N_SPLICES} pieces with {GUEST_S:g} s of another genre; maps that know of classes are asked for that genre, "
        "attention cannot be."
    )
    header = ("map", *(f"kept{end}" for end in _ENDS), *(f"hits{end}" for end in _ENDS), "blindly", "splices")
    return Section(
        "attention-sanity",
        "Two checks of its maps",
        tuple(says),
        tables={"attention-sanity": Table(header, tuple(table))},
        shown=Shown(("map", "agreement after shuffling the weights", "points at the splice"), rows),
    )


def _three(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high
