"""Writing a file so that it is either the old one or the whole new one, whenever the machine stops."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8, line ends as they are) or bytes: aside, to the disk, then in the place of what was there.

    Raises ``OSError`` as the system does; nothing is left behind then.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def no_device(path: Path) -> Path:
    """The path, to be opened. Raises ``OSError`` for a device or a pipe, which may have no end or be waited for.

    What is missing, or a folder, is left to whoever opens it.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a device or a pipe; save it to a file first", str(path))
    return path
