"""Training as a whole: what is kept, what is written, what a kill costs (nothing), and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import tiny_training
from genrelens.bundle import Bundle
from genrelens.data import Track
from genrelens.errors import RecipeError, TrainingError
from genrelens.files import beside, contents
from genrelens.metrics import fit_temperature
from genrelens.recipe import Recipe
from genrelens.training.checkpoints import read_checkpoint
from genrelens.training.module import GenreModule
from genrelens.training.run import Origin, RunFolder, read_run
from genrelens.training.train import Progress, train

REAL_TRAINING_STEP = GenreModule.training_step
REAL_EPOCH_START = GenreModule.on_train_epoch_start


@pytest.fixture
def learn(corpus: tuple[Track, ...], cache: Path) -> Callable[..., Path]:
    """``learn(out, recipe)`` trains on the corpus's own split; keywords change the call."""
    split = tiny_training.by_timbre(corpus)

    def run(out: Path, recipe: Recipe, **changes: Any) -> Path:
        how = {key: changes.pop(key) for key in ("cache", "resume", "progress") if key in changes}
        training = replace(tiny_training.training(recipe, corpus, split), **changes)
        return train(training, out=out, **{"cache": cache, **how})

    return run


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_training.export_weights_only(monkeypatch)


def history(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def timeless(rows: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def kill_at(epoch: int) -> Progress:
    """Ctrl-C right after an epoch."""

    def progress(done: int, most: int, row: dict[str, float]) -> None:
        if done == epoch:
            raise KeyboardInterrupt

    return progress


def assert_same(one: Path, other: Path) -> None:
    """Two bundles with the same weights, to the last bit."""
    a, b = tiny_training.weights(one), tiny_training.weights(other)
    assert a.keys() == b.keys()
    different = [name for name in a if not np.array_equal(a[name], b[name])]
    assert not different


# What comes of a training


@pytest.fixture(scope="module", params=[0.0, 0.9], ids=["plain", "averaged"])
def finished(
    request: pytest.FixtureRequest, corpus: tuple[Track, ...], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Track], list[Track]]:
    """A run that learns for five epochs and then unlearns, so that its last epoch is worse than its best.

    One stopping track is silent in its second half.
    """
    split = tiny_training.by_timbre(corpus)
    learn, stop = list(split.part(corpus, "train")), list(split.part(corpus, "valid"))
    samples, rate = soundfile.read(stop[0].path)
    path = tmp_path_factory.mktemp("odd") / "half.wav"
    soundfile.write(path, np.concatenate([samples, np.zeros(5 * rate)]), rate)
    stop[0] = replace(stop[0], path=path)
    out = tmp_path_factory.mktemp("runs") / "run"
    recipe = tiny_training.recipe(
        max_epochs=8, learning_rate=0.02, warmup_epochs=0, schedule="constant", average_decay=request.param
    )

    def start_epoch(module: GenreModule) -> None:
        if module.current_epoch == 5:
            module.batches.targets = np.roll(module.batches.targets, 1, axis=1)  # wrong from here on
        REAL_EPOCH_START(module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GenreModule, "on_train_epoch_start", start_epoch)
        if request.param:
            patch.setattr("genrelens.training.train.attention_onnx", lambda network, **_: None)
        bundle = train(replace(tiny_training.training(recipe, corpus, split), stop=tuple(stop)), out=out, cache=cache)
    assert bundle == out / "bundle"
    return out, learn, stop


def test_a_run_says_what_it_was(finished: tuple[Path, list[Track], list[Track]]) -> None:
    out, learn, stop = finished
    record = read_run(out)
    assert record["finished"] is True
    assert record["train_ids"] == [track.id for track in learn]
    assert record["stop_ids"] == [track.id for track in stop]
    assert (record["dataset"], record["split"], record["seed"]) == ("synthetic", "by-timbre", 3)
    assert (record["stop_part"], record["torch"]) == ("the valid part", torch.__version__)
    assert Recipe.from_dict(record["recipe"], where="run.json").name == "tiny"
    rows = history(out)
    assert [row["epoch"] for row in rows] == list(range(1, 9))
    assert list(rows[0]) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "stop_loss",
        "stop_accuracy",
        "seconds",
    ]
    assert record["n_epochs"] == 8
    assert {path.name for path in out.iterdir()} == {"run.json", "history.csv", "checkpoints", "bundle"}
    assert {path.name for path in (out / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}


def test_the_bundle_says_what_it_was_made_from(finished: tuple[Path, list[Track], list[Track]]) -> None:
    out, learn, stop = finished
    bundle = Bundle.load(out / "bundle")
    made = bundle.manifest.training
    assert made.trained_on == tuple(track.id for track in learn)
    assert made.stopped_on == tuple(track.id for track in stop)
    assert (made.dataset, made.split, made.seed) == ("synthetic", "by-timbre", 3)
    recipe = Recipe.from_dict(made.recipe, where="the bundle")
    assert recipe.to_dict() == read_run(out)["recipe"]
    assert bundle.manifest.front_end == recipe.front_end
    assert (bundle.manifest.windows.n_frames, bundle.manifest.windows.hop_frames) == (64, 32)
    assert bundle.names == tiny_training.STYLES
    assert bundle.manifest.experimental == tiny_training.STYLES  # six training tracks each
    assert bundle.manifest.temperature == read_run(out)["temperature"]
    assert "`tiny`" in bundle.card and f"{len(learn)} tracks of synthetic" in bundle.card


def pooled_logits(bundle: Bundle, tracks: Sequence[Track]) -> np.ndarray:
    """What the bundle answers to the files, up to a constant a track, with the temperature taken out."""
    rows = [bundle.predict(track.path).probabilities for track in tracks]
    return bundle.manifest.temperature * np.log(np.stack(rows))


def loss_and_accuracy(logits: np.ndarray, tracks: Sequence[Track]) -> tuple[float, float]:
    targets = [tiny_training.STYLES.index(track.genre) for track in tracks]
    losses = [
        -row[target] + math.log(math.fsum(math.exp(x) for x in row))
        for row, target in zip(logits, targets, strict=True)
    ]
    hits = [int(row.argmax()) == target for row, target in zip(logits, targets, strict=True)]
    return math.fsum(losses) / len(losses), sum(hits) / len(hits)


def test_the_kept_weights_are_those_of_the_best_epoch_and_validation_is_prediction(
    finished: tuple[Path, list[Track], list[Track]],
) -> None:
    out, _, stop = finished
    losses = [row["stop_loss"] for row in history(out)]
    best = int(np.argmin(losses))
    assert read_run(out)["best_epoch"] == best + 1
    assert best > 0 and losses[-1] > losses[best] + 0.1, "the case does not tell best from first and last"
    logits = pooled_logits(Bundle.load(out / "bundle"), stop)
    loss, accuracy = loss_and_accuracy(logits, stop)
    assert loss == pytest.approx(losses[best], abs=2e-5)  # history.csv has six digits
    assert accuracy == pytest.approx(history(out)[best]["stop_accuracy"], abs=1e-5)


def test_the_temperature_is_the_best_for_the_stopping_tracks(finished: tuple[Path, list[Track], list[Track]]) -> None:
    out, _, stop = finished
    bundle = Bundle.load(out / "bundle")
    logits = pooled_logits(bundle, stop)
    targets = [tiny_training.STYLES.index(track.genre) for track in stop]
    assert fit_temperature(logits, targets=targets) == pytest.approx(bundle.manifest.temperature, rel=1e-2)


def test_attention_comes_along(finished: tuple[Path, list[Track], list[Track]]) -> None:
    bundle = Bundle.load(finished[0] / "bundle")
    if bundle.has_attention:
        maps = bundle.attention(np.zeros((64, 32), np.float32))
        assert maps.shape == (1, 2, 16, 16)
        assert np.allclose(maps.sum(-1), 1.0, atol=1e-5)
    else:
        assert bundle.manifest.training.recipe["training"]["average_decay"] == 0.9  # exported without, above


# Seeds, stopping, diverging


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    learn: Callable[..., Path], light: None, tmp_path: Path
) -> None:
    recipe = tiny_training.recipe(max_epochs=2, average_decay=0.5)
    torch.manual_seed(12345)  # what went before must not matter
    np.random.seed(1)  # noqa: NPY002
    one = learn(tmp_path / "one", recipe)
    two = learn(tmp_path / "two", recipe)
    assert_same(one, two)
    assert timeless(history(tmp_path / "one")) == timeless(history(tmp_path / "two"))
    other = tiny_training.weights(learn(tmp_path / "other", recipe, seed=4))
    assert not np.array_equal(other["embed.weight"], tiny_training.weights(one)["embed.weight"])


