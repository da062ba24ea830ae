"""The network on pictures: shapes, what it may not depend on, and that it can learn."""

from __future__ import annotations

import torch

from genrelens.frontend import image
from genrelens.models.image_cnn import ImageCnn


def test_logits_are_linear_in_the_embedding() -> None:
    network = ImageCnn(10).eval()
    with torch.no_grad():
        out = network(torch.rand(3, image.HEIGHT, image.WIDTH))
    assert out.logits.shape == (3, 10)
    assert out.embedding.shape == (3, 768)
    torch.testing.assert_close(network.head(out.embedding), out.logits)


def test_narrower_pictures_are_taken() -> None:
    assert ImageCnn(4).eval()(torch.rand(1, image.HEIGHT, 200)).logits.shape == (1, 4)


def test_height_matters_and_time_hardly() -> None:
    torch.manual_seed(0)
    network = ImageCnn(2).eval()
    low, high, late = (torch.zeros(1, image.HEIGHT, image.WIDTH) for _ in range(3))
    low[:, 160:192, 96:128] = 1
    high[:, 32:64, 96:128] = 1
    late[:, 160:192, 192:224] = 1
    with torch.no_grad():
        embeddings = [network(each).embedding for each in (low, high, late)]
    torch.testing.assert_close(embeddings[0], embeddings[2])
    assert (embeddings[0] - embeddings[1]).abs().max() > 0.01


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = ImageCnn(3, dropout=0.0)
    loss = torch.nn.functional.cross_entropy(network(torch.rand(6, 216, 334)).logits, torch.arange(6) % 3)
    loss.backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())
