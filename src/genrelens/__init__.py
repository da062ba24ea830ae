"""genrelens: which genre a piece of music is, how sure, when in the piece, and why."""

from __future__ import annotations

__version__ = "0.1.0"
