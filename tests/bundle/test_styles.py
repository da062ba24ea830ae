"""Styles: scores that can be compared, names without repetition, and when they stand in a genre's place."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.bundle.styles import MOST, PARENTS, Style, Styles, is_covered, is_outside
from genrelens.errors import BundleError
from genrelens.taxonomy import GTZAN
from genrelens.training.styles import LEVELS, TAGS, fit_styles, read_styles


def toy(*names: str) -> Styles:
    """Styles whose score is the logit itself, from 0 to 1."""
    return Styles((0.0, 0.5, 1.0), tuple(Style(name, name, (0.0, 0.5, 1.0)) for name in names))


def test_a_score_is_the_share_of_music_with_less_of_it() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1001, 2)).astype(np.float32)
    made = fit_styles(np.repeat(logits[:, :1], len(TAGS), axis=1), list(TAGS.values()))
    tags = dict.fromkeys(TAGS.values(), float(np.quantile(logits[:, 0], 0.93)))
    listed = made.listed(tags)
    assert len(listed) == MOST
    assert all(score == pytest.approx(0.93, abs=2e-3) for _, score in listed)
    assert made.levels == LEVELS


def test_styles_below_the_limit_are_not_named_but_for_the_best() -> None:
    styles = toy("folk", "jazz", "blues")
    assert styles.listed({"folk": 0.9, "jazz": 0.85, "blues": 0.3}) == (("folk", 0.9), ("jazz", 0.85))
    assert styles.listed({"folk": 0.1, "jazz": 0.2, "blues": 0.3}) == (("blues", 0.3),)


def test_a_wider_style_gives_way_to_a_kind_of_it() -> None:
    styles = toy("rock", "punk", "folk")
    assert styles.listed({"rock": 0.9, "punk": 0.95, "folk": 0.85}) == (("punk", 0.95), ("folk", 0.85))
    assert [name for name, _ in styles.listed({"rock": 0.95, "punk": 0.9, "folk": 0.0})] == ["rock", "punk"]
    assert set(PARENTS) <= set(TAGS)


def test_beyond_all_music_the_one_that_lies_further_out_comes_first() -> None:
    assert [name for name, _ in toy("folk", "jazz").listed({"folk": 2.0, "jazz": 7.0})] == ["jazz", "folk"]


def test_what_the_ten_names_cover() -> None:
    covered = {style for style in TAGS if is_covered(style, GTZAN)}
    assert {"punk", "heavy metal", "hip-hop", "indie pop", "dance"} <= covered
    assert not {"folk", "soul", "r&b", "ambient", "house", "experimental", "electronic"} & covered


@pytest.mark.parametrize(
    ("style", "score", "reason", "confidence", "expected"),
    [
        ("folk", 0.92, "undecided", 0.2, True),
        ("folk", 0.92, "unlike_training", 0.9, True),
        ("folk", 0.85, "undecided", 0.2, False),
        ("folk", 0.995, None, 0.6, True),
        ("folk", 0.995, None, 0.8, False),
        ("folk", 0.98, None, 0.6, False),
        ("punk", 0.995, None, 0.6, False),
    ],
)
def test_when_styles_stand_in_the_place_of_a_genre(
    style: str, score: float, reason: str | None, confidence: float, expected: bool
) -> None:
    assert is_outside(((style, score),), reason=reason, confidence=confidence, taxonomy=GTZAN) is expected
    assert not is_outside((), reason=reason, confidence=confidence, taxonomy=GTZAN)


def test_levels_and_logits_have_to_fit() -> None:
    with pytest.raises(BundleError, match="ascend from 0 to 1"):
        Styles((0.0, 0.5), ())
    with pytest.raises(BundleError, match="3 ascending logits"):
        Styles((0.0, 0.5, 1.0), (Style("folk", "folk", (0.0, 1.0)),))
    with pytest.raises(BundleError, match="3 ascending logits"):
        Styles((0.0, 0.5, 1.0), (Style("folk", "folk", (0.0, 1.0, 0.5)),))


def test_the_styles_that_come_with_genrelens() -> None:
    styles = read_styles()
    assert [style.name for style in styles.styles] == list(TAGS)
