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
from typing import Any, Final

import numpy as np

from genrelens import __version__
from genrelens.bundle import Bundle, write_bundle
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.explanation.faithfulness.judging import CONTROLS
from genrelens.explanation.faithfulness.report import Difference, difference, method_row
from genrelens.explanation.faithfulness.sample import judge_tracks, methods_of, shared_baselines
from genrelens.explanation.faithfulness.sanity import GUEST_S, agreement, pairs, point, sanity_of
from genrelens.explanation.methods.scoring import BOTH, RELEVANCE
from genrelens.explanation.network import network_of
from genrelens.explanation.sound import front_end_of, read
from genrelens.files import write_whole
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.parallel import n_cores
from genrelens.schema import decode, encode, json_text, parse, read_text

SCHEMA: Final = "genrelens.attention-judged/1"
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
class Areas:
    """Mean areas of a map's curves over the clips, 0 to 1: ``deletion`` is low where the map is true, ``insertion``
    high."""

    name: str
    deletion: Interval
    insertion: Interval


@dataclass(frozen=True, slots=True)
class Pointed:
    """How often a map's highest second lies in the stretch of another genre, of ``n``; ``even``: pointing blindly."""

    name: str
    hits: Interval
    even: float
    n: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The mean rank correlation of a map with that of networks whose weights are shuffled."""

    name: str
    rank: Interval


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checks found.

    Attributes:
        maps: the names of what was judged, raw attention first and occlusion last.
        fills: the baselines: what stood in the place of what was taken out.
        n_clips, n_artists: what the areas rest on.
        areas: of every map, and of the controls.
        differences: each map against each control, and against occlusion, clip by clip.
        pointed: of every map; empty where the clips are too short to be spliced.
        kept: of the maps of attention; empty where the network cannot be built again.
        n_shuffled: clips that ``kept`` rests on.
    """

    maps: tuple[str, ...]
    fills: tuple[str, ...]
    n_clips: int
    n_artists: int
    areas: tuple[Areas, ...]
    differences: tuple[Difference, ...]
    pointed: tuple[Pointed, ...]
    kept: tuple[Kept, ...]
    n_shuffled: int

    def against(self, name: str, other: str) -> Difference:
        """One of the differences."""
        return next(one for one in self.differences if (one.method, one.against) == (name, other))

    def areas_of(self, name: str) -> Areas:
        """A map's, or a control's."""
        return next(one for one in self.areas if one.name == name)

    def pointed_of(self, name: str) -> Pointed | None:
        """A map's; None where no splices were asked of it."""
        return next((one for one in self.pointed if one.name == name), None)

    def kept_of(self, name: str) -> Interval | None:
        """A map's; None where it was not asked of a shuffled network."""
        return next((one.rank for one in self.kept if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: whoever asks the same gets the same. ``sizes`` are the numbers of clips, splices and shuffles."""

    model_hash: str
    seed: int
    ids: tuple[str, ...]
    maps: tuple[str, ...]
    sizes: tuple[int, ...]
    genrelens: str


def write_judged(path: Path, asked: Asked, judged: Judged) -> None:
    """Keep what was found."""
    document: dict[str, Any] = {"schema": SCHEMA, "asked": encode(asked), **encode(judged)}
    write_whole(path, json_text(document))


def read_judged(path: Path, asked: Asked) -> Judged | None:
    """What was found when the same was asked; None where nothing was, or something else."""
    if not path.is_file():
        return None
    source = f"the checks of attention {str(path)!r}"
    try:
        document = parse(read_text(path, what="file"), schema=SCHEMA, source=source)
        if decode(Asked, document.pop("asked", None), where=source) != asked:
            return None
        found: Judged = decode(Judged, document, where=source)
    except DataError:  # of another version, or not whole: it is asked again, and written anew
        return None
    return found


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
        found = _judge(bundle, tracks, maps, seed=seed, folder=Path(folder), say=say)
    if file is not None:
        write_judged(file, asked, found)
    return found


def _judge(
    bundle: Bundle, tracks: Sequence[Track], maps: tuple[str, ...], *, seed: int, folder: Path, say: Say
) -> Judged:
    cut = cut_to_window(bundle, tracks, folder=folder / "clips")
    chosen = spread(cut, n_per_genre=N_PER_GENRE)
    fills = shared_baselines(maps)
    judged = judge_tracks(
        bundle,
        chosen,
        methods=(*maps, *CONTROLS),
        domains=(_TIME,),
        baselines=fills,
        n_workers=n_cores(),
        progress=lambda done, total: say(f"judging attention: clip {done} of {total}"),
    )
    rows = [method_row(judged, name, _TIME, baselines=fills) for name in (*maps, *CONTROLS)]
    shuffles = spread(chosen, n_per_genre=1)
    return Judged(
        maps=maps,
        fills=fills,
        n_clips=len(judged),
        n_artists=len({row.group for row in judged}),
        areas=tuple(Areas(row.method, row.deletion, row.insertion) for row in rows),
        # In faithfulness's own report raw attention is what is to be beaten; here it is on trial.
        differences=tuple(
            difference(judged, name, other, _TIME, baselines=fills)
            for name in maps
            for other in (*CONTROLS, BOTH)
            if name != other
        ),
        pointed=_pointed(bundle, cut, maps, seed=seed, say=say),
        kept=_kept(bundle, shuffles, maps, seed=seed, folder=folder, say=say),
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


def _pointed(
    bundle: Bundle, tracks: Sequence[Track], maps: Sequence[str], *, seed: int, say: Say
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


def _kept(
    bundle: Bundle, tracks: Sequence[Track], maps: Sequence[str], *, seed: int, folder: Path, say: Say
) -> tuple[Kept, ...]:
    """Of each map of attention, each clip's agreement being the mean over shuffles; occlusion, which costs more than
    all others, is not asked."""
    if RELEVANCE not in maps:
        return ()
    found: dict[str, list[list[float]]] = {name: [] for name in maps if name != BOTH}
    for k in range(N_SHUFFLES):
        say(f"shuffled weights: {k + 1} of {N_SHUFFLES}")
        other = shuffled(bundle, seed=seed + k, out=folder / f"shuffled-{k}")
        for name, rows in found.items():
            rows.append(agreement(bundle, other, tracks, method=name).tolist())
    return tuple(Kept(name, _mean(np.mean(rows, axis=0).tolist(), tracks)) for name, rows in found.items())


def _mean(values: Sequence[float], tracks: Sequence[Track]) -> Interval:
    kept = [(value, track.group) for value, track in zip(values, tracks, strict=True) if value == value]
    if not kept:
        return Interval(float("nan"), float("nan"), float("nan"))
    return grouped_bootstrap(mean_statistic([v for v, _ in kept]), groups=[g for _, g in kept], seed=0)


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
