"""Pictures in the place of sound: their frames, the cache, GTZAN's pictures as tracks, and what is refused."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import drawn_pictures
from genrelens.data import gtzan
from genrelens.data.pictures import is_png, picture_frames, png_fault
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError
from genrelens.features.frame_cache import FrameCache
from genrelens.frontend import image
from genrelens.frontend.frames import compress


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rock00003.png"
    path.write_bytes(drawn_pictures.png(drawn_pictures.picture(seed=3)))
    return path


def track(path: Path) -> Track:
    return Track("rock.00003", path, "rock", None, "gtzan")


def test_a_file_and_its_bytes_give_the_picture_again(file: Path) -> None:
    frames = picture_frames(file, settings=image.SETTINGS)
    np.testing.assert_array_equal(frames, picture_frames(file.read_bytes(), settings=image.SETTINGS))
    db = compress(frames, settings=image.SETTINGS)
    bands, shown = image.cells(len(frames))
    np.testing.assert_allclose((db / 40 + 1)[shown][:, bands].T, drawn_pictures.picture(seed=3), atol=0.1 / 255)


def test_the_cache_serves_pictures_where_they_can_stand_for_sound(file: Path, tmp_path: Path) -> None:
    cache = FrameCache(tmp_path / "cache", image.SETTINGS)
    assert cache.fill([track(file)]) == {}
    frames = cache.frames(track(file))
    np.testing.assert_array_equal(frames, picture_frames(file, settings=image.SETTINGS))
    # Compression comes later: the same frames serve a front end with another floor.
    lower = dataclasses.replace(image.SETTINGS, top_db=80.0)
    assert FrameCache(tmp_path / "cache", lower).path(track(file)) == cache.path(track(file))


@pytest.mark.parametrize("changes", [{"n_mels": 96}, {"hop_length": 256}, {"htk": True}, {"fmin_hz": 20.0}])
def test_other_front_ends_cannot_take_pictures(file: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = dataclasses.replace(image.SETTINGS, **changes)
    errors = FrameCache(tmp_path / "cache", settings).fill([track(file)])
    assert "rock00003.png': it is a picture, and this model hears sound" in errors["rock.00003"]
    assert "cnn-png" in errors["rock.00003"]
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_no_such_picture_is_named(file: Path, tmp_path: Path) -> None:
    cache = FrameCache(tmp_path / "cache", image.SETTINGS)
    whole = file.read_bytes()
    for content, message in (
        (whole[:-30], "the picture is cut off"),
        (whole[:100] + b"\0" + whole[101:], "the picture is damaged"),
        (drawn_pictures.encoded(np.zeros((10, 20, 3), np.uint8)), "20 x 10 pixels, expected 432 x 288"),
        (drawn_pictures.encoded(np.full((288, 432, 3), 128, np.uint8)), "matplotlib's colours magma"),
    ):
        file.write_bytes(content)
        with pytest.raises(AudioError, match=message) as caught:
            cache.frames(track(file))
        assert caught.value.code == "bad_picture"
        assert str(file) in str(caught.value)


def test_a_picture_is_told_by_its_first_bytes(file: Path, tmp_path: Path) -> None:
    assert is_png(file) and is_png(file.read_bytes())
    assert not is_png(b"RIFF") and not is_png(tmp_path / "none.png") and not is_png(tmp_path)
    assert not is_png(Path("x" * 5000)) and not is_png(Path("\0"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert not is_png(tmp_path / "pipe")  # and does not wait for somebody to write
    assert png_fault(file.read_bytes(), size_px=image.SIZE_PX) is None
    assert png_fault(b"") == "the file is empty"


def test_gtzans_pictures_are_tracks_with_artists(tmp_path: Path) -> None:
    drawn_pictures.write_gtzan(tmp_path, genres=("blues", "disco"), n=2)
    tracks = gtzan.picture_tracks(tmp_path)
    assert [each.id for each in tracks] == ["blues.00000", "blues.00001", "disco.00000", "disco.00001"]
    assert {each.path.suffix for each in tracks} == {".png"}
    known = gtzan.facts()
    assert [each.artist for each in tracks] == [known.artists.get(each.id) for each in tracks]
    assert all(each.artist for each in tracks)
    with pytest.raises(DataError, match=r"no pictures of GTZAN in .*images_original"):
        gtzan.picture_tracks(tmp_path / "images_original" / "blues")
