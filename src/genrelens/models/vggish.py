"""VGGish: the convolutional network that Google trained to label videos by their sound, and a classifier over it.

Hershey et al. 2017, "CNN architectures for large-scale audio classification" (arXiv 1609.09430); the layers are those
of the released model: convolutions of 3 x 3 with 64, 128, 256, 256, 512 and 512 filters, four of them followed by a
maximum over 2 x 2, then dense layers of 4096, 4096 and 128. What the last convolution gives is flattened with the
filters last, as TensorFlow does. This is an implementation of its own; its layers have the names that torchvggish's
have, so that the weights of that release fit. No weights come with genrelens: see
:mod:`genrelens.models.vggish_weights`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genrelens.errors import RecipeError
from genrelens.frontend.vggish import EXAMPLE_FRAMES, N_BANDS
from genrelens.models.network import Network, Output, check_dropout
from genrelens.models.vggish_weights import Weights, read_weights

EMBEDDING = 128
"""Numbers that an example becomes."""
HIDDEN = 256
"""S2's layer between the embeddings and the genres."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Filters of the six convolutions, and the width of the two dense layers; the defaults are the released model's."""

    filters: tuple[int, int, int, int, int, int] = (64, 128, 256, 256, 512, 512)
    dense: int = 4096


SIZES = Sizes()
_POOLED = (True, True, False, True, False, True)
"""After which convolutions the maximum over 2 x 2 is taken."""


class Vggish(nn.Module):
    """Log mel examples (n, 96, 64) -> embeddings (n, 128).

    ``signed``: without the ReLU that the released network ends in, as S2 did for its classifiers; with it half of what
    the embedding says is cut off.
    """

    def __init__(self, *, signed: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 1
        for n_filters, pooled in zip(SIZES.filters, _POOLED, strict=True):
            layers += [nn.Conv2d(n_in, n_filters, 3, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] * pooled
            n_in = n_filters
        self.features = nn.Sequential(*layers)
        n_flat = n_in * (EXAMPLE_FRAMES // 16) * (N_BANDS // 16)
        self.embeddings = nn.Sequential(
            nn.Linear(n_flat, SIZES.dense),
            nn.ReLU(),
            nn.Linear(SIZES.dense, SIZES.dense),
            nn.ReLU(),
            nn.Linear(SIZES.dense, EMBEDDING),
            nn.Identity() if signed else nn.ReLU(),
        )

    def forward(self, examples: Tensor) -> Tensor:
        """See the class."""
        maps = self.features(examples[:, None])
        embedding: Tensor = self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))
        return embedding


def shapes() -> dict[str, tuple[int, ...]]:
    """The shape of every weight, by name."""
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in Vggish(signed=True).state_dict().items()}


def random_weights(*, seed: int) -> dict[str, Tensor]:
    """Weights that nothing has been learnt with (He et al. 2015, arXiv 1502.01852; biases zero), for tests."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes().items():
        if len(shape) == 1:
            found[name] = torch.zeros(shape)
        else:
            spread = (2 / torch.Size(shape[1:]).numel()) ** 0.5
            found[name] = torch.empty(shape).normal_(0.0, spread, generator=generator)
    return found


def with_weights(weights: Weights, *, signed: bool) -> Vggish:
    """The network with these weights, in evaluation mode."""
    with torch.device("meta"):
        network = Vggish(signed=signed)
    network.load_state_dict(dict(weights.tensors), assign=True)
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    return network.eval()


def examples_of(windows: Tensor) -> Tensor:
    """Windows (w, 96 k, 64) as examples (w k, 96, 64)."""
    return windows.reshape(-1, EXAMPLE_FRAMES, N_BANDS)


@dataclass(frozen=True, slots=True)
class Options:
    """``weights``: the file of weights to begin with (.safetensors); ``dropout`` before and after the layer of 256.

    S2 had no dropout, and 9 million weights of a layer of 3968 x 256 and the dense ones to learn 8000 tracks by heart.
    """

    weights: str
    dropout: float

    def __post_init__(self) -> None:
        check_dropout("vggish", "dropout", self.dropout)


class VggishClassifier(Network):
    """S2's fine-tuned network: VGGish with its last ReLU over the examples of a window, side by side -> 256 -> genres.

    Every layer learns. The embedding is the layer of 256.
    """

    def __init__(self, vggish: Vggish, *, n_examples: int, dropout: float, n_classes: int) -> None:
        super().__init__()
        self.vggish = vggish
        self.n_examples = n_examples
        self.hidden = nn.Linear(n_examples * EMBEDDING, HIDDEN)
        self.dropout = nn.Dropout(dropout)
        self.genres = nn.Linear(HIDDEN, n_classes)

    def forward(self, log_mel: Tensor) -> Output:
        """Log mel windows (n, 96 n_examples, 64) -> what each sounds like."""
        examples = self.vggish(examples_of(log_mel))
        flat = examples.reshape(-1, self.n_examples * EMBEDDING)
        embedding = torch.relu(self.hidden(self.dropout(flat)))
        return Output(self.genres(self.dropout(embedding)), embedding)


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> VggishClassifier:
    """See :func:`genrelens.models.build`; raises :class:`BundleError` where the weights are none of VGGish's."""
    if n_mels != N_BANDS or n_frames % EXAMPLE_FRAMES:
        raise RecipeError(
            f"vggish hears {N_BANDS} bands and whole examples of {EXAMPLE_FRAMES} frames: expected windows of "
            f"(a multiple of {EXAMPLE_FRAMES}, {N_BANDS}), got ({n_frames}, {n_mels})"
        )
    if not options.weights:
        raise RecipeError("vggish begins with weights, and none are given", code="needs_weights")
    weights = read_weights(options.weights, shapes=shapes())
    network = VggishClassifier(
        with_weights(weights, signed=False),
        n_examples=n_frames // EXAMPLE_FRAMES,
        dropout=options.dropout,
        n_classes=n_classes,
    )
    network.licence, network.notice = weights.licence, f"Trained from VGGish's weights: {weights.said}."
    return network
