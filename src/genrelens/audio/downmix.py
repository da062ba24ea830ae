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

from collections.abc import Callable, Iterable, Iterator
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
_BEGIN_S = 1.0
_ONSET = 10.0  # so many times as loud as all before: the sound begins here, behind silence or noise
_PEEK = 64  # of so many samples one tells how loud a block is

Watch = Callable[[NDArray[np.float32]], None]
"""What looks at (n, channels) samples on their way, full scale [-1, 1], and must not write to them."""


def mixed(
    blocks: Iterable[NDArray[np.float32]], *, sample_rate: int, watch: Watch | None = None
) -> Iterator[NDArray[np.float32]]:
    """Yield (k,) contiguous mono float32 for each (k, channels) block; ``watch`` is shown the block first.

    The number of channels may change from block to block.
    """
    downmix = None
    for block in blocks:
        if watch is not None:
            watch(block)
        if downmix is None or downmix.n_channels != block.shape[1]:
            downmix = Downmix(block.shape[1], sample_rate=sample_rate)
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
        self._window, self._edges = _bands(sample_rate)
        self._n_fft = len(self._window)
        self._cross = np.zeros((n_channels, n_channels, len(self._edges) - 1))

    def mono(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix (n, channels) to (n,) contiguous float32."""
        if self.n_channels == 1:
            return np.ascontiguousarray(block[:, 0])
        if self._remember(block):
            self._kept = self._chosen()
        kept = self._kept
        with np.errstate(all="ignore"):  # what is not finite is found, and refused, behind this
            if len(kept) == 1:
                return np.ascontiguousarray(block[:, kept[0]])
            mixed = block[:, kept[0]] + block[:, kept[1]]
            for channel in kept[2:]:
                mixed += block[:, channel]
            mixed *= np.float32(1 / len(kept))
        return mixed

    def _remember(self, block: NDArray[np.float32]) -> bool:
        """Add the block's power and cross-power in each band to the average, where it is this block's turn."""
        loud = float(np.abs(block[::_PEEK]).max(initial=0.0))
        if loud > _ONSET * self._loudest:
            self._n_seen = self._until_next = 0
        self._loudest = max(self._loudest, loud)
        at_first = self._n_seen < _BEGIN_S * self._sample_rate
        step = self._n_fft * (_EVERY_AT_FIRST if at_first else _EVERY)
        starts = range(self._until_next, max(1, len(block) - self._n_fft + 1), step)
        self._until_next = max(0, self._until_next + len(starts) * step - len(block))
        self._n_seen += len(block)
        self._cross *= 0.5 ** (len(block) / (HALF_LIFE_S * self._sample_rate))
        if not starts:
            return False
        snippets = np.zeros((self.n_channels, len(starts), self._n_fft), np.float32)
        for i, start in enumerate(starts):
            part = block[start : start + self._n_fft]
            snippets[:, i, : len(part)] = part.T
        with np.errstate(all="ignore"):
            spectra = np.fft.rfft(snippets * self._window)[..., : self._edges[-1]]
            parts = spectra.view(np.float32)  # real and imaginary parts by turns
            for i in range(self.n_channels):
                products = (parts[i] * parts[i:]).sum(axis=1, dtype=np.float64)
                found = np.add.reduceat(products, 2 * self._edges[:-1], axis=-1)
                if np.isfinite(found).all():
                    self._cross[i, i:] += found
                    self._cross[i + 1 :, i] += found[1:]
        return True

    def _chosen(self) -> list[int]:
        """The channels that are averaged, the loudest first."""
        powers = np.einsum("iib->ib", self._cross)
        loudness = powers.sum(axis=1)
        total = powers[:, 1:-1].sum(axis=0)
        audible = np.zeros(powers.shape[1], bool)
        audible[1:-1] = total > _AUDIBLE * total.max(initial=0.0)
        if not loudness.any():
            return list(range(self.n_channels))
        self._sort(loudness)
        loudest, *others = self._order
        kept, power = [loudest], powers[loudest]
        for channel in others:
            both = power + powers[channel]
            twice_cross = 2 * self._cross[kept, channel].sum(axis=0)
            n_cancelled = np.count_nonzero((twice_cross < CANCELLED * both) & audible)
            cancels = n_cancelled > 0 and n_cancelled >= CANCELLED_SHARE * np.count_nonzero(audible)
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
    edges = np.unique([0, *np.ceil(bins).astype(np.intp), 1 + n_fft // 2])
    # Side lobes of -90 dB: between two pure tones their skirts would look like channels that cancel.
    return np.kaiser(n_fft, 12.0).astype(np.float32), edges
