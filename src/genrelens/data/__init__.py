"""Data sets: tracks, and honest splits of them. Importing this is light."""

from genrelens.data.splits.split import Split
from genrelens.data.track import Track

__all__ = ["Split", "Track"]
