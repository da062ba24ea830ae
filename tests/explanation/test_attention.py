"""Attention maps: closed forms, then the same written another way."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.errors import BundleError
from genrelens.explanation.methods.attention import AttentionMap, over_frames, over_stretch, received, rollout


def some_attention(*, layers: int = 3, heads: int = 2, tokens: int = 5, seed: int = 0) -> np.ndarray:
    raw = np.random.default_rng(seed).exponential(size=(layers, heads, tokens, tokens))
    return raw / raw.sum(axis=-1, keepdims=True)


def test_all_looking_at_one_token_gives_it_everything() -> None:
    attention = np.zeros((1, 1, 4, 4))
    attention[..., 2] = 1.0
    assert AttentionMap().scores(attention).tolist() == [0.0, 0.0, 4.0, 0.0]
    # By rollout half of each token stays with itself: 1/2 from itself, 1/2 from token 2.
    expected = 0.5 * np.eye(4) + 0.5 * attention[0, 0]
    np.testing.assert_allclose(rollout(attention), expected)
    np.testing.assert_allclose(AttentionMap.named("rollout").scores(attention), [0.5, 0.5, 2.5, 0.5])


def test_even_attention_scores_one_everywhere() -> None:
    even = np.full((3, 4, 6, 6), 1 / 6, np.float32)
    for name in ("attention", "attention-layer3", "attention-head4", "attention-layer2-head1", "rollout"):
        np.testing.assert_allclose(AttentionMap.named(name).scores(even), np.ones(6), atol=1e-6)


def test_two_layers_of_rollout_by_hand() -> None:
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    stay = np.eye(2)
    attention = np.stack([swap, stay])[:, None]
    # First layer (1/2, 1/2); the second, which stays, leaves that as it is.
    np.testing.assert_allclose(rollout(attention), np.full((2, 2), 0.5))


def test_rollout_is_the_sum_over_all_paths() -> None:
    """Differently written: the share of every path token by token, added up one path at a time."""
    attention = some_attention(layers=3, heads=2, tokens=3)
    expected = np.zeros((3, 3))
    for end in range(3):
        for second in range(3):
            for first in range(3):
                for start in range(3):
                    share = 1.0
                    for layer, (query, key) in enumerate([(first, start), (second, first), (end, second)]):
                        w = sum(attention[layer, head, query, key] for head in range(2)) / 2
                        share *= 0.5 * w + 0.5 * (query == key)
                    expected[end, start] += share
    np.testing.assert_allclose(rollout(attention), expected, atol=1e-12)
    np.testing.assert_allclose(rollout(attention).sum(axis=1), 1.0)


def test_the_named_maps_are_means_over_what_they_leave_open() -> None:
    attention = some_attention()

    def by_hand(layers: list[int], heads: list[int]) -> list[float]:
        return [
            5 * np.mean([attention[la, he, q, token] for la in layers for he in heads for q in range(5)])
            for token in range(5)
        ]

    for name, layers, heads in (
        ("attention", [0, 1, 2], [0, 1]),
        ("attention-layer2", [1], [0, 1]),
        ("attention-head2", [0, 1, 2], [1]),
        ("attention-layer3-head1", [2], [0]),
    ):
        np.testing.assert_allclose(AttentionMap.named(name).scores(attention), by_hand(layers, heads))
    np.testing.assert_allclose(received(attention).sum(axis=-1), 1.0)


def test_what_is_not_there_is_refused_by_name() -> None:
    attention = some_attention(layers=2, heads=2)
    with pytest.raises(BundleError, match="2 layers, there is no layer 3"):
        AttentionMap.named("attention-layer3").scores(attention)
    with pytest.raises(BundleError, match="2 heads, there is no head 9"):
        AttentionMap.named("attention-head9").scores(attention)
    for name in ("attention-layer0", "attention-", "rollout-layer1", "gaze"):
        with pytest.raises(BundleError, match="counted from 1"):
            AttentionMap.named(name)
    with pytest.raises(BundleError, match="give it none"):
        AttentionMap(rollout=True, layer=0)
    with pytest.raises(BundleError, match="layers, heads, tokens, tokens"):
        rollout(np.zeros((2, 3, 4)))


def test_frames_take_from_the_tokens_that_hold_them() -> None:
    np.testing.assert_allclose(over_frames(np.array([1.0, 3.0]), n_frames=6), [1, 1, 1, 3, 3, 3])
    # Five frames of two tokens: the middle one lies half in each.
    np.testing.assert_allclose(over_frames(np.array([1.0, 3.0]), n_frames=5), [1, 1, 2, 3, 3])
    # More tokens than frames: each frame is the mean of its tokens.
    np.testing.assert_allclose(over_frames(np.array([1.0, 3.0, 5.0, 9.0]), n_frames=2), [2, 7])
    scores = np.random.default_rng(1).random((2, 3, 7))
    frames = over_frames(scores, n_frames=10)
    assert frames.shape == (2, 3, 10)
    np.testing.assert_allclose(frames.mean(axis=-1), scores.mean(axis=-1))


def test_windows_are_averaged_where_they_overlap() -> None:
    found = over_stretch(
        [np.array([1.0, 1, 1, 1]), None, np.array([3.0, 3, 3, 3])], spans=[(0, 4), (4, 8), (2, 6)], n_frames=4
    )
    np.testing.assert_allclose(found, [1, 1, 2, 2, 3, 3, np.nan, np.nan])


def test_a_repeated_track_is_folded_back_onto_itself() -> None:
    found = over_stretch([np.array([1.0, 2, 3, 10, 20])], spans=[(0, 3)], n_frames=5)
    np.testing.assert_allclose(found, [5.5, 11, 3])
