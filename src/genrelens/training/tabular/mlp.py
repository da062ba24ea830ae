"""Training a multilayer perceptron on a table.

The loop is written out: an epoch over a table takes a tenth of a second, less than Lightning's own bookkeeping.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genrelens.errors import MissingExtraError, RecipeError, TrainingError
from genrelens.training.tabular.graph import Ends, GraphBuilder
from genrelens.training.tabular.rows import FloatRows, Fold

if TYPE_CHECKING:
    from genrelens.models.mlp import MLP

OPTIMISERS = ("adam", "sgd", "rmsprop")


@dataclass(frozen=True, slots=True)
class Options:
    """``hidden``: sizes of the layers, "512-256"; ``optimiser``: one of :data:`OPTIMISERS`, with Keras's defaults.

    ``patience``: epochs without a lower loss on the stopping rows before training ends; the best weights are kept.
    """

    hidden: str
    dropout: float
    optimiser: str
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int

    def __post_init__(self) -> None:
        checks = {
            "hidden like '512-256'": all(size.isdigit() and int(size) > 0 for size in self.hidden.split("-")),
            "dropout from 0 to below 1": 0 <= self.dropout < 1,
            f"optimiser one of {', '.join(OPTIMISERS)}": self.optimiser in OPTIMISERS,
            "learning_rate above 0": self.learning_rate > 0,
            "batch_size of at least 2": self.batch_size >= 2,
            "max_epochs and patience of at least 1": min(self.max_epochs, self.patience) >= 1,
        }
        for wanted, holds in checks.items():
            if not holds:
                raise RecipeError(f"mlp should have {wanted}, got {self}")


@dataclass(frozen=True, slots=True)
class MlpEpoch:
    """One epoch: mean losses (nats) and accuracies (0 to 1); those of training are of the epoch's batches, dropout
    and all, as they were learnt from."""

    train_loss: float
    train_accuracy: float
    stop_loss: float
    stop_accuracy: float


@dataclass(frozen=True, slots=True)
class MlpLogits:
    """A trained perceptron, in evaluation mode, and how it learnt."""

    network: MLP
    history: tuple[MlpEpoch, ...] = ()

    def __call__(self, rows: FloatRows) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``, computed in float32."""
        import torch

        with torch.no_grad():
            given: FloatRows = self.network(torch.from_numpy(rows.astype(np.float32))).double().numpy()
        return given

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """See :class:`~genrelens.training.tabular.rows.Logits`; the embedding is the last hidden layer."""
        import torch

        layers = [layer for layer in self.network.layers if isinstance(layer, torch.nn.Linear)]
        value = hidden = graph.float32(scaled)
        for i, layer in enumerate(layers):
            if i:
                hidden = value = graph.add("Relu", value)
            weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
            value = graph.add("Gemm", value, graph.constant(weight), graph.constant(bias), transB=1)
        return Ends(value, hidden)


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> MlpLogits:
    """Minimise the cross-entropy by mini-batches; keep the weights of the epoch that the stopping rows liked best."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier mlp") from error
    from genrelens.models.mlp import MLP

    rows, classes = torch.from_numpy(fold.rows.astype(np.float32)), torch.from_numpy(fold.classes)
    stop_rows = torch.from_numpy(fold.stop_rows.astype(np.float32))
    stop_classes = torch.from_numpy(fold.stop_classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = tuple(int(size) for size in options.hidden.split("-"))
        network = MLP(n_columns=rows.shape[1], hidden=hidden, dropout=options.dropout, n_classes=n_classes)
        parameters, rate = network.parameters(), options.learning_rate
        optimiser: torch.optim.Optimizer
        if options.optimiser == "adam":
            optimiser = torch.optim.Adam(parameters, lr=rate, eps=1e-7)
        elif options.optimiser == "rmsprop":
            optimiser = torch.optim.RMSprop(parameters, lr=rate, alpha=0.9, eps=1e-7)
        else:
            optimiser = torch.optim.SGD(parameters, lr=rate)
        loss_of = torch.nn.functional.cross_entropy
        best_loss, best_epoch, best = float("inf"), 0, copy.deepcopy(network.state_dict())
        history: list[MlpEpoch] = []
        for epoch in range(1, options.max_epochs + 1):
            network.train()
            order = torch.randperm(len(rows))
            train_loss, n_right = 0.0, 0
            for start in range(0, len(rows), options.batch_size):
                batch = order[start : start + options.batch_size]
                optimiser.zero_grad()
                logits = network(rows[batch])
                loss = loss_of(logits, classes[batch])
                torch.autograd.backward(loss)
                optimiser.step()
                train_loss += loss.item() * len(batch)
                n_right += int((logits.argmax(dim=1) == classes[batch]).sum())
            network.eval()
            with torch.no_grad():
                stop_logits = network(stop_rows)
                stop_loss = float(loss_of(stop_logits, stop_classes))
                stop_accuracy = float((stop_logits.argmax(dim=1) == stop_classes).double().mean())
            history.append(MlpEpoch(train_loss / len(rows), n_right / len(rows), stop_loss, stop_accuracy))
            if stop_loss < best_loss:
                best_loss, best_epoch, best = stop_loss, epoch, copy.deepcopy(network.state_dict())
            elif epoch - best_epoch >= options.patience:
                break
    if not best_epoch:
        raise TrainingError("the mlp's loss is no number from the first epoch on; try a lower learning_rate")
    network.load_state_dict(best)
    network.eval()
    return MlpLogits(network, tuple(history))
