"""Learning somebody's own genres: tracks in, a model and its honest figures out."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.coverage import COVERAGE
from genrelens.bundle.pooling import sigmoid
from genrelens.bundle.store import read_bundle, write_bundle
from genrelens.data.track import MIN_TRACKS, Track, labels_of, under_supported
from genrelens.errors import BundleError, DataError, MissingExtraError
from genrelens.files import contents
from genrelens.library.learnt import Learned, own_card
from genrelens.library.pairs import poor_pairs
from genrelens.library.rows import Embedded, Progress, embed
from genrelens.library.task import Task, settled
from genrelens.metrics import fit_temperature
from genrelens.metrics.calibration import TEMPERATURE_RANGE

if TYPE_CHECKING:
    from genrelens.bundle.manifest import Manifest
    from genrelens.evaluation.multi_label import MultiLabelReport
    from genrelens.evaluation.report import Report
    from genrelens.recipe import TabularRecipe
    from genrelens.training.heads import HeadData

RECIPE: Final = "genrelens-base"
"""Whose features, scaler and penalty are taken: chosen on other music, so nothing is tuned on the user's."""

FloatArray = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _OutOfFold:
    """``probabilities (n, c)``, ``labels (n, c)`` and ``said (n, c)`` of the tracks, and the figures on them."""

    probabilities: FloatArray
    labels: NDArray[np.bool_]
    said: NDArray[np.bool_]
    report: Report | MultiLabelReport


