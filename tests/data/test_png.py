"""Pixels of PNG pictures: what matplotlib wrote comes back, and what is no picture says so."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from genrelens.data.pictures import png_fault, read_png
from genrelens.errors import DataError

SIZE_PX = (19, 7)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 19, 4), dtype=np.uint8)


@pytest.mark.parametrize("n_channels", [3, 4])
def test_pixels_come_back(tmp_path: Path, pixels: np.ndarray, n_channels: int) -> None:
    pyplot = pytest.importorskip("matplotlib.image")
    pixels[..., 3] = 255
    pyplot.imsave(tmp_path / "p.png", pixels[..., :n_channels])
    np.testing.assert_array_equal(read_png(tmp_path / "p.png", size_px=SIZE_PX), pixels[..., :3])


def test_a_picture_with_a_palette_comes_back(tmp_path: Path) -> None:
    palette = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
    index = np.random.default_rng(2).integers(0, 256, (7, 19), dtype=np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in index)
    (tmp_path / "p.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 19, 7, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette.tobytes())
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )
    np.testing.assert_array_equal(read_png(tmp_path / "p.png", size_px=SIZE_PX), palette[index])


def test_what_is_no_picture_says_so(tmp_path: Path, pixels: np.ndarray) -> None:
    pyplot = pytest.importorskip("matplotlib.image")
    path = tmp_path / "p.png"
    pyplot.imsave(path, pixels)
    with pytest.raises(DataError, match="19 x 7 pixels, expected 20 x 7"):
        read_png(path, size_px=(20, 7))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(DataError, match="cut off"):
        read_png(path, size_px=SIZE_PX)
    path.write_bytes(b"RIFF")
    with pytest.raises(DataError, match="not a PNG"):
        read_png(path, size_px=SIZE_PX)
    with pytest.raises(DataError, match="cannot be opened"):
        read_png(tmp_path / "none.png", size_px=SIZE_PX)


# Pictures from strangers


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _picture(*more: bytes, idat: bytes | None = None, width: int = 19, height: int = 7) -> bytes:
    """Black, 19 x 7 pixels, with more chunks in front of the pixels."""
    rows = zlib.compress(bytes(7 * (1 + 3 * 19))) if idat is None else idat
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


@cache
def _bomb(n_bytes: int) -> bytes:
    """What zlib unpacks to so many bytes, a thousandth as long."""
    packer = zlib.compressobj(9)
    zeros = bytes(2**20)
    return b"".join(packer.compress(zeros) for _ in range(n_bytes // 2**20)) + packer.flush()


@pytest.fixture
def peak_mb() -> Iterator[Callable[[], float]]:
    """How much memory this process has had at most since the test began, more than before it."""
    resource = pytest.importorskip("resource")

    def now() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    before = now()
    yield lambda: now() - before


@pytest.mark.parametrize(
    "place",
    ["http:/a.png", "Song: A.png", "data:image/png;base64,AAAA.png", "concat:a.png|b.png", "%03d.png", "-i.png"],
)
def test_a_path_is_never_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_picture())
    assert not read_png(path, size_px=SIZE_PX).any()


@pytest.mark.parametrize(
    "text",
    [
        lambda: _chunk(b"zTXt", b"Title\0\0" + _bomb(2**28)),
        lambda: _chunk(b"iTXt", b"Title\0\1\0\0\0" + _bomb(2**28)),
        lambda: _chunk(b"iCCP", b"sRGB\0\0" + _bomb(2**28)),
    ],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_texts_are_never_unpacked(text: Callable[[], bytes], peak_mb: Callable[[], float]) -> None:
    assert not read_png(_picture(text()), size_px=SIZE_PX).any()
    assert peak_mb() < 100


def test_pixels_that_unpack_to_more_than_the_picture_are_refused(peak_mb: Callable[[], float]) -> None:
    for idat in (_bomb(2**28), zlib.compress(bytes(10**5))):
        with pytest.raises(DataError, match="more than its pixels"):
            read_png(_picture(idat=idat), size_px=SIZE_PX)
    assert peak_mb() < 100


def test_sizes_that_only_the_header_has_cost_nothing(peak_mb: Callable[[], float]) -> None:
    for width, height in ((2**31 - 1, 2**31 - 1), (19, 2**31 - 1), (0, 0)):
        with pytest.raises(DataError, match="pixels, expected 19 x 7"):
            read_png(_picture(width=width, height=height), size_px=SIZE_PX)
    second = _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    with pytest.raises(DataError, match="pixels, expected 19 x 7"):
        read_png(_picture(second), size_px=SIZE_PX)
    without = b"\x89PNG\r\n\x1a\n" + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    with pytest.raises(DataError, match="picture"):
        read_png(without, size_px=SIZE_PX)
    assert peak_mb() < 100


def test_a_file_of_gigabytes_is_refused_by_its_size(tmp_path: Path, peak_mb: Callable[[], float]) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(_picture()[:-12] + struct.pack(">I", 2**31 - 1) + b"tEXt")
    os.truncate(path, 6 * 2**30)  # as large as it looks, and takes no room on the disk
    assert "6,442,450,944 bytes" in str(png_fault(path))
    with pytest.raises(DataError, match="6,442,450,944 bytes, a picture has at most"):
        read_png(path, size_px=SIZE_PX)
    assert peak_mb() < 100


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.png")
    assert png_fault(tmp_path / "p.png") == "it is no file, but a folder, a device or a pipe"
