"""Pixels of PNG pictures: what matplotlib wrote comes back, and what is no picture says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrelens.data.png import read_png
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
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    palette = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
    index = np.random.default_rng(2).integers(0, 256, (7, 19), dtype=np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in index)
    (tmp_path / "p.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 19, 7, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette.tobytes())
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
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
