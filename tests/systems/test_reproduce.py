"""Whole systems on miniatures of their data sets: what is made, what is said, what is gone on with."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from miniatures import network, perceptrons, transformer, wav2vec2, write_fma, write_gtzan, write_rows
from numpy.typing import NDArray

import tiny_encoder
from genrelens.data import Track, registry, synthetic
from genrelens.errors import BundleError, DataError, TrainingError
from genrelens.frontend.descriptors import SETS
from genrelens.models.vggish_weights import Weights
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.recipe import load as load_recipe
from genrelens.systems.job import SYSTEMS, Outcome, reproduce
from genrelens.systems.result import HEAD, Reproduction, to_markdown, to_text
from genrelens.training.rows import RowSource, rows_for
from genrelens.training.tabular.train import TabularData

pytest.importorskip("matplotlib")
pytest.importorskip("lightning")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_rows(write_gtzan(tmp_path_factory.mktemp("gtzan")))
    (root / "genres_original" / "metal" / "metal.00099.wav").write_bytes(b"")  # a clip that nobody can use
    return root


@pytest.fixture(autouse=True)
def _coarse_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take half of the time, nothing here looks at their pixels; and processes take long to start."""
    monkeypatch.setattr("genrelens.systems.attention.judge.n_cores", lambda: 1)
    monkeypatch.setattr("genrelens.pages.figure_style.DPI", 30)


def run(system: str, data: Path, out: Path, **more: object) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    recipes: Mapping[str, AnyRecipe] = more.pop("recipes", {})  # type: ignore[assignment]
    outcome = reproduce(
        system,
        data=data,
        out=out,
        cache=data / "cache",
        say=said.append,
        recipes=recipes,
        **more,  # type: ignore[arg-type]
    )
    return outcome, said


