"""What the whole track adds to its windows' logits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrelens.bundle.track_term import LEAST_WINDOWS, Spread, TrackTerm, spread_of
from genrelens.errors import BundleError


def test_the_term_is_linear_in_what_is_known() -> None:
    term = TrackTerm({"spread": 2}, np.array([1.0, 2.0], np.float32), np.array([[1.0, 10.0], [0.5, -1.0]], np.float32))
    np.testing.assert_allclose(term.logits({"spread": np.array([2.0, 3.0])}), [11.0, -0.5])
    np.testing.assert_allclose(term.logits({"spread": np.array([np.nan, 3.0])}), [10.0, -1.0])
    np.testing.assert_array_equal(term.logits({}), [0.0, 0.0])  # unknown: as the training's mean
    np.testing.assert_array_equal(term.logits({"spread": np.array([1.0, 2.0])}), [0.0, 0.0])


def test_it_is_stored_number_for_number_and_checked_when_read() -> None:
    rng, sizes = np.random.default_rng(0), {"spread": 5}
    term = TrackTerm(sizes, rng.normal(size=5).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32))
    content = term.to_bytes()
    read = TrackTerm.from_bytes(content, n_classes=3, sizes=sizes, where="x")
    np.testing.assert_array_equal(read.mean, term.mean)
    np.testing.assert_array_equal(read.weight, term.weight)
    with pytest.raises(BundleError, match="x: expected 80 bytes, 4 rows of 5 numbers, got 76"):
        TrackTerm.from_bytes(content[:-4], n_classes=3, sizes=sizes, where="x")
    broken = TrackTerm(sizes, term.mean, term.weight * np.inf).to_bytes()
    with pytest.raises(BundleError, match="not finite"):
        TrackTerm.from_bytes(broken, n_classes=3, sizes=sizes, where="x")


@settings(deadline=None, max_examples=50)
@given(st.integers(LEAST_WINDOWS, 40), st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([0.0, 1e3, -1e5]))
def test_the_spread_from_sums_is_that_of_all_windows_however_they_come(n: int, d: int, seed: int, far: float) -> None:
    rng = np.random.default_rng(seed)
    rows = (far + rng.normal(size=(n, d))).astype(np.float32)
    spread = Spread()
    for part in np.split(rows, sorted(rng.integers(1, n, size=3))):
        if len(part):
            spread.add(part)
    np.testing.assert_allclose(spread.value(d), rows.astype(np.float64).std(axis=0), rtol=1e-6, atol=1e-9)


def test_of_few_windows_it_is_unknown() -> None:
    assert np.isnan(Spread().value(2)).all()
    assert np.isnan(spread_of(np.zeros((LEAST_WINDOWS - 1, 2), np.float32))).all()
    assert not np.isnan(spread_of(np.zeros((LEAST_WINDOWS, 2), np.float32))).any()
