"""A fingerprint in words, with the hedges that its numbers ask for: the same on the page and in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from genrelens.explanation.parts import in_words
from genrelens.metrics.permutation import MIN_ARTISTS
from genrelens.pages.wording import percent
from genrelens.profile.build import PLAIN, Fingerprint
from genrelens.profile.fingerprint import LEVEL, PARTS, RANGE, BandShare, Difference, GenrePrint
from genrelens.profile.sound import UNITS

N_WORDS: Final = 4
N_TAGS: Final = 3
FEW_ARTISTS: Final = 10
"""With fewer an interval over artists is too narrow, and the page says so."""

_MORE_LESS: Final = {
    "onset_density": ("busier", "sparser"),
    "percussive_share": ("more percussive", "more sustained"),
    "centroid": ("brighter", "darker"),
    "flatness": ("noisier", "more tonal"),
    "level": ("louder", "softer"),
    "zero_crossings": ("edgier (more zero crossings)", "smoother (fewer zero crossings)"),
    "chroma_flatness": ("spread over more pitch classes", "gathered on fewer pitch classes"),
    "tempo": ("faster", "slower"),
}


def in_sound(descriptor: str, *, size: float) -> str:
    """``brighter``, ``less \u201cjazz\u201d``, ``higher MFCC 3``, by the sign of an effect."""
    if descriptor in _MORE_LESS:
        return _MORE_LESS[descriptor][size < 0]
    if descriptor.startswith(RANGE):
        return f"resting {'less' if size < 0 else 'more'} on {_range(descriptor)}"
    kind, _, name = descriptor.partition("chroma_" if descriptor.startswith("chroma_") else ":")
    if kind == "tag":
        return f"{'less' if size < 0 else 'more'} \u201c{name}\u201d"
    if descriptor.startswith("chroma_"):
        return f"{'less' if size < 0 else 'more'} of the pitch class {name}"
    return f"{'lower' if size < 0 else 'higher'} MFCC {descriptor.removeprefix('mfcc')}"


def label(descriptor: str) -> str:
    """A descriptor's name for tables and figures."""
    if descriptor.startswith("mfcc"):
        return f"MFCC {descriptor.removeprefix('mfcc')}"
    if descriptor.startswith(RANGE):
        return f"what {_range(descriptor)} adds"
    if descriptor.startswith("tag:"):
        return f"tag \u201c{descriptor.removeprefix('tag:')}\u201d"
    return descriptor.replace("_", " ")


def in_short(found: Fingerprint, genre: GenrePrint) -> tuple[str, str, str]:
    """A genre at a glance: what it sounds like against the others, in which words, and on which ranges the model rests
    more than for others. Only what survives the correction, largest first; a dash where nothing does."""
    rows = sorted(
        (row for row in found.differences if row.genre == genre.genre and row.what != PARTS and row.is_found),
        key=lambda row: -abs(row.size),
    )
    sounds = [in_sound(row.descriptor, size=row.size).partition(" (")[0] for row in rows if row.descriptor in PLAIN]
    tags = [row.descriptor.removeprefix("tag:") for row in rows if row.descriptor.startswith("tag:") and row.size > 0]
    ranges = [_range(row.descriptor) for row in rows if row.descriptor.startswith(RANGE) and row.size > 0]
    return (", ".join(sounds[:N_TAGS]) or "-", ", ".join(tags[:N_TAGS]) or "-", "; ".join(ranges[:2]) or "-")


def _range(descriptor: str) -> str:
    low, _, high = descriptor.removeprefix(RANGE).partition("-")
    return in_words(float(low), float(high))


