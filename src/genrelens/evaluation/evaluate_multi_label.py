"""An evaluation of a model that gives a piece several genres: every genre of a track counts, not the first alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, TaxonomyError
from genrelens.evaluation.evaluate import Model, Progress, _answer, _seen_notes, _split_notes
from genrelens.evaluation.multi_label import MultiLabelReport, build_multi_label_report


def evaluate_multi_label(
    bundle: Model,
    tracks: Sequence[Track],
    *,
    split: Split | None = None,
    part: str | None = None,
    seen: bool = False,
    progress: Progress | None = None,
) -> MultiLabelReport:
    """As :func:`genrelens.evaluation.evaluate.evaluate`, for a ``multi_label`` bundle.

    A genre is said where its probability reaches the threshold, whether the model held its answer back or not. Raises
    what ``evaluate`` raises, and :class:`DataError` where no track has an answer.
    """
    manifest = bundle.manifest
    if not tracks:
        raise DataError("there is nothing to evaluate: expected at least one track, got none")
    strangers = sorted({g for track in tracks for g in track.all_genres if g not in manifest.taxonomy})
    if strangers:
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        raise TaxonomyError(
            f"the tracks have genres that the model {manifest.name!r} does not know: {', '.join(strangers[:5])}{more}; "
            f"it knows {', '.join(manifest.taxonomy.names)}. Choose a model trained for them, or give "
            "data without those tracks"
        )
    notes = [
        *_seen_notes(tracks, training=manifest.training, model=manifest.name, seen=seen),
        *_split_notes(tracks, split=split, part=part),
    ]
    answered, probabilities, failed = [], [], []
    for i, track in enumerate(tracks):
        if progress is not None:
            progress(i, len(tracks))
        row, _ = _answer(bundle, track, genre=track.genre)
        if row.probabilities is None:
            failed.append((track.id, row.failure.message if row.failure else f"no guess: {row.reason}"))
        else:
            answered.append(track)
            probabilities.append(row.probabilities)
    if progress is not None:
        progress(len(tracks), len(tracks))
    if not answered:
        raise DataError(
            f"no track has an answer, the first is {failed[0][0]}: {failed[0][1]}", code="no_tracks"
        )
    labels = np.zeros((len(answered), len(manifest.taxonomy)), dtype=np.bool_)
    for i, track in enumerate(answered):
        labels[i, [manifest.taxonomy.index(genre) for genre in track.all_genres]] = True
    return build_multi_label_report(
        np.array(probabilities, dtype=np.float64),
        labels=labels,
        ids=[track.id for track in answered],
        artists=[track.artist for track in answered],
        names=manifest.taxonomy.names,
        model=manifest.name,
        model_hash=bundle.hash,
        dataset="+".join(sorted({track.dataset for track in tracks})),
        part="all tracks" if split is None else f"split {split.name}, part {part}",
        experimental=manifest.experimental,
        notes=notes,
        failed=failed,
    )
