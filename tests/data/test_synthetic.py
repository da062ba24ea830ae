"""The synthetic styles, listened to by measuring."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from genrelens import audio
from genrelens.data import Track, synthetic
from genrelens.data.synthetic import STYLES, render
from genrelens.errors import DataError, SplitError, TaxonomyError
from genrelens.frontend.mel import MelSettings, mel_power

NAMES = tuple(STYLES)
N_FFT = 2048
FREQUENCIES_HZ = np.fft.rfftfreq(N_FFT, 1 / 22050)


@cache
def power(style: str, seed: int) -> np.ndarray:
    """Power spectra (n_frames, 1025) of 8 s of a style."""
    samples = render(style, seed=seed, duration_s=8.0).samples
    frames = np.lib.stride_tricks.sliding_window_view(samples, N_FFT)[::512] * np.hanning(N_FFT)
    return np.abs(np.fft.rfft(frames)) ** 2


def mean_over_seeds(measure: str, style: str) -> float:
    return float(np.mean([MEASURES[measure](power(style, seed)) for seed in range(4)]))


def onset_strength(spectra: np.ndarray) -> float:
    """Mean rise of log power from frame to frame: how much happens."""
    log = np.log10(spectra + 1e-6 * spectra.max())
    return float(np.maximum(np.diff(log, axis=0), 0).mean())


MEASURES = {
    "centroid_hz": lambda spectra: float(spectra.sum(axis=0) @ FREQUENCIES_HZ / spectra.sum()),
    "onsets": onset_strength,
}


def test_there_are_ten_styles_in_class_order_with_cues_below_nyquist() -> None:
    assert synthetic.SYNTHETIC.names == NAMES == tuple(sorted(NAMES))
    assert len(NAMES) == 10
    for name, style in STYLES.items():
        assert style.name == name
        assert 0 < style.cue_low_hz < style.cue_high_hz < 11025
        assert style.summary in (synthetic.__doc__ or "")


@pytest.mark.parametrize("style", NAMES)
def test_a_render_is_sound_of_its_length_without_clipping(style: str) -> None:
    for seed in range(5):
        clip = render(style, seed=seed, duration_s=4.0)
        assert clip.samples.dtype == np.float32
        assert clip.samples.shape == (4 * 22050,)
        assert clip.sample_rate == 22050
        assert np.isfinite(clip.samples).all()
        assert 0.15 < np.abs(clip.samples).max() < 1.0
        assert abs(float(clip.samples.mean())) < 0.01


@pytest.mark.parametrize("style", NAMES)
def test_the_same_arguments_give_the_same_samples_and_others_do_not(style: str) -> None:
    first, again, other = (render(style, seed=seed, duration_s=2.0).samples for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    other_ensemble = render(style, seed=7, timbre_seed=1, duration_s=2.0).samples
    assert not np.array_equal(first, other_ensemble)


@pytest.mark.parametrize("style", NAMES)
@pytest.mark.parametrize(("duration_s", "sample_rate"), [(1e-9, 22050), (0.01, 22050), (1.0, 8000), (0.5, 96000)])
def test_any_length_and_rate(style: str, duration_s: float, sample_rate: int) -> None:
    clip = render(style, seed=1, duration_s=duration_s, sample_rate=sample_rate)
    assert len(clip.samples) == max(1, round(duration_s * sample_rate))
    assert np.abs(clip.samples).max() < 1.0


@pytest.mark.parametrize(("duration_s", "sample_rate"), [(0.0, 22050), (-1.0, 22050), (float("nan"), 22050), (1.0, 0)])
def test_refuses_lengths_and_rates_that_are_none(duration_s: float, sample_rate: int) -> None:
    with pytest.raises(DataError, match="above 0 s"):
        render("waltz", seed=0, duration_s=duration_s, sample_rate=sample_rate)


def test_an_unknown_style_lists_the_known_ones() -> None:
    with pytest.raises(TaxonomyError, match=r"'polka'.*waltz"):
        render("polka", seed=0)


@pytest.mark.parametrize("style", NAMES)
def test_the_cue_sounds_where_the_table_says(style: str) -> None:
    """A style puts more of its power into its cue's band than the other styles do on average."""
    low, high = np.searchsorted(FREQUENCIES_HZ, [STYLES[style].cue_low_hz, STYLES[style].cue_high_hz])
    share = {
        name: np.mean([power(name, seed)[:, low:high].sum() / power(name, seed).sum() for seed in range(4)])
        for name in NAMES
    }
    others = np.mean([share[name] for name in NAMES if name != style])
    assert share[style] > 1.2 * others


