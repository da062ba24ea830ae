"""Are a model's explanations true? Every method and control over a fixed sample of tracks, judged by several baselines.

A method is never judged by the baseline that it was made with: it would be asked what it was built to answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import BundleError, DataError, GenrelensError
from genrelens.explanation.faithfulness.judging import CONTROLS, Curves, control_scores, curves, mean_curves
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES
from genrelens.explanation.methods.scoring import (
    BOTH,
    GRADIENT_METHODS,
    IN_TURN,
    INTEGRATED,
    OCCLUSION_METHODS,
    OCCLUSIONS,
    score,
)
from genrelens.explanation.sound import front_end_of, likeliest
from genrelens.parallel import map_each

if TYPE_CHECKING:
    from genrelens.data.track import Track

Float64 = NDArray[np.float64]
Progress = Callable[[int, int], None]
T = TypeVar("T")

N_TRACKS = 50
MIN_TRACKS = 5
"""Fewer tracks than this are too few to judge a model by."""
SEED = 0
N_DRAWS = 5
"""How many random orders the control ``random`` is averaged over; one alone would add its luck to every comparison."""
DOMAINS: Final = ("time", "time-frequency")
RANDOM: Final = "random"
ATTENTION: Final = "attention"
RIVALS: Final = (ATTENTION, *CONTROLS)
"""What a method has to beat: raw attention, where the model has it, and maps that explain nothing."""
CLASSLESS: Final = (ATTENTION, "rollout", *CONTROLS)
"""Maps that are the same for every class."""

OWN_BASELINES: Final[Mapping[str, tuple[str, ...]]] = {
    **{method: (baseline,) for method, baseline in OCCLUSIONS.items()},
    IN_TURN: tuple(BASELINES),
    BOTH: tuple(BASELINES),
    INTEGRATED: ("silence",),
}
"""What a method was made with; it is judged by all others of ``methods.baselines.JUDGING_BASELINES``."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackCurves:
    """One track's curves, by (method, domain, baseline)."""

    id: str
    group: str
    genre: str
    curves: Mapping[tuple[str, str, str], Curves]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A judged sample: ``tracks`` in the sample's order, and ``left_out``, pairs of an id and why not."""

    tracks: tuple[TrackCurves, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def judging_baselines(methods: Sequence[str]) -> tuple[str, ...]:
    """The baselines that may judge one of the methods at least; rivals alone need no others."""
    explaining = [method for method in methods if method not in RIVALS] or [
        method for method in methods if method not in CONTROLS
    ]
    return tuple(
        baseline
        for baseline in JUDGING_BASELINES
        if not explaining or any(baseline not in OWN_BASELINES.get(method, ()) for method in explaining)
    )


def shared_baselines(methods: Sequence[str]) -> tuple[str, ...]:
    """The baselines that may judge each of the methods; empty where there is none."""
    own = {name for method in methods for name in OWN_BASELINES.get(method, ())}
    return tuple(name for name in judging_baselines(methods) if name not in own)


def sample(tracks: Sequence[Track], *, n: int = N_TRACKS, seed: int = SEED) -> tuple[Track, ...]:
    """``n`` of the tracks by chance, in the order of their ids; all where there are fewer."""
    ordered = sorted(tracks, key=lambda track: track.id)
    if len(ordered) <= n:
        return tuple(ordered)
    chosen = np.random.default_rng(seed).choice(len(ordered), n, replace=False)
    return tuple(ordered[i] for i in sorted(chosen))


def check_sample(tracks: Sequence[Track]) -> None:
    """Raise :class:`DataError` where there are too few tracks, or all are of one artist: no interval could be given."""
    if len(tracks) < MIN_TRACKS:
        raise DataError(
            f"{MIN_TRACKS} tracks at least are needed, this part of the data has {len(tracks)}; give another part"
        )
    if len({track.group for track in tracks}) < 2:
        raise DataError(
            f"all {len(tracks)} tracks are of one artist, {tracks[0].group!r}: intervals are over artists, so there "
            "are none; give another part"
        )


def methods_of(bundle: Bundle) -> tuple[str, ...]:
    """The methods that can be asked of a bundle, controls last. Gradients only where the network can be built again."""
    found = [*OCCLUSION_METHODS]
    try:
        from genrelens.explanation.network import network_of

        network_of(bundle)
        found += [method for method in GRADIENT_METHODS if method == INTEGRATED or bundle.has_attention]
    except GenrelensError:  # no [train], or no network of ours: occlusion is left
        pass
    if bundle.has_attention:
        found += ["attention", "rollout"]
    return (*found, *CONTROLS)


def judge_sample(
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    methods: Sequence[str],
    domains: Sequence[str] = DOMAINS,
    baselines: Sequence[str] | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> Judged:
    """The curves of every method on every track, for the class that the bundle finds likeliest.

    A track that cannot be judged does not cost the others their work: it is named, with the reason.

    Args:
        bundle: the model.
        tracks: of which sound is read.
        methods: and controls, by name.
        domains: some of :data:`DOMAINS`.
        baselines: what the maps are judged by; None for :func:`judging_baselines`. No method is judged by its own.
        n_workers: processes.
        progress: called with how many tracks are done, and of how many.
    """
    judge = partial(_judge_or_say, bundle, methods=methods, domains=domains, baselines=baselines)
    return Judged(*each_or_why(judge, tracks, n_workers=n_workers, progress=progress))


def each_or_why(
    function: Callable[[Track], T | str], tracks: Sequence[Track], *, n_workers: int, progress: Progress | None
) -> tuple[tuple[T, ...], tuple[tuple[str, str], ...]]:
    """What ``function`` makes of each track, in their order, and (id, why) of those of which it gives a reason."""
    found: dict[int, T] = {}
    problems: dict[int, str] = {}
    for i, made in map_each(function, tracks, n_workers=n_workers, died=_brought_down):
        if isinstance(made, str):
            problems[i] = made
        else:
            found[i] = made
        if progress is not None:
            progress(len(found) + len(problems), len(tracks))
    left_out = tuple((tracks[i].id, problems[i]) for i in sorted(problems))
    return tuple(found[i] for i in sorted(found)), left_out


def _brought_down(track: Track) -> str:
    return "it brought down the process that worked on it"


def judge_tracks(
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    methods: Sequence[str],
    domains: Sequence[str] = DOMAINS,
    baselines: Sequence[str] | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> tuple[TrackCurves, ...]:
    """As :func:`judge_sample`, of all tracks or none: raises :class:`DataError` naming those that cannot be judged."""
    judged = judge_sample(
        bundle, tracks, methods=methods, domains=domains, baselines=baselines, n_workers=n_workers, progress=progress
    )
    if judged.left_out:
        n, first = len(judged.left_out), ": ".join(judged.left_out[0])
        raise DataError(f"{n} of {len(tracks)} tracks cannot be judged, the first is {first}")
    return judged.tracks


def _judge_or_say(bundle: Bundle, track: Track, **asked: Any) -> TrackCurves | str:
    try:
        return judge_track(bundle, track, **asked)
    except GenrelensError as error:
        return str(error)


def judge_track(
    bundle: Bundle,
    track: Track,
    *,
    methods: Sequence[str],
    domains: Sequence[str] = DOMAINS,
    baselines: Sequence[str] | None = None,
) -> TrackCurves:
    """The curves of one track. Raises :class:`DataError` where it is silent."""
    heard = likeliest(Path(track.path), bundle=bundle)
    if heard is None:
        raise DataError("it is silent, there is nothing to explain")
    genre, sound = heard
    hearing = Hearing(bundle, sound.frames)
    stand_ins = {
        name: JUDGING_BASELINES[name](hearing.frames, hearing.front_end)
        for name in (judging_baselines(methods) if baselines is None else baselines)
    }
    parts_of = {"time": hearing.grid.segments, "time-frequency": hearing.grid.cells}
    made: dict[tuple[str, str, str], Curves] = {}
    for method in methods:
        scored = None if method in CONTROLS else score(method, hearing, genre=genre)
        for domain in domains:
            parts = parts_of[domain]
            if not parts:
                continue
            if scored is None:
                seeds = _seeds(method, track)
                maps = [control_scores(method, hearing, parts, seed=seed) for seed in seeds]
            else:
                found = scored.segments if domain == "time" else scored.cells
                maps = [] if found is None else [found.ravel()]
            for name, stand_in in stand_ins.items():
                if maps and name not in OWN_BASELINES.get(method, ()):
                    drawn = [curves(hearing, parts, one, genre=genre, baseline=stand_in) for one in maps]
                    made[method, domain, name] = drawn[0] if len(drawn) == 1 else mean_curves(drawn)
    return TrackCurves(track.id, track.group, bundle.names[genre], made)


def _seeds(control: str, track: Track) -> list[int]:
    """Seeds of a control's random orders, others for each track: else chance would pick the same moments in all."""
    if control != RANDOM:
        return [SEED]
    digests = (hashlib.sha256(f"{SEED} {draw} {track.id}".encode()) for draw in range(N_DRAWS))
    return [int.from_bytes(digest.digest()[:8]) for digest in digests]


def asked_methods(methods: Sequence[str] | None, *, bundle: Bundle) -> tuple[str, ...]:
    """What to judge: those methods and controls, each once, or all (None) that the bundle can be asked.

    Raw attention stands beside every method, where the bundle has it. Raises :class:`BundleError` unless the bundle
    can be asked each, and hears frames that can be taken out.
    """
    front_end_of(bundle)
    known = methods_of(bundle)
    asked = list(dict.fromkeys(known if methods is None else methods))
    for method in asked:
        if method not in known:
            raise BundleError(
                f"{bundle.name} has no method {method!r}; expected some of {', '.join(known)}", code="unknown_method"
            )
    if ATTENTION in known and ATTENTION not in asked and any(method not in CONTROLS for method in asked):
        asked.append(ATTENTION)
    return tuple(asked)


def as_json_rows(judged: Sequence[TrackCurves]) -> list[dict[str, Any]]:
    """A row for each track, method, domain and baseline; curves, average drop and increase with four decimals."""
    return [
        {
            "id": row.id,
            "group": row.group,
            "class": row.genre,
            "method": method,
            "domain": domain,
            "fill": baseline,
            "deletion": [round(float(p), 4) for p in found.deletion],
            "insertion": [round(float(p), 4) for p in found.insertion],
            "drop": round(found.drop, 4),
            "increase": round(found.increases, 4),
        }
        for row in judged
        for (method, domain, baseline), found in row.curves.items()
    ]
