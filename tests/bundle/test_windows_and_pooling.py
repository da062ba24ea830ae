"""Windows cover every frame whatever the chunks; pooling and silence in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrelens.bundle import WindowSettings, iter_windows, pool_logits, softmax
from genrelens.errors import BundleError
from genrelens.frontend.frames import is_silent
from genrelens.frontend.mel import MelSettings, mel_power


def frames(n: int) -> np.ndarray:
    return np.arange(2 * n, dtype=np.float32).reshape(n, 2)


def windows(chunks: list[np.ndarray], n_frames: int, hop_frames: int) -> list[tuple[int, int, list[float]]]:
    return [
        (window.start_frame, window.end_frame, window.power.tolist())
        for window in iter_windows(chunks, settings=WindowSettings(n_frames, hop_frames))
    ]


def test_windows_start_at_every_hop_and_the_last_ends_at_the_last_frame() -> None:
    piece = frames(11)
    found = list(iter_windows([piece], settings=WindowSettings(4, 3)))
    assert [(w.start_frame, w.end_frame) for w in found] == [(0, 4), (3, 7), (6, 10), (7, 11)]
    for window in found:
        np.testing.assert_array_equal(window.power, piece[window.start_frame : window.end_frame])


def test_no_closing_window_where_the_hops_already_end_at_the_last_frame() -> None:
    assert [w[:2] for w in windows([frames(10)], 4, 3)] == [(0, 4), (3, 7), (6, 10)]
    assert [w[:2] for w in windows([frames(4)], 4, 1)] == [(0, 4)]


def test_a_short_piece_is_repeated_and_says_where_it_ended() -> None:
    (window,) = iter_windows([frames(3)], settings=WindowSettings(8, 8))
    assert (window.start_frame, window.end_frame) == (0, 3)
    np.testing.assert_array_equal(window.power[:, 0], [0, 2, 4, 0, 2, 4, 0, 2])


def test_no_frames_give_no_windows() -> None:
    assert windows([], 4, 2) == []
    assert windows([frames(0)], 4, 2) == []


@settings(max_examples=300, deadline=None)
@given(
    n=st.integers(0, 60),
    n_frames=st.integers(1, 12),
    hop_share=st.floats(0.01, 1.0),
    cuts=st.lists(st.integers(0, 60), max_size=12),
)
def test_every_frame_is_covered_and_chunking_changes_nothing(
    n: int, n_frames: int, hop_share: float, cuts: list[int]
) -> None:
    hop_frames = max(1, round(hop_share * n_frames))
    piece = frames(n)
    chunks = np.split(piece, sorted(cut for cut in cuts if cut <= n))
    found = windows(chunks, n_frames, hop_frames)
    assert found == windows([piece], n_frames, hop_frames)
    assert found == windows(list(piece[:, np.newaxis]), n_frames, hop_frames)
    covered = {frame for start, end, _ in found for frame in range(start, end)}
    assert covered == set(range(n))
    assert all(len(power) == n_frames for _, _, power in found)
    starts = [start for start, _, _ in found]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize(("n_frames", "hop_frames"), [(0, 0), (4, 5), (4, 0), (-1, 1)])
def test_impossible_windows_are_refused(n_frames: int, hop_frames: int) -> None:
    with pytest.raises(BundleError, match="hop_frames"):
        WindowSettings(n_frames, hop_frames)


@pytest.mark.parametrize(("n_fft", "n_mels"), [(512, 48), (2048, 128), (4096, 128)])
def test_dither_is_silent_and_quiet_music_is_not(n_fft: int, n_mels: int) -> None:
    mel = MelSettings(
        sample_rate=22050,
        n_fft=n_fft,
        hop_length=n_fft // 4,
        n_mels=n_mels,
        fmin_hz=20.0,
        fmax_hz=None,
        htk=False,
        top_db=80.0,
    )
    rng = np.random.default_rng(0)
    n = 30 * 22050
    lsb = 1 / 32768
    dither = np.round(rng.random(n) - rng.random(n)) * lsb  # triangular, 2 LSB wide, then quantised
    coin_flips = rng.integers(-1, 2, n) * lsb * 0.5
    assert is_silent(mel_power(np.zeros(n, np.float32), settings=mel), settings=mel)
    assert is_silent(mel_power(dither.astype(np.float32), settings=mel), settings=mel)
    assert is_silent(mel_power(coin_flips.astype(np.float32), settings=mel), settings=mel)
    noise = rng.standard_normal(n)
    tone = np.sin(2 * np.pi * 440 * np.arange(n) / 22050)
    for sound in (noise / np.abs(noise).max(), tone):
        assert not is_silent(mel_power((1e-3 * sound).astype(np.float32), settings=mel), settings=mel)


@pytest.mark.parametrize("level", [1 / 32768, 0.5, -1.0])
def test_a_constant_is_silent_although_it_clicks_where_it_begins_and_ends(level: float) -> None:
    mel = MelSettings(
        sample_rate=22050, n_fft=2048, hop_length=512, n_mels=128, fmin_hz=0.0, fmax_hz=None, htk=False, top_db=80.0
    )
    power = mel_power(np.full(22050 * 10, level, np.float32), settings=mel)
    windows = list(iter_windows([power], settings=WindowSettings(256, 128)))
    assert all(is_silent(window.power, settings=mel) for window in windows)
    tone = 1e-3 * np.sin(2 * np.pi * 440 * np.arange(22050 * 10) / 22050)
    with_tone = mel_power((level + tone).astype(np.float32), settings=mel)
    assert not is_silent(with_tone, settings=mel)


def test_pooling_is_the_weighted_mean_of_logits() -> None:
    logits = np.array([[1.0, 5.0], [3.0, -1.0], [100.0, 100.0]])
    np.testing.assert_allclose(pool_logits(logits, weights=[1, 3, 0]), [2.5, 0.5])
    np.testing.assert_allclose(pool_logits(logits[:1], weights=[1]), logits[0])


def test_windows_of_no_weight_count_for_nothing_even_when_they_are_nan() -> None:
    logits = np.array([[1.0, 5.0], [np.nan, np.nan]])
    np.testing.assert_allclose(pool_logits(logits, weights=[1, 0]), [1.0, 5.0])
    assert np.isnan(pool_logits(logits, weights=[0, 0])).all()


def test_pooling_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="expected logits"):
        pool_logits(np.zeros((2, 3)), weights=[1])
    with pytest.raises(ValueError, match=">= 0"):
        pool_logits(np.zeros((1, 3)), weights=[-1])


def test_softmax_in_closed_form() -> None:
    np.testing.assert_allclose(softmax([0.0, np.log(3)]), [0.25, 0.75])
    np.testing.assert_allclose(softmax([0.0, 2 * np.log(3)], temperature=2.0), [0.25, 0.75])
    np.testing.assert_allclose(softmax([1e5, 0.0, -1e5]), [1, 0, 0])
    assert np.isnan(softmax([np.nan, np.nan])).all()


@pytest.mark.parametrize(
    ("n", "starts"), [(5, [0]), (20, [0, 10]), (24, [0, 10]), (25, [0, 10, 15]), (29, [0, 10, 19])]
)
def test_a_closing_window_is_added_where_enough_would_not_be_heard(n: int, starts: list[int]) -> None:
    frames = np.arange(n, dtype=np.float32)[:, np.newaxis]
    found = list(iter_windows([frames], settings=WindowSettings(10, 10), closing_from=5))
    assert [window.start_frame for window in found] == starts
