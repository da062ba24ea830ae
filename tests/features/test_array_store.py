"""What is kept of sound files: whose it is, that it is whole, and that nothing is computed twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

import tiny_encoder
import tiny_mn04
import tiny_vggish
from genrelens.bundle.windows import WindowSettings
from genrelens.data import Track
from genrelens.errors import DataError, TrainingError
from genrelens.features.embedding import EMBEDDINGS, Embedding, embed, heard, mean_rows
from genrelens.features.store import ArrayStore
from genrelens.frontend.wave import WaveSettings

RATE = 16_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"anything")
    return path


def kept(store: ArrayStore, path: Path) -> np.ndarray | None:
    entry = store.read(path, shape=(3,), dtype=np.float32)
    return None if entry is None else entry.array


def test_blocks_come_back_as_one_mapped_array_with_their_notes(source: Path, tmp_path: Path) -> None:
    store = ArrayStore(tmp_path / "cache")
    path = store.path(source, made_by={"what": "test"})
    blocks = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((1, 3), np.float32)]
    store.write(path, iter(blocks), shape=(3,), dtype=np.float32, notes=("odd ü",))
    entry = store.read(path, shape=(3,), dtype=np.float32)
    assert entry is not None and entry.notes == ("odd ü",)
    assert isinstance(entry.array, np.memmap) and not entry.array.flags.writeable
    np.testing.assert_array_equal(entry.array, np.concatenate(blocks))
    assert store.read(path, shape=(2,), dtype=np.float32) is None
    assert store.read(path, shape=(3,), dtype=np.float64) is None
    assert store.read(path, shape=None, dtype=np.float32) is not None


def test_one_wrong_byte_is_noticed(source: Path, tmp_path: Path) -> None:
    store = ArrayStore(tmp_path / "cache")
    path = store.path(source, made_by={})
    store.write(path, [np.ones((100, 3), np.float32)], shape=(3,), dtype=np.float32)
    content = path.read_bytes()
    for at in (len(content) // 2, content.index(b"crc32") + 9, content.index(b"(100")):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        os.utime(path, ns=(at, at))
        assert kept(store, path) is None, at
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    assert kept(store, path) is not None


def test_a_name_is_of_the_file_the_part_of_it_and_what_computed_it(source: Path, tmp_path: Path) -> None:
    store = ArrayStore(tmp_path / "cache")
    names = [store.path(source, made_by={"a": 1})]
    assert store.path(source, made_by={"a": 1}) == names[0]
    names += [store.path(source, made_by={"a": 2}), store.path(source, made_by={"a": 1}, span_s=(0.0, 1.0))]
    os.utime(source, ns=(1, 1))
    names.append(store.path(source, made_by={"a": 1}))
    assert len(set(names)) == len(names)


def test_a_disk_that_takes_nothing_is_said_and_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArrayStore(tmp_path / "cache")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        store.write(store.path(source, made_by={}), [np.ones((1, 3))], shape=(3,), dtype=np.float32)
    assert list((tmp_path / "cache").iterdir()) == []


# Embeddings: a module, a line in the table, and a row here


def toy_module() -> ModuleType:
    """A network as another module would describe it: the mean and the peak of windows of a second."""
    module = ModuleType("genrelens.features.toy")

    def embedding(source: None = None) -> Embedding:
        return Embedding(
            front_end=WaveSettings(sample_rate=RATE),
            windows=WindowSettings(RATE, RATE),
            shape=(2,),
            made_by={"toy": 1},
            network=lambda: lambda x: np.stack([x.mean(axis=(1, 2)), x.max(axis=(1, 2))], axis=1),
        )

    module.embedding = embedding  # type: ignore[attr-defined]
    return module


Sources = dict[str, tuple[Callable[[Path], Any], tuple[int, ...]]]
CONTRACT: Sources = {
    "musicnn": (lambda folder: None, (712,)),
    "vggish": (lambda folder: random_vggish(folder), (31, 128)),
    "encoder": (lambda folder: str(tiny_encoder.write(folder / "encoder")), (tiny_encoder.WIDTH,)),
    "mn04": (lambda folder: tiny_mn04.write(folder / "mn04.onnx"), (911,)),
    "toy": (lambda folder: None, (2,)),
}
"""Name -> what gives its weights, and the shape of a window's numbers."""


def random_vggish(folder: Path) -> Any:
    from genrelens.models import vggish
    from genrelens.models.vggish_weights import read_weights

    return read_weights(tiny_vggish.write_random(folder / "w.safetensors"), shapes=vggish.shapes())


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMBEDDINGS, "toy", "genrelens.features.toy")  # type: ignore[arg-type]
    monkeypatch.setitem(__import__("sys").modules, "genrelens.features.toy", toy_module())


def test_every_embedding_has_a_row(toy: None) -> None:
    assert CONTRACT.keys() == EMBEDDINGS.keys()


@pytest.mark.parametrize("name", CONTRACT)
def test_an_embedding_is_computed_once_and_silence_is_no_number(
    name: str, toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_vggish.shrink(monkeypatch)
    make, shape = CONTRACT[name]
    weights = make(tmp_path)
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE)
    soundfile.write(tmp_path / "loud.wav", noise, RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(2 * RATE), RATE)
    tracks = [Track(id_, tmp_path / f"{id_}.wav", "x", None, "toys") for id_ in ("loud", "silent")]
    seen: list[tuple[int, int]] = []
    first = embed(name, tracks, source=weights, cache=tmp_path / "c", progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    assert first[0].shape[1:] == shape and first[0].dtype == np.float32
    assert len(heard(first[0])) == len(first[0]) >= 1
    assert np.isnan(first[1]).all() and len(heard(first[1])) == 0
    with pytest.raises(TrainingError, match="1 of 2 tracks cannot be used, the first is silent: silent"):
        mean_rows(tracks, first)
    np.testing.assert_array_equal(mean_rows(tracks[:1], first[:1])[0], first[0].mean(0, dtype=np.float64))

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("heard again")

    monkeypatch.setattr("genrelens.features.frame_cache.open_stream", never)
    monkeypatch.setattr("genrelens.features.embedding._computed", never)
    again = embed(name, tracks, source=weights, cache=tmp_path / "c")
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list((tmp_path / "c").rglob("*.npz"))


def test_numbers_that_are_none_are_not_kept(toy: None, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(RATE, 0.1) * np.sin(np.arange(RATE)), RATE)
    track = Track("a", tmp_path / "a.wav", "x", None, "toys")
    wrong = Embedding(
        WaveSettings(sample_rate=RATE),
        WindowSettings(RATE, RATE),
        (1,),
        {"wrong": 1},
        network=lambda: lambda x: np.full((len(x), 1), np.inf, np.float32),
    )
    for _ in range(2):
        with pytest.raises(TrainingError, match="not finite"):
            embed(wrong, [track], cache=tmp_path / "c")


@pytest.mark.parametrize(("seconds", "n_windows"), [(3.0, 1), (14.9, 1), (15.1, 2), (30.02, 3), (36.0, 4)])
def test_mn04_hears_ten_seconds_side_by_side_and_a_tail_of_five(seconds: float, n_windows: int, tmp_path: Path) -> None:
    from genrelens.features.mn04 import mn04_windows

    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * 8000))
    soundfile.write(tmp_path / "a.wav", noise, 8000)
    graph = tiny_mn04.write(tmp_path / "mn04.onnx")
    track = Track("a", tmp_path / "a.wav", "x", None, "toys")
    [windows] = mn04_windows([track], cache=tmp_path / "c", source=graph)
    assert windows.shape == (n_windows, 911)
