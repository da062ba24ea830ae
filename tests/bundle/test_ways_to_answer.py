"""Prediction sets, tags, abstention and several genres a piece, in closed form."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_model
from genrelens.bundle import Abstention, Bundle, Conformal, pool_logits
from genrelens.bundle.coverage import in_order
from genrelens.bundle.pooling import sigmoid, softmax
from genrelens.bundle.prediction import REASONS
from genrelens.errors import BundleError
from genrelens.frontend.mel import mel_power, power_to_db
from genrelens.pages import wording

RATE = tiny_model.MEL.sample_rate
MORE = tiny_model.predict_graph(more=True)
TAGS = tuple("abcdefgh")


def tone(duration_s: float = 3.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 300.0 * np.arange(round(duration_s * RATE)) / RATE)).astype(np.float32)


def mean_embedding(samples: np.ndarray) -> np.ndarray:
    """Of one window that covers all of the sound."""
    power = mel_power(samples, settings=tiny_model.MEL)[: tiny_model.WINDOWS.n_frames]
    return np.asarray(power_to_db(power, top_db=80.0).mean(axis=0))


def test_the_threshold_is_the_weighted_quantile() -> None:
    conformal = Conformal((0.1, 0.2, 0.4, 0.8), (0.2, 0.2, 0.2, 0.2))
    wanted = {0.1: 0.1, 0.2: 0.1, 0.21: 0.2, 0.6: 0.4, 0.61: 0.8, 0.8: 0.8, 0.81: math.inf}
    assert {level: conformal.threshold(level) for level in wanted} == wanted


def test_rounding_does_not_push_a_bound_away() -> None:
    n = 9
    scores = tuple(k / n for k in range(n))
    assert Conformal(scores, (1 / (n + 1),) * n).threshold(0.3) == scores[2]  # 0.1 + 0.1 + 0.1 > 0.3 in floats


def test_a_set_holds_what_is_likely_enough_and_always_the_likeliest() -> None:
    conformal = Conformal((0.3, 0.7), (0.4, 0.4))
    rows = np.array([[0.75, 0.2, 0.05], [0.4, 0.35, 0.25], [0.34, 0.33, 0.33]])
    np.testing.assert_array_equal(conformal.choose(rows, coverage=0.4), np.eye(3)[[0, 0, 0]] > 0)
    np.testing.assert_array_equal(conformal.choose(rows, coverage=0.8), [[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    assert conformal.choose(rows, coverage=0.9).all()


def test_sets_are_named_likeliest_first() -> None:
    chosen = np.array([True, False, True])
    assert in_order(("a", "b", "c"), chosen=chosen, probabilities=np.array([0.2, 0.1, 0.7])) == ("c", "a")


@given(st.integers(0, 2**32 - 1))
def test_sets_hold_the_truth_as_often_as_promised_on_what_they_were_made_from(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    scores = np.sort(rng.random(n))
    conformal = Conformal(tuple(scores), (1 / (n + 1),) * n)
    for coverage in (0.1, 0.5, 0.9):
        assert np.mean(scores <= conformal.threshold(coverage)) >= coverage - 1e-9


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"confidence": 0.29}, "undecided"),
        ({"confidence": 0.29, "unlikeness": 6.0}, "unlike_training"),
        ({"unlikeness": 6.0, "not_music": 1.5}, "not_music"),
        ({"not_music": 1.5, "duration_s": 0.9}, "too_short"),
        ({"duration_s": 0.9, "silent": True, "confidence": math.nan}, "silence"),
    ],
)
def test_the_gravest_reason_comes_first(changes: dict[str, float], reason: str | None) -> None:
    limits = Abstention(min_confidence=0.3, max_not_music=1.0, max_unlikeness=5.0)
    values = {"silent": False, "duration_s": 3.0, "confidence": 0.3, "not_music": 1.0, "unlikeness": 5.0}
    assert limits.reason(**{**values, **changes}) == reason  # type: ignore[arg-type]


def test_limits_that_are_not_there_are_not_looked_at() -> None:
    nothing = {"silent": False, "duration_s": 3.0, "confidence": 0.0, "not_music": math.nan, "unlikeness": 1e9}
    assert Abstention().reason(**nothing) is None  # type: ignore[arg-type]
    assert not Abstention(min_confidence=0.5).needs_screens
    assert Abstention(max_not_music=0.0).needs_screens
    with pytest.raises(BundleError, match="finite"):
        Abstention(min_confidence=math.nan)


def test_every_reason_is_put_in_words() -> None:
    assert set(wording.REASONS) == set(REASONS)


def test_tags_are_sigmoids_of_the_mean_likeliest_first(tmp_path: Path) -> None:
    bundle = Bundle.load(tiny_model.write(tmp_path / "m", graph=MORE, tags=TAGS))
    samples = tone(1.008)
    expected = sigmoid(mean_embedding(samples))
    found = bundle.predict(samples, sample_rate=RATE).tags
    assert dict(found) == pytest.approx(dict(zip(TAGS, expected, strict=True)), abs=1e-5)
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
    row = bundle.predict(samples, sample_rate=RATE).to_dict(path=None)
    assert list(row["tags"]) == [tag for tag, _ in found]


def test_screens_stop_an_answer(tmp_path: Path) -> None:
    samples = tone(1.008)
    not_music, unlikeness = mean_embedding(samples)[:2].tolist()
    for limits, reason in [
        (Abstention(max_not_music=not_music + 0.1, max_unlikeness=unlikeness + 0.1), None),
        (Abstention(max_not_music=not_music - 0.1), "not_music"),
        (Abstention(max_unlikeness=unlikeness - 0.1), "unlike_training"),
        (Abstention(min_confidence=0.999), "undecided"),
    ]:
        bundle = Bundle.load(tiny_model.write(tmp_path / str(reason), graph=MORE, abstention=limits))
        prediction = bundle.predict(samples, sample_rate=RATE)
        assert prediction.reason == reason
        assert prediction.guess == "hum"
        assert prediction.genre == (None if reason else "hum")
        assert prediction.abstained == (reason is not None)


def test_the_set_follows_the_coverage_asked_for(tmp_path: Path) -> None:
    plain = Bundle.load(tiny_model.write(tmp_path / "plain"))
    bare = plain.predict(tone(), sample_rate=RATE)
    assert (bare.set, bare.coverage) == (None, None)
    p = np.sort(bare.probabilities)[::-1]
    conformal = Conformal((0.0, float(1 - p[1])), (0.5, 0.4))
    bundle = Bundle.load(tiny_model.write(tmp_path / "m", conformal=conformal))
    for coverage, n in [(0.5, 1), (0.9, 2), (0.95, 3)]:
        prediction = bundle.predict(tone(), sample_rate=RATE, coverage=coverage)
        assert prediction.set == tuple(name for name, _ in prediction.top(n))
        assert prediction.coverage == coverage
    assert bundle.predict(np.zeros(RATE), sample_rate=RATE).set is None
    for coverage in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="coverage"):
            bundle.predict(tone(), sample_rate=RATE, coverage=coverage)


def test_an_undecided_piece_still_has_its_set(tmp_path: Path) -> None:
    conformal = Conformal((0.5,), (0.5,))
    bundle = Bundle.load(
        tiny_model.write(tmp_path / "m", conformal=conformal, abstention=Abstention(min_confidence=0.9999))
    )
    prediction = bundle.predict(tone(), sample_rate=RATE)
    assert prediction.reason == "undecided"
    assert prediction.set


def test_several_genres_a_piece(tmp_path: Path) -> None:
    bundle = Bundle.load(tiny_model.write(tmp_path / "m", multi_label=True, temperature=2.0))
    prediction = bundle.predict(tone(1.008), sample_rate=RATE)
    logits = mean_embedding(tone(1.008)) @ tiny_model.weights()
    np.testing.assert_allclose(prediction.probabilities, 1 / (1 + np.exp(-logits / 2)), atol=1e-6)
    assert prediction.multi_label
    assert prediction.coverage is None
    assert prediction.reason == "undecided"  # decibels are below 0: no genre reaches one half
    assert prediction.set == ()
    graph = tiny_model.predict_graph(bias=5.0)
    sure = Bundle.load(tiny_model.write(tmp_path / "sure", graph=graph, multi_label=True))
    prediction = sure.predict(tone(1.008), sample_rate=RATE)
    likely = [name for name, p in prediction.top(3) if p >= 0.5]
    assert prediction.set == tuple(likely)
    assert likely
    assert not prediction.abstained


@pytest.mark.parametrize(
    "changes", [{"tags": TAGS}, {"abstention": Abstention(max_not_music=0.0)}], ids=["tags", "screens"]
)
def test_a_graph_without_what_the_manifest_promises(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="expected a graph from mel_db to logits"):
        Bundle.load(tiny_model.write(tmp_path / "m", **changes))


def test_a_graph_with_fewer_tags_than_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="gives 8 tags, the manifest has 9"):
        Bundle.load(tiny_model.write(tmp_path / "m", graph=MORE, tags=(*TAGS, "i")))


@given(st.floats(-1e4, 1e4), st.floats(0.1, 10))
def test_sigmoid_is_the_softmax_of_two(logit: float, temperature: float) -> None:
    two = softmax(np.array([logit, 0.0]), temperature=temperature)[0]
    assert sigmoid(logit, temperature=temperature) == pytest.approx(two, abs=1e-12)
    pooled = pool_logits([[logit], [math.nan]], weights=[1.0, 0.0])
    assert sigmoid(pooled[0]) == sigmoid(logit)


def test_adaptive_sets_grow_where_the_answer_is_flat() -> None:
    conformal = Conformal((0.0, 0.5), (0.45, 0.45), "adaptive")
    flat, sure = np.full(10, 0.1), np.array([0.91, *[0.01] * 9])
    assert conformal.choose(flat, coverage=0.9).sum() == 6  # five likelier ones sum up to 0.5
    assert conformal.choose(sure, coverage=0.9).sum() == 1
    assert (
        Conformal((0.0, 0.5), (0.45, 0.45)).choose(flat, coverage=0.9).sum() == 1
    )  # of the other kind: none is likely
    with pytest.raises(BundleError, match="no prediction sets of the kind 'odd'"):
        Conformal((0.5,), (0.5,), "odd")


def test_a_network_that_cannot_be_made_ready_is_no_fault_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BundleError("ONNX Runtime cannot use this graph")

    monkeypatch.setattr("genrelens.bundle.predict.open_session", refuse)
    bundle = Bundle.load("lite")
    with pytest.raises(BundleError, match="ONNX Runtime"):
        list(bundle.predict_each([np.zeros(16_000, np.float32)], sample_rate=16_000))
