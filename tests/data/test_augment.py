"""Augmentation against closed forms: what each step may change, by how much, and what it may not touch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genrelens.data import augment

Array = NDArray[np.float32]
Step = Callable[[Array, np.random.Generator], Array]


def ramp(n: int, n_mels: int = 3) -> Array:
    """Frame ``i`` of band ``b`` is ``i + 1000 b``: a crop tells where it comes from."""
    return (np.arange(n)[:, None] + 1000.0 * np.arange(n_mels)[None, :]).astype(np.float32)


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0.1, 1.0, size=shape).astype(np.float32)


@given(n=st.integers(1, 200), n_frames=st.integers(2, 100), seed=st.integers(0, 2**32))
def test_a_crop_without_stretch_is_a_slice_of_the_repeated_piece(n: int, n_frames: int, seed: int) -> None:
    piece = augment.crop(ramp(n), n_frames=n_frames, time_stretch=0.0, rng=np.random.default_rng(seed))
    assert piece.shape == (n_frames, 3)
    assert piece.dtype == np.float32
    start = int(piece[0, 0])
    assert np.array_equal(piece, ramp(n)[(start + np.arange(n_frames)) % n])
    if n >= n_frames:
        assert start + n_frames <= n  # no frame from before the start or after the end


def test_every_place_of_a_crop_is_as_likely_as_any_other() -> None:
    rng = np.random.default_rng(0)
    starts = [int(augment.crop(ramp(10), n_frames=7, time_stretch=0.0, rng=rng)[0, 0]) for _ in range(4000)]
    counts = np.bincount(starts)
    assert counts.shape == (4,)  # 10 - 7 + 1, the last place too
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(1000)


@given(stretch=st.floats(0.01, 0.7), n_frames=st.integers(8, 64), seed=st.integers(0, 2**32))
def test_a_stretched_ramp_is_a_ramp_with_a_tempo_within_bounds(stretch: float, n_frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    piece = augment.crop(ramp(200), n_frames=n_frames, time_stretch=stretch, rng=rng)
    assert piece.shape == (n_frames, 3)
    assert piece.dtype == np.float32
    steps = np.diff(piece[:, 0].astype(np.float64))
    assert np.allclose(steps, steps[0], atol=1e-4)
    assert np.allclose(piece - piece[:, :1], 1000.0 * np.arange(3), atol=1e-3)
    length = steps[0] * (n_frames - 1) + 1  # frames that went in
    assert np.isclose(length, round(length), atol=1e-2)
    assert round(n_frames * np.exp(-stretch)) <= round(length) <= round(n_frames * np.exp(stretch))
    assert piece.min() >= 0 and piece[-1, 0] <= 199


def test_stretches_go_both_ways() -> None:
    rng = np.random.default_rng(0)
    speeds = [
        float(np.diff(augment.crop(ramp(400), n_frames=100, time_stretch=0.3, rng=rng)[:2, 0])[0]) for _ in range(200)
    ]
    assert min(speeds) < np.exp(-0.25) and max(speeds) > np.exp(0.25)
    assert abs(np.mean(np.log(speeds))) < 0.05


@given(n=st.integers(1, 12), seed=st.integers(0, 2**32))
def test_a_piece_shorter_than_its_stretch_is_repeated(n: int, seed: int) -> None:
    piece = augment.crop(ramp(n), n_frames=32, time_stretch=0.5, rng=np.random.default_rng(seed))
    assert piece.shape == (32, 3)
    assert piece[:, 0].min() >= 0 and piece[:, 0].max() <= n - 1


def gains_db(power: Array, *, eq_db: float, seed: int = 0) -> NDArray[np.float64]:
    equalised = augment.equalise(power, eq_db=eq_db, rng=np.random.default_rng(seed))
    return 10 * np.log10(equalised.astype(np.float64) / power)


def test_an_equaliser_of_0_db_changes_nothing() -> None:
    power = noise(3, 20, 16)
    assert np.array_equal(augment.equalise(power, eq_db=0.0, rng=np.random.default_rng(0)), power)


def test_an_equaliser_is_one_smooth_curve_a_window_with_the_spread_that_was_asked_for() -> None:
    gains = gains_db(noise(4000, 2, 51), eq_db=4.0)
    assert np.allclose(gains[:, 0], gains[:, 1], atol=1e-4)  # the same for all frames of a window
    curves = gains[:, 0]
    knots = np.linspace(0, 50, augment.EQ_POINTS).astype(int)  # every tenth band is a control point
    assert np.allclose(curves[:, knots].mean(axis=0), 0.0, atol=4 * 4.0 / np.sqrt(4000))
    assert np.allclose(curves[:, knots].std(axis=0), 4.0, rtol=0.06)
    assert abs(np.corrcoef(curves[:, 0], curves[:, 10])[0, 1]) < 0.06  # control points are independent
    between = np.delete(np.arange(51), knots)
    bends = np.diff(curves, n=2, axis=1)[:, between - 1]
    assert np.abs(bends).max() < 1e-3  # straight between control points
    straight = [np.interp(np.arange(51), knots, curve[knots]) for curve in curves[:20]]
    assert np.allclose(curves[:20], straight, atol=1e-3)


def test_a_shift_moves_a_single_band_and_no_further_than_asked() -> None:
    power = np.zeros((500, 4, 16), np.float32)
    power[:, :, 8] = 1.0
    shifted = augment.shift_bands(power, band_shift=3, rng=np.random.default_rng(0))
    assert np.all(shifted.sum(axis=2) == 1.0)
    places = shifted.argmax(axis=2)
    assert np.all(places == places[:, :1])  # all frames of a window go together
    assert set((places[:, 0] - 8).tolist()) == {-3, -2, -1, 0, 1, 2, 3}


@given(band_shift=st.integers(0, 7), seed=st.integers(0, 2**32))
def test_a_shift_is_a_roll_with_its_edge_repeated(band_shift: int, seed: int) -> None:
    power = noise(5, 3, 16)
    shifted = augment.shift_bands(power, band_shift=band_shift, rng=np.random.default_rng(seed))
    for before, after in zip(power, shifted, strict=True):
        rolled = []
        for shift in range(-band_shift, band_shift + 1):
            padded = np.pad(before, ((0, 0), (8, 8)), mode="edge")
            rolled.append(padded[:, 8 - shift : 24 - shift])
        assert any(np.array_equal(after, each) for each in rolled)


@settings(deadline=None)
@given(
    n_masks=st.integers(0, 3),
    time_mask=st.floats(0, 0.3),  # so that three masks of either kind cannot cover a window
    band_mask=st.integers(0, 5),
    seed=st.integers(0, 2**32),
)
def test_masks_are_whole_spans_no_wider_than_allowed_and_filled_with_the_mean(
    n_masks: int, time_mask: float, band_mask: int, seed: int
) -> None:
    mel_db = -80 * noise(4, 40, 16, seed=seed)
    masked = augment.mask(
        mel_db, n_masks=n_masks, time_mask=time_mask, band_mask=band_mask, rng=np.random.default_rng(seed)
    )
    for before, after in zip(mel_db, masked, strict=True):
        changed = before != after
        rows, columns = changed.all(axis=1), changed.all(axis=0)
        assert np.array_equal(changed, rows[:, None] | columns[None, :])
        assert rows.sum() <= n_masks * int(time_mask * 40)
        assert columns.sum() <= n_masks * band_mask
        assert np.allclose(after[changed], before.mean(), rtol=1e-5)


def test_the_widest_mask_occurs_everywhere_and_so_does_none() -> None:
    mel_db = -80 * noise(3000, 20, 10)
    masked = augment.mask(mel_db, n_masks=1, time_mask=0.25, band_mask=4, rng=np.random.default_rng(0))
    changed = mel_db != masked
    rows, columns = changed.all(axis=2), changed.all(axis=1)
    assert set(rows.sum(axis=1).tolist()) == {0, 1, 2, 3, 4, 5}
    assert set(columns.sum(axis=1).tolist()) == {0, 1, 2, 3, 4}
    assert rows.any(axis=0).all() and columns.any(axis=0).all()
    ends = np.diff(np.pad(rows, ((0, 0), (1, 1))).astype(int), axis=1)
    assert (ends == 1).sum(axis=1).max() == 1  # one mask is one span


@settings(deadline=None)
@given(batch=st.integers(1, 8), n_classes=st.integers(2, 10), alpha=st.floats(0.1, 2.0), seed=st.integers(0, 2**32))
def test_mixup_blends_windows_and_targets_by_the_same_weights(
    batch: int, n_classes: int, alpha: float, seed: int
) -> None:
    targets = np.eye(n_classes, dtype=np.float32)[np.arange(batch) % n_classes]
    # Window i is the unit vector e_i, so a mixed window spells out the weights it was mixed with.
    mel_db = np.eye(batch, dtype=np.float32)[:, None, :].repeat(3, axis=1)
    mixed, soft = augment.mixup(mel_db, targets, alpha=alpha, rng=np.random.default_rng(seed))
    assert mixed.shape == mel_db.shape and mixed.dtype == np.float32
    assert soft.shape == targets.shape and soft.dtype == np.float32
    weights = mixed[:, 0]
    assert np.array_equal(mixed, weights[:, None, :].repeat(3, axis=1))
    assert np.allclose(soft, weights @ targets, atol=1e-6)
    assert np.allclose(soft.sum(axis=1), 1.0, atol=1e-6) and soft.min() >= 0
    assert np.all((weights > 1e-7).sum(axis=1) <= 2)


def test_mixup_weights_have_the_moments_of_a_beta_distribution() -> None:
    rng, alpha = np.random.default_rng(0), 0.3
    two = np.eye(2, dtype=np.float32)
    pairs = [augment.mixup(two[:, None, :], two, alpha=alpha, rng=rng)[1] for _ in range(6000)]
    kept = np.array([pair[0, 0] for pair in pairs if pair[0, 1] or pair[1, 0]])  # the two were exchanged
    assert 2700 < len(kept) < 3300  # one permutation of two in two
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(kept.mean() - 0.5) < 4 * np.sqrt(variance / len(kept))
    assert abs(kept.var() - variance) < 0.01
    each = np.array([(pair[0, 0], pair[1, 1]) for pair in pairs if pair[0, 1] or pair[1, 0]])
    assert abs(np.corrcoef(each.T)[0, 1]) < 0.08  # a draw for each window


STEPS: dict[str, Step] = {
    "crop": lambda x, rng: augment.crop(x[0], n_frames=9, time_stretch=0.0, rng=rng),
    "stretch": lambda x, rng: augment.crop(x[0], n_frames=9, time_stretch=0.4, rng=rng),
    "equalise": lambda x, rng: augment.equalise(x, eq_db=3.0, rng=rng),
    "shift": lambda x, rng: augment.shift_bands(x, band_shift=3, rng=rng),
    "mask": lambda x, rng: augment.mask(x, n_masks=2, time_mask=0.3, band_mask=4, rng=rng),
    "mixup": lambda x, rng: augment.mixup(x, np.eye(len(x), dtype=np.float32), alpha=0.3, rng=rng)[0],
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_seeded_and_changes_nothing_in_place(name: str) -> None:
    step = STEPS[name]
    power = noise(6, 20, 16)
    power.flags.writeable = False  # as frames mapped from the cache are
    kept = power.copy()
    once, again = (step(power, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.dtype == np.float32
    assert np.array_equal(power, kept)
    assert any(not np.array_equal(once, step(power, np.random.default_rng(k))) for k in range(6, 12))


@settings(deadline=None, max_examples=40)
@given(
    name=st.sampled_from(sorted(STEPS)),
    batch=st.integers(1, 5),
    n_frames=st.integers(4, 40),
    n_mels=st.integers(8, 40),
    seed=st.integers(0, 2**32),
)
def test_shapes_hold(name: str, batch: int, n_frames: int, n_mels: int, seed: int) -> None:
    out = STEPS[name](noise(batch, n_frames, n_mels), np.random.default_rng(seed))
    assert out.shape == ((9, n_mels) if name in ("crop", "stretch") else (batch, n_frames, n_mels))
    assert np.isfinite(out).all()
