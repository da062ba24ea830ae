"""Are a model's explanations true? Every method and control over a fixed sample of tracks, judged by several fills.

A method is never judged by the fill that it was made with: it would be asked what it was built to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import BundleError, DataError, GenrelensError
from genrelens.explain.bands import COARSE_EDGES_HZ, band_groups
from genrelens.explain.controls import CONTROLS, control_scores
from genrelens.explain.curves import Curves, curves
from genrelens.explain.fills import FILLS, JUDGES
from genrelens.explain.hearing import Hearing
from genrelens.explain.methods import (
    BOTH,
    GRADIENT_METHODS,
    IN_AND_OUT,
    INTEGRATED,
    OCCLUSION_METHODS,
    OCCLUSIONS,
    Scored,
    score,
)
from genrelens.explain.occlusion import CELLS_PER_STEP, cell_parts, segment_frames, time_parts
from genrelens.explain.sound import stretch
from genrelens.parallel import map_each

if TYPE_CHECKING:
    from genrelens.data.track import Track

Float64 = NDArray[np.float64]
Progress = Callable[[int, int], None]

N_TRACKS = 50
SEED = 0
DOMAINS: Final = ("time", "time-frequency")


OWN_FILLS: Final[Mapping[str, tuple[str, ...]]] = {
    **{method: (fill,) for method, fill in OCCLUSIONS.items()},
    BOTH: tuple(FILLS),
    IN_AND_OUT: tuple(FILLS),
    INTEGRATED: ("silence",),
}
"""What a method was made with; by all others of :data:`~genrelens.explain.fills.JUDGES` it is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackCurves:
    """One track's curves, by (method, domain, fill)."""

    id: str
    group: str
    genre: str
    curves: Mapping[tuple[str, str, str], Curves]


def judging_fills(methods: Sequence[str]) -> tuple[str, ...]:
    """The fills that may judge one of the methods at least: controls are worth nothing by others."""
    explaining = [method for method in methods if method not in CONTROLS]
    return tuple(
        fill
        for fill in JUDGES
        if not explaining or any(fill not in OWN_FILLS.get(method, ()) for method in explaining)
    )


def sample(tracks: Sequence[Track], *, n: int = N_TRACKS, seed: int = SEED) -> tuple[Track, ...]:
    """``n`` of the tracks by chance, in the order of their ids; all where there are fewer."""
    ordered = sorted(tracks, key=lambda track: track.id)
    if len(ordered) <= n:
        return tuple(ordered)
    chosen = np.random.default_rng(seed).choice(len(ordered), n, replace=False)
    return tuple(ordered[i] for i in sorted(chosen))


def methods_of(bundle: Bundle) -> tuple[str, ...]:
    """The methods that can be asked of a bundle, controls last. Gradients only where the network can be built again."""
    found = [*OCCLUSION_METHODS]
    try:
        from genrelens.explain.network import network_of

        network_of(bundle)
        found += [method for method in GRADIENT_METHODS if method == INTEGRATED or bundle.has_attention]
    except GenrelensError:  # no [train], or no network of ours: occlusion is left
        pass
    if bundle.has_attention:
        found += ["attention", "rollout"]
    return (*found, *CONTROLS)


def judge_tracks(
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    methods: Sequence[str],
    n_workers: int = 1,
    progress: Progress | None = None,
) -> tuple[TrackCurves, ...]:
    """The curves of every method on every track, for the class that the bundle finds likeliest.

    Raises :class:`DataError` naming the tracks that could not be judged: none is left out in silence.
    """
    found: dict[int, TrackCurves] = {}
    problems: list[str] = []
    for i, made in map_each(
        partial(_judge, bundle, tuple(methods)), tracks, n_workers=n_workers, died=_brought_down
    ):
        if isinstance(made, str):
            problems.append(f"{tracks[i].id}: {made}")
        else:
            found[i] = made
        if progress is not None:
            progress(len(found) + len(problems), len(tracks))
    if problems:
        raise DataError(
            f"{len(problems)} of {len(tracks)} tracks cannot be judged, the first is {problems[0]}"
        )
    return tuple(found[i] for i in range(len(tracks)))


def _judge(bundle: Bundle, methods: tuple[str, ...], track: Track) -> TrackCurves | str:
    try:
        return judge_track(bundle, track, methods=methods)
    except GenrelensError as error:
        return str(error)


def _brought_down(track: Track) -> str:
    return "it brought down the process that judged it"


def judge_track(bundle: Bundle, track: Track, *, methods: Sequence[str]) -> TrackCurves:
    """The curves of one track. Raises :class:`DataError` where it is silent."""
    prediction = bundle.predict(Path(track.path))
    if prediction.genre is None:
        raise DataError(f"{track.id} is silent, there is nothing to explain; take it out of the sample")
    genre = bundle.names.index(prediction.genre)
    hearing = Hearing(
        bundle, stretch(Path(track.path), bundle=bundle, prediction=prediction, genre=genre).frames
    )
    frames_per_s = hearing.front_end.sample_rate / hearing.front_end.hop_length
    edges = segment_frames(len(hearing.frames), frames_per_s=frames_per_s)
    fills = {name: JUDGES[name](hearing.frames, hearing.front_end) for name in judging_fills(methods)}
    parts = {"time": time_parts(edges)}
    coarse = band_groups(hearing.front_end, edges_hz=COARSE_EDGES_HZ)
    if len(coarse) > 1:
        parts["time-frequency"] = cell_parts(np.append(edges[:-1:CELLS_PER_STEP], edges[-1]), coarse)
    made: dict[tuple[str, str, str], Curves] = {}
    for method in methods:
        found = None if method in CONTROLS else score(method, hearing, genre=genre, edges=edges)
        for domain, its_parts in parts.items():
            scores = (
                control_scores(method, hearing, its_parts, seed=SEED)
                if found is None
                else _scores(found, domain)
            )
            if scores is None:
                continue
            for name, fill in fills.items():
                if name not in OWN_FILLS.get(method, ()):
                    made[method, domain, name] = curves(hearing, its_parts, scores, genre=genre, fill=fill)
    return TrackCurves(track.id, track.group, prediction.genre, made)


def _scores(found: Scored, domain: str) -> Float64 | None:
    if domain == "time":
        return found.segments
    return None if found.cells is None else found.cells.ravel()


def check_methods(methods: Sequence[str], *, bundle: Bundle) -> None:
    """Raise :class:`BundleError` unless each is a control or a method that the bundle can be asked."""
    known = methods_of(bundle)
    for method in methods:
        if method not in known:
            raise BundleError(
                f"{bundle.name} has no method {method!r}; expected some of {', '.join(known)}",
                code="unknown_method",
            )


def as_json_rows(judged: Sequence[TrackCurves]) -> list[dict[str, Any]]:
    """A row for each track, method, domain and fill; areas and curves with four decimals."""
    return [
        {
            "id": row.id,
            "group": row.group,
            "class": row.genre,
            "method": method,
            "domain": domain,
            "fill": fill,
            "deletion": [round(float(p), 4) for p in found.deletion],
            "insertion": [round(float(p), 4) for p in found.insertion],
        }
        for row in judged
        for (method, domain, fill), found in row.curves.items()
    ]
