"""What the network sees while it learns, how fast it learns, and how a track is judged."""

from __future__ import annotations

import copy
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import tiny_training
from genrelens.bundle import WindowSettings, iter_windows
from genrelens.frontend.mel import power_to_db
from genrelens.models.network import Network, Output
from genrelens.recipe import Recipe
from genrelens.training.module import GenreModule, TrackWindows, TrainingBatches, WholeTracks, track_logits

N_TRACKS, N_CLASSES = 19, 3
PLAIN = tiny_training.recipe(
    augment={"time_stretch": 0, "eq_db": 0, "band_shift": 0, "n_masks": 0, "mixup_alpha": 0}, label_smoothing=0
)


def pieces(n: int = N_TRACKS) -> list[np.ndarray]:
    """Pieces of 70 to 88 frames; the loudest cell of piece i is in every window of it and says which it is."""
    rng = np.random.default_rng(0)
    made = [rng.uniform(1e-4, 1e-3, size=(70 + i, 32)).astype(np.float32) for i in range(n)]
    for i, piece in enumerate(made):
        piece[:, i] = 1.0
    return made


def batches(recipe: Recipe = PLAIN, *, seed: int = 5) -> TrainingBatches:
    targets = np.arange(N_TRACKS) % N_CLASSES
    return TrainingBatches(recipe, pieces(), targets, n_classes=N_CLASSES, seed=seed)


def tracks_of(mel_db: torch.Tensor) -> list[int]:
    return mel_db.mean(dim=1).argmax(dim=1).tolist()


def test_an_epoch_takes_every_track_once_and_fills_its_last_batch() -> None:
    data = batches()
    seen = []
    orders = []
    for epoch in range(3):
        data.set_epoch(epoch)
        order = [track for mel_db, _ in (data[b] for b in range(len(data))) for track in tracks_of(mel_db)]
        assert len(data) == 3 and len(order) == 24  # 19 tracks in batches of 8
        assert sorted(order[:19]) == list(range(19))
        assert order[19:] == order[:5]
        seen += order
        orders.append(tuple(order))
    assert len(set(orders)) == 3
    with pytest.raises(IndexError):
        data[3]


def test_without_augmentation_a_window_is_a_slice_of_its_piece_as_prediction_sees_it() -> None:
    data = batches()
    mel_db, targets = data[1]
    assert mel_db.shape == (8, 64, 32) and mel_db.dtype == targets.dtype == torch.float32
    starts = set()
    for window, target, track in zip(mel_db.numpy(), targets.numpy(), tracks_of(mel_db), strict=True):
        piece = pieces()[track]
        slices = [power_to_db(piece[s : s + 64], top_db=80.0) for s in range(len(piece) - 63)]
        (start,) = [s for s, slice_db in enumerate(slices) if np.array_equal(slice_db, window)]
        starts.add(start)
        assert target.tolist() == [float(c == track % N_CLASSES) for c in range(N_CLASSES)]
    assert len(starts) > 1


def test_numbers_depend_on_seed_epoch_and_batch_and_on_nothing_else() -> None:
    recipe = tiny_training.recipe()
    data = batches(recipe)
    data.set_epoch(2)
    expected, soft = data[1]
    again = batches(recipe)
    for epoch, batch in [(0, 0), (5, 2), (2, 0)]:  # whatever was asked before
        again.set_epoch(epoch)
        _ = again[batch]
    again.set_epoch(2)
    np.random.default_rng(3).random()
    assert torch.equal(again[1][0], expected) and torch.equal(again[1][1], soft)
    for seed, epoch, batch in [(6, 2, 1), (5, 3, 1), (5, 2, 0)]:
        other = batches(recipe, seed=seed)
        other.set_epoch(epoch)
        assert not torch.equal(other[batch][0], expected)


def test_each_epoch_crops_and_changes_a_track_anew() -> None:
    one = TrainingBatches(tiny_training.recipe(), pieces(1), np.array([0]), n_classes=N_CLASSES, seed=5)
    first = one[0][0]
    one.set_epoch(1)
    assert not torch.equal(one[0][0], first)


def test_smoothing_and_mixup_keep_the_mass_of_the_targets() -> None:
    recipe = tiny_training.recipe(
        augment={"mixup_alpha": 0.0}, label_smoothing=0.3
    )  # (1 - 0.3) + 0.3 / 3 for the right genre, 0.3 / 3 for each other
    _, targets = batches(recipe)[0]
    assert sorted({round(value, 5) for value in targets.flatten().tolist()}) == [0.1, 0.8]
    _, mixed = batches(tiny_training.recipe(label_smoothing=0.3))[0]
    assert torch.allclose(mixed.sum(dim=1), torch.ones(8), atol=1e-6)
    assert mixed.min() >= 0.1 - 1e-6
    assert ((mixed > 0.11) & (mixed < 0.79)).any()


@pytest.mark.parametrize(
    ("change", "setting"),
    [("time_stretch", 0.4), ("eq_db", 6.0), ("band_shift", 3), ("n_masks", 2), ("mixup_alpha", 1.0)],
)
def test_every_switch_of_the_augmentation_does_something(change: str, setting: float) -> None:
    off = {"time_stretch": 0, "eq_db": 0, "band_shift": 0, "n_masks": 0, "mixup_alpha": 0}
    on = tiny_training.recipe(augment={**off, "time_mask": 0.3, "band_mask": 8, change: setting}, label_smoothing=0)
    plain, changed = batches()[0], batches(on)[0]
    assert not torch.equal(plain[0], changed[0])
    assert torch.equal(plain[1], changed[1]) == (change != "mixup_alpha")
    assert changed[0].max() <= 1e-4 and changed[0].min() >= -80.0 - 1e-4


