"""A multilayer perceptron over standardised descriptors, as in S1 (there in Keras, here in PyTorch)."""

from __future__ import annotations

from torch import Tensor, nn


class MLP(nn.Module):
    """Dense layers with ReLU and, after each, dropout; then the logits.

    Weights start as Keras's do: Glorot uniform (Glorot & Bengio 2010), biases zero.
    """

    def __init__(self, *, n_columns: int, hidden: tuple[int, ...], dropout: float, n_classes: int) -> None:
        super().__init__()
        sizes = (n_columns, *hidden)
        layers: list[nn.Module] = []
        for n_in, n_out in zip(sizes, hidden, strict=False):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], n_classes))
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, rows: Tensor) -> Tensor:
        """``(n, n_columns)`` standardised descriptors -> ``(n, n_classes)`` logits."""
        logits: Tensor = self.layers(rows)
        return logits
