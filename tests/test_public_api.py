"""What ``import genrelens`` offers, and what neither it nor a prediction may import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
    assert set(genrelens.__all__) == {"GenrelensError", "__version__", "load", "predict"}
    assert all(hasattr(genrelens, name) for name in genrelens.__all__)


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


def test_a_prediction_from_python_and_from_the_shell_imports_nothing_heavy(
    tmp_path: Path, tiny_bundle: Path
) -> None:
    import soundfile

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


def test_predict_uses_one_loaded_model(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = genrelens.load

    def counted(bundle: str | Path = "base") -> object:
        loads.append(bundle)
        return load(tiny_bundle)

    monkeypatch.setattr(genrelens, "load", counted)
    monkeypatch.setattr(genrelens, "_default", None)
    tone = np.sin(2 * np.pi * 300 * np.arange(16_000) / 8000)
    for _ in range(2):
        assert genrelens.predict(tone, sample_rate=8000).genre == "hum"
    assert loads == ["base"]


def test_errors_are_of_one_family(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioError):
        genrelens.load(tiny_bundle).predict(tmp_path / "absent.wav")
    with pytest.raises(BundleError) as caught:
        genrelens.load(tmp_path / "absent")
    assert isinstance(caught.value, genrelens.GenrelensError)
