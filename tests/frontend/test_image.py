"""The picture from sound, against its own rule, librosa and matplotlib, and the published pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrelens import audio
from genrelens.data import gtzan
from genrelens.data.pictures import read_png
from genrelens.errors import AudioError, DataError
from genrelens.frontend import image
from genrelens.frontend.image import MAGMA, nearest_levels
from genrelens.frontend.mel import compress


def noise(n: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def test_magma_is_matplotlibs() -> None:
    colormaps = pytest.importorskip("matplotlib").colormaps
    np.testing.assert_array_equal(MAGMA, np.round(255 * np.array(colormaps["magma"].colors)))


def test_every_level_comes_back_from_its_colour() -> None:
    levels, distance = nearest_levels(MAGMA[None])
    np.testing.assert_array_equal(levels[0], np.arange(256))
    assert distance == 0.0


def test_a_colour_beside_magma_gives_the_nearest_level() -> None:
    rgb = np.array([[[255, 0, 0], [0, 0, 0]]], np.uint8)
    levels, distance = nearest_levels(rgb)
    squared = ((rgb[0, :, None].astype(int) - MAGMA.astype(int)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(levels[0], squared.argmin(axis=1))
    assert distance == pytest.approx(squared.min(axis=1).mean())


def test_a_tone_is_one_bright_line_at_its_band() -> None:
    seconds = np.arange(30 * 22050) / 22050
    drawn = image.picture(np.sin(2 * np.pi * 1000 * seconds).astype(np.float32), sample_rate=22050)
    bank = image.SETTINGS.bank()
    band = int(bank[:, round(1000 / 22050 * 2048)].argmax())
    rows = np.flatnonzero(drawn[:, 100] > 0.9)
    assert set(image.cells(1292)[0][rows]) <= {band - 1, band, band + 1}
    assert drawn[:100].max() < 0.05  # high frequencies are above


def test_a_click_stands_where_it_was_in_time() -> None:
    samples = np.zeros(22050 * 30, np.float32)
    samples[22050 * 15 : 22050 * 15 + 1024] = noise(1024)
    drawn = image.picture(samples, sample_rate=22050)
    lit = np.flatnonzero(drawn.max(axis=0) > 0)
    assert abs(lit.mean() - image.WIDTH / 2) < 2
    assert len(lit) <= 3


@pytest.mark.parametrize("n_frames", [1, 5, 334, 1290, 1293, 5000])
def test_rows_and_columns_never_leave_the_spectrogram(n_frames: int) -> None:
    bands, frames = image.cells(n_frames)
    assert bands.shape == (216,)
    assert frames.shape == (334,)
    assert bands[0] == 127
    assert bands[-1] == 0
    assert (np.diff(bands) <= 0).all()
    assert (np.diff(frames) >= 0).all()
    assert frames[0] >= 0
    assert frames[-1] == n_frames - 1


def test_where_a_cell_begins_is_rounded_as_the_renderer_did() -> None:
    """Of 1,298 frames number 252 begins at pixel 118.9997; the published disco.00000 still shows 251 in 118."""
    assert np.isclose(252 / 1298 * 334.8 + 54, 118.9997, atol=1e-4)
    assert image.cells(1298)[1][118 - 55] == 251


def test_mirrored_ends_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    samples = noise(22050 + 37)
    expected = librosa.feature.melspectrogram(y=samples, sr=22050, pad_mode="reflect").T
    np.testing.assert_allclose(image.mirrored_mel_power(samples, sample_rate=22050), expected, rtol=1e-4, atol=1e-9)


def test_the_levels_are_those_of_librosa_and_matplotlib() -> None:
    librosa = pytest.importorskip("librosa")
    matplotlib = pytest.importorskip("matplotlib")
    samples = noise(5 * 22050) * np.linspace(0, 1, 5 * 22050, dtype=np.float32) ** 3
    power = image.mirrored_mel_power(samples, sample_rate=22050)
    db = librosa.amplitude_to_db(power, ref=np.max)
    rgb = np.round(255 * matplotlib.colormaps["magma"](matplotlib.colors.Normalize()(db))[..., :3])
    bands, frames = image.cells(len(power))
    levels = nearest_levels(rgb.astype(np.uint8))[0][frames][:, bands].T
    assert np.abs(255 * image.draw(power) - levels).max() <= 1  # at a border between two levels, rounding decides
    assert (255 * image.draw(power) == levels).mean() > 0.999


def test_quiet_sound_is_stretched_over_all_colours_as_matplotlib_did() -> None:
    power = np.full((100, 128), 1e-9, np.float32)
    power[50:] = 1e-3
    drawn = image.draw(power)
    assert (drawn.min(), drawn.max()) == (0.0, 1.0)


def test_silence_is_black() -> None:
    assert not image.picture(np.zeros(22050, np.float32), sample_rate=22050).any()


@pytest.mark.parametrize(
    ("samples", "sample_rate", "code"),
    [
        (noise(22050), 44100, "bad_samples"),
        (noise(2047), 22050, "too_short"),
        (np.zeros(0, np.float32), 22050, "too_short"),
        (np.zeros((2, 22050), np.float32), 22050, "bad_samples"),
        (np.zeros(22050, np.int16), 22050, "bad_samples"),
        (np.full(22050, np.nan, np.float32), 22050, "not_finite"),
    ],
)
def test_what_cannot_be_drawn_says_why(samples: np.ndarray, sample_rate: int, code: str) -> None:
    with pytest.raises(AudioError) as raised:
        image.picture(samples, sample_rate=sample_rate)
    assert raised.value.code == code


def test_a_drawn_picture_comes_back_from_its_pixels() -> None:
    drawn = image.picture(noise(22050 * 10), sample_rate=22050)
    page = np.full((288, 432, 3), 255, np.uint8)
    page[36:252, 55:389] = MAGMA[np.round(255 * drawn).astype(int)]
    np.testing.assert_array_equal(image.from_pixels(page), drawn)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="432 x 288"):
        image.from_pixels(np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(DataError, match="magma"):
        image.from_pixels(np.full((288, 432, 3), 128, np.uint8))


def test_what_a_picture_does_not_show_is_filled_up() -> None:
    picture = np.zeros((image.HEIGHT, image.WIDTH), np.float32)
    picture[:, 100] = 0.9
    power = image.to_mel_power(picture)
    assert power.shape == (image.N_FRAMES, 128)
    assert power.dtype == np.float32
    frames = image.cells(image.N_FRAMES)[1]
    assert set(np.flatnonzero(power[1:].max(axis=1) > 2e-4) + 1) == set(range(frames[99] + 1, frames[100] + 1))
    assert power[frames[100]] == pytest.approx(10**-0.4)  # 4 dB below the loudest cell
    assert power[0, 0] == 1
    assert np.delete(power.ravel(), 0).max() < 1


def test_a_black_picture_is_silence() -> None:
    assert not image.to_mel_power(np.zeros((image.HEIGHT, image.WIDTH), np.float32)).any()
    with pytest.raises(DataError, match=r"expected a picture of shape \(216, 334\), got \(216, 335\)"):
        image.to_mel_power(np.zeros((image.HEIGHT, image.WIDTH + 1), np.float32))


@pytest.mark.real_data
def test_published_pictures_come_back_through_decibels(real_data: Path) -> None:
    pictures = gtzan.pictures(real_data / "gtzan")
    bands, frames = image.cells(image.N_FRAMES)
    for path in list(pictures.values())[::40]:
        picture = image.from_pixels(read_png(path, size_px=image.SIZE_PX))
        db = compress(image.to_mel_power(picture), settings=image.SETTINGS)
        np.testing.assert_allclose((db / 40 + 1)[frames][:, bands].T, picture, atol=0.1 / 255)


@pytest.mark.real_data
def test_published_pictures_are_met(real_data: Path) -> None:
    pictures = gtzan.pictures(real_data / "gtzan")
    correlations = []
    for path in sorted((real_data / "gtzan_lossless").glob("*/*.flac")):
        clip = audio.load(path, sample_rate=22050)
        drawn = image.picture(clip.samples, sample_rate=clip.sample_rate)
        published = image.from_pixels(read_png(pictures[path.stem], size_px=image.SIZE_PX))
        correlations.append(np.corrcoef(drawn.ravel(), published.ravel())[0, 1])
    assert len(correlations) >= 30
    assert min(correlations) > 0.99999
