"""Where a report is written to: a file that is whole, or is not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import SourceError


@contextmanager
def open_report(path: str) -> Iterator[TextIO]:
    """Open a file for a report that replaces it when the block ends; after an error the file is as it was.

    The text is kept beside the file until then. What is no regular file, such as /dev/stdout, is written to directly.
    Raises SourceError at the start for a path that cannot be written.
    """
    destination = Path(path)
    try:
        mode = destination.stat().st_mode if destination.exists() else None
        direct = mode is not None and not stat.S_ISREG(mode)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(0, "it is a folder")
        target = destination if direct else Path(os.path.realpath(path))  # a link stays one
        beside = target.with_name(f".{target.name[:200]}.{os.getpid()}")
        if mode is not None and not os.access(target, os.W_OK):
            raise PermissionError(0, "no permission to write it")
        stream = (target if direct else beside).open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"--output-file {path}: {reason or error}") from error
    try:
        with stream:
            yield stream
        if not direct:
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            beside.replace(target)
    finally:
        if not direct:
            beside.unlink(missing_ok=True)
