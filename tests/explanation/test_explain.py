"""From sound to an explanation: what it is of, what it says beside the scores, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_model
from explain_toys import hum_and_hiss
from genrelens.bundle import Abstention, Bundle
from genrelens.errors import BundleError, TaxonomyError
from genrelens.explanation.explain import explain
from genrelens.explanation.explanation import Segment
from genrelens.explanation.faithfulness.judging import what_if
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES
from genrelens.explanation.methods.occlusion import without_each
from genrelens.explanation.parts import band_groups
from genrelens.explanation.sound import most_decisive, read
from genrelens.frontend.frames import frame_stream

RATE = tiny_model.MEL.sample_rate


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


def stretch_of(bundle: Bundle, sound: np.ndarray) -> np.ndarray:
    stream = frame_stream(bundle.manifest.front_end)  # type: ignore[arg-type]
    return np.concatenate([stream.push(sound), stream.finish()])


def test_segments_cover_the_track_and_the_cue_scores_highest(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(3, 5), (9, 10)])
    found = explain(sound, sample_rate=RATE, bundle=bundle, genre="hum", method="occlusion")
    explanation = found.explanation
    assert explanation is not None
    assert (explanation.start_s, explanation.end_s, explanation.duration_s) == (0, 12, 12)
    assert explanation.segments[0].start_s == 0 and explanation.segments[-1].end_s == 12
    assert all(a.end_s == b.start_s for a, b in pairwise(explanation.segments))
    assert sorted(round(segment.start_s) for segment in explanation.top(3)) == [3, 4, 9]
    # Bands 0 to 2, up to 942 Hz, speak for hum: 20 dB less of any of their groups is the same loss for it.
    assert all((band.score > 0) == (band.high_hz < 1000) for band in explanation.bands)
    predicted = bundle.predict(sound, sample_rate=RATE)
    assert explanation.probability == pytest.approx(predicted.probabilities[0], abs=1e-6)


def test_the_judgement_is_by_another_fill_and_repeats(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(3, 5)])
    one, again, two, both = (
        explain(sound, sample_rate=RATE, bundle=bundle, genre="hum", method=method).explanation
        for method in ("occlusion", "occlusion", "occlusion-silence", "occlusion-both")
    )
    assert one is not None and two is not None and again is not None and both is not None
    assert one.faithfulness is not None and two.faithfulness is not None and both.faithfulness is not None
    assert (one.faithfulness.fill, two.faithfulness.fill) == ("silence", "mean")
    assert both.faithfulness.fill == "shuffled"
    np.testing.assert_allclose(
        [segment.score for segment in both.segments],
        [(a.score + b.score) / 2 for a, b in zip(one.segments, two.segments, strict=True)],
    )
    assert one.faithfulness == again.faithfulness
    assert one.faithfulness.seconds == pytest.approx(2.0, abs=0.1)
    assert two.faithfulness.drop_top > two.faithfulness.drop_random
    assert one.what_if is not None and one.what_if.genre == bundle.predict(sound, sample_rate=RATE).genre


def test_the_judgement_is_in_log_odds_too(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(3, 5)])
    found = explain(sound, sample_rate=RATE, bundle=bundle, genre="hum").explanation
    assert found is not None and found.faithfulness is not None
    check = found.faithfulness

    def log_odds(p: float) -> float:
        return float(np.log(p / (1 - p)))

    assert check.log_odds == pytest.approx(log_odds(check.probability))
    assert check.log_odds_without_top == pytest.approx(log_odds(check.without_top))
    assert check.log_odds_without_random == pytest.approx([log_odds(p) for p in check.without_random])


@pytest.mark.parametrize(
    ("method", "way"),
    [("occlusion", "with silence in its place"), ("occlusion-silence", "with a steady sound in its place")],
)
def test_what_would_change_the_answer_is_done_in_two_ways(bundle: Bundle, method: str, way: str) -> None:
    """By one fill alone the answer could be what stands in the part's place."""
    hearing = Hearing(bundle, stretch_of(bundle, hum_and_hiss(hum_s=[(3, 5)])))
    parts = hearing.grid.segments
    places = [Segment(float(i), i + 1.0, 0.0) for i in range(len(parts))]
    first, second = ("mean", "silence") if method == "occlusion" else ("silence", "mean")
    logits = without_each(hearing, parts, baseline=BASELINES[first](hearing.frames, hearing.front_end))
    found = what_if(hearing, places, logits, baseline=first)
    assert found is not None and found.start_s is not None
    assert found.other_way.way == way
    again = hearing.without([parts[int(found.start_s)]], baseline=BASELINES[second](hearing.frames, hearing.front_end))
    answer = bundle.names[int(np.argmax(again))]
    assert found.other_way.answer == answer
    assert found.other_way.probability == pytest.approx(float(hearing.probabilities(again).max()))


