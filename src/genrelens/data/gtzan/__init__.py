"""GTZAN: 1,000 excerpts of about 30 s, ten genres, 100 each (Tzanetakis & Cook 2002, "Musical genre
classification of audio signals").

Licence: none; the clips are excerpts of published recordings, so genrelens ships facts about them and no
sound. Artists and repeats are Sturm's (2012, corrected 2014; arXiv 1306.1461), the fault-filtered split is
Kereliuk, Sturm & Larsen's (2015, arXiv 1507.04761); ``tools/make_gtzan_facts.py`` writes them.
"""

from genrelens.data.gtzan.facts import DATASET, N_CLIPS_PER_GENRE, Facts, all_ids, clip_id, facts
from genrelens.data.gtzan.layout import LAYOUTS, is_gtzan
from genrelens.data.gtzan.loader import GtzanData, load
from genrelens.data.gtzan.pictures import picture_tracks, pictures
from genrelens.data.gtzan.segments import SHORT_CLIPS, segment_ids, segments
from genrelens.data.gtzan.splits import SPLITS, split
from genrelens.data.gtzan.tables import TABLES, clips_of_rows, tables

__all__ = [
    "DATASET",
    "LAYOUTS",
    "N_CLIPS_PER_GENRE",
    "SHORT_CLIPS",
    "SPLITS",
    "TABLES",
    "Facts",
    "GtzanData",
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