def learn(
    task: Task,
    *,
    out: Path,
    cache: Path,
    seed: int = 0,
    leave_out_thin: bool = False,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> Learned:
    """Learn a task's genres and write a bundle to ``out``, a folder or, where its name ends in .zip, one file.

    Files that give no sound are left out and listed. Every figure is by cross-validation over artists. The same tracks
    and seed give the same model. Raises :class:`DataError` where too few tracks of a genre can be heard
    (``leave_out_thin`` leaves such genres out), :class:`BundleError` where ``out`` is something else than a model, and
    :class:`MissingExtraError` without the extra [train].
    """
    check_extra()
    check_out(out)
    from genrelens import recipe as recipes
    from genrelens.models.musicnn import read_weights
    from genrelens.training.calibrate import N_FOLDS
    from genrelens.training.heads import CALIBRATED_ON, HeadData

    heard = embed(task.tracks, cache=cache, n_workers=n_workers, progress=progress)
    task, rows, windows, n_repeats = _what_is_heard(task, heard, leave_out_thin=leave_out_thin)
    base = recipes.load(RECIPE)
    assert isinstance(base, recipes.TabularRecipe)
    recipe = dataclasses.replace(base, name=model_name(out), summary="a head for somebody's own genres")
    answers = _out_of_fold(task, rows, recipe=recipe, seed=seed)
    manifest, graph, all_right = _trained(task, HeadData(task.tracks, rows, windows), recipe=recipe, seed=seed)
    counts = Counter(genre for track in task.tracks for genre in track.all_genres)
    commonest = max(task.taxonomy.names, key=lambda name: counts[name])
    n_left_out, thin = len(heard.left_out), manifest.experimental
    learned = Learned(
        bundle=out,
        name=recipe.name,
        hash="",
        multi_label=task.multi_label,
        n_folds=N_FOLDS,
        seed=seed,
        report=answers.report,
        chance=(float(answers.labels.mean()) if task.multi_label else counts[commonest] / len(task.tracks)),
        commonest=commonest,
        n_unknown_artists=sum(track.artist is None for track in task.tracks),
        pairs=poor_pairs(
            answers.probabilities,
            labels=answers.labels,
            said=answers.said,
            names=task.taxonomy.names,
            groups=[track.group for track in task.tracks],
            seed=seed,
        ),
        left_out=tuple((track.id, why) for track, why in heard.left_out),
        warnings=_warnings(task, n_left_out=n_left_out, n_repeats=n_repeats, experimental=thin, all_right=all_right),
    )
    card = own_card(manifest, figures=learned.figures_text(), calibrated_on=CALIBRATED_ON, notice=read_weights().notice)
    write_bundle(out, manifest=manifest, predict_onnx=graph, card=card)
    return dataclasses.replace(learned, hash=read_bundle(out).hash)


def _what_is_heard(
    task: Task, heard: Embedded, *, leave_out_thin: bool
) -> tuple[Task, FloatArray, list[NDArray[np.float32]], int]:
    """The task without the files that give no sound, the rows and windows of its tracks, and the number of repeats."""
    if not heard.tracks:
        track, why = heard.left_out[0]
        raise DataError(
            f"none of the {len(heard.left_out)} files can be heard, the first is {track.id}: {why}", code="no_tracks"
        )
    place = {track.id: i for i, track in enumerate(heard.tracks)}
    known, n_repeats = one_recording(heard.tracks, heard.rows)
    unusable = Counter(genre for track, _ in heard.left_out for genre in track.all_genres)
    task = settled(dataclasses.replace(task, tracks=known), unusable=unusable, leave_out_thin=leave_out_thin)
    places = [place[track.id] for track in task.tracks]
    return task, heard.rows[places], [heard.windows[i] for i in places], n_repeats


def _trained(task: Task, data: HeadData, *, recipe: TabularRecipe, seed: int) -> tuple[Manifest, bytes, bool]:
    """The model of all tracks: its manifest and graph, and whether every answer out of fold was right, so that it is
    not calibrated."""
    from genrelens.training.heads import train_head
    from genrelens.training.run import Origin

    origin = Origin(task.taxonomy, task.dataset, "all that can be heard")
    with tempfile.TemporaryDirectory() as work:
        made = train_head(recipe, data, origin, out=Path(work) / "run", multi_label=task.multi_label, seed=seed)
        stored = read_bundle(made)
    manifest = stored.manifest
    all_right = _believable(manifest.temperature) != manifest.temperature
    if all_right:
        limits = dataclasses.replace(manifest.abstention, min_confidence=None)
        manifest = dataclasses.replace(manifest, temperature=1.0, conformal=None, abstention=limits)
    return manifest, stored.files["predict.onnx"], all_right


def one_recording(tracks: Sequence[Track], rows: FloatArray) -> tuple[tuple[Track, ...], int]:
    """The tracks, those that sound the same to the last bit as one recording of one artist, and the number of repeats.

    A copy on the other side of a fold would be known by heart. Copies in other formats are for ``genrelens audit``.
    """
    sounds = [row.tobytes() for row in rows]
    counts = Counter(sounds)
    first: dict[bytes, Track] = {}
    known = []
    for track, sound in zip(tracks, sounds, strict=True):
        original = first.setdefault(sound, track)
        if counts[sound] > 1:
            track = dataclasses.replace(
                track,
                recording=original.recording or f"the sound of {original.id}",
                artist=track.artist or original.artist or f"whoever made {original.id}",
            )
        known.append(track)
    return tuple(known), len(tracks) - len(first)


def model_name(out: Path) -> str:
    """What a model is called by its path: ``MY.bundle.zip`` -> ``MY``."""
    name = out.name
    for ending in (".zip", ".bundle"):
        name = name[: -len(ending)] if name.lower().endswith(ending) and len(name) > len(ending) else name
    return name


def check_extra() -> None:
    """One line that says what to install, before anything is heard."""
    try:
        import onnxscript  # noqa: F401
        import sklearn  # noqa: F401
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="learning") from error


def check_out(out: Path) -> None:
    """Refuse at the start what could not be written at the end. Raises :class:`BundleError`."""
    if not out.name:
        raise BundleError(f"{str(out)!r} is no name for a model; give one such as my.bundle")
    there = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    if there != out.absolute() and not (there.is_dir() and os.access(there, os.W_OK)):
        raise BundleError(f"{out}: cannot be written: {str(there)!r} is no folder that may be written to")
    if there != out.absolute() or (out.is_dir() and not contents(out)):
        return
    try:
        read_bundle(out)
    except BundleError as error:
        raise BundleError(f"{out}: something else than a model is there already; give another name") from error


