"""A network's attention before explain's judge: pairs, samples, shuffled weights, and sentences by the intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tiny_model
from genrelens.bundle import Bundle, WindowSettings, write_bundle
from genrelens.data import Track
from genrelens.explanation.faithfulness.report import Difference, MethodRow
from genrelens.explanation.faithfulness.sanity import Pointing, Sanity
from genrelens.explanation.methods.scoring import BOTH
from genrelens.explanation.network import network_of
from genrelens.frontend.mel import MelSettings
from genrelens.metrics import Interval
from genrelens.schema import encode
from genrelens.systems.attention import judge as attention_judge
from genrelens.systems.attention.findings import called, pointing, says_judged
from genrelens.systems.attention.judge import Asked, Judged, cut_to_window, judge, read_judged, shuffled, spread

torch = pytest.importorskip("torch")

RATE, N_FRAMES, N_MELS = 8000, 170, 16
MEL = MelSettings(
    sample_rate=RATE, n_fft=512, hop_length=512, n_mels=N_MELS, fmin_hz=50.0, fmax_hz=None, htk=False, top_db=80.0
)
OPTIONS = {"n_layers": 2, "n_heads": 2, "d_model": 8, "d_hidden": 16, "dropout": 0.1}
NOWHERE = Path("nowhere.wav")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """S0's network over 170 frames, some 11 s, with weights of chance."""
    from genrelens import models
    from genrelens.training.export import attention_onnx, predict_onnx

    torch.manual_seed(3)
    network = models.build("transformer", OPTIONS, n_frames=N_FRAMES, n_mels=N_MELS, n_classes=3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    shape = {"n_frames": N_FRAMES, "n_mels": N_MELS}
    record = tiny_model.manifest().training
    record = record.__class__(**{k: getattr(record, k) for k in record.__slots__} | {
        "recipe": {"model": {"architecture": "transformer", "options": OPTIONS}}
    })  # fmt: skip
    place = write_bundle(
        tmp_path_factory.mktemp("model") / "b",
        manifest=tiny_model.manifest(front_end=MEL, windows=WindowSettings(N_FRAMES, N_FRAMES), training=record),
        predict_onnx=predict_onnx(network, input_name="mel_db", **shape),
        attention_onnx=attention_onnx(network, input_name="mel_db", **shape),
        card="",
    )
    return Bundle.load(place)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    """Two clips of 11.5 s, more than a window, of each of two genres."""
    folder, rng, made = tmp_path_factory.mktemp("clips"), np.random.default_rng(0), []
    t = np.arange(round(11.5 * RATE)) / RATE
    for genre, hz in (("hum", 200), ("hiss", 3000)):
        for k in range(2):
            sound = np.sin(2 * np.pi * hz * t) * (1 + np.sin(t * (k + 1))) / 5
            path = folder / f"{genre}{k}.wav"
            soundfile.write(path, sound + 0.01 * rng.standard_normal(len(t)), RATE)
            made.append(Track(f"{genre}.{k}", path, genre, f"{genre} artist {k}", "test"))
    return tuple(made)


def interval(value: float, half: float) -> Interval:
    return Interval(value, value - half, value + half)


def judged(
    *, attention: dict[str, tuple[float, float]], kept: float = 0.0, hits: float = 0.2, half: float = 0.01
) -> Judged:
    """What the checks said, with raw attention better than each rival by (deletion, insertion)."""
    maps = ("attention", "attention-layer1", BOTH)
    rivals = ("random", "energy", "onset", BOTH)

    def diff(name: str, other: str) -> Difference:
        deletion, insertion = attention.get(other, (0.0, 0.0)) if name == "attention" else (0.0, 0.0)
        return Difference(name, other, "time", ("shuffled",), interval(deletion, half), interval(insertion, half))

    area, splice = interval(0.3, half), Pointing("host", "guest", "hum", "artist", 1.0, 2.0, 0.17)
    return Judged(
        asked=Asked("hash", 0, ("a", "b"), maps, (2, 16, 2), "0.1.0"),
        baselines=("shuffled",),
        n_clips=14,
        n_artists=12,
        areas=(MethodRow("attention", "time", ("shuffled",), area, interval(0.4, half), area, area),),
        differences=tuple(diff(name, other) for name in maps for other in rivals if name != other),
        sanity=tuple(
            Sanity(name, (splice,) * 20, interval(hits, 0.1), 0.17, None if name == BOTH else interval(kept, 0.1), 7)
            for name in maps
        ),
        n_shuffled=7,
    )


def test_each_rival_is_named_with_what_the_intervals_say() -> None:
    found = judged(attention={"random": (0.03, 0.02), "energy": (0.03, 0.0), "onset": (0.0, 0.0), BOTH: (-0.03, -0.02)})
    raw = says_judged(found)[0]
    assert "beats chance (deletion +0.030 [0.020, 0.040], insertion +0.020 [0.010, 0.030]);" in raw
    assert "; beats loudness in deletion alone (" in raw
    assert "; is not told apart from onsets (" in raw
    assert f"; is worse than occlusion ({BOTH}) (deletion -0.030" in raw
    few, many = (says_judged(replace(found, n_artists=n))[-1] for n in (14, 20))
    assert few.endswith("by 14 artists: intervals over so few are too narrow.") and "too narrow" not in many


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (0.7, "most of the picture comes from the sound"),
        (0.11, "a part of the picture stays"),  # [0.01, 0.21] was called "much of the picture"
        (0.0, "depends on what was learnt"),
        (-0.4, "turns round"),
        (float("nan"), "nothing can be said"),
    ],
)
def test_shuffled_weights_are_read_by_the_interval(kept: float, says: str) -> None:
    sentence = says_judged(judged(attention={}, kept=kept))[3]
    assert says in sentence and ("not measurable" if kept != kept else f"{kept:+.2f}") in sentence


