"""Two checks of a method's maps: do they point at 5 s of another genre, do they change when weights are shuffled?

Splices: after the pointing game of Zhang et al. 2016 (arXiv 1608.00507), where a hit is a highest part inside the known
place. Shuffled weights: a map that stays the same explains nothing of the network (Adebayo et al. 2018, "Sanity checks
for saliency maps", arXiv 1810.03292, section 3).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle, write_bundle
from genrelens.errors import AudioError, BundleError, DataError, MissingExtraError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.scoring import score
from genrelens.explanation.sound import front_end_of, likeliest, read, read_with_rate
from genrelens.frontend.frames import frames_of
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.metrics.permutation import spearman

if TYPE_CHECKING:
    from genrelens.data.track import Track

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

GUEST_S: Final = 5.0
FADE_S: Final = 0.05
N_PAIRS: Final = 50
_LEAST_RMS = 1e-6
_SLACK_S = 0.01
"""Tolerance on the length of a track, since resampling may drop a sample."""
_WEIGHTS = (".weight", ".bias")
SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Pointing:
    """One splice: ``at_s`` is where the guest begins in the host, ``pointed_s`` the middle of the map's highest
    segment; ``even`` is the share of the segments that lie in the guest, which is what pointing blindly would hit."""

    host: str
    guest: str
    genre: str
    group: str
    at_s: float
    pointed_s: float
    even: float

    @property
    def hit(self) -> bool:
        """Whether the map points into the guest."""
        return self.at_s <= self.pointed_s <= self.at_s + GUEST_S


def splice(host: Float32, guest: Float32, *, at: int, sample_rate: int) -> Float32:
    """``host`` with ``guest`` in its place from sample ``at`` on, as loud as the host, with cross-fades at both ends.

    Raises ``ValueError`` where the guest would reach over an end.
    """
    if at < 0 or at + len(guest) > len(host):
        raise ValueError(f"{len(guest)} samples from {at} on do not fit into {len(host)}")
    levels = [float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) for sound in (host, guest)]
    gain = levels[0] / max(levels[1], _LEAST_RMS)
    fade = min(round(FADE_S * sample_rate), len(guest) // 2)
    share = np.ones(len(guest), np.float32)
    if fade:
        ramp = (np.arange(fade, dtype=np.float32) + 0.5) / fade
        share[:fade], share[-fade:] = ramp, ramp[::-1]
    spliced = host.copy()
    place = slice(at, at + len(guest))
    spliced[place] = host[place] * (1 - share) + guest * np.float32(gain) * share
    return spliced


def pairs(tracks: Sequence[Track], *, n: int = N_PAIRS, seed: int = 0) -> tuple[tuple[Track, Track], ...]:
    """``n`` pairs of a host and a guest of another genre by chance; a track may come more than once.

    Raises :class:`DataError` where all tracks are of one genre.
    """
    ordered = sorted(tracks, key=lambda track: track.id)
    if len({track.genre for track in ordered}) < 2:
        raise DataError("splices need tracks of two genres at least; give a part of the data that has them")
    rng = np.random.default_rng(seed)
    made: list[tuple[Track, Track]] = []
    while len(made) < n:
        host, guest = (ordered[int(i)] for i in rng.choice(len(ordered), 2, replace=False))
        if host.genre != guest.genre:
            made.append((host, guest))
    return tuple(made)


def check_pairs(bundle: Bundle, chosen: Sequence[tuple[Track, Track]]) -> None:
    """Raise :class:`DataError` early for whatever :func:`point` would refuse; reads only the beginning of each track.

    A guest's genre has to be one of the bundle's, and both tracks have to be readable and twice as long as a guest.
    """
    names = bundle.manifest.taxonomy
    unknown = sorted({guest.genre for _, guest in chosen if guest.genre not in names})
    if unknown:
        raise DataError(
            f"splices ask {bundle.name} for the genre of the guest, and it does not know {', '.join(unknown)}; give "
            f"music of its genres ({', '.join(names.names)}), or only methods that know of no class"
        )
    for track in {track.id: track for pair in chosen for track in pair}.values():
        try:
            sound, rate = read_with_rate(Path(track.path), start_s=0.0, end_s=2 * GUEST_S, sample_rate=None)
        except AudioError as error:
            raise DataError(f"{track.id} cannot be spliced: {error}; take it out of the data or mend it") from error
        _check_length(track, len(sound) / rate)


def _check_length(track: Track, seconds: float) -> None:
    if seconds < 2 * GUEST_S - _SLACK_S:
        raise DataError(
            f"{track.id} lasts {seconds:.1f} s and should last {2 * GUEST_S:g} s at least to be spliced; take it out "
            "of the data, or give only methods that know of no class"
        )


def point(
    bundle: Bundle,
    chosen: Sequence[tuple[Track, Track]],
    *,
    method: str,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Pointing, ...]:
    """Where the map of the guest's genre points, for each pair. Raises :class:`DataError` on tracks too short."""
    front_end = front_end_of(bundle)
    rate = front_end.sample_rate
    rng = np.random.default_rng(seed)
    found = []
    for i, (host, guest) in enumerate(chosen):
        if progress is not None:
            progress(i, len(chosen))
        sounds = [read(Path(t.path), start_s=0.0, end_s=60.0, sample_rate=rate) for t in (host, guest)]
        n_guest = round(GUEST_S * rate)
        for track, sound in zip((host, guest), sounds, strict=True):
            _check_length(track, len(sound) / rate)
        at = int(rng.integers(len(sounds[0]) - n_guest + 1))
        first = int(rng.integers(len(sounds[1]) - n_guest + 1))
        whole = splice(sounds[0], sounds[1][first : first + n_guest], at=at, sample_rate=rate)
        hearing = Hearing(bundle, frames_of(whole, settings=front_end))
        if hearing.is_silent:  # the guest is as loud as its host
            raise DataError(f"{host.id} is silent and cannot be spliced; take it out of the data")
        genre = bundle.manifest.taxonomy.index(guest.genre)
        scores = score(method, hearing, genre=genre).segments
        edges, frames_per_s = hearing.grid.edges, hearing.grid.frames_per_s
        middles_s = (edges[:-1] + edges[1:]) / 2 / frames_per_s
        at_s = at / rate
        inside = (middles_s >= at_s) & (middles_s <= at_s + GUEST_S)
        found.append(
            Pointing(
                host.id,
                guest.id,
                guest.genre,
                guest.group,
                at_s,
                float(middles_s[int(np.nanargmax(scores))]),
                float(inside.mean()),
            )
        )
    return tuple(found)


