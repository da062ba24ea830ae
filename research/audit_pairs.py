"""How far the fingerprints of different recordings agree at their best: the distribution in docs/audit.md.

    python research/audit_pairs.py ../shared/data

Every pair of GTZAN's clips at every distance in time, by Fourier transform and without the index: what the audit's
threshold must lie above. The pairs that agree most are laid over each other as the audit does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.audit.duplicates import Overlay, correlation, find_duplicates
from genrelens.audit.fingerprint import FRAME_S, MIN_OVERLAP, Fingerprint, agreement, overlap, seconds
from genrelens.audit.listen import listen
from genrelens.data import gtzan

SIZE = 4096
N_LISTENED = 40


def spectra(fingerprints: Sequence[Fingerprint]) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Transforms of the bits as -1, 1 (0 where they are not clear), and of the mask: (n, SIZE / 2 + 1, 32)."""
    signs, masks = [], []
    for one in fingerprints:
        bits, clear = (
            np.unpackbits(words.view(np.uint8).reshape(-1, 4), axis=1, bitorder="little").astype(np.float32)
            for words in (one.bits, one.clear)
        )
        signs.append(np.fft.rfft((2 * bits - 1) * clear, SIZE, axis=0).astype(np.complex64))
        masks.append(np.fft.rfft(clear, SIZE, axis=0).astype(np.complex64))
    return np.stack(signs), np.stack(masks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    tracks = gtzan.load(parser.parse_args().data).tracks
    heard = [listen(str(track.path)) for track in tracks]
    duplicates = {frozenset(r.paths) for r in find_duplicates(heard)}
    prints = [one.fingerprint for one in heard if one.fingerprint is not None]
    signs, masks = spectra(prints)
    lags = np.fft.fftfreq(SIZE, 1 / SIZE).astype(int)
    best: list[tuple[float, int, int, int]] = []
    for i, a in enumerate(prints):
        for j in range(i + 1, len(prints)):
            if frozenset((heard[i].path, heard[j].path)) in duplicates:
                continue
            b = prints[j]
            agree, clear = (
                np.fft.irfft(np.einsum("fb,fb->f", kind[i], kind[j].conj()), SIZE) for kind in (signs, masks)
            )
            common = np.clip(np.minimum(len(a), len(b) + lags) - np.maximum(0, lags), 0, None)
            share = np.where((common >= MIN_OVERLAP) & (clear >= 3.2 * common), agree / np.maximum(clear, 1), -1.0)
            lag = int(lags[share.argmax()])
            best.append((float(share.max()), i, j, lag))
    best.sort(reverse=True)
    values = np.array([value for value, *_ in best])
    print(f"{len(values)} pairs of different recordings, each at its best distance in time:")
    for quantile in (50, 90, 99, 99.9, 99.99, 100):
        print(f"  {quantile} %: agreement {np.percentile(values, quantile):.3f}")
    print(f"the {N_LISTENED} that agree most, laid over each other:")
    for value, i, j, lag in best[:N_LISTENED]:
        common = overlap(prints[i], prints[j], lag)
        assert abs(agreement(prints[i], prints[j], lag) - value) < 1e-3
        found = correlation(Overlay(heard[i].path, heard[j].path, lag * FRAME_S, seconds(common)))
        print(f"  {tracks[i].id} {tracks[j].id}: {value:.3f} over {seconds(common):.1f} s, correlation {found:.2f}")


if __name__ == "__main__":
    main()
