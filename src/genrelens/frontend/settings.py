"""The settings of the mel front end, checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import RecipeError
from genrelens.frontend.filter_bank import constant_q, constant_q_periods, empty_bands, triangle_edges, triangles

MAX_SAMPLE_RATE: Final = 768_000
MAX_BANK: Final = 1 << 24
"""``n_fft * n_mels``: of the largest settings in use a few per cent."""
MAX_WORK: Final = 1 << 23
"""Samples in all frames of a second of sound (a short frame counts as 256): up to a second's work."""
# What a refusal proposes: the counts and sizes in common use, nothing odd.
_COMMON_N_MELS = (256, 128, 96, 80, 64, 40, 32, 20, 10)
_COMMON_N_FFT = (256, 512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True, slots=True, kw_only=True)
class MelSettings:
    """How sound becomes a mel spectrogram. A bundle carries these, so no value is a hidden default.

    Power spectrum under a periodic Hann window of ``n_fft`` samples, triangles of area 1 ("slaney" norm); or, with
    ``bins_per_octave``, filters of constant Q at equal steps of pitch, of area 1, too (a pseudo-CQT).

    Attributes:
        sample_rate: samples a second that the sound must have, Hz.
        n_fft: samples in a frame; even.
        hop_length: samples from one frame to the next, 1 to ``n_fft``.
        n_mels: number of mel bands.
        fmin_hz: lower edge of the lowest band, Hz.
        fmax_hz: upper edge of the highest band, Hz; None means half the sample rate.
        htk: the mel scale: True for O'Shaughnessy's formula (HTK's), False for Slaney's.
        top_db: how far the floor lies below the loudest cell of a window, dB; None means no floor.
        log_factor: None where a window becomes decibels below its loudest cell; otherwise power becomes
            ``log10(1 + log_factor * power)``, and ``top_db`` has to be None.
        level: the mean power that a window is scaled to before the logarithm, so that how loud a file was
            mastered does not matter, and a constant (DC) in each frame is left out; None leaves it as it is. Only
            with ``log_factor``: decibels below the loudest cell have no level anyway.
        bins_per_octave: None for mel bands. Otherwise band k lies at ``fmin_hz * 2 ** (k / bins_per_octave)`` Hz,
            ``n_mels`` counts those, and ``fmax_hz`` and ``htk`` have nothing to say.

    Raises:
        RecipeError: a value is of the wrong type or out of range or takes more memory or time than any front end in
            use (settings come with models, and models from anyone), values do not fit each other, or a band
            would fall between two FFT bins and be silent whatever is played (librosa only warns of that).
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    fmin_hz: float
    fmax_hz: float | None
    htk: bool
    top_db: float | None
    log_factor: float | None = None
    level: float | None = None
    bins_per_octave: int | None = None

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_fft", "hop_length", "n_mels"):
            _check_positive_int(name, getattr(self, name))
        if not isinstance(self.htk, bool):
            raise RecipeError(f"mel: htk should be true or false, not {self.htk!r}")
        object.__setattr__(self, "fmin_hz", _as_number("fmin_hz", self.fmin_hz))
        for name in ("fmax_hz", "top_db", "log_factor", "level"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _as_number(name, getattr(self, name)))
        if self.bins_per_octave is not None:
            _check_positive_int("bins_per_octave", self.bins_per_octave)
        self._check_frames()
        self._check_range()
        if self.bins_per_octave is not None:
            self._check_constant_q(self.bins_per_octave)
        self._check_bands()

    def _check_frames(self) -> None:
        if self.sample_rate > MAX_SAMPLE_RATE:
            raise RecipeError(
                f"mel: sample_rate should be at most {MAX_SAMPLE_RATE} Hz, not {_short(self.sample_rate)}"
            )
        if self.n_fft * self.n_mels > MAX_BANK:
            raise RecipeError(
                f"mel: n_fft = {_short(self.n_fft)} with n_mels = {_short(self.n_mels)} takes a filter bank larger "
                f"than any in use; their product should be at most {MAX_BANK}"
            )
        if self.n_fft % 2:
            raise RecipeError(f"mel: n_fft should be even, not {self.n_fft}; {self.n_fft + 1} would do")
        if self.hop_length > self.n_fft:
            raise RecipeError(
                f"mel: hop_length should be at most n_fft = {self.n_fft}, or sound between frames is lost; "
                f"{_short(self.hop_length)} was given"
            )
        a_second = self.sample_rate / self.hop_length
        if a_second * max(self.n_fft, 256) > MAX_WORK:
            raise RecipeError(
                f"mel: hop_length = {self.hop_length} makes {a_second:g} frames of n_fft = {self.n_fft} samples of "
                f"each second of sound, more work than any front end in use; {self.n_fft // 4} would do"
            )

    def _check_range(self) -> None:
        half = self.sample_rate / 2
        if self.fmax_hz is not None and not 0 < self.fmax_hz <= half:
            raise RecipeError(
                f"mel: fmax_hz should be above 0 and at most half the sample rate, {half:g} Hz, "
                f"not {self.fmax_hz:g}; None means just that half"
            )
        if not 0 <= self.fmin_hz < self.top_hz:
            raise RecipeError(
                f"mel: fmin_hz should be at least 0 and below the upper edge, {self.top_hz:g} Hz, not {self.fmin_hz:g}"
            )
        if self.top_db is not None and self.top_db <= 0:
            raise RecipeError(f"mel: top_db should be above 0, not {self.top_db:g}; None means no floor")
        if self.log_factor is not None and self.log_factor <= 0:
            raise RecipeError(f"mel: log_factor should be above 0, not {self.log_factor:g}; None means decibels")
        if self.level is not None and (self.level <= 0 or self.log_factor is None):
            raise RecipeError(
                f"mel: level should be above 0 and go with a log_factor, not {self.level:g} with "
                f"log_factor = {self.log_factor}; None leaves the sound as loud as it is"
            )
        if self.log_factor is not None and self.top_db is not None:
            raise RecipeError(
                f"mel: top_db = {self.top_db:g} and log_factor = {self.log_factor:g} exclude each other: "
                "decibels have a floor, log10(1 + log_factor * power) needs none; leave one of them out"
            )

    def _check_constant_q(self, bins_per_octave: int) -> None:
        if self.fmax_hz is not None or self.htk or self.fmin_hz < 1:
            raise RecipeError(
                "mel: bins_per_octave goes with an fmin_hz of at least 1, no fmax_hz and htk = false, since it has no "
                f"mel scale; got fmin_hz = {self.fmin_hz:g}, fmax_hz = {self.fmax_hz} and htk = {self.htk}"
            )
        if bins_per_octave > 1200:
            raise RecipeError(f"mel: bins_per_octave should be at most 1200 (cents), not {_short(bins_per_octave)}")
        periods = constant_q_periods(bins_per_octave)
        octaves = min((self.n_mels - 1) / bins_per_octave, 100)
        highest_hz = self.fmin_hz * 2.0**octaves
        if highest_hz * (1 + 2 / periods) > self.sample_rate / 2:
            raise RecipeError(
                f"mel: the highest of {self.n_mels} bins would lie at {highest_hz:.6g} Hz and reach beyond half the "
                f"sample rate, {self.sample_rate / 2:g} Hz; give fewer (n_mels)"
            )
        longest = periods * self.sample_rate / self.fmin_hz
        if longest > self.n_fft:
            raise RecipeError(
                f"mel: to tell {bins_per_octave} bins an octave apart at {self.fmin_hz:g} Hz takes frames of "
                f"{math.ceil(longest)} samples, not n_fft = {self.n_fft}; {1 << math.ceil(math.log2(longest))} would do"
            )

    def _check_bands(self) -> None:
        if self.n_mels > self.n_fft // 2:
            raise RecipeError(
                f"mel: n_mels should be at most n_fft / 2 = {self.n_fft // 2}, not {self.n_mels}; "
                "there are no more frequencies to gather"
            )
        empty = empty_bands(self.bank())
        if empty.size:
            fewer = next((n for n in _COMMON_N_MELS if n < self.n_mels and self._fits(n_mels=n)), None)
            longer = next((n for n in _COMMON_N_FFT if n > self.n_fft and self._fits(n_fft=n)), None)
            ways = [f"n_mels = {fewer}"] * bool(fewer) + [f"n_fft = {longer}"] * bool(longer)
            raise RecipeError(
                f"mel: {empty.size} of {self.n_mels} bands (the first is number {empty[0]}) would always "
                f"be silent, since they are narrower than the {self.sample_rate / self.n_fft:.3g} Hz between "
                f"two FFT bins; {' or '.join(ways) or 'a wider range of frequencies'} would do"
            )

    def _fits(self, *, n_fft: int | None = None, n_mels: int | None = None) -> bool:
        return not empty_bands(self.bank(n_fft=n_fft, n_mels=n_mels)).size

    def bank(self, *, n_fft: int | None = None, n_mels: int | None = None) -> npt.NDArray[np.float32]:
        """The filters of these settings, or of another frame length or number of bands."""
        if self.bins_per_octave is not None:
            return constant_q(
                sample_rate=self.sample_rate,
                n_fft=n_fft or self.n_fft,
                n_bins=n_mels or self.n_mels,
                fmin_hz=self.fmin_hz,
                bins_per_octave=self.bins_per_octave,
            )
        return triangles(
            sample_rate=self.sample_rate,
            n_fft=n_fft or self.n_fft,
            n_mels=n_mels or self.n_mels,
            fmin_hz=self.fmin_hz,
            fmax_hz=self.top_hz,
            htk=self.htk,
        )

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest band, Hz: ``fmax_hz``, or half the sample rate."""
        return self.sample_rate / 2 if self.fmax_hz is None else self.fmax_hz

    @property
    def n_bands(self) -> int:
        """Numbers in a frame: :attr:`n_mels`."""
        return self.n_mels

    @property
    def band_edges_hz(self) -> npt.NDArray[np.float64]:
        """Edges of the bands, Hz, ``(n_bands + 1,)`` ascending; bands overlap, and the edge lies half way between."""
        if self.bins_per_octave is None:
            return triangle_edges(self.n_mels, fmin_hz=self.fmin_hz, fmax_hz=self.top_hz, htk=self.htk)
        edges: npt.NDArray[np.float64] = self.fmin_hz * 2.0 ** (
            (np.arange(self.n_mels + 1) - 0.5) / self.bins_per_octave
        )
        return edges

    @property
    def silent_input(self) -> float | None:
        """What a graph is given of silence: ``-top_db``, or 0 of ``log_mel``; None for decibels without a floor."""
        if self.log_factor is not None:
            return 0.0
        return None if self.top_db is None else -self.top_db

    @property
    def input_name(self) -> str:
        """What a graph calls its input of such windows: ``mel_db``, decibels, or ``log_mel``."""
        return "mel_db" if self.log_factor is None else "log_mel"

    def n_frames(self, n_samples: int) -> int:
        """Frames that ``n_samples`` give: 1 + n_samples // hop_length (no sound at all gives one, silent)."""
        return 1 + n_samples // self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values; ``bins_per_octave`` only where it is set.

        What is mel looks as it did before there was that setting, to manifests, caches and runs.
        """
        values = asdict(self)
        return {key: value for key, value in values.items() if key != "bins_per_octave" or value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MelSettings:
        """Settings from the form that ``to_dict`` gives.

        Raises:
            RecipeError: a key is unknown or missing, or a value is wrong.
        """
        names = [field.name for field in fields(cls)]
        unknown = [f"{key!r} is unknown" for key in values if key not in names]
        missing = [f"{name} is missing" for name in names if name not in values and name != "bins_per_octave"]
        if unknown or missing:
            raise RecipeError(f"mel: {', '.join(unknown + missing)}; expected just {', '.join(names)}")
        return cls(**values)


def _check_positive_int(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RecipeError(f"mel: {name} should be a whole number of at least 1, not {value!r:.80}")


def _short(number: int) -> str:
    """A whole number that may have thousands of digits, for a message."""
    return str(number) if number < 10**20 else "a number of more than 20 digits"


def _as_number(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number of 400 digits
        number = math.inf
    if not math.isfinite(number):
        raise RecipeError(f"mel: {name} should be a finite number, not {value!r:.80}")
    return number
