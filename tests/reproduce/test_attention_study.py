"""The attention study in closed form, and its sentence by what the intervals say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrelens.data import Track
from genrelens.reproduce.attention_study import (
    Clip,
    attended_spectrum,
    by_genre,
    concentration,
    examples,
    verdicts,
)

N_FRAMES, N_BANDS = 10, 4


def clip(
    k: int, *, falls: dict[str, float], genre: str = "jazz", called: str = "jazz", probability: float = 0.9
) -> Clip:
    """A clip whose frames 3 and 7 are looked at alone, and are 5 dB louder in the first band."""
    mel = np.full((N_FRAMES, N_BANDS), -40.0)
    mel[[3, 7], 0] += 5.0
    attention = np.zeros(N_FRAMES)
    attention[[3, 7]] = N_FRAMES / 2
    heads = np.stack([np.ones((2, N_FRAMES)), np.stack([attention, np.ones(N_FRAMES)])])
    return Clip(
        track=Track(f"{genre}.{k}", Path(), genre, f"artist {k}", "test"),
        called=called,
        probability=probability,
        mel_db=mel,
        heads=heads,
        maps={"attention": attention, "rollout": attention, "loudness": np.ones(N_FRAMES)},
        edges=np.array([0, 5, 10]),
        left={name: probability - fall for name, fall in falls.items()},
    )


def clips(attention: float, loudness: float) -> list[Clip]:
    """Twelve clips by as many artists, falls spread a little about what is given, 0.1 for a random fifth."""
    spread = 0.02 * np.sin(np.arange(12))
    return [
        clip(
            k,
            falls={
                "attention": attention + s,
                "rollout": attention - s,
                "loudness": loudness + s / 2,
                "random": 0.1 - s,
            },
        )
        for k, s in enumerate(spread)
    ]


def test_a_head_that_looks_at_a_fifth_alone_is_as_narrow_as_can_be() -> None:
    share = concentration(clip(0, falls={}))
    assert share[1, 0] == 1.0
    assert share[[0, 0, 1], [0, 1, 1]] == pytest.approx([0.2, 0.2, 0.2])


def test_what_is_attended_to_is_told_band_by_band() -> None:
    above = attended_spectrum([clip(0, falls={}), clip(1, falls={})])
    assert above == pytest.approx(
        [5.0 - 1.0, 0.0, 0.0, 0.0]
    )  # two of ten frames are 5 dB above, and so is 1 dB of the mean


def test_segments_take_the_mean_of_their_frames() -> None:
    assert clip(0, falls={}).segment_scores("attention") == pytest.approx([1.0, 1.0])


def test_the_surest_right_answer_of_each_genre_is_the_example() -> None:
    found = [
        clip(0, falls={}, probability=0.6),
        clip(1, falls={}, probability=0.7),
        clip(2, falls={}, genre="metal", called="rock", probability=0.99),  # wrong
        clip(3, falls={}, genre="rock", called="rock", probability=0.8),
    ]
    assert [one.track.id for one in examples(found, n=2)] == ["rock.3", "jazz.1"]
    assert {name: len(its) for name, its in by_genre(found).items()} == {"jazz": 2, "metal": 1, "rock": 1}


def test_verdicts_are_paired_means() -> None:
    of = {one.name: one for one in verdicts(clips(0.3, 0.2))}
    assert of["attention"].fall.value == pytest.approx(0.3 + 0.02 * np.sin(np.arange(12)).mean())
    assert of["attention"].above_random.value == pytest.approx(
        of["attention"].fall.value - of["random"].fall.value
    )
    assert of["attention"].above_loudness.low > 0 and of["attention"].n_artists == 12
    assert of["random"].above_random.value == 0.0 and np.isnan(of["random"].above_random.low)


@pytest.mark.parametrize(
    ("attention", "loudness", "says"),
    [
        (0.3, 0.2, "and more than the loudest fifth"),
        (0.2, 0.3, "but less than the loudest fifth"),
        (0.3, 0.3, "not told apart from the loudest fifth"),
        (0.1, 0.3, "does not measurably cost the answer more"),
        (0.0, 0.3, "does not measurably cost the answer more"),
    ],
)
def test_the_sentence_is_that_of_the_intervals(attention: float, loudness: float, says: str) -> None:
    pytest.importorskip("matplotlib")
    from genrelens.reproduce.attention_sections import says_whether

    assert says in says_whether(verdicts(clips(attention, loudness)))
