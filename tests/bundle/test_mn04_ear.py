"""mn04 over a piece that arrives bit by bit: the mean of what is kept of the same file, in constant memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_mn04
from genrelens.audio import open_stream
from genrelens.bundle.mn04 import Mn04, Mn04Ear
from genrelens.data import Track
from genrelens.features.mn04 import mn04_windows


@pytest.fixture
def network() -> Mn04:
    return Mn04(tiny_mn04.graph(), where="tiny")


def heard(path: Path, network: Mn04) -> np.ndarray:
    with open_stream(path, sample_rate=None) as stream:
        ear = Mn04Ear(network, sample_rate=stream.sample_rate)
        for block in stream:
            ear.push(block)
        return ear.finish()


@pytest.mark.parametrize("rate", [8000, 22_050, 32_000, 44_100])
@pytest.mark.parametrize("seconds", [0.3, 4.0, 10.0, 26.0])
def test_it_is_the_mean_of_what_is_kept_of_the_file(rate: int, seconds: float, network: Mn04, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    loudness = np.repeat(rng.uniform(0.01, 0.5, 100), round(seconds * rate / 100))
    soundfile.write(tmp_path / "a.wav", rng.normal(0, 0.1, loudness.size) * loudness, rate)
    track = Track("a", tmp_path / "a.wav", "x", None, "toys")
    [kept] = mn04_windows([track], cache=tmp_path / "c", source=tiny_mn04.write(tmp_path / "mn04.onnx"))
    found = heard(track.path, network)
    assert found.shape == (911,)
    np.testing.assert_allclose(found, kept.mean(axis=0, dtype=np.float64), rtol=1e-5, atol=1e-5)


def test_silent_windows_do_not_count_and_all_of_them_are_no_number(network: Mn04, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000)
    soundfile.write(tmp_path / "half.wav", np.concatenate([noise, np.zeros(80_000)]), 8000)
    soundfile.write(tmp_path / "loud.wav", noise, 8000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(80_000), 8000)
    np.testing.assert_allclose(
        heard(tmp_path / "half.wav", network), heard(tmp_path / "loud.wav", network), rtol=0.02, atol=0.01
    )
    assert np.isnan(heard(tmp_path / "silent.wav", network)).all()
    assert np.isnan(Mn04Ear(network, sample_rate=8000).finish()).all()


def test_memory_does_not_grow_with_the_piece(network: Mn04) -> None:
    ear = Mn04Ear(network, sample_rate=32_000)
    for _ in range(40):
        ear.push(np.random.default_rng(0).normal(0, 0.1, 96_000).astype(np.float32))
        assert sum(map(len, ear._cutter._pending)) < 2400
