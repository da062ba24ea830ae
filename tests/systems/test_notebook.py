"""The notebook for students: it runs from top to bottom, and shows what it says it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "s0.ipynb"


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_kept_without_outputs() -> None:
    notebook = read()
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells and all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.slow
def test_it_runs_and_shows_what_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = read()
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.get("text", "") for output in outputs)
    text += "".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    assert "{'train': 18, 'valid': 6, 'test': 6}" in text
    assert "S0: 1290 tokens of 128 bands" in text and "(64, 32)" in text
    assert "epoch 8  train loss" in text
    first, last = (float(text.split(f"epoch {k}  train loss ")[1].split()[0]) for k in (1, 8))
    assert last < first  # it learns
    assert "attention against a random fifth" in text and "belief" in text
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    said = [output["text"] for output in outputs if output.get("name") == "stderr"]
    assert all("IProgress not found" in line for line in said), said  # tqdm's, where there are no widgets
