"""Sounds with known faults, made on the spot: what the tests of the audit listen to."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile
from numpy.typing import NDArray

from genrelens.data import synthetic

RATE = 22_050
Samples = NDArray[np.float32]


@functools.cache
def piece(seed: int, *, style: str = "fingerpicking", duration_s: float = 12.0) -> Samples:
    """A synthetic piece at 22,050 Hz, not to be written to."""
    samples = synthetic.render(style, seed=seed, duration_s=duration_s).samples
    samples.flags.writeable = False
    return samples


def noise(seed: int, *, duration_s: float = 8.0, rate: int = RATE, level: float = 0.1) -> Samples:
    """White noise of a given standard deviation."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(duration_s * rate))).astype(np.float32)


def write(path: Path, samples: NDArray[np.floating], *, rate: int = RATE) -> Path:
    """Write (n,) or (n, channels) samples to 16 bits (or Vorbis), by the path's ending; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ogg":
        soundfile.write(path, samples, rate)
    else:  # libsndfile scales floats for wav and for flac by different numbers
        whole = np.clip(np.round(np.asarray(samples) * 32768), -32768, 32767).astype(np.int16)
        soundfile.write(path, whole, rate, subtype="PCM_16")
    return path


@functools.cache
def copies() -> ModuleType:
    """``research/audit_copies.py``, which makes the copies of the documented measurement."""
    place = Path(__file__).resolve().parents[2] / "research" / "audit_copies.py"
    spec = importlib.util.spec_from_file_location("audit_copies", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