def test_a_copy_of_the_module_does_not_copy_the_music() -> None:
    data = batches()
    module = GenreModule(Judge(), PLAIN.training, data)
    assert copy.deepcopy(module).batches is data


def test_whole_tracks_are_the_windows_of_prediction_with_silent_ones_weightless() -> None:
    piece = np.concatenate([pieces()[0], np.full((120, 32), 1e-9, np.float32)])
    data = WholeTracks(PLAIN, [piece, pieces()[1][:40]], np.array([2, 0]))
    track = data[0]
    cut = list(iter_windows([piece[:50], piece[50:]], settings=WindowSettings(64, 32)))
    assert track.mel.shape == (len(cut), 64, 32)
    for window, mel_db in zip(cut, track.mel, strict=True):
        assert np.array_equal(power_to_db(window.power, top_db=80.0), mel_db.numpy())
    assert track.weights.tolist() == [float(window.start_frame < 70) for window in cut]
    assert 0.0 in track.weights.tolist()
    assert int(track.target) == 2
    assert data[1].mel.shape == (1, 64, 32)  # a short piece is repeated
    assert len(data) == 2
    with pytest.raises(IndexError):
        data[2]


class Judge(Network):
    """Logits that can be worked out by hand: the first three bands of a window's first frame."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.vector = torch.nn.Parameter(torch.ones(3))
        self.matrix = torch.nn.Parameter(torch.ones(2, 2))

    def forward(self, mel_db: torch.Tensor) -> Output:
        return Output(self.scale * mel_db[:, 0, :3], mel_db[:, 0])


def test_a_track_is_judged_by_the_mean_of_its_sounding_windows() -> None:
    mel_db = torch.arange(40 * 3.0).reshape(40, 1, 3)  # more windows than go through at once
    weights = (torch.arange(40) % 2).double()
    pooled = track_logits(Judge(), TrackWindows(mel_db, weights, torch.tensor(0)))
    odd = np.arange(1, 40, 2)
    assert np.allclose(pooled.detach().numpy(), [(3 * odd + c).mean() for c in range(3)])
    silent = TrackWindows(mel_db, torch.zeros(40).double(), torch.tensor(0))
    assert track_logits(Judge(), silent).tolist() == [0.0, 0.0, 0.0]
    broken = TrackWindows(mel_db * math.nan, weights, torch.tensor(0))
    assert torch.isnan(track_logits(Judge(), broken)).all()  # and never a track that says nothing


class Rates:
    """The learning rate of every step of a training of 10 epochs of 3 batches, and its optimizer."""

    def __init__(self, *, n_devices: int = 1, **training: object) -> None:
        recipe = tiny_training.recipe(max_epochs=10, learning_rate=1.0, **training)
        module = GenreModule(Judge(), recipe.training, batches(recipe))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(GenreModule, "trainer", SimpleNamespace(world_size=n_devices))
            made = module.configure_optimizers()
        self.optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
        assert made["lr_scheduler"]["interval"] == "step"
        self.seen = []
        for _ in range(-(-3 // n_devices) * 10):
            self.seen.append(self.optimizer.param_groups[0]["lr"])
            self.optimizer.step()
            schedule.step()


def test_the_schedules() -> None:
    cosine = Rates(schedule="cosine", warmup_epochs=2).seen
    constant = Rates(schedule="constant", warmup_epochs=2).seen
    plain = Rates(schedule="constant", warmup_epochs=0).seen
    assert plain == [1.0] * 30
    assert constant == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6] + [1.0] * 25)
    factor = [0.01 + 0.99 * (1 + math.cos(math.pi * step / 30)) / 2 for step in range(30)]
    assert cosine == pytest.approx([a * b for a, b in zip(constant, factor, strict=True)])
    assert cosine[-1] < 0.02


def test_on_several_devices_the_schedule_still_ends_with_the_last_epoch() -> None:
    seen = Rates(n_devices=2, schedule="cosine", warmup_epochs=0).seen  # two batches an epoch on each
    assert len(seen) == 20
    assert seen[10] == pytest.approx(0.01 + 0.99 / 2)
    assert seen[-1] < 0.02


def test_weight_decay_is_for_matrices() -> None:
    matrices, others = Rates(weight_decay=0.07).optimizer.param_groups
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.07, 0.0)
    assert [p.shape for p in matrices["params"]] == [(2, 2)]
    assert [p.shape for p in others["params"]] == [(), (3,)]


def test_the_loss_is_the_cross_entropy_with_soft_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    module = GenreModule(Judge(), PLAIN.training, batches())
    logged: dict[str, float] = {}
    monkeypatch.setattr(GenreModule, "log", lambda self, name, value, **_: logged.update({name: value.item()}))
    mel_db = torch.tensor([[[0.0, 1.0, 2.0]], [[5.0, 1.0, 2.0]]])
    soft = torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.1, 0.0]])
    loss = module.training_step((mel_db, soft), 0)
    p = np.exp(mel_db[:, 0].numpy()) / np.exp(mel_db[:, 0].numpy()).sum(axis=1, keepdims=True)
    assert loss.item() == pytest.approx(float(-(soft.numpy() * np.log(p)).sum(axis=1).mean()), rel=1e-5)
    assert logged["train_loss"] == pytest.approx(loss.item())
    assert logged["train_accuracy"] == 0.5  # heaviest targets 1 and 0, loudest logits 2 and 0