def test_training_stops_when_patience_ends(learn: Callable[..., Path], light: None, tmp_path: Path) -> None:
    rough = tiny_training.recipe(max_epochs=60, patience=3, learning_rate=0.1, warmup_epochs=0, schedule="constant")
    learn(tmp_path / "run", rough)
    losses = [row["stop_loss"] for row in history(tmp_path / "run")]
    assert len(losses) < 60
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3
    record = read_run(tmp_path / "run")
    assert (record["best_epoch"], record["n_epochs"]) == (best + 1, len(losses))


def test_a_training_that_comes_apart_says_so(learn: Callable[..., Path], light: None, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"came apart.*learning_rate"):
        learn(tmp_path / "run", tiny_training.recipe(learning_rate=3e37, warmup_epochs=0))
    assert not (tmp_path / "run" / "bundle").exists()
    assert read_run(tmp_path / "run")["finished"] is False


# Kills and resumption


@pytest.fixture(scope="module")
def whole(corpus: tuple[Track, ...], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], Path]:
    """The run of a recipe that nothing disturbed, made once for each recipe."""
    split = tiny_training.by_timbre(corpus)
    made: dict[str, Path] = {}

    def run(recipe: Recipe) -> Path:
        key = json.dumps(recipe.to_dict())
        if key not in made:
            with pytest.MonkeyPatch.context() as patch:
                tiny_training.export_weights_only(patch)
                out = tmp_path_factory.mktemp("whole") / "run"
                train(tiny_training.training(recipe, corpus, split), out=out, cache=cache)
                made[key] = out
        return made[key]

    return run