def test_the_styles_differ_in_brightness_and_in_how_much_happens() -> None:
    onsets = {name: mean_over_seeds("onsets", name) for name in NAMES}
    centroid_hz = {name: mean_over_seeds("centroid_hz", name) for name in NAMES}
    assert min(onsets, key=lambda name: onsets[name]) == "drone"
    assert onsets["drone"] < 0.5 * onsets["chorale"]
    for busy in ("arpeggio", "breakbeat", "four_on_the_floor", "power_chords", "walking_swing"):
        assert onsets[busy] > 1.3 * onsets["chorale"]
    assert max(centroid_hz, key=lambda name: centroid_hz[name]) == "walking_swing"
    assert centroid_hz["power_chords"] > 2 * centroid_hz["fingerpicking"]
    assert centroid_hz["drone"] < 0.5 * centroid_hz["chorale"]


def test_the_bass_drum_comes_at_the_styles_tempo() -> None:
    """The low band of four_on_the_floor repeats itself after one beat of 112 to 132 a minute."""
    for seed in range(3):
        low = power("four_on_the_floor", seed)[:, (FREQUENCIES_HZ > 40) & (FREQUENCIES_HZ < 130)].sum(axis=1)
        low = np.diff(np.log(low + 1e-3 * low.max()))
        correlation = np.correlate(low, low, "full")[len(low) - 1 :]
        lags_s = np.arange(len(correlation)) * 512 / 22050
        beats = (lags_s > 0.4) & (lags_s < 0.6)
        beat_s = lags_s[beats][correlation[beats].argmax()]
        assert 60 / 132 - 0.03 < beat_s < 60 / 112 + 0.03


def test_the_styles_can_be_learnt_and_loudness_does_not_tell_them() -> None:
    settings = MelSettings(
        sample_rate=22050, n_fft=N_FFT, hop_length=512, n_mels=40, fmin_hz=20, fmax_hz=None, htk=False, top_db=None
    )

    def features(style: str, seed: int) -> np.ndarray:
        mel = mel_power(render(style, seed=seed, duration_s=6.0).samples, settings=settings)
        db = 10 * np.log10(mel + 1e-8 * mel.max())
        return np.concatenate([db.mean(axis=0) - db.mean(), db.std(axis=0), np.abs(np.diff(db, axis=0)).mean(axis=0)])

    known = np.array([[features(style, seed) for seed in range(8)] for style in NAMES])
    asked = np.array([[features(style, 100 + seed) for seed in range(4)] for style in NAMES])
    scale = known.std(axis=(0, 1))
    distance = ((asked[:, :, None] - known.mean(axis=1)) / scale) ** 2
    accuracy = np.mean(distance.sum(axis=-1).argmin(axis=-1) == np.arange(10)[:, None])
    assert accuracy > 0.8

    level_db = [[np.log10(np.abs(render(s, seed=k, duration_s=1.0).samples).max()) for k in range(8)] for s in NAMES]
    assert np.std(level_db, axis=1).mean() > np.std(np.mean(level_db, axis=1))


def test_a_corpus_is_written_and_read_back(tmp_path: Path) -> None:
    tracks = synthetic.write_corpus(tmp_path / "новая музыка", n_per_style=3, seed=1, duration_s=0.5)
    assert len(tracks) == 30
    assert synthetic.load(tmp_path / "новая музыка") == tracks
    first = tracks[0]
    assert (first.id, first.genre, first.dataset) == ("arpeggio.00000", "arpeggio", "synthetic")
    assert first.path == tmp_path / "новая музыка" / "arpeggio" / "arpeggio.00000.wav"
    assert [t.artist for t in tracks[:3]] == ["arpeggio ensemble 00000"] * 2 + ["arpeggio ensemble 00001"]
    assert len({t.artist for t in tracks}) == 20
    clip = audio.load(first.path)
    assert (clip.sample_rate, len(clip.samples)) == (22050, 11025)
    assert list((tmp_path / "новая музыка").rglob("*.part")) == []


