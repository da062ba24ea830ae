"""GTZAN: 1,000 excerpts of about 30 s, ten genres, 100 each (Tzanetakis & Cook 2002, "Musical genre
classification of audio signals").

Licence: none; the clips are excerpts of published recordings, so genrelens ships facts about them and no
sound. Artists and repeats are Sturm's (2012, corrected 2014; arXiv 1306.1461), the fault-filtered split is
Kereliuk, Sturm & Larsen's (2015, arXiv 1507.04761); ``tools/make_gtzan_facts.py`` writes them.
"""

from genrelens.data.gtzan.facts import (
    DATASET,
    SHORT_CLIPS,
    SPLITS,
    all_ids,
    clip_id,
    facts,
    segment_ids,
    segments,
    split,
)
from genrelens.data.gtzan.files import clips_of_rows, is_gtzan, picture_tracks, pictures, tables
from genrelens.data.gtzan.loader import ENTRY, load

__all__ = [
    "DATASET",
    "ENTRY",
    "SHORT_CLIPS",
    "SPLITS",
    "all_ids",
    "clip_id",
    "clips_of_rows",
    "facts",
    "is_gtzan",
    "load",
    "picture_tracks",
    "pictures",
    "segment_ids",
    "segments",
    "split",
    "tables",
]