def assert_resumed_as_whole(resumed: Path, undisturbed: Path) -> None:
    assert_same(resumed / "bundle", undisturbed / "bundle")
    assert timeless(history(resumed)) == timeless(history(undisturbed))
    one, other = read_run(resumed), read_run(undisturbed)
    for record in (one, other):
        del record["training_s"]
    assert one == other
    last = [torch.load(run / "checkpoints" / "last.ckpt", weights_only=True) for run in (resumed, undisturbed)]
    for key in last[0]["state_dict"]:
        assert torch.equal(last[0]["state_dict"][key], last[1]["state_dict"][key]), key


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
@pytest.mark.parametrize("killed_at", [1, 3])
def test_a_training_killed_at_the_end_of_an_epoch_goes_on_as_if_nothing_had_been(
    learn: Callable[..., Path],
    light: None,
    whole: Callable[[Recipe], Path],
    tmp_path: Path,
    average_decay: float,
    killed_at: int,
) -> None:
    recipe = tiny_training.recipe(average_decay=average_decay)
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        learn(run, recipe, progress=kill_at(killed_at))
    assert read_run(run)["finished"] is False
    assert not (run / "bundle").exists()
    seen: list[int] = []
    learn(run, recipe, resume=True, progress=lambda done, most, row: seen.append(done))
    assert seen == list(range(killed_at + 1, 5))  # the epochs that are done are not done again
    assert_resumed_as_whole(run, whole(recipe))