def test_a_range_that_would_change_the_answer_is_turned_down_by_less_too(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(0, 12)])
    found = explain(sound, sample_rate=RATE, bundle=bundle, genre="hum").explanation
    assert found is not None and found.what_if is not None and found.what_if.low_hz is not None
    assert found.what_if.other_way.way == "turned down by 10 dB only"
    groups = band_groups(bundle.manifest.front_end)  # type: ignore[arg-type]
    at = next(group for group in groups if group.low_hz == found.what_if.low_hz)
    frames = stretch_of(bundle, sound)
    frames[:, at.first : at.after] /= 10
    hearing = Hearing(bundle, frames)
    probabilities = hearing.probabilities(hearing.logits)
    assert found.what_if.other_way.answer == bundle.names[int(probabilities.argmax())]
    assert found.what_if.other_way.probability == pytest.approx(probabilities.max(), abs=1e-6)


def test_attention_is_over_time_only_and_says_so(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(3, 5)])
    for method in ("attention", "attention-layer1-head1", "rollout"):
        found = explain(sound, sample_rate=RATE, bundle=bundle, method=method).explanation
        assert found is not None
        assert (found.bands, found.cells, found.what_if) == ((), None, None)
        assert any("not what for" in note for note in found.notes)
        assert found.faithfulness is not None and found.faithfulness.fill == "mean"
    with pytest.raises(BundleError, match="1 layers, there is no layer 2"):
        explain(sound, sample_rate=RATE, bundle=bundle, method="attention-layer2")


def test_what_cannot_be_explained_is_refused_before_any_work(tmp_path: Path, bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(3, 5)])
    without = Bundle.load(tiny_model.write(tmp_path / "without"))
    with pytest.raises(BundleError, match=r"no attention.*methods occlusion") as error:
        explain(sound, sample_rate=RATE, bundle=without, method="rollout")
    assert error.value.code == "no_attention"
    with pytest.raises(BundleError, match="no method 'magic'; expected occlusion"):
        explain(sound, sample_rate=RATE, bundle=bundle, method="magic")
    with pytest.raises(TaxonomyError, match="known genres: hum, hiss, thump"):
        explain(sound, sample_rate=RATE, bundle=bundle, genre="polka")


def test_an_alias_names_the_class_and_another_than_the_answer_is_said(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[])
    found = explain(sound, sample_rate=RATE, bundle=bundle, genre="BUZZ")
    assert found.explanation is not None
    assert found.explanation.genre == "hum"
    assert found.prediction.genre == "hiss"
    assert any("the model's answer is hiss" in note for note in found.explanation.notes)


def test_silence_has_no_reasons(bundle: Bundle) -> None:
    found = explain(np.zeros(3 * RATE, np.float32), sample_rate=RATE, bundle=bundle)
    assert found.explanation is None
    assert found.prediction.reason == "silence"


def test_a_guess_that_is_held_back_is_not_called_an_answer(tmp_path: Path) -> None:
    shy = Bundle.load(tiny_model.write(tmp_path / "shy", abstention=Abstention(min_confidence=1.0)))
    sound = hum_and_hiss(hum_s=[(3, 5)])
    for genre in (None, "hiss", "thump"):
        found = explain(sound, sample_rate=RATE, bundle=shy, genre=genre)
        assert found.explanation is not None
        notes = " ".join(found.explanation.notes)
        assert "gives no answer for this piece (too close to call)" in notes
        assert "model's answer" not in notes


def test_a_long_track_is_explained_where_the_model_finds_most_of_the_class(bundle: Bundle) -> None:
    sound = hum_and_hiss(hum_s=[(70, 75)], duration_s=120.0)
    found = explain(sound, sample_rate=RATE, bundle=bundle, genre="hum", longest_s=10.0)
    explanation = found.explanation
    assert explanation is not None
    assert explanation.end_s - explanation.start_s == pytest.approx(10.0, abs=0.1)
    assert explanation.start_s <= 70 and explanation.end_s >= 75
    assert {round(segment.start_s) for segment in explanation.top(3)} <= {69, 70, 71, 72, 73, 74}
    assert any("2.0 minutes long. Explained are the 10 seconds" in note for note in explanation.notes)
    alone = explain(
        sound[round(explanation.start_s * RATE) : round(explanation.end_s * RATE)],
        sample_rate=RATE,
        bundle=bundle,
        genre="hum",
    ).explanation
    assert alone is not None
    assert explanation.probability == pytest.approx(alone.probability, abs=1e-6)


