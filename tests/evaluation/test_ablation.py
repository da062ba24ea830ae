"""The ablation of debiasing: the same folds and first weights for every way, and what is read off their reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tiny_training
import tiny_wav2vec2
from genrelens.data.registry import Selection
from genrelens.data.splits.split import Split
from genrelens.errors import DataError, RecipeError
from genrelens.evaluation.ablation import VARIANTS, AblationReport, ablation, ablation_text, summarise
from genrelens.evaluation.build import build_report
from genrelens.evaluation.report import Report, Subject, TrackRow
from genrelens.recipe import Recipe
from genrelens.training.rows import RowSource

GENRES = ("drone", "swing", "thump")
MUSIC = Selection("toys", (), tiny_training.TAXONOMY, Split("all", 1, {"all": ("t0",)}), "all")


def report(right: set[int], *, n: int = 60, few: bool = False) -> Report:
    """Tracks of 20 artists; ``right`` are answered rightly, the rest are taken for the next genre."""
    rows = []
    for i in range(n):
        true = i % 2 if few else i % 3
        said = true if i in right else (true + 1) % 3
        odds = tuple(0.8 if k == said else 0.1 for k in range(3))
        rows.append(TrackRow(f"t{i}", f"a{i % 20}", GENRES[true], GENRES[said], odds, False, None, None))
    experimental = ("thump",) if few else ()
    return build_report(rows, Subject("toy", "-", "toys", GENRES, split="folds", part="all", experimental=experimental))


def summary(**reports: Report) -> AblationReport:
    return summarise(reports, recipe="toy", encoder="none", dataset="toys", part="all", n_folds=3, seed=0)


def test_each_way_is_measured_against_no_debiasing_on_the_same_tracks() -> None:
    found = summary(plain=report(set(range(30))), better=report(set(range(45))), same=report(set(range(30))))
    plain, better, same = found.results
    assert plain.above_plain is None
    assert plain.accuracy.value == 0.5 and better.accuracy.value == 0.75
    assert better.above_plain is not None and better.above_plain.value == pytest.approx(0.25)
    assert 0 < better.above_plain.low < 0.25 < better.above_plain.high
    assert same.above_plain is not None
    assert str(same.above_plain.value) == "0.0"
    assert found.genres == GENRES and found.left_out == ()


def test_genres_of_too_few_tracks_do_not_count() -> None:
    found = summary(plain=report(set(), few=True), other=report(set(range(60)), few=True))
    assert found.genres == ("drone", "swing") and found.left_out == ("thump",)
    assert "(thump left out: too few tracks)" in ablation_text(found)


def test_the_report_survives_its_file_and_the_table_says_what_it_holds(tmp_path: Path) -> None:
    found = summary(plain=report(set(range(30))), better=report(set(range(45))))
    path = tmp_path / "report.json"
    path.write_text(found.to_json())
    assert AblationReport.read(path).to_json() == found.to_json()
    document = json.loads(found.to_json())
    assert document["schema"] == "genrelens.ablation/1"
    assert document["results"][0]["above_plain"] is None
    text = ablation_text(found)
    line = next(line for line in text.splitlines() if line.startswith("better"))
    assert "75.0 [" in line and "+25.0 [" in line and line.split()[-2:] == ["60", "20"]
    path.write_text(found.to_json().replace("ablation/1", "ablation/2"))
    with pytest.raises(DataError, match="written by a newer genrelens"):
        AblationReport.read(path)


def test_a_recipe_without_a_biased_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"of architecture 'wav2vec2_debias'.* has 'mel_transformer'"):
        ablation(tiny_training.recipe(), MUSIC, RowSource(tmp_path), out=tmp_path)


def test_all_ways_are_cross_validated_on_the_same_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Recipe, Any, dict[str, Any]]] = []

    def crossval(recipe: Recipe, selection: Any, source: Any, **given: Any) -> Report:
        given["fold"]("by artist", 1, 2)
        given["epoch"](3, 4, {"train_loss": 0.5})
        asked.append((recipe, selection, given))
        return report(set(range(10 * len(asked))))

    monkeypatch.setattr("genrelens.evaluation.ablation.crossval", crossval)
    recipe = tiny_wav2vec2.recipe("an/encoder")
    seen: list[tuple[Any, ...]] = []
    found = ablation(
        recipe,
        MUSIC,
        RowSource(tmp_path / "cache"),
        out=tmp_path / "out",
        n_folds=2,
        seed=7,
        fold=lambda *told: seen.append(told),
        epoch=lambda *told: seen.append(told),
    )
    assert seen == [told for variant in VARIANTS for told in ((variant, 1, 2), (3, 4, {"train_loss": 0.5}))]
    assert [result.variant for result in found.results] == list(VARIANTS)
    assert [result.accuracy.value for result in found.results] == pytest.approx([k / 6 for k in range(1, 6)])
    assert (found.encoder, found.n_folds, found.seed) == ("an/encoder", 2, 7)
    ways = [(r.model.options["combine"], r.model.options["ratio"]) for r, _, _ in asked]
    assert ways[:3] == [("mixture", 0.0), ("mixture", 0.1), ("mixture", 0.3)]
    assert [combine for combine, _ in ways[3:]] == ["poe", "learned_mixin"]
    for changed, selection, given in asked:
        assert selection is MUSIC and (given["n_folds"], given["seed"]) == (2, 7)
        assert changed.training == recipe.training and changed.windows == recipe.windows
        others = {"combine", "ratio"}
        assert {k: v for k, v in changed.model.options.items() if k not in others} == {
            k: v for k, v in recipe.model.options.items() if k not in others
        }
    folders = [given["out"].name for _, _, given in asked]
    assert folders == ["r-0", "mixture-r-0.1", "mixture-r-0.3", "product-of-experts", "learned-mixin"]
    assert len({changed.name for changed, _, _ in asked}) == 5
