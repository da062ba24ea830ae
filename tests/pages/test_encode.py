"""A PNG that another decoder reads back pixel for pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrelens.data.pictures import png_fault, read_png
from genrelens.pages.encode import encode_png


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, seed: int
) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file = tmp_path_factory.mktemp("png") / "a.png"
    file.write_bytes(encode_png(rgb))
    assert png_fault(file, size_px=(width, height)) is None
    np.testing.assert_array_equal(read_png(file, size_px=(width, height)), rgb)


def test_other_arrays_are_refused(tmp_path: Path) -> None:
    for bad in (np.zeros((3, 4), np.uint8), np.zeros((3, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="height, width, 3"):
            encode_png(bad)
