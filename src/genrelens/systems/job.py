"""What a reproduction is given: the data, where to write, and what its networks may start from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genrelens import recipe as all_recipes
from genrelens.data.registry import Loaded
from genrelens.data.track import Track
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.systems.result import Reproduction, Version

if TYPE_CHECKING:
    from genrelens.pages.sections import Section

PACKAGES: Final = ("genrelens", "numpy", "torch", "lightning", "scikit-learn", "xgboost-cpu", "transformers")


@dataclass(frozen=True, slots=True)
class Job:
    """One system to be reproduced.

    Attributes:
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

    loaded: Loaded
    tracks: tuple[Track, ...]
    out: Path
    cache: Path
    seed: int
    command: str
    say: Callable[[str], None]
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
        return replace(
            chosen, training=replace(chosen.training, max_epochs=self.epochs, warmup_epochs=warmup)
        )

    def classifier(self, name: str) -> TabularRecipe:
        """The recipe of a classifier of descriptors by name."""
        chosen = self._recipe(name)
        assert isinstance(chosen, TabularRecipe), name
        return chosen

    def _recipe(self, name: str) -> AnyRecipe:
        return self.recipes[name] if name in self.recipes else all_recipes.load(name)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a system's own file makes: its figures, and the sections of its page below the summary."""

    reproduction: Reproduction
    sections: tuple[Section, ...]


def versions() -> tuple[Version, ...]:
    """Python's and the packages' versions, as far as they are installed."""
    found = [Version("python", ".".join(map(str, sys.version_info[:3])))]
    for package in PACKAGES:
        try:
            found.append(Version(package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
