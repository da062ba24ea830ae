"""Take musicnn's weights out of its wheel: ``src/genrelens/models/weights/musicnn-msd.npz``, the licence beside it.

    pip download musicnn==0.1.0 --no-deps -d /tmp/musicnn
    python -m venv tf-venv && tf-venv/bin/pip install tensorflow-cpu==2.21.0
    tf-venv/bin/python tools/convert_musicnn.py downloads/musicnn-0.1.0-py3-none-any.whl

TensorFlow reads the checkpoint here and is needed nowhere else. Batch normalisations are kept as they are, so that the
network can be trained on. Filters of the front end that the training has decayed to nothing are left out: what little
they give (0 to within 4e-6) reaches the dense layer as a constant, which goes into its bias. ``--all`` keeps them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
HOME = Path(__file__).resolve().parents[1] / "src/genrelens/models/weights/musicnn-msd.npz"

NOTHING = 1e-3
"""Sum of a filter's absolute weights below which it counts as decayed: the wheel's have less than 2e-5 or more than
4e-2."""

EPSILON = 1e-3
N_FRONT = 5
"""Convolutions of the front end: two timbral, three temporal; the next three are the middle."""

Array = NDArray[np.float32]


def checkpoint(wheel: Path) -> tuple[dict[str, Array], list[str], str]:
    """Variables by name, the names of the tags, and the licence."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{wheel}: expected the wheel of musicnn 0.1.0 with SHA-256 {WHEEL_SHA256}, got {digest}")
    import tensorflow as tf

    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        for part in (".index", ".data-00000-of-00001"):
            (Path(folder) / f"model{part}").write_bytes(archive.read(f"musicnn/MSD_musicnn/{part}"))
        reader = tf.train.load_checkpoint(f"{folder}/model")
        names = [name for name in reader.get_variable_to_shape_map() if "Adam" not in name]
        variables = {name: np.asarray(reader.get_tensor(name)) for name in names}
        labels = next(
            line
            for line in archive.read("musicnn/configuration.py").decode().splitlines()
            if line.startswith("MSD_LABELS")
        )
        licence = archive.read("musicnn-0.1.0.dist-info/LICENSE.md").decode().strip()
    tags = json.loads(labels.partition("=")[2].replace("'", '"'))
    return variables, tags, licence


def convert(variables: dict[str, Array], *, keep_all: bool) -> tuple[dict[str, Array], NDArray[np.int64]]:
    """Arrays by the names of ``genrelens.models.musicnn.Musicnn``, and which features of a frame they keep."""

    def numbered(kind: str, i: int) -> str:
        return f"{kind}_{i}" if i else kind

    def norm(i: int, part: NDArray[np.int64] | slice = slice(None)) -> dict[str, Array]:
        name = numbered("batch_normalization", i)
        theirs = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        return {ours: variables[f"{name}/{their}"][part] for ours, their in theirs.items()} | {
            "num_batches_tracked": np.array(0, np.int64)
        }

    arrays: dict[str, Array] = {}

    def put(where: str, values: dict[str, Array]) -> None:
        arrays.update({f"{where}.{name}": value for name, value in values.items()})

    put("front.norm", norm(0))
    kept_front = []
    n_before = 0
    places = ["timbral.0", "timbral.1", "temporal.0", "temporal.1", "temporal.2"]
    for i, place in enumerate(places):
        kernel = variables[numbered("conv2d", i) + "/kernel"]  # frames, bands, 1, filters
        alive = np.flatnonzero((np.abs(kernel).sum(axis=(0, 1, 2)) > NOTHING) | keep_all)
        bias = variables[numbered("conv2d", i) + "/bias"]
        put(f"front.{place}.conv", {"weight": kernel.transpose(3, 2, 0, 1)[alive], "bias": bias[alive]})
        put(f"front.{place}.norm", norm(1 + i, alive))
        kept_front.append(n_before + alive)
        n_before += kernel.shape[3]
    kept = np.concatenate(kept_front)
    for i in range(3):
        kernel = variables[f"conv2d_{N_FRONT + i}/kernel"][:, :, 0]  # frames, features, filters
        if i == 0:
            kernel = kernel[:, kept]
        bias = variables[f"conv2d_{N_FRONT + i}/bias"]
        put(f"front.mid.{i}.conv", {"weight": kernel.transpose(2, 1, 0), "bias": bias})
        put(f"front.mid.{i}.norm", norm(1 + N_FRONT + i))
    n_mid = 3 * len(bias)
    kept = np.concatenate([kept, n_before + np.arange(n_mid)])

    # TensorFlow flattens (features, 2): maximum and mean of a feature by turns. Ours: all maxima, then all means.
    pooled = np.concatenate([2 * kept, 2 * kept + 1])
    put("norm_pool", norm(9, pooled))
    kernel = variables["dense/kernel"]
    put(
        "dense",
        {
            "weight": kernel[pooled].T,
            "bias": variables["dense/bias"] + _constants(variables, left_out=_others(pooled, kernel)),
        },
    )
    put("norm_dense", norm(10))
    put("tags", {"weight": variables["dense_1/kernel"].T, "bias": variables["dense_1/bias"]})
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}, kept


def _others(pooled: NDArray[np.int64], kernel: Array) -> NDArray[np.int64]:
    return np.setdiff1d(np.arange(len(kernel)), pooled)


def _constants(variables: dict[str, Array], *, left_out: NDArray[np.int64]) -> Array:
    """What features that are always 0 add to the dense layer: the normalisation makes something of 0."""
    gamma, beta, mean, variance = (
        variables[f"batch_normalization_9/{name}"][left_out].astype(np.float64)
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    added: Array = ((beta - gamma * mean / np.sqrt(variance + EPSILON)) @ variables["dense/kernel"][left_out]).astype(
        np.float32
    )
    return added


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=HOME)
    parser.add_argument("--all", action="store_true", help="keep the filters that do nothing, too")
    given = parser.parse_args()
    variables, tags, licence = checkpoint(given.wheel)
    arrays, kept = convert(variables, keep_all=given.all)
    notice = (
        "Weights of MSD_musicnn from the Python package musicnn 0.1.0 (https://github.com/jordipons/musicnn), "
        "converted by genrelens' tools/convert_musicnn.py: renamed, transposed, filters without effect left out.\n"
        "J. Pons and X. Serra, musicnn: pre-trained convolutional neural networks for music audio tagging, 2019 "
        f"(arXiv 1909.06654).\n\n{licence}\n"
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(given.out, **arrays, tag_names=np.array(tags), kept=kept, notice=np.array(notice))
    given.out.with_suffix(".LICENSE.txt").write_text(notice, encoding="utf-8", newline="\n")
    n = sum(array.size for array in arrays.values())
    print(f"{given.out}: {len(kept)} features, {n} numbers, {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