def lead(found: Fingerprint) -> list[str]:
    """What was heard, and what must be known before anything below is believed."""
    n, artists = len(found.tracks), len({row.group for row in found.tracks})
    lines = [
        f"{n} tracks by {artists} artists ({found.asked.sample}; at most {found.asked.per_genre} of a genre, "
        f"drawn with seed {found.asked.seed} from {found.asked.n_there}, over as many artists as there are). "
        f"Everything here is about what the model {found.model} ({found.model_hash}) makes of these tracks: "
        "where the model is wrong, so is its idea of a genre."
    ]
    if found.n_seen:
        lines.append(
            f"The model learnt from {found.n_seen} of the {n} tracks. On those it is surer than it would be "
            "of new music."
        )
    if found.left_out:
        n_out = len(found.left_out)
        tracks = "1 track is" if n_out == 1 else f"{n_out} tracks are"
        lines.append(f"{tracks} left out: unheard, or of a genre that the model lacks.")
    return lines


def genre_sentences(found: Fingerprint, genre: GenrePrint) -> list[str]:
    """Two to five sentences on one genre, made of the numbers."""
    seen = f", {genre.n_seen} of them learnt from" if genre.n_seen else ""
    first = (
        f"{genre.n_tracks} track{'s' if genre.n_tracks != 1 else ''} by {genre.n_artists} "
        f"artist{'s' if genre.n_artists != 1 else ''}{seen}; the model names {genre.n_right} of them rightly."
    )
    if genre.n_artists < MIN_ARTISTS:
        first += " With so few artists nothing here can be told from those artists' own sound."
    elif genre.n_artists < FEW_ARTISTS:
        first += " With so few artists the intervals are too narrow."
    lines = [first, _bands(genre), _differences(found, genre.genre)]
    if not math.isnan(genre.agreement):
        lines.append(
            "Over the ranges of frequencies, tracks that the model learnt from and tracks new to it agree by "
            f"a correlation of {genre.agreement:.2f}."
        )
    return [line for line in lines if line]


def _bands(genre: GenrePrint) -> str:
    if not genre.bands:
        return "This model hears no ranges of frequencies."
    ranked = sorted(genre.bands, key=lambda band: -band.score.value)
    clear = [band for band in ranked if band.is_clear]
    if genre.n_artists < 2:
        return f"Most speaks {_band(ranked[0])}: of a single artist, so there is no interval."
    speaks = [band for band in clear if band.score.value > 0][:2]
    against = [band for band in reversed(clear) if band.score.value < 0][:1]
    if not clear:
        return f"No range of frequencies speaks clearly for it: most does {_band(ranked[0])}, and that "
        "interval includes 0."
    said = []
    if speaks:
        said.append(f"What speaks for {genre.genre} most is {' and then '.join(map(_band, speaks))}")
    if against:
        said.append(f"{'against it speaks' if said else 'Against it speaks'} {_band(against[0])}")
    unclear = len(ranked) - len(clear)
    hedge = f"; of {len(ranked)} ranges {unclear} may as well add nothing (the interval includes 0)" if unclear else ""
    return "; ".join(said) + hedge + "."


def _band(band: BandShare) -> str:
    found = f"{band.score.value:+.2f}"
    if not math.isnan(band.score.low):
        found += f" [{band.score.low:+.2f}, {band.score.high:+.2f}]"
    return f"{in_words(band.low_hz, band.high_hz)} ({found} log-odds)"


def _differences(found: Fingerprint, genre: str) -> str:
    rows = [row for row in found.differences if row.genre == genre]
    parts = [row for row in rows if row.what == PARTS]
    genres = [row for row in rows if row.what != PARTS]
    lines = []
    if any(not math.isnan(row.p) for row in parts):
        said = _effects([row for row in parts if row.is_found])
        n_artists = max(row.n_artists for row in parts)
        lines.append(
            f"Of the seconds that counted nothing can be said: flipping the signs of {n_artists} artists shows nothing."
            if 2 * 0.5**n_artists > LEVEL
            else f"The seconds that counted, against the rest of the same tracks, are {said}."
            if said
            else "Nothing tells the seconds that counted from the rest of the same tracks that survives the correction."
        )
    else:
        lines.append("Too few artists to test what the seconds that counted are like.")
    if any(not math.isnan(row.p) for row in genres):
        said = _effects([row for row in genres if row.is_found and not row.descriptor.startswith(RANGE)])
        lines.append(
            f"Against the other genres it is {said}."
            if said
            else "Nothing tells it from the other genres that survives the correction."
        )
        ranges = [row for row in genres if row.is_found and row.descriptor.startswith(RANGE)]
        most = [row for row in sorted(ranges, key=lambda row: -row.size) if row.size > 0][:2]
        least = [row for row in sorted(ranges, key=lambda row: row.size) if row.size < 0][:1]
        rests = [f"more on {_range(row.descriptor)} ({row.size:+.1f} d)" for row in most]
        rests += [f"less on {_range(row.descriptor)} ({row.size:+.1f} d)" for row in least]
        if rests:
            lines.append(f"Than the others it rests {', '.join(rests)}.")
    return " ".join(lines)


