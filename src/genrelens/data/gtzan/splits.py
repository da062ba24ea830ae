"""The splits of GTZAN that come with genrelens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genrelens.data.gtzan.facts import package_text
from genrelens.data.splits.split import Split
from genrelens.errors import SplitError

SPLITS: Final[Mapping[str, str]] = {
    "fault-filtered": "fault-filtered.json",
    "s4": "s4.json",
    "s3": "s3.json",
    "s1-segments": "s1-segments.json",
}
"""Names that :func:`split` knows -> package data file."""


def split(name: str) -> Split:
    """A split of GTZAN by name: a key of :data:`SPLITS`. Raises :class:`SplitError` on another name."""
    if name not in SPLITS:
        raise SplitError(
            f"GTZAN has no split {name!r}; its splits: {', '.join(SPLITS)}", code="unknown_split"
        )
    return Split.from_json(package_text(SPLITS[name]), source=f"genrelens's own split {name!r}")
