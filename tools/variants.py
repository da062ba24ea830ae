"""One clip as different people have it: encoded, quantised, turned up, cut off; each variant is the bytes of a file.

A genre should not depend on any of it. ``VARIANTS`` is what robustness is reported on (``tools/robustness.py``,
docs/robustness.md); ``TRAINING_VARIANTS`` are of the same kinds with other settings, and are all that a model may be
trained on or chosen by, so that the reported ones stay unheard.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""``(n,)`` mono or ``(n, 2)`` stereo, full scale 1."""

INVERTED: Samples = np.array([1.0, -1.0], np.float32)
ONE_SIDE: Samples = np.array([1.0, 0.0], np.float32)
_TAPS = 1023
"""Length of the low-pass: at 22,050 Hz it falls from pass to stop (-75 dB) within 120 Hz."""


@dataclass(frozen=True, slots=True)
class Variant:
    """``make(samples (n,), rate in Hz)`` gives the bytes of an audio file; ``what`` describes it for people."""

    name: str
    what: str
    make: Callable[[Samples, int], bytes]


def wav(samples: Samples, rate: int, *, subtype: str = "PCM_16") -> bytes:
    """A wav file; what lies beyond full scale is cut there, except with ``subtype="FLOAT"``."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def mp3(samples: Samples, rate: int, *, kbit_s: int) -> bytes:
    """An mp3 file of constant bit rate by LAME, mono or joint stereo."""
    import av

    channels = samples.reshape(len(samples), -1).T
    layout = "mono" if len(channels) == 1 else "stereo"
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate, layout=layout)
        stream.bit_rate = 1000 * kbit_s
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(channels, dtype=np.float32), format="fltp", layout=layout
        )
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def resample(samples: Samples, rate: int, *, to: int) -> Samples:
    """By soxr, highest quality."""
    import soxr

    out: Samples = soxr.resample(samples, rate, to, quality="VHQ").astype(np.float32)
    return out


def gain(samples: Samples, *, db: float) -> Samples:
    """Multiplied by ``10 ** (db / 20)``."""
    return samples * np.float32(10.0 ** (db / 20.0))


def clip_over(samples: Samples, *, db: float) -> Samples:
    """Turned up until the loudest sample would be ``db`` above full scale, and cut at full scale. Silence stays."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples if peak == 0.0 else np.clip(gain(samples / np.float32(peak), db=db), -1.0, 1.0)