def test_the_same_seed_writes_the_same_bytes_and_a_cut_run_is_finished(tmp_path: Path) -> None:
    def write(name: str, *, n_per_style: int = 1) -> tuple[Track, ...]:
        return synthetic.write_corpus(tmp_path / name, n_per_style=n_per_style, seed=3, duration_s=0.3)

    one, two = write("one"), write("two")
    assert [t.path.read_bytes() for t in one] == [t.path.read_bytes() for t in two]
    whole = two[4].path.read_bytes()
    two[4].path.unlink()
    with pytest.raises(DataError, match=r"lacks 1 of 10 clips.*write_corpus again"):
        synthetic.load(tmp_path / "two")
    write("two")
    assert two[4].path.read_bytes() == whole
    larger = write("larger", n_per_style=2)
    assert larger[0].path.read_bytes() == one[0].path.read_bytes()  # it begins with the smaller one


def test_a_corpus_never_mixes_with_anything_else(tmp_path: Path) -> None:
    synthetic.write_corpus(tmp_path / "a", n_per_style=1, seed=0, duration_s=0.1)
    with pytest.raises(DataError, match="other settings"):
        synthetic.write_corpus(tmp_path / "a", n_per_style=1, seed=1, duration_s=0.1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "my thesis.txt").touch()
    with pytest.raises(DataError, match="not empty"):
        synthetic.write_corpus(tmp_path / "b", n_per_style=1, seed=0, duration_s=0.1)
    with pytest.raises(DataError, match="cannot be written"):
        synthetic.write_corpus(tmp_path / "b" / "my thesis.txt", n_per_style=1, seed=0, duration_s=0.1)
    for n_per_style, seed, duration_s in ((0, 0, 1.0), (100_001, 0, 1.0), (1, -1, 1.0), (1, 0, 0.0)):
        with pytest.raises(DataError, match="at least one clip"):
            synthetic.write_corpus(tmp_path / "c", n_per_style=n_per_style, seed=seed, duration_s=duration_s)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 10_000,
        "[]",
        "{}",
        json.dumps({"schema": 2, "n_per_style": 1}),
        json.dumps({"schema": 1, "n_per_style": 1 << 40}),
        "\xff",
    ],
)
def test_a_damaged_marker_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / synthetic.MARKER).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match="again"):
        synthetic.load(tmp_path)


def test_another_folder_is_not_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected genrelens-synthetic"):
        synthetic.load(tmp_path)


@pytest.mark.parametrize(("n_per_style", "of_a_style"), [(5, None), (10, (6, 2, 2)), (20, (12, 4, 4))])
def test_the_split_by_timbre_parts_ensembles_in_every_style(
    tmp_path: Path, n_per_style: int, of_a_style: tuple[int, int, int] | None
) -> None:
    tracks = synthetic.write_corpus(tmp_path / "s", n_per_style=n_per_style, seed=0, duration_s=0.05)
    split = synthetic.split("by-timbre", tracks=tracks)
    assert split.name == "by-timbre" and not split.leaks
    assert split.overlaps(tracks) == ()
    assert set(split.ids("train+valid+test")) == {track.id for track in tracks}
    for style in NAMES:
        n = tuple(sum(track.genre == style for track in split.part(tracks, part)) for part in split.parts)
        assert sum(n) == n_per_style and min(n) >= 1
        assert of_a_style in (None, n)
    assert synthetic.split("by-timbre", tracks=tracks[::-1]) == split  # the order does not matter


def test_a_corpus_too_small_to_part_says_how_many_pieces_it_takes(tmp_path: Path) -> None:
    tracks = synthetic.write_corpus(tmp_path / "s", n_per_style=4, seed=0, duration_s=0.05)
    with pytest.raises(SplitError, match=r"needs 3 ensembles of each style, got 2; .* at least 5 clips"):
        synthetic.split("by-timbre", tracks=tracks)
    with pytest.raises(SplitError, match="got 0"):
        synthetic.split("by-timbre", tracks=())
    with pytest.raises(SplitError, match="its only split: by-timbre"):
        synthetic.split("fault-filtered", tracks=tracks)
