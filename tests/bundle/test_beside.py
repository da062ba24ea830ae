"""A model that mn04 helps: what is added for the whole track, to the digit, and what is said where mn04 is missing."""

from __future__ import annotations

import csv
import io
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

import mn04_expected
import tiny_mn04
import tiny_model
from genrelens.bundle import Bundle, softmax, write_bundle
from genrelens.bundle.audioset import GENRES, genre_logits
from genrelens.bundle.mn04 import N_NUMBERS, RELEASED_SHA256, Mn04, Mn04Ear, graph_path
from genrelens.bundle.styles import Style, Styles
from genrelens.bundle.track_term import MN04, SPREAD, TrackTerm
from genrelens.errors import BundleError
from genrelens.explanation.explain import explain

N_BANDS = tiny_model.MEL.n_mels
SIZES = {SPREAD: N_BANDS, MN04: N_NUMBERS}
RATE = 22_050


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    tiny_mn04.write(graph_path(), source_sha256=RELEASED_SHA256)


@pytest.fixture
def sound() -> np.ndarray:
    rng = np.random.default_rng(0)
    t = np.arange(12 * RATE) / RATE
    loud = np.repeat(rng.uniform(0.1, 1.0, 24), RATE // 2)
    return (loud * (0.2 * np.sin(2 * np.pi * 300 * t) + rng.normal(0, 0.05, t.size))).astype(np.float32)


def term(kinds: Sequence[str]) -> TrackTerm:
    rng = np.random.default_rng(1)
    sizes = {kind: SIZES[kind] for kind in kinds}
    n = sum(sizes.values())
    return TrackTerm(sizes, rng.normal(0, 0.1, n).astype(np.float32), rng.normal(0, 0.02, (3, n)).astype(np.float32))


def written(path: Path, *kinds: str) -> Path:
    return write_bundle(
        path,
        manifest=tiny_model.manifest(track_numbers=kinds),
        predict_onnx=tiny_model.predict_graph(),
        track_term=term(kinds).to_bytes() if kinds else None,
    )


def numbers_of(sound: np.ndarray) -> np.ndarray:
    ear = Mn04Ear(Mn04.load(), sample_rate=RATE)
    ear.push(sound)
    return ear.finish()


@pytest.mark.parametrize("kinds", [(MN04,), (SPREAD, MN04), (MN04, SPREAD)])
def test_what_mn04_makes_of_the_track_is_added_and_windows_go_without(
    kinds: tuple[str, ...], sound: np.ndarray, tmp_path: Path
) -> None:
    alone = Bundle.load(written(tmp_path / "alone", *(kind for kind in kinds if kind != MN04)))
    both = Bundle.load(written(tmp_path / "both", *kinds))
    before, after = (bundle.predict(sound, sample_rate=RATE) for bundle in (alone, both))
    np.testing.assert_array_equal(after.window_probabilities, before.window_probabilities)
    np.testing.assert_array_equal(after.embedding, before.embedding)
    # Of the same frames: what the other term adds is the same, but for its own weights.
    windows = np.log(after.window_probabilities)
    pooled = windows.mean(axis=0)
    at = 0
    made = term(kinds)
    for kind in kinds:
        here = slice(at, at + SIZES[kind])
        value = numbers_of(sound) if kind == MN04 else spread(both, sound)
        pooled = pooled + made.weight[:, here].astype(float) @ (value - made.mean[here])
        at = here.stop
    np.testing.assert_allclose(after.probabilities, softmax(pooled), atol=1e-5)
    assert np.abs(after.probabilities - before.probabilities).max() > 1e-3


def spread(bundle: Bundle, sound: np.ndarray) -> np.ndarray:
    from genrelens.audio import stream_array
    from genrelens.bundle.windows import iter_windows
    from genrelens.frontend.frames import compress, frames_of

    [samples] = [np.concatenate(list(stream_array(sound, sample_rate_in=RATE, sample_rate=8000)))]
    frames = frames_of(samples, settings=tiny_model.MEL)
    windows = [compress(w.power, settings=tiny_model.MEL) for w in iter_windows([frames], settings=tiny_model.WINDOWS)]
    found: np.ndarray = bundle.outputs(np.stack(windows)).embedding.std(axis=0, dtype=np.float64)
    return found


def test_a_file_its_bytes_and_its_samples_have_one_answer(sound: np.ndarray, tmp_path: Path) -> None:
    bundle = Bundle.load(written(tmp_path / "both", SPREAD, MN04))
    content = io.BytesIO()
    soundfile.write(content, sound, RATE, format="WAV", subtype="FLOAT")
    (tmp_path / "a.wav").write_bytes(content.getvalue())
    answers = [
        *bundle.predict_each([tmp_path / "a.wav", content.getvalue()]),
        bundle.predict(sound, sample_rate=RATE),
        pickle.loads(pickle.dumps(bundle)).predict(tmp_path / "a.wav"),
    ]
    for answer in answers[1:]:
        assert not isinstance(answer, Exception) and not isinstance(answers[0], Exception)
        np.testing.assert_array_equal(answer.probabilities, answers[0].probabilities)
        assert answer.duration_s == 12.0


def test_silence_is_silence(tmp_path: Path) -> None:
    bundle = Bundle.load(written(tmp_path / "both", SPREAD, MN04))
    assert bundle.predict(np.zeros(5 * RATE, np.float32), sample_rate=RATE).reason == "silence"


def test_without_mn04_a_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    model = written(tmp_path / "both", MN04)
    graph_path().unlink()
    with pytest.raises(BundleError, match="the weights of mn04 are not here; `genrelens weights fetch plus`") as caught:
        Bundle.load(model)
    assert caught.value.code == "not_fetched"
    tiny_mn04.write(graph_path(), source_sha256="1" * 64)
    with pytest.raises(BundleError, match="made of other weights than the released ones"):
        Bundle.load(model)
    Bundle.load(written(tmp_path / "alone", SPREAD))  # needs none


@pytest.mark.parametrize("kinds", [("mn05",), (MN04, MN04)])
def test_numbers_that_nobody_knows_are_refused(kinds: tuple[str, ...]) -> None:
    with pytest.raises(BundleError, match="knows no numbers of a track but spread, mn04, each once"):
        tiny_model.manifest(track_numbers=kinds)


def test_a_term_of_another_size_is_refused(tmp_path: Path) -> None:
    model = write_bundle(
        tmp_path / "m",
        manifest=tiny_model.manifest(track_numbers=(SPREAD, MN04)),
        predict_onnx=tiny_model.predict_graph(),
        track_term=term([MN04]).to_bytes(),
    )
    with pytest.raises(BundleError, match="4 rows of 919 numbers"):
        Bundle.load(model)


def test_an_explanation_says_that_mn04_is_left_out(sound: np.ndarray, tmp_path: Path) -> None:
    bundle = Bundle.load(written(tmp_path / "both", SPREAD, MN04))
    found = explain(sound, sample_rate=RATE, bundle=bundle).explanation
    assert found is not None and any("what mn04 adds for the whole track is left out" in note for note in found.notes)


def test_audiosets_genres_are_the_classes_that_its_list_names() -> None:
    lines = (mn04_expected.folder() / "class_labels_indices.csv").read_text("utf-8").splitlines()[1:]
    listed = [row[2] for row in csv.reader(lines)]
    assert tuple(listed[216:252]) == GENRES
    numbers = np.arange(N_NUMBERS, dtype=float)
    assert genre_logits(numbers) == {name: 384 + 216 + i for i, name in enumerate(GENRES)}
    assert genre_logits(np.full(N_NUMBERS, np.nan)) == {}


def test_styles_may_go_by_what_mn04_says(sound: np.ndarray, tmp_path: Path) -> None:
    said = genre_logits(numbers_of(sound))
    levels = (0.0, 1.0)
    styles = Styles(
        levels,
        (
            Style("folk", "Folk music", (said["Folk music"] - 9, said["Folk music"] + 1)),
            Style("soul", "Soul music", (said["Soul music"] - 1, said["Soul music"] + 9)),
        ),
    )
    manifest = tiny_model.manifest(track_numbers=(MN04,), styles=styles)
    model = write_bundle(
        tmp_path / "m", manifest=manifest, predict_onnx=tiny_model.predict_graph(), track_term=term([MN04]).to_bytes()
    )
    answer = Bundle.load(model).predict(sound, sample_rate=RATE)
    assert [name for name, _ in answer.styles] == ["folk"] and answer.styles[0][1] == pytest.approx(0.9)
    with pytest.raises(BundleError, match="a tag that the model does not have: Folk music"):
        tiny_model.manifest(styles=styles)