def test_a_training_killed_twice_in_the_middle_of_epochs(
    learn: Callable[..., Path],
    light: None,
    whole: Callable[[Recipe], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe, run = tiny_training.recipe(average_decay=0.9), tmp_path / "run"
    for kill_epoch in (1, 2):

        def step(self: GenreModule, batch: Any, index: int, at: int = kill_epoch) -> torch.Tensor:
            if (self.current_epoch, index) == (at, 1):
                raise KeyboardInterrupt
            return REAL_TRAINING_STEP(self, batch, index)

        monkeypatch.setattr(GenreModule, "training_step", step)
        with pytest.raises(KeyboardInterrupt):
            learn(run, recipe, resume=kill_epoch > 1)
        assert len(history(run)) == kill_epoch
    monkeypatch.setattr(GenreModule, "training_step", REAL_TRAINING_STEP)
    learn(run, recipe, resume=True)
    assert_resumed_as_whole(run, whole(recipe))


def test_a_damaged_checkpoint_is_named_before_any_sound_is_read(
    learn: Callable[..., Path], light: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = tiny_training.recipe(max_epochs=2), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        learn(run, recipe, progress=kill_at(1))
    monkeypatch.setattr("genrelens.training.train._cached_frames", None)
    for name in ("last.ckpt", "best.ckpt"):
        path = run / "checkpoints" / name
        whole = path.read_bytes()
        other = io.BytesIO()
        torch.save({"state_dict": {}}, other)
        for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2], other.getvalue()):
            path.write_bytes(damaged)
            with pytest.raises(TrainingError, match=rf"{name} is damaged .*start anew"):
                learn(run, recipe, resume=True)
        path.write_bytes(whole)


def _other_shape(state: dict[str, Any]) -> None:
    weights = state["state_dict"]
    name = next(key for key in weights if key.startswith("network.") and weights[key].ndim)
    weights[name] = torch.zeros(7, 7, 7)


def _no_tensors(state: dict[str, Any]) -> None:
    state["state_dict"] = dict.fromkeys(state["state_dict"], "weights")


CHANGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda state: state["state_dict"].clear(),
    lambda state: state["state_dict"].update({"network.more": torch.zeros(3)}),
    _other_shape,
    _no_tensors,
    lambda state: state.update(state_dict=[1, 2]),
    lambda state: state.update(optimizer_states="none"),
    lambda state: state.update(optimizer_states=[{}]),
    lambda state: state.update(optimizer_states=[]),
    lambda state: state.update(lr_schedulers=[]),
    lambda state: state.update(loops=None),
    lambda state: state.update(loops={"fit_loop": {}}),
    lambda state: state.update(callbacks={}),
    lambda state: state.update(callbacks={"_History": {}}),
    lambda state: state["callbacks"]["_History"].update(rows=[{}]),
    lambda state: state.pop("epoch"),
    lambda state: state.pop("global_step"),
]


def test_a_checkpoint_of_another_kind_gives_a_sentence(learn: Callable[..., Path], light: None, tmp_path: Path) -> None:
    recipe, run = tiny_training.recipe(max_epochs=2), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        learn(run, recipe, progress=kill_at(1))
    path = run / "checkpoints" / "last.ckpt"
    whole = path.read_bytes()
    for change in CHANGES:
        path.write_bytes(whole)
        state = torch.load(path, weights_only=True)
        change(state)
        torch.save(state, path)
        with pytest.raises(TrainingError, match=r"last\.ckpt is damaged .*start anew"):
            learn(run, recipe, resume=True)
    path.write_bytes(whole)
    learn(run, recipe, resume=True)


