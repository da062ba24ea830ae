"""A row a file: the one that training knows, of any length, and a reason where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import soundfile

import tiny_training
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.features.musicnn import musicnn_rows
from genrelens.library import rows as module
from genrelens.library.rows import embed

RATE = 16000


def write(path: Path, seconds: float, *, level: float = 0.1, seed: int = 0) -> Track:
    samples = level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    soundfile.write(path, samples, RATE)
    return Track(path.stem, path, "noise", None, "test")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    return tiny_training.write_corpus(tmp_path_factory.mktemp("corpus"))[::6]


def test_the_rows_are_those_of_training_and_are_kept(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    found = embed(corpus, cache=tmp_path, progress=lambda *count: done.append(count))
    assert found.tracks == corpus
    assert found.left_out == ()
    assert done == [(i + 1, len(corpus)) for i in range(len(corpus))]
    np.testing.assert_allclose(found.rows, musicnn_rows(corpus, cache=tmp_path / "mel"), rtol=1e-5, atol=1e-6)
    again = embed(corpus, cache=tmp_path, progress=lambda *count: done.append(count))
    np.testing.assert_array_equal(again.rows, found.rows)
    assert len(done) == len(corpus)  # nothing was heard a second time


def test_a_damaged_cache_file_is_heard_again(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    found = embed(corpus[:2], cache=tmp_path)
    first, second = sorted((tmp_path / "musicnn").iterdir())
    first.write_bytes(first.read_bytes()[:-5])
    second.write_bytes(b"no array")
    np.testing.assert_array_equal(embed(corpus[:2], cache=tmp_path).rows, found.rows)


def test_files_that_give_no_row_say_why(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav", 2.0)
    silent, short = write(tmp_path / "silent.wav", 2.0, level=0.0), write(tmp_path / "short.wav", 0.9)
    (tmp_path / "broken.mp3").write_bytes(b"no sound" * 100)
    broken = Track("broken", tmp_path / "broken.mp3", "noise", None, "test")
    lost = Track("lost", tmp_path / "lost.wav", "noise", None, "test")
    found = embed([silent, good, short, broken, lost], cache=tmp_path / "cache")
    assert found.tracks == (good,)
    assert found.rows.shape == (1, 712)
    why = {track.id: reason for track, reason in found.left_out}
    assert why["silent"] == "silent throughout"
    assert why["short"] == "shorter than 1 s"
    assert "broken.mp3" in why["broken"]
    assert "is not there any more" in why["lost"]
    nothing = embed([silent], cache=tmp_path / "cache")
    assert (nothing.tracks, len(nothing.left_out)) == ((), 1)


def test_long_files_are_looked_at_in_places_evenly_spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half is quiet noise, the second a tone: the mean lies between, and few windows are looked at."""
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(60 * RATE)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(60 * RATE) / RATE)
    rows = {}
    for name, parts in {"noise": [noise], "tone": [tone], "both": [noise, tone]}.items():
        soundfile.write(tmp_path / f"{name}.wav", np.concatenate(parts), RATE)
        track = Track(name, tmp_path / f"{name}.wav", "x", None, "test")
        rows[name] = embed([track], cache=tmp_path / "cache").rows[0]
    apart = rows["tone"] - rows["noise"]
    share = (rows["both"] - rows["noise"]) @ apart / (apart @ apart)
    assert 0.4 < share < 0.6
    sizes: list[int] = []
    stack = np.stack

    def count(arrays: list[np.ndarray]) -> np.ndarray:
        sizes.append(len(arrays))
        return stack(arrays)

    monkeypatch.setattr(module.np, "stack", count)
    track = Track("both", tmp_path / "both.wav", "x", None, "test")
    embed([track], cache=tmp_path / "other")
    n_windows = sum(sizes) - 1  # the last call stacks the one row
    assert module.MAX_WINDOWS // 2 <= n_windows < module.MAX_WINDOWS


def test_a_span_is_heard_as_the_file_that_holds_it_alone(tmp_path: Path) -> None:
    samples = 0.1 * np.random.default_rng(1).standard_normal(12 * RATE)
    samples[: 4 * RATE] = 0.0
    soundfile.write(tmp_path / "all.wav", samples, RATE)
    of_all = Track("piece", tmp_path / "all.wav", "x", None, "test", segment_of="all", span_s=(4.0, 8.0))
    silent = Track("start", tmp_path / "all.wav", "x", None, "test", segment_of="all", span_s=(0.0, 3.9))
    beyond = Track("end", tmp_path / "all.wav", "x", None, "test", segment_of="all", span_s=(20.0, 24.0))
    found = embed([of_all, silent, beyond], cache=tmp_path / "cache")
    assert [track.id for track in found.tracks] == ["piece"]
    assert [why for _, why in found.left_out] == ["silent throughout", "shorter than 1 s"]
    expected = musicnn_rows([of_all], cache=tmp_path / "mel")
    np.testing.assert_allclose(found.rows, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(corpus: tuple[Track, ...], tmp_path: Path) -> None:
    (tmp_path / "broken.mp3").write_bytes(b"no sound" * 100)
    tracks = [*corpus, Track("broken", tmp_path / "broken.mp3", "noise", None, "test")]
    one = embed(tracks, cache=tmp_path / "one")
    two = embed(tracks, cache=tmp_path / "two", n_workers=2)
    assert one.tracks == two.tracks
    assert one.left_out == two.left_out
    np.testing.assert_allclose(one.rows, two.rows, rtol=1e-5, atol=1e-6)


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"the cache folder .* cannot be made"):
        embed([], cache=tmp_path / "file")
