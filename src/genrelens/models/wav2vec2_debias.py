"""S3's idea, made to work: a small *biased* model learns beside the main one, and takes from it what is too easy.

S3's biased model was a second Wav2Vec2 with a random head that never learnt, so that its "debiasing" was a tenth of
noise in the probabilities. Here it learns, by its own cross-entropy, and it can learn one thing alone: the average
colour of the sound (:class:`Colour`). How a recording was equalised and mastered tells its album and artist (Kim,
Williamson and Pilli 2006, "Towards quantifying the album effect in artist identification"), which is what a model of
few artists learns in the place of their genre. The main model is told what the biased one already knows, by one of the
ways of Clark, Yatskar and Zettlemoyer 2019, "Don't take the easy way out" (arXiv 1909.03683), or by S3's mixture. The
main model alone predicts, and is alone in the exported graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError
from genrelens.frontend.mel import MelSettings, mel_filter_bank
from genrelens.models import wav2vec2
from genrelens.models.network import Network, Output
from genrelens.models.wav2vec2 import SAMPLE_RATE, Wav2Vec2

COMBINATIONS: Final = ("mixture", "poe", "learned_mixin")
BANDS: Final = MelSettings(
    sample_rate=SAMPLE_RATE, n_fft=400, hop_length=200, n_mels=32, fmin_hz=50.0, fmax_hz=None, htk=True, top_db=None
)
"""Frames of 25 ms: the only stretch of time that the biased model hears as one."""
N_HIDDEN: Final = 32


@dataclass(frozen=True, slots=True)
class Options:
    """The first five are the main model's (:class:`~genrelens.models.wav2vec2.Options`).

    ``combine``: ``mixture`` of the two models' probabilities with the share ``ratio`` for the biased one (S3 has 0.1; 0
    is no debiasing); ``poe``, their product; ``learned_mixin``, their product with the biased one's weight learnt for
    each window, and ``entropy_penalty`` against a weight of nothing. ``biased_rate``: how many times as fast as the
    recipe's learning rate the biased model learns; 1e-5 suits a pretrained encoder, and nothing else.
    """

    encoder: str
    pooling: str
    freeze: str
    freeze_layers: int
    dropout: float
    combine: str
    ratio: float
    entropy_penalty: float
    biased_rate: float


class Colour(nn.Module):
    """The biased model: the mean power of 25 ms frames in 32 mel bands, dB, standardised -> 32 hidden units -> genres.

    Some 1400 weights, which hear no order in time, no rhythm, no melody and no level. AdamW's steps are as large as the
    learning rate, whatever the gradient: weights that count ``rate`` times learn ``rate`` times as fast (the equalised
    learning rate of Karras et al. 2018, arXiv 1710.10196).
    """

    window: Tensor
    bank: Tensor

    def __init__(self, n_classes: int, *, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("window", torch.hann_window(BANDS.n_fft), persistent=False)
        self.register_buffer("bank", torch.from_numpy(mel_filter_bank(BANDS).copy()), persistent=False)
        self.normalise = nn.BatchNorm1d(BANDS.n_mels, affine=False)
        self.hidden = nn.Linear(BANDS.n_mels, N_HIDDEN)
        self.classify = nn.Linear(N_HIDDEN, n_classes)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.div_(rate)

    def forward(self, samples: Tensor) -> Tensor:
        """Logits (batch, n_classes) of windows (batch, n_samples, 1), at least 25 ms long."""
        with torch.autocast(samples.device.type, enabled=False):
            frames = samples.float().squeeze(2).unfold(1, BANDS.n_fft, BANDS.hop_length)
            power = torch.fft.rfft(frames * self.window).abs().square().mean(dim=1) @ self.bank.T
            colour = 10.0 * (power + 1e-10).log10()
            # Louder is not another colour.
            heard = self.normalise(colour - colour.mean(dim=1, keepdim=True))
            return self._linear(self.classify, functional.relu(self._linear(self.hidden, heard)))

    def _linear(self, layer: nn.Linear, x: Tensor) -> Tensor:
        return functional.linear(x, layer.weight * self.rate, layer.bias * self.rate)


class Wav2Vec2Debias(Network):
    """The main model, and in training the biased one beside it."""

    def __init__(self, main: Wav2Vec2, biased: Colour, options: Options) -> None:
        super().__init__()
        self.main, self.biased, self.options = main, biased, options
        self.licence, self.notice = main.licence, main.notice
        self.gate = nn.Linear(main.encoder.width, 1) if options.combine == "learned_mixin" else None

    def forward(self, samples: Tensor) -> Output:
        """The main model's answer to windows (batch, n_samples, 1)."""
        said: Output = self.main(samples)
        return said

    def loss(self, windows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The combined models' loss, from which the main model and the gate learn, plus the biased model's own.

        Within the combined loss the biased model is a constant: it learns from its own cross-entropy alone, as the
        paper's, which had learnt before. The logits are the main model's.
        """
        said: Output = self.main(windows)
        main = said.logits.float().log_softmax(dim=1)
        biased = self.biased(windows).log_softmax(dim=1)
        own = cross_entropy(biased, targets)
        held = biased.detach()
        if self.gate is not None:
            weight = functional.softplus(self.gate(said.embedding).float())
            loss = learned_mixin(main, held, targets, weight=weight, entropy_penalty=self.options.entropy_penalty)
        elif self.options.combine == "poe":
            loss = product_of_experts(main, held, targets)
        else:
            loss = mixture(main, held, targets, ratio=self.options.ratio)
        return loss + own, said.logits

    def learners(self) -> tuple[nn.Module, ...]:
        """The main model with its gate, and the biased one, whose gradients are ``biased_rate`` times as large."""
        return (nn.ModuleList([self.main, *([] if self.gate is None else [self.gate])]), self.biased)


def cross_entropy(log_probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean over a batch of -sum(targets * log_probabilities), both (batch, n_classes); nats."""
    return -(targets * log_probabilities).sum(dim=1).mean()


def mixture(main: Tensor, biased: Tensor, targets: Tensor, *, ratio: float) -> Tensor:
    """S3's: cross-entropy of log((1 - ratio) * p_main + ratio * p_biased); log probabilities (batch, n_classes)."""
    if ratio == 0.0:
        return cross_entropy(main, targets)
    return cross_entropy(torch.logaddexp(main + math.log1p(-ratio), biased + math.log(ratio)), targets)


def product_of_experts(main: Tensor, biased: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of softmax(log p_main + log p_biased): Clark et al. 2019, 'bias product' (Hinton 2002)."""
    return cross_entropy((main + biased).log_softmax(dim=1), targets)


def learned_mixin(main: Tensor, biased: Tensor, targets: Tensor, *, weight: Tensor, entropy_penalty: float) -> Tensor:
    """Cross-entropy of softmax(log p_main + g * log p_biased), plus ``entropy_penalty`` times the entropy of
    softmax(g * log p_biased): Clark et al. 2019, 'learned-mixin +H'. ``weight``: g, (batch, 1), at least 0.

    The penalty keeps g from 0, where the biased model would not count.
    """
    share = (weight * biased).log_softmax(dim=1)
    entropy = -(share.exp() * share).sum(dim=1).mean()
    return product_of_experts(main, weight * biased, targets) + entropy_penalty * entropy


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Wav2Vec2Debias:
    """Both models; raises as :func:`genrelens.models.wav2vec2.build` does, and where the two cannot be combined so."""
    if options.combine not in COMBINATIONS:
        raise RecipeError(
            f"wav2vec2_debias: combine should be one of {', '.join(COMBINATIONS)}, got {options.combine!r}"
        )
    wanted = {
        "ratio from 0 to below 1": 0 <= options.ratio < 1,
        "entropy_penalty of at least 0": options.entropy_penalty >= 0,
        "biased_rate above 0": options.biased_rate > 0,
        f"windows of at least {BANDS.n_fft} samples": n_frames >= BANDS.n_fft,
    }
    for what, holds in wanted.items():
        if not holds:
            raise RecipeError(f"wav2vec2_debias should have {what}")
    of_main = wav2vec2.Options(options.encoder, options.pooling, options.freeze, options.freeze_layers, options.dropout)
    main = wav2vec2.build(of_main, n_frames=n_frames, n_mels=n_mels, n_classes=n_classes)
    return Wav2Vec2Debias(main, Colour(n_classes, rate=options.biased_rate), options)
