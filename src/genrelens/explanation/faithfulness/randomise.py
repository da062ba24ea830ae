"""Parameter randomisation: a map that stays when the network's weights are shuffled explains nothing of the network.

Adebayo et al. 2018, "Sanity checks for saliency maps" (arXiv 1810.03292), section 3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle, write_bundle
from genrelens.errors import BundleError, MissingExtraError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.occlusion import segment_frames
from genrelens.explanation.methods.scoring import score
from genrelens.explanation.sound import stretch

if TYPE_CHECKING:
    from genrelens.data.track import Track

Float64 = NDArray[np.float64]

_WEIGHTS = (".weight", ".bias")


def randomised(bundle: Bundle, *, seed: int, out: Path) -> Bundle:
    """The same graph with the numbers of every weight in an order of chance, written to ``out`` and loaded.

    What a batch norm has counted stays, so that sound still goes through; without attention, whose graph is another.
    Raises :class:`BundleError` where the graph names no weights and :class:`MissingExtraError` without ``[train]``.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="shuffling a network's weights") from error
    model = onnx.load_from_string(bundle.graph)
    rng = np.random.default_rng(seed)
    n_shuffled = 0
    for entry in model.graph.initializer:
        values = numpy_helper.to_array(entry)
        # A dense layer's turned weight has lost its name; what has two axes and is real is one.
        if entry.name.endswith(_WEIGHTS) or (values.ndim == 2 and values.dtype == np.float32):
            shuffled = rng.permutation(values.ravel()).reshape(values.shape)
            entry.CopyFrom(numpy_helper.from_array(shuffled, entry.name))
            n_shuffled += 1
    if not n_shuffled:
        raise BundleError(
            f"{bundle.name} has no weights by name in its graph, so that nothing could be shuffled to see whether its "
            "maps depend on them; only maps that know of no class can be judged: --methods random,energy,onset"
        )
    manifest = dataclasses.replace(bundle.manifest, name=f"{bundle.name}-shuffled", files={})
    written = write_bundle(
        out, manifest=manifest, predict_onnx=model.SerializeToString(), attention_onnx=None, card="shuffled"
    )
    return Bundle.load(written)


def agreement(bundle: Bundle, other: Bundle, tracks: Sequence[Track], *, method: str) -> Float64:
    """Spearman's rank correlation of the two models' maps over time, ``(n,)``, for the first's likeliest class.

    NaN where a map is the same everywhere.
    """
    found = []
    for track in tracks:
        prediction = bundle.predict(Path(track.path))
        if prediction.genre is None:
            found.append(np.nan)
            continue
        genre = bundle.names.index(prediction.genre)
        frames = stretch(Path(track.path), bundle=bundle, prediction=prediction, genre=genre).frames
        maps = []
        for model in (bundle, other):
            hearing = Hearing(model, frames)
            front_end = hearing.front_end
            edges = segment_frames(len(frames), frames_per_s=front_end.sample_rate / front_end.hop_length)
            maps.append(score(method, hearing, genre=genre, edges=edges).segments)
        found.append(spearman(maps[0], maps[1]))
    return np.array(found)


def spearman(a: Float64, b: Float64) -> float:
    """Rank correlation, -1 to 1; equal values share their mean rank; NaN where one has no ranks to speak of.

    That is where all values are one, or one is no number.
    """
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("nan")
    first, second = _ranks(a), _ranks(b)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Float64) -> Float64:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Float64 = ((last - counts + 1 + last) / 2)[inverse]
    return ranks
