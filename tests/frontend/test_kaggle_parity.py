"""Kaggle's own numbers, of the clips whose original samples are here."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from genrelens.audio import load
from genrelens.frontend.descriptors import SETS, spans

KAGGLE = SETS["kaggle57"]
WORST = 1e-5
"""Of a column's standard deviation. Measured: 1.4e-6 on whole clips, 3.0e-6 on segments."""

Row = tuple[int, npt.NDArray[np.float64]]


def read(path: Path) -> tuple[dict[str, Row], npt.NDArray[np.float64]]:
    """Rows by file name, and each column's standard deviation."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == ("filename", "length", *KAGGLE.columns, "label")
    by_name = {row[0]: (int(row[1]), np.array(row[2:-1], dtype=np.float64)) for row in rows}
    return by_name, np.std([values for _, values in by_name.values()], axis=0)


def check(samples: npt.NDArray[np.float32], expected: Row, *, spread: npt.NDArray[np.float64]) -> None:
    length, values = expected
    ours = KAGGLE.compute(samples, sample_rate=22_050)
    assert len(samples) == length
    assert ours[KAGGLE.columns.index("tempo")] == values[KAGGLE.columns.index("tempo")]
    worst = np.argmax(np.abs(ours - values) / spread)
    assert np.abs(ours - values)[worst] <= WORST * spread[worst], KAGGLE.columns[worst]


@pytest.mark.real_data
def test_whole_clips_have_kaggles_numbers(real_data: Path) -> None:
    table, spread = read(real_data / "gtzan" / "features_30_sec.csv")
    clips = [path for path in sorted(real_data.glob("gtzan_lossless/*/*.flac")) if f"{path.stem}.wav" in table]
    assert len(clips) >= 20
    for path in clips:
        check(load(path, sample_rate=22_050).samples, table[f"{path.stem}.wav"], spread=spread)


@pytest.mark.real_data
def test_segments_have_kaggles_numbers_and_there_are_as_many(real_data: Path) -> None:
    table, spread = read(real_data / "gtzan" / "features_3_sec_part.csv")
    n_checked = 0
    for path in sorted(real_data.glob("gtzan_lossless/*/*.flac")):
        theirs = {name for name in table if name.startswith(f"{path.stem}.")}
        if not theirs:
            continue
        samples = load(path, sample_rate=22_050).samples
        found = spans(len(samples), sample_rate=22_050, segment_s=3.0)
        assert theirs == {f"{path.stem}.{i}.wav" for i in range(len(found))}
        for i, (start, end) in enumerate(found):
            check(samples[start:end], table[f"{path.stem}.{i}.wav"], spread=spread)
            n_checked += 1
    assert n_checked >= 50