def test_the_best_weights_of_another_network_are_named_before_any_sound_is_read(
    learn: Callable[..., Path], light: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = tiny_training.recipe(max_epochs=2), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        learn(run, recipe, progress=kill_at(1))
    monkeypatch.setattr("genrelens.training.train._cached_frames", None)
    path = run / "checkpoints" / "best.ckpt"
    state = torch.load(path, weights_only=True)
    _other_shape(state)
    torch.save(state, path)
    with pytest.raises(TrainingError, match=r"best\.ckpt is damaged \(.*another network"):
        learn(run, recipe, resume=True)


@pytest.mark.parametrize("name", ["http:", "a::b", "zip::http:"])
def test_a_runs_folder_is_never_an_address(learn: Callable[..., Path], light: None, tmp_path: Path, name: str) -> None:
    recipe, run = tiny_training.recipe(max_epochs=2), tmp_path / name / "run"
    with pytest.raises(KeyboardInterrupt):
        learn(run, recipe, progress=kill_at(1))
    learn(run, recipe, resume=True)
    assert (run / "bundle" / "predict.onnx").is_file()


def test_a_checkpoint_is_written_beside_the_older_one_and_not_over_it(
    learn: Callable[..., Path],
    light: None,
    whole: Callable[[Recipe], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe, run = tiny_training.recipe(), tmp_path / "run"
    # Lightning's own way leads through $TMPDIR and, from another disk, copies over the older one.
    monkeypatch.setattr(tempfile, "mkstemp", None)
    real = os.fsync

    def full(handle: int) -> None:
        if (run / "checkpoints" / "last.ckpt").exists() and os.fstat(handle).st_size > 20_000:
            raise OSError(28, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        learn(run, recipe)
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
    seen: list[int] = []
    learn(run, recipe, resume=True, progress=lambda done, most, row: seen.append(done))
    assert seen == [2, 3, 4]
    assert_resumed_as_whole(run, whole(recipe))


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), MemoryError()])
def test_a_checkpoint_that_cannot_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whoever is told so would delete hours of training."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("genrelens.training.checkpoints.torch.load", fail)
    with pytest.raises(TrainingError, match=r"cannot be read \(.*(denied|MemoryError)\)") as raised:
        read_checkpoint(tmp_path / "last.ckpt")
    assert "delete" not in str(raised.value)


@pytest.mark.parametrize("stopped_early", [False, True])
def test_a_training_killed_before_its_bundle_stands_is_not_trained_on(
    learn: Callable[..., Path],
    light: None,
    whole: Callable[[Recipe], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stopped_early: bool,
) -> None:
    recipe = tiny_training.recipe()
    if stopped_early:
        recipe = tiny_training.recipe(
            max_epochs=60, patience=3, learning_rate=0.1, warmup_epochs=0, schedule="constant"
        )
    undisturbed, run = whole(recipe), tmp_path / "run"
    assert (len(history(undisturbed)) < recipe.training.max_epochs) == stopped_early

    def die(network: object, **_: int) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("genrelens.training.train.predict_onnx", die)
        learn(run, recipe)
    learn(run, recipe, resume=True)
    assert_resumed_as_whole(run, undisturbed)


def test_ctrl_c_is_heard_again_after_an_interrupted_training(
    learn: Callable[..., Path], light: None, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "run", tiny_training.recipe(), progress=kill_at(1))
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_a_run_whose_folder_was_moved_still_knows_its_best_weights(
    learn: Callable[..., Path], light: None, whole: Callable[[Recipe], Path], tmp_path: Path
) -> None:
    rough = tiny_training.recipe(max_epochs=60, patience=3, learning_rate=0.1, warmup_epochs=0, schedule="constant")
    undisturbed = whole(rough)
    losses = [row["stop_loss"] for row in history(undisturbed)]
    best = int(np.argmin(losses)) + 1
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "here", rough, progress=kill_at(best))
    (tmp_path / "here").rename(tmp_path / "there")
    learn(tmp_path / "there", rough, resume=True)
    assert_resumed_as_whole(tmp_path / "there", undisturbed)


def test_the_running_average_is_the_one_that_is_described(
    learn: Callable[..., Path], light: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[dict[str, np.ndarray]] = []

    def after_step(module: GenreModule, *_: object) -> None:
        steps.append({name: value.numpy().copy() for name, value in module.network.state_dict().items()})

    monkeypatch.setattr(GenreModule, "on_train_batch_end", after_step)
    learn(tmp_path / "run", tiny_training.recipe(max_epochs=3, average_decay=0.35))
    assert len(steps) == 9
    average = {name: value.astype(np.float64) for name, value in steps[0].items()}
    for n, current in enumerate(steps[1:], start=1):
        decay = min(0.35, (1 + n) / (10 + n))  # 2/11, 3/12, 4/13, and 0.35 from the fifth update on
        for name, value in current.items():
            is_count = name.endswith("num_batches_tracked")
            average[name] = value if is_count else decay * average[name] + (1 - decay) * value
    stored = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    for name, expected in average.items():
        assert np.allclose(stored["state_dict"][f"network.{name}"].numpy(), expected, atol=1e-5), name
        assert np.array_equal(stored["current_model_state"][f"network.{name}"].numpy(), steps[-1][name])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_training_whose_process_is_killed_outright_goes_on(
    learn: Callable[..., Path],
    light: None,
    whole: Callable[[Recipe], Path],
    corpus: tuple[Track, ...],
    cache: Path,
    tmp_path: Path,
) -> None:
    recipe, run = tiny_training.recipe(average_decay=0.9), tmp_path / "run"
    code = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(tiny_training.__file__).parent)!r})
