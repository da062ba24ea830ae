"""Make the sounds on which "I don't know" is chosen and reported, reproducibly by seed.

    python tools/other_sounds.py --out runs/other-sounds --group choice
    python tools/other_sounds.py --out runs/other-sounds --group held-out

The two groups were fixed before any result was looked at: limits and detectors are chosen on the kinds of "choice", and
the kinds of "held-out" are only reported. Every sound is synthetic, speech too (``sounds/speech.py`` says by what).
Clips last 10 to 30 s, 22,050 Hz, 16 bit. So that a detector cannot tell them from GTZAN by how they were stored, every
clip has a random level; of each kind half go through Ogg Vorbis as GTZAN's here did, a third through a low-pass of 3 to
8 kHz, and a third get a light room and a noise floor.
"""

from __future__ import annotations

import argparse
import io
import zlib
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal
from sounds import far_music, field, machines, noises, speech, tones
from sounds.parts import RATE, Array, Maker, band, decay, samples

N_PER_KIND = 24


def _digital_silence(rng: np.random.Generator, n: int) -> Array:
    return np.zeros(n)


def _dither(rng: np.random.Generator, n: int) -> Array:
    return rng.uniform(-1, 1, n) + rng.uniform(-1, 1, n)


CHOICE: dict[str, dict[str, Maker]] = {
    "speech": {"espeak": speech.espeak, "english diphones": speech.english_diphones},
    "noise": {"white": noises.white, "pink": noises.pink, "brown": noises.brown},
    "silence": {"digital silence": _digital_silence},
    "tones": {"sine": tones.sine, "chirp": tones.chirp, "glide": tones.glide},
    "machines": {"mains hum": machines.mains_hum, "pump": machines.pump},
    "field": {"rain": field.rain, "birds": field.birds, "dogs": field.dogs, "typing": field.typing},
    "far music": {
        "bells": far_music.bells,
        "drone": far_music.drone,
        "atonal": far_music.atonal,
        "gongs": far_music.gongs,
    },
}
HELD_OUT: dict[str, dict[str, Maker]] = {
    "speech": {
        "flite": speech.flite,
        "statistical voices": speech.statistical,
        "other diphones": speech.other_diphones,
        "speech in a room": speech.in_a_room,
        "babble": speech.babble,
    },
    "noise": {
        "band-limited": noises.band_limited,
        "modulated": noises.modulated,
        "crackle": noises.crackle,
        "wind": noises.wind,
        "sea": noises.sea,
        "vinyl": noises.vinyl,
    },
    "silence": {"dither": _dither},
    "tones": {"square and FM": tones.square_fm, "dial": tones.dial, "beeps": tones.beeps, "siren": tones.siren},
    "machines": {"engine": machines.engine, "fan": machines.fan, "drill": machines.drill, "clock": machines.clock},
    "field": {
        "crickets": field.crickets,
        "thunder": field.thunder,
        "footsteps": field.footsteps,
        "water drops": field.drops,
        "applause": field.applause,
    },
    "far music": {
        "bagpipe": far_music.bagpipe,
        "music box": far_music.music_box,
        "serial piano": far_music.serial_piano,
        "overtone singing": far_music.overtone_singing,
    },
}
GROUPS = {"choice": CHOICE, "held-out": HELD_OUT}


def clip(kind: str, maker: Maker, *, seed: int, number: int) -> Array:
    """``(n,)`` samples in [-1, 1] at 22,050 Hz: the ``number``-th clip of a kind, dressed."""
    # The name's checksum and not its place, so that a kind's clips do not depend on the others.
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
    sound = maker(rng, samples(rng.uniform(10, 30)))
    if kind == "digital silence":
        return sound
    if kind == "dither":
        return sound / 32768
    return dressed(rng, sound, vorbis=number % 2 == 0, dull=number % 3 == 0, room=number % 3 == 1)


def dressed(rng: np.random.Generator, sound: Array, *, vorbis: bool, dull: bool, room: bool) -> Array:
    """The sound as a recording might have it, peaking between -24 and -0.5 dB of full scale."""
    if room:
        tail = rng.standard_normal(samples(0.3)) * decay(samples(0.3), seconds=rng.uniform(0.02, 0.06))
        wet = signal.fftconvolve(sound, tail)[: len(sound)]
        sound = sound / (sound.std() + 1e-9) + 0.4 * wet / (wet.std() + 1e-9)
        sound = sound + 10 ** (rng.uniform(-60, -40) / 20) * rng.standard_normal(len(sound))
    if dull:
        sound = band(sound, None, rng.uniform(3000, 8000))
    sound = sound / np.abs(sound).max() * 10 ** (rng.uniform(-24, -0.5) / 20)
    if vorbis:
        encoded = io.BytesIO()
        soundfile.write(encoded, sound, RATE, format="OGG", subtype="VORBIS")
        encoded.seek(0)
        decoded, _ = soundfile.read(encoded, dtype="float64")
        sound = np.clip(decoded, -1, 1)
    return np.asarray(sound, dtype=np.float64)


def write(out: Path, group: str, *, n_per_kind: int, seed: int) -> None:
    """``out/<group>/<family>/<kind>/<number>.flac``; clips that are there already are kept."""
    for family, kinds in GROUPS[group].items():
        for kind, maker in kinds.items():
            folder = out / group / family / kind
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(n_per_kind):
                path = folder / f"{number:02d}.flac"
                if not path.exists():
                    aside = path.with_suffix(".part")
                    sound = clip(kind, maker, seed=seed, number=number)
                    soundfile.write(aside, sound, RATE, format="FLAC", subtype="PCM_16")
                    aside.replace(path)
            print(f"{group}/{family}/{kind}: {n_per_kind} clips", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--group", required=True, choices=GROUPS)
    parser.add_argument("--n", type=int, default=N_PER_KIND, help="clips a kind")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(args.out, args.group, n_per_kind=args.n, seed=args.seed)


if __name__ == "__main__":
    main()
