"""Audio encoders from the Hugging Face hub or a folder in its format, read with transformers' Auto classes.

Only safetensors are read and no code that comes with a model is run. What an encoder does with sound is said by its
own ``preprocessor_config.json``, so a folder without one is refused.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn

from genrelens.errors import MissingExtraError, RecipeError, TrainingError

FREEZINGS: Final = ("none", "feature_extractor", "layers", "full")
_UNUSED = ("masked_spec_embed",)
"""Weights that a checkpoint may lack: they stand in for masked frames, and nothing is masked here."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


class Pretrained(NamedTuple):
    """An encoder (``PreTrainedModel``, in evaluation mode) and the feature extractor that prepares its input."""

    model: Any
    extractor: Any


def load_pretrained(source: str) -> Pretrained:
    """An encoder and its feature extractor from a folder in the hub's format, or by a hub id.

    A hub id is downloaded once into the hub's own cache. Layer drop and SpecAugment of the encoder's configuration are
    switched off: both draw numbers that do not depend on (seed, epoch, batch). Raises :class:`TrainingError` where
    there is no such folder, no network, no safetensors, or weights that do not fit; :class:`MissingExtraError` without
    transformers.
    """
    transformers = _transformers()
    folder = Path(source).expanduser()
    local = bool(source) and folder.is_dir()
    if source and folder.is_file():
        raise TrainingError(
            f"the encoder {source!r} is a file; expected a folder in the hub's format (config.json, "
            "preprocessor_config.json, model.safetensors), or a hub id such as facebook/wav2vec2-base"
        )
    if not local and not _HUB_ID.fullmatch(source):
        raise TrainingError(
            f"the encoder {source!r} is not there: expected a local folder in the hub's format (config.json, "
            "preprocessor_config.json, model.safetensors) or a hub id such as facebook/wav2vec2-base",
            code="needs_encoder",
        )
    where = str(folder) if local else source
    chosen: dict[str, Any] = {"trust_remote_code": False, "local_files_only": local}
    try:
        with _quiet(local=local):
            config = transformers.AutoConfig.from_pretrained(where, **chosen)
            for key, off in (("layerdrop", 0.0), ("apply_spec_augment", False)):
                if hasattr(config, key):
                    setattr(config, key, off)
            extractor = transformers.AutoFeatureExtractor.from_pretrained(where, **chosen)
            model, report = transformers.AutoModel.from_pretrained(
                where, config=config, use_safetensors=True, output_loading_info=True, **chosen
            )
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, SafetensorError and more
        raise TrainingError(_why_not(source, error, local=local), code="needs_encoder") from error
    missing = sorted(key for key in report["missing_keys"] if not key.endswith(_UNUSED))
    if missing:
        raise TrainingError(
            f"the encoder {source!r}: its weights lack {len(missing)} of those that its config.json asks for, the "
            f"first is {missing[0]!r}; they would be random numbers"
        )
    rate = getattr(extractor, "sampling_rate", None)
    if not isinstance(rate, int) or rate <= 0:
        raise TrainingError(
            f"the encoder {source!r}: its preprocessor_config.json should give sampling_rate in Hz, 16000 for most; it "
            f"says {rate!r}, so that nobody knows how fast the encoder expects its sound"
        )
    return Pretrained(model.float().eval(), extractor)


