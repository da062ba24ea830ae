"""What explain's own checks say of a network's attention: areas over time, splices, and shuffled weights.

Every map is judged as ``genrelens faithfulness`` judges (:mod:`genrelens.explanation.faithfulness`), on clips that are
cut to the one window that the network hears of them, over time alone (attention has no frequencies), and by the
baselines that no map of all was made with, so that all are judged alike. Judging takes minutes and depends on the
network, the clips and the checks alone, so the outcome is kept in a file beside the training.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from genrelens import __version__
from genrelens.bundle import Bundle, write_bundle
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.explanation.faithfulness.judging import CONTROLS
from genrelens.explanation.faithfulness.report import Difference, MethodRow, difference, method_row
from genrelens.explanation.faithfulness.sample import judge_tracks, methods_of, shared_baselines
from genrelens.explanation.faithfulness.sanity import GUEST_S, Pointing, Sanity, agreement, pairs, point, sanity_of
from genrelens.explanation.methods.scoring import BOTH, RELEVANCE
from genrelens.explanation.network import network_of
from genrelens.explanation.sound import front_end_of, read
from genrelens.files import write_whole
from genrelens.parallel import n_cores
from genrelens.schema import Document

FILE: Final = "attention-judged.json"
N_PER_GENRE: Final = 2
"""Clips of each genre that are judged: about half a minute each on one core for two layers over 1290 frames, of which
a pass takes 22 ms."""
N_SPLICES: Final = 16
N_SHUFFLES: Final = 2
RAW: Final = "attention"
_TIME: Final = "time"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: whoever asks the same gets the same. ``sizes`` are the numbers of clips, splices and shuffles."""

    model_hash: str
    seed: int
    ids: tuple[str, ...]
    maps: tuple[str, ...]
    sizes: tuple[int, ...]
    genrelens: str


@dataclass(frozen=True, slots=True)
class Judged(Document):
    """What the checks found.

    Attributes:
        asked: what was asked; its ``maps`` are what was judged, raw attention first and occlusion last.
        baselines: what stood in the place of what was taken out.
        n_clips, n_artists: what the areas rest on.
        areas: of every map, and of the controls.
        differences: each map against each control, and against occlusion, clip by clip.
        sanity: of every map, splices and shuffled weights: no ``pointings`` where the clips are too short to be
            spliced, no ``agreement`` where the weights were not shuffled.
        n_shuffled: clips that were asked of shuffled networks; 0 where the network cannot be built again.
    """

    SCHEMA: ClassVar[str] = "genrelens.attention-judged/2"
    WHAT: ClassVar[str] = "checks of attention"

    asked: Asked
    baselines: tuple[str, ...]
    n_clips: int
    n_artists: int
    areas: tuple[MethodRow, ...]
    differences: tuple[Difference, ...]
    sanity: tuple[Sanity, ...]
    n_shuffled: int

    def against(self, name: str, other: str) -> Difference:
        """One of the differences."""
        return next(one for one in self.differences if (one.method, one.against) == (name, other))

    def sanity_of(self, name: str) -> Sanity:
        """The two checks of a map."""
        return next(one for one in self.sanity if one.method == name)


def read_judged(path: Path, asked: Asked) -> Judged | None:
    """What was found when the same was asked; None where nothing was, or something else."""
    try:
        found = Judged.read(path)
    except DataError:  # not there, of another version, or not whole: it is asked again, and written anew
        return None
    return found if found.asked == asked else None


def judge(bundle: Bundle, tracks: Sequence[Track], *, n_layers: int, seed: int, file: Path | None, say: Say) -> Judged:
    """Judge the maps of a network: raw attention, each layer's, rollout, attention by its gradient where that can be
    had, and occlusion.

    The curves are of :data:`N_PER_GENRE` of the ``tracks`` of each genre. What ``file`` keeps of the same is taken.
    """
    layers = (f"attention-layer{layer + 1}" for layer in range(n_layers))
    gradient = (RELEVANCE,) if RELEVANCE in methods_of(bundle) else ()
    maps = (RAW, *layers, "rollout", *gradient, BOTH)
    sizes = (N_PER_GENRE, N_SPLICES, N_SHUFFLES)
    asked = Asked(bundle.hash, seed, tuple(track.id for track in tracks), maps, sizes, __version__)
    known = None if file is None else read_judged(file, asked)
    if known is not None:
        say(f"what explain's judge said stands in {file} and is taken as it is")
        return known
    with tempfile.TemporaryDirectory() as folder:
        found = _judge(bundle, tracks, asked, folder=Path(folder), say=say)
    if file is not None:
        write_whole(file, found.to_json())
    return found