def _effects(found: Sequence[Difference]) -> str:
    ranked = sorted(found, key=lambda row: -abs(row.size))
    plain = [row for row in ranked if row.descriptor in PLAIN][:N_WORDS]
    tags = [row for row in ranked if row.descriptor.startswith("tag:")]
    tags = ([row for row in tags if row.size > 0] or tags)[:N_TAGS]
    shown = [*plain, *tags]
    if not plain and not tags:
        shown = ranked[:N_WORDS]
    words = [f"{in_sound(row.descriptor, size=row.size)} ({row.size:+.1f} d)" for row in shown]
    rest = len(ranked) - len(shown)
    more = f", and {rest} further difference{'s' if rest != 1 else ''} in the table" if shown and rest else ""
    return ", ".join(words) + more


def common(found: Fingerprint) -> str:
    """Which ranges speak for most genres alike, and so say more of the model than of any genre."""
    n = len(found.genres)
    counts = [
        (sum(genre.bands[j].score.low > 0 for genre in found.genres), band)
        for j, band in enumerate(found.genres[0].bands)
    ]
    shared = [(k, band) for k, band in counts if 2 * k > n]
    if n < 3 or not shared:
        return ""
    most = sorted(shared, key=lambda row: -row[0])[:3]
    said = ", ".join(f"{in_words(band.low_hz, band.high_hz)} (clearly for {k} of {n})" for k, band in most)
    return (
        f"Some ranges speak for most genres alike: {said}. What speaks for all says what the model needs to "
        "answer at all, or how it takes a hole in the sound; what a genre rests on more than others is "
        "tested below."
    )


def tests(found: Fingerprint) -> str:
    """What was tested, and how it was corrected."""
    if not found.n_tested:
        return f"Nothing is tested: that needs {MIN_ARTISTS} artists of a genre at least, and no genre here has them."
    n_found = sum(row.is_found for row in found.differences)
    return (
        f"{found.n_tested} tests, one family: every descriptor (and between genres what each range adds) of "
        f"every genre with at least {MIN_ARTISTS} artists, in two comparisons. The fifth of a track's seconds "
        "that adds most to its genre against the rest of the same track: the mean difference over artists in "
        "standard deviations over artists (d_z), p by flipping signs. A genre's tracks against all others: "
        "Cohen's d of artists' means, p by permuting who is in the genre. Corrected together by Benjamini "
        f"and Hochberg at {percent(LEVEL)}: {n_found} survive. What does not survive is in the table beside "
        "this page only, hollow in the figure, and in no sentence."
    )


def glossary() -> dict[str, str]:
    """What the descriptors are."""
    return {
        **{label(name): unit for name, unit in UNITS.items()},
        "MFCC 1 ... 13": "the shape of the spectrum on the mel scale, from overall level (1) to fine detail (13)",
        "chroma C ... B": "strength of each pitch class, the strongest of a frame 1",
        "tag \u201c...\u201d": "what musicnn says of the sound, log-odds; the shipped model decides by "
        "the same network's numbers, so that tags go with its answers by construction",
        "d": "a difference in standard deviations over artists: 0.2 is small, 0.8 large (Cohen 1988)",
        "log-odds": "ln(p / (1 - p)) of the genre with all sound, less the same with the range turned down by 20 dB; "
        "0.7 doubles the odds",
    }
