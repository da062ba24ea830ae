"""The network on pictures: shapes, what it may not depend on, and that it can learn."""

from __future__ import annotations

import numpy as np
import torch

from genrelens.frontend import image
from genrelens.frontend.mel import compress
from genrelens.models.image_cnn import ImageCnn


def test_it_draws_what_the_front_end_draws() -> None:
    """With silence at the floor the levels are the same; ``image.draw`` then rounds down to one of 256."""
    rng = np.random.default_rng(0)
    power = (10.0 ** rng.uniform(-8, 0, (1293, 128))).astype(np.float32)
    drawn = image.draw(power)
    db = torch.from_numpy(compress(power, settings=image.SETTINGS))
    ours = ImageCnn(2).draw(db[None])[0].numpy()
    assert ours.shape == drawn.shape
    assert (ours.min(), drawn.min()) == (0.0, 0.0)
    levels = np.minimum(ours * 256, 255)
    np.testing.assert_allclose(levels, drawn * 255, atol=1.001)  # what is left of a level
    assert (levels >= drawn * 255 - 1e-3).all()


def test_a_picture_is_drawn_again_from_its_power() -> None:
    rng = np.random.default_rng(1)
    bands, _ = image.cells(image.N_FRAMES)
    levels = rng.integers(0, 200, (128, image.WIDTH))[bands].astype(np.float32)  # rows of one band are alike
    picture = (levels / 255).astype(np.float32)
    db = compress(image.to_mel_power(picture), settings=image.SETTINGS)
    again = ImageCnn(2).draw(torch.from_numpy(db)[None])[0].numpy()
    np.testing.assert_allclose(again, picture, atol=1e-5)


def test_logits_are_linear_in_the_embedding() -> None:
    network = ImageCnn(10).eval()
    with torch.no_grad():
        out = network.look(torch.rand(3, image.HEIGHT, image.WIDTH))
    assert out.logits.shape == (3, 10)
    assert out.embedding.shape == (3, 768)
    torch.testing.assert_close(network.classify(out.embedding), out.logits)


def test_narrower_pictures_are_taken() -> None:
    assert ImageCnn(4).eval().look(torch.rand(1, image.HEIGHT, 200)).logits.shape == (1, 4)


def test_height_matters_and_time_hardly() -> None:
    torch.manual_seed(0)
    network = ImageCnn(2).eval()
    low, high, late = (torch.zeros(1, image.HEIGHT, image.WIDTH) for _ in range(3))
    low[:, 160:192, 96:128] = 1
    high[:, 32:64, 96:128] = 1
    late[:, 160:192, 192:224] = 1
    with torch.no_grad():
        embeddings = [network.look(each).embedding for each in (low, high, late)]
    torch.testing.assert_close(embeddings[0], embeddings[2])
    assert (embeddings[0] - embeddings[1]).abs().max() > 0.01


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = ImageCnn(3, dropout=0.0)
    logits = network.look(torch.rand(6, 216, 334)).logits
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(6) % 3)
    loss.backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_training_looks_at_a_stretch_of_the_columns_and_answers_at_all() -> None:
    network = ImageCnn(2, crop=0.5)
    mel_db = torch.zeros(2, 1293, 128)
    mel_db[:, :, :] = -40 * torch.linspace(0, 1, 1293)[None, :, None]
    torch.manual_seed(0)
    network.train()
    seen = [network.draw(mel_db)[0, 0] for _ in range(8)]
    assert {each.shape for each in seen} == {(167,)}
    assert len({float(each[0]) for each in seen}) > 1
    whole = network.eval().draw(mel_db)[0, 0]
    assert whole.shape == (334,)
    for each in seen:  # a stretch of the whole, in order
        start = int((whole == each[0]).nonzero()[0])
        assert torch.equal(whole[start : start + 167], each)
