"""Predicting from a picture of a spectrogram: models with the picture's front end do, others say which ones do."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import drawn_pictures
import tiny_model
from genrelens.bundle import Bundle, WindowSettings
from genrelens.cli import main
from genrelens.errors import AudioError
from genrelens.frontend import image


def graph() -> bytes:
    """mel_db (w, 1293, 128) -> embedding (w, 2), mean decibels of the lower and upper half; logits for three genres."""
    halves = np.zeros((128, 2), np.float32)
    halves[:64, 0] = halves[64:, 1] = 1 / 64
    speak = np.array([[1, 0, 1], [0, 1, 1]], np.float32)
    made = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["mel_db", "axes"], ["bands"], keepdims=0),
            helper.make_node("MatMul", ["bands", "halves"], ["embedding"]),
            helper.make_node("MatMul", ["embedding", "speak"], ["logits"]),
        ],
        "halves",
        [helper.make_tensor_value_info("mel_db", TensorProto.FLOAT, ["windows", 1293, 128])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", 3]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["windows", 2]),
        ],
        [
            numpy_helper.from_array(np.array([1]), "axes"),
            numpy_helper.from_array(halves, "halves"),
            numpy_helper.from_array(speak, "speak"),
        ],
    )
    return tiny_model._encode(made)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(
        tmp_path_factory.mktemp("model") / "looks",
        graph=graph(),
        front_end=image.SETTINGS,
        windows=WindowSettings(image.N_FRAMES, image.N_FRAMES),
    )


def test_a_picture_is_answered_by_what_it_shows(model: Path, tmp_path: Path) -> None:
    bundle = Bundle.load(model)
    for low, high, genre in ((0.8, 0.2, "hum"), (0.2, 0.8, "hiss")):
        content = drawn_pictures.png(drawn_pictures.picture(seed=1, low=low, high=high))
        path = tmp_path / f"{genre}.png"
        path.write_bytes(content)
        found = bundle.predict(path)
        assert found.top(1)[0][0] == genre
        np.testing.assert_array_equal(found.probabilities, bundle.predict(content).probabilities)
        np.testing.assert_array_equal(found.probabilities, bundle.predict(str(path)).probabilities)
        assert found.duration_s == pytest.approx(1293 * 512 / 22050)
        assert found.window_times_s.shape == (1, 2)
        assert "a picture" in found.notes[0]
        # By hand: the mean of each half, in decibels, over the columns as they are shown.
        drawn = drawn_pictures.picture(seed=1, low=low, high=high)
        shown = drawn[np.unique(image.cells(1293)[0], return_index=True)[1]]
        expected = [40 * (shown[half].mean() - 1) for half in (slice(64), slice(64, None))]
        np.testing.assert_allclose(found.embedding, expected, atol=0.1)  # the last column is held a little longer


def test_a_black_picture_tells_nothing(model: Path) -> None:
    black = drawn_pictures.png(np.zeros((image.HEIGHT, image.WIDTH), np.float32))
    found = Bundle.load(model).predict(black)
    assert found.abstained and found.reason == "silence"


def test_models_that_hear_sound_say_which_ones_take_pictures(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(drawn_pictures.png(drawn_pictures.picture(seed=1)))
    bundle = Bundle.load(tiny_model.write(tmp_path / "tiny"))
    with pytest.raises(AudioError, match=r"p\.png': it is a picture, and this model hears sound.*cnn-png") as caught:
        bundle.predict(path)
    assert caught.value.code == "not_audio"


def test_another_floor_is_another_picture(tmp_path: Path) -> None:
    settings = dataclasses.replace(image.SETTINGS, top_db=80.0)
    deeper = tiny_model.write(
        tmp_path / "deeper", graph=graph(), front_end=settings, windows=WindowSettings(1293, 1293)
    )
    with pytest.raises(AudioError, match="hears sound"):
        Bundle.load(deeper).predict(drawn_pictures.png(drawn_pictures.picture(seed=1)))


def test_other_pictures_and_a_rate_are_refused(model: Path) -> None:
    bundle = Bundle.load(model)
    with pytest.raises(AudioError, match="magma"):
        bundle.predict(drawn_pictures.encoded(np.full((288, 432, 3), 128, np.uint8)))
    with pytest.raises(AudioError, match="sample_rate= goes with samples only"):
        bundle.predict(drawn_pictures.png(drawn_pictures.picture(seed=1)), sample_rate=22050)


def test_the_command_takes_pictures_and_sound_together(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(drawn_pictures.png(drawn_pictures.picture(seed=1, low=0.9, high=0.1)))
    bad.write_bytes(good.read_bytes()[:200])
    printed = []
    for workers in ("0", "2"):
        with pytest.raises(SystemExit) as ended:
            main(["predict", str(good), str(bad), "--model", str(model), "--json", "--workers", workers])
        assert ended.value.code == 1
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    rows = [json.loads(line) for line in printed[0].splitlines()]
    assert rows[0]["genre"] == "hum"
    assert rows[1]["error"]["code"] == "bad_picture"