def randomised(bundle: Bundle, *, seed: int, out: Path) -> Bundle:
    """The same graph with the numbers of every weight shuffled, written to ``out`` and loaded.

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
            "maps depend on them; only maps that know of no class can be judged: random, energy, onset"
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
        heard = likeliest(Path(track.path), bundle=bundle)
        if heard is None:
            found.append(np.nan)
            continue
        genre, sound = heard
        hearings = [Hearing(model, sound.frames) for model in (bundle, other)]
        found.append(spearman(*(score(method, hearing, genre=genre).segments for hearing in hearings)))
    return np.array(found)


@dataclass(frozen=True, slots=True)
class Sanity:
    """Two checks of one method: spliced-genre pointing, and whether its maps stay when the weights are shuffled.

    ``hits`` is the share of splices whose map points into the guest, ``even`` what pointing blindly would hit;
    ``agreement`` the mean rank correlation of the maps with those of the shuffled network, over ``n_agreement`` tracks,
    1 where nothing changes; None where no map could be compared, since one of the two is the same everywhere.
    """

    method: str
    pointings: tuple[Pointing, ...]
    hits: Interval
    even: float
    agreement: Interval | None
    n_agreement: int


def sanity_of(
    method: str, pointings: Sequence[Pointing], *, agreement: Sequence[float] | None, groups: Sequence[str]
) -> Sanity:
    """The checks of a method with intervals: of the hits over the guests' artists, of the agreement over ``groups``.

    Without ``pointings`` the hits are NaN.
    """
    guests = [one.group for one in pointings]
    hits = Interval(math.nan, math.nan, math.nan)
    if pointings:
        hits = grouped_bootstrap(mean_statistic([float(one.hit) for one in pointings]), groups=guests, seed=SEED)
    both = [] if agreement is None else zip(agreement, groups, strict=True)
    known = [(value, group) for value, group in both if value == value]
    agrees = None
    if known:
        values, its = zip(*known, strict=True)
        agrees = grouped_bootstrap(mean_statistic(values), groups=its, seed=SEED)
    even = float(np.mean([one.even for one in pointings])) if pointings else math.nan
    return Sanity(method, tuple(pointings), hits, even, agrees, len(known))
