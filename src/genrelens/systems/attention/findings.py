"""What the attention study found, in sentences that follow from its intervals alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genrelens.explanation.faithfulness.report import FEW_GROUPS, Difference
from genrelens.explanation.faithfulness.sanity import GUEST_S, Sanity
from genrelens.explanation.methods.scoring import BOTH, RELEVANCE
from genrelens.metrics import Interval
from genrelens.systems.attention.judge import N_SHUFFLES, RAW, Judged
from genrelens.systems.attention.study import Clip, Studied, Truest, Verdict, by_baseline, habit, louder

_RIVALS = {"random": "chance", "energy": "loudness", "onset": "onsets", BOTH: f"occlusion ({BOTH})"}
_MAPS = {
    RAW: "mean of all heads",
    "rollout": "rollout",
    RELEVANCE: "attention by its gradient",
    BOTH: f"occlusion ({BOTH})",
    **{name: called for name, called in _RIVALS.items() if name != BOTH},
}

_MOSTLY = 0.5
"""A rank correlation above which most of a picture stays; near 0 hardly any does, be it told apart from 0 or not."""


def called(name: str) -> str:
    """A map or control for people: ``attention-layer1-head2`` is ``layer 1, head 2``."""
    if name in _MAPS:
        return _MAPS[name]
    return name.removeprefix("attention-").replace("-", ", ").replace("layer", "layer ").replace("head", "head ")


def sentences(studied: Studied) -> tuple[str, ...]:
    """All findings on a network."""
    return (
        says_whether(studied.verdicts),
        says_baselines(by_baseline(studied.clips)),
        says_truest(studied.truest),
        *says_judged(studied.judged),
    )


def says_whether(found: Sequence[Verdict]) -> str:
    """One sentence on whether the most attended fifth counts, by the intervals alone."""
    attention = next(verdict for verdict in found if verdict.name == "attention")
    above = points(attention.above_random)
    if not attention.above_random.low > 0:
        return (
            "Taking out what it attends to most does not measurably cost the answer more than taking out anything "
            f"({above} points against a random fifth): nothing here shows that its attention tells what decides."
        )
    loud = attention.above_loudness
    against = f"{points(loud)} points"
    if loud.low > 0:
        rest = f"and more than the loudest fifth ({against}): its attention tells something of what decides."
    elif loud.high < 0:
        rest = f"but less than the loudest fifth ({against}): where it is loud tells more of what decides."
    else:
        rest = f"but it is not told apart from the loudest fifth ({against}): loudness may tell as much."
    return f"What it attends to most matters more than a random fifth ({above} points), {rest}"


def says_baselines(found: Mapping[str, Interval]) -> str:
    """One sentence on what each way of replacing says by itself of the most attended fifth."""
    said = "; ".join(f"{baseline} {points(above)}" for baseline, above in found.items())
    counts = [baseline for baseline, above in found.items() if above.low > 0]
    less = [baseline for baseline, above in found.items() if above.high < 0]
    if len(counts) == len(found):
        rest = "by each of them it counts more than a random fifth"
    elif counts:
        rest = f"only by {' and '.join(counts)} it counts more than a random fifth, so one way alone must not be asked"
    elif less:
        rest = "by none of them it counts more than a random fifth"
    else:
        rest = "by none of them it is told apart from a random fifth"
    if less:
        rest += f", and by {' and '.join(less)} it counts less"
    return f"By what stands in the place of its most attended fifth: {said} points; {rest}."


def says_truest(best: Truest) -> str:
    """One sentence on the truest layer or head."""
    text = (
        f"Of its layers and heads {called(best.name)} is the truest on these clips: without its top fifth the answer "
        f"loses {points(best.above_random)} points more than without a random fifth. It was picked by that; whichever "
        f"is best on all other artists' clips gets {points(best.fitted)}, "
    )
    more = best.above_attention
    against = f"({points(more)} points)"
    if best.fitted.low > 0:
        text += "more than a random fifth, "
    if more.low > 0:
        text += f"which is more than the mean of all heads gets {against}"
        if best.fitted.low > 0:
            return f"{text}: one head is worth picking."
        return f"{text}, but not told apart from a random fifth: nothing shows that a head is worth picking."
    if more.high < 0:
        return text + f"which is less than the mean of all heads gets {against}: picking a head misleads."
    return (
        text + f"which is not told apart from the mean of all heads {against}: nothing shows that a head is worth "
        "picking."
    )


def says_judged(judged: Judged) -> tuple[str, ...]:
    """A sentence for each finding of explain's checks."""
    raw = [judged.against(RAW, other) for other in _RIVALS]
    said = [f"By its curves raw attention (the mean of all heads) {_against(raw)}."]
    rest = [name for name in judged.asked.maps if name not in (RAW, BOTH)]
    said.append(
        "The other maps of attention against chance: "
        + "; ".join(
            f"{called(name)} {_verdict(diff, 'it')} ({_numbers(diff)})"
            for name in rest
            if (diff := judged.against(name, "random"))
        )
        + "."
    )
    occlusion = [judged.against(BOTH, other) for other in _RIVALS if other != BOTH]
    said.append(f"Occlusion ({BOTH}), which takes parts out and asks again, {_against(occlusion)}.")
    raw_sanity = judged.sanity_of(RAW)
    said += [] if raw_sanity.agreement is None else [_says_shuffled(judged, raw_sanity.agreement)]
    said += [_says_pointed(judged, raw_sanity)] if raw_sanity.pointings else []
    if judged.n_artists < FEW_GROUPS:
        said.append(
            f"The curves are of {judged.n_clips} clips by {judged.n_artists} artists: intervals over so few are too "
            "narrow."
        )
    return tuple(said)


