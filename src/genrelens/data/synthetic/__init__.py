"""Ten synthetic styles with known cues, for tests and demonstrations: NumPy, seeded, quick, free to use.

The styles borrow ideas of real music, so that a classifier can learn them as it learns genres, and of each we
know what gives it away and where, so that an explanation can be held against the truth. Tempo, key, chords,
timbre, brightness, hiss and level vary from clip to clip.

=================  ==============  ===========  =====================================================
style              cue, Hz         beats a min  cue in words
=================  ==============  ===========  =====================================================
arpeggio           250 to 2,500    100 to 140   sixteenth notes up and down a chord
breakbeat          30 to 90        158 to 178   a broken fast drum pattern over a long sub bass
chorale            200 to 2,000    60 to 84     four voices of strings that swell and change slowly
drone              60 to 400       none         a fifth that is held throughout, without onsets
fingerpicking      150 to 1,500    84 to 120    plucked strings, thumb and fingers in turn
four_on_the_floor  40 to 130       112 to 132   a bass drum on every beat
off_beat_skank     400 to 3,000    66 to 84     short chords between the beats, bass gaps
power_chords       1,000 to 5,000  130 to 180   distorted fifths in driven eighths
walking_swing      3,000 to        120 to 190   a swung ride cymbal over walking bass
                   10,000
waltz              250 to 1,500    140 to 190   low note on one, chords on two and three
=================  ==============  ===========  =====================================================
"""

from genrelens.data.synthetic.corpus import BY_TIMBRE, DATASET, ENTRY, MARKER, is_corpus, load, split, write_corpus
from genrelens.data.synthetic.styles import STYLES, SYNTHETIC, Style, render

__all__ = [
    "BY_TIMBRE",
    "DATASET",
    "ENTRY",
    "MARKER",
    "STYLES",
    "SYNTHETIC",
    "Style",
    "is_corpus",
    "load",
    "render",
    "split",
    "write_corpus",
]
