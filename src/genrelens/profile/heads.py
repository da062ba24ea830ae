"""What a network's heads do on a track and over its beat, and whether genres differ in it over many tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Tempo
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.attention import Attention, frame_scores, received
from genrelens.explanation.tempo import FRAMES_PER_S
from genrelens.metrics.permutation import artist_genre_means, benjamini_hochberg

if TYPE_CHECKING:
    from genrelens.profile.track import TrackPrint

Float64 = NDArray[np.float64]

N_PHASES: Final = 8
N_PLACES: Final = 32
"""Of a window, over which what is received is averaged."""
N_PERMUTATIONS: Final = 999
MIN_ARTISTS: Final = 2
"""Of a genre, for its profile to be compared."""
CHUNK_S: Final = 6.0
MIN_BEAT_CLARITY: Final = 0.3
"""Of :class:`~genrelens.explanation.explanation.Tempo`: below it a track is not folded over its beat."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadPrint:
    """Means over a track's windows, ``(layers, heads)`` each but for ``profile``.

    Attributes:
        distance_s: how far off a token looks, s.
        entropy: of a token's attention, over its largest, the logarithm of the tokens: 0 (one token) to 1 (all alike).
        profile: ``(layers, heads, places)`` received by each place in the window, times the even share.
        token_s: time from token to token, s.
        beat: ``(8,)`` attention received in each eighth of the beat, all layers and heads, times the even share; None
            where the pulse is not clear enough.
    """

    distance_s: Float64
    entropy: Float64
    profile: Float64
    token_s: float
    beat: Float64 | None


def head_print(hearing: Hearing, *, onsets: Float64, tempo: Tempo | None) -> HeadPrint | None:
    """The heads on a stretch, of a model with attention; ``onsets (k,)`` and ``tempo`` are its own. None of silence."""
    frame_s = 1 / hearing.grid.frames_per_s
    window_s = hearing.n_frames * frame_s
    distances, entropies, profiles = [], [], []
    n_tokens = 1

    def tokens_of(done: int, values: NDArray[np.float32]) -> Float64:
        nonlocal n_tokens
        weights = hearing.bundle.attention(values)
        n_tokens = weights.shape[-1]
        profile = received(weights) * n_tokens
        # A layer at a time: attention over 30 s is large.
        distances.append(np.stack([mean_distance(layer) for layer in weights]) * window_s / n_tokens)
        entropies.append(np.stack([mean_entropy(layer) for layer in weights]))
        profiles.append(_places(profile))
        mean: Float64 = profile.mean(axis=(0, 1))
        return mean

    frames = frame_scores(hearing, tokens_of)
    if not profiles:
        return None
    beat = None
    if tempo is not None and tempo.clarity >= MIN_BEAT_CLARITY:
        beat = over_beat(frames, frame_s=frame_s, onsets=onsets, bpm=tempo.bpm)
    return HeadPrint(
        np.mean(distances, axis=0), np.mean(entropies, axis=0), np.mean(profiles, axis=0), window_s / n_tokens, beat
    )