@pytest.mark.parametrize(
    ("hits", "says"), [(0.5, "more than blindly"), (0.2, "not told apart from blindly"), (0.05, "less than blindly")]
)
def test_pointing_is_set_against_blind_pointing(hits: float, says: str) -> None:
    sentence = says_judged(judged(attention={}, hits=hits))[4]
    assert "Attention has no class" in sentence and says in sentence and "blindly hits 17 %" in sentence


def test_hits_that_are_all_alike_have_no_interval_and_no_verdict() -> None:
    nan = float("nan")
    assert pointing(Sanity("attention", (), Interval(0.0, nan, nan), 0.17, None, 0)) == "0 %"


def test_layers_and_heads_are_named_for_people() -> None:
    assert called("attention") == "mean of all heads"
    assert called("attention-layer12-head3") == "layer 12, head 3"
    assert called("energy") == "loudness"


def test_what_was_judged_is_kept_for_whoever_asks_the_same(tmp_path: Path) -> None:
    found, file = judged(attention={}), tmp_path / "judged.json"
    asked = found.asked
    assert read_judged(file, asked) is None
    file.write_text(found.to_json(), encoding="utf-8")
    assert read_judged(file, asked) == found
    assert read_judged(file, replace(asked, model_hash="other")) is None
    assert read_judged(file, replace(asked, sizes=(3, 16, 2))) is None
    file.write_text(file.read_text("utf-8")[:200], encoding="utf-8")
    assert read_judged(file, asked) is None  # cut off: it is asked again


def test_the_sample_is_spread_over_artists() -> None:
    of = [("a", "x"), ("a", "x"), ("a", "y"), ("b", "z"), ("b", "z")]
    tracks = [Track(f"{genre}.{k}", NOWHERE, genre, artist, "test") for k, (genre, artist) in enumerate(of)]
    assert [track.id for track in spread(tracks, n_per_genre=2)] == ["a.0", "a.2", "b.3", "b.4"]
    assert [track.id for track in spread(tracks, n_per_genre=1)] == ["a.0", "b.3"]


@pytest.mark.slow
def test_clips_are_cut_to_one_window(bundle: Bundle, tracks: tuple[Track, ...], tmp_path: Path) -> None:
    whole, cut = tracks[0], cut_to_window(bundle, tracks[:1], folder=tmp_path / "cut")[0]
    assert len(bundle.predict(whole.path).window_probabilities) == 2
    assert len(bundle.predict(cut.path).window_probabilities) == 1
    samples, rate = soundfile.read(cut.path, dtype="float32")
    assert rate == RATE and 1 + len(samples) // MEL.hop_length == N_FRAMES
    assert np.array_equal(samples, soundfile.read(whole.path, dtype="float32")[0][: len(samples)])


