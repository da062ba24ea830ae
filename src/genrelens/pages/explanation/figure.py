"""``explanation.png``: the lit spectrogram with its axes, scores over time below it and over frequency beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Explanation
from genrelens.explanation.parts import hertz
from genrelens.pages.explanation.picture import Spectrogram, height_of, lit, time_ticks
from genrelens.pages.png import encode_png

Pixels = NDArray[np.uint8]

WIDTH, LEFT, TOP, GAP = 1000, 84, 16, 12
BELOW, BESIDE, FOOT = 110, 130, 34
TICKS_HZ = (100, 250, 500, 1000, 2000, 4000, 8000, 16_000)
_INK, _SOFT = np.array([29, 27, 24], np.uint8), np.array([190, 184, 174], np.uint8)
_FOR, _AGAINST = np.array([214, 108, 12], np.uint8), np.array([40, 106, 190], np.uint8)
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
    _bars_beside(
        canvas[TOP : TOP + height, LEFT + WIDTH + GAP :][:, :BESIDE], explanation, top_hz=spectrogram.top_hz
    )
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
        left, right = (
            round((at - explanation.start_s) / span * width) for at in (segment.start_s, segment.end_s)
        )
        reach = round(abs(segment.score) / largest * (zero - 1))
        if segment.score > 0:
            room[zero - reach : zero, left : max(right - 1, left + 1)] = _FOR
        elif reach:
            room[zero + 1 : zero + 1 + reach, left : max(right - 1, left + 1)] = _AGAINST


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
            height - round(height * height_of(min(hz, top_hz), top_hz=top_hz))
            for hz in (band.low_hz, band.high_hz)
        )
        reach = round(abs(band.score) / largest * (zero - 1))
        if band.score > 0:
            room[top + 1 : max(bottom, top + 2), zero + 1 : zero + 1 + reach] = _FOR
        elif reach:
            room[top + 1 : max(bottom, top + 2), zero - reach : zero] = _AGAINST


def _write(canvas: Pixels, words: str, *, right: int, middle: int) -> None:
    """Draw words that end at ``right``, centred on the row ``middle``."""
    columns = [np.array([[int(dot) for dot in row] for row in _FONT[letter]], bool) for letter in words]
    line = np.concatenate([np.pad(column, ((0, 0), (0, 1))) for column in columns], axis=1)[:, :-1]
    dots = line.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    height, width = dots.shape
    top, left = max(0, middle - height // 2), max(0, right - width)
    place = canvas[top : top + height, left : left + width]
    place[dots[: place.shape[0], : place.shape[1]]] = _INK
