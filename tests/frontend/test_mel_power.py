"""mel_power, MelStream and power_to_db: closed forms first, then librosa, then any blocking of any signal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from genrelens.data import synthetic
from genrelens.errors import AudioError, RecipeError
from genrelens.frontend.mel import (
    MelSettings,
    MelStream,
    compress,
    mel_filter_bank,
    mel_power,
    power_to_db,
    power_to_log,
)

Float32 = npt.NDArray[np.float32]

S0 = MelSettings(
    sample_rate=22050, n_fft=2048, hop_length=512, n_mels=128, fmin_hz=0, fmax_hz=None, htk=False, top_db=80
)
SMALL = MelSettings(
    sample_rate=8000, n_fft=512, hop_length=160, n_mels=40, fmin_hz=0, fmax_hz=None, htk=False, top_db=80
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20120815)


def tone(hz: float, *, settings: MelSettings = S0, n_samples: int = 22050) -> Float32:
    return np.sin(2 * np.pi * hz * np.arange(n_samples) / settings.sample_rate).astype(np.float32)


# Closed forms


@pytest.mark.parametrize("hz", [100.0, 440.0, 2000.0, 9000.0])
def test_the_energy_of_a_tone_is_in_the_bands_whose_triangles_cover_it(hz: float) -> None:
    power = mel_power(tone(hz), settings=S0)[5:-5].mean(axis=0)
    loudest_bin = round(hz * S0.n_fft / S0.sample_rate)
    covering = mel_filter_bank(S0)[:, loudest_bin - 2 : loudest_bin + 3].any(axis=1)  # a Hann lobe is 5 bins
    assert power[covering].sum() > 0.999 * power.sum()


def test_a_tone_on_a_bin_has_the_power_that_the_hann_window_gives_it() -> None:
    n = 200  # its bin; a periodic Hann window leaves n_fft / 4 there and n_fft / 8 in both neighbours
    samples = tone(n * S0.sample_rate / S0.n_fft)
    magnitudes = S0.n_fft * np.array([1 / 8, 1 / 4, 1 / 8])
    expected = mel_filter_bank(S0)[:, n - 1 : n + 2] @ magnitudes**2
    power = mel_power(samples, settings=S0)[10]
    np.testing.assert_allclose(power[expected > 0], expected[expected > 0], rtol=1e-4)


def test_silence_has_no_power() -> None:
    assert not mel_power(np.zeros(5000, np.float32), settings=S0).any()


def test_twice_the_amplitude_is_four_times_the_power(rng: np.random.Generator) -> None:
    samples = rng.standard_normal(20_000).astype(np.float32)
    np.testing.assert_array_equal(mel_power(2 * samples, settings=S0), 4 * mel_power(samples, settings=S0))


def test_frames_are_centred_on_multiples_of_the_hop() -> None:
    samples = np.zeros(22050, np.float32)
    samples[10 * S0.hop_length] = 1
    total = mel_power(samples, settings=S0).sum(axis=1)
    assert total.argmax() == 10
    assert np.flatnonzero(total).tolist() == [9, 10, 11]  # at 8 and 12 the window is just 0
    np.testing.assert_allclose(total[9] / total[10], 0.25, rtol=1e-5)  # Hann at a quarter: 1/2, squared


@pytest.mark.parametrize("n_samples", [0, 1, 511, 512, 2047, 2048, 2049, 24_575, 24_576, 50_000])
def test_there_are_as_many_frames_as_settings_say(n_samples: int) -> None:
    power = mel_power(np.ones(n_samples, np.float32), settings=S0)
    assert power.shape == (S0.n_frames(n_samples), S0.n_mels)
    assert power.dtype == np.float32


def test_a_gtzan_clip_is_1290_by_128() -> None:
    assert mel_power(np.zeros(660_000, np.float32), settings=S0).shape == (1290, 128)


# What is refused, and what is not


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(bad: float) -> None:
    samples = np.zeros(30_000, np.float32)
    samples[20_000] = bad
    with pytest.raises(AudioError, match="NaN or infinity") as caught:
        mel_power(samples, settings=S0)
    assert caught.value.code == "not_finite"
    with pytest.raises(AudioError, match="NaN or infinity"):
        stream = MelStream(S0)
        stream.push(samples)
        stream.finish()


@pytest.mark.parametrize("samples", [np.zeros((2, 100), np.float32), np.zeros(100, np.int16)])
def test_samples_that_are_not_mono_floats_are_refused(samples: npt.NDArray[Any]) -> None:
    with pytest.raises(AudioError, match=r"expected mono floating-point samples.*int16|\(2, 100\)") as caught:
        mel_power(samples, settings=S0)
    assert caught.value.code == "bad_samples"


def test_double_precision_samples_are_taken(rng: np.random.Generator) -> None:
    samples = rng.standard_normal(5000)
    np.testing.assert_array_equal(mel_power(samples, settings=S0), mel_power(samples.astype(np.float32), settings=S0))


def test_the_samples_are_not_changed(rng: np.random.Generator) -> None:
    samples = rng.standard_normal(60_000).astype(np.float32)
    before = samples.copy()
    samples.setflags(write=False)
    mel_power(samples, settings=S0)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-20, 1e10, 1e18, 1e25, 3e38])
def test_power_is_finite_however_quiet_or_absurdly_loud(scale: float, rng: np.random.Generator) -> None:
    samples = (rng.uniform(-1, 1, 40_000) * scale).astype(np.float32)
    power = mel_power(samples, settings=S0)
    assert np.isfinite(power).all()
    assert (power >= 0).all()
    assert np.isfinite(power_to_db(power, top_db=80)).all()


# librosa

NO_LIBROSA = "librosa is not installed: pip install '.[dev]'"

GRID = list(
    itertools.product(
        (8000, 16000, 22050, 44100, 48000),
        (512, 1024, 2048),
        (160, 256, 512),
        (40, 64, 96, 128),
        (False, True),
        ((0.0, None), (50.0, 0.45)),
    )
)
SAMPLE_OF_GRID = GRID[::11]  # 11 is prime to the grid's factors, so that all values come up with all others


def grid_settings(
    sample_rate: int, n_fft: int, hop_length: int, n_mels: int, htk: bool, edges: tuple[float, float | None]
) -> dict[str, Any]:
    return {
        "sample_rate": sample_rate,
        "n_fft": n_fft,
        "hop_length": hop_length,
        "n_mels": n_mels,
        "fmin_hz": edges[0],
        "fmax_hz": None if edges[1] is None else edges[1] * sample_rate,
        "htk": htk,
        "top_db": 80.0,
    }


def signals(sample_rate: int, *, seed: int) -> Iterator[tuple[str, Float32]]:
    rng = np.random.default_rng(seed)
    n = sample_rate // 2
    t = np.arange(n) / sample_rate
    impulses = np.zeros(n)
    impulses[[0, 777, n // 2, n - 1]] = 1
    yield "noise", rng.standard_normal(n).astype(np.float32)
    yield "sweep", np.sin(2 * np.pi * (20 * t + 0.45 * sample_rate * t**2)).astype(np.float32)
    yield "high tone", np.sin(2 * np.pi * 0.43 * sample_rate * t).astype(np.float32)
    yield "offset", (0.5 + 1e-4 * rng.standard_normal(n)).astype(np.float32)
    yield "impulses", impulses.astype(np.float32)
    yield "fade", (rng.standard_normal(n) * np.exp(-20 * t)).astype(np.float32)
    yield "shorter than a frame", rng.standard_normal(300).astype(np.float32)
    yield "one sample", np.ones(1, np.float32)


def librosa_power(samples: Float32, settings: MelSettings) -> Float32:
    librosa = pytest.importorskip("librosa", reason=NO_LIBROSA)
    power: Float32 = librosa.feature.melspectrogram(
        y=samples,
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        n_mels=settings.n_mels,
        fmin=settings.fmin_hz,
        fmax=settings.fmax_hz,
        htk=settings.htk,
        center=True,
        pad_mode="constant",
        power=2.0,
        norm="slaney",
    ).T
    return power


def assert_equal_to_librosa(samples: Float32, settings: MelSettings, *, message: str) -> None:
    librosa = pytest.importorskip("librosa", reason=NO_LIBROSA)
    theirs = librosa.power_to_db(librosa_power(samples, settings), ref=np.max, top_db=settings.top_db)
    ours = power_to_db(mel_power(samples, settings=settings), top_db=settings.top_db)
    assert ours.shape == theirs.shape, message
    assert ours.dtype == np.float32, message
    # Wanted: 1e-3 dB at worst, 1e-4 for 99.9 % of values. Measured: 2.3e-5 at worst, three units in the last
    # place of a float32 near 80 dB.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4, err_msg=message)


@pytest.mark.filterwarnings("ignore:n_fft=.* is too large for input signal:UserWarning")
@pytest.mark.filterwarnings("ignore:Empty filters detected:UserWarning")
@pytest.mark.parametrize("point", SAMPLE_OF_GRID, ids=str)
def test_filters_and_decibels_equal_librosas_over_the_grid(point: tuple[Any, ...]) -> None:
    librosa = pytest.importorskip("librosa", reason=NO_LIBROSA)
    values = grid_settings(*point)
    names = {"sample_rate": "sr", "fmin_hz": "fmin", "fmax_hz": "fmax", "n_fft": "n_fft", "n_mels": "n_mels"}
    bank = librosa.filters.mel(**{theirs: values[ours] for ours, theirs in names.items()}, htk=values["htk"])
    if not bank.any(axis=1).all():  # librosa makes do with bands that are always silent
        with pytest.raises(RecipeError, match="always be silent"):
            MelSettings(**values)
        return
    settings = MelSettings(**values)
    np.testing.assert_allclose(mel_filter_bank(settings), bank, rtol=1e-6, atol=1e-9)
    for name, samples in signals(settings.sample_rate, seed=GRID.index(point)):
        assert_equal_to_librosa(samples, settings, message=f"{name}, {settings}")


def test_without_a_floor_decibels_equal_librosas_too(rng: np.random.Generator) -> None:
    settings = MelSettings.from_dict(S0.to_dict() | {"top_db": None})
    samples = (rng.standard_normal(30_000) * np.geomspace(1, 1e-9, 30_000)).astype(np.float32)
    assert_equal_to_librosa(samples, settings, message="fade to nothing")
    assert power_to_db(mel_power(samples, settings=settings), top_db=None).min() < -100


@pytest.mark.real_data
@pytest.mark.parametrize("changes", [{}, {"n_fft": 1024, "n_mels": 64, "htk": True}])
def test_decibels_of_real_music_equal_librosas(changes: dict[str, Any], real_data: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    settings = MelSettings.from_dict(S0.to_dict() | changes)
    clips = sorted((real_data / "gtzan_lossless").glob("*/*.flac"))
    assert clips
    for path in clips[::3]:
        samples, sample_rate = soundfile.read(path, dtype="float32")
        assert sample_rate == settings.sample_rate
        assert_equal_to_librosa(samples, settings, message=path.name)
        assert mel_power(samples[:660_000], settings=settings).shape == (1290, settings.n_mels)


# Streams


def streamed(samples: Float32, settings: MelSettings, cuts: list[int]) -> Float32:
    stream = MelStream(settings)
    edges = [0, *sorted(cuts), samples.size]
    pieces = [stream.push(samples[start:stop]) for start, stop in itertools.pairwise(edges)]
    return np.concatenate([*pieces, stream.finish()])


@hypothesis_settings(deadline=None, max_examples=60)
@given(data=st.data(), n_samples=st.integers(0, 30_000), seed=st.integers(0, 2**32 - 1))
def test_any_blocking_of_any_signal_gives_the_whole_bit_for_bit(data: st.DataObject, n_samples: int, seed: int) -> None:
    samples = np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)
    cuts = data.draw(st.lists(st.integers(0, n_samples), max_size=12))
    np.testing.assert_array_equal(streamed(samples, SMALL, cuts), mel_power(samples, settings=SMALL))


@pytest.mark.parametrize("block", [1000, 512, 24_576, 65_537, 220_500])
def test_a_clip_in_blocks_gives_the_whole_bit_for_bit(block: int, rng: np.random.Generator) -> None:
    samples = rng.standard_normal(220_500).astype(np.float32)
    np.testing.assert_array_equal(
        streamed(samples, S0, list(range(block, samples.size, block))), mel_power(samples, settings=S0)
    )


def test_a_frame_does_not_depend_on_what_surrounds_it(rng: np.random.Generator) -> None:
    samples = rng.standard_normal(100_000).astype(np.float32)
    whole = mel_power(samples, settings=S0)
    start = mel_power(samples[:60_000], settings=S0)
    certain = (60_000 - S0.n_fft // 2) // S0.hop_length
    np.testing.assert_array_equal(start[:certain], whole[:certain])


def test_a_stream_holds_back_little_and_does_not_grow() -> None:
    stream = MelStream(SMALL)
    most = 48 * SMALL.hop_length + SMALL.n_fft
    n_out, block = 0, np.ones(1000, np.float32)
    for number in range(1, 301):
        n_out += len(stream.push(block))
        assert number * block.size - n_out * SMALL.hop_length <= most
    assert n_out + len(stream.finish()) == SMALL.n_frames(300_000)


def test_a_stream_without_sound_gives_one_silent_frame() -> None:
    stream = MelStream(S0)
    assert stream.push(np.zeros(0, np.float32)).shape == (0, 128)
    np.testing.assert_array_equal(stream.finish(), np.zeros((1, 128), np.float32))


def test_what_a_stream_gave_stays_as_it_was(rng: np.random.Generator) -> None:
    stream = MelStream(SMALL)
    first = stream.push(rng.standard_normal(20_000).astype(np.float32))
    before = first.copy()
    stream.push(rng.standard_normal(20_000).astype(np.float32))
    np.testing.assert_array_equal(first, before)


def test_a_finished_stream_takes_no_more() -> None:
    stream = MelStream(S0)
    stream.finish()
    with pytest.raises(RuntimeError, match="make a new one"):
        stream.push(np.zeros(1, np.float32))
    with pytest.raises(RuntimeError, match="make a new one"):
        stream.finish()


@hypothesis_settings(deadline=None, max_examples=60)
@given(samples=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=True), max_size=700))
def test_finite_samples_give_finite_decibels(samples: list[float]) -> None:
    power = mel_power(np.array(samples, np.float32), settings=SMALL)
    db = power_to_db(power, top_db=80)
    assert np.isfinite(power).all()
    assert (power >= 0).all()
    assert ((db >= -80) & (db <= 0)).all()


# Decibels


def test_twice_the_amplitude_is_six_decibels_more() -> None:
    power = np.ones((1, 1, 2), np.float32)
    power[..., 1] = 4
    np.testing.assert_allclose(power_to_db(power, top_db=80), [[[-6.0206, 0]]], atol=1e-4)


def test_each_window_has_its_own_reference(rng: np.random.Generator) -> None:
    windows = rng.uniform(0, 1, (3, 5, 7)).astype(np.float32)
    windows *= np.array([1, 1e-4, 1e6], np.float32)[:, np.newaxis, np.newaxis]
    db = power_to_db(windows, top_db=80)
    assert db.shape == windows.shape
    assert db.dtype == np.float32
    assert (db.max(axis=(1, 2)) == 0).all()
    for window, expected in zip(windows, db, strict=True):
        np.testing.assert_array_equal(power_to_db(window, top_db=80), expected)


def test_a_silent_window_is_zero_decibels_throughout() -> None:
    windows = np.zeros((2, 4, 3), np.float32)
    windows[1, 0, 0] = 1
    db = power_to_db(windows, top_db=80)
    assert (db[0] == 0).all()
    assert (db[1].ravel()[1:] == -80).all()


def test_power_below_amin_is_all_the_same() -> None:
    db = power_to_db(np.array([[1e-9, 1e-10, 1e-20, 0]], np.float32), top_db=None)
    np.testing.assert_allclose(db, [[0, -10, -10, -10]], atol=1e-5)


def test_no_windows_give_no_decibels() -> None:
    assert power_to_db(np.zeros((0, 4, 3), np.float32), top_db=80).shape == (0, 4, 3)


def test_windows_that_overlap_in_memory_and_cannot_be_written_to_are_taken(rng: np.random.Generator) -> None:
    frames = rng.uniform(0, 1, (20, 4)).astype(np.float32)
    before = frames.copy()
    windows = np.lib.stride_tricks.sliding_window_view(frames, 8, axis=0).transpose(0, 2, 1)[::4]
    db = power_to_db(windows, top_db=80)
    np.testing.assert_array_equal(db[1], power_to_db(frames[4:12], top_db=80))
    np.testing.assert_array_equal(frames, before)


def test_logarithms_in_closed_form() -> None:
    power = np.array([[0, 1e-4, 9.9e-3, 0.9999]], np.float32)
    log = power_to_log(power, factor=10_000)
    assert log.dtype == np.float32
    np.testing.assert_allclose(log, [[0, np.log10(2), 2, 4]], atol=1e-6)
    assert power[0, 1] == np.float32(1e-4)  # not written to


def test_the_logarithm_of_absurd_power_is_finite() -> None:
    log = power_to_log(np.array([[1e30, np.finfo(np.float32).max]], np.float32), factor=10_000)
    assert np.isfinite(log).all() and (log > 33).all()


@pytest.mark.parametrize("gain", [1e-3, 0.25, 1.0, 16.0])
def test_a_level_makes_the_gain_of_a_window_irrelevant(gain: float) -> None:
    """By hand: a window of mean 2 brought to 0.5; its neighbour in the batch has a level of its own."""
    windows = np.array([[[4, 0], [2, 2]], [[1e-3, 3e-3], [0, 0]]], np.float32) * np.float32(gain)
    log = power_to_log(windows, factor=100, level=0.5)
    by_hand = [[[1, 0], [0.5, 0.5]], [[0.5, 1.5], [0, 0]]]
    np.testing.assert_allclose(log, np.log10(1 + 100 * np.array(by_hand)), atol=1e-6)


@pytest.mark.parametrize("power", [0.0, 1e-12, 1e38])
def test_a_level_is_finite_for_silence_and_for_thunder(power: float) -> None:
    log = power_to_log(np.full((2, 4, 3), power, np.float32), factor=1e4, level=0.2)
    expected = np.log10(1 + 1e4 * (0.2 if power > 1 else power))
    np.testing.assert_allclose(log, expected, atol=1e-6)


def test_settings_say_which_compression_is_meant() -> None:
    power = np.random.default_rng(0).exponential(1e-3, (2, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(compress(power, settings=S0), power_to_db(power, top_db=80))
    log = MelSettings.from_dict(S0.to_dict() | {"top_db": None, "log_factor": 1e4})
    np.testing.assert_array_equal(compress(power, settings=log), power_to_log(power, factor=1e4))
    levelled = MelSettings.from_dict(log.to_dict() | {"level": 0.2})
    theirs = power_to_log(power, factor=1e4, level=0.2)
    np.testing.assert_array_equal(compress(power, settings=levelled), theirs)


@pytest.mark.parametrize("style", ["power_chords", "walking_swing", "waltz"])
def test_the_log_mel_is_the_one_that_musicnn_takes(style: str) -> None:
    """Against librosa's, stored in float16 by tools/make_musicnn_activations.py: 4.8 is its loudest, so 2e-3."""
    with np.load(Path(__file__).parents[1] / "models/musicnn_activations.npz") as stored:
        seed, theirs = int(stored[f"{style}.seed"]), stored[f"{style}.log_mel"].astype(np.float32)
    settings = MelSettings(
        sample_rate=16000,
        n_fft=512,
        hop_length=256,
        n_mels=96,
        fmin_hz=0,
        fmax_hz=None,
        htk=False,
        top_db=None,
        log_factor=10_000,
    )
    sound = synthetic.render(style, seed=seed, duration_s=4.0, sample_rate=16000).samples
    ours = compress(mel_power(sound, settings=settings), settings=settings)[: len(theirs)]
    assert np.abs(ours - theirs).max() < 2e-3
    assert theirs.max() > 3


def test_a_level_leaves_constants_out_and_nothing_else() -> None:
    """Of each frame what a constant puts into bins 0 and 1 is taken out; all other bins stay as they are."""
    plain = MelSettings.from_dict(
        S0.to_dict()
        | {"sample_rate": 16_000, "n_fft": 512, "hop_length": 256, "n_mels": 96}
        | {"log_factor": 10_000.0, "top_db": None}
    )
    levelled = MelSettings.from_dict(plain.to_dict() | {"level": 0.2})
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, 16_000).astype(np.float32)
    inside = slice(2, -2)  # a constant begins and ends with the file: that is a step
    for offset in (0.01, 0.2, -1.0):
        shifted = mel_power(sound + np.float32(offset), settings=levelled)[inside]
        np.testing.assert_allclose(shifted, mel_power(sound, settings=levelled)[inside], rtol=2e-3, atol=1e-9)
    reached = mel_filter_bank(plain)[:, :2].any(axis=1)
    theirs, ours = (mel_power(sound, settings=settings) for settings in (plain, levelled))
    np.testing.assert_array_equal(ours[:, ~reached], theirs[:, ~reached])
    assert (ours[inside][:, reached] != theirs[inside][:, reached]).any()
