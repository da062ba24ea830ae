"""musicnn's trained layers, as they are, under a linear layer that names genres."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genrelens.frontend.mel import MelSettings
from genrelens.models.musicnn import N_MELS, PATCH_FRAMES, Activations, Musicnn, pretrained
from genrelens.models.network import Network, Output

FRONT_END = MelSettings(
    sample_rate=16000,
    n_fft=512,
    hop_length=256,
    n_mels=N_MELS,
    fmin_hz=0.0,
    fmax_hz=None,
    htk=False,
    top_db=None,
    log_factor=10_000.0,
    level=0.2,
)
"""What musicnn was trained on, with each window brought to one mean power: its absolute logarithm would otherwise
hear how loud a file was saved (docs/musicnn.md)."""

N_FRAMES, HOP_FRAMES = PATCH_FRAMES, PATCH_FRAMES // 2 + 1
"""Windows of 3 s, one every 1.5 s."""


EMBEDDING = 712
"""Numbers of an embedding: maxima, means, and the dense layer's 200."""


def embedding_of(activations: Activations) -> Tensor:
    """(n, 712): the features' maxima and means over the window, then the dense layer's 200, as square roots with their
    sign: the features have long tails, in which a linear layer would follow a few loud windows."""
    numbers = torch.cat([activations.max_pool, activations.mean_pool, activations.penultimate], dim=1)
    return numbers.sign() * numbers.abs().sqrt()


class MusicnnHead(Network):
    """log mel (n, 187, 96) -> logits of genres that are linear in the embedding (n, 712), musicnn's tags, and what
    ``screens`` makes of the embedding, (n, 2), if given.

    Because the logits are linear, the mean of a track's window logits is the logits of its mean embedding, which is
    what the linear layer was trained on.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, *, screens: nn.Module | None = None, musicnn: Musicnn | None = None
    ) -> None:
        super().__init__()
        self.musicnn = musicnn or pretrained()
        self.head = nn.Linear(weight.shape[1], weight.shape[0])
        self.screens = screens
        with torch.no_grad():
            self.head.weight.copy_(weight)
            self.head.bias.copy_(bias)

    def forward(self, log_mel: Tensor) -> Output:
        """What each window sounds like."""
        activations = self.musicnn(log_mel)
        embedding = embedding_of(activations)
        screens = None if self.screens is None else self.screens(embedding)
        return Output(self.head(embedding), embedding, tags=activations.logits, screens=screens)