def check_folder(outcome: Outcome, out: Path) -> str:
    """What every reproduction leaves; returns the page."""
    found = outcome.reproduction
    stored = json.loads((out / "reproduce.json").read_text("utf-8"))
    assert stored["schema"] == "genrelens.reproduce/1"
    assert Reproduction.read(out / "reproduce.json").to_dict() == found.to_dict()
    assert set(stored["files"]) <= {path.name for path in out.iterdir()}
    assert found.versions[0].package == "python" and found.commands and found.mended and found.leaked
    page = (out / "report.html").read_text("utf-8")
    assert "http://" not in page and "https://" not in page and "<script" not in page  # opens without a network
    with (out / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum((line.protocol is not None) + (line.honest is not None) for line in found.lines)
    for row, one in zip(rows, [m for line in found.lines for m in (line.protocol, line.honest) if m], strict=True):
        assert float(row["accuracy"]) == one.accuracy.value
    text = to_text(found)
    assert all(word in text for word in HEAD) and all(line.name in text for line in found.lines)
    assert to_markdown(found, folder=found.system, pictures=()).startswith(f"## {found.system.upper()}: ")
    return page


@pytest.mark.slow
def test_s4_whole_interrupted_and_gone_on_with(small: Path, tmp_path: Path) -> None:
    out, recipes = tmp_path / "s4", {"cnn-5s": network("cnn-5s")}

    def stop_after_an_epoch(line: str) -> None:
        if "epoch 1/" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce("s4", data=small, out=out, cache=small / "cache", say=stop_after_an_epoch, recipes=recipes)
    half = json.loads((out / "runs" / "cnn-5s-protocol" / "run.json").read_text("utf-8"))
    assert not half["finished"]
    outcome, said = run("s4", small, out, recipes=recipes)
    assert any("epoch 2/2" in line for line in said)
    page = check_folder(outcome, out)
    first, voted = outcome.reproduction.lines
    assert (first.counted, voted.counted) == ("tracks, their first 5 s", "tracks, crops voted")
    assert math.isnan(voted.reported)
    assert voted.protocol is not None and voted.honest is not None
    assert voted.protocol.leaks == ("artists", "duplicates") and voted.honest.leaks == ()
    assert voted.honest.shared_artists == 0.0 and voted.honest.part == "valid"
    assert voted.honest.n == 9 and "THE SPLIT LEAKS artists, duplicates" in page
    # A finished training is taken as it is, and the figures are the same; another seed is not the same training.
    again, said = run("s4", small, out, recipes=recipes)
    assert sum("is taken as it is" in line for line in said) == 2 and not any("epoch" in line for line in said)
    assert again.reproduction.to_dict() == outcome.reproduction.to_dict()
    with pytest.raises(TrainingError, match="another recipe, seed or other tracks"):
        run("s4", small, out, recipes=recipes, seed=1)


@pytest.mark.slow
def test_s0_studies_attention_of_the_network_that_kept_artists_apart(small: Path, tmp_path: Path) -> None:
    name = "transformer-2x4"
    outcome, _ = run("s0", small, tmp_path / "s0", recipes={name: transformer(name)}, only=name, epochs=1)
    page = check_folder(outcome, tmp_path / "s0")
    assert "Does its attention deserve belief?" in page
    assert "each network had 1 epochs at most" in page  # a quick look says that it is one
    two, four = outcome.reproduction.lines
    assert two.protocol is not None and two.protocol.n == 6 and two.honest is not None
    assert (four.name, four.reported, four.protocol, four.honest) == ("transformer-4x4", 0.95, None, None)
    checks = {check.name.removeprefix(f"{name}: "): check.value for check in outcome.reproduction.checks}
    assert checks["attention above random"] == pytest.approx(
        checks["fall without attention"] - checks["fall without random"], abs=1e-9
    )
    notes = [note for note in outcome.reproduction.notes if note.startswith(f"{name}: ")]
    assert any("By its curves raw attention" in note for note in notes)
    for key in ("attention-true.png", "attention-judged.png", "attention-differences.csv", "attention-sanity.csv"):
        assert (tmp_path / "s0" / key).is_file(), key
    assert "No clips were spliced" in page  # of windows of 2 s
    with (tmp_path / "s0" / "attention-moments.csv").open(encoding="utf-8", newline="") as file:
        moments = list(csv.DictReader(file))
    assert len(moments) == 9 * 3  # every answered clip
    assert all(0 <= float(row["start_s"]) < float(row["end_s"]) <= 6.2 for row in moments)


@pytest.mark.slow
def test_s1_shows_what_splitting_by_row_leaks(small: Path, tmp_path: Path) -> None:
    recipes = {**perceptrons(), "cnn-128": network("cnn-128")}
    outcome, _ = run("s1", small, tmp_path / "s1", recipes=recipes)
    page = check_folder(outcome, tmp_path / "s1")
    lines = {(line.name, line.counted): line for line in outcome.reproduction.lines}
    assert len(lines) == 6
    four = lines["mlp-4", "rows of 3 s"]
    assert four.reported == 0.8768 and four.protocol is not None and four.honest is not None
    assert "segments" in four.protocol.leaks and four.protocol.shared_tracks > 0
    assert four.honest.leaks == () and four.honest.shared_tracks == 0.0
    assert four.honest.n == 2 * 9  # two rows a clip
    voted = lines["mlp-4", "tracks, by vote"]
    assert voted.honest is not None and voted.honest.n == 9
    for key in ("correlation", "tempo", "learning", "comparison", "confusion", "confusion-honest"):
        assert (tmp_path / "s1" / f"{key}.png").is_file(), key
    assert "a dashed line at their mean" in page
    with (tmp_path / "s1" / "learning.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["run"] == "mlp-4, their protocol"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert sum(int(row["kept"]) for row in rows) == 1


def descriptors(recipe: TabularRecipe, tracks: Sequence[Track], source: RowSource) -> TabularData:
    """Rows in the place of descriptors, which other tests compute: compiling librosa takes longer than all else."""
    if recipe.features.set != "fma518":
        return rows_for(recipe, tracks, source)
    values = np.random.default_rng(0).normal(size=(len(tracks), len(SETS["fma518"].columns)))
    values += [[["Electronic", "Folk", "Rock"].index(track.genre)] for track in tracks]
    return TabularData(tuple(tracks), values, frozenset(track.id for track in tracks))


@pytest.mark.slow
def test_s2_runs_its_baseline_without_weights_and_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genrelens.systems.s2.rows_for", descriptors)
    outcome, _ = run("s2", write_fma(tmp_path / "fma"), tmp_path / "s2")
    page = check_folder(outcome, tmp_path / "s2")
    baseline, best = outcome.reproduction.lines
    assert baseline.reported == 0.49 and baseline.protocol == baseline.honest
    assert best.protocol is not None and best.honest is not None
    assert best.protocol.accuracy.value >= best.honest.accuracy.value  # picked on the test part
    assert "genrelens weights vggish --download" in page
    assert [(one.part, one.n_here) for one in outcome.reproduction.at_hand] == [
        ("train", 12),
        ("valid", 3),
        ("test", 3),
    ]


@pytest.mark.slow
def test_s2_with_weights_runs_everything_on_vggish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but VGGish itself, which its own tests run: embeddings are drawn, the network is another one."""
    from genrelens.systems import s2

    def heard(tracks: Sequence[Track], **_: object) -> tuple[NDArray[np.float32], ...]:
        rng = np.random.default_rng(0)
        level = {"Electronic": -1.0, "Folk": 0.0, "Rock": 1.0}
        return tuple((level[t.genre] + 0.1 * rng.normal(size=(1, 31, 128))).astype(np.float32) for t in tracks)

    def with_weights(recipe: Recipe, path: Path) -> tuple[Recipe, Weights]:
        assert recipe.model.architecture == "vggish" and path == weights
        return network("vggish-finetune"), Weights({}, "00", "random weights, seed 0")

    monkeypatch.setattr("genrelens.systems.s2.rows_for", descriptors)
    monkeypatch.setattr("genrelens.training.embed_vggish.vggish_windows", heard)
    monkeypatch.setattr(s2, "with_weights", with_weights)
    small_pca = {}
    for name in s2.EMBEDDED:
        table = load_recipe(name).to_dict()
        table["features"]["pca"] = 4
        small_pca[name] = TabularRecipe.from_dict(table, where=name)
    weights = tmp_path / "weights.safetensors"
    data = write_fma(tmp_path / "fma")
    outcome, _ = run("s2", data, tmp_path / "s2", weights=weights, recipes=small_pca)
    page = check_folder(outcome, tmp_path / "s2")
    lines = {line.name: line for line in outcome.reproduction.lines}
    assert list(lines)[2:] == [f"{name} (random weights)" for name in (*s2.EMBEDDED, "vggish-finetune")]
    assert "VGGish&#39;s weights: random weights, seed 0 (safetensors, SHA-256 00)" in page
    assert all(line.protocol == line.honest for line in list(lines.values())[2:])
    svm = lines["vggish-svm (random weights)"]
    assert svm.protocol is not None and (svm.reported, svm.protocol.accuracy.value) == (0.57, 1.0)
    assert "Only the baseline was run" not in page and (tmp_path / "s2" / "learning.png").is_file()


@pytest.mark.slow
def test_s3_counts_windows_and_tracks(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    encoder = tiny_encoder.write(tmp_path / "encoder")
    name = "wav2vec2-debias"
    monkeypatch.setattr("genrelens.systems.s3.RECIPES", (name,))  # the other runs the same way, and costs as much
    outcome, _ = run("s3", small, tmp_path / "s3", recipes={name: wav2vec2(name)}, encoder=str(encoder))
    check_folder(outcome, tmp_path / "s3")
    by_window, by_track = outcome.reproduction.lines
    assert (by_window.counted, by_track.counted) == ("windows of 3 s", "tracks, windows voted")
    assert by_window.honest is not None and by_track.honest is not None
    assert by_track.honest.n == 9 and by_window.honest.n > 5 * 9
    assert by_window.reported == 0.74
    record = json.loads(next((tmp_path / "s3").rglob("run.json")).read_text("utf-8"))
    assert "began with encoder, SHA-256 " in record["recipe"]["summary"]


def test_s3_needs_an_encoder(small: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="give a folder in the Hugging Face format") as raised:
        run("s3", small, tmp_path / "s3")
    assert raised.value.code == "needs_encoder"  # by which the shell names its option
    assert not (tmp_path / "s3").exists()  # before any work


def test_s2_refuses_weights_that_are_not_there(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    data = write_fma(tmp_path / "fma", seconds=0.2)
    with pytest.raises(BundleError, match="no such file of weights"):
        run("s2", data, tmp_path / "s2", weights=tmp_path / "none.safetensors")
    assert not (tmp_path / "s2").exists()


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_another_data_set_is_refused_by_name(system: str, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    synthetic.write_corpus(root, n_per_style=1, seed=0, duration_s=0.5)
    wanted = "FMA small" if system == "s2" else "GTZAN"
    with pytest.raises(DataError, match=f"{system.upper()} was made on {wanted}.*synthetic") as raised:
        run(system, root, tmp_path / "out")
    if system == "s2":  # what is advised fetches one data set at a time
        assert "data fetch fma_metadata, then genrelens data fetch fma_small;" in str(raised.value)


def test_a_folder_of_somebody_else_is_left_alone(small: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="no reproduction of genrelens"):
        run("s4", small, tmp_path, recipes={"cnn-5s": network("cnn-5s")})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_partial_fma_says_what_is_missing(tmp_path: Path) -> None:
    data = write_fma(tmp_path / "fma", n=6, seconds=0.2)  # all of them to train on
    with pytest.raises(DataError, match="nothing of the part valid is here"):
        run("s2", data, tmp_path / "out")


def test_every_system_is_of_a_known_data_set() -> None:
    assert {dataset for dataset, _ in SYSTEMS.values()} <= set(registry.DATASETS)
