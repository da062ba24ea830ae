"""What explain's own checks say of a network's attention: areas over time, splices, and shuffled weights.

Every map is judged as ``genrelens faithfulness`` judges (:mod:`genrelens.explanation.faithfulness.sample`), on clips
that are cut to the one window that the network hears of them, over time alone (attention has no frequencies), and by
the fills that no map of all was made with, so that all are judged alike.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from genrelens import __version__
from genrelens.bundle import Bundle
from genrelens.data.track import Track
from genrelens.explanation.faithfulness.judging import CONTROLS
from genrelens.explanation.faithfulness.report import Difference
from genrelens.explanation.faithfulness.sample import TrackCurves, judge_tracks, methods_of
from genrelens.explanation.faithfulness.sanity import GUEST_S, agreement, pairs, point, sanity_of
from genrelens.explanation.methods.scoring import BOTH, RELEVANCE
from genrelens.explanation.sound import front_end_of, read
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic, paired_bootstrap
from genrelens.parallel import n_cores
from genrelens.systems.attention import judged as attention_judged
from genrelens.systems.attention.judged import Areas, Asked, Judged, Kept, Pointed
from genrelens.systems.attention.shuffled_network import shuffled
from genrelens.systems.attention.study import Clip

N_PER_GENRE: Final = 2
"""Clips of each genre that are judged: about half a minute each on one core for two layers over 1290 frames, of which
a pass takes 22 ms."""
N_SPLICES: Final = 16
N_SHUFFLES: Final = 2
RAW: Final = "attention"
_TIME: Final = "time"


def maps_of(bundle: Bundle, *, n_layers: int) -> tuple[str, ...]:
    """Raw attention, each layer's, rollout, attention by its gradient where that can be had, and occlusion."""
    layers = (f"attention-layer{layer + 1}" for layer in range(n_layers))
    gradient = (RELEVANCE,) if RELEVANCE in methods_of(bundle) else ()
    return (RAW, *layers, "rollout", *gradient, BOTH)


def judge(
    bundle: Bundle, clips: Sequence[Clip], *, seed: int, file: Path | None, say: Callable[[str], None]
) -> Judged:
    """Judge the maps of a network on ``N_PER_GENRE`` of the studied clips of each genre, or take what ``file`` keeps of
    the same."""
    maps = maps_of(bundle, n_layers=clips[0].heads.shape[0])
    sizes = (N_PER_GENRE, N_SPLICES, N_SHUFFLES)
    ids = tuple(clip.track.id for clip in clips)
    asked = Asked(bundle.hash, seed, ids, maps, sizes, __version__)
    known = None if file is None else attention_judged.read(file, asked)
    if known is not None:
        say(f"what explain's judge said stands in {file} and is taken as it is")
        return known
    found = _judge(bundle, clips, maps, seed=seed, say=say)
    if file is not None:
        attention_judged.write(file, asked, found)
    return found


def _judge(
    bundle: Bundle, clips: Sequence[Clip], maps: tuple[str, ...], *, seed: int, say: Callable[[str], None]
) -> Judged:
    with tempfile.TemporaryDirectory() as folder:
        cut = cut_to_window(bundle, [clip.track for clip in clips], folder=Path(folder) / "clips")
        chosen = spread(cut, n_per_genre=N_PER_GENRE)
        judged = _curves(bundle, chosen, maps, say=say)
        pointed = _pointed(bundle, cut, maps, seed=seed, say=say)
        shuffles = spread(chosen, n_per_genre=1)
        agreements = _agreements(bundle, shuffles, maps, seed=seed, folder=Path(folder), say=say)
    groups = [track.group for track in shuffles]
    return Judged(
        maps=maps,
        fills=fills_of(judged),
        n_clips=len(judged),
        n_artists=len({row.group for row in judged}),
        areas=tuple(_areas(judged, name) for name in (*maps, *CONTROLS)),
        differences=tuple(differences(judged, maps)),
        pointed=pointed,
        kept=tuple(Kept(name, _mean(found, groups)) for name, found in agreements.items()),
        n_shuffled=len(shuffles),
    )


def cut_to_window(bundle: Bundle, tracks: Sequence[Track], *, folder: Path) -> tuple[Track, ...]:
    """The same tracks as files of their first window alone: a clip of 30.0 s is a few frames longer than 1290."""
    import soundfile

    windows, front_end = bundle.manifest.windows, front_end_of(bundle)
    assert windows is not None
    rate = front_end.sample_rate
    longest_s = (
        (windows.n_frames - 1) * front_end.hop_length / rate
    )  # frames are centred: the first lies at 0 s
    folder.mkdir()
    made = []
    for k, track in enumerate(tracks):
        samples = read(Path(track.path), start_s=0.0, end_s=longest_s, sample_rate=rate)
        path = folder / f"{k}.wav"
        soundfile.write(path, samples, rate, subtype="FLOAT")
        made.append(dataclasses.replace(track, path=path))
    return tuple(made)