def _judge(bundle: Bundle, tracks: Sequence[Track], asked: Asked, *, folder: Path, say: Say) -> Judged:
    maps = asked.maps
    cut = cut_to_window(bundle, tracks, folder=folder / "clips")
    chosen = spread(cut, n_per_genre=N_PER_GENRE)
    baselines = shared_baselines(maps)
    judged = judge_tracks(
        bundle,
        chosen,
        methods=(*maps, *CONTROLS),
        domains=(_TIME,),
        baselines=baselines,
        n_workers=n_cores(),
        progress=lambda done, total: say(f"judging attention: clip {done} of {total}"),
    )
    # Occlusion, which costs more than all others, is not asked of shuffled networks.
    shuffles = spread(chosen, n_per_genre=1) if RELEVANCE in maps else ()
    others = [
        shuffled(bundle, seed=asked.seed + k, out=folder / f"shuffled-{k}") for k in range(N_SHUFFLES) if shuffles
    ]
    return Judged(
        asked=asked,
        baselines=baselines,
        n_clips=len(judged),
        n_artists=len({row.group for row in judged}),
        areas=tuple(method_row(judged, name, _TIME, baselines=baselines) for name in (*maps, *CONTROLS)),
        # In faithfulness's own report raw attention is what is to be beaten; here it is on trial.
        differences=tuple(
            difference(judged, name, other, _TIME, baselines=baselines)
            for name in maps
            for other in (*CONTROLS, BOTH)
            if name != other
        ),
        sanity=tuple(
            _sanity(
                bundle, cut, name, others=() if name == BOTH else others, shuffles=shuffles, seed=asked.seed, say=say
            )
            for name in maps
        ),
        n_shuffled=len(shuffles),
    )


def cut_to_window(bundle: Bundle, tracks: Sequence[Track], *, folder: Path) -> tuple[Track, ...]:
    """The same tracks as files of their first window alone: a clip of 30.0 s is a few frames longer than 1290."""
    import soundfile

    windows, front_end = bundle.manifest.windows, front_end_of(bundle)
    assert windows is not None
    rate = front_end.sample_rate
    longest_s = (windows.n_frames - 1) * front_end.hop_length / rate  # frame 0 is centred on 0 s
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


def _sanity(
    bundle: Bundle,
    tracks: Sequence[Track],
    name: str,
    *,
    others: Sequence[Bundle],
    shuffles: Sequence[Track],
    seed: int,
    say: Say,
) -> Sanity:
    """Splices of the ``tracks`` and, over the ``shuffles``, each clip's mean agreement with the shuffled ``others``."""
    import soundfile

    say(f"splices and shuffled weights: {name}")
    long = [track for track in tracks if soundfile.info(track.path).duration >= 2 * GUEST_S]
    pointings: tuple[Pointing, ...] = ()
    if len({track.genre for track in long}) > 1:
        pointings = point(bundle, pairs(long, n=N_SPLICES, seed=seed), method=name, seed=seed)
    agrees = None
    if others:
        agrees = np.mean([agreement(bundle, other, shuffles, method=name) for other in others], axis=0).tolist()
    return sanity_of(name, pointings, agreement=agrees, groups=[track.group for track in shuffles])


def shuffled(bundle: Bundle, *, seed: int, out: Path) -> Bundle:
    """The same network with the numbers of every weight in an order of chance, written to ``out`` and loaded.

    Maps that stay the same have not been learnt (Adebayo et al. 2018, "Sanity checks for saliency maps",
    arXiv 1810.03292). :func:`genrelens.explanation.faithfulness.sanity.randomised` does the same to the graph that
    predicts, which gives no attention. Positions, which are no weights, and what a norm has counted stay. Raises
    :class:`BundleError` where the network cannot be built again from its graph.
    """
    import torch

    from genrelens.training.export import attention_onnx, predict_onnx

    network = network_of(bundle)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for weights in network.parameters():
            flat = rng.permutation(weights.numpy().ravel())
            weights.copy_(torch.from_numpy(flat.reshape(weights.shape)))
    windows, front_end = bundle.manifest.windows, front_end_of(bundle)
    assert windows is not None
    shape = {"n_frames": windows.n_frames, "n_mels": front_end.n_bands}
    written = write_bundle(
        out,
        manifest=dataclasses.replace(bundle.manifest, name=f"{bundle.name}-shuffled", files={}),
        predict_onnx=predict_onnx(network, input_name=front_end.input_name, **shape),
        attention_onnx=attention_onnx(network, input_name=front_end.input_name, **shape),
        card="shuffled",
    )
    return Bundle.load(written)
