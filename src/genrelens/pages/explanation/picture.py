"""The mel spectrogram of what is explained, and what counted in it, as pixels, and ``explanation.png``: NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Explanation
from genrelens.explanation.listen import mask
from genrelens.explanation.parts import hertz
from genrelens.frontend.filter_bank import hz_to_mel, mel_to_hz
from genrelens.frontend.image import MAGMA
from genrelens.frontend.mel import MelSettings, mel_power, power_to_db
from genrelens.pages.encode import encode_png
from genrelens.pages.timeline.card import ticks
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


WIDTH, LEFT, TOP, GAP = 1000, 84, 16, 12
BELOW, BESIDE, FOOT = 110, 130, 34
TICKS_HZ = (100, 250, 500, 1000, 2000, 4000, 8000, 16_000)
_INK, _SOFT = np.array([29, 27, 24], np.uint8), np.array([190, 184, 174], np.uint8)
_FOR_BAR, _AGAINST_BAR = np.array([214, 108, 12], np.uint8), np.array([40, 106, 190], np.uint8)
_FONT = {
    "0": ("111", "101", "101", "101", "111"),
    "1": ("010", "110", "010", "010", "111"),
    "2": ("111", "001", "111", "100", "111"),
    "3": ("111", "001", "111", "001", "111"),
    "4": ("101", "101", "111", "001", "001"),
    "5": ("111", "100", "111", "001", "111"),
    "6": ("111", "100", "111", "101", "111"),
    "7": ("111", "001", "010", "010", "010"),
    "8": ("111", "101", "111", "101", "111"),
    "9": ("111", "101", "111", "001", "111"),
    ":": ("000", "010", "000", "010", "000"),
    ".": ("000", "000", "000", "000", "010"),
    "k": ("100", "101", "110", "101", "101"),
    "H": ("101", "101", "111", "101", "101"),
    "z": ("000", "111", "011", "110", "111"),
    " ": ("000", "000", "000", "000", "000"),
}
"""All that the axes say: figures, colons and Hz."""
SCALE = 3


def figure(spectrogram: Spectrogram, explanation: Explanation) -> bytes:
    """The PNG file: what is lit speaks for the class, blue against it; bars to the same side mean the same."""
    picture = _widened(lit(spectrogram, explanation))
    height = len(picture)
    canvas = np.full((TOP + height + GAP + BELOW + FOOT, LEFT + WIDTH + GAP + BESIDE + 8, 3), 255, np.uint8)
    canvas[TOP : TOP + height, LEFT : LEFT + WIDTH] = picture
    _bars_below(canvas[TOP + height + GAP :][:BELOW, LEFT : LEFT + WIDTH], explanation)
    _bars_beside(canvas[TOP : TOP + height, LEFT + WIDTH + GAP :][:, :BESIDE], explanation, top_hz=spectrogram.top_hz)
    for hz in TICKS_HZ:
        if hz < 0.95 * spectrogram.top_hz:
            y = TOP + height - round(height * height_of(hz, top_hz=spectrogram.top_hz))
            canvas[y, LEFT - 8 : LEFT - 2] = _INK
            _write(canvas, hertz(hz), right=LEFT - 12, middle=y)
    foot = TOP + height + GAP + BELOW
    for at, words in time_ticks(explanation):
        x = LEFT + min(WIDTH - 1, round(at / 100 * WIDTH))
        canvas[foot : foot + 6, x] = _INK
        _write(canvas, words, right=x + 2 * SCALE * len(words), middle=foot + 8 + 3 * SCALE)
    return encode_png(canvas)


def _widened(picture: Pixels) -> Pixels:
    columns = np.arange(WIDTH) * picture.shape[1] // WIDTH
    return picture[:, columns]


def _bars_below(room: Pixels, explanation: Explanation) -> None:
    """Scores over time: up is for the class."""
    height, width, _ = room.shape
    scores = np.array([segment.score for segment in explanation.segments])
    largest = float(np.abs(scores).max(initial=0.0)) or 1.0
    span = explanation.end_s - explanation.start_s
    zero = height // 2
    room[zero] = _SOFT
    for segment in explanation.segments:
        left, right = (round((at - explanation.start_s) / span * width) for at in (segment.start_s, segment.end_s))
        reach = round(abs(segment.score) / largest * (zero - 1))
        if segment.score > 0:
            room[zero - reach : zero, left : max(right - 1, left + 1)] = _FOR_BAR
        elif reach:
            room[zero + 1 : zero + 1 + reach, left : max(right - 1, left + 1)] = _AGAINST_BAR


def _bars_beside(room: Pixels, explanation: Explanation, *, top_hz: float) -> None:
    """Scores over frequency: to the right is for the class."""
    height, width, _ = room.shape
    if not explanation.bands:
        return
    largest = max(abs(band.score) for band in explanation.bands) or 1.0
    zero = width // 2
    room[:, zero] = _SOFT
    for band in explanation.bands:
        bottom, top = (
            height - round(height * height_of(min(hz, top_hz), top_hz=top_hz)) for hz in (band.low_hz, band.high_hz)
        )
        reach = round(abs(band.score) / largest * (zero - 1))
        if band.score > 0:
            room[top + 1 : max(bottom, top + 2), zero + 1 : zero + 1 + reach] = _FOR_BAR
        elif reach:
            room[top + 1 : max(bottom, top + 2), zero - reach : zero] = _AGAINST_BAR


def _write(canvas: Pixels, words: str, *, right: int, middle: int) -> None:
    """Draw words that end at ``right``, centred on the row ``middle``."""
    columns = [np.array([[int(dot) for dot in row] for row in _FONT[letter]], bool) for letter in words]
    line = np.concatenate([np.pad(column, ((0, 0), (0, 1))) for column in columns], axis=1)[:, :-1]
    dots = line.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    height, width = dots.shape
    top, left = max(0, middle - height // 2), max(0, right - width)
    place = canvas[top : top + height, left : left + width]
    place[dots[: place.shape[0], : place.shape[1]]] = _INK