def spread(tracks: Iterable[Track], *, n_per_genre: int) -> tuple[Track, ...]:
    """Up to ``n_per_genre`` of each genre by as many artists as can be, in the order in which they come."""
    of_genre: dict[str, list[Track]] = {}
    for track in tracks:
        of_genre.setdefault(track.genre, []).append(track)
    chosen = []
    for its in of_genre.values():
        seen = {track.group: 0 for track in its}
        nth = []  # of its artist
        for track in its:
            nth.append(seen[track.group])
            seen[track.group] += 1
        order = sorted(range(len(its)), key=lambda i: (nth[i], i))
        chosen += [its[i] for i in sorted(order[:n_per_genre])]
    return tuple(chosen)


def differences(judged: Sequence[TrackCurves], maps: Sequence[str]) -> list[Difference]:
    """Each map against each control and against occlusion, on the same clips by the same fills.

    In :func:`genrelens.explanation.faithfulness.report.build` raw attention is what is to be beaten; here it is on
    trial.
    """
    return [_difference(judged, name, other) for name in maps for other in (*CONTROLS, BOTH) if name != other]


def fills_of(judged: Sequence[TrackCurves]) -> tuple[str, ...]:
    """The fills that all maps were judged by."""
    return tuple(dict.fromkeys(fill for _, _, fill in judged[0].curves))


def _difference(judged: Sequence[TrackCurves], name: str, other: str) -> Difference:
    groups = [row.group for row in judged]
    deletion, insertion = (  # the lower area is the truer one in deletion
        paired_bootstrap(
            _by_clip(judged, better, which), correct_b=_by_clip(judged, worse, which), groups=groups, seed=0
        )
        for which, better, worse in (("deletion_area", other, name), ("insertion_area", name, other))
    )
    return Difference(name, other, _TIME, fills_of(judged), deletion, insertion)


def _areas(judged: Sequence[TrackCurves], name: str) -> Areas:
    groups = [row.group for row in judged]
    return Areas(
        name,
        *(
            grouped_bootstrap(mean_statistic(_by_clip(judged, name, which)), groups=groups, seed=0)
            for which in ("deletion_area", "insertion_area")
        ),
    )


def _by_clip(judged: Sequence[TrackCurves], name: str, which: str) -> list[float]:
    fills = fills_of(judged)
    return [
        float(np.mean([getattr(row.curves[name, _TIME, fill], which) for fill in fills])) for row in judged
    ]


def _curves(
    bundle: Bundle, tracks: Sequence[Track], maps: Sequence[str], *, say: Callable[[str], None]
) -> list[TrackCurves]:
    """Curves over time by the fills that may judge occlusion. Two calls: maps without a fill of their own would have
    the controls judged by every fill there is."""
    found = []
    for what, methods in (
        ("occlusion, raw attention and controls", (BOTH, RAW, *CONTROLS)),
        ("other attention", tuple(name for name in maps if name not in (BOTH, RAW))),
    ):
        found.append(
            judge_tracks(
                bundle,
                tracks,
                methods=methods,
                n_workers=n_cores(),
                progress=lambda done, total, what=what: say(f"judging {what}: clip {done} of {total}"),  # type: ignore[misc]
            )
        )
    fills = {fill for row in found[0] for method, _, fill in row.curves if method == BOTH}
    return [
        TrackCurves(
            row.id,
            row.group,
            row.genre,
            {
                key: curves
                for key, curves in {**other.curves, **row.curves}.items()
                if key[1] == _TIME and key[2] in fills
            },
        )
        for row, other in zip(*found, strict=True)
    ]


def _pointed(
    bundle: Bundle, tracks: Sequence[Track], maps: Sequence[str], *, seed: int, say: Callable[[str], None]
) -> tuple[Pointed, ...]:
    import soundfile

    long = [track for track in tracks if soundfile.info(track.path).duration >= 2 * GUEST_S]
    if len({track.genre for track in long}) < 2:
        return ()
    chosen = pairs(long, n=N_SPLICES, seed=seed)
    found = []
    for name in maps:
        say(f"splices: {name}")
        checked = sanity_of(name, point(bundle, chosen, method=name, seed=seed), agreement=None, groups=())
        found.append(Pointed(name, checked.hits, checked.even, len(chosen)))
    return tuple(found)


def _agreements(
    bundle: Bundle,
    tracks: Sequence[Track],
    maps: Sequence[str],
    *,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, list[float]]:
    """By map of attention the mean over shuffles of each clip; occlusion, which costs more than all, is not asked."""
    asked = [name for name in maps if name != BOTH] if RELEVANCE in maps else []
    found: dict[str, list[list[float]]] = {name: [] for name in asked}
    for k in range(N_SHUFFLES) if asked else ():
        say(f"shuffled weights: {k + 1} of {N_SHUFFLES}")
        other = shuffled(bundle, seed=seed + k, out=folder / f"shuffled-{k}")
        for name in asked:
            found[name].append(agreement(bundle, other, tracks, method=name).tolist())
    return {name: np.mean(rows, axis=0).tolist() for name, rows in found.items()}


def _mean(values: Sequence[float], groups: Sequence[str]) -> Interval:
    kept = [(value, group) for value, group in zip(values, groups, strict=True) if value == value]
    if not kept:
        return Interval(float("nan"), float("nan"), float("nan"))
    return grouped_bootstrap(
        mean_statistic([value for value, _ in kept]), groups=[group for _, group in kept], seed=0
    )
