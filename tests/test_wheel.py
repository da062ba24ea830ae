"""What pip installs: everything that prediction needs, nothing heavy, and small enough."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_MODEL_BYTES = 12 * 2**20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", out, ROOT], check=True)
    (built,) = out.glob("*.whl")
    return built


def test_holds_model_pages_recipes_and_splits(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for part in (
        "py.typed",
        "bundle/shipped/base/manifest.json",
        "bundle/shipped/base/predict.onnx",
        "bundle/shipped/base/card.md",
        "bundle/shipped/lite/manifest.json",
        "bundle/shipped/lite/predict.onnx",
        *(
            f"pages/templates/{name}"
            for name in ("base.html", "base.css", "sections.html", "sections.css", "charts.html")
        ),
        "pages/templates/timeline.html",
        "pages/templates/timeline.css",
        "pages/templates/timeline.js",
        "recipe/shipped/mel-transformer.toml",
        "models/weights/musicnn-msd.npz",
        "models/weights/not-music.npz",
        "models/weights/musicnn-msd.LICENSE.txt",
        "data/gtzan/fault-filtered.json",
    ):
        assert f"genrelens/{part}" in names, sorted(names)


def test_the_model_is_small_and_no_sound_is_inside(wheel: Path) -> None:
    infos = zipfile.ZipFile(wheel).infolist()
    model = sum(info.file_size for info in infos if "/shipped/" in info.filename)
    assert 0 < model <= MAX_MODEL_BYTES
    assert not [info.filename for info in infos if info.filename.endswith((".wav", ".mp3", ".ogg", ".flac", ".png"))]


def test_predicts_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import sys, numpy as np; sys.path.insert(0, sys.argv[1]); import genrelens; "
        "assert genrelens.__file__.startswith(sys.argv[1]), genrelens.__file__; "
        "t = np.arange(5 * 22050) / 22050; "
        "p = genrelens.predict(np.sin(2 * np.pi * 440 * t).astype('float32'), sample_rate=22050); "
        "print(p.genre, abs(p.probabilities.sum() - 1) < 1e-6)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "site"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[1] == "True"
