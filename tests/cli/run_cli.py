"""Running the program in this process, as a user would in a shell."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genrelens.cli import main

RATE = 8000


@dataclass(frozen=True)
class Result:
    """What a run printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]  # splits at odd line ends too


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> Run:
    """``run("predict", path)`` -> Result; ``predict`` gets the tiny model unless a model is named, and stays in this
    process unless told otherwise."""

    def run_main(*args: str | Path) -> Result:
        words = [str(arg) for arg in args]
        if words and words[0] == "predict" and "--model" not in words and "--help" not in words:
            words[1:1] = ["--model", str(tiny_bundle)]  # in front of a "--", after which all are paths
        if words and words[0] == "predict" and "--workers" not in words and "--help" not in words:
            words[1:1] = ["--workers", "0"]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            main(words)
        printed = []
        for stream in (out, err):
            stream.flush()
            printed.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
        assert "Traceback" not in "".join(printed)
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0 if code is None else 1, *printed)

    return run_main


def tone(duration_s: float = 2.0, *, hz: float = 300.0) -> np.ndarray:
    """A tone that the tiny model hears as "hum"."""
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(duration_s * RATE)) / RATE)


def write_tone(path: Path, duration_s: float = 2.0) -> Path:
    """Write a tone to a 16-bit wav file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:  # names that are no UTF-8 are beyond soundfile
        soundfile.write(file, tone(duration_s), RATE, format="WAV", subtype="PCM_16")
    return path
