"""S0's attention study: where each layer and head looks, genre by genre, and whether what is looked at matters.

The answer to a clip is taken apart in its first window, which is all of a clip that S0 saw. What explain's own checks
say of the same maps is in :mod:`genrelens.systems.attention.judge`; both together are :func:`study_network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.data.track import Track
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.attention import AttentionMap, over_frames, received
from genrelens.explanation.methods.baselines import JUDGING_BASELINES
from genrelens.explanation.sound import front_end_of
from genrelens.features.frame_cache import FrameCache
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.systems.attention.judge import Judged, Say, judge
from genrelens.systems.result import Check

Float64 = NDArray[np.float64]
SHARE: Final = 0.2
N_DRAWS: Final = 5
MAPS: Final = {"attention": AttentionMap(), "rollout": AttentionMap(rollout=True)}
"""By the names that the page gives: the mean over all layers and heads, and rollout."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One clip under study.

    Attributes:
        track: which.
        called, probability: the model's answer to its first window, and how sure it is.
        mel_db: ``(n_frames, bands)`` dB relative to the loudest cell.
        heads: ``(layers, heads, n_frames)`` times the even share that each frame receives.
        maps: ``(n_frames,)`` by name: :data:`MAPS`, and ``"loudness"`` (mean power), the yardstick.
        edges: ``(n + 1,)`` frames: segments of about 1 s.
        left: the probability without the fifth of the segments that a map ranks highest, ``(baselines,)``, one for
            each of :data:`JUDGING_BASELINES`; by the names of ``maps`` and of :func:`parts_of`, and under
            ``"random"`` without as many segments by chance, the mean over :data:`N_DRAWS` draws.
    """

    track: Track
    called: str
    probability: float
    mel_db: Float64
    heads: Float64
    maps: dict[str, Float64]
    edges: NDArray[np.int64]
    left: dict[str, Float64]

    def map_of(self, name: str) -> Float64:
        """``(n_frames,)`` one of ``maps``, or what a layer or a head attends to, by the names of :func:`parts_of`."""
        if name in self.maps:
            return self.maps[name]
        wanted = AttentionMap.named(name)
        heads = self.heads[wanted.layer]
        found: Float64 = heads.mean(axis=0) if wanted.head is None else heads[wanted.head]
        return found

    def segment_scores(self, name: str) -> Float64:
        """``(n,)`` a map's mean over each segment."""
        frames = self.map_of(name)
        return np.array([frames[a:b].mean() for a, b in pairwise(self.edges)])

    @property
    def fall(self) -> dict[str, float]:
        """How far the probability falls, by name: the mean over the baselines."""
        return {name: self.probability - float(left.mean()) for name, left in self.left.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Mean fall of the probability over all clips when a map's top fifth is taken out, and by how much more that is
    than without a random fifth and without the loudest, clip by clip, with intervals over artists; ``n_clips`` and
    ``n_artists`` are what it rests on."""

    name: str
    fall: Interval
    above_random: Interval
    above_loudness: Interval
    n_clips: int
    n_artists: int


@dataclass(frozen=True, slots=True)
class Truest:
    """The layer or head whose top fifth costs the answer most.

    ``name`` is picked over all clips; ``above_random`` is its own figure on the clips that it was picked on, which
    flatters it. ``fitted`` is what picking is worth: for each artist's clips whichever is the best over all other
    artists' clips. ``above_attention`` is that less the mean of all heads, clip by clip.
    """

    name: str
    above_random: Interval
    fitted: Interval
    above_attention: Interval


def parts_of(clip: Clip) -> tuple[str, ...]:
    """Layers and heads by explain's names: ``attention-layer1``, its heads ``attention-layer1-head1`` and so on."""
    n_layers, n_heads, _ = clip.heads.shape
    return tuple(
        name
        for layer in range(1, n_layers + 1)
        for name in (
            f"attention-layer{layer}",
            *(f"attention-layer{layer}-head{head}" for head in range(1, n_heads + 1)),
        )
    )


def study_clip(bundle: Bundle, track: Track, *, cache: FrameCache, seed: int) -> Clip | None:
    """Take one clip apart; None where its first window is silence."""
    windows = bundle.manifest.windows
    assert windows is not None
    frames = np.array(cache.frames(track)[: windows.n_frames])
    hearing = Hearing(bundle, frames)
    if hearing.is_silent:
        return None
    ((_, values),) = hearing.inputs()
    attention = bundle.attention(values)
    n_frames = windows.n_frames
    n_tokens = attention.shape[-1]
    heads = over_frames(received(attention) * n_tokens, n_frames=n_frames)[..., : len(frames)]
    maps = {
        name: over_frames(chosen.scores(attention), n_frames=n_frames)[: len(frames)] for name, chosen in MAPS.items()
    }
    maps["loudness"] = frames.mean(axis=1, dtype=np.float64)
    edges = hearing.grid.edges
    probabilities = hearing.probabilities(hearing.logits)
    genre = int(probabilities.argmax())
    clip = Clip(
        track=track,
        called=bundle.names[genre],
        probability=float(probabilities[genre]),
        mel_db=values[: len(frames)].astype(np.float64),
        heads=heads,
        maps=maps,
        edges=edges,
        left={},
    )
    parts = hearing.grid.segments
    n_out = max(1, round(SHARE * len(parts)))
    baselines = [baseline(frames, hearing.front_end) for baseline in JUDGING_BASELINES.values()]

    def left(chosen: Sequence[int]) -> Float64:
        logits = np.stack([hearing.without([parts[i] for i in chosen], baseline=baseline) for baseline in baselines])
        return hearing.probabilities(logits)[:, genre]

    for name in (*maps, *parts_of(clip)):
        clip.left[name] = left(np.argsort(-clip.segment_scores(name), kind="stable")[:n_out].tolist())
    rng = np.random.default_rng(seed)
    draws = [rng.permutation(len(parts))[:n_out].tolist() for _ in range(N_DRAWS)]
    clip.left["random"] = np.mean([left(draw) for draw in draws], axis=0)
    return clip


def study(
    bundle: Bundle, tracks: Sequence[Track], *, cache: FrameCache, n_per_genre: int, seed: int, say: Say
) -> tuple[Clip, ...]:
    """Up to ``n_per_genre`` clips of each genre, drawn by ``seed``, taken apart, in order of id."""
    rng = np.random.default_rng(seed)
    by_genre: dict[str, list[Track]] = {}
    for track in sorted(tracks, key=lambda track: track.id):
        by_genre.setdefault(track.genre, []).append(track)
    chosen = [
        its[i]
        for genre, its in sorted(by_genre.items())
        for i in sorted(rng.permutation(len(its))[:n_per_genre].tolist())
    ]
    found = []
    for k, track in enumerate(chosen):
        if k % 5 == 0:
            say(f"attention: clip {k + 1} of {len(chosen)}")
        clip = study_clip(bundle, track, cache=cache, seed=seed + k)
        if clip is not None:
            found.append(clip)
    return tuple(found)


def _mean(values: Float64, clips: Sequence[Clip]) -> Interval:
    """The mean of one value a clip, with an interval over artists."""
    return grouped_bootstrap(mean_statistic(values), groups=[clip.track.group for clip in clips], seed=0)


def verdicts(clips: Sequence[Clip], *, parts: bool = False) -> tuple[Verdict, ...]:
    """How far each map's top fifth takes the probability down, and a random fifth; or of each layer and head."""
    n_artists = len({clip.track.group for clip in clips})
    random, loudness = (_falls(clips, other) for other in ("random", "loudness"))
    found = []
    for name in parts_of(clips[0]) if parts else (*MAPS, "loudness", "random"):
        falls = _falls(clips, name)
        fall, above_random, above_loudness = (
            _mean(values, clips) for values in (falls, falls - random, falls - loudness)
        )
        found.append(Verdict(name, fall, above_random, above_loudness, len(clips), n_artists))
    return tuple(found)


def _falls(clips: Sequence[Clip], name: str) -> Float64:
    return np.array([clip.fall[name] for clip in clips])


def by_baseline(clips: Sequence[Clip]) -> dict[str, Interval]:
    """How much more the most attended fifth costs than a random one, by each baseline alone."""
    above = np.array([clip.left["random"] - clip.left["attention"] for clip in clips])
    return {baseline: _mean(above[:, k], clips) for k, baseline in enumerate(JUDGING_BASELINES)}


def truest(clips: Sequence[Clip]) -> Truest:
    """The layer or head that is truest by :func:`verdicts`, and what picking one is worth."""
    names = parts_of(clips[0])
    groups = np.array([clip.track.group for clip in clips])
    random = _falls(clips, "random")
    above = np.stack([_falls(clips, name) - random for name in names], axis=1)
    attention = _falls(clips, "attention") - random
    best = int(above.mean(axis=0).argmax())
    fitted = np.full(len(clips), np.nan)
    for artist in np.unique(groups):
        its = groups == artist
        if not its.all():
            fitted[its] = above[its, int(above[~its].mean(axis=0).argmax())]
    own, worth, more = (_mean(values, clips) for values in (above[:, best], fitted, fitted - attention))
    return Truest(names[best], own, worth, more)


def habit(clips: Sequence[Clip]) -> Interval:
    """How far a clip's attention over time is that of all clips: the mean correlation, second by second, of each clip
    with the average over all other artists' clips. Above 0 there is a habit of position, whatever plays there."""
    n = min(len(clip.edges) - 1 for clip in clips)
    rows = np.array([clip.segment_scores("attention")[:n] for clip in clips])
    groups = np.array([clip.track.group for clip in clips])
    found = np.full(len(clips), np.nan)
    for i, row in enumerate(rows):
        others = rows[groups != groups[i]]
        if len(others) and np.ptp(row) > 0 and np.ptp(others.mean(axis=0)) > 0:
            found[i] = np.corrcoef(row, others.mean(axis=0))[0, 1]
    kept = ~np.isnan(found)
    if not kept.any():
        return Interval(float("nan"), float("nan"), float("nan"), 0.95)
    return grouped_bootstrap(mean_statistic(found[kept]), groups=groups[kept], seed=0)


def louder(clips: Sequence[Clip]) -> Interval:
    """dB, over all bands: the mean level of the most attended fifth of the frames minus that of all frames."""
    return _mean(np.array([attended_spectrum([clip]).mean() for clip in clips]), clips)


def examples(clips: Sequence[Clip], *, n: int) -> tuple[Clip, ...]:
    """Of each genre the right answer that the model is surest of, the ``n`` surest of them."""
    best: dict[str, Clip] = {}
    for clip in clips:
        if clip.called == clip.track.genre and (
            clip.track.genre not in best or clip.probability > best[clip.track.genre].probability
        ):
            best[clip.track.genre] = clip
    return tuple(sorted(best.values(), key=lambda clip: -clip.probability)[:n])


def by_genre(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """The clips of each genre, in the order in which they come."""
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        found.setdefault(clip.track.genre, []).append(clip)
    return found


def attended_spectrum(clips: Sequence[Clip]) -> Float64:
    """``(bands,)`` dB: the mean level of the most attended fifth of the frames minus that of all frames."""
    rows = []
    for clip in clips:
        n = max(1, round(SHARE * len(clip.mel_db)))
        top = np.argsort(-clip.maps["attention"], kind="stable")[:n]
        rows.append(clip.mel_db[top].mean(axis=0) - clip.mel_db.mean(axis=0))
    mean: Float64 = np.mean(rows, axis=0)
    return mean


def concentration(clip: Clip) -> Float64:
    """``(layers, heads)``: the share of all attention that the most attended fifth of the frames receives.

    A fifth where a head looks at all frames alike, 1 where it looks at no others.
    """
    n = max(1, round(SHARE * clip.heads.shape[-1]))
    top = np.sort(clip.heads, axis=-1)[..., -n:].sum(axis=-1)
    share: Float64 = top / clip.heads.sum(axis=-1)
    return share


@dataclass(frozen=True, slots=True, eq=False)
class Studied:
    """A network, its clips, and what was found.

    ``verdicts`` are of the maps, ``parts`` of every layer and head; both say what taking out a fifth costs. ``judged``
    is what explain's checks say.
    """

    name: str
    bundle: Bundle
    clips: tuple[Clip, ...]
    verdicts: tuple[Verdict, ...]
    parts: tuple[Verdict, ...]
    truest: Truest
    judged: Judged

    def seconds(self, clip: Clip) -> float:
        """How long the part of a clip is that the network heard."""
        front_end = front_end_of(self.bundle)
        return len(clip.mel_db) * front_end.hop_length / front_end.sample_rate

    def checks(self) -> tuple[Check, ...]:
        """The numbers that the sentences rest on."""
        found = [Check(f"{self.name}: fall without {one.name}", one.fall.value) for one in self.verdicts]
        intervals = {
            f"{one.name} above {other}": above
            for one in self.verdicts
            for other, above in (("random", one.above_random), ("loudness", one.above_loudness))
            if one.name not in (other, "random")
        }
        intervals |= {
            f"attention above random by {baseline}": above for baseline, above in by_baseline(self.clips).items()
        }
        intervals |= {
            f"{diff.method} better than {diff.against} in {which}": interval
            for diff in self.judged.differences
            for which, interval in (("deletion", diff.deletion), ("insertion", diff.insertion))
        }
        sanity = self.judged.sanity
        intervals |= {f"{one.method} kept by shuffled weights": one.agreement for one in sanity if one.agreement}
        intervals |= {f"{one.method} hits the splice": one.hits for one in sanity if one.pointings}
        return (
            *found,
            *(
                Check(f"{self.name}: {name}{end}", value)
                for name, one in intervals.items()
                for end, value in (("", one.value), (", low", one.low), (", high", one.high))
            ),
        )


def study_network(
    name: str,
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    cache: FrameCache,
    n_per_genre: int,
    seed: int,
    file: Path | None = None,
    say: Say,
) -> Studied | None:
    """Study a network on up to ``n_per_genre`` tracks of each genre; None where none of them has any sound.

    What explain's judge says is kept in ``file``.
    """

    def its(line: str) -> None:
        say(f"{name}: {line}")

    clips = study(bundle, tracks, cache=cache, n_per_genre=n_per_genre, seed=seed, say=its)
    if not clips:
        return None
    return Studied(
        name,
        bundle,
        clips,
        verdicts(clips),
        verdicts(clips, parts=True),
        truest(clips),
        judge(bundle, [clip.track for clip in clips], n_layers=len(clips[0].heads), seed=seed, file=file, say=its),
    )
