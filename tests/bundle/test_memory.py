"""Memory does not grow with a piece's length: three hours cost what three minutes cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

# On Linux ru_maxrss also remembers the process that started this one, which may hold torch.
SCRIPT = """
import re, resource, sys
import genrelens
prediction = genrelens.load(sys.argv[1]).predict(sys.argv[2])
if sys.platform == "linux":
    peak = 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(prediction.duration_s, len(prediction.window_times_s), peak)
"""


def predicted(bundle: Path, path: Path) -> tuple[float, int, float]:
    """Duration in s, number of windows and peak memory in MB of a fresh process."""
    command = [sys.executable, "-c", SCRIPT, str(bundle), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    duration_s, n_windows, peak_bytes = done.stdout.split()
    return float(duration_s), int(n_windows), float(peak_bytes) / 1e6


def write_noise(path: Path, *, minutes: int, sample_rate: int) -> Path:
    minute = (0.1 * np.random.default_rng(0).standard_normal((60 * sample_rate, 2))).astype(np.float32)
    with soundfile.SoundFile(path, "w", sample_rate, channels=2, subtype="PCM_16") as file:
        for _ in range(minutes):
            file.write(minute)
    return path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read the POSIX way")
def test_three_hours_cost_no_more_memory_than_three_minutes(tmp_path: Path, tiny_bundle: Path) -> None:
    """Stereo at 16 kHz, resampled to the model's 8 kHz: every stage of the chain takes part."""
    short = write_noise(tmp_path / "short.wav", minutes=3, sample_rate=16_000)
    long = write_noise(tmp_path / "long.wav", minutes=180, sample_rate=16_000)
    _, _, short_mb = predicted(tiny_bundle, short)
    duration_s, n_windows, long_mb = predicted(tiny_bundle, long)
    assert duration_s == 10_800.0
    assert n_windows > 20_000
    assert long_mb < 400
    assert long_mb < short_mb + 40
