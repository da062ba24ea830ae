"""``genrelens train`` and ``crossval`` of classifiers of descriptors: from a table, from sound, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")
pytest.importorskip("librosa")

from genrelens.cli import main
from genrelens.data import gtzan, registry
from genrelens.features import FeatureTable, write_table
from genrelens.frontend.descriptors import SETS

COLUMNS = SETS["kaggle57"].columns

ONE_GENRE = "genrelens: note: there is one genre only, 'blues', and nothing to tell it from\n"
"""Said of the clips; the table beside them has rows of others, too."""


def run(*args: str | Path | int, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(arg) for arg in args])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


def write_rows(path: Path, ids: list[str], *, columns: tuple[str, ...] = COLUMNS, piece: str = "") -> Path:
    """A row of made-up numbers for each clip, which tell its genre; ``piece``: ".0" for rows of first segments."""
    rng = np.random.default_rng(0)
    genres = [id_.split(".")[0] for id_ in ids]
    centre = {genre: np.exp(rng.normal(size=len(columns))) for genre in dict.fromkeys(genres)}
    values = np.stack([centre[genre] for genre in genres]) * np.exp(0.3 * rng.normal(size=(len(ids), len(columns))))
    table = FeatureTable(
        columns=columns,
        filenames=tuple(f"{id_}{piece}.wav" for id_ in ids),
        lengths=np.full(len(ids), 661_794),
        values=values,
        labels=tuple(genres),
        errors=("",) * len(ids),
    )
    write_table(table, path)
    return path


def all_ids() -> list[str]:
    split, faulty = gtzan.split("fault-filtered"), registry.never_train("gtzan")
    return [id_ for id_ in gtzan.all_ids() if id_ in set(split.ids("train+valid")) - faulty]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GTZAN of which two clips have sound."""
    root = tmp_path_factory.mktemp("gtzan")
    rng = np.random.default_rng(0)
    for id_ in all_ids()[:2]:
        folder = root / "genres_original" / id_.split(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{id_}.wav", rng.normal(scale=0.1, size=22_050 * 4), 22_050)
    return root


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("tables") / "features_30_sec.csv", all_ids())


