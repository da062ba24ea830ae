"""Bundles that hear descriptors: what their manifest says, and what becomes of each segment of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import tiny_model
from genrelens.audio import load
from genrelens.bundle import Bundle, Manifest, softmax, write_bundle
from genrelens.bundle.descriptor_stream import is_silent_sound, segments
from genrelens.cli import main
from genrelens.errors import AudioError, BundleError, MissingExtraError, RecipeError
from genrelens.frontend.descriptors import SETS, spans
from genrelens.frontend.descriptors.settings import DescriptorSettings

RATE = 22_050
FRONT_END = DescriptorSettings(set="kaggle57", segment_s=3.0)
UNITS = 1e-3


def weights(n_columns: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_columns, 3))


def graph(*, n_columns: int = 57, kind: int = TensorProto.DOUBLE) -> bytes:
    """``descriptors (w, d)`` -> ``logits = descriptors * 1e-3 @ weights``, embedding the descriptors."""
    dtype = np.float64 if kind == TensorProto.DOUBLE else np.float32
    made = helper.make_graph(
        [
            helper.make_node("Mul", ["descriptors", "units"], ["scaled"]),
            helper.make_node("MatMul", ["scaled", "weights"], ["product"]),
            helper.make_node("Cast", ["product"], ["logits"], to=TensorProto.FLOAT),
            helper.make_node("Cast", ["descriptors"], ["embedding"], to=TensorProto.FLOAT),
        ],
        "tiny",
        [helper.make_tensor_value_info("descriptors", kind, ["segments", n_columns])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["segments", 3]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["segments", n_columns]),
        ],
        [
            numpy_helper.from_array(np.array(UNITS, dtype), "units"),
            numpy_helper.from_array(weights(n_columns).astype(dtype), "weights"),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    encoded: bytes = model.SerializeToString()
    return encoded


def manifest(**changes: Any) -> Manifest:
    return tiny_model.manifest(**{"front_end": FRONT_END, "windows": None, **changes})


def write(path: Path, *, made: bytes | None = None, **changes: Any) -> Path:
    return write_bundle(path, manifest=manifest(**changes), predict_onnx=graph() if made is None else made, card="")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.load(write(tmp_path_factory.mktemp("models") / "described", temperature=2.0))


def noise(duration_s: float, *, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Noise whose level and colour wander, so that no two segments are alike."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(scale=0.1, size=round(duration_s * rate)).astype(np.float32)
    swell = np.linspace(0.2, 1.0, len(samples), dtype=np.float32)
    return samples * swell + np.roll(samples, 1) * (1 - swell)


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(manifest().to_bytes()), **changes}


def read(content: dict[str, Any]) -> Manifest:
    return Manifest.from_bytes(json.dumps(content).encode(), where="m")


def test_a_manifest_of_descriptors_survives_the_round_trip() -> None:
    for settings in (FRONT_END, DescriptorSettings(set="fma518", segment_s=30)):
        given = manifest(front_end=settings)
        assert Manifest.from_bytes(given.to_bytes(), where="m") == given
    found = document()
    assert found["schema"] == "genrelens.bundle/4"
    assert found["front_end"] == {"kind": "descriptors", "set": "kaggle57", "segment_s": 3.0}
    assert found["windows"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"front_end": {"kind": "descriptors", "set": "kaggle57"}}, "expected just set and segment_s"),
        ({"front_end": {"kind": "descriptors", "set": "kaggle57", "segment_s": 3, "hop": 1}}, "expected just"),
        ({"front_end": {"kind": "descriptors", "set": "kaggle58", "segment_s": 3}}, "not 'kaggle58'"),
        ({"front_end": {"kind": "descriptors", "set": 3, "segment_s": 3}}, "not 3"),
        ({"front_end": {"kind": "descriptors", "set": ["kaggle57"], "segment_s": 3}}, "set should be one of"),
        ({"front_end": {"kind": "descriptors", "set": "kaggle57", "segment_s": True}}, "0.2 to 900"),
        ({"front_end": {"kind": "descriptors", "set": "kaggle57", "segment_s": 0}}, "0.2 to 900"),
        ({"front_end": {"kind": "descriptors", "set": "kaggle57", "segment_s": "3"}}, "not '3'"),
        ({"front_end": {"kind": "wavelets"}}, "no front end 'wavelets'"),
        ({"windows": {"n_frames": 4, "hop_frames": 2}}, "windows go with a front end of frames"),
        ({"schema": "genrelens.bundle/2"}, "no front end 'descriptors'|unknown key"),
    ],
)
def test_a_wrong_front_end_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read(document(**changes))


def test_mel_cannot_be_without_windows() -> None:
    with pytest.raises(BundleError, match="windows go with a front end of frames"):
        tiny_model.manifest(windows=None)


def test_segment_lengths_that_no_transform_fits_into_ask_for_a_higher_rate() -> None:
    assert DescriptorSettings(set="fma518", segment_s=0.2).least_sample_rate == 10_241
    for none in (float("nan"), float("inf"), 10**400):
        with pytest.raises(RecipeError, match=r"from 0\.2 to 900 seconds"):
            DescriptorSettings(set="fma518", segment_s=none)


@given(n_samples=st.integers(1, 400), step=st.integers(2, 60), cuts=st.lists(st.integers(0, 400), max_size=6))
def test_segments_are_the_tables_and_what_is_left(n_samples: int, step: int, cuts: list[int]) -> None:
    samples = np.arange(n_samples, dtype=np.float32)
    edges = sorted({min(cut, n_samples) for cut in cuts})
    found = list(segments(np.split(samples, edges), sample_rate=1, segment_s=step))
    expected = list(spans(n_samples, sample_rate=1, segment_s=step))
    rest = len(expected) * step
    if not expected or n_samples - rest >= step / 2:
        expected.append((rest, min(n_samples, rest + step - 1)))
    assert [(start, start + len(piece)) for start, piece in found] == expected
    for start, piece in found:
        np.testing.assert_array_equal(piece, samples[start : start + len(piece)])


def test_no_sound_gives_no_segments() -> None:
    assert list(segments([np.zeros(0, np.float32)], sample_rate=RATE, segment_s=3.0)) == []


def test_segments_hold_one_segment_and_one_block(bundle: Bundle) -> None:
    """An endless stream is cut as it comes."""
    block = np.zeros(RATE * 10, np.float32)

    def endless() -> Any:
        while True:
            yield block

    cut = segments(endless(), sample_rate=RATE, segment_s=3.0)
    starts = [next(cut)[0] for _ in range(50)]
    assert starts == [i * 3 * RATE for i in range(50)]


def test_a_prediction_is_the_pooled_rows(bundle: Bundle, tmp_path: Path) -> None:
    """Computed by hand from the samples of the file: three segments, and a rest that is long enough."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, noise(10.6), RATE)
    samples = load(path, sample_rate=RATE).samples
    step = 3 * RATE
    pieces = [samples[i * step : i * step + step - 1] for i in range(3)] + [samples[3 * step :]]
    rows = np.stack([SETS["kaggle57"].compute(piece, sample_rate=RATE) for piece in pieces])
    logits = rows * UNITS @ weights(57)
    prediction = bundle.predict(path)
    np.testing.assert_allclose(prediction.probabilities, softmax(logits.mean(axis=0), temperature=2.0), atol=1e-6)
    np.testing.assert_allclose(prediction.window_probabilities, softmax(logits, temperature=2.0), atol=1e-6)
    np.testing.assert_allclose(prediction.embedding, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(prediction.window_times_s[:, 0], [0.0, 3.0, 6.0, 9.0])
    np.testing.assert_allclose(prediction.window_times_s[:, 1], [3.0, 6.0, 9.0, 10.6], atol=1e-4)
    assert prediction.duration_s == pytest.approx(10.6)


def test_samples_files_and_bytes_are_answered_alike(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "noise.flac"
    soundfile.write(path, noise(3.5), RATE)
    samples = load(path).samples
    of_file = bundle.predict(path).probabilities
    np.testing.assert_array_equal(bundle.predict(path.read_bytes()).probabilities, of_file)
    np.testing.assert_array_equal(bundle.predict(samples, sample_rate=RATE).probabilities, of_file)


def test_silent_segments_are_not_heard(bundle: Bundle) -> None:
    loud = noise(3.1)
    quiet = np.zeros(3 * RATE, np.float32)
    mixed = bundle.predict(np.concatenate([loud[: 3 * RATE], quiet, quiet]), sample_rate=RATE)
    assert np.isnan(mixed.window_probabilities[1:]).all()
    assert np.isfinite(mixed.window_probabilities[0]).all()
    alone = bundle.predict(loud, sample_rate=RATE)
    np.testing.assert_allclose(mixed.probabilities, alone.probabilities, atol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.25])
def test_nothing_but_silence_abstains(bundle: Bundle, constant: float) -> None:
    prediction = bundle.predict(np.full(7 * RATE, constant, np.float32), sample_rate=RATE)
    assert (prediction.abstained, prediction.reason, prediction.genre) == (True, "silence", None)
    assert prediction.embedding.shape == (57,)


@pytest.mark.parametrize("rate", [8_000, 22_050, 192_000])
def test_silence_is_told_at_any_rate(rate: int) -> None:
    dither = np.random.default_rng(0).integers(-1, 2, size=rate).astype(np.float32) / 32_768
    assert is_silent_sound(dither, sample_rate=rate)
    assert not is_silent_sound(noise(1.0, rate=rate) * 0.02, sample_rate=rate)


@pytest.mark.parametrize("n_samples", [1, 700, 2_047, 2_048])
def test_a_blip_is_a_guess_at_best(bundle: Bundle, n_samples: int) -> None:
    """Shorter than a Fourier transform it is repeated, as mel windows are."""
    prediction = bundle.predict(noise(1.0)[:n_samples], sample_rate=RATE)
    assert prediction.abstained
    assert prediction.reason == "too_short"
    assert prediction.genre is None and prediction.guess is not None


def test_no_sound_at_all_is_an_error(bundle: Bundle) -> None:
    with pytest.raises(AudioError):
        bundle.predict(np.zeros(0, np.float32), sample_rate=RATE)


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_a_set_without_a_rate_of_its_own_takes_the_files(tmp_path: Path, rate: int) -> None:
    """fma518 is computed at the file's rate, or at its least where that is lower."""
    made = write(tmp_path / "m", made=graph(n_columns=518), front_end=DescriptorSettings(set="fma518", segment_s=3.0))
    path = tmp_path / "noise.wav"
    soundfile.write(path, noise(3.2, rate=rate), rate, subtype="FLOAT")
    used = max(rate, 9_000)
    samples = load(path, sample_rate=used).samples[: 3 * used - 1]
    row = SETS["fma518"].compute(samples, sample_rate=used)
    prediction = Bundle.load(made).predict(path)
    np.testing.assert_allclose(prediction.embedding, row, rtol=1e-4, atol=1e-4)
    assert prediction.duration_s == pytest.approx(3.2, abs=0.01)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (graph(n_columns=56), r"the graph takes windows \[56\], the manifest has \[57\]"),
        (tiny_model.predict_graph(), "expected a graph from descriptors to"),
    ],
)
def test_a_graph_of_something_else_is_refused(tmp_path: Path, made: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        Bundle.load(write(tmp_path / "m", made=made))


def test_a_graph_of_other_numbers_is_an_error_of_the_model(tmp_path: Path) -> None:
    found = Bundle.load(write(tmp_path / "m", made=graph(kind=TensorProto.FLOAT)))
    with pytest.raises(BundleError, match="the graph failed"):
        found.predict(noise(3.5), sample_rate=RATE)


@pytest.fixture
def without_librosa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genrelens.frontend.descriptors.settings.find_spec", lambda name: None)


def test_the_light_install_says_in_one_line_what_is_missing(
    bundle: Bundle, tmp_path: Path, without_librosa: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[train\]'"):
        bundle.predict(noise(3.5), sample_rate=RATE)
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", noise(1.0), RATE)
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(tmp_path), "--model", str(bundle.path)])
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "a model that hears the descriptors kaggle57 needs an optional part" in err
    assert Bundle.load(bundle.path).names == tiny_model.GENRES  # it can be read all the same
