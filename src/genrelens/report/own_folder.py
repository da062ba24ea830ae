"""A folder that one command writes and may write again: known by a marker file, and never somebody else's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genrelens.errors import DataError
from genrelens.files import write_whole


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """What tells a command's folders from all others.

    Attributes:
        what: what lies in it, for people: "exploration".
        marker: name of the JSON file that says so.
        schema: what its key ``schema`` says.
        known: every file that the command may ever write, apart from the marker: what an earlier run left behind of
            them is deleted, and nothing else is.
    """

    what: str
    marker: str
    schema: str
    known: frozenset[str]

    def claim(self, out: Path) -> None:
        """Make the folder, or find that it holds an earlier run's files.

        Raises :class:`DataError` where it holds anything else, or cannot be written: before any work is done.
        """
        try:
            if out.exists() and not out.is_dir():
                raise DataError(f"{str(out)!r} is a file; give a folder to write the {self.what} to")
            out.mkdir(parents=True, exist_ok=True)
            if (out / self.marker).is_file():
                if _read(out / self.marker).get("schema") != self.schema:
                    raise DataError(
                        f"{str(out / self.marker)!r} is not one of this genrelens ({self.schema}); give another folder"
                    )
            elif any(out.iterdir()):
                raise DataError(
                    f"{str(out)!r} is not empty and no {self.what} of genrelens (it has no {self.marker}); "
                    "give a new folder"
                )
            else:
                write_whole(out / self.marker, json.dumps({"schema": self.schema}) + "\n")
        except OSError as error:
            raise self._cannot_write(out, error) from error

    def write(self, out: Path, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> tuple[Path, ...]:
        """Write the files in their order, delete an earlier run's, and say in the marker what stands there.

        Raises :class:`DataError` where the folder cannot be written.
        """
        record = {"schema": self.schema, **facts, "files": sorted(files)}
        try:
            for name, content in files.items():
                write_whole(out / name, content)
            for old in self.known - files.keys():
                (out / old).unlink(missing_ok=True)
            write_whole(out / self.marker, json.dumps(record, indent=1) + "\n")
        except OSError as error:
            raise self._cannot_write(out, error) from error
        return tuple(out / name for name in files)

    def _cannot_write(self, out: Path, error: OSError) -> DataError:
        return DataError(
            f"the {self.what} cannot be written to {str(out)!r}: {error.strerror or error}",
            code="cannot_write",
        )


def _read(marker: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(marker.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
