"""Descriptors against closed forms, against plain librosa, and at the ends of what sound can be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_recipes import FMA_SIZES, plain_fma518, plain_kaggle57
from scipy import ndimage, stats

from genrelens.errors import AudioError
from genrelens.frontend.descriptors import (
    LOUDEST,
    MIN_SAMPLES,
    SETS,
    FeatureSet,
    fma518,
    frames,
    kernels,
    spans,
    stream_segments,
)

Float32 = npt.NDArray[np.float32]
RATE = 22_050
KAGGLE, FMA = SETS["kaggle57"], SETS["fma518"]


def noise(n: int, *, seed: int = 0) -> Float32:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def tone(n: int, *, hz: float = 440.0) -> Float32:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(n) / RATE)).astype(np.float32)


def clicks(n: int) -> Float32:
    y = np.zeros(n, np.float32)
    y[:: RATE // 2] = 1.0
    return y


def band(n: int) -> Float32:
    """Chords, beats and noise."""
    t = np.arange(n) / RATE
    chord = sum(np.sin(2 * np.pi * 110 * 2 ** ((k + 5 * (t % 2 > 1)) / 12) * t) for k in (0, 4, 7, 12))
    beat = np.exp(-12 * (t % 0.4)) * np.random.default_rng(1).standard_normal(n)
    return (0.1 * chord + 0.3 * beat).astype(np.float32) + noise(n) / 10


SOUNDS: dict[str, Callable[[int], Float32]] = {
    "noise": noise,
    "tone": tone,
    "clicks": clicks,
    "band": band,
    "silence": lambda n: np.zeros(n, np.float32),
    "level": lambda n: np.full(n, 0.25, np.float32),
    "quiet": lambda n: noise(n) * np.float32(1e-6),
    "starts late": lambda n: np.concatenate([np.zeros(n // 2, np.float32), band(n - n // 2)]),
}


def column(name: str) -> int:
    return KAGGLE.columns.index(name)


def check_same(ours: npt.NDArray[np.float64], plain: npt.NDArray[np.float64], *, loudest: float) -> None:
    """Equal to 1e-5 of what a column usually spreads over: some 10 dB in a cepstral coefficient, and in the means of
    the two waves, which are sums of float32 that all but cancel, a hundredth of the loudest sample.
    """
    assert ours[column("tempo")] == plain[column("tempo")]
    waves = [column("harmony_mean"), column("perceptr_mean")]
    cepstral = [i for i, name in enumerate(KAGGLE.columns) if name.startswith("mfcc")]
    others = np.setdiff1d(np.arange(57), waves + cepstral)
    np.testing.assert_allclose(ours[waves], plain[waves], rtol=0, atol=1e-7 * loudest)
    np.testing.assert_allclose(ours[cepstral], plain[cepstral], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(ours[others], plain[others], rtol=1e-5, atol=1e-12)


# Names


def test_kaggles_columns_are_those_of_its_tables() -> None:
    assert len(KAGGLE.columns) == 57
    assert KAGGLE.columns[:4] == ("chroma_stft_mean", "chroma_stft_var", "rms_mean", "rms_var")
    assert KAGGLE.columns[12:20] == (
        "harmony_mean",
        "harmony_var",
        "perceptr_mean",
        "perceptr_var",
        "tempo",
        "mfcc1_mean",
        "mfcc1_var",
        "mfcc2_mean",
    )
    assert KAGGLE.columns[-1] == "mfcc20_var"


def test_fmas_columns_are_sorted_as_in_its_table() -> None:
    moments = ("mean", "std", "skew", "kurtosis", "median", "min", "max")
    triples = [
        (name, moment, f"{number:02d}")
        for name, size in FMA_SIZES.items()
        for moment in moments
        for number in range(1, size + 1)
    ]
    assert FMA.columns == tuple("_".join(triple) for triple in sorted(triples))
    assert len(FMA.columns) == 518
    assert FMA.columns[0] == "chroma_cens_kurtosis_01"


def test_importing_descriptors_imports_nothing_heavy() -> None:
    heavy = "{'librosa', 'scipy', 'numba', 'sklearn', 'torch', 'pyarrow', 'pandas'}"
    code = f"import sys, genrelens.frontend.descriptors, genrelens.features; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


# Medians


@pytest.mark.parametrize("shape", [(5, 1025), (17, 64), (31, 65), (40, 3), (130, 63), (200, 129)])
@pytest.mark.parametrize("levels", [3, 1000])
def test_medians_are_scipys_to_the_bit(shape: tuple[int, int], levels: int) -> None:
    rows = np.random.default_rng(0).integers(0, levels, shape).astype(np.float32)
    over_time = ndimage.median_filter(rows, size=(31, 1), mode="reflect")
    np.testing.assert_array_equal(kernels.median_over_time(rows), over_time)
    over_frequency = ndimage.median_filter(rows, size=(1, 31), mode="reflect")
    np.testing.assert_array_equal(kernels.median_over_frequency(rows), over_frequency)


def test_code_that_cannot_be_kept_on_disk_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    plain = numba.njit

    def njit(*args: object, **options: object) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return plain(*args, **options)

    monkeypatch.setattr(numba, "njit", njit)

    @kernels.compiled
    def twice(x: float) -> float:
        return 2 * x

    assert twice(21.0) == 42.0


# kaggle57


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("n", [2048, 2049, 5000, 7680, 16 * 512 - 1, 16 * 512, 66_149])
def test_kaggle57_is_what_plain_librosa_gives(kind: str, n: int) -> None:
    y = SOUNDS[kind](n)
    check_same(KAGGLE.compute(y, sample_rate=RATE), plain_kaggle57(y), loudest=float(np.abs(y).max()))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2048, 30_000), seed=st.integers(0, 2**32 - 1), loudness=st.floats(-60, 0))
def test_kaggle57_is_what_plain_librosa_gives_of_any_length(n: int, seed: int, loudness: float) -> None:
    y = (noise(n, seed=seed) + tone(n, hz=100 + seed % 3000)) * np.float32(10 ** (loudness / 20))
    check_same(KAGGLE.compute(y, sample_rate=RATE), plain_kaggle57(y), loudest=float(np.abs(y).max()))


def test_silence_has_a_row() -> None:
    row = dict(zip(KAGGLE.columns, KAGGLE.compute(np.zeros(RATE, np.float32), sample_rate=RATE), strict=True))
    # 128 bands at -100 dB: their first cosine coefficient is -100 * sqrt(128), all others are 0
    assert row.pop("mfcc1_mean") == pytest.approx(-100 * np.sqrt(128), rel=1e-6)
    assert max(map(abs, row.values())) < 1e-6


def test_a_tone_has_its_frequency_for_a_centroid_and_its_level() -> None:
    n = 100 * 2048
    hz = 100 * RATE / 2048  # in the middle of a bin, and a whole number of periods a frame
    row = KAGGLE.compute(tone(n, hz=hz), sample_rate=RATE)
    assert row[column("spectral_centroid_mean")] == pytest.approx(hz, rel=0.02)
    assert row[column("rms_mean")] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert row[column("zero_crossing_rate_mean")] == pytest.approx(200 / 2048, rel=0.02)


def test_clicks_have_their_tempo() -> None:
    n = 30 * RATE
    y = np.zeros(n, np.float32)
    for start in np.arange(0, n - 100, RATE // 2):
        y[start : start + 100] = noise(100) * 5
    assert KAGGLE.compute(y, sample_rate=RATE)[column("tempo")] == pytest.approx(120, abs=3)


def test_tuning_is_that_of_the_piece() -> None:
    def power(hz: float) -> Float32:
        import librosa

        y = sum(tone(2 * RATE, hz=hz * k) / k for k in (1, 2, 3))
        magnitude: Float32 = np.abs(librosa.stft(np.asarray(y, np.float32))).T
        return magnitude**2

    assert frames.tuning(power(440.0), sample_rate=RATE) == pytest.approx(0.0, abs=0.03)
    assert frames.tuning(power(440.0 * 2 ** (0.25 / 12)), sample_rate=RATE) == pytest.approx(0.25, abs=0.05)


# fma518


@pytest.mark.parametrize(("kind", "rate"), [("band", 44_100), ("band", 22_050), ("noise", 48_000)])
def test_fma518_is_what_plain_librosa_gives(kind: str, rate: int) -> None:
    y = SOUNDS[kind](4 * rate)
    plain = plain_fma518(y, sr=rate)
    expected = [plain[fields] for fields in sorted(plain)]
    np.testing.assert_allclose(FMA.compute(y, sample_rate=rate), expected, rtol=2e-3, atol=2e-5)


def test_moments_are_scipys() -> None:
    rows = np.random.default_rng(0).gamma(2.0, size=(3, 500))
    found = dict(zip(fma518.MOMENTS, fma518.moments(rows), strict=True))
    np.testing.assert_allclose(found["skew"], stats.skew(rows, axis=1))
    np.testing.assert_allclose(found["kurtosis"], stats.kurtosis(rows, axis=1))
    np.testing.assert_allclose(found["std"], rows.std(axis=1))
    np.testing.assert_array_equal(found["median"], np.median(rows, axis=1))
    np.testing.assert_array_equal(found["min"], rows.min(axis=1))
    np.testing.assert_array_equal(found["max"], rows.max(axis=1))


@pytest.mark.parametrize("level", [0.0, 0.1, -3e7])
def test_what_never_changes_has_the_moments_of_scipy_in_2017(level: float) -> None:
    found = dict(zip(fma518.MOMENTS, fma518.moments(np.full((1, 1000), level)), strict=True))
    assert found["skew"] == 0.0
    assert found["kurtosis"] == -3.0
    assert found["mean"] == pytest.approx(level)
    assert found["std"] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("n", [2048, 2049, 5000, 20_000])
@pytest.mark.parametrize("kind", ["silence", "noise", "clicks"])
def test_fma518_is_finite_however_short_the_sound(kind: str, n: int) -> None:
    for rate in (fma518.LEAST_SAMPLE_RATE, RATE, 96_000):
        assert np.isfinite(FMA.compute(SOUNDS[kind](n), sample_rate=rate)).all()


# What is refused


@pytest.mark.parametrize("feature_set", SETS.values(), ids=SETS)
@pytest.mark.parametrize(
    ("samples", "rate", "code"),
    [
        (noise(MIN_SAMPLES - 1), RATE, "too_short"),
        (np.zeros(0, np.float32), RATE, "too_short"),
        (np.full(9000, np.nan, np.float32), RATE, "not_finite"),
        (np.full(9000, 1e300), RATE, "not_finite"),
        (np.full(9000, 2 * LOUDEST), RATE, "bad_samples"),
        (np.zeros((9000, 2), np.float32), RATE, "bad_samples"),
        (np.zeros(9000, np.int16), RATE, "bad_samples"),
        (noise(9000), 8000, "bad_samples"),
    ],
)
def test_sound_without_descriptors_is_refused(
    feature_set: FeatureSet, samples: npt.NDArray[np.float32], rate: int, code: str
) -> None:
    with pytest.raises(AudioError) as caught:
        feature_set.compute(samples, sample_rate=rate)
    assert caught.value.code == code


@pytest.mark.parametrize("feature_set", SETS.values(), ids=SETS)
def test_what_is_not_refused_is_finite(feature_set: FeatureSet) -> None:
    for scale in (1e-38, 1e-20, 1e9, LOUDEST / 10):
        assert np.isfinite(feature_set.compute(noise(9000) * np.float32(scale), sample_rate=RATE)).all()


# Segments


@pytest.mark.parametrize(
    ("n_samples", "n_rows"),
    [(661_794, 10), (661_501, 10), (661_500, 9), (660_000, 9), (66_151, 1), (66_150, 0), (1, 0)],
)
def test_a_segment_is_there_only_if_the_piece_goes_on_after_it(n_samples: int, n_rows: int) -> None:
    found = spans(n_samples, sample_rate=RATE, segment_s=3.0)
    assert found == tuple((66_150 * i, 66_150 * i + 66_149) for i in range(n_rows))


@given(n=st.integers(0, 3000), cuts=st.lists(st.integers(0, 3000), max_size=8), step=st.integers(2, 700))
def test_segments_do_not_depend_on_how_the_sound_arrives(n: int, cuts: list[int], step: int) -> None:
    y = np.arange(n, dtype=np.float32)
    blocks = np.split(y, sorted(min(cut, n) for cut in cuts))
    found = list(stream_segments(blocks, sample_rate=1000, segment_s=step / 1000))
    expected = [y[start:end] for start, end in spans(n, sample_rate=1000, segment_s=step / 1000)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
