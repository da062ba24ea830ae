"""A report as JSON, read back, and as text."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from genrelens.errors import DataError
from genrelens.evaluation import Failure, Report, Subject, TrackRow, build_report

NAMES = ("blues", "disco", "jazz")


@pytest.fixture(scope="module")
def report() -> Report:
    rows = [
        TrackRow(
            f"blues.{i:05d}", f"artist {i // 2}", "blues", guess, shares, i == 3, "too_short" if i == 3 else None, None
        )
        for i, (guess, shares) in enumerate(
            [("blues", (0.8, 0.1, 0.1)), ("jazz", (0.2, 0.2, 0.6)), ("blues", (0.5, 0.1, 0.4))] * 7
        )
    ]
    rows.append(TrackRow("jazz.00001", None, "jazz", "jazz", (0.0, 0.1, 0.9), False, None, None))
    trouble = Failure("not_audio", "jazz.00054.wav: expected sound,\ngot text " + "and more " * 20)
    rows.append(TrackRow("jazz.00054", "Ella\udcff", "jazz", None, None, False, None, trouble))
    rows.append(TrackRow("jazz.00055", "Éla", "jazz", None, None, True, "silence", None))
    return build_report(
        rows,
        Subject(
            names=NAMES,
            model="mel-transformer",
            model_hash="3f2a9c1d0b7e",
            dataset="gtzan",
            split="s4",
            part="valid",
            leaks=("artists",),
            experimental=("disco",),
            seen=True,
            notes=("a remark",),
        ),
        n_resamples=100,
    )


def test_json_has_a_schema_and_no_nan(report: Report) -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} in JSON")

    document = json.loads(report.to_json(), parse_constant=refuse)
    assert document["schema"] == "genrelens.report/1"
    assert document["genres"][1]["f1"]["value"] is None
    assert document["genres"][1]["experimental"] is True
    assert document["tracks"][-2]["failure"]["code"] == "not_audio"
    assert document["all_genres"]["accuracy"].keys() == {"value", "low", "high", "level"}
    assert report.to_json().isascii()  # a Windows console and a name that is not Unicode break nothing


def test_json_reads_back_equal(report: Report, tmp_path: Path) -> None:
    again = Report.from_json(report.to_json())
    assert again.to_json() == report.to_json()
    assert again.tracks == report.tracks and again.confusion == report.confusion
    assert math.isnan(again.genres[1].f1.value)
    path = tmp_path / "report.json"
    path.write_text(report.to_json(), encoding="utf-8")
    assert Report.read(path).to_text() == report.to_text()


def test_a_large_report_stays_readable_by_line(report: Report) -> None:
    lines = report.to_json().splitlines()
    assert sum('"id": "blues.' in line for line in lines) == 21
    assert max(line.count('"id"') for line in lines) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "genrelens.report/2"}, "newer genrelens"),
        ({"schema": "other/1"}, "not a genrelens report"),
        ({"n_tracks": "many"}, r"report\.n_tracks should be of type int, got 'many'"),
        ({"n_tracks": True}, "n_tracks should be of type int"),
        ({"all_genres": 3}, r"all_genres should be a table, got 3"),
        ({"confusion": [[1, 2], 3]}, r"confusion\[1\] should be a list"),
        ({"coverage": 10**400}, r"coverage should be a finite number, got 1000"),
        ({"surprise": 1}, "missing or unknown: surprise"),
    ],
)
def test_damaged_reports_are_refused(report: Report, change: dict[str, object], message: str) -> None:
    document = json.loads(report.to_json()) | change
    with pytest.raises(DataError, match=message):
        Report.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[1]", "{", "null", "[" * 100_000])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"^the report is not"):
        Report.from_json(text)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        Report.read(tmp_path / "nothing.json")


def test_text_says_what_was_measured(report: Report) -> None:
    text = report.to_text()
    assert text.startswith("mel-transformer (3f2a9c1d0b7e) on gtzan, split s4, part valid\n")
    assert "24 tracks of 14 artists: 22 answered, 2 without an answer" in text
    assert "THE MODEL WAS TRAINED ON SOME OF THESE TRACKS" in text
    assert "THE SPLIT LEAKS artists" in text
    assert "2 full genres" in text and "disco *" in text and "not measurable yet" in text
    assert "- jazz.00055: no guess: silence" in text
    assert "- jazz.00054: not_audio: jazz.00054.wav: expected sound, got text" in text
    assert "- a remark" in text
    assert "nan" not in text.casefold()
    assert max(map(len, text.splitlines())) <= 110


def test_text_columns_are_aligned(report: Report) -> None:
    lines = report.to_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("genre "))
    ends = {len(line) for line in lines[start : start + 4]}
    assert len(ends) == 1


def test_text_of_a_clean_report_has_no_warnings(report: Report) -> None:
    text = replace(report, seen=False, leaks=(), notes=(), n_failed=0).to_text()
    assert "THE " not in text and "Notes" not in text and "Without" not in text
