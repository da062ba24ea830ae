"""Explanations of models that hear otherwise than by mel: samples, VGGish's examples, several genres, real music."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tiny_model
from explain_toys import hum_and_hiss
from genrelens.bundle import Bundle, WindowSettings
from genrelens.errors import BundleError
from genrelens.explanation.explain import explain
from genrelens.explanation.faithfulness.judging import control_scores
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES, quieter
from genrelens.explanation.parts import band_groups, time_parts
from genrelens.frontend.frames import frame_stream
from genrelens.frontend.mel import mel_power
from genrelens.frontend.vggish import VggishSettings
from genrelens.frontend.wave import WaveSettings
from genrelens.taxonomy import Taxonomy


def loudness_graph(*, input_name: str, n_frames: int, n_bands: int) -> bytes:
    """ONNX: the mean square of a window -> embedding (w, 1); genre 0 is loud, genre 1 is not."""
    windows: Any = "windows"
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [input_name, input_name], ["square"]),
            helper.make_node("ReduceMean", ["square", "axes"], ["mean"], keepdims=0),
            helper.make_node("Unsqueeze", ["mean", "last"], ["embedding"]),
            helper.make_node("Gemm", ["embedding", "weights", "bias"], ["logits"]),
        ],
        "loudness",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [windows, n_frames, n_bands])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [windows, 2]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [windows, 1]),
        ],
        [
            numpy_helper.from_array(np.array([1, 2]), "axes"),
            numpy_helper.from_array(np.array([1]), "last"),
            numpy_helper.from_array(np.array([[40.0, -40.0]], np.float32), "weights"),
            numpy_helper.from_array(np.array([-1.0, 1.0], np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    encoded: bytes = model.SerializeToString()
    return encoded


def bundle_of(path: Path, front_end: WaveSettings | VggishSettings, *, n_frames: int) -> Bundle:
    graph = loudness_graph(input_name=front_end.input_name, n_frames=n_frames, n_bands=front_end.n_bands)
    return Bundle.load(
        tiny_model.write(
            path,
            graph=graph,
            front_end=front_end,
            windows=WindowSettings(n_frames, n_frames // 2),
            taxonomy=Taxonomy(("loud", "soft")),
        )
    )


def test_a_model_that_hears_samples_is_explained_over_time(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "wave", WaveSettings(sample_rate=8000), n_frames=8000)
    sound = hum_and_hiss(hum_s=[(3, 5)])
    for method in ("occlusion", "occlusion-silence", "occlusion-both"):
        found = explain(sound, sample_rate=8000, bundle=bundle, genre="loud", method=method).explanation
        assert found is not None
        assert (found.bands, found.cells) == ((), None)
        assert {round(segment.start_s) for segment in found.top(2)} == {3, 4}
        assert any("only time is explained" in note for note in found.notes)
        assert found.faithfulness is not None


def test_a_model_that_hears_as_vggish_does_is_explained_in_hz(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "vggish", VggishSettings(), n_frames=96)
    found = explain(hum_and_hiss(hum_s=[(3, 5)], rate=16_000), sample_rate=16_000, bundle=bundle).explanation
    assert found is not None
    assert found.bands[0].low_hz == pytest.approx(125) and found.bands[-1].high_hz == pytest.approx(7500)
    assert all(a.high_hz == b.low_hz for a, b in zip(found.bands[:-1], found.bands[1:], strict=True))


@pytest.mark.parametrize("settings", [WaveSettings(sample_rate=16_000), VggishSettings(), tiny_model.MEL])
def test_fills_are_as_loud_as_they_say(settings: Any) -> None:
    rate = settings.sample_rate
    stream = frame_stream(settings)
    sound = hum_and_hiss(hum_s=[(0, 2)], duration_s=2.0, rate=rate)
    frames = np.concatenate([stream.push(sound), stream.finish()])

    def power(values: np.ndarray) -> float:
        if isinstance(settings, VggishSettings):
            return float(np.square(np.exp(values.astype(np.float64)) - 0.01).mean())
        return float((np.square(values, dtype=np.float64) if values.shape[1] == 1 else values).mean())

    assert all(fill(frames, settings).shape == frames.shape for fill in JUDGING_BASELINES.values())
    assert all(np.isfinite(fill(frames, settings)).all() for fill in JUDGING_BASELINES.values())
    assert power(BASELINES["silence"](frames, settings)) == pytest.approx(0, abs=1e-12)
    assert power(BASELINES["mean"](frames, settings)) == pytest.approx(power(frames), rel=0.2)
    assert 10 * np.log10(power(quieter(frames, settings)) / power(frames)) == pytest.approx(-20, abs=0.05)


def test_genres_of_their_own_probability_are_explained_by_it(tmp_path: Path) -> None:
    bundle = Bundle.load(tiny_model.write(tmp_path / "several", multi_label=True))
    sound = hum_and_hiss(hum_s=[(3, 5)])
    found = explain(sound, sample_rate=8000, bundle=bundle, genre="hum", method="occlusion").explanation
    prediction = bundle.predict(sound, sample_rate=8000)
    assert found is not None
    assert found.probability == pytest.approx(prediction.probabilities[0], abs=1e-6)
    frames = mel_power(sound, settings=tiny_model.MEL)
    group = band_groups(tiny_model.MEL)[0]
    changed = frames.copy()
    changed[:, : group.after] *= 0.01
    odds = [float(Hearing(bundle, x).logits[0]) for x in (frames, changed)]  # a probability of its own: no others in it
    assert found.bands[0].score == pytest.approx(odds[0] - odds[1], abs=1e-5)


def test_a_model_of_descriptors_is_refused_in_words(tmp_path: Path) -> None:
    from genrelens.explanation.sound import front_end_of
    from genrelens.frontend.descriptors.settings import DescriptorSettings

    class Stub:
        name = "tables"

        class manifest:
            front_end = DescriptorSettings(set="kaggle57", segment_s=3.0)

    with pytest.raises(BundleError, match=r"hears descriptors of 3 s.*such as base"):
        front_end_of(Stub())  # type: ignore[arg-type]


@pytest.mark.real_data
def test_the_shipped_model_explains_real_music_as_it_predicts_it(real_data: Path) -> None:
    bundle = Bundle.load("lite")
    file = sorted((real_data / "gtzan" / "genres_original" / "jazz").iterdir())[0]
    found = explain(file, bundle=bundle, method="occlusion-silence", longest_s=10.0).explanation
    assert found is not None
    assert len(found.segments) == 10 and len(found.bands) == 11
    assert found.end_s - found.start_s == pytest.approx(10.0, abs=0.01)
    clip = explain(file, bundle=bundle, method="occlusion-silence").prediction
    assert clip.model_hash == bundle.hash


def test_shuffled_samples_are_still_the_same_sounds() -> None:
    """Sample by sample they would be noise, which is what occlusion stands in the place of samples itself."""
    t = np.arange(16_000) / 8000
    hum = np.sin(2 * np.pi * 400 * t).astype(np.float32)[:, np.newaxis]
    made = JUDGING_BASELINES["shuffled"](hum, WaveSettings(sample_rate=8000))
    assert np.array_equal(np.sort(made, axis=0), np.sort(hum, axis=0)) and not np.array_equal(made, hum)
    power = np.square(np.abs(np.fft.rfft(made[:, 0])))
    hz = np.fft.rfftfreq(len(made), 1 / 8000)
    assert power[(hz > 300) & (hz < 500)].sum() > 0.8 * power.sum()


def test_vggish_logarithms_are_loud_and_silent_as_they_are(tmp_path: Path) -> None:
    settings = VggishSettings()
    bundle = bundle_of(tmp_path / "vggish", settings, n_frames=96)
    stream = frame_stream(settings)
    sound = 0.02 * hum_and_hiss(hum_s=[(3, 5)], rate=16_000)
    hearing = Hearing(bundle, np.concatenate([stream.push(sound), stream.finish()]))
    parts = time_parts(np.round(np.linspace(0, len(hearing.frames), 13)).astype(np.int64))
    energy = control_scores("energy", hearing, parts, seed=0)
    means = np.array(
        [np.square(np.exp(hearing.frames[p.start : p.end].astype(np.float64)) - 0.01).mean() for p in parts]
    )
    assert {int(i) for i in np.argsort(-energy)[:2]} == {int(i) for i in np.argsort(-means)[:2]} == {3, 4}
    quiet = BASELINES["silence"](hearing.frames, settings)
    assert settings.silent_input == pytest.approx(float(quiet[0, 0]))
