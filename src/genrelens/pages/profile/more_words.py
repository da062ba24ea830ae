"""What a fingerprint says of single tracks, of the map and of a network's attention, in words."""

from __future__ import annotations

from genrelens.explanation.parts import in_words
from genrelens.pages.profile.words import in_sound, label
from genrelens.pages.wording import listed, percent
from genrelens.profile.axes import CONTRAST, N_ANGLES, AxesReport
from genrelens.profile.build import Fingerprint
from genrelens.profile.fingerprint import LEVEL, Confused, Nearer
from genrelens.profile.heads import MIN_BEAT_CLARITY, N_PHASES

_EIGHTH_S = 60 / 120 / N_PHASES
"""Of a beat at 120 a minute."""
_UNITS = {"onset_density": "a second", "centroid": "Hz", "level": "dB", "tempo": "a minute"}
_COARSE = " A token is longer than an eighth of a beat at 120 a minute: neighbouring eighths run into each other."


def confusion(row: Confused) -> str:
    """Why one track is taken for another genre, in a sentence or three."""
    seen = " The model was trained on this very track." if row.seen else ""
    says = [
        f"{row.id} ({row.genre}) is taken for {row.other} ({percent(row.probability)}, its own "
        f"{percent(row.own_probability)}).{seen}"
    ]
    places = []
    if row.band is not None:
        low, high, score = row.band
        places.append(f"{in_words(low, high)} ({score:+.2f} log-odds)")
    if row.segment is not None:
        start_s, end_s, score = row.segment
        places.append(f"the second from {start_s:.0f} to {end_s:.0f} s ({score:+.2f})")
    says.append(
        f"What speaks most for {row.other} is {' and '.join(places)}."
        if places
        else f"No single range or second speaks for {row.other}."
    )
    if row.nearer:
        descriptors = ", ".join(_nearer(near, row) for near in row.nearer)
        says.append(f"Compared with most {row.genre} it is {descriptors}: nearer to {row.other}.")
    if row.tags:
        says.append(f"musicnn's likeliest words: {', '.join(row.tags)}.")
    return " ".join(says)


def _nearer(near: Nearer, row: Confused) -> str:
    """``brighter (centroid 2,850 Hz; country 2,029, pop 2,754)``."""
    unit = _UNITS.get(near.descriptor, "")
    said = in_sound(near.descriptor, size=near.value - near.own).partition(" (")[0]
    return (
        f"{said} ({label(near.descriptor)} {_number(near.value)}{unit and ' ' + unit}; {row.genre} "
        f"{_number(near.own)}, {row.other} {_number(near.other)})"
    )


def axes(found: AxesReport, *, shares: tuple[float, float]) -> list[str]:
    """Whether the map's axes are vocals against no vocals: what the tests say, also when it is nothing."""
    mine = [row for row in found.tests if row.word == CONTRAST]
    clear = [row for row in mine if row.q <= LEVEL]
    within = [row for row in mine if row.within_q <= LEVEL]
    lines = [
        "S4 guessed that its map's axis is vocals against no vocals. Here the axes' ranks are compared with "
        f"musicnn's tags over {found.n_artists} artists of a genre ({found.n_tracks} tracks): the vocal tags' "
        "mean less the instrumental one, p by permuting artists, corrected over all axes and words, with and "
        "without the genres' own means.",
        "; ".join(
            f"{row.axis}: rho {row.rho:+.2f} ({_q(row.q)}), within genres {row.within:+.2f} ({_q(row.within_q)})"
            for row in mine
        )
        + f". The principal components hold {shares[0]:.0%} and {shares[1]:.0%} of the variance.",
    ]
    if clear:
        again = (
            f" On {listed([row.axis for row in within])} that holds within genres, too."
            if within
            else " Within genres nothing of it survives: it may be no more than which genres have singers."
        )
        lines.append(f"Vocals against instrumental goes with {listed([row.axis for row in clear])}.{again}")
    else:
        lines.append("No axis goes with vocals against instrumental more than chance does.")
    best = [
        f"{axis}: {', '.join(f'{tag} ({rho:+.2f})' for tag, rho in tags)}; the contrast would come "
        f"{_nth(rank)} of all tags"
        for (axis, tags), (_, rank) in zip(found.telling, found.contrast_rank, strict=True)
    ]
    lines.append("The tags that go most with each axis: " + ". ".join(best) + ".")
    lines += [
        f"The best of {N_ANGLES} directions of the {row.plane.removesuffix(' axis')} plane goes with the "
        f"contrast by rho {row.rho:+.2f} at {row.angle:.0f} degrees; the best by chance has {row.chance:.2f}, "
        f"in 95 of 100 cases less than {row.chance_high:.2f} (p = {row.p:.4f})."
        for row in found.directions
    ]
    return lines


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _q(q: float) -> str:
    return "q < 0.001" if q < 0.001 else f"q = {q:.3f}"


