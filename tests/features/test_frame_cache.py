import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genrelens import audio
from genrelens.data import Track, gtzan, synthetic
from genrelens.errors import AudioError, DataError
from genrelens.features import frame_cache as cache
from genrelens.features.frame_cache import FrameCache
from genrelens.frontend.mel import MelSettings, MelStream, mel_power
from genrelens.frontend.wave import WaveSettings

SETTINGS = MelSettings(
    sample_rate=22050, n_fft=1024, hop_length=512, n_mels=40, fmin_hz=0.0, fmax_hz=None, htk=False, top_db=80.0
)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return synthetic.write_corpus(tmp_path_factory.mktemp("music"), n_per_style=1, seed=5, duration_s=1.5)


@pytest.fixture
def broken(tmp_path: Path) -> Track:
    path = tmp_path / "jazz.00054.wav"
    path.write_bytes(b"RIFF no, this is not sound" * 20)
    return Track("jazz.00054", path, "jazz", None, "test")


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("the sound was read although its frames are there")


def test_frames_are_the_front_ends_mapped_and_read_only(tracks: tuple[Track, ...], tmp_path: Path) -> None:
    frames = FrameCache(tmp_path / "cache", SETTINGS).frames(tracks[0])
    samples = audio.load(tracks[0].path, sample_rate=22050).samples
    np.testing.assert_array_equal(frames, mel_power(samples, settings=SETTINGS))
    assert frames.shape == (SETTINGS.n_frames(len(samples)), 40)
    assert frames.dtype == np.float32
    assert isinstance(frames, np.memmap)
    assert not frames.flags.writeable


