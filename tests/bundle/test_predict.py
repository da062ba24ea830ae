"""From sound to an answer, in closed form: the tiny model's logits are means of decibels."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tiny_model
from genrelens.bundle import Bundle, Prediction, failed_row, iter_windows, pool_logits, softmax
from genrelens.errors import AudioError, BundleError
from genrelens.frontend.frames import is_silent
from genrelens.frontend.mel import mel_power, power_to_db

RATE = tiny_model.MEL.sample_rate


def tone(duration_s: float, *, hz: float = 300.0, amplitude: float = 0.5) -> np.ndarray:
    n = round(duration_s * RATE)
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(n) / RATE)).astype(np.float32)


def hiss(duration_s: float) -> np.ndarray:
    noise = np.diff(np.random.default_rng(1).standard_normal(round(duration_s * RATE) + 1), 1)
    return (0.1 * noise).astype(np.float32)


def by_hand(samples: np.ndarray, *, temperature: float = 1.0) -> np.ndarray:
    """The definition, without streams, batches or ONNX."""
    power = mel_power(samples, settings=tiny_model.MEL)
    n, hop = tiny_model.WINDOWS.n_frames, tiny_model.WINDOWS.hop_frames
    starts = sorted({*range(0, len(power) - n + 1, hop), len(power) - n})
    db = [power_to_db(power[start : start + n], top_db=80.0) for start in starts]
    logits = np.array([window.mean(axis=0) @ tiny_model.weights() for window in db])
    return softmax(pool_logits(logits, weights=np.ones(len(starts))), temperature=temperature)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


@pytest.mark.parametrize("duration_s", [1.5, 7.3, 40.0])
def test_the_answer_is_the_one_by_hand(bundle: Bundle, duration_s: float) -> None:
    for samples in (tone(duration_s), hiss(duration_s)):
        prediction = bundle.predict(samples, sample_rate=RATE)
        np.testing.assert_allclose(prediction.probabilities, by_hand(samples), atol=1e-5)
        assert prediction.duration_s == len(samples) / RATE
        assert not prediction.abstained
        assert (prediction.model_name, prediction.model_hash) == ("tiny", bundle.hash)
    assert bundle.predict(tone(3), sample_rate=RATE).genre == "hum"
    assert bundle.predict(hiss(3), sample_rate=RATE).genre == "hiss"


def test_a_bundle_of_logarithms_hears_how_loud_it_is(tmp_path: Path) -> None:
    """log10(1 + 10000 power) by the same path; no window has a reference of its own any more."""
    front_end = dataclasses.replace(tiny_model.MEL, top_db=None, log_factor=10_000.0)
    graph = tiny_model.predict_graph(input_name="log_mel")
    bundle = Bundle.load(tiny_model.write(tmp_path / "log", graph=graph, front_end=front_end))
    samples = tone(1.02)  # one window
    for gain in (1.0, 0.01):
        power = mel_power(samples * np.float32(gain), settings=front_end)[:64].astype(np.float64)
        by_definition = np.log10(1 + 10_000 * power).mean(axis=0) @ tiny_model.weights()
        prediction = bundle.predict(samples * np.float32(gain), sample_rate=RATE)
        np.testing.assert_allclose(prediction.probabilities, softmax(by_definition), atol=1e-5)
    with pytest.raises(BundleError, match="expected a graph from log_mel to logits, embedding, got one from mel_db"):
        Bundle.load(tiny_model.write(tmp_path / "wrong", front_end=front_end))


def test_the_temperature_divides_the_logits(tmp_path: Path) -> None:
    warm = Bundle.load(tiny_model.write(tmp_path / "warm", temperature=3.0))
    found = warm.predict(tone(4), sample_rate=RATE).probabilities
    np.testing.assert_allclose(found, by_hand(tone(4), temperature=3.0), atol=1e-5)


def test_a_path_bytes_and_an_array_give_one_answer(bundle: Bundle, tmp_path: Path) -> None:
    samples = tone(3.2)
    path = tmp_path / "a tone.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    answers = [
        bundle.predict(path),
        bundle.predict(str(path)),
        bundle.predict(path.read_bytes()),
        bundle.predict(samples, sample_rate=RATE),
        bundle.predict(np.stack([samples, samples], axis=1), sample_rate=RATE),
        bundle.predict(samples.tolist(), sample_rate=RATE),
    ]
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer.probabilities, answers[0].probabilities)


def test_the_timeline_follows_the_music(bundle: Bundle) -> None:
    prediction = bundle.predict(np.concatenate([tone(5), hiss(5)]), sample_rate=RATE)
    times, probabilities = prediction.window_times_s, prediction.window_probabilities
    assert times[0, 0] == 0
    assert times[-1, 1] == prediction.duration_s == 10.0
    assert (np.diff(times[:, 0]) > 0).all()
    assert (times[1:, 0] <= times[:-1, 1]).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    likeliest = probabilities.argmax(axis=1)
    assert set(likeliest[times[:, 1] <= 5]) == {0}
    assert set(likeliest[times[:, 0] >= 5]) == {1}


def test_the_embedding_is_the_mean_over_windows_that_are_heard(bundle: Bundle) -> None:
    samples = np.concatenate([tone(3.0), hiss(2.0), np.zeros(4 * RATE, np.float32)])
    prediction = bundle.predict(samples, sample_rate=RATE)
    power = mel_power(samples, settings=tiny_model.MEL)
    every = [window.power for window in iter_windows([power], settings=tiny_model.WINDOWS)]
    windows = [window for window in every if not is_silent(window, settings=tiny_model.MEL)]
    assert 0 < len(windows) < len(prediction.window_times_s)
    expected = np.mean([power_to_db(window, top_db=80.0).mean(axis=0) for window in windows], axis=0)
    assert prediction.embedding.dtype == np.float32
    np.testing.assert_allclose(prediction.embedding, expected, atol=1e-3)


def test_silence_abstains_without_a_genre(bundle: Bundle) -> None:
    prediction = bundle.predict(np.zeros(5 * RATE, np.float32), sample_rate=RATE)
    assert (prediction.abstained, prediction.reason, prediction.genre) == (True, "silence", None)
    assert prediction.confidence is None
    assert prediction.top(3) == []
    assert np.isnan(prediction.probabilities).all()
    assert np.isnan(prediction.embedding).all()
    row = prediction.to_dict(path="x", timeline=True)
    assert row["genre"] is row["confidence"] is row["probabilities"] is row["error"] is None
    assert all(window["probabilities"] is None for window in row["windows"])


def test_silent_windows_count_for_nothing(bundle: Bundle) -> None:
    """Windows that touch the tone decide; the rest of a long silence does not water it down."""
    n = tiny_model.WINDOWS.n_frames * tiny_model.MEL.hop_length
    samples = np.concatenate([tone(n / RATE), np.zeros(10 * n, np.float32)])
    prediction = bundle.predict(samples, sample_rate=RATE)
    silent = np.isnan(prediction.window_probabilities).any(axis=1)
    assert silent.sum() >= 16
    assert not silent[0]
    assert not prediction.abstained
    heard = prediction.window_probabilities[~silent]
    # With temperature 1 the pooled logits are the mean of the heard windows' logits, up to a constant.
    expected = softmax(np.log(heard).mean(axis=0))
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)


@pytest.mark.parametrize("duration_s", [0.2, 0.999])
def test_short_sound_gives_a_guess_and_abstains(bundle: Bundle, duration_s: float) -> None:
    prediction = bundle.predict(tone(duration_s), sample_rate=RATE)
    assert (prediction.abstained, prediction.reason, prediction.guess) == (True, "too_short", "hum")
    assert prediction.genre is None and prediction.confidence == prediction.probabilities.max()
    assert prediction.window_times_s.tolist() == [[0.0, pytest.approx(duration_s)]]


def test_a_single_sample_is_sound(bundle: Bundle) -> None:
    assert bundle.predict(np.array([0.5], np.float32), sample_rate=RATE).abstained
    assert not bundle.predict(tone(1.0), sample_rate=RATE).abstained


def test_no_samples_is_an_error(bundle: Bundle) -> None:
    with pytest.raises(AudioError) as caught:
        bundle.predict(np.zeros(0, np.float32), sample_rate=RATE)
    assert caught.value.code == "no_sound"


def test_the_sample_rate_goes_with_samples_and_only_with_them(bundle: Bundle) -> None:
    for source, rate in ((tone(1), None), ("some.wav", RATE), (b"RIFF", RATE)):
        with pytest.raises(AudioError) as caught:
            bundle.predict(source, sample_rate=rate)
        assert caught.value.code == "bad_samples"


def test_notes_of_the_decoder_are_passed_on(bundle: Bundle) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(4), RATE, format="WAV", subtype="PCM_16")
    prediction = bundle.predict(buffer.getvalue()[: 2 * 2 * RATE])
    assert any("truncated" in note for note in prediction.notes)
    assert prediction.to_dict(path=None)["notes"] == list(prediction.notes)


def test_json_keys_and_values(bundle: Bundle) -> None:
    prediction = bundle.predict(tone(3), sample_rate=RATE)
    row = prediction.to_dict(path="a.wav")
    keys = "schema path genre guess confidence probabilities abstained reason set coverage tags styles segments "
    keys += "duration_s model notes error"
    assert list(row) == keys.split()
    assert row["schema"] == "genrelens.prediction/3"
    assert list(row["probabilities"]) == list(tiny_model.GENRES)
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=3e-6)
    assert row["confidence"] == max(row["probabilities"].values())
    assert row["model"] == {"name": "tiny", "hash": bundle.hash}
    with_windows = prediction.to_dict(path="a.wav", timeline=True)
    assert set(with_windows) - set(row) == {"windows"}
    assert set(with_windows["windows"][0]) == {"start_s", "end_s", "probabilities"}
    for timeline in (False, True):
        failed = failed_row("a", code="c", message="m", model_name="n", model_hash="h", timeline=timeline)
        assert list(failed) == list(with_windows if timeline else row)
        assert failed["error"] == {"code": "c", "message": "m"}
        assert failed["genre"] is failed["guess"] is None


def test_json_of_samples_needs_no_path(bundle: Bundle) -> None:
    prediction = bundle.predict(tone(3), sample_rate=RATE)
    assert json.loads(prediction.to_json()) == prediction.to_dict()
    assert prediction.to_dict()["path"] is None


def test_a_repr_says_the_answer_in_a_line(bundle: Bundle) -> None:
    found = [bundle.predict(samples, sample_rate=RATE) for samples in (tone(3), tone(0.2), np.zeros(3 * RATE))]
    assert [repr(one).split(",")[0] for one in found] == [
        "Prediction('hum'",
        "Prediction(no genre: too_short; guess 'hum'",
        "Prediction(no genre: silence)",
    ]


def test_top(bundle: Bundle) -> None:
    prediction = bundle.predict(tone(3), sample_rate=RATE)
    best = prediction.top(2)
    assert best[0] == (prediction.genre, prediction.confidence)
    assert len(best) == 2
    assert best[0][1] >= best[1][1]
    assert len(prediction.top(99)) == 3


def test_a_prediction_is_checked_when_made() -> None:
    values: dict[str, Any] = {
        "names": ("a", "b"),
        "probabilities": np.array([0.5, 0.5]),
        "window_times_s": np.zeros((1, 2)),
        "window_probabilities": np.zeros((1, 2)),
        "embedding": np.zeros(3, np.float32),
        "duration_s": 1.0,
        "model_name": "m",
        "model_hash": "h",
    }
    Prediction(**values)
    with pytest.raises(ValueError, match="shapes"):
        Prediction(**{**values, "probabilities": np.array([1.0])})
    with pytest.raises(ValueError, match="reason"):
        Prediction(**{**values, "abstained": True})


def test_several_threads_one_bundle(bundle: Bundle) -> None:
    sounds = [tone(3, hz=hz) for hz in (200, 400, 800, 1600)]
    expected = [bundle.predict(sound, sample_rate=RATE).probabilities for sound in sounds]
    found: dict[int, np.ndarray] = {}

    def work(index: int) -> None:
        found[index] = bundle.predict(sounds[index % 4], sample_rate=RATE).probabilities

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(8):
        np.testing.assert_array_equal(found[index], expected[index % 4])


def test_a_bundle_travels_to_another_process(bundle: Bundle) -> None:
    copy = pickle.loads(pickle.dumps(bundle))
    assert copy.hash == bundle.hash


def test_a_bundle_that_was_replaced_under_way_is_not_mixed_with_the_new_one(tmp_path: Path) -> None:
    place = tiny_model.write(tmp_path / "model")
    sent = pickle.dumps(Bundle.load(place))
    tiny_model.write(place, name="another")
    with pytest.raises(BundleError, match="was replaced"):
        pickle.loads(sent)


def test_attention(bundle: Bundle, tmp_path: Path) -> None:
    window = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)
    maps = bundle.attention(window)
    np.testing.assert_allclose(maps[0, 0], window @ window.T, rtol=1e-5, atol=1e-5)
    plain = Bundle.load(tiny_model.write(tmp_path / "plain"))
    assert not plain.has_attention
    with pytest.raises(BundleError, match="no attention"):
        plain.attention(window)


def test_card_and_names(bundle: Bundle) -> None:
    assert bundle.names == tiny_model.GENRES
    assert bundle.card.startswith("# Tiny")
    assert "tiny" in repr(bundle)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (tiny_model.predict_graph(n_genres=4), "gives 4 logits, the manifest has 3"),
        (tiny_model.predict_graph(input_name="mel"), "expected a graph from mel_db to"),
        (b"not a graph", "is no ONNX graph"),
        (b"", "expected one graph"),
    ],
)
def test_graphs_that_do_not_fit_the_manifest(tmp_path: Path, graph: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_model.write(tmp_path / "m", graph=graph))


def test_window_size_and_graph_must_agree(tmp_path: Path) -> None:
    from genrelens.bundle import WindowSettings

    with pytest.raises(BundleError, match="the graph takes windows"):
        Bundle.load(tiny_model.write(tmp_path / "m", windows=WindowSettings(32, 32)))


def test_open_shapes_are_worked_out(tmp_path: Path) -> None:
    good = Bundle.load(tiny_model.write(tmp_path / "good", graph=tiny_model.predict_graph(open_shapes=True)))
    assert good.predict(tone(2), sample_rate=RATE).genre == "hum"
    assert good.predict(np.zeros(RATE, np.float32), sample_rate=RATE).genre is None
    graph = tiny_model.predict_graph(open_shapes=True, n_genres=4)
    with pytest.raises(BundleError, match="gives 4 logits"):
        Bundle.load(tiny_model.write(tmp_path / "wrong", graph=graph))


def test_values_that_are_not_finite_are_never_an_answer(tmp_path: Path) -> None:
    broken = Bundle.load(tiny_model.write(tmp_path / "m", graph=tiny_model.predict_graph(bias=float("nan"))))
    with pytest.raises(BundleError, match="not finite"):
        broken.predict(tone(2), sample_rate=RATE)


def test_predicting_in_batches_changes_nothing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bundle.predict(hiss(9), sample_rate=RATE)
    monkeypatch.setattr("genrelens.bundle.predict.BATCH_FRAMES", 1)
    single = bundle.predict(hiss(9), sample_rate=RATE)
    np.testing.assert_allclose(single.probabilities, whole.probabilities, atol=1e-6)
    np.testing.assert_allclose(single.embedding, whole.embedding, rtol=1e-5)
