"""What musicnn's own TensorFlow graph makes of synthetic clips: ``tests/models/musicnn_activations.npz``.

    pip download musicnn==0.1.0 --no-deps -d /tmp/musicnn
    python -m venv tf-venv && tf-venv/bin/pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 librosa==0.11.0
    PYTHONPATH=src tf-venv/bin/python tools/make_musicnn_activations.py downloads/musicnn-0.1.0-py3-none-any.whl

The wheel's own ``models.py`` builds the graph and librosa computes the log mel, so that nothing of genrelens but the
synthetic sound is in these numbers. The log mel is rounded to float16 before it goes in, to be stored in half the
space; of the 753 features of a frame every seventh frame is stored and those at the edges.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from genrelens.data import synthetic

sys.path.insert(0, str(Path(__file__).parent))
from convert_musicnn import WHEEL_SHA256

OUT = Path(__file__).resolve().parents[1] / "tests/models/musicnn_activations.npz"
SAMPLE_RATE = 16000
CLIPS = (("power_chords", 11, 187), ("walking_swing", 12, 187), ("four_on_the_floor", 13, 187), ("waltz", 14, 61))
"""Style, seed and frames: 187 are what the network was trained on, 61 have more edge than middle."""


def log_mel(style: str, seed: int, n_frames: int) -> NDArray[np.float16]:
    """Log mel (n_frames, 96) of the beginning of a synthetic piece, as musicnn computes it but in float32."""
    clip = synthetic.render(style, seed=seed, duration_s=4.0, sample_rate=SAMPLE_RATE)
    power = librosa.feature.melspectrogram(y=clip.samples, sr=SAMPLE_RATE, hop_length=256, n_fft=512, n_mels=96)
    return np.log10(10000 * power.T[:n_frames] + 1).astype(np.float16)


def main() -> None:
    wheel = Path(sys.argv[1])
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel} is not the wheel of musicnn 0.1.0 that was converted")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # tf.compat.v1.layers, which newer Keras has dropped
    stored: dict[str, NDArray[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        sys.path.insert(0, folder)
        import tensorflow as tf
        from musicnn import models

        tf.compat.v1.disable_eager_execution()
        checkpoint = Path(folder) / "musicnn/MSD_musicnn"
        for part in (".index", ".data-00000-of-00001"):  # a checkpoint without a name cannot be opened
            (checkpoint / part).rename(checkpoint / f"model{part}")
        for style, seed, n_frames in CLIPS:
            patch = log_mel(style, seed, n_frames)
            tf.compat.v1.reset_default_graph()
            x = tf.compat.v1.placeholder(tf.float32, [None, n_frames, 96])
            outputs = models.define_model(x, tf.constant(False), "MSD_musicnn", 50)
            with tf.compat.v1.Session() as session:
                tf.compat.v1.train.Saver().restore(session, str(checkpoint / "model"))
                logits, *frames, mean_pool, max_pool, penultimate = session.run(
                    outputs, {x: patch[None].astype(np.float32)}
                )
            features = np.concatenate([part.reshape(n_frames, -1) for part in frames], axis=1)
            at = np.unique([0, 1, 2, *range(3, n_frames, 7), n_frames - 2, n_frames - 1])
            stored |= {
                f"{style}.seed": np.array(seed),
                f"{style}.log_mel": patch,
                f"{style}.at": at,
                f"{style}.frames": features[at],
                f"{style}.mean_pool": mean_pool[0],
                f"{style}.max_pool": max_pool[0],
                f"{style}.penultimate": penultimate[0],
                f"{style}.logits": logits[0],
            }
    np.savez_compressed(OUT, **stored)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
