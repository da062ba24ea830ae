"""A folder that one command writes and may write again: known by a marker file, and never somebody else's."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.errors import DataError
from genrelens.files import beside, contents, write_whole, written_folder

_STAYS: Final = (
    *(errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL),
)
"""Why a folder cannot be replaced, although what is in it can: another disk begins at it, its parent is closed, or its
disk gives a file no second name."""


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """What tells a command's folders from all others.

    Attributes:
        what: what lies in it, for people: "exploration".
        marker: name of the JSON file that says so.
        schema: what its key ``schema`` says.
        known: every file that the command may ever write, apart from the marker: what an earlier run left behind of
            them is deleted, and nothing else is.
        keeps: folders in it that the command goes on with, such as its trainings: they stay from run to run.
    """

    what: str
    marker: str
    schema: str
    known: frozenset[str]
    keeps: frozenset[str] = frozenset()

    def claim(self, out: Path) -> None:
        """Make the folder, or find that it holds an earlier run's files, or nothing but what the command ``keeps``.

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
            elif any(path.name not in self.keeps for path in contents(out)):
                raise DataError(
                    f"{str(out)!r} is not empty and no {self.what} of genrelens (it has no {self.marker}); "
                    "give a new folder"
                )
            else:
                write_whole(out / self.marker, json.dumps({"schema": self.schema}) + "\n")
        except OSError as error:
            raise self._cannot_write(out, error) from error

    @contextmanager
    def claimed(self, out: Path) -> Iterator[None]:
        """:meth:`claim` the folder for the block, and give it back as it was if the block raises anything."""
        was_there, had_marker = out.exists(), (out / self.marker).is_file()
        self.claim(out)
        try:
            yield
        except BaseException:
            if not had_marker:
                with contextlib.suppress(OSError):
                    (out / self.marker).unlink(missing_ok=True)
                    if not was_there:
                        out.rmdir()
            raise

    def write(self, out: Path, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> tuple[Path, ...]:
        """:meth:`replace` with these files, and a marker that holds the facts and says what stands there."""
        record = {"schema": self.schema, **facts, "files": sorted(files)}
        self.replace(out, {**files, self.marker: (json.dumps(record, indent=1) + "\n").encode()})
        return tuple(out / name for name in files)

    def replace(self, out: Path, files: Mapping[str, bytes]) -> None:
        """Put these files, the marker among them, in the place of an earlier run's: all of them or none.

        Raises :class:`DataError` where the folder cannot be written; an earlier run's files stand then.
        """
        try:
            ours = self.known | self.keeps | {self.marker}
            if not out.samefile(".") and all(path.name in ours for path in contents(out)):
                try:
                    with written_folder(out) as fresh:
                        for name, content in files.items():
                            (fresh / name).write_bytes(content)
                        for name in self.keeps:
                            if (out / name).exists():
                                _named_twice(out / name, fresh / name)
                    return
                except OSError as error:
                    if error.errno not in _STAYS:
                        raise
            self._replace_inside(out, files)
        except OSError as error:
            raise self._cannot_write(out, error) from error

    def _replace_inside(self, out: Path, files: Mapping[str, bytes]) -> None:
        """The same where the folder has to stay, because somebody stands in it or keeps things of their own there.

        One stopped half-way leaves new files alone, never an earlier run's beside them.
        """
        fresh = beside(out / self.marker)
        fresh.mkdir()
        try:
            for name, content in files.items():
                write_whole(fresh / name, content)
            write_whole(out / self.marker, json.dumps({"schema": self.schema}) + "\n")
            for old in self.known:
                (out / old).unlink(missing_ok=True)
            for name in files:
                (fresh / name).replace(out / name)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _cannot_write(self, out: Path, error: OSError) -> DataError:
        return DataError(
            f"the {self.what} cannot be written to {str(out)!r}: {error.strerror or error}", code="cannot_write"
        )


def _named_twice(path: Path, other: Path) -> None:
    """Give a file, or every file of a folder, a second name: nothing is copied, and nothing lost with the first one."""
    if path.is_symlink():
        other.symlink_to(path.readlink())
    elif path.is_dir():
        other.mkdir()
        for each in path.iterdir():
            _named_twice(each, other / each.name)
    else:
        os.link(path, other)


def _read(marker: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(marker.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