def over_beat(frames: Float64, *, frame_s: float, onsets: Float64, bpm: float) -> Float64 | None:
    """``(k,)`` attention of frames in each eighth of the beat, ``(8,)``, the first eighth centred on the beat.

    Where the beat lies is found anew every :data:`CHUNK_S`, which a tempo that is off by a little can be trusted for.
    None where nowhere is a beat, or some eighth is nowhere met.
    """
    per_chunk, per_onsets = round(CHUNK_S / frame_s), round(CHUNK_S * FRAMES_PER_S)
    folded = []
    for i in range(max(1, len(frames) // per_chunk)):
        phase = beat_phase(onsets[i * per_onsets : (i + 1) * per_onsets], bpm=bpm)
        chunk = frames[i * per_chunk : (i + 1) * per_chunk]
        if phase is not None and np.isfinite(chunk).all():
            folded.append(fold(chunk, frame_s=frame_s, bpm=bpm, phase=phase))
    if not folded:
        return None
    mean: Float64 = np.mean(folded, axis=0)
    return mean if np.isfinite(mean).all() else None


def _places(profile: Float64) -> Float64:
    """``(layers, heads, tokens)`` as means over :data:`N_PLACES` stretches of the window, where it has more tokens."""
    n_tokens = profile.shape[-1]
    if n_tokens <= N_PLACES:
        return profile
    edges = np.linspace(0, n_tokens, N_PLACES + 1).astype(int)
    return np.stack([profile[..., a:b].mean(axis=-1) for a, b in pairwise(edges)], axis=-1)


def mean_distance(attention: Attention) -> Float64:
    """``(..., t, t)`` to ``(...,)``: how many tokens away attention lies, the mean over queries."""
    at = np.arange(attention.shape[-1])
    apart = np.abs(at[:, np.newaxis] - at)
    distance: Float64 = (attention * apart).sum(axis=-1, dtype=np.float64).mean(axis=-1)
    return distance


def mean_entropy(attention: Attention) -> Float64:
    """``(..., t, t)`` to ``(...,)``: entropy of the rows over the logarithm of t, 0 to 1; 0 for a single token."""
    n_tokens = attention.shape[-1]
    if n_tokens == 1:
        return np.zeros(attention.shape[:-2])
    logs = np.log(np.maximum(attention, 1e-30))
    entropy: Float64 = -(attention * logs).sum(axis=-1, dtype=np.float64).mean(axis=-1) / np.log(n_tokens)
    return entropy


def beat_phase(onsets: Float64, *, bpm: float) -> float | None:
    """Where in a beat's period sounds begin, 0 to 1 from the first of ``onsets (k,)``; None where they begin nowhere.

    The angle of the onset strength's Fourier coefficient at the beat.
    """
    beats = np.arange(len(onsets)) / FRAMES_PER_S * bpm / 60.0
    coefficient = np.sum(onsets * np.exp(2j * np.pi * beats)) if len(onsets) else 0.0
    if abs(coefficient) < 1e-9:
        return None
    return float(np.angle(coefficient) / (2 * np.pi)) % 1.0


def fold(scores: Float64, *, frame_s: float, bpm: float, phase: float) -> Float64:
    """``(k,)`` scores of frames as means of each eighth of the beat, ``(8,)``; the first is centred on the beat."""
    beats = np.arange(len(scores)) * frame_s * bpm / 60.0 - phase
    bins = np.floor((beats % 1.0) * N_PHASES + 0.5).astype(int) % N_PHASES
    sums = np.bincount(bins, weights=scores, minlength=N_PHASES)
    counts = np.bincount(bins, minlength=N_PHASES)
    folded: Float64 = np.divide(sums, counts, out=np.full(N_PHASES, np.nan), where=counts > 0)
    return folded


def on_the_beat(folded: Float64) -> Float64:
    """``(..., 8)`` to ``(...,)``: the cosine at the beat, above 0 where more is received on it than between beats."""
    cosine = np.cos(2 * np.pi * np.arange(N_PHASES) / N_PHASES)
    amplitude: Float64 = 2 * (folded * cosine).mean(axis=-1)
    return amplitude


def profile_spread(profiles: Float64, labels: Sequence[str]) -> tuple[Float64, NDArray[np.str_]]:
    """How far the genres' mean profiles lie apart, and which lies farthest from the mean of the others.

    ``(genres, layers, heads, places)`` mean profiles of the genres ``labels``. Gives the standard deviation over
    genres, the mean over places, ``(layers, heads)``, and the farthest genre of each head.
    """
    spread = profiles.std(axis=0).mean(axis=-1)
    n = len(labels)
    if n < 2:
        return spread, np.full(spread.shape, labels[0] if labels else "")
    others = (profiles.sum(axis=0) - profiles) / (n - 1)
    farthest = np.abs(profiles - others).mean(axis=-1).argmax(axis=0)
    return spread, np.asarray(labels)[farthest]


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A head, counted from 1: means over artists; ``spread`` of the received profile between genres, with its p and q.

    ``farthest`` is the genre whose profile lies farthest from the mean of the others; empty where genres cannot be
    compared.
    """

    layer: int
    head: int
    distance_s: float
    entropy: float
    spread: float
    spread_by_chance: float
    p: float
    q: float
    farthest: str
    n_tracks: int
    n_artists: int


def head_rows(prints: Sequence[TrackPrint], *, seed: int) -> tuple[HeadRow, ...]:
    """One of each head, empty without attention. Genres are shuffled among artists to see what spread chance gives."""
    rows = [(row, row.heads) for row in prints if row.heads is not None]
    if not rows:
        return ()
    first = rows[0][1].distance_s
    n_layers, n_heads = first.shape
    n = n_layers * n_heads
    table = np.stack([np.concatenate([h.distance_s.ravel(), h.entropy.ravel(), h.profile.ravel()]) for _, h in rows])
    means, genres = artist_genre_means(
        table, genres=[row.genre for row, _ in rows], groups=[row.group for row, _ in rows]
    )
    profiles = means[:, 2 * n :].reshape(len(means), n_layers, n_heads, -1)
    of = np.unique(genres, return_inverse=True)[1]
    kept = np.bincount(of)[of] >= MIN_ARTISTS
    spread, p = np.full(first.shape, np.nan), np.full(first.shape, np.nan)
    chance = np.full(first.shape, np.nan)
    farthest: NDArray[np.str_] = np.full(first.shape, "")
    if len(set(of[kept])) > 1:
        spread, farthest, chance, p = _tested(profiles[kept], genres[kept], seed=seed)
    q = benjamini_hochberg(p.ravel()).reshape(p.shape)
    overall = means.mean(axis=0)
    return tuple(
        HeadRow(
            layer=i + 1,
            head=j + 1,
            distance_s=float(overall[i * n_heads + j]),
            entropy=float(overall[n + i * n_heads + j]),
            spread=float(spread[i, j]),
            spread_by_chance=float(chance[i, j]),
            p=float(p[i, j]),
            q=float(q[i, j]),
            farthest=str(farthest[i, j]),
            n_tracks=len(rows),
            n_artists=len(means),
        )
        for i in range(n_layers)
        for j in range(n_heads)
    )


def _tested(
    profiles: Float64, genres: NDArray[np.str_], *, seed: int
) -> tuple[Float64, NDArray[np.str_], Float64, Float64]:
    labels, of = np.unique(genres, return_inverse=True)
    flat = profiles.reshape(len(profiles), -1)

    def spread(classes: NDArray[np.int64]) -> tuple[Float64, NDArray[np.str_]]:
        weights = np.eye(len(labels))[classes]
        weights /= weights.sum(axis=0)
        return profile_spread((weights.T @ flat).reshape(len(labels), *profiles.shape[1:]), labels.tolist())

    observed, farthest = spread(of)
    rng = np.random.default_rng(seed)
    drawn = np.stack([spread(rng.permutation(of))[0] for _ in range(N_PERMUTATIONS)])
    p = (1 + (drawn >= observed - 1e-12).sum(axis=0)) / (1 + N_PERMUTATIONS)
    return observed, farthest, drawn.mean(axis=0), p
