"""Write a small audio encoder with random weights in the Hugging Face hub's format, for runs without a network.

    python tools/random_encoder.py --kind wav2vec2 --seed 0 runs/random-wav2vec2

What it learns is its own; nothing that is measured with one says what a pretrained encoder would do.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
import transformers

KINDS = ("wav2vec2", "hubert", "wavlm", "ast", "wav2vec2-base")
CONVOLUTIONS = {"conv_kernel": (20, 8, 4, 4), "conv_stride": (10, 4, 2, 4)}
"""One frame every 320 samples, 20 ms at 16 kHz, as in the published encoders, by four layers and not seven."""


def make(kind: str, *, width: int, n_layers: int, seed: int) -> tuple[Any, Any]:
    """An encoder of a kind of :data:`KINDS` with random weights, and its feature extractor.

    "wav2vec2-base" has the published sizes, 94 million weights, and takes no others.
    """
    torch.manual_seed(seed)
    if kind == "wav2vec2-base":
        published = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config())
        return published, transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    sizes = {
        "hidden_size": width,
        "num_hidden_layers": n_layers,
        "num_attention_heads": 4,
        "intermediate_size": 2 * width,
    }
    if kind == "ast":
        extractor = transformers.ASTFeatureExtractor(max_length=128, num_mel_bins=32)
        config = transformers.ASTConfig(
            **sizes, max_length=128, num_mel_bins=32, patch_size=8, frequency_stride=8, time_stride=8
        )
        return transformers.ASTModel(config), extractor
    of_sound = {
        **sizes,
        **CONVOLUTIONS,
        "conv_dim": (width,) * len(CONVOLUTIONS["conv_kernel"]),
        "num_feat_extract_layers": len(CONVOLUTIONS["conv_kernel"]),
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
    }
    config_of, model_of = {
        "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
        "hubert": (transformers.HubertConfig, transformers.HubertModel),
        "wavlm": (transformers.WavLMConfig, transformers.WavLMModel),
    }[kind]
    return model_of(config_of(**of_sound)), transformers.Wav2Vec2FeatureExtractor(do_normalize=True)


def write(folder: Path, kind: str = "wav2vec2", *, width: int = 32, n_layers: int = 2, seed: int = 0) -> Path:
    """Write such an encoder to a folder, in the form that ``genrelens train --encoder`` reads."""
    model, extractor = make(kind, width=width, n_layers=n_layers, seed=seed)
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
    finally:
        if bars:
            transformers.utils.logging.enable_progress_bar()
    extractor.save_pretrained(folder)
    return folder


def main() -> None:
    """Read the arguments, write the folder, say what it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=KINDS, default="wav2vec2")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    folder = write(given.folder, given.kind, width=given.width, n_layers=given.layers, seed=given.seed)
    print(f"wrote {folder}: {given.kind}, {given.layers} layers of {given.width}, random weights, seed {given.seed}")


if __name__ == "__main__":
    main()
