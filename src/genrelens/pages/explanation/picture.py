"""The mel spectrogram of what is explained, and what counted in it, as pixels: NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Explanation
from genrelens.explanation.listen import mask
from genrelens.frontend.filter_bank import hz_to_mel, mel_to_hz
from genrelens.frontend.mel import MelSettings, mel_power, power_to_db
from genrelens.frontend.picture_colours import MAGMA
from genrelens.pages.timeline.strip import ticks
from genrelens.pages.wording import clock

Float64 = NDArray[np.float64]
Pixels = NDArray[np.uint8]

MAX_COLUMNS = 1000
N_BANDS = 96
PIXELS_PER_BAND = 4
TOP_DB = 70.0
"""What is quieter than the loudest cell by more is as dark as silence."""
_FOR, _AGAINST = np.array([1.0, 0.62, 0.20]), np.array([0.30, 0.62, 1.0])
_REST = 0.42
"""How bright, in grey, is what counted for nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Levels ``(columns, N_BANDS)`` from 0 (``TOP_DB`` below the loudest cell, or less) to 1; ``times_s (columns,)``
    are the middles of the columns in the file, ``bands_hz (N_BANDS,)`` those of the bands."""

    levels: Float64
    times_s: Float64
    bands_hz: Float64
    top_hz: float


def spectrogram(samples: NDArray[np.float32], *, sample_rate: int, start_s: float) -> Spectrogram:
    """Of mono samples ``(n,)`` that begin at ``start_s`` in the file."""
    n_fft = 2 ** round(np.log2(0.09 * sample_rate))
    settings = MelSettings(
        sample_rate=sample_rate,
        n_fft=n_fft,
        hop_length=max(n_fft // 64, min(n_fft // 4, -(-len(samples) // MAX_COLUMNS))),
        n_mels=N_BANDS,
        fmin_hz=0.0,
        fmax_hz=None,
        htk=False,
        top_db=None,
    )
    power = mel_power(samples, settings=settings)
    per_column = -(-len(power) // MAX_COLUMNS)
    n = -(-len(power) // per_column)
    padded = np.pad(power, ((0, n * per_column - len(power)), (0, 0)), mode="edge")
    power = padded.reshape(n, per_column, N_BANDS).mean(axis=1, dtype=np.float32)
    db = power_to_db(power, top_db=TOP_DB)
    middles = (np.arange(n) + 0.5) * per_column * settings.hop_length / sample_rate
    peaks = np.linspace(hz_to_mel(0.0, htk=False), hz_to_mel(settings.top_hz, htk=False), N_BANDS + 2)[1:-1]
    return Spectrogram(
        1 + db.astype(np.float64) / TOP_DB, start_s + middles, mel_to_hz(peaks, htk=False), settings.top_hz
    )


def height_of(hz: float, *, top_hz: float) -> float:
    """Where a frequency lies in the picture: 0 at the bottom, 1 at the top."""
    return hz_to_mel(hz, htk=False) / hz_to_mel(top_hz, htk=False)


def time_ticks(explanation: Explanation) -> list[tuple[float, str]]:
    """Marks of the time axis, in the file's own time: (position in percent, m:ss)."""
    span_s = explanation.end_s - explanation.start_s
    return [(at, clock(explanation.start_s + round(at / 100 * span_s))) for at, _ in ticks(span_s)]


def plain(found: Spectrogram) -> Pixels:
    """The whole spectrogram, in magma: uint8 ``(height, columns, 3)``, high bands on top."""
    return _upright(MAGMA[np.round(found.levels * 255).astype(np.intp)])


def lit(found: Spectrogram, explanation: Explanation) -> Pixels:
    """The spectrogram: what speaks for the class is lit in orange, what speaks against it in blue, the rest is grey."""
    speaks = [
        mask(explanation, times_s=found.times_s, bins_hz=found.bands_hz, against=against).rows(slice(None))
        for against in (False, True)
    ]
    pro, contra = (gains.astype(np.float64)[..., np.newaxis] for gains in speaks)
    light = found.levels[..., np.newaxis]
    grey = light * _REST * (1 - pro) * (1 - contra)
    # A floor of colour also where it is quiet: silence in the right place may be the reason.
    coloured = pro * _FOR * (0.10 + 0.90 * light) + contra * _AGAINST * (0.07 + 0.75 * light)
    # The brightest cells go on to white, as in any heat map, or loud parts would all look alike.
    glow = np.clip(pro * (light - 0.75) * 2.0, 0.0, 0.6)
    rgb = np.clip(grey + coloured, 0.0, 1.0)
    rgb = rgb + (1 - rgb) * glow
    return _upright(np.round(rgb * 255).astype(np.uint8))


def _upright(rgb: Pixels) -> Pixels:
    return np.repeat(rgb.transpose(1, 0, 2)[::-1], PIXELS_PER_BAND, axis=0)
