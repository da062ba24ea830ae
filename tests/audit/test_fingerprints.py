"""The fingerprint: the paper's formula, what must not change it, and what must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import noise

from genrelens.audit import fingerprint as fp
from genrelens.audit.fingerprint import MIN_OVERLAP, agreement, find_candidates, overlap


def made_of(samples: NDArray[np.float32], cuts: list[int] | None = None) -> fp.Fingerprint:
    stream = fp.FingerprintStream()
    for block in np.split(samples, sorted(cuts or [])):
        stream.push(block)
    return stream.finish()


def hiss(seed: int, duration_s: float = 6.0) -> NDArray[np.float32]:
    return noise(seed, duration_s=duration_s, rate=fp.SAMPLE_RATE)


def same(a: fp.Fingerprint, b: fp.Fingerprint) -> bool:
    pairs = ((a.bits, b.bits), (a.clear, b.clear), (a.keys, b.keys), (a.key_frames, b.key_frames))
    return all(np.array_equal(one, other) for one, other in pairs)


def test_bits_are_the_papers_formula() -> None:
    """E(n, m) by a plain transform, one frame and band at a time."""
    samples = hiss(0, 1.0)
    found = made_of(samples)
    edges_hz = 300.0 * (2000.0 / 300.0) ** (np.arange(34) / 33)
    edges = [round(hz * 2048 / 5512) for hz in edges_hz]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    n_frames = 1 + (len(samples) - 2048) // 128
    energy = np.zeros((n_frames, 33))
    for n in range(n_frames):
        power = np.abs(np.fft.fft(window * samples[128 * n : 128 * n + 2048].astype(float))) ** 2
        for m in range(33):
            energy[n, m] = power[edges[m] : edges[m + 1]].sum()
    assert len(found) == n_frames - 1
    n_checked = 0
    for n in range(1, n_frames):
        for m in range(32):
            four = energy[n, m], energy[n, m + 1], energy[n - 1, m], energy[n - 1, m + 1]
            change = four[0] - four[1] - (four[2] - four[3])
            if abs(abs(change) / sum(four) - 0.02) < 1e-4:
                continue  # too near to the border between clear and not
            is_clear = abs(change) >= 0.02 * sum(four)
            assert bool(found.clear[n - 1] >> m & 1) == is_clear
            if is_clear:
                assert bool(found.bits[n - 1] >> m & 1) == (change > 0)
                n_checked += 1
    assert n_checked > 400


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 3 * fp.SAMPLE_RATE), max_size=6), seed=st.integers(0, 9))
def test_where_the_blocks_are_cut_changes_nothing(cuts: list[int], seed: int) -> None:
    samples = hiss(seed, 3.0)
    assert same(made_of(samples), made_of(samples, cuts))


@settings(max_examples=25, deadline=None)
@given(shift=st.integers(0, 60), halvings=st.integers(0, 4), seed=st.integers(0, 9))
def test_a_shift_moves_the_rows_and_loudness_changes_nothing(shift: int, halvings: int, seed: int) -> None:
    samples = hiss(seed, 3.0)
    whole, later = made_of(samples), made_of(samples[shift * fp.HOP :] * np.float32(0.5**halvings))
    assert np.array_equal(whole.bits[shift:], later.bits)
    assert np.array_equal(whole.clear[shift:], later.clear)


@pytest.mark.parametrize("gain_db", [-12.0, 12.0])
def test_any_gain_keeps_the_clear_bits(gain_db: float) -> None:
    samples = hiss(1)
    a, b = made_of(samples), made_of(samples * np.float32(10 ** (gain_db / 20)))
    assert agreement(a, b, 0) > 0.9999


def test_what_does_not_change_says_nothing() -> None:
    t = np.arange(5 * fp.SAMPLE_RATE) / fp.SAMPLE_RATE
    chord = sum(0.1 * np.sin(2 * np.pi * hz * t) for hz in (330.0, 440.0, 1001.5)).astype(np.float32)
    for still in (chord, np.zeros_like(chord), np.full_like(chord, 0.3)):
        found = made_of(still)
        assert len(found) > 190
        assert not found.clear[2:-2].any()  # the first frames and the last may hear the edge
        assert not found.key_frames.size


@pytest.mark.parametrize(("n_samples", "n_frames"), [(0, 0), (1, 0), (2047, 0), (2175, 0), (2176, 1), (2304, 2)])
def test_how_many_frames_there_are(n_samples: int, n_frames: int) -> None:
    found = made_of(hiss(0)[:n_samples])
    assert len(found) == len(found.clear) == n_frames
    assert found.keys.shape == (len(found.key_frames), 4)
    if n_frames:
        assert fp.seconds(n_frames) * fp.SAMPLE_RATE == n_samples


def test_other_sound_agrees_by_chance_alone() -> None:
    a, b = made_of(hiss(2, 30.0)), made_of(hiss(3, 30.0))
    assert agreement(a, a, 0) == 1.0
    assert max(abs(agreement(a, b, lag)) for lag in range(-200, 200)) < 0.1


@settings(max_examples=200, deadline=None)
@given(n_a=st.integers(0, 12), n_b=st.integers(0, 12), lag=st.integers(-15, 15))
def test_overlap_is_counted_right(n_a: int, n_b: int, lag: int) -> None:
    a, b = (
        fp.Fingerprint(
            np.zeros(n, np.uint32), np.zeros(n, np.uint32), np.zeros((0, 4), np.uint32), np.zeros(0, np.int32)
        )
        for n in (n_a, n_b)
    )
    assert overlap(a, b, lag) == sum(0 <= n + lag < n_a for n in range(n_b))


def test_agreement_is_the_share_of_equal_clear_bits() -> None:
    rng = np.random.default_rng(0)

    def random(n: int) -> fp.Fingerprint:
        bits, clear = (rng.integers(0, 1 << 32, n, dtype=np.uint32) for _ in range(2))
        return fp.Fingerprint(bits, clear, np.zeros((0, 4), np.uint32), np.zeros(0, np.int32))

    a, b = random(400), random(300)
    for lag in (-40, 0, 7, 150):
        equal = known = 0
        for n in range(300):
            if 0 <= n + lag < 400:
                for bit in range(32):
                    if a.clear[n + lag] >> bit & b.clear[n] >> bit & 1:
                        known += 1
                        equal += (a.bits[n + lag] >> bit & 1) == (b.bits[n] >> bit & 1)
        assert agreement(a, b, lag) == pytest.approx(2 * equal / known - 1, abs=1e-12)
    assert agreement(a, b, 400 - MIN_OVERLAP + 1) == 0.0


def test_candidates_are_the_copies_at_their_distance() -> None:
    sounds = [hiss(seed, 20.0) for seed in range(5)]
    shifted = sounds[3][100 * fp.HOP + 57 :] * np.float32(0.3)
    mix = np.concatenate([hiss(9, 4.0), sounds[1]])
    prints = [made_of(samples) for samples in (*sounds, shifted, mix)]
    found = {(c.first, c.second): c for c in find_candidates(prints)}
    assert set(found) == {(3, 5), (1, 6)}
    assert abs(found[3, 5].lag - 100) <= 1 and found[3, 5].agreement > 0.9
    assert abs(found[1, 6].lag + round(4.0 / fp.FRAME_S)) <= 1
    assert found[3, 5].overlap == overlap(prints[3], prints[5], found[3, 5].lag)


def test_nothing_and_a_single_sound_have_no_candidates() -> None:
    empty = made_of(np.zeros(0, np.float32))
    assert find_candidates([]) == []
    assert find_candidates([empty, empty]) == []
    assert find_candidates([made_of(hiss(0))]) == []


def test_a_loop_is_found_without_comparing_everything_with_everything() -> None:
    """A bar that is repeated to the sample gives each word 40 times; its copy is found all the same."""
    bar = hiss(4, 1.0)[: 40 * fp.HOP]
    loop, other = np.tile(bar, 40), np.tile(hiss(5, 1.0)[: 40 * fp.HOP], 40)
    found = find_candidates([made_of(loop), made_of(other), made_of(loop[10 * fp.HOP :])])
    assert [(c.first, c.second) for c in found] == [(0, 2)]
    assert found[0].agreement == 1.0
