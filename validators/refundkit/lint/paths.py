"""Paths, folders and patterns of the arguments -> files."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import SourceError
from .ignored import IgnoreFiles

LINES = frozenset({".jsonl", ".ndjson"})
YAML = frozenset({".yaml", ".yml"})
HAR = ".har"
SUFFIXES = frozenset({".json", ".xml", HAR}) | LINES | YAML
STDIN = "-"


def expand_paths(paths: list[str]) -> list[str]:
    """Expand paths, folders and patterns into files, each once; of a folder, those with a suffix of ours.

    Hidden folders and node_modules are entered only if they are named, and what .gitignore says is left out of folders.
    A folder that is only linked to is not entered, neither below a folder nor for the `**` of a pattern: links may go
    round in circles. Raises SourceError for a path that does not exist, a pattern that matches nothing, and a folder
    that cannot be read. pathlib's own globbing would normalise the paths, which reports show as they were written.
    """
    files: list[str] = []
    for path in paths:
        if not path:
            raise SourceError("an empty path: name files, folders or patterns, or - for standard input")
        mode = 0 if path == STDIN else _read_mode(path)
        if mode is None:
            files.extend(_expand_pattern(path))
        elif stat.S_ISDIR(mode):
            files.extend(_list_folder(path))
        else:
            files.append(path)
    distinct: dict[str, str] = {}
    for file in files:
        # A file under two names would count twice in a batch.
        distinct.setdefault(file if file == STDIN else os.path.abspath(file), file)  # noqa: PTH100 - as in report.data
    return list(distinct.values())


def _read_mode(path: str) -> int | None:
    """Return a path's mode of os.stat; None where nothing exists. Raises SourceError."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - a Path says no of what it cannot look at
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise make_read_error(path, error) from error


def _expand_pattern(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        raise SourceError(f"{pattern}: no such file or folder")
    files = sorted({name for name in _match_pattern(pattern) if Path(name).is_file()})
    if not files:
        raise SourceError(f"{pattern}: the pattern matches no file")
    return files


def _match_pattern(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches; glob would follow links below `**`, round in circles."""
    parts = pattern.split("/")
    if "**" not in parts:
        yield from glob.glob(pattern)  # noqa: PTH207 - keeps the path as it was given
        return
    index = parts.index("**")
    above, below = "".join(f"{part}/" for part in parts[:index]), "/".join(parts[index + 1 :]) or "*"
    for folder in glob.glob(above) if above else [""]:  # noqa: PTH207
        for place, folders, _ in os.walk(folder or os.curdir, onerror=_refuse):
            folders[:] = filter(_is_entered, folders)
            inside = place if folder else os.path.relpath(place)
            yield from _match_pattern(
                "/".join([glob.escape(inside).removesuffix("/"), below]) if inside != "." else below
            )


def _list_folder(folder: str) -> list[str]:
    files: list[Path] = []
    ignored = IgnoreFiles(folder)
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if _is_entered(name) and not ignored.ignores(place, f"{name}/")]
        payloads = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
        files += [Path(place, name) for name in payloads if not ignored.ignores(place, name)]
    return [str(file) for file in sorted(files) if _is_regular(file)]


def _is_entered(folder: str) -> bool:
    """Whether a folder is looked into on the way down: not .git, .venv and the like, nor installed packages."""
    return not folder.startswith(".") and folder != "node_modules"


def _refuse(error: OSError) -> None:
    raise make_read_error(error.filename, error) from error


def _is_regular(file: Path) -> bool:
    """Whether a path is a file to read; a link that leads nowhere, or to itself, is none."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return False
        raise make_read_error(str(file), error) from error


def make_read_error(path: str | bytes, error: OSError) -> SourceError:
    """Make the error for a path that cannot be read."""
    return SourceError(f"{os.fsdecode(path)}: {error.strerror or error}")