def test_the_most_decisive_stretch_is_the_one_with_most_of_the_class(bundle: Bundle) -> None:
    prediction = bundle.predict(hum_and_hiss(hum_s=[(40, 44)], duration_s=60.0), sample_rate=RATE)
    for genre in range(3):
        start_s = most_decisive(prediction, genre=genre, longest_s=20.0)
        sums = []
        for first, _ in prediction.window_times_s:  # differently written: every start, every window inside
            inside = [
                p[genre]
                for (a, b), p in zip(prediction.window_times_s, prediction.window_probabilities, strict=True)
                if first <= a and b <= first + 20.0
            ]
            if first + 20.0 <= 60.0:
                sums.append((sum(inside), float(first)))
        best = max(total for total, _ in sums)
        assert any(first == start_s and total == pytest.approx(best) for total, first in sums)


def test_sound_at_the_very_end_of_a_long_file_is_in_the_stretch(bundle: Bundle) -> None:
    sound = np.zeros(round(30.4 * RATE), np.float32)
    sound[-round(0.3 * RATE) :] = hum_and_hiss(hum_s=[(0, 1)], duration_s=0.3)
    found = explain(sound, sample_rate=RATE, bundle=bundle, longest_s=10.0)
    assert found.prediction.genre is not None
    assert found.explanation is not None and found.explanation.end_s == pytest.approx(30.4, abs=0.01)


@pytest.mark.parametrize("duration_s", [0.01, 0.2, 0.9, 1.1])
def test_very_short_sound_is_explained_without_a_judgement_it_cannot_carry(bundle: Bundle, duration_s: float) -> None:
    found = explain(hum_and_hiss(hum_s=[(0, 1)], duration_s=duration_s), sample_rate=RATE, bundle=bundle)
    assert found.explanation is not None
    assert found.explanation.end_s == pytest.approx(duration_s, abs=1e-3)
    json.dumps(found.explanation.to_json(path=None), allow_nan=False)


def test_a_file_is_read_between_two_times(tmp_path: Path) -> None:
    sound = hum_and_hiss(hum_s=[], duration_s=30.0)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    whole = read(tmp_path / "a.wav", start_s=0, end_s=30, sample_rate=RATE)
    np.testing.assert_array_equal(whole, sound)
    part = read(tmp_path / "a.wav", start_s=9.5, end_s=21.25, sample_rate=RATE)
    np.testing.assert_array_equal(part, sound[76_000:170_000])
    np.testing.assert_array_equal(part, read(sound, own_rate=RATE, start_s=9.5, end_s=21.25, sample_rate=RATE))


def test_json_holds_what_the_explanation_says(bundle: Bundle) -> None:
    explanation = explain(hum_and_hiss(hum_s=[(3, 5)]), sample_rate=RATE, bundle=bundle).explanation
    assert explanation is not None
    row = json.loads(json.dumps(explanation.to_json(path="a.wav"), allow_nan=False))
    assert row["schema"] == "genrelens.explanation/1"
    assert row["class"] == explanation.genre and row["path"] == "a.wav"
    assert [s["score"] for s in row["segments"]] == [round(s.score, 6) for s in explanation.segments]
    assert set(row["bands"][0]) == {"low_hz", "high_hz", "score"}
    assert row["model"] == {"name": "tiny", "hash": bundle.hash}
    assert row["faithfulness"]["drop_top"] == pytest.approx(
        row["faithfulness"]["probability"] - row["faithfulness"]["without_top"], abs=2e-6
    )
    check = explanation.faithfulness
    assert check is not None
    assert row["faithfulness"]["log_odds_without_top"] == round(check.log_odds_without_top, 6)
    assert (row["faithfulness"]["verdict"], row["faithfulness"]["moved"]) == (check.verdict, check.moved)
    assert set(row["what_if"]["other_way"]) == {"way", "answer", "answer_probability"}
    assert set(row) >= {field.name for field in dataclasses.fields(explanation)} - {"genre", "model_name", "model_hash"}