def low_pass(samples: Samples, rate: int, *, edge_hz: float) -> Samples:
    """By a Blackman-windowed sinc of linear phase; unchanged where ``edge_hz`` is half the rate or more."""
    if edge_hz >= rate / 2:
        return samples
    at = np.arange(_TAPS) - _TAPS // 2
    taps = np.sinc(2.0 * edge_hz / rate * at) * np.blackman(_TAPS)
    n = len(samples) + _TAPS - 1
    size = 1 << (n - 1).bit_length()
    out = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(taps / taps.sum(), size), size)
    return out[_TAPS // 2 : _TAPS // 2 + len(samples)].astype(np.float32)


def both(left: Samples, *, right_db: float = 0.0, delay: int = 0) -> Samples:
    """``(n, 2)``: the right channel ``right_db`` louder and ``delay`` samples later."""
    later = np.concatenate([np.zeros(delay, np.float32), left])[: len(left)]
    return np.stack([left, gain(later, db=right_db)], axis=1)


def offset(samples: Samples, rate: int, *, by: float) -> bytes:
    """A float wav with a constant added to every sample (DC)."""
    return wav(samples + np.float32(by), rate, subtype="FLOAT")


def hiss(samples: Samples, *, below_db: float) -> Samples:
    """White noise ``below_db`` under the clip's own mean power, the same noise each time."""
    noise = np.random.default_rng(0).standard_normal(len(samples), dtype=np.float32)
    return samples + gain(noise, db=-below_db) * np.float32(np.sqrt(np.mean(np.square(samples))))


def _variants(*variants: tuple[str, str, Callable[[Samples, int], bytes]]) -> dict[str, Variant]:
    return {name: Variant(name, what, make) for name, what, make in variants}


VARIANTS = _variants(
    ("mp3-64", "mp3 at 64 kb/s, mono at its own rate", lambda x, r: mp3(x, r, kbit_s=64)),
    (
        "mp3-64-stereo",
        "mp3 at 64 kb/s, 44.1 kHz joint stereo, the channels slightly apart",
        lambda x, r: mp3(both(resample(x, r, to=44_100), right_db=-3.0, delay=4), 44_100, kbit_s=64),
    ),
    ("8-bit", "8-bit wav", lambda x, r: wav(x, r, subtype="PCM_U8")),
    ("stereo", "stereo, two equal channels", lambda x, r: wav(both(x), r)),
    ("stereo-pan", "stereo, the right channel 9 dB softer", lambda x, r: wav(both(x, right_db=-9.0), r)),
    (
        "stereo-apart",
        "stereo, the right channel 3 dB softer and two samples (0.09 ms) later",
        lambda x, r: wav(both(x, right_db=-3.0, delay=2), r),
    ),
    ("stereo-inverted", "stereo, the right channel inverted", lambda x, r: wav(both(x) * INVERTED, r)),
    ("stereo-one", "stereo, the right channel silent", lambda x, r: wav(both(x) * ONE_SIDE, r)),
    ("constant-0.02", "a constant of 0.02 of full scale added, float wav", lambda x, r: offset(x, r, by=0.02)),
    ("constant-0.2", "a constant of 0.2 of full scale added, float wav", lambda x, r: offset(x, r, by=0.2)),
    ("44.1-khz", "44.1 kHz, 24 bit", lambda x, r: wav(resample(x, r, to=44_100), 44_100, subtype="PCM_24")),
    ("48-khz", "48 kHz, 24 bit", lambda x, r: wav(resample(x, r, to=48_000), 48_000, subtype="PCM_24")),
    ("96-khz", "96 kHz, 24 bit", lambda x, r: wav(resample(x, r, to=96_000), 96_000, subtype="PCM_24")),
    ("+12-db-float", "+12 dB, float wav: nothing cut", lambda x, r: wav(gain(x, db=12), r, subtype="FLOAT")),
    ("-12-db-float", "-12 dB, float wav", lambda x, r: wav(gain(x, db=-12), r, subtype="FLOAT")),
    ("+12-db", "+12 dB, 16 bit: cut at full scale", lambda x, r: wav(gain(x, db=12), r)),
    ("-12-db", "-12 dB, 16 bit", lambda x, r: wav(gain(x, db=-12), r)),
    ("clipped", "peaks 6 dB over full scale, cut there", lambda x, r: wav(clip_over(x, db=6), r)),
    ("low-pass", "low-passed at 8 kHz", lambda x, r: wav(low_pass(x, r, edge_hz=8_000), r)),
    ("cut", "the first 10 s cut off", lambda x, r: wav(x[10 * r :], r)),
)
"""By name. Of a clip shorter than 10 s ``cut`` leaves nothing."""

TRAINING_VARIANTS = _variants(
    ("mp3-32", "mp3 at 32 kb/s, mono at its own rate", lambda x, r: mp3(x, r, kbit_s=32)),
    ("hiss", "white noise 35 dB below the clip", lambda x, r: wav(hiss(x, below_db=35), r)),
    ("clipped-9", "peaks 9 dB over full scale, cut there", lambda x, r: wav(clip_over(x, db=9), r)),
    ("low-pass-5", "low-passed at 5 kHz", lambda x, r: wav(low_pass(x, r, edge_hz=5_000), r)),
    (
        "stereo-comb",
        "stereo, the right channel 2 dB softer and four samples (0.18 ms) later",
        lambda x, r: wav(both(x, right_db=-2.0, delay=4), r),
    ),
    ("end-cut", "the last 10 s cut off", lambda x, r: wav(x[: -10 * r], r)),
)
"""By name; none of them is in :data:`VARIANTS`."""
