"""What ``import genrelens`` offers, and what neither it nor a prediction may import."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import genrelens
from genrelens.errors import AudioError, BundleError

HEAVY = {"torch", "librosa", "sklearn", "scipy", "matplotlib", "pandas", "lightning", "onnx", "transformers"}


def loaded_by(code: str, *args: str | Path) -> set[str]:
    """Top-level modules that a fresh Python holds after running some code."""
    script = f"import sys\n{code}\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    command = [sys.executable, "-c", script, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.splitlines()[-1].split())


def test_the_surface() -> None:
    names = {"Explanation", "GenrelensError", "Model", "Prediction", "explain", "learn", "load", "predict"}
    assert set(genrelens.__all__) == names | {"__version__"}
    assert all(hasattr(genrelens, name) and name in dir(genrelens) for name in genrelens.__all__)
    assert not hasattr(genrelens, "nothing_of_this_name")


def test_import_genrelens_is_light() -> None:
    loaded = loaded_by("import genrelens")
    assert "genrelens" in loaded
    assert not loaded & (HEAVY | {"numpy", "onnxruntime", "av", "soundfile", "rich", "typer"})


@pytest.mark.parametrize(
    "room",
    [
        "audio",
        "frontend.mel",
        "bundle",
        "bundle.predict",
        "data",
        "recipe",
        "metrics",
        "cli",
        "cli.app",
        "features",
        "pages",
    ],
)
def test_no_room_of_the_light_path_imports_heavy_things(room: str) -> None:
    assert not loaded_by(f"import genrelens.{room}") & HEAVY


def test_a_prediction_from_python_and_from_the_shell_imports_nothing_heavy(tmp_path: Path, tiny_bundle: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    python = "import genrelens\nassert genrelens.load(sys.argv[1]).predict(sys.argv[2]).genre"
    shell = (
        "from genrelens.cli import main\n"
        "try: main(['predict', sys.argv[2], '--model', sys.argv[1], '--html', sys.argv[2] + '.html'])\n"
        "except SystemExit as end: assert not end.code"
    )
    for code in (python, shell):
        loaded = loaded_by(code, tiny_bundle, path)
        assert {"numpy", "onnxruntime"} <= loaded
        assert not loaded & (HEAVY | {"rich", "multiprocessing", "concurrent"})


TONE = np.sin(2 * np.pi * 300 * np.arange(16_000) / 8000)


def test_predict_keeps_each_model_that_it_loaded(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = genrelens.Model.load

    def counted(path: str | Path = "base") -> genrelens.Model:
        loads.append(path)
        return load(tiny_bundle)

    monkeypatch.setattr(genrelens.Model, "load", counted)
    monkeypatch.setattr("genrelens.model._models", {})
    for _ in range(2):
        assert genrelens.predict(TONE, sample_rate=8000).genre == "hum"
        assert genrelens.predict(TONE, sample_rate=8000, model="lite").genre == "hum"
    mine = load(tiny_bundle)
    assert genrelens.predict(TONE, sample_rate=8000, model=mine).genre == "hum"
    assert loads == ["base", "lite"]


def test_a_model_predicts_paths_file_objects_and_lists_of_them(tiny_bundle: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path, samples in zip(paths, (TONE, np.zeros(16_000)), strict=True):
        soundfile.write(path, samples, 8000)
    model = genrelens.load(tiny_bundle)
    assert (type(model), model.tags) == (genrelens.Model, ())
    assert repr(model).startswith("Model('tiny', 3 genres")
    assert [found.genre for found in model.predict(paths)] == ["hum", None]
    assert [found.genre for found in model.predict([str(paths[1]), paths[0].read_bytes()])] == [None, "hum"]
    with paths[0].open("rb") as file:
        assert model.predict(file).genre == "hum"
    assert model.predict(list(TONE), sample_rate=8000).genre == "hum"  # a list of numbers is sound
    with pytest.raises(AudioError) as caught:
        model.predict([paths[0], tmp_path / "absent.wav"])
    assert caught.value.code == "missing"
    with paths[0].open("r", encoding="latin-1") as text, pytest.raises(AudioError, match="rb"):
        model.predict(text)  # type: ignore[call-overload]
    assert type(pickle.loads(pickle.dumps(model))) is genrelens.Model


def test_a_model_explains(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, TONE, 8000)
    why = genrelens.load(tiny_bundle).explain(path)
    assert isinstance(why, genrelens.Explanation) and why.genre == "hum"
    with path.open("rb") as file:
        again = genrelens.explain(file, genre="hiss", model=tiny_bundle)
    assert again.genre == "hiss"
    with pytest.raises(AudioError) as caught:
        genrelens.explain(np.zeros(16_000), sample_rate=8000, model=tiny_bundle)
    assert caught.value.code == "silence"


def test_errors_are_of_one_family(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioError):
        genrelens.load(tiny_bundle).predict(tmp_path / "absent.wav")
    with pytest.raises(BundleError) as caught:
        genrelens.load(tmp_path / "absent")
    assert isinstance(caught.value, genrelens.GenrelensError)
