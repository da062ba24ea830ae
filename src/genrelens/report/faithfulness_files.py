"""The folder that ``genrelens faithfulness`` writes: every number, and the figure of the curves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from genrelens.explain.faithfulness_report import SCHEMA, FaithfulnessReport
from genrelens.files import write_whole
from genrelens.report import faithfulness_figure, figure_style
from genrelens.report.own_folder import OwnFolder

REPORT: Final = "faithfulness.json"
PICTURE: Final = "faithfulness.png"
FOLDER: Final = OwnFolder(
    what="faithfulness report", marker=REPORT, schema=SCHEMA, known=frozenset({PICTURE})
)


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Claim the folder before the work, and give it back as it was if the work fails."""
    was_there, had_report = out.exists(), (out / REPORT).is_file()
    FOLDER.claim(out)
    try:
        yield
    except BaseException:
        if not had_report:
            with contextlib.suppress(OSError):
                (out / REPORT).unlink(missing_ok=True)
                if not was_there:
                    out.rmdir()
        raise


def write(report: FaithfulnessReport, *, out: Path) -> None:
    """Write both into a folder that was claimed; an earlier run's are replaced."""
    picture = figure_style.to_png(faithfulness_figure.curves_figure(report))
    write_whole(out / REPORT, report.to_json())
    write_whole(out / PICTURE, picture)
