"""What heads do and where in the beat attention lies: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.explanation.tempo import FRAMES_PER_S
from genrelens.profile.heads import (
    N_PHASES,
    beat_phase,
    fold,
    mean_distance,
    mean_entropy,
    on_the_beat,
    over_beat,
    profile_spread,
)


def test_distance_and_entropy_of_known_heads() -> None:
    itself, even = np.eye(5), np.full((5, 5), 0.2)
    following = np.roll(np.eye(5), 1, axis=1)  # each looks at the next, the last at the first
    heads = np.stack([itself, even, following])
    np.testing.assert_allclose(mean_distance(heads), [0.0, 1.6, (4 * 1 + 4) / 5])
    np.testing.assert_allclose(mean_entropy(heads), [0.0, 1.0, 0.0], atol=1e-12)
    assert mean_entropy(np.ones((2, 1, 1))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("bpm", [75.0, 120.0, 173.0])
@pytest.mark.parametrize("first_s", [0.0, 0.21])
def test_attention_on_the_beat_is_found_wherever_the_beat_begins(bpm: float, first_s: float) -> None:
    onsets_at = np.arange(12 * FRAMES_PER_S) / FRAMES_PER_S
    phase = (onsets_at - first_s) * bpm / 60 % 1.0
    onsets = np.exp(-0.5 * (np.minimum(phase, 1 - phase) / 0.05) ** 2)
    found = beat_phase(onsets[: 6 * FRAMES_PER_S], bpm=bpm)
    assert found is not None
    apart = abs(found - first_s * bpm / 60 % 1.0)
    assert min(apart, 1 - apart) < 0.02
    frame_s = 0.0232
    times = np.arange(round(12 / frame_s)) * frame_s
    attention = 1 + 0.4 * np.cos(2 * np.pi * (times - first_s) * bpm / 60)
    folded = over_beat(attention, frame_s=frame_s, onsets=onsets, bpm=bpm)
    assert folded is not None
    assert int(folded.argmax()) == 0 and int(folded.argmin()) == N_PHASES // 2
    # Eighths are means over an eighth of a period: sin(x) / x of the amplitude is left.
    assert float(on_the_beat(folded)) == pytest.approx(0.4 * np.sinc(1 / N_PHASES), abs=0.03)


def test_a_tempo_that_is_off_by_little_does_not_smear_the_fold() -> None:
    onsets_at = np.arange(30 * FRAMES_PER_S) / FRAMES_PER_S
    phase = onsets_at * 2.0 % 1.0
    onsets = np.exp(-0.5 * (np.minimum(phase, 1 - phase) / 0.05) ** 2)
    times = np.arange(1500) * 0.02
    attention = 1 + 0.4 * np.cos(2 * np.pi * times * 2.0)
    folded = over_beat(attention, frame_s=0.02, onsets=onsets, bpm=120.6)
    assert folded is not None and float(on_the_beat(folded)) > 0.35


def test_where_nothing_begins_there_is_no_beat() -> None:
    assert beat_phase(np.zeros(100), bpm=120.0) is None
    assert beat_phase(np.zeros(0), bpm=120.0) is None
    assert over_beat(np.ones(500), frame_s=0.02, onsets=np.zeros(1000), bpm=120.0) is None
    assert np.isnan(fold(np.ones(2), frame_s=0.01, bpm=60.0, phase=0.0)).sum() == N_PHASES - 1


def test_the_farthest_genre_is_the_one_unlike_the_others() -> None:
    profiles = np.ones((3, 1, 2, 4))
    profiles[2, 0, 1] = [4.0, 0.0, 0.0, 0.0]
    spread, farthest = profile_spread(profiles, ["a", "b", "c"])
    assert spread[0, 0] == 0.0
    assert spread[0, 1] == pytest.approx(np.std([[1, 1, 4], [1, 1, 0], [1, 1, 0], [1, 1, 0]], axis=1).mean())
    assert farthest[0, 1] == "c"
    assert profile_spread(profiles[:1], ["a"])[1].tolist() == [["a", "a"]]