def _against(found: Sequence[Difference]) -> str:
    return "; ".join(f"{_verdict(diff, _RIVALS[diff.against])} ({_numbers(diff)})" for diff in found)


def _verdict(diff: Difference, rival: str) -> str:
    """``beats loudness in deletion alone``."""
    better = [name for name, one in _both(diff) if one.low > 0]
    worse = [name for name, one in _both(diff) if one.high < 0]
    if len(better) == 2:
        return f"beats {rival}"
    if len(worse) == 2:
        return f"is worse than {rival}"
    if better and worse:
        return f"is better than {rival} in {better[0]} and worse in {worse[0]}"
    if better:
        return f"beats {rival} in {better[0]} alone"
    if worse:
        return f"is worse than {rival} in {worse[0]} alone"
    return f"is not told apart from {rival}"


def _numbers(diff: Difference) -> str:
    return ", ".join(f"{name} {area(one)}" for name, one in _both(diff))


def _both(diff: Difference) -> tuple[tuple[str, Interval], ...]:
    return (("deletion", diff.deletion), ("insertion", diff.insertion))


def _says_shuffled(judged: Judged, kept: Interval) -> str:
    if kept.low > _MOSTLY:
        verdict = "most of the picture comes from the sound and the architecture, not from what was learnt"
    elif kept.low > 0:
        verdict = "a part of the picture stays, so that much is the sound's and the architecture's, whatever was learnt"
    elif kept.high < 0:
        verdict = "the picture turns round"
    elif kept.high < 1:
        verdict = "what stays of it is not told apart from nothing: the picture depends on what was learnt"
    else:
        verdict = "without an interval nothing can be said"
    others = "; ".join(
        f"{called(one.method)} {rank(one.agreement)}"
        for one in judged.sanity
        if one.agreement is not None and one.method != RAW
    )
    return (
        f"With the network's weights shuffled ({N_SHUFFLES} times, {judged.n_shuffled} clips) the map of raw attention "
        f"agrees with the true one by {rank(kept)} (rank correlation over the seconds): {verdict}. The others: "
        f"{others}."
    )


def _says_pointed(judged: Judged, raw: Sanity) -> str:
    asked = "; ".join(
        f"{called(one.method)} {pointing(one)}" for one in judged.sanity if one.method in (RELEVANCE, BOTH)
    )
    return (
        "Attention has no class: its map is the same whichever genre is asked for. In clips with "
        f"{GUEST_S:g} s of another genre its highest second lies in those in {pointing(raw)} of {len(raw.pointings)}; "
        f"pointing blindly hits {100 * raw.even:.0f} %. Maps that were asked for that genre: {asked}."
    )


def says_habit(clips: Sequence[Clip]) -> str:
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


def says_louder(clips: Sequence[Clip]) -> str:
    """Whether the attended frames are louder than all, by the interval over artists."""
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


def pointing(found: Sanity) -> str:
    """``45 % [25, 65], more than blindly``."""
    hits = found.hits
    if hits.low != hits.low:
        return f"{100 * hits.value:.0f} %"
    verdict = (
        "more than blindly"
        if hits.low > found.even
        else "less than blindly"
        if hits.high < found.even
        else "not told apart from blindly"
    )
    return f"{share(hits)} ({verdict})"


def share(found: Interval) -> str:
    """``45 % [25, 65]``."""
    return _signed(found, scale=100, digits=0, sign="", unit=" %")


def points(found: Interval) -> str:
    """Of a difference of probabilities, points of 100: ``+1.7 [0.5, 3.0]``."""
    return _signed(found, scale=100, digits=1)


def area(found: Interval) -> str:
    """Of a difference of areas: ``+0.012 [-0.003, 0.027]``."""
    return _signed(found, scale=1, digits=3)


def rank(found: Interval) -> str:
    """Of a correlation: ``+0.31 [0.10, 0.52]``."""
    return _signed(found, scale=1, digits=2)


def _signed(found: Interval, *, scale: int, digits: int, sign: str = "+", unit: str = "") -> str:
    if found.value != found.value:
        return "not measurable"
    said = f"{scale * found.value:{sign}.{digits}f}{unit}"
    if found.low != found.low:
        return said
    return f"{said} [{scale * found.low:.{digits}f}, {scale * found.high:.{digits}f}]"
