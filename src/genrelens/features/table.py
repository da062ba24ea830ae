"""A table of descriptors in memory: one row a piece of sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genrelens.data.track import in_one_form
from genrelens.errors import DataError
from genrelens.features.names import row_id, split_row_name


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """``n`` rows of ``d`` descriptors, checked when made; the arrays are not copied and not to be written to.

    Attributes:
        columns: the names of the descriptors, d of them.
        filenames: what Kaggle's first column holds, n different names (see ``names.py``).
        lengths: (n,) int64, samples that each row was computed from; 0 in a row of an error.
        values: (n, d) float64, finite; NaN in a row of an error.
        labels: the genre of each row, ``""`` where nobody knows.
        errors: why a file has no numbers, ``""`` where it has.
        notes: sentences about files that were read and were odd (truncated, for one).

    Raises:
        DataError: the fields do not fit each other, a name stands twice, or a row of no error is not finite.
    """

    columns: tuple[str, ...]
    filenames: tuple[str, ...]
    lengths: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    labels: tuple[str, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, d = len(self.filenames), len(self.columns)
        if self.values.shape != (n, d) or self.values.dtype != np.float64:
            raise DataError(
                f"a feature table of {n} rows and {d} columns takes float64 values of that shape, not "
                f"{self.values.dtype} of shape {self.values.shape}"
            )
        if self.lengths.shape != (n,) or len(self.labels) != n or len(self.errors) != n:
            raise DataError(
                f"a feature table of {n} rows takes as many lengths, labels and errors, not "
                f"{self.lengths.shape}, {len(self.labels)} and {len(self.errors)}"
            )
        if len(set(self.columns)) != d:
            raise DataError("a feature table's columns should have different names")
        seen: dict[str, int] = {}
        for i, name in enumerate(self.filenames):
            if seen.setdefault(name, i) != i:
                raise DataError(
                    f"{name!r} stands twice in the feature table, in rows {seen[name] + 1} and {i + 1}",
                    code="duplicate_row",
                )
        failed = np.array([bool(error) for error in self.errors], dtype=bool)
        wrong = np.argwhere(~np.isfinite(self.values) & ~failed[:, np.newaxis])
        if wrong.size:
            i, j = wrong[0]
            raise DataError(
                f"column {self.columns[j]!r} of {self.filenames[i]!r} (row {i + 1}) is {self.values[i, j]}; "
                "expected a finite number",
                code="not_finite",
            )

    def __len__(self) -> int:
        return len(self.filenames)

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each row's piece, as :class:`~genrelens.data.Track` has it: ``"blues.00000.3"``."""
        called = in_one_form(self.filenames)
        return tuple(row_id(called[name]) for name in self.filenames)

    @property
    def wholes(self) -> tuple[str, ...]:
        """The id of the whole piece that each row is of, or is a segment of: ``"blues.00000"``."""
        called = in_one_form(self.filenames)
        return tuple(split_row_name(called[name])[0] for name in self.filenames)

    @property
    def segments(self) -> tuple[int | None, ...]:
        """The number of each row's segment; ``None`` where the row is a whole piece."""
        return tuple(split_row_name(name)[1] for name in self.filenames)

    def rows(self, indices: Sequence[int] | npt.NDArray[np.integer]) -> FeatureTable:
        """Some rows as a table of their own, in the order of ``indices``."""
        chosen = [int(i) for i in indices]
        return FeatureTable(
            columns=self.columns,
            filenames=tuple(self.filenames[i] for i in chosen),
            lengths=self.lengths[chosen],
            values=self.values[chosen],
            labels=tuple(self.labels[i] for i in chosen),
            errors=tuple(self.errors[i] for i in chosen),
            notes=self.notes,
        )

    def good(self) -> FeatureTable:
        """The rows that have numbers."""
        return self.rows([i for i, error in enumerate(self.errors) if not error])
