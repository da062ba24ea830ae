"""``genrelens weights``, and ``--weights`` of train, crossval and grid: what they make, say and refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("safetensors")

import soundfile
import torch

import tiny_vggish
from genrelens.cli import main
from genrelens.cli import weights as command
from genrelens.models import vggish, vggish_weights

ROWS = """
name = "rows"
system = "S2"
summary = "few components"
stop_share = 0.0
[features]
set = "vggish"
segment_s = 30
pooling = "flatten"
pca = 4
[classifier]
name = "logistic"
options = { c = 1.0 }
"""

FINETUNE = """
name = "tuned"
system = "S2"
summary = "an example a window"
[front_end]
kind = "vggish"
[windows]
n_frames = 96
hop_frames = 96
[model]
architecture = "vggish"
options = { weights = "", dropout = 0.1 }
[augment]
time_stretch = 0.0
eq_db = 0.0
band_shift = 0
n_masks = 0
time_mask = 0.0
band_mask = 0
mixup_alpha = 0.0
[training]
max_epochs = 2
batch_size = 4
learning_rate = 1e-3
weight_decay = 0.01
warmup_epochs = 1
schedule = "cosine"
label_smoothing = 0.0
average_decay = 0.0
patience = 2
stop_on = "train"
stop_share = 0.25
precision = "32-true"
"""


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_vggish.shrink(patch)
        yield


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of noise of two colours, 2 s each."""
    root = tmp_path_factory.mktemp("music")
    for g, genre in enumerate(("dull", "bright")):
        (root / genre).mkdir()
        for i in range(10):
            noise = np.random.default_rng(10 * g + i).normal(scale=0.1, size=32_000)
            soundfile.write(root / genre / f"{i}.wav", noise + (0.8, -0.5)[g] * np.roll(noise, 1), 16_000)
    return root


@pytest.fixture
def random(tmp_path: Path) -> Path:
    return tiny_vggish.write_random(tmp_path / "random.safetensors")


def run(*args: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(arg) for arg in args])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return int(stopped.value.code or 0), captured.out, captured.err


