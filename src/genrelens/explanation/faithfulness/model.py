"""All that is asked of one model's explanations: curves over a sample of tracks, and two checks of one method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens.bundle import Bundle
from genrelens.errors import DataError
from genrelens.explanation.faithfulness.report import FaithfulnessReport, build
from genrelens.explanation.faithfulness.sample import (
    CLASSLESS,
    MIN_TRACKS,
    Judged,
    asked_methods,
    check_sample,
    judge_sample,
    sample,
)
from genrelens.explanation.faithfulness.sanity import (
    Sanity,
    agreement,
    check_pairs,
    pairs,
    point,
    randomised,
    sanity_of,
)

if TYPE_CHECKING:
    from genrelens.data.track import Track

Counted = Callable[[str, int, int], None]
"""A function that progress is reported to: what is counted, how many are done, how many there are."""
N_SHUFFLED: Final = 20
"""Tracks whose maps are compared with those of the shuffled network."""


@dataclass(frozen=True, slots=True)
class Judging:
    """A model with a sample of tracks, the methods and controls to judge, and what the two checks need.

    ``method`` is the first that knows of classes, ``None`` where none does: it alone is checked, by ``spliced``
    pairs of tracks and by maps of the ``shuffled`` network.
    """

    bundle: Bundle
    tracks: tuple[Track, ...]
    methods: tuple[str, ...]
    method: str | None
    spliced: tuple[tuple[Track, Track], ...]
    shuffled: Bundle | None

    @classmethod
    def prepare(
        cls, bundle: Bundle, tracks: Sequence[Track], *, n: int, methods: Sequence[str] | None, folder: Path
    ) -> Judging:
        """Take a sample of ``n`` tracks (fixed by its size) and put the shuffled network into ``folder``.

        Whatever can be refused is refused here, before the minutes of work.
        """
        asked = tuple(asked_methods(methods, bundle=bundle))
        chosen = tuple(sample(tracks, n=n))
        check_sample(chosen)
        method = next((one for one in asked if one not in CLASSLESS), None)
        if method is None:
            return cls(bundle, chosen, asked, None, (), None)
        shuffled = randomised(bundle, seed=0, out=folder / "shuffled")
        spliced = pairs(tracks, n=n)
        check_pairs(bundle, spliced)
        return cls(bundle, chosen, asked, method, spliced, shuffled)

    def judged(self, *, n_workers: int, counted: Counted) -> Judged:
        """Judge every track. Raises :class:`DataError` where too few can be."""
        found = judge_sample(
            self.bundle,
            self.tracks,
            methods=self.methods,
            n_workers=n_workers,
            progress=lambda done, total: counted("tracks judged", done, total),
        )
        if len(found.tracks) < MIN_TRACKS:
            raise DataError(
                f"only {len(found.tracks)} of {len(self.tracks)} tracks could be judged, {MIN_TRACKS} at least are "
                f"needed; the first that could not is {': '.join(found.left_out[0])}"
            )
        return found

    def checked(self, *, counted: Counted) -> Sanity | None:
        """Does the method point at spliced music, and do its maps change when the weights are shuffled?"""
        if self.method is None or self.shuffled is None:
            return None
        # Of the whole sample by chance: its first are all of the genres that come first.
        compared = sample(self.tracks, n=N_SHUFFLED)
        pointings = point(
            self.bundle,
            self.spliced,
            method=self.method,
            progress=lambda done, total: counted("splices pointed at", done, total),
        )
        counted("maps compared with those of shuffled weights", 0, len(compared))
        agrees = agreement(self.bundle, self.shuffled, compared, method=self.method)
        groups = [track.group for track in compared]
        return sanity_of(self.method, pointings, agreement=agrees.tolist(), groups=groups)

    def report(self, judged: Judged, *, sampled: str, sanity: Sanity | None = None) -> FaithfulnessReport:
        """What the curves, and the checks where they have been made, say."""
        heard = set(self.bundle.manifest.training.trained_on)
        n_heard = sum(track.id in heard for track in self.tracks)
        notes = [f"{n_heard} of these tracks were among those that the model learnt from"] if n_heard else []
        if self.method is not None and sanity is None:
            notes.append("splices and shuffled weights have not been looked at: the run was stopped before its end")
        return build(
            judged.tracks,
            model=self.bundle.name,
            model_hash=self.bundle.hash,
            sample=sampled,
            sanity=sanity,
            notes=notes,
            left_out=judged.left_out,
        )
