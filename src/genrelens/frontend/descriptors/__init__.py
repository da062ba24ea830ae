"""Descriptors: a clip of sound as one row of numbers. Importing this is light; computing needs ``[train]``.

==========  ===  =========  ==================================================================================
set         n    rate       what
==========  ===  =========  ==================================================================================
kaggle57    57   22,050 Hz  the tables ``features_30_sec.csv`` and ``features_3_sec.csv`` of GTZAN on Kaggle
fma518      518  the        nine families of features by seven moments, as ``features.csv`` of FMA
                 file's     (Defferrard et al. 2017, "FMA: A dataset for music analysis")
==========  ===  =========  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError, MissingExtraError
from genrelens.frontend.descriptors import fma518, kaggle57

__all__ = ["SETS", "FeatureSet", "spans", "stream_segments"]

Samples = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

MIN_SAMPLES: Final = 2048
"""Sound shorter than one frame of the Fourier transform has no descriptors."""

LOUDEST: Final = 1e12
"""Samples beyond this (full scale is 1) would not fit into float32 when squared; they are no sound anyway."""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A named row of numbers: ``columns`` in order, of sound at ``sample_rate`` Hz (``None``: at its own, which is
    ``least_sample_rate`` or more).
    """

    name: str
    columns: tuple[str, ...]
    sample_rate: int | None
    function: Callable[[Samples, int], Values]
    least_sample_rate: int = 0

    def compute(self, samples: npt.NDArray[np.floating[Any]], *, sample_rate: int) -> Values:
        """One row of descriptors.

        Args:
            samples: mono sound, shape (n,), n >= 2,048, finite, full scale 1.
            sample_rate: Hz, of the samples; the set's own rate where it has one.

        Returns:
            float64, shape (len(columns),), finite. Silence has a row, too: what the recipe gives for zeros, and a
            tempo of 0.

        Raises:
            AudioError: ``too_short``, ``not_finite``, or ``bad_samples`` for another shape, type or rate, a rate that
                is too low, or samples beyond :data:`LOUDEST`.
            MissingExtraError: librosa is not installed.
        """
        sound = self._checked(samples, sample_rate)
        try:
            row = self.function(sound, sample_rate)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("librosa", "numba", "scipy"):
                raise
            raise MissingExtraError("train", needed_for=f"computing {self.name}") from error
        if not np.isfinite(row).all():
            name = self.columns[int(np.argmin(np.isfinite(row)))]
            raise AudioError(f"{self.name}: {name} of this sound came out as NaN or infinity", code="not_finite")
        return row

    def _checked(self, samples: Samples, sample_rate: int) -> npt.NDArray[np.float32]:
        if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
            raise AudioError(
                f"{self.name}: expected mono floating-point samples of shape (n,), not {samples.dtype} of shape "
                f"{samples.shape}; genrelens.audio.from_array makes them",
                code="bad_samples",
            )
        if self.sample_rate not in (None, sample_rate):
            raise AudioError(
                f"{self.name}: expected sound at {self.sample_rate} Hz, not {sample_rate} Hz; "
                f"genrelens.audio.load(path, sample_rate={self.sample_rate}) resamples",
                code="bad_samples",
            )
        if self.least_sample_rate > sample_rate:
            raise AudioError(
                f"{self.name}: expected sound at {self.least_sample_rate} Hz or more, not {sample_rate} Hz: its "
                "highest notes would not fit below half of that",
                code="bad_samples",
            )
        if samples.size < MIN_SAMPLES:
            raise AudioError(
                f"{self.name}: expected at least {MIN_SAMPLES} samples ({MIN_SAMPLES / sample_rate:.3f} s at "
                f"{sample_rate} Hz), there are {samples.size}",
                code="too_short",
            )
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused as such
            sound = np.ascontiguousarray(samples, dtype=np.float32)
        if not np.isfinite(sound).all():
            raise AudioError(
                f"{self.name}: the sound holds NaN or infinity; expected finite samples between about -1 and 1",
                code="not_finite",
            )
        if np.abs(sound).max() > LOUDEST:
            raise AudioError(
                f"{self.name}: expected samples between about -1 and 1, there are some beyond {LOUDEST:g}",
                code="bad_samples",
            )
        return sound


SETS: Final[Mapping[str, FeatureSet]] = {
    "kaggle57": FeatureSet("kaggle57", kaggle57.COLUMNS, kaggle57.SAMPLE_RATE, kaggle57.compute),
    "fma518": FeatureSet("fma518", fma518.COLUMNS, None, fma518.compute, fma518.LEAST_SAMPLE_RATE),
}
"""Name -> feature set. Adding one is a module, a line here and a row in a test."""


def spans(n_samples: int, *, sample_rate: int, segment_s: float) -> tuple[tuple[int, int], ...]:
    """Where the segments of a clip lie, from and to (exclusive), in samples: Kaggle's rule.

    A segment begins every ``segment_s`` seconds and is one sample shorter than that; it is there only if the clip
    goes on after it (``66150 * i + 66150 < n_samples``), so that 30.0 s exactly have nine segments of 3 s.
    """
    step = round(segment_s * sample_rate)
    return tuple((start, start + step - 1) for start in range(0, n_samples - step, step))


def stream_segments(
    blocks: Iterable[Samples], *, sample_rate: int, segment_s: float
) -> Iterator[npt.NDArray[np.float32]]:
    """The samples of each of :func:`spans`' segments, of sound that comes in blocks, in constant memory."""
    step = round(segment_s * sample_rate)
    waiting = np.zeros(0, np.float32)
    for block in blocks:
        waiting = np.concatenate((waiting, block))
        while waiting.size > step:
            yield waiting[: step - 1]
            waiting = waiting[step:]
