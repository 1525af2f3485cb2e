"""What .gitignore says of the files below a folder; pathspec reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_NAME = ".gitignore"


class IgnoreFiles:
    """The .gitignore files that hold in a folder: its own, and those above it up to the root of its repository.

    The nearest one that has a pattern for a file decides, as for git. A folder that they ignore was named for a reason:
    then only those in it and below count.
    """

    def __init__(self, folder: str) -> None:
        top = os.path.abspath(folder)  # noqa: PTH100 - links stay what they are, as in os.walk
        self._chains: dict[str, list[tuple[str, GitIgnoreSpec]]] = {}
        above = _read_above(top)
        self._chains[os.path.dirname(top)] = [] if _is_ignored(above, f"{top}/") else above  # noqa: PTH120

    def ignores(self, place: str, name: str) -> bool:
        """Whether a name in a folder is ignored; a folder's own ends with a slash. Raises SourceError."""
        return _is_ignored(self._chain_of(os.path.abspath(place)), os.path.join(os.path.abspath(place), name))  # noqa: PTH100, PTH118

    def _chain_of(self, place: str) -> list[tuple[str, GitIgnoreSpec]]:
        if place not in self._chains:
            above = self._chain_of(os.path.dirname(place))  # noqa: PTH120
            spec = _read_spec(place)
            self._chains[place] = above if spec is None else [(place, spec), *above]
        return self._chains[place]


def _read_above(top: str) -> list[tuple[str, GitIgnoreSpec]]:
    """Read the files above a folder, the nearest first; none where no repository holds it."""
    chain = []
    for folder in (Path(top), *Path(top).parents):
        spec = None if str(folder) == top else _read_spec(str(folder))
        if spec is not None:
            chain.append((str(folder), spec))
        if (folder / ".git").exists():
            return chain
    return []


def _read_spec(folder: str) -> GitIgnoreSpec | None:
    file = Path(folder, _NAME)
    if not file.is_file():
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(file.read_text("utf-8", "replace").splitlines())
    except (OSError, ValueError) as error:
        raise SourceError(f"{file}: {error.strerror if isinstance(error, OSError) else error}") from error


def _is_ignored(chain: list[tuple[str, GitIgnoreSpec]], path: str) -> bool:
    for folder, spec in chain:
        says = spec.check_file(path[len(folder.rstrip("/")) + 1 :]).include
        if says is not None:
            return says
    return False
