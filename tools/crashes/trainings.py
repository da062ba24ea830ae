"""The commands that train, for tools/crash_points.py: networks of a few thousand weights, of an epoch or two."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crash_points import Scenario
from crashes.inputs import debiasing, gtzan, music, recipe, served, sha
from crashes.program import scenario


def learn(inputs: Path) -> Scenario:
    return learn_to(inputs, "learn", "mine.bundle")


def learn_zip(inputs: Path) -> Scenario:
    return learn_to(inputs, "learn, .zip", "mine.zip")


def learn_to(inputs: Path, name: str, model: str) -> Scenario:
    export_once(inputs)
    words = ("learn", music(inputs), "--out", model, "--cache", "cache")
    earlier = [("learn", music(inputs), "--leave-out", "drone", *words[2:]), (*words[:2], "--out", "x.zip", *words[4:])]
    together = (model,) if model.endswith(".bundle") else ()
    return scenario(name, words, earlier=earlier, forget=2, together=together)


def data(inputs: Path) -> tuple[object, ...]:
    return ("--data", music(inputs), "--split", "hold-out", "--cache", "cache")


def train(inputs: Path) -> Scenario:
    export_once(inputs)
    return scenario(
        "train",
        ("train", recipe(inputs), *data(inputs), "--out", "run"),
        earlier=[("train", recipe(inputs, 1), *data(inputs), "--out", "other")],
        forget=2,
        resume="run/run.json",
    )


def train_rows(inputs: Path) -> Scenario:
    export_once(inputs)
    words = ("train", "genrelens-base", *data(inputs), "--out")
    return scenario("train, of rows", (*words, "run"), earlier=[(*words, "other")], forget=2)


def train_descriptors(inputs: Path) -> Scenario:
    words = (*data(inputs), "--out")
    earlier = [("train", "logistic", *words, "other")]
    return scenario("train, of descriptors", ("train", "svm", *words, "run"), earlier=earlier, forget=2)


def crossval(inputs: Path) -> Scenario:
    export_once(inputs)
    words = ("crossval", recipe(inputs, 1), *data(inputs), "--folds", "2", "--out", "cv")
    return scenario("crossval", words, forget=2)


def crossval_descriptors(inputs: Path) -> Scenario:
    words = (*data(inputs), "--folds", "2", "--out", "cv")
    earlier = [("crossval", "logistic", *words)]
    return scenario("crossval, of descriptors", ("crossval", "svm", *words), earlier=earlier, forget=2)


def grid(inputs: Path) -> Scenario:
    words = ("grid", *data(inputs), "--set", "kaggle57", "--features", "mfcc", "--classifier", "LR")
    words = (*words, "--folds", "2")
    return scenario("grid (its cache)", words, earlier=[words], forget=4)


def leakage(inputs: Path) -> Scenario:
    few_tracks_will_do()
    words = ("--data", music(inputs), "--folds", "2", "--cache", "cache", "--out", "leak")
    return scenario(
        "leakage",
        ("leakage", "--recipe", "svm", *words),
        earlier=[("leakage", "--recipe", "logistic", *words)],
        together=("leak",),
        forget=2,
    )


def leakage_network(inputs: Path) -> Scenario:
    export_once(inputs)
    few_tracks_will_do()
    words = ("leakage", "--recipe", recipe(inputs, 1), "--data", music(inputs), "--folds", "2")
    return scenario("leakage, of a network", (*words, "--cache", "cache", "--out", "leak"), forget=2)


def ablate(inputs: Path) -> Scenario:
    from genrelens.evaluation import ablation

    export_once(inputs)
    ablation.VARIANTS = dict(list(ablation.VARIANTS.items())[:2])  # type: ignore[misc]
    words = ("ablate", debiasing(inputs), *data(inputs), "--folds", "2", "--out", "ways")
    return scenario("ablate", words, forget=2)


def reproduce(inputs: Path) -> Scenario:
    """Again, over trainings that are there: written another way, so that the page is another."""
    words = reproducing(inputs)
    return scenario("reproduce", (*words, "s4"), earlier=[(*words, "./s4")], together=("s4",))


def reproduce_anew(inputs: Path) -> Scenario:
    return scenario("reproduce, new folder", (*reproducing(inputs), "s4"), forget=2)


def reproducing(inputs: Path) -> tuple[object, ...]:
    import miniatures

    from genrelens import recipe as recipes

    export_once(inputs)
    small, real = {"cnn-5s": miniatures.network("cnn-5s")}, recipes.load
    recipes.load = lambda name: small[str(name)] if str(name) in small else real(name)
    trainings_take_no_time()
    return ("reproduce", "s4", "--data", gtzan(inputs), "--epochs", "1", "--cache", "cache", "--out")


def weights_random(inputs: Path) -> Scenario:
    small_vggish()
    words = ("weights", "vggish", "--random", "--out", "vggish.safetensors", "--seed")
    return scenario("weights --random", (*words, 1), earlier=[(*words, 2)])


def weights(inputs: Path) -> Scenario:
    words = ("weights", "vggish", released(inputs), "--out", "vggish.safetensors")
    earlier = ("weights", "vggish", "--random", "--out", "vggish.safetensors")
    return scenario("weights, of a file", words, earlier=[earlier])


def weights_download(inputs: Path) -> Scenario:
    from genrelens.models import vggish_weights

    file = released(inputs)
    vggish_weights.RELEASE_URL = f"{served(file.parent)}/{file.name}"
    words = ("weights", "vggish", "--download", "--out", "vggish.safetensors")
    earlier = ("weights", "vggish", "--random", "--out", "vggish.safetensors")
    return scenario("weights --download", words, earlier=[earlier])


def weights_plus(inputs: Path) -> Scenario:
    import torch

    from genrelens.bundle import mn04 as reading
    from genrelens.models import mn04
    from genrelens.training import export
    from genrelens.training import mn04 as making

    file = inputs / "released" / making.MN04.name
    file.parent.mkdir(exist_ok=True)
    torch.save(mn04.random_weights(seed=3), file)
    release = making.Release(f"{served(file.parent)}/{file.name}", file.name, sha(file.read_bytes()))
    making.fetch_mn04 = functools.partial(making.fetch_mn04, release=release)
    reading.user_folder = lambda: Path("mine").absolute()
    real, made = export.tagger_onnx, list[bytes]()
    export.tagger_onnx = lambda *given, **how: (made or made.append(real(*given, **how)) or made)[0]
    return scenario("weights of plus", ("weights", "fetch", "plus"))


MAKE: tuple[Callable[[Path], Scenario], ...] = (
    *(learn, learn_zip, train, train_rows, train_descriptors, crossval, crossval_descriptors, grid, leakage),
    *(leakage_network, ablate, reproduce, reproduce_anew, weights_random, weights, weights_download, weights_plus),
)


def few_tracks_will_do() -> None:
    """Let genres of eight tracks be measured."""
    from genrelens.data import track as measuring

    measuring.MIN_TRACKS = 8


def trainings_take_no_time() -> None:
    """Let the page of a run say the same, however long it took."""
    from genrelens.evaluation import runs as run_files

    real = run_files.cost_of
    run_files.cost_of = lambda *given, **more: replace(real(*given, **more), training_s=0.0)


def small_vggish() -> None:
    """A VGGish of a few thousand weights, as none of the real ones can be had."""
    import tiny_vggish
    from genrelens.models import vggish

    vggish.SIZES = tiny_vggish.TINY


def released(inputs: Path) -> Path:
    """What stands for the released file of VGGish's weights from here on."""
    import torch

    from genrelens.models import vggish, vggish_weights

    small_vggish()
    file = inputs / "released" / vggish_weights.RELEASE_NAME
    if not file.exists():
        file.parent.mkdir()
        torch.save(vggish.random_weights(seed=3), file)
        begins = sha(file.read_bytes())[:8]
        vggish_weights.RELEASE_SHA256_BEGINS = begins
        vggish_weights.convert = functools.partial(vggish_weights.convert, sha256_begins=begins)
    return file


def export_once(inputs: Path) -> None:
    """Let the same weights be made an ONNX graph once for all children: it takes nine tenths of a tiny training."""
    from genrelens.training import heads, train

    def once(real: Callable[..., bytes | None], network: Any, **shape: Any) -> bytes | None:
        content = b"".join(value.numpy().tobytes() for value in network.state_dict().values())
        kept = inputs / f"{hashlib.sha256(content + repr((real.__name__, shape)).encode()).hexdigest()}.onnx"
        if not kept.exists():
            kept.write_bytes(real(network, **shape) or b"")
        return kept.read_bytes() or None

    if not isinstance(train.predict_onnx, functools.partial):
        for module, name in ((train, "predict_onnx"), (train, "attention_onnx"), (heads, "predict_onnx")):
            setattr(module, name, functools.partial(once, getattr(module, name)))
