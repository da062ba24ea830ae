"""Audio encoders of the published classes, with a few thousand random weights, in the hub's format."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported: no test asks the network for anything

WIDTH, N_LAYERS = 16, 2
N_SAMPLES = 1600
"""Samples of a window that gives 19 frames."""


def config(kind: str = "wav2vec2", **changes: Any) -> Any:
    """The configuration of an encoder of raw sound: one frame every 80 samples, two layers of 16."""
    transformers: Any = importlib.import_module("transformers")
    sizes: dict[str, Any] = {
        "hidden_size": WIDTH,
        "num_hidden_layers": N_LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "conv_dim": (8, 8, 8),
        "conv_kernel": (10, 8, 4),
        "conv_stride": (5, 4, 4),
        "num_feat_extract_layers": 3,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        **changes,
    }
    names = {"wav2vec2": "Wav2Vec2Config", "hubert": "HubertConfig", "wavlm": "WavLMConfig"}
    return getattr(transformers, names[kind])(**sizes)


def write(
    folder: Path, kind: str = "wav2vec2", *, seed: int = 0, extractor: dict[str, Any] | None = None, **changes: Any
) -> Path:
    """Write such an encoder; ``extractor`` changes how sound is prepared for it."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    torch.manual_seed(seed)
    _save(transformers.AutoModel.from_config(config(kind, **changes)), folder)
    prepared = {"do_normalize": True, **(extractor or {})}
    transformers.Wav2Vec2FeatureExtractor(**prepared).save_pretrained(folder)
    return folder


def write_ast(folder: Path, *, seed: int = 0) -> Path:
    """An Audio Spectrogram Transformer that hears 0.66 s at a time, as 64 frames of 16 mel bands."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    torch.manual_seed(seed)
    of_ast = transformers.ASTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=2,
        intermediate_size=32,
        max_length=64,
        num_mel_bins=16,
        patch_size=8,
        frequency_stride=8,
        time_stride=8,
    )
    _save(transformers.ASTModel(of_ast), folder)
    transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=16).save_pretrained(folder)
    return folder


def _save(model: Any, folder: Path) -> None:
    logging: Any = importlib.import_module("transformers.utils.logging")
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
    finally:
        if bars:
            logging.enable_progress_bar()