class WaveformEncoder(nn.Module):
    """An encoder of raw sound (Wav2Vec2, HuBERT, WavLM, ...): convolutions over samples, then transformer layers.

    Takes windows ``(batch, n_samples, 1)`` of samples in [-1, 1) and gives frames ``(batch, frames, width)``, one every
    20 ms in the published encoders. Each window is brought to mean 0 and variance 1 first where the encoder's feature
    extractor does so (its ``do_normalize``). See :meth:`freeze` for what is learnt.
    """

    def __init__(self, pretrained: Pretrained, *, source: str, sample_rate: int) -> None:
        super().__init__()
        self.licence = f"MIT; the weights of {source} inside are under the licence of those who published them"
        self.notice = f"Trained from the weights of {source}."
        model, extractor = pretrained
        layers = getattr(getattr(model, "encoder", None), "layers", None)
        if model.main_input_name != "input_values" or not (
            isinstance(layers, nn.ModuleList) and isinstance(getattr(model, "feature_extractor", None), nn.Module)
        ):
            raise RecipeError(
                f"the encoder {source!r} is a {type(model).__name__}: expected one that hears samples, with a "
                "feature_extractor and encoder.layers (Wav2Vec2, HuBERT, WavLM, ...); the recipe encoder-probe "
                "takes any"
            )
        if getattr(model, "adapter", None) is not None:
            raise RecipeError(f"the encoder {source!r} has an adapter behind its layers, which is not read here")
        if extractor.sampling_rate != sample_rate:
            raise RecipeError(
                f"the encoder {source!r} hears sound at {extractor.sampling_rate} Hz, this architecture gives it "
                f"{sample_rate} Hz"
            )
        self.model: Any = model
        self.normalise = bool(getattr(extractor, "do_normalize", False))
        self.width = int(model.config.hidden_size)
        self.n_layers = len(layers)
        self._freezing, self._n_frozen = "none", 0

    def check_window(self, n_samples: int) -> int:
        """How many frames a window gives; :class:`RecipeError` where it is too short for one."""
        n_frames = n_samples
        for kernel, stride in zip(self.model.config.conv_kernel, self.model.config.conv_stride, strict=True):
            n_frames = (n_frames - kernel) // stride + 1
        if n_frames < 1:
            raise RecipeError(f"windows of {n_samples} samples are too short for the encoder to make one frame of")
        return n_frames

    def freeze(self, freezing: str, *, n_layers: int = 0) -> None:
        """Choose what is not learnt, by :data:`FREEZINGS`; the frozen parts also keep out of dropout.

        ``none``: all is learnt. ``feature_extractor``: all but the convolutions over samples. ``layers``: only the
        transformer layers from the ``n_layers``-th on (counted from 0) are; the convolutions, the projection behind
        them, the positions, the layer norm outside the layers and the first ``n_layers`` layers are not, which is S3's
        freeze_layer_num. ``full``: nothing is. Raises :class:`RecipeError`.
        """
        if freezing not in FREEZINGS:
            raise RecipeError(f"freeze should be one of {', '.join(FREEZINGS)}, got {freezing!r}")
        if freezing != "layers" and n_layers:
            raise RecipeError(f"freeze_layers = {n_layers} goes with freeze = 'layers', not with {freezing!r}")
        if not 0 <= n_layers <= self.n_layers:
            raise RecipeError(f"freeze_layers should be from 0 to the encoder's {self.n_layers}, got {n_layers}")
        self._freezing, self._n_frozen = freezing, n_layers
        self.model.requires_grad_(freezing in ("none", "feature_extractor"))
        if freezing == "feature_extractor":
            self.model.feature_extractor.requires_grad_(False)
        for layer in self._learnt_layers():
            layer.requires_grad_(True)
        for name, parameter in self.model.named_parameters():
            if name.endswith(_UNUSED):
                parameter.requires_grad_(False)
        self.train(self.training)

    def _learnt_layers(self) -> list[nn.Module]:
        return list(self.model.encoder.layers)[self._n_frozen :] if self._freezing == "layers" else []

    def train(self, mode: bool = True) -> WaveformEncoder:
        """Training mode for what is learnt; what is frozen stays in evaluation mode."""
        super().train(mode)
        self.model.train(mode and self._freezing in ("none", "feature_extractor"))
        if self._freezing == "feature_extractor":
            self.model.feature_extractor.eval()
        for layer in self._learnt_layers():
            layer.train(mode)
        return self

    def prepare(self, samples: Tensor) -> Tensor:
        """``(batch, n_samples, 1)`` -> ``(batch, n_samples)``, normalised as Wav2Vec2FeatureExtractor does."""
        sound = samples.squeeze(2)
        if not self.normalise:
            return sound
        centred = sound - sound.mean(dim=1, keepdim=True)
        return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()

    def forward(self, samples: Tensor) -> Tensor:
        """The last layer's frames, (batch, frames, width)."""
        frames: Tensor = self.model(self.prepare(samples)).last_hidden_state
        return frames

    def hidden(self, samples: Tensor) -> Tensor:
        """What the first layer reads and what each layer gives: (batch, 1 + layers, frames, width)."""
        states = self.model(self.prepare(samples), output_hidden_states=True).hidden_states
        return torch.stack(states, dim=1)


def _transformers() -> Any:
    try:
        importlib.import_module("safetensors")
        return importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingExtraError("pretrained", needed_for="a pretrained audio encoder") from error


def _why_not(source: str, error: Exception, *, local: bool) -> str:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if local:
        return (
            f"the encoder folder {source!r} cannot be used: {said}; expected the hub's format: config.json, "
            "preprocessor_config.json and model.safetensors"
        )
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
    how = "HF_HUB_OFFLINE is set, so only what was downloaded before can be had" if offline else "is there a network?"
    return (
        f"the encoder {source!r} cannot be had from the Hugging Face hub: {said}; {how}; or give a local folder in the "
        "hub's format (config.json, preprocessor_config.json, model.safetensors)"
    )


@contextlib.contextmanager
def _quiet(*, local: bool) -> Iterator[None]:
    """No bars for what is read from a folder, nor where nobody watches; no reports: what matters becomes an error."""
    logging: Any = importlib.import_module("transformers.utils.logging")
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if local or sys.stderr is None or not sys.stderr.isatty():
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
