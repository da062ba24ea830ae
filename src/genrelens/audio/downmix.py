"""From several channels to one, so that nothing that every player plays is lost.

The channels are averaged, as everybody does. But averaging takes away what two channels hold with opposite signs, or
one a little later than the other (two microphones, a "widened" recording): a comb of frequencies, or all of it. So the
channels are compared in bands of frequency first, and one that would take away what another holds is left out:

- In each of 24 bands, S is the power of the channels so far, T that of the next, and C their cross-power (the real part
  of the cross-spectrum). Together they have S + T + 2 C, where channels without a relation have S + T.
- A band is cancelled where 2 C < -0.5 (S + T): less than half is left of what unrelated channels would give.
- A channel that cancels a tenth of the bands or more, or that is digitally silent, takes no part.

Channels are taken in the order of their power, as far as it differs clearly, so of two it is the louder that stays.
Powers are running averages in which a frame counts half as much after six seconds; each block is mixed by what is known
with it, so nothing waits and any length streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

N_BANDS: Final = 24
LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 8_000.0
"""What the models hear; higher up, spaced microphones cancel in every recording."""
CANCELLED: Final = -0.5
CANCELLED_SHARE: Final = 0.1
HALF_LIFE_S: Final = 6.0

_AUDIBLE = 1e-6  # of the loudest band's power: a band with less counts for nothing
_SILENT = 1e-8  # of the loudest channel's power
_CLEARLY_LOUDER = 1.5  # times the power
_FRAME_S = 0.023
_EVERY = 64  # of so many frames one is looked at; of fewer at first, which decide how a file begins
_EVERY_AT_FIRST = 3
_BEGIN_S = 1.5
_ONSET = 10.0  # so many times as loud as all before: the sound begins here, behind silence or noise
_PAIRS_AT_ONCE = 64  # of channels; bounds the memory for many
_PEEK = 64  # of so many samples one tells how loud a block is

Channels = Sequence[NDArray[np.float32]]
"""A block of sound: (n,) float32 of each channel, full scale [-1, 1]. Decoders have them apart, and so they stay."""
Watch = Callable[[NDArray[np.float32]], None]
"""What looks at (n, channels) samples on their way, full scale [-1, 1], and must not write to them."""


def mixed(blocks: Iterable[Channels], *, sample_rate: int, watch: Watch | None = None) -> Iterator[NDArray[np.float32]]:
    """Yield (k,) contiguous mono float32 for each block of (k,) channels; ``watch`` is shown the block first.

    The number of channels may change from block to block.
    """
    downmix = None
    for block in blocks:
        if watch is not None:
            watch(np.stack(block, axis=1))
        if downmix is None or downmix.n_channels != len(block):
            downmix = Downmix(len(block), sample_rate=sample_rate)
        yield downmix.mono(block)


class Downmix:
    """Mixes the blocks of one sound, in their order, to mono.

    Args:
        n_channels: of every block, 1 or more.
        sample_rate: Hz.
    """

    def __init__(self, n_channels: int, *, sample_rate: int) -> None:
        self.n_channels = n_channels
        self._sample_rate = sample_rate
        self._order = list(range(n_channels))
        self._kept = list(range(n_channels))
        self._loudest = 0.0
        self._n_seen = 0  # since the sound began
        self._until_next = 0  # samples to the next frame that is looked at
        self._n_since = 0  # samples since the averages were brought up to date
        self._window, self._edges = _bands(sample_rate)
        self._n_fft = len(self._window)
        self._pairs = np.triu_indices(n_channels)
        self._pair_of = np.zeros((n_channels, n_channels), np.intp)
        self._pair_of[self._pairs] = self._pair_of.T[self._pairs] = np.arange(len(self._pairs[0]))
        self._cross = np.zeros((len(self._pairs[0]), len(self._edges) - 1))

    def mono(self, block: Channels) -> NDArray[np.float32]:
        """Mix channels of (n,) to (n,) contiguous float32."""
        if self.n_channels == 1:
            return np.ascontiguousarray(block[0])
        with np.errstate(all="ignore"):  # what is not finite is found, and refused, behind this
            if self._remember(block):
                self._kept = self._chosen()
            kept = self._kept
            if len(kept) == 1:
                return np.ascontiguousarray(block[kept[0]])
            mixed = block[kept[0]] + block[kept[1]]
            for channel in kept[2:]:
                mixed += block[channel]
            mixed *= np.float32(1 / len(kept))
        return mixed

    def _remember(self, block: Channels) -> bool:
        """Add the block's power and cross-power in each band to the average, where it is this block's turn."""
        n_samples = len(block[0])
        loud = max(float(np.abs(channel[::_PEEK]).max(initial=0.0)) for channel in block)
        if loud > _ONSET * self._loudest:
            self._n_seen = self._until_next = 0
        self._loudest = max(self._loudest, loud)
        starts = self._starts(n_samples)
        self._n_since += n_samples
        if not starts:
            return False
        self._cross *= 0.5 ** (self._n_since / (HALF_LIFE_S * self._sample_rate))
        self._n_since = 0
        found = self._powers(block, starts)
        if np.isfinite(found).all():
            self._cross += found
        return True

    def _starts(self, n_samples: int) -> list[int]:
        """Where in a block of so many samples the frames begin that are looked at."""
        starts, start = [], self._until_next
        while start < max(1, n_samples - self._n_fft + 1):
            starts.append(start)
            at_first = self._n_seen + start < _BEGIN_S * self._sample_rate
            start += self._n_fft * (_EVERY_AT_FIRST if at_first else _EVERY)
        self._until_next = max(0, start - n_samples)
        self._n_seen += n_samples
        return starts

    def _powers(self, block: Channels, starts: Sequence[int]) -> NDArray[np.float64]:
        """The (pairs of channels, bands) power and cross-power of the frames of a block, added up."""
        snippets = np.zeros((self.n_channels, len(starts), self._n_fft), np.float32)
        for channel, of_channel in zip(block, snippets, strict=True):
            for start, snippet in zip(starts, of_channel, strict=True):
                part = channel[start : start + self._n_fft]
                snippet[: len(part)] = part
        snippets *= self._window
        parts = np.fft.rfft(snippets)[..., : self._edges[-1]].view(np.float32)  # real and imaginary parts by turns
        found = np.empty_like(self._cross)
        for start in range(0, len(found), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            products = parts[self._pairs[0][some]] * parts[self._pairs[1][some]]
            in_bands = np.add.reduceat(products, 2 * self._edges[:-1], axis=-1, dtype=np.float64)
            in_bands.sum(axis=1, out=found[some])
        return found

    def _chosen(self) -> list[int]:
        """The channels that are averaged, the loudest first."""
        everything = self._cross[self._pair_of.diagonal()]
        loudness = everything.sum(axis=1)
        if not loudness.any():
            return list(range(self.n_channels))
        self._sort(loudness)
        powers = everything[:, 1:-1]
        total = powers.sum(axis=0)
        audible = total > _AUDIBLE * total.max(initial=0.0)
        n_audible = np.count_nonzero(audible)
        loudest, *others = self._order
        kept, power = [loudest], powers[loudest]
        for channel in others:
            both = power + powers[channel]
            twice_cross = 2 * self._cross[self._pair_of[kept, channel], 1:-1].sum(axis=0)
            n_cancelled = np.count_nonzero((twice_cross < CANCELLED * both) & audible)
            cancels = n_cancelled > 0 and n_cancelled >= CANCELLED_SHARE * n_audible
            if not cancels and loudness[channel] > _SILENT * loudness[loudest]:
                kept.append(channel)
                power = both + twice_cross
        return kept

    def _sort(self, loudness: NDArray[np.float64]) -> None:
        """Put louder channels first, but leave those that are about as loud: an inverted pair must not take turns."""
        order = self._order
        for last in range(len(order) - 1, 0, -1):
            for i in range(last):
                if loudness[order[i + 1]] > _CLEARLY_LOUDER * loudness[order[i]]:
                    order[i], order[i + 1] = order[i + 1], order[i]


@lru_cache(maxsize=8)
def _bands(sample_rate: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The window of a frame, (n_fft,), and the FFT bins where bands begin and the last ends."""
    n_fft = 1 << round(np.log2(_FRAME_S * sample_rate))
    top_hz = min(HIGHEST_HZ, 0.45 * sample_rate)
    # Equal steps on the mel scale (O'Shaughnessy 1987), as the front ends have them.
    lowest, highest = np.log1p(np.array([min(LOWEST_HZ, top_hz / 2), top_hz]) / 700.0)
    bins = np.expm1(np.linspace(lowest, highest, N_BANDS + 1)) * 700.0 * n_fft / sample_rate
    # Below and above lie two more, which tell only how loud a channel is.
    edges = np.array(sorted({0, *np.ceil(bins).astype(int).tolist(), 1 + n_fft // 2}), dtype=np.intp)
    # Side lobes of -90 dB: between two pure tones their skirts would look like channels that cancel.
    return np.kaiser(n_fft, 12.0).astype(np.float32), edges