@pytest.mark.slow
def test_shuffled_weights_keep_positions_and_give_attention(
    bundle: Bundle, tmp_path: Path, mel_db: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    other = shuffled(bundle, seed=1, out=tmp_path / "shuffled")
    before, after = network_of(bundle), network_of(other)
    for (name, a), (_, b) in zip(before.named_parameters(), after.named_parameters(), strict=True):
        assert torch.equal(a.ravel().sort()[0], b.ravel().sort()[0]), name
    assert not torch.equal(before.embed.weight, after.embed.weight)  # type: ignore[union-attr]
    assert torch.equal(before.positions, after.positions)
    # Its graph of attention is that of the shuffled network, not of the true one.
    with torch.no_grad():
        wanted = after.attention(torch.from_numpy(mel_db[None]))
    assert wanted is not None
    assert np.allclose(other.attention(mel_db), wanted[0].numpy(), atol=1e-5)
    assert np.abs(other.attention(mel_db) - bundle.attention(mel_db)).max() > 1e-3


@pytest.fixture
def mel_db() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(4).uniform(-60, 0, (N_FRAMES, N_MELS)).astype(np.float32)


@pytest.mark.slow
def test_every_map_is_judged_alike(
    bundle: Bundle, tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from genrelens.features.frame_cache import FrameCache
    from genrelens.systems.attention.sections import attention_sections
    from genrelens.systems.attention.study import study_network
    from genrelens.systems.page import FOLDER

    monkeypatch.setattr(attention_judge, "n_cores", lambda: 1)
    monkeypatch.setattr(attention_judge, "N_SPLICES", 3)
    monkeypatch.setattr(attention_judge, "N_SHUFFLES", 1)
    monkeypatch.setattr("genrelens.pages.figure_style.DPI", 30)
    said: list[str] = []
    studied = study_network(
        "transformer-2x4",
        bundle,
        tracks,
        cache=FrameCache(tmp_path, MEL),
        n_per_genre=2,
        seed=0,
        file=tmp_path / "kept.json",
        say=said.append,
    )
    assert studied is not None
    again = judge(
        bundle, [clip.track for clip in studied.clips], n_layers=2, seed=0, file=tmp_path / "kept.json", say=said.append
    )
    assert "is taken as it is" in said[-1]
    assert encode(studied.judged) == encode(again)  # NaN where artists are too few
    found = studied.judged
    assert found.asked.maps == (
        *("attention", "attention-layer1", "attention-layer2", "rollout", "attention-gradient", BOTH),
    )
    assert [one.method for one in found.areas] == [*found.asked.maps, "random", "energy", "onset"]
    assert (found.n_clips, found.n_artists, found.n_shuffled) == (4, 4, 2)
    areas = {one.method: one.deletion.value for one in found.areas}
    for name in found.asked.maps:
        for other in ("random", "energy", "onset", BOTH):
            if name != other:
                gain = areas[other] - areas[name]
                assert found.against(name, other).deletion.value == pytest.approx(gain)
    assert [one.method for one in found.sanity] == list(found.asked.maps)
    assert [one.agreement is None for one in found.sanity] == [False] * 5 + [True]
    assert all(len(one.pointings) == 3 and 0 < one.even < 1 for one in found.sanity)
    assert any("transformer-2x4: splices and shuffled weights: rollout" in line for line in said)
    assert all(check.name.startswith("transformer-2x4: ") for check in studied.checks())
    # Two networks on one page: every key of its own, and every file one that the folder may hold.
    sections = attention_sections([studied, studied])
    keys = [section.key for section in sections]
    assert len(set(keys)) == len(keys) and "attention-judged-transformer-2x4" in keys
    assert {f"{key}.png" for key in keys} <= FOLDER.known
    assert {f"{name}.csv" for section in sections for name in section.tables} <= FOLDER.known


@pytest.mark.slow
def test_short_windows_are_not_spliced(bundle: Bundle, tracks: tuple[Track, ...], tmp_path: Path) -> None:
    short = []
    for k, track in enumerate(tracks):
        samples, rate = soundfile.read(track.path)
        soundfile.write(tmp_path / f"{k}.wav", samples[: 9 * rate], rate)
        short.append(Track(track.id, tmp_path / f"{k}.wav", track.genre, track.artist, "test"))
    found = attention_judge._sanity(bundle, short, "attention", others=(), shuffles=(), seed=0, say=lambda line: None)
    assert found.pointings == () and found.hits.value != found.hits.value and found.agreement is None