@pytest.mark.slow
def test_a_model_of_a_table_predicts_from_sound(
    clips: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(
        "train", "lda-plus", "--data", clips, "--table", table, "--out", tmp_path / "run", capsys=capsys
    )
    assert (code, err[: len(ONE_GENRE)]) == (0, ONE_GENRE)
    assert out.strip() == str(tmp_path / "run" / "bundle")
    manifest = json.loads((tmp_path / "run" / "bundle" / "manifest.json").read_text("utf-8"))
    assert manifest["front_end"] == {"kind": "descriptors", "set": "kaggle57", "segment_s": 30.0}
    train = set(gtzan.split("fault-filtered").ids("train"))
    assert set(manifest["training"]["trained_on"]) == train & set(all_ids())
    assert manifest["training"]["split"] == "fault-filtered, part train"
    song = next(clips.rglob("*.wav"))
    code, out, _ = run("predict", song, "--model", tmp_path / "run" / "bundle", "--json", capsys=capsys)
    assert code == 0
    assert json.loads(out)["model"]["name"] == "lda-plus"


def test_crossval_answers_every_row_of_the_table(
    clips: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(
        "crossval", "lda-plus", "--data", clips, "--table", table, "--out", tmp_path, "--json", capsys=capsys
    )
    assert (code, err[: len(ONE_GENRE)]) == (0, ONE_GENRE)
    report = json.loads(out)
    assert {row["id"] for row in report["tracks"]} == set(all_ids())
    assert report["all_genres"]["accuracy"]["value"] > 0.9
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report


def test_tracks_without_a_row_are_left_out_and_said_to_be(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = write_rows(tmp_path / "fewer.csv", all_ids()[1:])
    _, out, err = run(
        "crossval", "lda-plus", "--data", clips, "--table", fewer, "--out", tmp_path, "--json", capsys=capsys
    )
    assert "note: 1 of 2 tracks have no row in the table and are left out" in err
    assert all_ids()[0] not in {row["id"] for row in json.loads(out)["tracks"]}


@pytest.mark.parametrize(
    ("recipe", "code", "message"),
    [
        ("svm", 1, "learns from rows of segments of 3 s, the table holds rows of whole tracks"),
        ("genrelens-base", 2, "the table holds descriptors, of which genrelens-base learns nothing"),
        ("mel-transformer", 2, "the table holds descriptors, of which mel-transformer learns nothing"),
    ],
)
@pytest.mark.parametrize("command", ["train", "crossval"])
def test_a_table_that_the_recipe_does_not_learn_from_is_refused(
    clips: Path,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    recipe: str,
    code: int,
    message: str,
) -> None:
    found, out, err = run(command, recipe, "--data", clips, "--table", table, "--out", tmp_path / "run", capsys=capsys)
    assert (found, out) == (code, "")
    assert message in " ".join(err.split())
    assert not (tmp_path / "run").exists()


def test_tables_of_pieces_and_of_other_descriptors_are_refused(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = write_rows(tmp_path / "pieces.csv", all_ids()[:30], piece=".0")
    others = write_rows(tmp_path / "others.csv", all_ids()[:30], columns=SETS["fma518"].columns)
    for given, message in ((pieces, "rows of segments"), (others, "the table holds others: 518 columns")):
        code, _, err = run(
            "train", "lda-plus", "--data", clips, "--table", given, "--out", tmp_path / "run", capsys=capsys
        )
        assert code == 1
        assert message in err


def test_there_is_nothing_to_resume(
    clips: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(
        *("train", "lda-plus", "--data", clips, "--table", table, "--out", tmp_path / "run", "--resume"), capsys=capsys
    )
    assert code == 2
    assert "lda-plus learns in one go" in " ".join(err.split())


def test_an_unknown_key_of_a_recipe_is_named(
    clips: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'name = "mine"\nsystem = "test"\nsummary = "x"\nstop_share = 0.0\n'
        '[features]\nset = "kaggle57"\nsegment_s = 30\n[classifier]\nname = "logistic"\n'
        "options = { c = 1.0, d = 2.0 }\n"
    )
    code, _, err = run("train", mine, "--data", clips, "--table", table, "--out", tmp_path / "run", capsys=capsys)
    assert code == 2
    assert "logistic has no option 'd'; it has: c" in err


def test_every_recipe_is_listed_with_its_system(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("recipes", "--json", capsys=capsys)
    assert code == 0
    systems = {row["name"]: row["system"] for row in json.loads(out)}
    assert [systems[f"mlp-{i}"] for i in (1, 2, 3, 4)] == ["S1"] * 4
    for name in ("svm", "svm-poly", "svm-linear", "logistic", "random-forest", "xgboost"):
        assert systems[name] == "S2"


@pytest.mark.slow
def test_from_sound_to_a_model_and_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from genrelens.data import synthetic

    corpus = tmp_path / "music"
    synthetic.write_corpus(corpus, n_per_style=10, seed=0, duration_s=3.2)
    shared = ("--data", corpus, "--split", "by-timbre")
    code, out, err = run(
        *("train", "svm", *shared, "--part", "train", "--out", tmp_path / "run", "--cache", tmp_path / "c"),
        capsys=capsys,
    )
    bundle = Path(out.strip())
    assert (code, err.splitlines()[0]) == (0, f"wrote {bundle}")
    code, out, _ = run("evaluate", bundle, *shared, "--part", "valid", "--json", capsys=capsys)
    assert code == 0
    assert json.loads(out)["all_genres"]["accuracy"]["value"] > 0.3
    code, _, err = run("evaluate", bundle, *shared, "--part", "train", capsys=capsys)
    assert code == 2
    assert "was trained on" in err


def test_grid_of_a_table(clips: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = ("grid", "--data", clips, "--set", "kaggle57", "--table", table, "--features", "mfcc")
    code, out, err = run(*shared, "--classifier", "LR", "--classifier", "NB", capsys=capsys)
    assert (code, err[: len(ONE_GENRE)]) == (0, ONE_GENRE)
    assert out.startswith("kaggle57 on gtzan, train+valid:")
    code, out, _ = run(*shared, "--classifier", "NB", "--json", capsys=capsys)
    (cell,) = json.loads(out)["cells"]
    assert code == 0
    assert cell["accuracy"] > 0.9
    assert json.loads(out)["n_tracks"] == len(all_ids())
    code, _, err = run("grid", "--data", clips, "--set", "mfcc", capsys=capsys)
    assert code == 2
    assert "--set should be one of fma518, kaggle57" in " ".join(err.split())
    code, _, err = run("grid", "--data", clips, "--table", table, capsys=capsys)
    assert code == 1
    assert "learns from the descriptors fma518, the table holds others" in err
