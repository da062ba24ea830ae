"""FMA: 106,574 tracks of the Free Music Archive under Creative Commons licences, as clips of 30 s (mp3).

Defferrard, Benzi, Vandergheynst & Bresson (2017, "FMA: A dataset for music analysis", arXiv 1612.01840). The
subsets lie in one another: small (8,000 tracks, eight genres of 1,000), medium (25,000, sixteen genres), large (all).
Labels, artists and the official split stand in ``fma_metadata/tracks.csv``.
"""

from genrelens.data.fma.loader import BROKEN, ENTRIES, OFFICIAL, is_fma, load, split
from genrelens.data.fma.tracks_csv import SUBSETS, FmaRow, read_tracks

__all__ = ["BROKEN", "ENTRIES", "OFFICIAL", "SUBSETS", "FmaRow", "is_fma", "load", "read_tracks", "split"]
