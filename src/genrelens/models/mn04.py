"""mn04, EfficientAT's smallest tagger of sound: 527 classes of AudioSet and 384 features of a log mel of any length.

Schmid, Koutini and Widmer 2023 (arXiv 2211.04772, section 3): MobileNetV3-Large (Howard et al. 2019, arXiv 1905.02244,
table 1) of width 0.4, whose channels are rounded to multiples of 8, with squeeze-and-excitation over channels, taught
by transformers. This is an implementation of its own; its layers have the names of the released ones, so that those
weights fit. No weights come with genrelens: ``genrelens weights fetch plus`` gets them (docs/plus.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

N_CLASSES: Final = 527
N_FEATURES: Final = 384
_EPSILON: Final = 1e-3
"""Of the normalisations; torch's own is 1e-5."""


class Said(NamedTuple):
    """``logits`` (n, 527), whose sigmoid is the probability of a class, and ``features`` (n, 384), what they are of."""

    logits: Tensor
    features: Tensor


class _Step(NamedTuple):
    """A row of MobileNetV3-Large's table, at width 0.4: channels inside and behind, and those of the squeeze (0: none);
    ``smooth``: hard swish in the place of ReLU."""

    kernel: int
    inside: int
    out: int
    squeezed: int = 0
    smooth: bool = False
    stride: int = 1


_FIRST: Final = 8
_STEPS: Final = (
    _Step(3, 8, 8),
    _Step(3, 24, 16, stride=2),
    _Step(3, 32, 16),
    _Step(5, 32, 16, squeezed=8, stride=2),
    _Step(5, 48, 16, squeezed=16),
    _Step(5, 48, 16, squeezed=16),
    _Step(3, 96, 32, smooth=True, stride=2),
    _Step(3, 80, 32, smooth=True),
    _Step(3, 72, 32, smooth=True),
    _Step(3, 72, 32, smooth=True),
    _Step(3, 192, 48, squeezed=48, smooth=True),
    _Step(3, 272, 48, squeezed=72, smooth=True),
    _Step(5, 272, 64, squeezed=72, smooth=True, stride=2),
    _Step(5, 384, 64, squeezed=96, smooth=True),
    _Step(5, 384, 64, squeezed=96, smooth=True),
)
_DENSE: Final = 512


def _convolution(
    n_in: int, n_out: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, then: type[nn.Module] | None
) -> nn.Sequential:
    """A convolution of "same" size, normalisation, and an activation if any."""
    conv = nn.Conv2d(n_in, n_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(n_out, eps=_EPSILON), *([then()] if then else []))


class _Gate(nn.Module):
    """One factor a channel, from the means over time and bands of all channels (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, n: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(n, squeezed)
        self.fc2 = nn.Linear(squeezed, n)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, bands, frames) -> the same shape."""
        factors = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3))))))
        return x * factors[:, :, None, None]


class _Gates(nn.Module):
    """The one gate of the released network, which could have several."""

    def __init__(self, n: int, squeezed: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Gate(n, squeezed)])

    def forward(self, x: Tensor) -> Tensor:
        """See :class:`_Gate`."""
        gated: Tensor = self.conc_se_layers[0](x)
        return gated


class _Block(nn.Module):
    """Widen, filter each channel by itself, gate, narrow; added to what came in where that has the same shape."""

    def __init__(self, n_in: int, step: _Step) -> None:
        super().__init__()
        then = nn.Hardswish if step.smooth else nn.ReLU
        widen = [_convolution(n_in, step.inside, then=then)] if step.inside != n_in else []
        filters = _convolution(step.inside, step.inside, step.kernel, stride=step.stride, groups=step.inside, then=then)
        gate = [_Gates(step.inside, step.squeezed)] if step.squeezed else []
        self.block = nn.Sequential(*widen, filters, *gate, _convolution(step.inside, step.out, then=None))
        self.adds = step.stride == 1 and n_in == step.out

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, bands, frames) -> (n, channels, bands, frames), fewer where there is a stride."""
        made: Tensor = self.block(x)
        return x + made if self.adds else made


class Mn04(nn.Module):
    """Log mel (n, t, 128) as :func:`genrelens.frontend.mn04.log_mel` gives it, for any number t of frames, ->
    :class:`Said`. It was trained on 1000 frames, 10 s."""

    def __init__(self) -> None:
        super().__init__()
        widths = [_FIRST, *(step.out for step in _STEPS)]
        self.features = nn.Sequential(
            _convolution(1, _FIRST, 3, stride=2, then=nn.Hardswish),
            *(_Block(n_in, step) for n_in, step in zip(widths, _STEPS, strict=False)),
            _convolution(widths[-1], N_FEATURES, then=nn.Hardswish),
        )
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(N_FEATURES, _DENSE),
            nn.Hardswish(),
            nn.Dropout(0.2),
            nn.Linear(_DENSE, N_CLASSES),
        )

    def forward(self, log_mel: Tensor) -> Said:
        """See the class."""
        features = self.features(log_mel.transpose(1, 2)[:, None]).mean((2, 3))
        return Said(self.classifier[2:](features), features)


def shapes() -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its released name; counters of training steps, which say nothing, left out."""
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in Mn04().state_dict().items() if not is_counter(name)}


def is_counter(name: str) -> bool:
    """Whether a weight counts the steps of its training, and says nothing of the sound."""
    return name.endswith("num_batches_tracked")


def random_weights(*, seed: int) -> dict[str, Tensor]:
    """Weights that nothing has been learnt with, for tests; normalisations that change nothing much."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes().items():
        if len(shape) == 1:
            found[name] = torch.rand(shape, generator=generator) + (0.0 if name.endswith("bias") else 0.5)
        else:
            spread = (2 / torch.Size(shape[1:]).numel()) ** 0.5
            found[name] = torch.empty(shape).normal_(0.0, spread, generator=generator)
    return found


def with_weights(tensors: Mapping[str, Tensor]) -> Mn04:
    """The network with these weights (by :func:`shapes`), ready to run, its normalisations part of its convolutions."""
    network = Mn04()
    counters = {name: value for name, value in network.state_dict().items() if is_counter(name)}
    network.load_state_dict({**counters, **tensors})
    network.eval()
    for layer in list(network.modules()):
        if isinstance(layer, nn.Sequential) and isinstance(layer[0], nn.Conv2d):
            norm = layer[1]
            assert isinstance(norm, nn.BatchNorm2d)
            layer[0], layer[1] = fuse_conv_bn_eval(layer[0], norm), nn.Identity()
    return network
