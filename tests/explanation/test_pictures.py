"""The pictures: frequencies and times where they belong, and colours that say for and against."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from explain_toys import explanation
from genrelens.data.pictures import png_fault
from genrelens.explanation.explanation import ScoreMap
from genrelens.explanation.parts import hertz, hint_of, in_words, name_of
from genrelens.pages.explanation.picture import MAX_COLUMNS, figure, height_of, lit, plain, spectrogram

RATE = 16_000


def tone(hz: float, *, duration_s: float) -> np.ndarray:
    t = np.arange(round(duration_s * RATE)) / RATE
    return (0.4 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.mark.parametrize("hz", [200.0, 1000.0, 5000.0])
def test_a_tone_lies_at_its_height(hz: float) -> None:
    found = spectrogram(tone(hz, duration_s=2.0), sample_rate=RATE, start_s=0.0)
    brightest = int(found.levels.mean(axis=0).argmax())
    assert found.bands_hz[brightest] == pytest.approx(hz, rel=0.15)
    pixels = plain(found).sum(axis=(1, 2), dtype=np.int64)
    row = int(pixels.argmax())
    assert 1 - row / len(pixels) == pytest.approx(height_of(hz, top_hz=8000.0), abs=0.03)


@pytest.mark.parametrize("duration_s", [0.001, 0.5, 30.0, 200.0])
def test_any_length_has_a_picture_of_bounded_width(duration_s: float) -> None:
    found = spectrogram(tone(500.0, duration_s=duration_s), sample_rate=RATE, start_s=7.0)
    assert 1 <= len(found.levels) <= MAX_COLUMNS
    assert found.levels.min() >= 0 and found.levels.max() == pytest.approx(1)
    assert found.times_s[0] >= 7.0 and (np.diff(found.times_s) > 0).all()
    assert found.times_s[-1] <= 7.0 + duration_s + 0.2


def test_for_is_orange_against_is_blue_and_the_rest_grey() -> None:
    sound = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32) * 0.1
    said = explanation([1, -1, 0], cells=np.array([[1.0], [-1.0], [0.0]]), edges_hz=(0.0, 8000.0))
    rgb = lit(spectrogram(sound, sample_rate=RATE, start_s=0.0), said).astype(int)
    third = rgb.shape[1] // 3
    red, _, blue = (rgb[..., k] for k in range(3))
    middle = slice(third // 4, 3 * third // 4)
    assert (red[:, :third][:, middle] > blue[:, :third][:, middle]).all()
    assert (blue[:, third : 2 * third][:, middle] > red[:, third : 2 * third][:, middle]).all()
    rest = rgb[:, 2 * third :][:, middle]
    assert (rest[..., 0] == rest[..., 2]).all()


@pytest.mark.parametrize("start_s", [0.0, 100.0])
def test_the_figure_is_a_whole_picture_with_and_without_a_map(tmp_path: Path, start_s: float) -> None:
    sound = tone(500.0, duration_s=3.0)
    for said in (
        explanation([1, -2, 0], start_s=start_s),
        explanation([0, 0, 0], cells=np.ones((3, 2)), edges_hz=(0, 900, 8000), start_s=start_s),
    ):
        place = tmp_path / "f.png"
        place.write_bytes(figure(spectrogram(sound, sample_rate=RATE, start_s=start_s), said))
        assert png_fault(place) is None


def test_a_map_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ScoreMap(np.arange(3.0), np.arange(3.0), np.zeros((3, 2)))


def test_frequencies_in_words() -> None:
    assert [hertz(hz) for hz in (7.4, 140, 295, 513, 996, 1000, 1485.6, 8000, 12_000)] == [
        "7 Hz",
        "140 Hz",
        "300 Hz",
        "510 Hz",
        "1 kHz",
        "1 kHz",
        "1.5 kHz",
        "8 kHz",
        "12 kHz",
    ]
    assert in_words(0, 150) == "bass below 150 Hz"
    assert in_words(500, 760) == "mids, 500 to 760 Hz"
    assert in_words(760, 1000) == "mids, 760 Hz to 1 kHz"
    assert in_words(4000, 6000) == "treble, 4 to 6 kHz"
    assert in_words(50, 150) == "bass, 50 to 150 Hz"
    edges = (0, 60, 150, 300, 500, 2000, 4000, 8000, 20_000)
    names = [name_of(low, high) for low, high in pairwise(edges)]
    assert len(set(names)) == len(names)
    assert all(hint_of(low, high) for low, high in pairwise(edges))
