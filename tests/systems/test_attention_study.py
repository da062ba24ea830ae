"""The attention study in closed form, and its sentence by what the intervals say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrelens.data import Track
from genrelens.metrics import Interval
from genrelens.systems.attention.findings import says_baselines, says_truest, says_whether
from genrelens.systems.attention.study import (
    Clip,
    Truest,
    attended_spectrum,
    by_baseline,
    by_genre,
    concentration,
    examples,
    habit,
    louder,
    parts_of,
    truest,
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
        left={name: np.full(4, probability - fall) for name, fall in falls.items()},
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
    assert of["attention"].above_random.value == pytest.approx(of["attention"].fall.value - of["random"].fall.value)
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
    assert says in says_whether(verdicts(clips(attention, loudness)))


def test_layers_and_heads_have_maps_by_explains_names() -> None:
    one = clip(0, falls={})
    assert parts_of(one) == (
        *("attention-layer1", "attention-layer1-head1", "attention-layer1-head2"),
        *("attention-layer2", "attention-layer2-head1", "attention-layer2-head2"),
    )
    assert np.array_equal(one.map_of("attention-layer2-head1"), one.heads[1, 0])
    assert np.array_equal(one.map_of("attention-layer2"), one.heads[1].mean(axis=0))
    assert one.map_of("loudness") is one.maps["loudness"]


def with_parts(falls: np.ndarray) -> list[Clip]:
    """Clips by as many artists with falls ``(clips, 6)`` of the layers and heads beyond a random fifth's 0.1."""
    names = parts_of(clip(0, falls={}))
    return [
        clip(k, falls={"attention": 0.1, "random": 0.1, **{n: 0.1 + f for n, f in zip(names, row, strict=True)}})
        for k, row in enumerate(falls)
    ]


def test_picking_a_head_is_worth_what_it_gets_on_artists_who_had_no_say() -> None:
    """Six heads of noise about nothing: the best of them looks good on the clips that picked it, and only there."""
    noise = np.random.default_rng(5).normal(0.0, 0.1, (10, 6))
    found = truest(with_parts(noise - noise.mean(axis=0) * 0.9))
    assert found.above_random.value > 0
    assert found.fitted.value < found.above_random.value
    said = says_truest(found)
    assert "nothing shows that a head is worth picking" in said or "misleads" in said


def test_a_head_that_beats_the_mean_but_not_chance_is_not_recommended() -> None:
    own, worth, more = Interval(0.01, -0.01, 0.03), Interval(0.0, -0.02, 0.02), Interval(0.05, 0.02, 0.08)
    said = says_truest(Truest("attention-layer1", own, worth, more))
    assert "more than the mean of all heads" in said and "nothing shows that a head is worth picking" in said


def test_a_head_that_is_truest_for_everybody_is_found_and_said() -> None:
    falls = 0.01 * np.random.default_rng(5).normal(size=(10, 6))
    falls[:, 4] += 0.2
    found = truest(with_parts(falls))
    assert found.name == "attention-layer2-head1" and found.fitted.value == found.above_random.value
    said = says_truest(found)
    assert said.startswith("Of its layers and heads layer 2, head 1 is the truest") and "worth picking" in said


def test_one_baseline_alone_is_not_asked() -> None:
    """By the mean baseline alone attention looked true of S0's network, by all baselines it does not."""
    found = clips(0.1, 0.1)
    for k, one in enumerate(found):
        one.left["random"] = np.full(4, 0.5)
        one.left["attention"] = 0.5 - np.array([0.2, -0.2, 0.0, 0.0]) + 0.01 * np.sin(k)
    by = by_baseline(found)
    assert list(by) == ["mean", "silence", "shuffled", "blurred"]
    assert by["mean"].low > 0 > by["silence"].high
    said = says_baselines(by)
    assert "only by mean it counts more than a random fifth" in said and "by silence it counts less" in said
    less = says_baselines({"mean": Interval(-0.02, -0.03, -0.01), "silence": Interval(0.0, -0.01, 0.01)})
    assert "by none of them it counts more" in less and "by mean it counts less" in less
    assert "told apart" not in less  # by one of them it is
    above = verdicts(found)[0].above_random
    assert above.low < 0 < above.high


def test_a_habit_of_position_is_what_clips_of_other_artists_share() -> None:
    rng = np.random.default_rng(2)

    def made(k: int, shared: float) -> Clip:
        one = clip(k, falls={})
        ramp = np.linspace(0, 2, N_FRAMES)
        one.maps["attention"] = shared * ramp + rng.random(N_FRAMES)
        return replace(one, edges=np.arange(N_FRAMES + 1))

    assert habit([made(k, 3.0) for k in range(12)]).low > 0.8
    nothing = habit([made(k, 0.0) for k in range(12)])
    assert nothing.low < 0 < nothing.high or abs(nothing.value) < 0.3
    assert np.isnan(habit([made(0, 1.0)]).value)  # nobody else to compare with


def test_louder_is_the_level_of_what_is_attended_to_over_all_bands() -> None:
    assert louder([clip(0, falls={}), clip(1, falls={})]).value == pytest.approx(1.0)  # 4 dB in one of four bands
