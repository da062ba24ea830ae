"""Which tracks a fingerprint is of, and hearing them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from genrelens.bundle import Bundle
from genrelens.errors import BundleError, GenrelensError, MissingExtraError
from genrelens.explanation.sound import front_end_of
from genrelens.parallel import map_each
from genrelens.profile.track import TrackPrint, print_track

if TYPE_CHECKING:
    from genrelens.data.track import Track

PER_GENRE: Final = 25


def check(bundle: Bundle) -> None:
    """Raise :class:`BundleError` where the model cannot be explained: it hears no frames, or knows one genre only."""
    front_end_of(bundle)
    if len(bundle.names) == 1 and not bundle.manifest.multi_label:
        raise BundleError(
            f"{bundle.name} knows one genre only, which it gives to everything: nothing could be its reason",
            code="one_class",
        )


def choose(tracks: Sequence[Track], *, per_genre: int = PER_GENRE, seed: int = 0) -> tuple[Track, ...]:
    """At most ``per_genre`` tracks of each genre by chance, of as many artists as there are, in the order of their ids.

    One of each artist, then a second of each, and so on: what is said of a genre rests on its artists.
    """
    by_genre: dict[str, list[Track]] = defaultdict(list)
    for track in sorted(tracks, key=lambda track: track.id):
        by_genre[track.genre].append(track)
    chosen: list[Track] = []
    for genre in sorted(by_genre):
        rng = np.random.default_rng(seed)
        its = by_genre[genre]
        rounds: dict[str, int] = defaultdict(int)
        ranked = []
        for at, i in enumerate(rng.permutation(len(its))):
            ranked.append((rounds[its[i].group], at, its[i]))
            rounds[its[i].group] += 1
        chosen += [track for _, _, track in sorted(ranked, key=lambda row: row[:2])[:per_genre]]
    return tuple(sorted(chosen, key=lambda track: track.id))


def collect(
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    tagger: Bundle,
    n_workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[TrackPrint, ...], tuple[tuple[str, str], ...]]:
    """The fingerprint of every track that has one, in their order, and (id, why) of those that have none."""
    found: dict[int, TrackPrint] = {}
    left_out: dict[int, str] = {}
    for i, made in map_each(partial(_print, bundle, tagger), tracks, n_workers=n_workers, died=_brought_down):
        if isinstance(made, str):
            left_out[i] = made
        else:
            found[i] = made
        if progress is not None:
            progress(len(found) + len(left_out), len(tracks))
    return (
        tuple(found[i] for i in sorted(found)),
        tuple((tracks[i].id, left_out[i]) for i in sorted(left_out)),
    )


def _print(bundle: Bundle, tagger: Bundle, track: Track) -> TrackPrint | str:
    # In a process of its own each bundle is another object, even where they are the same.
    tagger = bundle if tagger.hash == bundle.hash else tagger
    try:
        return print_track(bundle, track, tagger=tagger)
    except MissingExtraError:
        raise
    except GenrelensError as error:
        return str(error).removeprefix(f"{str(track.path)!r}: ")


def _brought_down(track: Track) -> str:
    return "it brought down the process that listened to it"
