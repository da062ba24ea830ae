"""Recipes: what ships loads and builds, what is wrong is named, and nothing is guessed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from genrelens import recipe as recipes
from genrelens.cli import main
from genrelens.errors import RecipeError
from genrelens.frontend.wave import WaveSettings
from genrelens.recipe import Recipe

SHIPPED = recipes.names()
NETWORKS = tuple(name for name in SHIPPED if isinstance(recipes.load(name), Recipe))


def table() -> dict[str, Any]:
    """A sound recipe as plain dictionaries, to be spoilt; what the cases lean on is pinned here."""
    made = recipes.load("mel-transformer").to_dict()
    made["front_end"].update(n_fft=2048, n_mels=128)
    made["windows"].update(n_frames=256, hop_frames=128)
    made["training"].update(max_epochs=60, warmup_epochs=3)
    made["augment"].update(eq_db=4.0)
    return made


def spoilt(key: str, value: object) -> dict[str, Any]:
    """The sound recipe with one value put in its place, by a dotted key."""
    made = table()
    *path, last = key.split(".")
    place = made
    for name in path:
        place = place[name]
    place[last] = value
    return made


def without(key: str) -> dict[str, Any]:
    made = table()
    *path, last = key.split(".")
    place = made
    for name in path:
        place = place[name]
    del place[last]
    return made


def all_keys() -> list[str]:
    made = table()
    keys = []
    for name, value in made.items():
        keys.append(name)
        if isinstance(value, dict):
            keys += [f"{name}.{key}" for key in value]
    return keys


def test_the_three_recipes_of_the_design_ship() -> None:
    assert {"mel-transformer", "transformer-2x4", "transformer-4x4"} <= set(SHIPPED)
    assert list(SHIPPED) == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_loads_as_its_file_says_and_round_trips(name: str) -> None:
    recipe = recipes.load(name)
    assert recipe.name == name
    text = (resources.files("genrelens.recipe") / "shipped" / f"{name}.toml").read_text(encoding="utf-8")
    as_written = tomllib.loads(text)
    made = recipe.to_dict()
    for section, values in as_written.items():
        if isinstance(values, dict):
            for key, value in values.items():
                assert made[section][key] == value, f"{section}.{key}"
        else:
            assert made[section] == values
    assert type(recipe).from_dict(made, where="again") == recipe
    assert type(recipe).from_dict(json.loads(json.dumps(made)), where="from JSON") == recipe


BEGIN_WITH_WEIGHTS = ("vggish", "wav2vec2", "encoder-probe")
"""Networks that others have trained, whose weights are not here: their own tests build small ones."""


@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.startswith(BEGIN_WITH_WEIGHTS)])
def test_a_shipped_recipe_builds_its_network(name: str) -> None:
    pytest.importorskip("torch")
    from genrelens import models

    recipe = recipes.load(name)
    assert isinstance(recipe, Recipe)
    n_mels = recipe.front_end.n_bands
    options = recipe.model.options
    network = models.build(
        recipe.model.architecture, options, n_frames=recipe.windows.n_frames, n_mels=n_mels, n_classes=10
    )
    layers = [module for module in network.modules() if type(module).__name__ == "EncoderLayer"]
    assert len(layers) == options.get("n_layers", 0)


def test_the_originals_transformers_differ_in_depth_alone() -> None:
    two, four = (recipes.load(f"transformer-{n}x4").to_dict() for n in (2, 4))
    assert (two["model"]["options"]["n_layers"], four["model"]["options"]["n_layers"]) == (2, 4)
    for made in (two, four):
        made["model"]["options"]["n_layers"] = made["name"] = made["summary"] = None
    assert two == four
    assert (two["windows"]["n_frames"], two["front_end"]["n_mels"]) == (1290, 128)


OPTIONAL = tuple(f"front_end.{key}" for key in ("fmax_hz", "top_db", "log_factor", "level"))


@pytest.mark.parametrize("key", [key for key in all_keys() if key not in OPTIONAL])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(RecipeError, match=rf"^mine\.toml: .*{key}.*missing"):
        Recipe.from_dict(without(key), where="mine.toml")


def test_an_optional_number_may_be_left_out() -> None:
    recipe = Recipe.from_dict(without("front_end.top_db"), where="mine.toml")
    assert recipe.front_end.top_db is None
    assert Recipe.from_dict(recipe.to_dict(), where="again") == recipe


@pytest.mark.parametrize(
    "key", ["colour", "training.momentum", "front_end.win_length", "windows.n_frame", "model.depth"]
)
def test_an_unknown_key_is_named_with_the_known_ones(key: str) -> None:
    with pytest.raises(RecipeError, match=rf"^mine\.toml: unknown key '{key}'; known keys here: ") as caught:
        Recipe.from_dict(spoilt(key, 1), where="mine.toml")
    sibling = "system" if "." not in key else {"training": "patience", "front_end": "n_fft"}.get(key.split(".")[0], "")
    assert sibling in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("training.max_epochs", True, "int"),
        ("training.max_epochs", 60.0, "int"),
        ("training.max_epochs", "60", "int"),
        ("training.learning_rate", True, "float"),
        ("training.learning_rate", "1e-3", "float"),
        ("front_end.htk", 0, "bool"),
        ("front_end.n_mels", 128.0, "int"),
        ("front_end.top_db", True, "float"),
        ("front_end.fmax_hz", "8000", "float"),
        ("name", 3, "str"),
        ("training.schedule", "linear", "'cosine', 'constant'"),
        ("training.stop_on", "test", "'valid', 'train'"),
        ("training.precision", 32, "'32-true', 'bf16-mixed'"),
        ("training", 3, "table"),
        ("windows", [256, 128], "table"),
        ("model.options", 3, "table"),
        ("model.options", {"stem": ["32"]}, "table of plain values"),
        ("augment.eq_db", [1.0], "float"),
    ],
)
def test_a_wrong_type_is_named_with_what_came(key: str, value: object, wanted: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(spoilt(key, value), where="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert key in message and wanted in message and repr(value) in message


def test_a_whole_number_does_for_a_float_and_becomes_one() -> None:
    recipe = Recipe.from_dict(spoilt("augment.eq_db", 4), where="mine.toml")
    assert type(recipe.augment.eq_db) is float
    assert recipe == Recipe.from_dict(table(), where="again")


@pytest.mark.parametrize(
    "key",
    ["training.weight_decay", "training.learning_rate", "augment.eq_db", "augment.mixup_alpha", "front_end.top_db"],
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, pytest.param(10**400, id="400 digits")])
def test_no_number_that_is_none(key: str, value: float) -> None:
    with pytest.raises(RecipeError, match=rf"^mine\.toml: {key} should be a finite number, got (-?(nan|inf)|100)"):
        Recipe.from_dict(spoilt(key, value), where="mine.toml")


@pytest.mark.parametrize(
    ("key", "outside", "inside"),
    [
        ("windows.n_frames", 7, None),
        ("windows.hop_frames", 0, 1),
        ("windows.hop_frames", 257, 256),
        ("training.max_epochs", 0, None),
        ("training.batch_size", 1, 2),
        ("training.learning_rate", 0.0, 1e-9),
        ("training.learning_rate", -1e-3, None),
        ("training.weight_decay", -0.1, 0.0),
        ("training.warmup_epochs", -1, 0),
        ("training.warmup_epochs", 61, 60),
        ("training.label_smoothing", 1.0, 0.99),
        ("training.average_decay", 1.0, 0.999),
        ("training.average_decay", -0.1, 0.0),
        ("training.patience", 0, 1),
        ("training.stop_share", 0.0, 0.01),
        ("training.stop_share", 0.5, 0.49),
        ("augment.time_stretch", 0.71, 0.7),
        ("augment.eq_db", -1.0, 0.0),
        ("augment.band_shift", 64, 63),
        ("augment.n_masks", -1, 0),
        ("augment.time_mask", 0.6, 0.5),
        ("augment.band_mask", 128, 127),
        ("augment.mixup_alpha", -0.1, 0.0),
        ("front_end.n_mels", 0, None),
        ("front_end.hop_length", 4096, 2048),
        ("front_end.fmin_hz", -1.0, 20.0),
    ],
)
def test_out_of_range_is_named_and_the_bound_itself_is_in_range(key: str, outside: object, inside: object) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(spoilt(key, outside), where="mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert key.split(".")[1] in str(caught.value)
    if inside is not None:
        made = Recipe.from_dict(spoilt(key, inside), where="mine.toml").to_dict()
        section, name = key.split(".")
        assert made[section][name] == inside


def test_recipes_of_ones_own(tmp_path: Path) -> None:
    text = (resources.files("genrelens.recipe") / "shipped" / "mel-transformer.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('name = "mel-transformer"', 'name = "mine"'), encoding="utf-8")
    assert recipes.load(path).name == "mine"
    assert recipes.load(str(path)) == recipes.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "is not valid TOML"),
        (b"name = 'a'\nname = 'b'", "is not valid TOML"),
        (b"seed = " + b"9" * 5000, "is not valid TOML"),
        (b"x = " + b"[" * 5000, "is not valid TOML"),
        (b"\xff\xfe", "could not read the recipe"),
        (b"", "'name' is missing"),
    ],
)
def test_a_damaged_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=message) as caught:
        recipes.load(path)
    assert str(path) in str(caught.value)


def test_a_file_or_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="could not read the recipe"):
        recipes.load(tmp_path / "none.toml")
    with pytest.raises(
        RecipeError, match=r"unknown recipe 'mel-transfomer'; did you mean 'mel-transformer'\? known: .* path ending"
    ):
        recipes.load("mel-transfomer")


def test_the_list_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["recipes", "--json"])
    assert not ended.value.code
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(SHIPPED)
    for row in rows:
        assert list(row) == ["name", "system", "needs", "summary"]
        recipe = recipes.load(row["name"])
        needs = "pictures" if row["name"] == "cnn-png" else "audio"
        needs += ", weights" * row["name"].startswith(BEGIN_WITH_WEIGHTS)
        assert (row["system"], row["needs"], row["summary"]) == (recipe.system, needs, recipe.summary)


def test_the_list_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["recipes"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SHIPPED)
    assert all(recipes.load(line.split()[0]).summary in line for line in lines)


def test_reading_recipes_is_light() -> None:
    code = (
        "import sys; from genrelens import recipe, models; [recipe.load(name) for name in recipe.names()]; "
        "heavy = {'torch', 'scipy', 'sklearn', 'librosa', 'lightning'} & sys.modules.keys(); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def wave_table() -> dict[str, Any]:
    """The sound recipe over samples, with nothing of the augmentation that only mel frames know."""
    made = table() | {"front_end": {"kind": "waveform", "sample_rate": 16000}}
    made["augment"].update(time_stretch=0.0, eq_db=0.0, band_shift=0, n_masks=0, band_mask=0)
    return made


def test_a_front_end_is_chosen_by_its_kind_and_written_back_with_it() -> None:
    made = Recipe.from_dict(wave_table(), where="here")
    assert made.front_end == WaveSettings(sample_rate=16000)
    assert made.to_dict()["front_end"] == {"kind": "waveform", "sample_rate": 16000}
    assert Recipe.from_dict(made.to_dict(), where="here") == made
    assert "kind" not in recipes.load("mel-transformer").to_dict()["front_end"]  # as runs of old have it


@pytest.mark.parametrize(
    ("front_end", "message"),
    [
        ({"kind": "cochlea"}, "here: front_end.kind should be one of 'mel'"),
        ({"kind": ["mel"]}, "here: front_end.kind should be one of 'mel'.*got \\['mel'\\]"),
        ({"kind": "waveform"}, "here: the key 'front_end.sample_rate' is missing"),
        ({"kind": "waveform", "sample_rate": 16000, "n_mels": 3}, "unknown key 'front_end.n_mels'"),
        ({"kind": "waveform", "sample_rate": 0}, "here: waveform: sample_rate should be"),
    ],
)
def test_a_wrong_front_end_is_named(front_end: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Recipe.from_dict(wave_table() | {"front_end": front_end}, where="here")


@pytest.mark.parametrize(("key", "value"), [("eq_db", 3.0), ("n_masks", 1), ("time_stretch", 0.1)])
def test_augmentation_of_mel_frames_is_refused_for_other_front_ends(key: str, value: float) -> None:
    made = wave_table()
    made["augment"][key] = value
    with pytest.raises(RecipeError, match="front end other than mel"):
        Recipe.from_dict(made, where="here")


def test_a_recipe_learns_from_sound_or_pictures() -> None:
    """Sound goes without saying, so that runs of before look as they did; pictures need the picture's front end."""
    png, sound = recipes.load("cnn-png"), recipes.load("cnn-5s")
    assert isinstance(png, Recipe) and isinstance(sound, Recipe)
    assert (png.learn_from, sound.learn_from) == ("pictures", "sound")
    assert "learn_from" not in sound.to_dict()
    assert Recipe.from_dict(png.to_dict(), where="again").learn_from == "pictures"
    with pytest.raises(RecipeError, match=r"should have the front end of frontend\.image, with top_db = 40"):
        Recipe.from_dict(sound.to_dict() | {"learn_from": "pictures"}, where="mine.toml")
    with pytest.raises(RecipeError, match="learn_from should be one of 'sound', 'pictures', got 'tables'"):
        Recipe.from_dict(png.to_dict() | {"learn_from": "tables"}, where="mine.toml")