def _out_of_fold(task: Task, rows: FloatArray, *, recipe: TabularRecipe, seed: int) -> _OutOfFold:
    from genrelens.bundle.heard import MULTI_LABEL_FROM
    from genrelens.evaluation.build import build_report
    from genrelens.evaluation.multi_label import build_multi_label_report
    from genrelens.evaluation.report import Subject, TrackRow
    from genrelens.training.calibrate import N_FOLDS, fit_sigmoid_temperature, probabilities_of
    from genrelens.training.heads import HeadData, out_of_fold_logits

    tracks, taxonomy = task.tracks, task.taxonomy
    labels = labels_of(tracks, taxonomy=taxonomy)
    logits = out_of_fold_logits(
        recipe, HeadData(tracks, rows, ()), taxonomy=taxonomy, multi_label=task.multi_label, seed=seed
    )
    subject = Subject(
        recipe.name,
        "-",
        dataset=task.dataset,
        names=taxonomy.names,
        part=f"out of fold, {N_FOLDS} folds by artist, seed {seed}",
        experimental=under_supported(taxonomy, tracks, every_genre=True),
        notes=("one temperature, fitted on these answers together",),
    )
    if task.multi_label:
        temperature = fit_sigmoid_temperature(logits, labels=labels)
        probabilities = sigmoid(logits, temperature=temperature)
        several = build_multi_label_report(probabilities, labels=labels, tracks=tracks, of=subject)
        return _OutOfFold(probabilities, labels, probabilities >= MULTI_LABEL_FROM, several)
    temperature = _believable(fit_temperature(logits, targets=labels.argmax(axis=1)))
    probabilities = probabilities_of(logits, temperature=temperature)
    answers = [
        TrackRow.answered(track.id, track.artist, taxonomy.canonical(track.genre), p, names=taxonomy.names)
        for track, p in zip(tracks, probabilities, strict=True)
    ]
    said = np.eye(len(taxonomy), dtype=np.bool_)[probabilities.argmax(axis=1)]
    return _OutOfFold(probabilities, labels, said, build_report(answers, subject))


def _believable(temperature: float) -> float:
    """1 in place of the least temperature there is, which only says that every answer was right: a model that is never
    wrong on 40 tracks would be "100 % sure" of everything."""
    return 1.0 if temperature <= 1.001 * TEMPERATURE_RANGE[0] else temperature


def _warnings(
    task: Task, *, n_left_out: int, n_repeats: int, experimental: Sequence[str], all_right: bool
) -> tuple[str, ...]:
    said = []
    if n_repeats:
        files = "1 file repeats" if n_repeats == 1 else f"{n_repeats} files repeat"
        said.append(
            f"{files} the sound of another; copies stay on one side of each fold. genrelens audit names them, and "
            "copies in other formats, which would flatter the figures"
        )
    unknown = sum(track.artist is None for track in task.tracks)
    if unknown:
        said.append(
            f"{unknown} of {len(task.tracks)} tracks have no known artist and each counts as an artist of its own: "
            "where songs of one artist stood on both sides, the figures are flattered. Artist tags, or a column artist "
            "in a table, mend that"
        )
    if n_left_out:
        files = "1 file gives" if n_left_out == 1 else f"{n_left_out} files give"
        said.append(f"{files} no sound to learn from")
    n_artists = len({track.group for track in task.tracks})
    if not (all_right or task.multi_label) and n_artists / (n_artists + 1) < COVERAGE:
        said.append(
            f"with {n_artists} artists prediction sets hold every genre from a coverage of "
            f"{n_artists / (n_artists + 1):.2f} on, and so at the usual {COVERAGE:g}"
        )
    if all_right:
        said.append(
            "every answer was right, so nothing shows how sure the model may be: its percentages are not calibrated, "
            "and it gives no prediction sets"
        )
    if experimental:
        said.append(
            f"experimental, with fewer than {MIN_TRACKS} tracks, and not to be relied on: {', '.join(experimental)}"
        )
    return tuple(said)