def _nth(rank: int) -> str:
    return f"{rank}{'th' if 10 <= rank % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"


def beat(found: Fingerprint) -> str:
    """Where in the beat the model looks, or why that cannot be said."""
    if not found.has_attention:
        return (
            f"Not drawn: {found.model} has no attention, so there is nothing to fold over the beat: it pools what it "
            "hears, and does not say where it looked."
        )
    row = found.beat
    if row is None:
        return (
            f"Not drawn: no track's pulse is clear enough (clarity of at least {MIN_BEAT_CLARITY:g}, the correlation "
            "of its onsets with themselves one beat later) to fold attention over its beat."
        )
    at, top = max(enumerate(row.phases), key=lambda found: found[1].value)
    verdict = (
        "more is received on the beat than between beats"
        if row.on_beat.low > 0
        else "less is received on the beat than between beats"
        if row.on_beat.high < 0
        else "the interval includes 0: no clear difference"
    )
    return (
        f"Of {row.n_tracks + row.n_unclear} tracks {row.n_tracks} by {row.n_artists} artists have a pulse "
        f"that is clear enough (clarity of at least {MIN_BEAT_CLARITY:g}). A token comes every "
        f"{row.token_s * 1000:.0f} ms; the beat is cut in {N_PHASES}. On the beat against between beats, in "
        f"times the even share: {row.on_beat.value:+.3f} [{row.on_beat.low:+.3f}, {row.on_beat.high:+.3f}]; "
        f"{verdict}. Most is received {at}/{N_PHASES} of a beat after it, {top.value:.2f} times the even share "
        f"[{top.low:.2f}, {top.high:.2f}], an interval that stands alone. The tempo may be half or double the beat."
        + (_COARSE if row.token_s > _EIGHTH_S else "")
    )


def heads(found: Fingerprint) -> list[str]:
    """Which heads stand out."""
    if not found.heads:
        return [f"Not drawn: {found.model} has no attention, so it has no heads to compare."]
    rows = found.heads
    near, far = min(rows, key=lambda row: row.distance_s), max(rows, key=lambda row: row.distance_s)
    sharp = min(rows, key=lambda row: row.entropy)
    lines = [
        f"{len(rows)} heads over {rows[0].n_tracks} tracks by {rows[0].n_artists} artists. Layer {near.layer} "
        f"head {near.head} looks nearest ({near.distance_s:.2f} s away on average), layer {far.layer} head "
        f"{far.head} farthest ({far.distance_s:.2f} s); layer {sharp.layer} head {sharp.head} is sharpest "
        f"(entropy {sharp.entropy:.2f} of 1)."
    ]
    told = sorted((row for row in rows if row.q <= LEVEL), key=lambda row: -row.spread)
    if told:
        lines.append(
            "In where in the window they look, genres differ more than chance lets them (permutation over "
            "artists, corrected over heads) in "
            + "; ".join(
                f"layer {row.layer} head {row.head} (spread {row.spread:.3f} against "
                f"{row.spread_by_chance:.3f} by chance, {row.farthest} most unlike the others)"
                for row in told[:6]
            )
            + (f", and {len(told) - 6} more." if len(told) > 6 else ".")
        )
    else:
        lines.append(
            "In where in the window they look, genres differ in no head more than chance lets them "
            "(permutation over artists, corrected over heads): no head is one genre's specialist."
        )
    lines.append("Attention says where a network looks, not what for; what a head looks at need not change the answer.")
    return lines
