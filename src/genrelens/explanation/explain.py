"""From a track and a model to an :class:`Explanation`: the one path that the shell, the page and Python take."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle, Prediction
from genrelens.bundle.track_term import MN04
from genrelens.explanation.explanation import Band, Explanation, ScoreMap, Segment
from genrelens.explanation.faithfulness.judging import judge, what_if
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES
from genrelens.explanation.methods.occlusion import Progress
from genrelens.explanation.methods.scoring import DEFAULT, OCCLUSIONS, Scored, check_method, score
from genrelens.explanation.parts import Edges, Grid
from genrelens.explanation.sound import LONGEST_S, Source, Stretch, check_several, front_end_of, stretch
from genrelens.explanation.tempo import tempo

FIRST_BASELINE = next(iter(BASELINES))
"""Where a method takes parts out with several baselines, the logits without a part are those by this one."""


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """A prediction and why: ``explanation`` and ``stretch`` are None where there is nothing but silence."""

    prediction: Prediction
    explanation: Explanation | None
    stretch: Stretch | None


def explain(
    source: Source,
    *,
    bundle: Bundle,
    genre: str | None = None,
    method: str = DEFAULT,
    sample_rate: int | None = None,
    longest_s: float = LONGEST_S,
    progress: Progress | None = None,
) -> Explained:
    """Why a model gives a track a genre.

    Args:
        source: a path, the bytes of a file, or samples ``(n,)`` or ``(n, channels)`` with their ``sample_rate`` in Hz.
        bundle: the model.
        genre: the class to explain, by its name or any alias; None for the likeliest, be it held back or not.
        method: ``occlusion-in-turn``, ``occlusion-both``, ``occlusion``, ``occlusion-silence``, and of models with
            attention ``attention``, ``attention-layer1-head1`` and the like, ``rollout``.
        sample_rate: Hz, of samples.
        longest_s: a longer track is explained over its most decisive stretch of this length, s.
        progress: called with how many parts are done, and of how many.

    Raises:
        TaxonomyError: the model has no such class.
        BundleError: ``no_attention``, ``unknown_method``, ``no_frames``, ``one_class``.
        AudioError: no sound can be had.
    """
    check_method(method, bundle=bundle)
    front_end_of(bundle)
    asked = None if genre is None else bundle.manifest.taxonomy.index(genre)
    check_several(bundle)
    prediction = bundle.predict(source, sample_rate=sample_rate)
    if prediction.guess is None:
        return Explained(prediction, None, None)
    target = bundle.names.index(prediction.guess) if asked is None else asked
    sound = stretch(
        source, bundle=bundle, prediction=prediction, genre=target, sample_rate=sample_rate, longest_s=longest_s
    )
    hearing = Hearing(bundle, sound.frames)
    if hearing.is_silent:  # a long silence in a file that has sound elsewhere
        return Explained(prediction, None, None)
    explanation = _explanation(
        hearing, sound, prediction=prediction, target=target, method=method, asked=asked, progress=progress
    )
    return Explained(prediction, explanation, sound)


def _explanation(
    hearing: Hearing,
    sound: Stretch,
    *,
    prediction: Prediction,
    target: int,
    method: str,
    asked: int | None,
    progress: Progress | None,
) -> Explanation:
    bundle, grid, names = hearing.bundle, hearing.grid, hearing.bundle.names
    found = score(method, hearing, genre=target, progress=progress)
    times_s = _times_s(grid.edges, sound=sound, frames_per_s=grid.frames_per_s)
    segments = [Segment(a, b, float(s)) for (a, b), s in zip(pairwise(times_s.tolist()), found.segments, strict=True)]
    bands = [
        Band(group.low_hz, group.high_hz, float(s))
        for group, s in zip(grid.groups if found.bands.size else (), found.bands, strict=True)
    ]
    probabilities = hearing.probabilities(hearing.logits)
    others = [i for i in np.argsort(-probabilities, kind="stable") if i != target]
    return Explanation(
        genre=names[target],
        method=method,
        unit=found.unit,
        segments=tuple(segments),
        bands=tuple(bands),
        cells=_cells(found, grid, sound=sound),
        probability=float(probabilities[target]),
        runner_up=(names[others[0]], float(probabilities[others[0]])) if others else None,
        faithfulness=judge(hearing, found.segments, genre=target, baseline=found.judged_by),
        what_if=None
        if found.without_segments is None or found.without_bands is None
        else what_if(
            hearing,
            [*segments, *bands],
            np.concatenate([found.without_segments, found.without_bands]),
            baseline=OCCLUSIONS.get(method, FIRST_BASELINE),
        ),
        tempo=tempo(sound.samples, sample_rate=hearing.front_end.sample_rate),
        start_s=sound.start_s,
        end_s=sound.end_s,
        duration_s=prediction.duration_s,
        model_name=prediction.model_name,
        model_hash=prediction.model_hash,
        notes=(*_notes(prediction, sound, target=names[target], asked=asked is not None, bundle=bundle), *found.notes),
    )


def _times_s(edges: Edges, *, sound: Stretch, frames_per_s: float) -> NDArray[np.float64]:
    """Edges in frames as edges in the file, s; the last is where the stretch ends."""
    times: NDArray[np.float64] = np.minimum(sound.start_s + edges / frames_per_s, sound.end_s)
    times[-1] = sound.end_s
    return times


def _cells(found: Scored, grid: Grid, *, sound: Stretch) -> ScoreMap | None:
    if found.cells is None:
        return None
    groups = grid.step_groups
    return ScoreMap(
        times_s=_times_s(grid.step_edges, sound=sound, frames_per_s=grid.frames_per_s),
        edges_hz=np.array([groups[0].low_hz, *(group.high_hz for group in groups)]),
        scores=found.cells,
    )


def _notes(prediction: Prediction, sound: Stretch, *, target: str, asked: bool, bundle: Bundle) -> tuple[str, ...]:
    notes = list(prediction.notes)
    if prediction.abstained:
        guess = "" if asked else f" This explains its likeliest guess, {target}, which it holds back: it is no answer."
        notes.append(f"{NO_ANSWER} ({_WHY[str(prediction.reason)]}).{guess}")
    if asked and target != prediction.guess:
        held = "held-back guess" if prediction.abstained else "answer"
        notes.append(
            f"{target} was asked for; the model's {held} is {prediction.guess}. Shown is what speaks for and "
            f"against {target}."
        )
    if target in bundle.manifest.experimental:
        notes.append(f"{target} is experimental in this model: how often it is right about it could not be measured.")
    if MN04 in bundle.manifest.track_numbers:
        notes.append("Explained is what the windows say; what mn04 adds for the whole track is left out.")
    if sound.end_s - sound.start_s < prediction.duration_s - 1:
        explained = _minutes(sound.end_s - sound.start_s)
        notes.append(
            f"The file is {_minutes(prediction.duration_s)} long. Explained are the {explained} "
            f"from {_clock(sound.start_s)} on in which the model finds most {target}, heard as a piece of their own."
        )
    return tuple(notes)


NO_ANSWER = "The model gives no answer for this piece"
"""How the note on a guess that is held back begins, so that a page that says so itself can leave the note out."""
_WHY = {
    "silence": "nothing but silence",
    "too_short": "less than a second of sound",
    "not_music": "it does not sound like music to the model",
    "outside_vocabulary": "its styles name it better than any genre that the model knows",
    "unlike_training": "it is unlike anything that the model was taught",
    "undecided": "too close to call",
}


def _minutes(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:02}:{whole % 60:02}" if hours else f"{whole // 60}:{whole % 60:02}"