def test_the_second_time_nothing_is_computed(
    tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = np.array(FrameCache(tmp_path, SETTINGS).frames(tracks[0]))
    monkeypatch.setattr(cache, "open_stream", never)
    again = FrameCache(tmp_path, SETTINGS)
    np.testing.assert_array_equal(again.frames(tracks[0]), first)
    assert again.fill(tracks[:1]) == {}


def test_the_name_depends_on_settings_and_file_but_not_on_the_floor(tracks: tuple[Track, ...], tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(tracks[0].path.read_bytes())
    track = Track("copy", copy, "pop", None, "test")
    values = SETTINGS.to_dict()

    def name(**changed: Any) -> str:
        return FrameCache(tmp_path / "c", MelSettings(**{**values, **changed})).path(track).name

    names = [name(), name(n_mels=32), name(hop_length=256), name(htk=True), name(fmax_hz=8000.0)]
    assert name(top_db=None) == name(top_db=None, log_factor=1e4) == names[0]
    names.append(name(top_db=None, log_factor=1e4, level=0.2))
    assert name(top_db=None, log_factor=1e4, level=0.1) == names[-1]
    os.utime(copy, ns=(1, 1))
    names.append(name())
    copy.write_bytes(copy.read_bytes()[:-2])
    os.utime(copy, ns=(1, 1))
    names.append(name())
    names.append(FrameCache(tmp_path / "c", SETTINGS).path(tracks[0]).name)
    assert len(set(names)) == len(names)


def test_a_constant_is_kept_for_front_ends_that_hear_it_alone(tmp_path: Path) -> None:
    sound = tmp_path / "constant.wav"
    noise = np.random.default_rng(0).normal(0.2, 0.05, 22_050)
    soundfile.write(sound, noise, 22_050, subtype="FLOAT")
    track = Track("constant", sound, "pop", None, "test")
    as_it_is = dataclasses.replace(SETTINGS, top_db=None, log_factor=1e4)
    kept = [
        FrameCache(tmp_path / "c", settings).frames(track)
        for settings in (as_it_is, dataclasses.replace(as_it_is, level=0.2))
    ]
    assert kept[0][5, 0] > 10 * kept[1][5, 0]


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def damage_header(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY\x01\x00\x76\x00{{{" + path.read_bytes()[13:])


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0" * 4)


def damage_other(path: Path) -> None:
    np.save(path, np.zeros((3, 7), dtype=np.float64))


def damage_pickle(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    "damage", [damage_cut, damage_header, damage_empty, damage_longer, damage_other, damage_pickle]
)
def test_a_damaged_cache_file_is_computed_again(tracks: tuple[Track, ...], tmp_path: Path, damage: Any) -> None:
    mel_cache = FrameCache(tmp_path, SETTINGS)
    whole = np.array(mel_cache.frames(tracks[1]))
    damage(mel_cache.path(tracks[1]))
    np.testing.assert_array_equal(mel_cache.frames(tracks[1]), whole)


def test_a_run_that_dies_leaves_nothing_behind(
    tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: MelStream) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(MelStream, "finish", dies)
    with pytest.raises(KeyboardInterrupt):
        FrameCache(tmp_path, SETTINGS).frames(tracks[0])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_data_error(
    tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        FrameCache(tmp_path, SETTINGS).fill(tracks)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be made"):
        FrameCache(tmp_path / "file", SETTINGS)


def test_unreadable_and_missing_sound_raise(tmp_path: Path, broken: Track) -> None:
    mel_cache = FrameCache(tmp_path / "cache", SETTINGS)
    with pytest.raises(AudioError):
        mel_cache.frames(broken)
    gone = Track("gone", tmp_path / "gone.wav", "pop", None, "test")
    with pytest.raises(AudioError) as caught:
        mel_cache.frames(gone)
    assert caught.value.code == "missing"
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("n_workers", [1, 2])
def test_fill_computes_all_reports_the_bad_and_goes_on(
    tracks: tuple[Track, ...], tmp_path: Path, broken: Track, n_workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Track("gone", tmp_path / "gone.wav", "pop", None, "test")
    mel_cache = FrameCache(tmp_path / "cache", SETTINGS)
    seen: list[tuple[int, int]] = []
    everything = (broken, *tracks[:5], gone)
    errors = mel_cache.fill(everything, n_workers=n_workers, progress=lambda n, of: seen.append((n, of)))
    assert errors.keys() == {"jazz.00054", "gone"}
    assert all(str(tmp_path) in message for message in errors.values())
    assert seen == [(n, 7) for n in range(1, 8)]
    monkeypatch.setattr(cache, "open_stream", never)
    for track in tracks[:5]:
        mel_cache.frames(track)


class Deadly(FrameCache):
    """A cache whose reader brings its process down on one track, as a fault in a decoder would."""

    def frames(self, track: Track) -> cache.Frames:
        if track.id.startswith("drone"):
            os._exit(3)
        return super().frames(track)


@pytest.mark.slow
def test_a_track_that_kills_its_process_costs_only_itself(
    tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mel_cache = Deadly(tmp_path, SETTINGS)
    errors = mel_cache.fill(tracks[:5], n_workers=2)
    assert errors.keys() == {"drone.00000"}
    assert "brought down" in errors["drone.00000"]
    monkeypatch.setattr(cache, "open_stream", never)
    assert FrameCache(tmp_path, SETTINGS).fill([t for t in tracks[:5] if t.genre != "drone"]) == {}


def test_frames_of_many_tracks_keep_no_file_open(tracks: tuple[Track, ...], tmp_path: Path) -> None:
    mel_cache = FrameCache(tmp_path, SETTINGS)
    every = cache.CachedFrames(mel_cache, tracks)
    assert len(every) == len(tracks)
    for i, track in enumerate(tracks):
        np.testing.assert_array_equal(every[i], mel_cache.frames(track))
    np.testing.assert_array_equal(every[2:][0], every[2])
    with pytest.raises(IndexError):
        every[len(tracks)]
    descriptors = Path("/proc/self/fd")
    if descriptors.is_dir():
        before = len(list(descriptors.iterdir()))
        lengths = [len(every[i]) for _ in range(5) for i in range(len(every))]
        assert min(lengths) > 0
        assert len(list(descriptors.iterdir())) <= before


@pytest.mark.real_data
def test_real_clips_give_their_frames(real_data: Path, tmp_path: Path) -> None:
    tracks = gtzan.load(real_data).tracks[:2]
    mel_cache = FrameCache(tmp_path, SETTINGS)
    assert mel_cache.fill(tracks) == {}
    for track in tracks:
        assert 1280 < len(mel_cache.frames(track)) < 1330


def test_a_track_with_a_span_has_the_frames_centred_in_it(tracks: tuple[Track, ...], tmp_path: Path) -> None:
    cache = FrameCache(tmp_path, SETTINGS)
    whole = cache.frames(tracks[0])
    path = tracks[0].path
    starts = [int(np.ceil(round(i * 0.5 * 22050 / 512, 6))) for i in range(4)]
    for i in range(3):
        piece = Track(f"p.{i}", path, "pop", None, "test", segment_of="p", span_s=(i * 0.5, i * 0.5 + 0.5))
        np.testing.assert_array_equal(cache.frames(piece), whole[starts[i] : starts[i + 1]])
    assert len(list(tmp_path.iterdir())) == 1


def test_frames_of_another_kind_of_front_end_have_a_file_of_their_own(
    tracks: tuple[Track, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kinds may have the same settings and mean other numbers by them."""
    cache = FrameCache(tmp_path, WaveSettings(sample_rate=8000))
    before = cache.path(tracks[0])
    monkeypatch.setattr("genrelens.features.frame_cache.kind_of", lambda settings: "another")
    assert cache.path(tracks[0]) != before
