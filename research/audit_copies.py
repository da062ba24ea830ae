"""How many copies the audit finds, by codec, loudness and offset, and how many pairs it makes up (docs/audit.md).

    python research/audit_copies.py ../shared/data --clips 40 > copies.md

Takes clips of GTZAN and FMA at random, writes copies of each to a temporary folder, and lets the audit look for them
among all clips of GTZAN. What it finds between other clips is printed last, beside what is known about GTZAN.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from genrelens.audio import load
from genrelens.audit.duplicates import find_duplicates
from genrelens.audit.listen import listen
from genrelens.data import gtzan

GAINS_DB = (0, 12, -12)
OFFSETS_S = (0.0, 2.512, 5.0)
NATIVE = 0


@dataclass(frozen=True)
class Codec:
    """How a copy is encoded; ``rate`` 0 is the clip's own, ``bits`` a second."""

    name: str
    suffix: str
    encoder: str = ""
    bits: int = 0
    rate: int = NATIVE
    stereo: bool = False


CODECS = (
    Codec("wav, 16 bit", ".wav"),
    Codec("Vorbis, quality 0.1", ".ogg"),
    Codec("mp3 128 kb/s", ".mp3", "libmp3lame", 128_000),
    Codec("mp3 64 kb/s", ".mp3", "libmp3lame", 64_000),
    Codec("mp3 64 kb/s, 44.1 kHz stereo", ".mp3", "libmp3lame", 64_000, 44_100, True),
    Codec("AAC 64 kb/s, 44.1 kHz stereo", ".m4a", "aac", 64_000, 44_100, True),
    Codec("Opus 32 kb/s", ".opus", "libopus", 32_000, 48_000),
)


def write_copy(
    path: Path, samples: NDArray[np.float32], rate: int, *, codec: Codec, gain_db: float, offset_s: float
) -> None:
    """A copy from ``offset_s`` on, louder by ``gain_db`` and then cut off at full scale, as 16 bits cut it off."""
    cut = np.clip(samples[round(offset_s * rate) :] * 10 ** (gain_db / 20), -1.0, 32767 / 32768)
    if codec.suffix == ".wav":
        soundfile.write(path, cut, rate, subtype="PCM_16")
    elif codec.suffix == ".ogg":
        soundfile.write(path, cut, rate, format="OGG", subtype="VORBIS", compression_level=0.9)
    else:
        out_rate = codec.rate or rate
        encode(path, soxr.resample(cut, rate, out_rate) if out_rate != rate else cut, out_rate, codec=codec)


def encode(path: Path, samples: NDArray[np.float32], rate: int, *, codec: Codec) -> None:
    import av

    layout = "stereo" if codec.stereo else "mono"
    planes = np.ascontiguousarray(np.tile(samples, (2 if codec.stereo else 1, 1)), dtype=np.float32)
    with av.open(str(path), "w", format="ogg" if codec.suffix == ".opus" else None) as container:
        stream = container.add_stream(codec.encoder, rate=rate, layout=layout)
        stream.bit_rate = codec.bits
        stream.codec_context.open()
        whole = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        whole.sample_rate = rate
        cutter = av.AudioResampler(
            format=stream.codec_context.format,
            layout=layout,
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        at = 0
        for frame in [*cutter.resample(whole), *cutter.resample(None)]:
            frame.pts = at
            at += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def pairs_of(groups: Iterator[tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(a, b) for paths in groups for i, a in enumerate(paths) for b in paths[i + 1 :]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tracks = gtzan.load(given.data).tracks
    originals = [str(track.path) for track in tracks]
    others = [str(path) for path in sorted((given.data / "fma").rglob("*.mp3"))]
    left_out = gtzan.facts().left_out
    rng = np.random.default_rng(given.seed)
    begun = time.perf_counter()
    heard = {path: listen(path) for path in [*originals, *others]}
    print(f"heard {len(heard)} files in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    whole = [path for path in others if heard[path].duration_s > 20]  # some of FMA's are broken, 2 s long
    good = [str(track.path) for track in tracks if track.id not in left_out]
    n_fma = min(len(whole), given.clips // 4)
    chosen = [*rng.choice(good, given.clips - n_fma, replace=False), *rng.choice(whole, n_fma, replace=False)]
    own = find_duplicates(list(heard.values()))
    known = pairs_of(tuple(duplicate.paths) for duplicate in own)
    repeated = {path for pair in known for path in pair}
    single = {path: one for path, one in heard.items() if path not in repeated or path in chosen}
    print(f"Of {len(chosen)} clips ({n_fma} of them FMA's, 44.1 kHz stereo mp3), found among {len(single)}:\n")
    heads = [f"{gain:+d} dB, {offset:g} s" for gain in GAINS_DB for offset in OFFSETS_S]
    print("| copy | " + " | ".join(heads) + " | least correlation | false pairs |")
    print("|---|" + "---:|" * (len(heads) + 2))
    for codec in CODECS:
        cells, n_false, lowest = [], 0, 1.0
        for gain in GAINS_DB:
            for offset in OFFSETS_S:
                found, false, least = look_for(
                    chosen, heard=single, known=known, codec=codec, gain_db=gain, offset_s=offset
                )
                cells.append(str(found))
                n_false += false
                lowest = min(lowest, least)
        print(f"| {codec.name} | " + " | ".join(cells) + f" | {lowest:.2f} | {n_false} |", flush=True)
    print("\nRepeats among the clips as they are:\n")
    facts = gtzan.facts()
    listed = {frozenset(pair) for pair in facts.exact_duplicates + facts.near_duplicates}
    for a, b in sorted(known):
        pair = frozenset((Path(a).stem, Path(b).stem))
        print(f"- {' = '.join(sorted(pair))}{'' if pair in listed else ' (not in the list)'}")


def look_for(chosen, *, heard, known, codec, gain_db, offset_s) -> tuple[int, int, float]:  # type: ignore[no-untyped-def]
    """(copies found with their original, pairs of a copy and another clip that is not known to be one, and the least
    correlation of what was found).
    """
    with tempfile.TemporaryDirectory() as folder:
        copies = {}
        for i, path in enumerate(chosen):
            clip = load(path)
            copy = Path(folder) / f"copy{i:03d}{codec.suffix}"
            write_copy(copy, clip.samples, clip.sample_rate, codec=codec, gain_db=gain_db, offset_s=offset_s)
            copies[str(copy)] = path
        duplicates = find_duplicates([*heard.values(), *(listen(copy) for copy in copies)])
        pairs = pairs_of(tuple(duplicate.paths) for duplicate in duplicates)
    of_copies = {(a, copies[b]) for a, b in pairs if b in copies and a not in copies}
    found = sum((path, path) in of_copies for path in copies.values())
    false = {(a, b) for a, b in of_copies if a != b and (a, b) not in known and (b, a) not in known}
    false |= {(copies[a], copies[b]) for a, b in pairs if a in copies and b in copies}
    false = {(a, b) for a, b in false if (a, b) not in known and (b, a) not in known}
    of_a_copy = [duplicate.correlation for duplicate in duplicates if any(path in copies for path in duplicate.paths)]
    return found, len(false), min(of_a_copy, default=1.0)


if __name__ == "__main__":
    main()
