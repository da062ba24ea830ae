"""The recipe of a network over windows of frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genrelens.errors import RecipeError
from genrelens.frontend import image
from genrelens.frontend.frames import KINDS, FrameSettings, kind_of
from genrelens.recipe.reading import Scalar, read_dataclass

MEL = "mel"
"""The front end of recipes that name none, and the only one whose frames the augmentation knows how to change."""


@dataclass(frozen=True, slots=True)
class WindowRecipe:
    """Windows of ``n_frames`` frames; in prediction one starts every ``hop_frames`` frames."""

    n_frames: int
    hop_frames: int


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """An architecture of :mod:`genrelens.models` and the options of its constructor."""

    architecture: str
    options: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class AugmentRecipe:
    """What is done to training windows, and to nothing else. Zero switches a thing off.

    ``time_stretch``: the tempo changes by a factor between exp(-s) and exp(s).
    ``eq_db``: standard deviation of a random smooth equaliser curve, dB. ``band_shift``: largest shift of the mel
    axis, bands. ``n_masks``: time masks and band masks a window; ``time_mask``: longest time mask as a share of the
    window; ``band_mask``: widest band mask, bands (SpecAugment, Park et al. 2019, arXiv 1904.08779).
    ``mixup_alpha``: Beta(alpha, alpha) of mixup (Zhang et al. 2018, arXiv 1710.09412).
    """

    time_stretch: float
    eq_db: float
    band_shift: int
    n_masks: int
    time_mask: float
    band_mask: int
    mixup_alpha: float


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """The optimisation: AdamW, linear warm-up, then a cosine to 1 % over ``max_epochs`` or a constant rate.

    ``patience``: epochs without a lower loss on the stopping tracks before training ends; the best weights are
    always the ones that are kept. ``stop_on``: ``"valid"`` stops on the split's valid part, as most published work
    does; ``"train"`` takes ``stop_share`` of the training tracks (whole artists) for it and leaves valid untouched.
    ``average_decay``: decay a step of the running average of the weights, 0 for none.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup_epochs: int
    schedule: Literal["cosine", "constant"]
    label_smoothing: float
    average_decay: float
    patience: int
    stop_on: Literal["valid", "train"]
    stop_share: float
    precision: Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes a network, but for the music and the seed.

    In TOML ``front_end.kind`` is a key of :data:`genrelens.frontend.frames.KINDS`; without it the front end is mel.
    ``learn_from``: ``"pictures"`` has training and cross-validation take a data set's pictures of spectrograms in the
    place of its sound, for which the front end has to be the picture's (:data:`genrelens.frontend.image.SETTINGS`).
    """

    name: str
    system: str
    summary: str
    front_end: FrameSettings
    windows: WindowRecipe
    model: ModelRecipe
    augment: AugmentRecipe
    training: TrainingRecipe
    learn_from: Literal["sound", "pictures"] = "sound"

    def __post_init__(self) -> None:
        _check_ranges(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries of TOML and JSON types; :meth:`from_dict` takes them back."""
        table = dataclasses.asdict(self)
        kind = kind_of(self.front_end)
        table["front_end"] = ({} if kind == MEL else {"kind": kind}) | self.front_end.to_dict()
        if self.learn_from == "sound":
            del table["learn_from"]
        return table

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], *, where: str) -> Recipe:
        """Build a recipe, or raise :class:`RecipeError` naming ``where``, the key, what was expected and what came."""
        front_end = table.get("front_end")
        if isinstance(front_end, Mapping):
            table = {**table, "front_end": _front_end(front_end, where=where)}
        recipe: Recipe = read_dataclass(cls, table, where=where)
        return recipe


def _front_end(table: Mapping[str, Any], *, where: str) -> FrameSettings:
    kind = table.get("kind", MEL)
    if not isinstance(kind, str) or kind not in KINDS:  # a list has no hash to look it up by
        raise RecipeError(f"{where}: front_end.kind should be one of {', '.join(map(repr, KINDS))}, got {kind!r}")
    values = {key: value for key, value in table.items() if key != "kind"}
    settings: FrameSettings = read_dataclass(KINDS[kind].settings, values, where=where, path="front_end")
    return settings


def _check_ranges(recipe: Recipe) -> None:
    training, augment, windows = recipe.training, recipe.augment, recipe.windows
    checks = {
        "windows.n_frames of at least 8": windows.n_frames >= 8,
        "windows.hop_frames between 1 and windows.n_frames": 1 <= windows.hop_frames <= windows.n_frames,
        "training.max_epochs of at least 1": training.max_epochs >= 1,
        "training.batch_size of at least 2": training.batch_size >= 2,
        "training.learning_rate above 0": training.learning_rate > 0,
        "training.weight_decay of at least 0": training.weight_decay >= 0,
        "training.warmup_epochs between 0 and max_epochs": 0 <= training.warmup_epochs <= training.max_epochs,
        "training.label_smoothing from 0 to below 1": 0 <= training.label_smoothing < 1,
        "training.average_decay from 0 to below 1": 0 <= training.average_decay < 1,
        "training.patience of at least 1": training.patience >= 1,
        "training.stop_share above 0 and below 0.5": 0 < training.stop_share < 0.5,
        "augment.time_stretch from 0 to 0.7": 0 <= augment.time_stretch <= 0.7,
        "augment.eq_db of at least 0": augment.eq_db >= 0,
        "augment.band_shift from 0 to below half of n_mels": 0 <= augment.band_shift < recipe.front_end.n_bands / 2,
        "augment.n_masks of at least 0": augment.n_masks >= 0,
        "augment.time_mask from 0 to 0.5": 0 <= augment.time_mask <= 0.5,
        "augment.band_mask from 0 to below n_mels": 0 <= augment.band_mask < recipe.front_end.n_bands,
        "augment.mixup_alpha of at least 0": augment.mixup_alpha >= 0,
        "the front end of frontend.image, with top_db = 40, to learn from pictures": (
            recipe.learn_from == "sound" or recipe.front_end == image.SETTINGS
        ),
        f"no time_stretch, eq_db, band_shift or n_masks with a front end other than {MEL}": (
            kind_of(recipe.front_end) == MEL
            or not (augment.time_stretch or augment.eq_db or augment.band_shift or augment.n_masks)
        ),
    }
    for wanted, holds in checks.items():
        if not holds:
            raise RecipeError(f"recipe {recipe.name!r} should have {wanted}")
