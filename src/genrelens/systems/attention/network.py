"""The whole attention study of one network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from genrelens.bundle import Bundle
from genrelens.data.track import Track
from genrelens.features.frame_cache import FrameCache
from genrelens.systems.attention.findings import says_fills, says_judged, says_truest, says_whether
from genrelens.systems.attention.judge import judge
from genrelens.systems.attention.judged import Judged
from genrelens.systems.attention.study import Clip, Truest, Verdict, by_fill, study, truest, verdicts
from genrelens.systems.result import Check


@dataclass(frozen=True, slots=True, eq=False)
class Studied:
    """A network, its clips, and what was found.

    ``verdicts`` are of the maps, ``parts`` of every layer and head; both say what taking out a fifth costs. ``judged``
    is what explain's checks say.
    """

    name: str
    bundle: Bundle
    clips: tuple[Clip, ...]
    verdicts: tuple[Verdict, ...]
    parts: tuple[Verdict, ...]
    truest: Truest
    judged: Judged

    def sentences(self) -> tuple[str, ...]:
        """The findings in words."""
        return (
            says_whether(self.verdicts),
            says_fills(by_fill(self.clips)),
            says_truest(self.truest),
            *says_judged(self.judged),
        )

    def checks(self) -> tuple[Check, ...]:
        """The numbers that the sentences rest on."""
        found = [Check(f"{self.name}: fall without {one.name}", one.fall.value) for one in self.verdicts]
        intervals = {
            f"{one.name} above {other}": above
            for one in self.verdicts
            for other, above in (("random", one.above_random), ("loudness", one.above_loudness))
            if one.name not in (other, "random")
        }
        intervals |= {
            f"attention above random by {fill}": above for fill, above in by_fill(self.clips).items()
        }
        intervals |= {
            f"{diff.method} better than {diff.against} in {which}": interval
            for diff in self.judged.differences
            for which, interval in (("deletion", diff.deletion), ("insertion", diff.insertion))
        }
        intervals |= {f"{one.name} kept by shuffled weights": one.rank for one in self.judged.kept}
        intervals |= {f"{one.name} hits the splice": one.hits for one in self.judged.pointed}
        return (
            *found,
            *(
                Check(f"{self.name}: {name}{end}", value)
                for name, one in intervals.items()
                for end, value in (("", one.value), (", low", one.low), (", high", one.high))
            ),
        )


def study_network(
    name: str,
    bundle: Bundle,
    tracks: Sequence[Track],
    *,
    cache: FrameCache,
    n_per_genre: int,
    seed: int,
    file: Path | None = None,
    say: Callable[[str], None],
) -> Studied | None:
    """Study a network on up to ``n_per_genre`` tracks of each genre; None where none of them has any sound.

    What explain's judge says is kept in ``file``.
    """

    def its(line: str) -> None:
        say(f"{name}: {line}")

    clips = study(bundle, tracks, cache=cache, n_per_genre=n_per_genre, seed=seed, say=its)
    if not clips:
        return None
    return Studied(
        name,
        bundle,
        clips,
        verdicts(clips),
        verdicts(clips, parts=True),
        truest(clips),
        judge(bundle, clips, seed=seed, file=file, say=its),
    )
