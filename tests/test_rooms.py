"""The order of the rooms (docs/design.md): each uses only what stands below it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_each_room_uses_only_what_stands_below_it() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 kept, 0 broken" in result.stdout


def test_no_folder_holds_four_modules_of_one_prefix() -> None:
    """They want a folder of their own. Tests count by the word after "test"."""
    modules = [path for room in ("src", "tools", "research") for path in (ROOT / room).rglob("*.py")]
    modules += (ROOT / "tests").rglob("test_*.py")
    prefixes = Counter((path.parent, path.stem.removeprefix("test_").split("_")[0]) for path in modules)
    assert [f"{folder}/{prefix}_*.py" for (folder, prefix), n in prefixes.items() if n > 3] == []
