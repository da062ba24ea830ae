"""The ten styles as arrangements for a :class:`Desk`, and the table of what gives each away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from genrelens.audio import Clip
from genrelens.data.synthetic.voices import Desk, Timbre
from genrelens.errors import DataError, TaxonomyError
from genrelens.taxonomy import Taxonomy

MAJOR: Final = (0, 4, 7)
MINOR: Final = (0, 3, 7)
Chord = tuple[int, tuple[int, ...]]
PROGRESSIONS: Final[tuple[tuple[Chord, ...], ...]] = (
    ((0, MAJOR), (7, MAJOR), (9, MINOR), (5, MAJOR)),
    ((0, MINOR), (8, MAJOR), (3, MAJOR), (10, MAJOR)),
    ((0, MAJOR), (5, MAJOR), (0, MAJOR), (7, MAJOR)),
    ((0, MINOR), (5, MINOR), (7, MINOR), (0, MINOR)),
    ((2, MINOR), (7, MAJOR), (0, MAJOR), (9, MINOR)),
)


@dataclass(frozen=True, slots=True)
class Style:
    """One style: its ``name``, the band ``cue_low_hz`` to ``cue_high_hz`` where what gives it away sounds,
    the range of its tempo in beats a minute (``None`` for a style without a beat), and a ``summary`` in
    words.
    """

    name: str
    cue_low_hz: float
    cue_high_hz: float
    tempo_bpm: tuple[float, float] | None
    summary: str


@dataclass(frozen=True, slots=True)
class Song:
    """What the dice gave: seconds a beat, the key's lowest note (MIDI number, 33 to 44), four chords."""

    beat_s: float
    root: int
    chords: tuple[Chord, ...]

    def chord(self, number: int) -> list[int]:
        """MIDI numbers of chord ``number`` (they repeat), between ``root`` and an octave and a half above."""
        base, intervals = self.chords[number % len(self.chords)]
        return [self.root + base % 12 + interval for interval in intervals]


