"""How long musicnn's front takes over 30 s of sound, in ONNX Runtime, for the ways to cut it into patches.

    python research/bench_musicnn.py
    python research/bench_musicnn.py --weights all.npz     other weights: tools/convert_musicnn.py --all --out all.npz

Ways take turns within each repeat. Decoding is not in it; the mel spectrogram has a row of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genrelens.bundle.sessions import open_session
from genrelens.data import synthetic
from genrelens.frontend.mel import MelSettings, compress, mel_power
from genrelens.models import musicnn
from genrelens.models.network import Network, Output
from genrelens.training.export import predict_onnx

LOG_MEL = MelSettings(
    sample_rate=16000,
    n_fft=512,
    hop_length=256,
    n_mels=96,
    fmin_hz=0.0,
    fmax_hz=None,
    htk=False,
    top_db=None,
    log_factor=10_000.0,
)
FRAMES = 30 * 16000 // 256


class Pooled(Network):
    """Everything of the network; the pooled features stand for the embedding."""

    def __init__(self, network: musicnn.Musicnn) -> None:
        super().__init__()
        self.network = network

    def forward(self, log_mel: Tensor) -> Output:
        made = self.network(log_mel)
        return Output(made.logits, torch.cat([made.max_pool, made.mean_pool], dim=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="an .npz of tools/convert_musicnn.py")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=30)
    given = parser.parse_args()
    weights = (
        musicnn.weights_from(np.load(given.weights, allow_pickle=False)) if given.weights else musicnn.read_weights()
    )
    sound = synthetic.render("power_chords", seed=0, duration_s=30.0, sample_rate=16000).samples
    log_mel = compress(mel_power(sound, settings=LOG_MEL), settings=LOG_MEL)[:FRAMES]
    network = Pooled(musicnn.pretrained(weights))
    ways = {}
    for name, n_frames, hop in (
        ("3 s patches side by side", 187, 187),
        ("3 s patches every 1.5 s", 187, 94),
        ("6 s patches side by side", 375, 375),
        ("30 s at once", FRAMES, FRAMES),
    ):
        graph = predict_onnx(network, input_name="log_mel", n_frames=n_frames, n_mels=musicnn.N_MELS)
        session = open_session(graph, where=name, n_threads=given.threads)
        starts = range(0, FRAMES - n_frames + 1, hop)
        ways[name] = (session, [log_mel[None, start : start + n_frames] for start in starts])
    times: dict[str, list[float]] = {name: [] for name in ("log mel", *ways)}
    for repeat in range(given.repeats + 1):
        began = time.perf_counter()
        compress(mel_power(sound, settings=LOG_MEL), settings=LOG_MEL)
        row = {"log mel": time.perf_counter() - began}
        for name, (session, patches) in ways.items():
            began = time.perf_counter()
            for patch in patches:
                session.run(["logits", "embedding"], {"log_mel": patch})
            row[name] = time.perf_counter() - began
        if repeat:  # the first is for warming up
            for name, took in row.items():
                times[name].append(took * 1000)
    busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{weights.sizes.features} features, {given.threads} threads, {given.repeats} repeats{busy}; ms per 30 s")
    for name, took in times.items():
        print(f"{name:26s} median {statistics.median(took):6.1f}   best {min(took):6.1f}")


if __name__ == "__main__":
    main()
