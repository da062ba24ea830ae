"""ONNX Runtime works for genrelens alone: it reports to nobody, keeps nothing, and knows how many cores it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genrelens.bundle import Bundle, sessions

SCRIPT = """
import sys
import genrelens
print(genrelens.load(sys.argv[1]).predict([0.1, -0.1] * 8000, sample_rate=8000).genre)
"""
# Any of these alone keeps ONNX Runtime quiet, and what a test machine sets no user has set.
QUIETENERS = ("ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "GITHUB_ACTIONS", "TF_BUILD")


@pytest.mark.skipif(sys.platform == "win32", reason="a home folder is not found by HOME there")
def test_a_prediction_leaves_nothing_in_the_home_folder_and_says_nothing(tmp_path: Path, tiny_bundle: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in QUIETENERS}
    environment = {**kept, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", SCRIPT, str(tiny_bundle)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert done.stdout.strip() == "hiss"
    assert done.stderr == ""
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("model", ["base", "lite"])
def test_the_answer_does_not_depend_on_the_number_of_cores(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on how many processes share them: from three threads on one window alone was rounded differently."""
    samples = np.random.default_rng(0).normal(scale=0.1, size=2 * 16_000)
    found = []
    for n in (1, 2, 3, 8):
        monkeypatch.setattr(sessions, "n_cores", lambda n=n: n)
        found.append(Bundle.load(model).predict(samples, sample_rate=16_000).embedding)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
