"""Data sets: tracks, honest splits of them, and their cached features. Importing this is light."""

from genrelens.data.split import Split
from genrelens.data.track import Track

__all__ = ["Split", "Track"]
