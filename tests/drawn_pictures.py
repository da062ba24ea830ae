"""Pictures as Kaggle published them of GTZAN, made of noise: files that ``images_original`` could hold."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.frontend import image
from genrelens.frontend.image import MAGMA


def picture(*, seed: int, low: float = 0.5, high: float = 0.5) -> NDArray[np.float32]:
    """(216, 334) in [0, 1], rows of one band alike; ``low``, ``high``: how bright the lower and upper half are."""
    rng = np.random.default_rng(seed)
    bands, _ = image.cells(image.N_FRAMES)
    bright = np.where(np.arange(128) < 64, low, high)[:, None] * rng.uniform(0.5, 1.5, (128, image.WIDTH))
    levels = np.clip(np.round(255 * bright), 0, 250)[bands]
    return (levels / 255).astype(np.float32)


def png(drawn: NDArray[np.float32]) -> bytes:
    """A PNG of 432 x 288 pixels with the picture inside black axes on white."""
    page = np.full((288, 432, 3), 255, np.uint8)
    page[35:253, 54:390] = 0
    page[36:252, 55:389] = MAGMA[np.round(255 * drawn).astype(int)]
    return encoded(page)


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Red, green and blue (h, w, 3) as a PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def write_gtzan(root: Path, *, genres: tuple[str, ...], n: int) -> Path:
    """``images_original`` below ``root``: of each genre ``n`` pictures, each genre at home at another brightness."""
    for g, genre in enumerate(genres):
        folder = root / "images_original" / genre
        folder.mkdir(parents=True)
        for i in range(n):
            low = 0.2 + 0.6 * g / max(1, len(genres) - 1)
            drawn = picture(seed=100 * g + i, low=low, high=1 - low)
            (folder / f"{genre}{i:05d}.png").write_bytes(png(drawn))
    return root