import tiny_training
from genrelens.training.train import train
corpus = tiny_training.write_corpus(Path({str(corpus[0].path.parents[1])!r}))
split = tiny_training.by_timbre(corpus)
def progress(done, most, row):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
train(
    tiny_training.training(tiny_training.recipe(average_decay=0.9), corpus, split),
    out=Path({str(run)!r}), cache=Path({str(cache)!r}), progress=progress,
)
"""
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert len(history(run)) == 3
    learn(run, recipe, resume=True)
    assert_resumed_as_whole(run, whole(recipe))


# Several devices


@pytest.mark.slow
def test_two_processes_train_one_model(corpus: tuple[Track, ...], cache: Path, tmp_path: Path) -> None:
    """Lightning's own strategy for several devices, here two processes on the CPU: it runs the program twice."""
    script = tmp_path / "two.py"
    script.write_text(
        f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(tiny_training.__file__).parent)!r})
import lightning.pytorch as pl
import tiny_training
from genrelens.training import train as module
one_device = pl.Trainer
pl.Trainer = lambda **k: one_device(**{{**k, "accelerator": "cpu", "devices": 2, "strategy": "ddp"}})
corpus = tiny_training.write_corpus(Path({str(corpus[0].path.parents[1])!r}))
split = tiny_training.by_timbre(corpus)
module.train(
    tiny_training.training(tiny_training.recipe(average_decay=0.9), corpus, split),
    out=Path({str(tmp_path / "run")!r}), cache=Path({str(cache)!r}),
    progress=lambda done, most, row: print("epoch", done),
)
""",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("epoch")]
    assert said == ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]  # one process speaks and writes
    split = tiny_training.by_timbre(corpus)
    best = min(history(tmp_path / "run"), key=lambda row: row["stop_loss"])
    assert read_run(tmp_path / "run")["best_epoch"] == best["epoch"]
    # Six stopping tracks part evenly between two processes, so that the mean of means is the mean.
    stop = split.part(corpus, "valid")
    loss, _ = loss_and_accuracy(pooled_logits(Bundle.load(tmp_path / "run" / "bundle"), stop), stop)
    assert loss == pytest.approx(best["stop_loss"], abs=2e-5)


# What is refused


@pytest.fixture
def interrupted(learn: Callable[..., Path], light: None, tmp_path: Path) -> Path:
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "run", tiny_training.recipe(), progress=kill_at(2))
    return tmp_path / "run"


def test_an_interrupted_run_is_resumed_on_request_and_as_the_same_run_only(
    learn: Callable[..., Path], interrupted: Path, corpus: tuple[Track, ...]
) -> None:
    recipe = tiny_training.recipe()
    with pytest.raises(TrainingError, match="interrupted training; resume it"):
        learn(interrupted, recipe)
    with pytest.raises(TrainingError, match="started with another recipe;"):
        learn(interrupted, tiny_training.recipe(learning_rate=1e-3), resume=True)
    with pytest.raises(TrainingError, match="started with another seed;"):
        learn(interrupted, recipe, seed=4, resume=True)
    with pytest.raises(TrainingError, match="started with another train_ids, stop_ids;"):
        learn(interrupted, recipe, learn=corpus[:5], stop=corpus[5:7], resume=True)
    with pytest.raises(TrainingError, match="started with another dataset, split, stop_part;"):
        learn(interrupted, recipe, origin=Origin(tiny_training.TAXONOMY, "gtzan", "s4"), stop_part="?", resume=True)
    assert len(history(interrupted)) == 2
    learn(interrupted, recipe, resume=True)
    with pytest.raises(TrainingError, match="holds a finished run"):
        learn(interrupted, recipe)
    with pytest.raises(TrainingError, match="holds a finished run"):
        learn(interrupted, recipe, resume=True)


def test_folders_that_hold_something_else(learn: Callable[..., Path], tmp_path: Path) -> None:
    recipe, out = tiny_training.recipe(), tmp_path / "mine"
    with pytest.raises(TrainingError, match="nothing to resume"):
        learn(out, recipe, resume=True)
    assert not out.exists()
    out.mkdir()
    beside(out / "run.json").write_text("{")  # a program that was killed before the record had its name
    RunFolder(out, tiny_training.training(recipe, (), None)).check(resume=False)
    (out / "letters.txt").write_text("dear")
    with pytest.raises(TrainingError, match="not empty and holds no run"):
        learn(out, recipe)
    with pytest.raises(TrainingError, match="is a file"):
        learn(out / "letters.txt", recipe)
    for content in ("{", "[]", '{"schema": "genrelens.run/2"}'):
        (out / "run.json").write_text(content)
        with pytest.raises(TrainingError, match=r"run\.json"):
            learn(out, recipe, resume=True)
    assert sorted(path.name for path in contents(out)) == ["letters.txt", "run.json"]
    assert (out / "letters.txt").read_text() == "dear"


def test_a_run_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    training = tiny_training.training(tiny_training.recipe(), (), None)
    with pytest.raises(TrainingError, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run", training).start()


def test_an_unreadable_track_is_named_and_leaves_no_run_behind(
    learn: Callable[..., Path], corpus: tuple[Track, ...], tmp_path: Path
) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"RIFF, and then nothing")
    broken = replace(corpus[0], id="broken.00000", path=path)
    absent = replace(corpus[0], id="absent.00000", path=tmp_path / "absent.wav")
    with pytest.raises(TrainingError, match=r"2 of 5 tracks cannot be read.*(broken|absent)\.00000"):
        learn(tmp_path / "run", tiny_training.recipe(), learn=(*corpus[:2], broken, absent), stop=corpus[5:6])
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_cannot_be_built_costs_no_decoding_and_leaves_no_run_behind(
    learn: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = tiny_training.recipe()
    recipe = replace(recipe, model=replace(recipe.model, options={**recipe.model.options, "n_heads": 3}))
    with pytest.raises(RecipeError, match="3 heads"):
        learn(tmp_path / "run", recipe, cache=tmp_path / "cache")
    assert list(tmp_path.iterdir()) == []


def test_tracks_are_needed_on_both_sides(learn: Callable[..., Path], corpus: tuple[Track, ...], tmp_path: Path) -> None:
    for missing in ("learn", "stop"):
        with pytest.raises(TrainingError, match="tracks to learn from and tracks to stop on"):
            learn(tmp_path / "run", tiny_training.recipe(), **{missing: ()})