def hz(note: float) -> float:
    """Frequency of a MIDI number: 69 is 440 Hz."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def _four_on_the_floor(desk: Desk, song: Song) -> None:
    beat = song.beat_s
    kick, hat, snare = desk.kick(), desk.hat(length_s=0.07), desk.snare()
    for at in desk.every(beat):
        desk.play(kick, at_s=at, gain=1.0)
    for at in desk.every(beat, offset_s=beat / 2):
        desk.play(hat, at_s=at, gain=0.4)
    for at in desk.every(2 * beat, offset_s=beat):
        desk.play(snare, at_s=at, gain=0.35)
    t = desk.times(0.45 * beat)
    for i, at in enumerate(desk.every(beat / 2)):
        note = song.chord(i // 8)[0] + 12 * (i % 2)
        desk.play(desk.tone(hz(note), t) * desk.decay(t, 0.2), at_s=at, gain=0.35)


def _breakbeat(desk: Desk, song: Song) -> None:
    beat = song.beat_s
    kick, snare, hat = desk.kick(), desk.snare(), desk.hat(length_s=0.025)
    for bar in desk.every(4 * beat):
        for step in (0, 2.5, *desk.rng.choice([1.5, 2.25, 3.5], 1)):
            desk.play(kick, at_s=bar + step * beat, gain=0.7)
        for step in (1, 3, *desk.rng.choice([1.75, 2.25, 3.75], 2)):
            desk.play(snare, at_s=bar + step * beat, gain=0.6 if step in (1, 3) else 0.25)
    for at in desk.every(beat / 2):
        desk.play(hat, at_s=at, gain=0.25)
    t = desk.times(3.6 * beat)
    for i, at in enumerate(desk.every(4 * beat)):
        note = song.chord(i)[0] % 12 + 26
        desk.play(desk.tone(hz(note), t, brightness=0.15) * desk.swell(t, 0.03, 0.3), at_s=at, gain=0.7)


def _waltz(desk: Desk, song: Song) -> None:
    beat = song.beat_s
    t, short = desk.times(0.9 * beat), desk.times(0.55 * beat)
    for bar, at in enumerate(desk.every(3 * beat)):
        chord = song.chord(bar // 2)
        low = desk.tone(hz(chord[0] - 12 * (bar % 2 == 0) + 12), t, brightness=0.6)
        desk.play(low * desk.decay(t, 0.4), at_s=at, gain=0.7)
        for step in (1, 2):
            for note in chord:
                sound = desk.tone(hz(note + 24), short, vibrato=0.003) * desk.swell(short, 0.03, 0.08)
                desk.play(sound, at_s=at + step * beat, gain=0.25)
        tune = desk.tone(hz(desk.rng.choice(chord) + 36), t, vibrato=0.005) * desk.swell(t, 0.05, 0.1)
        desk.play(tune, at_s=at + beat * desk.rng.integers(0, 3), gain=0.2)


def _drone(desk: Desk, song: Song) -> None:
    t = desk.times(desk.duration_s)
    for interval, gain in ((0, 0.5), (7, 0.35), (12, 0.3), (19, 0.12)):
        note = song.root + 6 + interval
        for detune in (-0.04, 0.05):
            slow_hz, phase = desk.rng.uniform(0.04, 0.12), desk.rng.uniform(0, 2 * np.pi)
            wave = (0.7 + 0.3 * np.sin(2 * np.pi * slow_hz * t + phase)).astype(np.float32)
            brightness = desk.rng.uniform(0.5, 0.85)
            desk.play(desk.tone(hz(note + detune), t, brightness=brightness) * wave, at_s=0.0, gain=gain)


def _arpeggio(desk: Desk, song: Song) -> None:
    step = song.beat_s / 4
    order = desk.rng.permutation(6)
    t = desk.times(1.6 * step)
    sounds = {}
    for i, at in enumerate(desk.every(step)):
        notes = [note + octave for octave in (24, 36) for note in song.chord(i // 16)]
        note = notes[order[i % 6]]
        if note not in sounds:
            sounds[note] = desk.tone(hz(note), t, brightness=0.92) * desk.decay(t, 0.09)
        desk.play(sounds[note], at_s=at, gain=0.5, loose_s=0.001)
    long = desk.times(3.9 * song.beat_s)
    for i, at in enumerate(desk.every(4 * song.beat_s)):
        low = desk.tone(hz(song.chord(i)[0]), long, brightness=0.5) * desk.swell(long, 0.05, 0.2)
        desk.play(low, at_s=at, gain=0.2)


def _walking_swing(desk: Desk, song: Song) -> None:
    beat = song.beat_s
    ride = desk.ride()
    for i, at in enumerate(desk.every(beat)):
        chord = song.chord(i // 4)
        note = chord[i % 4 % 3] if i % 4 < 3 else song.chord(i // 4 + 1)[0] + int(desk.rng.choice([-1, 1]))
        desk.play(desk.pluck(hz(note), length_s=1.1 * beat, brightness=0.5), at_s=at, gain=0.8, loose_s=0.008)
        desk.play(ride, at_s=at, gain=0.5)
        if i % 2:
            desk.play(ride, at_s=at + 0.66 * beat, gain=0.35)
        if desk.rng.random() < 0.25:
            t = desk.times(0.3)
            for interval in (3, 7, 10):
                comp = desk.tone(hz(chord[0] + 24 + interval), t, brightness=0.5) * desk.decay(t, 0.12)
                desk.play(comp, at_s=at + 0.66 * beat, gain=0.15)


def _power_chords(desk: Desk, song: Song) -> None:
    eighth = song.beat_s / 2
    muted, open_ = desk.times(0.95 * eighth), desk.times(2.1 * eighth)
    for i, at in enumerate(desk.every(eighth)):
        rings = i % 8 in (0, 3, 6)
        t = open_ if rings else muted
        root = song.chord(i // 16)[0] + (3 if i % 16 == 14 else 0)
        for interval in (0, 7, 12):
            string = desk.tone(hz(root + 7 + interval), t, brightness=0.95)
            desk.play(string * desk.decay(t, 0.5 if rings else 0.07), at_s=at, gain=0.4, loose_s=0.002)
    np.tanh(desk.samples * np.float32(desk.rng.uniform(5.0, 9.0)), out=desk.samples)
    desk.lift_treble(0.9)  # a loudspeaker of a guitar gives little below 500 Hz
    desk.lift_treble(-0.5)  # and little above 5 kHz
    desk.samples *= np.float32(2.5)
    kick, snare = desk.kick(), desk.snare()
    for at in desk.every(4 * eighth):
        desk.play(kick, at_s=at, gain=0.7)
        desk.play(snare, at_s=at + 2 * eighth, gain=0.5)


def _off_beat_skank(desk: Desk, song: Song) -> None:
    beat = song.beat_s
    kick, t, low = desk.kick(), desk.times(0.11), desk.times(1.3 * beat)
    for i, at in enumerate(desk.every(beat, offset_s=beat / 2)):
        for note in song.chord(i // 4):
            desk.play(desk.tone(hz(note + 28), t, brightness=0.95) * desk.decay(t, 0.06), at_s=at, gain=0.6)
    for i, at in enumerate(desk.every(4 * beat)):
        desk.play(kick, at_s=at + 2 * beat, gain=0.5)
        for step in (0.0, 1.5, 2.5):
            note = desk.rng.choice(song.chord(i)) - 5
            sound = desk.tone(hz(note), low, brightness=0.25) * desk.swell(low, 0.02, 0.15)
            desk.play(sound, at_s=at + step * beat, gain=0.25)


def _chorale(desk: Desk, song: Song) -> None:
    long_s = 4 * song.beat_s
    t = desk.times(1.1 * long_s)
    for i, at in enumerate(desk.every(long_s)):
        chord = song.chord(i)
        for note in (chord[0] + 12, chord[2] + 12, chord[1] + 24, chord[0] + 36):
            for detune in (-0.06, 0.07):
                voice = desk.tone(hz(note + detune), t, brightness=0.8, vibrato=0.006)
                desk.play(voice * desk.swell(t, 0.35, 0.5), at_s=at, gain=0.25, loose_s=0.02)


def _fingerpicking(desk: Desk, song: Song) -> None:
    eighth = song.beat_s / 2
    sounds = {}
    for i, at in enumerate(desk.every(eighth)):
        chord = song.chord(i // 16)
        fingers = [note + 24 for note in chord]
        note = chord[0 if i % 4 == 0 else 2] + 7 if i % 2 == 0 else int(desk.rng.choice(fingers))
        if note not in sounds:
            sounds[note] = desk.pluck(hz(note), length_s=1.2, brightness=0.9)
        desk.play(sounds[note], at_s=at, gain=0.6, loose_s=0.006)


_ARRANGEMENTS: Final[tuple[tuple[Style, Callable[[Desk, Song], None]], ...]] = (
    (Style("arpeggio", 250, 2500, (100, 140), "sixteenth notes up and down a chord"), _arpeggio),
    (Style("breakbeat", 30, 90, (158, 178), "a broken fast drum pattern over a long sub bass"), _breakbeat),
    (Style("chorale", 200, 2000, (60, 84), "four voices of strings that swell and change slowly"), _chorale),
    (Style("drone", 60, 400, None, "a fifth that is held throughout, without onsets"), _drone),
    (Style("fingerpicking", 150, 1500, (84, 120), "plucked strings, thumb and fingers in turn"), _fingerpicking),
    (Style("four_on_the_floor", 40, 130, (112, 132), "a bass drum on every beat"), _four_on_the_floor),
    (Style("off_beat_skank", 400, 3000, (66, 84), "short chords between the beats, bass gaps"), _off_beat_skank),
    (Style("power_chords", 1000, 5000, (130, 180), "distorted fifths in driven eighths"), _power_chords),
    (Style("walking_swing", 3000, 10000, (120, 190), "a swung ride cymbal over walking bass"), _walking_swing),
    (Style("waltz", 250, 1500, (140, 190), "low note on one, chords on two and three"), _waltz),
)

STYLES: Final[Mapping[str, Style]] = {style.name: style for style, _ in _ARRANGEMENTS}
"""The styles by name, in class order."""

SYNTHETIC: Final = Taxonomy(names=tuple(STYLES))
"""The synthetic styles as a taxonomy."""


def render(
    style: str, *, seed: int, timbre_seed: int | None = None, duration_s: float = 30.0, sample_rate: int = 22050
) -> Clip:
    """A clip in a style: mono float32, peak below 1, the same for the same arguments.

    ``seed`` draws tempo, key, chords, playing and level; ``timbre_seed`` the ensemble that plays it
    (``None``: one of its own). ``sample_rate`` is in Hz. Raises :class:`TaxonomyError` on an unknown style
    and :class:`DataError` on a length that is not positive or a rate below 4 kHz.
    """
    if style not in STYLES:
        raise TaxonomyError(f"unknown synthetic style {style!r}; known styles: {', '.join(STYLES)}")
    if not 0.0 < duration_s < 1e5 or sample_rate < 4000:
        raise DataError(
            f"expected a length above 0 s and a rate of 4000 Hz or more, got {duration_s} s and {sample_rate} Hz"
        )
    number = tuple(STYLES).index(style)
    timbre_rng = np.random.default_rng([number, 1, seed if timbre_seed is None else timbre_seed])
    rng = np.random.default_rng([number, 0, seed])
    desk = Desk(rng=rng, timbre=Timbre.draw(timbre_rng), duration_s=duration_s, sample_rate=sample_rate)
    tempo_bpm = STYLES[style].tempo_bpm or (60.0, 61.0)
    song = Song(
        beat_s=60.0 / rng.uniform(*tempo_bpm),
        root=int(rng.integers(33, 45)),
        chords=PROGRESSIONS[rng.integers(len(PROGRESSIONS))],
    )
    _ARRANGEMENTS[number][1](desk, song)
    return Clip(desk.finish(), sample_rate, f"synthetic:{style}:{seed}")
