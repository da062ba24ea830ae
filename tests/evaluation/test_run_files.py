"""What a run is, what belongs to it, and what is said where something is missing."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

import run_toys as toys
from genrelens.bundle import Bundle
from genrelens.errors import DataError, TrainingError
from genrelens.evaluation.runs import open_run, open_runs
from genrelens.evaluation.trainings import read_history


def test_a_training_with_its_report(tmp_path: Path) -> None:
    folder = toys.training(tmp_path / "mine")
    toys.write(folder / "report.json", toys.report())
    run = open_run(folder)
    assert (run.name, run.report.n_tracks, run.bundle) == ("mel-transformer", 61, None)
    (history,), (cost,) = run.histories, run.costs
    assert [epoch.stop_loss for epoch in history.epochs] == [2.0, 1.0, 1.5]
    assert history.kept is history.epochs[1] and history.fold == ""
    assert (cost.training_s, cost.n_epochs, cost.n_parameters, cost.model_bytes) == (90.0, 3, 1234, None)
    assert run.missing == {"bundle": "the model is not here"}
    assert open_run(folder / "report.json").histories == run.histories  # the file means the run that it lies in


def test_a_report_of_any_name_is_found_where_it_is_the_only_one(tmp_path: Path) -> None:
    folder = toys.training(tmp_path / "mine")
    toys.write(folder / "valid.json", toys.report(part="valid"))
    assert open_run(folder).report.part == "valid"
    toys.write(folder / "test.json", toys.report(part="test"))
    with pytest.raises(DataError, match=r"several reports: give one of test\.json, valid\.json"):
        open_run(folder)
    toys.write(folder / "report.json", toys.report(part="both"))
    assert open_run(folder).report.part == "both"


def test_a_cross_validation_has_its_folds(tmp_path: Path) -> None:
    run = open_run(toys.crossval(tmp_path / "cv", n_folds=11))
    assert [history.fold for history in run.histories] == [f"fold-{k}" for k in range(11)]  # by number, not by letter
    assert len(run.costs) == 11 and run.bundle is None
    assert run.missing["bundle"].startswith("a cross-validation has a model for each fold")


def test_a_report_that_stands_alone_says_what_it_lacks(tmp_path: Path) -> None:
    run = open_run(toys.write(tmp_path / "valid.json", toys.report()))
    assert not run.histories and not run.costs and run.bundle is None
    assert set(run.missing) == {"learning", "cost", "bundle"} and "stands alone" in run.missing["cost"]


def test_the_model_beside_a_report_is_used_where_it_is_the_same(tmp_path: Path, tiny_bundle: Path) -> None:
    folder = toys.training(tmp_path / "mine")
    shutil.copytree(tiny_bundle, folder / "bundle")
    toys.write(folder / "report.json", toys.report(model_hash=Bundle.load(tiny_bundle).hash))
    run = open_run(folder)
    assert run.bundle == folder / "bundle" and not run.missing
    assert run.costs[0].model_bytes == sum(path.stat().st_size for path in tiny_bundle.glob("*.onnx"))
    toys.write(folder / "report.json", toys.report(model_hash="another"))
    run = open_run(folder)
    assert run.bundle is None and not run.histories and not run.costs
    assert run.missing["learning"] == "report.json is about another model than the one beside it"


@pytest.mark.parametrize("finished", [False, None])
def test_an_interrupted_training_says_how_to_go_on(tmp_path: Path, finished: bool | None) -> None:
    folder = toys.training(tmp_path / "mine", finished=False)
    if finished is None:
        toys.write(folder / "report.json", toys.report())  # of an earlier model: not of this one
    with pytest.raises(TrainingError, match=r"is an interrupted training, .* resume it"):
        open_run(folder)


def test_an_interrupted_cross_validation_says_how_to_go_on(tmp_path: Path) -> None:
    folder = toys.crossval(tmp_path / "cv", finished=False)
    with pytest.raises(TrainingError, match=r"not finished \(1 fold has answers\): the same genrelens crossval"):
        open_run(folder)


def test_a_model_without_a_report_says_how_to_make_one(tmp_path: Path, tiny_bundle: Path) -> None:
    folder = tmp_path / "my run"
    shutil.copytree(tiny_bundle, folder / "bundle")
    said = r"genrelens evaluate '.*my run' --data DIR .* --out '.*my run/report\.json'"
    with pytest.raises(DataError, match=said) as raised:
        open_run(folder)
    assert raised.value.code == "no_report"
    with pytest.raises(DataError, match=r"evaluate '.*my run/bundle' .* --out '.*my run/report\.json'"):
        open_run(folder / "bundle")  # and nothing is to be written into the bundle


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_run(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is no run"):
        open_run(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match="not valid JSON"):
        open_run(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        open_run(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("genrelens.multi-label-report/1", "several genres"),
        ("genrelens.leakage/1", "genrelens leakage"),
        ("genrelens.run/1", "give its folder"),
        ("genrelens.audit/1", "of the kind 'genrelens.audit/1'; expected genrelens.report/1"),
        ("genrelens.report/99", "newer genrelens"),
        ("other", "not a genrelens report"),
    ],
)
def test_a_file_of_another_schema_says_what_it_is(tmp_path: Path, schema: str, message: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"schema": schema}))
    with pytest.raises(DataError, match=message):
        open_run(tmp_path / "a.json")


def test_runs_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    files = [
        toys.write(tmp_path / "a" / "valid.json", toys.report()),
        toys.write(tmp_path / "b" / "valid.json", toys.report(seed=1)),
        toys.write(tmp_path / "b" / "test.json", toys.report(seed=2)),
        toys.write(tmp_path / "b" / "other.json", toys.report(model="svm")),
    ]
    names = [run.name for run in open_runs(files)]
    assert names == [
        "mel-transformer (a/valid.json)",
        "mel-transformer (b/valid.json)",
        "mel-transformer (test.json)",
        "svm",
    ]


def test_one_run_given_twice_is_refused(tmp_path: Path) -> None:
    folder = toys.crossval(tmp_path / "cv")
    with pytest.raises(DataError, match="given twice"):
        open_runs([folder, folder / ".." / "cv" / "report.json"])


def test_a_training_that_came_apart_keeps_the_last_finite_best(tmp_path: Path) -> None:
    toys.history(tmp_path, [2.0, 1.0, math.nan])
    toys.write(tmp_path / "report.json", toys.report())
    (history,) = open_run(tmp_path).histories
    assert history.kept is history.epochs[1] and math.isnan(history.epochs[2].stop_loss)


def test_a_run_without_an_epoch_has_no_curve(tmp_path: Path) -> None:
    toys.history(tmp_path, [])
    toys.write(tmp_path / "report.json", toys.report())
    run = open_run(tmp_path)
    assert run.histories == () and "no history.csv" in run.missing["learning"]


def test_a_cost_that_is_no_number_is_not_known(tmp_path: Path) -> None:
    toys.history(tmp_path, [1.0])
    toys.write(tmp_path / "report.json", toys.report())
    record = {"schema": "genrelens.run/1", "finished": True, "training_s": 10**400, "n_parameters": True, "n_epochs": 3}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (cost,) = open_run(tmp_path).costs
    assert (cost.training_s, cost.n_epochs, cost.n_parameters) == (None, 3, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch,loss\n1,2\n", "is no history of a run: expected numbers in the columns epoch, train_loss"),
        ("epoch,train_loss,stop_loss,train_accuracy,stop_accuracy\n1,2,x,0,0\n", "is no history"),
        ("epoch,train_loss,stop_loss,train_accuracy,stop_accuracy\n1,2\n", "is no history"),
    ],
)
def test_other_tables_are_no_history(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_history(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_history(tmp_path / "nothing.csv")
