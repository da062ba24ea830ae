"""``--encoder``, ``ablate`` and the probe from the shell's point of view."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import tiny_encoder
import tiny_training
import tiny_wav2vec2
from genrelens.cli import main
from genrelens.data.registry import Selection
from genrelens.evaluation.ablation import AblationReport
from genrelens.evaluation.report import Report
from genrelens.recipe.start import with_encoder
from genrelens.training.run import read_run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of ten styles, five pieces of 1.2 s each."""
    root = tmp_path_factory.mktemp("data") / "music"
    assert call("synthesise", root, "--per-style", 5, "--duration", 1.2) == 0
    return root


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder.write(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code or 0


def recipe_file(folder: Path) -> Path:
    path = folder / "mine.toml"
    recipe = tiny_wav2vec2.recipe("nobody/nothing", max_epochs=1, warmup_epochs=0)
    path.write_text(tiny_training.to_toml(recipe), encoding="utf-8")
    return path


def test_encoder_takes_the_place_of_the_recipes(
    data: Path, encoder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_training.export_weights_only(monkeypatch)
    out = tmp_path / "run"
    train = ("train", recipe_file(tmp_path), "--data", data, "--cache", cache, "--out", out)
    assert call(*train, "--encoder", encoder) == 0
    record = read_run(out)
    assert record["finished"] and record["recipe"]["model"]["options"]["encoder"] == str(encoder)
    weights = hashlib.sha256((encoder / "model.safetensors").read_bytes()).hexdigest()
    assert record["recipe"]["summary"].endswith(f"; began with {encoder.name}, SHA-256 {weights}")


def test_another_encoder_in_the_same_folder_is_another_recipe(tmp_path: Path) -> None:
    recipe = tiny_wav2vec2.recipe("somebody/encoder")
    assert with_encoder(recipe, None).summary.endswith("; began with somebody/encoder")
    folder = tiny_encoder.write(tmp_path / "encoder", seed=0)
    first = with_encoder(recipe, str(folder))
    assert with_encoder(recipe, str(folder)) == first
    tiny_encoder.write(folder, seed=1)
    second = with_encoder(recipe, str(folder))
    assert second.model == first.model and second != first


def test_without_a_network_it_is_said_what_was_expected(
    data: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ("train", recipe_file(tmp_path), "--data", data, "--cache", cache, "--out", tmp_path / "run")
    assert call(*train) == 1
    said = capsys.readouterr().err
    assert "nobody/nothing" in said and "local folder" in said and "--encoder" in said
    assert "Traceback" not in said and not (tmp_path / "run").exists()
    assert call(*train, "--encoder", tmp_path / "nowhere") == 1
    assert "expected a local folder" in capsys.readouterr().err


def test_recipes_without_an_encoder_take_none(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train", "crossval"):
        words = (command, "mel-transformer", "--data", data, "--out", tmp_path / "run", "--encoder", "a/b")
        assert call(*words) == 2
        assert "mel-transformer has no encoder" in capsys.readouterr().err


def test_the_probe_scores_and_makes_no_model(
    data: Path, encoder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--data", data, "--encoder", encoder, "--cache", cache)
    out = tmp_path / "cv"
    assert call("crossval", "encoder-probe", *given, "--folds", 2, "--out", out, "--part", "train+valid") == 0
    capsys.readouterr()
    report = Report.read(out / "report.json")
    assert report.model == "encoder-probe" and report.n_failed == 0 and report.n_tracks > 20
    # Random weights tell apart a drone and a noise well enough; what is measured is that rows reach the classifier.
    assert report.all_genres.accuracy.value > 0.2
    assert call("train", "encoder-probe", *given, "--out", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert "makes no model" in said and "genrelens crossval encoder-probe" in said
    assert not (tmp_path / "run").exists()


def test_ablate_writes_a_table_a_figure_and_json(
    data: Path,
    encoder: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = []

    def ablation(recipe: object, selection: Selection, source: object, **given: object) -> AblationReport:
        asked.append((recipe, selection.selected.tracks, given))
        Path(str(given["out"])).mkdir()
        return AblationReport.read(stored)

    stored = tmp_path / "stored.json"
    stored.write_text(TOY)
    monkeypatch.setattr("genrelens.evaluation.ablation.ablation", ablation)
    words = ("ablate", recipe_file(tmp_path), "--data", data, "--encoder", encoder, "--cache", cache, "--folds", 2)
    out = tmp_path / "out"
    assert call(*words, "--out", out) == 0
    printed = capsys.readouterr()
    assert "learned mixin" in printed.out and printed.err.startswith(f"wrote {out / 'report.json'} and {out}")
    assert (out / "report.json").read_text() == AblationReport.read(stored).to_json()
    assert (out / "ablation.png").read_bytes().startswith(b"\x89PNG")
    recipe, tracks, given = asked[0]
    assert recipe.model.options["encoder"] == str(encoder) and given["n_folds"] == 2  # type: ignore[attr-defined]
    assert len(tracks) > 20
    assert call(*words, "--out", tmp_path / "again", "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "genrelens.ablation/1"
    assert call("ablate", "svm", "--data", data, "--out", tmp_path / "x") == 2
    assert "the ablation is of wav2vec2-debias" in capsys.readouterr().err


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "level": 0.95}


TOY = json.dumps(
    {
        "schema": "genrelens.ablation/1",
        "recipe": "tiny",
        "encoder": "none",
        "dataset": "synthetic",
        "part": "train+valid",
        "genres": ["a", "b"],
        "left_out": [],
        "n_folds": 2,
        "seed": 0,
        "results": [
            {
                "variant": variant,
                "accuracy": interval(0.5),
                "macro_f1": interval(0.5),
                "above_plain": above,
                "n_tracks": 80,
                "n_artists": 40,
            }
            for variant, above in (("r = 0", None), ("learned mixin", interval(0.0)))
        ],
    }
)