def toml(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# weights


def test_random_weights_are_made_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "w.safetensors"
    code, printed, err = run("weights", "vggish", "--random", "--seed", 3, "--out", out, capsys=capsys)
    assert (code, printed, err.splitlines()[0]) == (0, f"{out}\n", f"wrote {out}")
    found = vggish_weights.read_weights(out, shapes=vggish.shapes())
    assert found.origin == "random weights, seed 3"


def test_the_released_file_is_converted_and_its_whole_digest_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "a.pth", tmp_path / "w.safetensors"
    torch.save(vggish.random_weights(seed=1), source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    code, _, err = run("weights", "vggish", source, "--out", out, capsys=capsys)
    assert code == 2
    assert f"its SHA-256 is {digest}, that of vggish-10086976.pth begins with 10086976" in err
    assert not out.exists()
    real = vggish_weights.convert

    def of_this_file(*args: Path, **shapes: dict[str, tuple[int, ...]]) -> str:
        return real(*args, **shapes, sha256_begins=digest[:8])  # type: ignore[arg-type]

    monkeypatch.setattr(vggish_weights, "convert", of_this_file)
    code, printed, err = run("weights", "vggish", source, "--out", out, capsys=capsys)
    said = [f"{source}: SHA-256 {digest}", f"wrote {out}"]
    assert (code, printed, err.splitlines()[:2]) == (0, f"{out}\n", said)


def test_a_download_that_is_there_already_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    content = b"weights"

    def download(url: str, target: Path, **_: object) -> None:
        asked.append((url, target))
        target.write_bytes(content)

    monkeypatch.setattr("genrelens.data.fetch.download", download)
    monkeypatch.setattr(vggish_weights, "RELEASE_SHA256_BEGINS", hashlib.sha256(content).hexdigest()[:8])
    target = tmp_path / "vggish-10086976.pth"
    for _ in range(2):
        assert command._downloaded(vggish_weights, target) == target
    assert asked == [(vggish_weights.RELEASE_URL, target)]
    # What was damaged meanwhile is got again, and that is said.
    target.write_bytes(content[:-1])
    command._downloaded(vggish_weights, target)
    assert len(asked) == 2 and target.read_bytes() == content
    assert f"{target} is damaged or another file; it is got again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give one of: the released file, --download"),
        (["a.pth", "--random"], "give one of: the released file, --download"),
        (["a.pth", "--seed", "2"], "--seed goes with --random"),
    ],
)
def test_what_to_make_them_of_is_said_once(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run("weights", "vggish", *words, "--out", tmp_path / "w", capsys=capsys)
    assert code == 2
    assert message in " ".join(err.split())


# --weights


def test_a_recipe_that_begins_with_weights_asks_for_them(
    music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("vggish-svm", "vggish-finetune"):
        code, _, err = run("crossval", name, "--data", music, "--out", tmp_path / name, capsys=capsys)
        assert code == 2
        assert "`genrelens weights vggish --download" in err and "(--weights FILE;" in err


def test_a_recipe_that_needs_none_takes_none(
    music: Path, random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run("train", "svm", "--data", music, "--weights", random, "--out", tmp_path / "run", capsys=capsys)
    assert code == 2
    assert "svm begins with no weights of VGGish" in " ".join(err.split())


def test_crossval_says_in_its_report_that_weights_are_random(
    music: Path, random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, shared = toml(tmp_path / "rows.toml", ROWS), ["--data", music, "--weights", random]
    code, out, _ = run(
        "crossval",
        recipe,
        *shared,
        "--cache",
        tmp_path / "cache",
        "--folds",
        3,
        "--out",
        tmp_path / "cv",
        "--json",
        "--split",
        "hold-out",
        "--part",
        "train+test",
        capsys=capsys,
    )
    assert code == 0
    report = json.loads(out)
    assert report["model"] == "rows (random weights)"
    assert len(report["tracks"]) == 16  # the rest is the part valid
    assert report["all_genres"]["accuracy"]["value"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("text", [ROWS, FINETUNE], ids=["rows", "tuned"])
def test_a_model_that_began_with_random_weights_says_so_wherever_it_goes(
    text: str, music: Path, random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = toml(tmp_path / "recipe.toml", text)
    code, out, err = run(
        "train",
        recipe,
        "--data",
        music,
        "--weights",
        random,
        "--cache",
        tmp_path / "cache",
        "--out",
        tmp_path / "run",
        "--split",
        "hold-out",
        capsys=capsys,
    )
    assert code == 0, err
    bundle = Path(out.strip())
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    assert manifest["name"].endswith(" (random weights)")
    assert "random weights, seed 0 (safetensors, SHA-256 " in json.dumps(manifest["training"]["recipe"])
    assert "(random weights)" in (bundle / "card.md").read_text("utf-8").splitlines()[0]
    song = music / "dull" / "0.wav"
    code, out, _ = run("predict", song, "--model", bundle, "--json", capsys=capsys)
    assert code == 0
    assert json.loads(out)["model"]["name"].endswith(" (random weights)")


@pytest.mark.slow
def test_the_grid_scores_embeddings_and_their_components(
    music: Path, random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ["--data", music, "--split", "hold-out", "--part", "train+test", "--folds", 2]
    code, out, _ = run(
        "grid",
        *shared,
        "--set",
        "vggish",
        "--weights",
        random,
        "--cache",
        tmp_path / "cache",
        "--classifier",
        "NB",
        "--json",
        capsys=capsys,
    )
    assert code == 0
    found = json.loads(out)
    assert found["feature_set"].startswith("vggish, random weights, seed 0")
    flat, components, pooled = found["cells"]
    assert (flat["features"], flat["n_columns"], pooled["n_columns"]) == ("flatten", 3968, 256)
    assert flat["accuracy"] > 0.8
    assert components["accuracy"] is None
    assert "128 principal components" in components["note"]
