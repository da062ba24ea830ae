"""One system by name: what it is given, what its own file makes of it, and the page that is written."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genrelens import recipe as all_recipes
from genrelens.data import registry
from genrelens.data.registry import Loaded
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.systems.cuts import Cut, honest, parts_at_hand
from genrelens.systems.result import Check, Line, Reproduction, Version

if TYPE_CHECKING:
    from genrelens.pages.sections import Section

SYSTEMS: Final[Mapping[str, tuple[str, str]]] = {
    "s0": ("gtzan", "genrelens.systems.s0"),
    "s1": ("gtzan", "genrelens.systems.s1"),
    "s2": ("fma_small", "genrelens.systems.s2"),
    "s3": ("gtzan", "genrelens.systems.s3"),
    "s4": ("gtzan", "genrelens.systems.s4"),
}
"""Name -> the data set that it is of, and its own file, which has ``check(job)`` and ``run(job) -> Outcome``."""

N_SHOWN: Final = 3
_GET: Final = {
    "gtzan": "GTZAN, ten folders of genres with files like blues/blues.00000.wav",
    "fma_small": "FMA small (genrelens data fetch fma_metadata, then genrelens data fetch fma_small; 8 GB)",
}
PACKAGES: Final = ("genrelens", "numpy", "torch", "lightning", "scikit-learn", "xgboost-cpu", "transformers")


@dataclass(frozen=True, slots=True)
class Said:
    """A system's sentences: what ``leaked``, what was ``mended``, what ``differs`` from the original, and ``notes``."""

    leaked: tuple[str, ...]
    mended: tuple[str, ...]
    differs: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One system to be reproduced.

    Attributes:
        system: which, by its name in :data:`SYSTEMS`.
        loaded: the data set.
        tracks: its tracks without those that are known to be faulty.
        out: the folder of the page; trainings lie in ``out/runs``, where finished ones are taken as they are.
        cache: where frames and descriptors are kept.
        seed: of random splits and of the trainings.
        command: how a person does the same.
        say: is called with a line on what is being done.
        recipes: recipes in the place of those that come with genrelens, by name: smaller ones, in tests.
        weights: VGGish's weights, for S2.
        encoder: folder or hub id of S3's encoder.
        only: the one recipe of S0's two to run; None for both.
        epochs: how many epochs a network has at most, for a quick look; None for as many as its recipe says.
    """

    system: str
    loaded: Loaded
    tracks: tuple[Track, ...]
    out: Path
    cache: Path
    seed: int
    command: str
    say: Callable[[str], None] = lambda line: None
    recipes: Mapping[str, AnyRecipe] = field(default_factory=dict)
    weights: Path | None = None
    encoder: str | None = None
    only: str | None = None
    epochs: int | None = None

    def network(self, name: str) -> Recipe:
        """The recipe of a network by name, cut short where a quick look is asked for."""
        chosen = self._recipe(name)
        assert isinstance(chosen, Recipe), name
        if self.epochs is None or self.epochs >= chosen.training.max_epochs:
            return chosen
        warmup = min(chosen.training.warmup_epochs, self.epochs)
        return replace(chosen, training=replace(chosen.training, max_epochs=self.epochs, warmup_epochs=warmup))

    def classifier(self, name: str) -> TabularRecipe:
        """The recipe of a classifier of descriptors by name."""
        chosen = self._recipe(name)
        assert isinstance(chosen, TabularRecipe), name
        return chosen

    def _recipe(self, name: str) -> AnyRecipe:
        return self.recipes[name] if name in self.recipes else all_recipes.load(name)

    def honest(self, recipe: Recipe, tracks: tuple[Track, ...] | None = None) -> Cut:
        """The honest cut of all (or these) tracks, with the recipe's share of them to stop on."""
        return honest(
            self.loaded.dataset,
            self.tracks if tracks is None else tracks,
            stop_share=recipe.training.stop_share,
            seed=self.seed,
        )

    def counted(self, what: str, done: int, total: int) -> None:
        """Say how far something is, every 50."""
        if done % 50 == 0:
            self.say(f"{what}: {done}/{total}")

    def reproduction(
        self, title: str, lines: tuple[Line, ...], said: Said, *cuts: Cut, checks: tuple[Check, ...] = ()
    ) -> Reproduction:
        """What was found, on these cuts, with what the job knows of it."""
        return Reproduction(
            system=self.system,
            title=title,
            dataset=self.loaded.dataset,
            seed=self.seed,
            lines=lines,
            leaked=said.leaked,
            mended=said.mended,
            differs=said.differs,
            notes=said.notes,
            at_hand=parts_at_hand(*cuts),
            checks=checks,
            commands=(self.command,),
            versions=versions(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a system's own file makes: its figures, and the sections of its page below the summary."""

    reproduction: Reproduction
    sections: tuple[Section, ...]


def reproduce(
    system: str, *, data: Path | None, out: Path, cache: Path, seed: int = 0, command: str = "", **more: Any
) -> Outcome:
    """Run a system of :data:`SYSTEMS` and write its page to ``out``. The same call goes on with an interrupted run.

    ``data`` is the folder of its data set, ``more`` are other fields of :class:`Job`. Raises :class:`DataError` on a
    data set that is not the system's, and where ``out`` holds anything else; what the system's own networks start from
    is checked before any work.
    """
    from genrelens.systems import page

    if system not in SYSTEMS:
        raise DataError(f"unknown system {system!r}; known: {', '.join(SYSTEMS)}")
    wanted, module = SYSTEMS[system]
    loaded = registry.open_dataset(data)
    if loaded.dataset != wanted:
        raise DataError(
            f"{system.upper()} was made on {_GET[wanted]}; {str(data or 'GENRELENS_DATA')!r} is {loaded.dataset}",
            code="other_dataset",
            hint="give its folder",
        )
    faulty = registry.never_train(loaded.dataset)
    job = Job(
        system=system,
        loaded=loaded,
        tracks=tuple(track for track in loaded.tracks if track.id not in faulty),
        out=out,
        cache=cache,
        seed=seed,
        command=command or f"genrelens reproduce {system} --data DIR --out DIR --seed {seed}",
        **more,
    )
    own = importlib.import_module(module)
    own.check(job)
    page.FOLDER.claim(out)
    outcome: Outcome = own.run(job)
    notes = [*loaded.notes]
    if loaded.left_out:
        some = "; ".join(f"{what}: {why}" for what, why in loaded.left_out[:N_SHOWN])
        notes.append(f"Left out, {len(loaded.left_out)} of the files: {some}.")
    if job.epochs is not None:
        notes.append(f"A quick look: each network had {job.epochs} epochs at most, whatever its recipe says.")
    found = outcome.reproduction
    outcome = Outcome(replace(found, notes=(*found.notes, *notes)), outcome.sections)
    job.say("drawing")
    page.write(outcome, out=out)
    return outcome


def versions() -> tuple[Version, ...]:
    """Python's and the packages' versions, as far as they are installed."""
    found = [Version("python", ".".join(map(str, sys.version_info[:3])))]
    for package in PACKAGES:
        try:
            found.append(Version(package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
