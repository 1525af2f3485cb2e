"""Findings that a team knows of and has put off: kept in a file, by rule, file and JSON pointer, and never by line.

A single document is known by those three: it may change elsewhere. A payload among others in its file is known besides
by a digest of what it says, since it has no other name that outlives an added line; a digest does not see layout, nor
the order of the others. A payload that no rule has judged, since its schema refuses it or nobody could read it, fails a
run all the same: nobody knows what hides behind the findings that were put off.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from ..config import Config, effective, for_file
from ..errors import ConfigError
from ..reading.keys import UNREADABLE
from ..rule import REGISTRY

if TYPE_CHECKING:
    from ..errors import Finding
    from ..report import Skipped
    from .record import Linted

Key: TypeAlias = tuple[str, str, str, str]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """So many findings of a rule at a pointer of a file; `file` is relative to the baseline's folder, with slashes."""

    file: str
    pointer: str
    code: str
    payload: str = ""
    count: int = 1


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a baseline file holds."""

    version: Literal[1]
    findings: list[Entry]


class Baseline:
    """What is known, and what a run has met of it. One that `learns` knows whatever it meets.

    `suppressed` counts the findings that were known.
    """

    def __init__(self, file: str, entries: Iterable[Entry] = (), *, learns: bool = False) -> None:
        self.folder = os.path.dirname(file)  # noqa: PTH120 - "" for the folder that the command runs in
        self.learns = learns
        self.left = Counter({(one.file, one.pointer, one.code, one.payload): one.count for one in entries})
        self.met: Counter[Key] = Counter()
        self.seen: set[str] = set()

    @property
    def suppressed(self) -> int:
        return self.met.total()

    def sift(self, one: Linted) -> Linted:
        """One record without the findings that are known."""
        self.seen.add(self._name(one.file))
        keys = [self._key(found, one.payload) for found, _ in one.findings]
        known = [self._is_known(key) for key in keys]
        if not any(known):
            return one
        new = tuple(pair for pair, old in zip(one.findings, known, strict=True) if not old)
        return msgspec.structs.replace(one, findings=new)

    def _is_known(self, key: Key) -> bool:
        if not self.learns:
            if not self.left[key]:
                return False
            self.left[key] -= 1
        self.met[key] += 1
        return True

    def _key(self, one: Finding, payload: str) -> Key:
        return self._name(one.file or ""), one.pointer, one.code, payload

    def _name(self, file: str) -> str:
        """The name of a file in a baseline."""
        name = file if file == "-" else os.path.relpath(file, self.folder or ".").replace(os.sep, "/")
        return os.fsencode(name).decode("utf-8", "backslashreplace")

    def stale(self, config: Config, not_run: Iterable[Skipped]) -> list[Entry]:
        """What is known and was not met, though its rule ran on its file; a file that is gone counts as well."""
        kept_from: dict[str, set[str]] = {}
        for one in not_run:
            kept_from.setdefault(self._name(one.file), set()).update(one.codes)
        return [
            entry
            for entry in _entries(self.left)
            if self._was_looked_for(entry.file, entry.code, config) and entry.code not in kept_from.get(entry.file, ())
        ]

    def _was_looked_for(self, name: str, code: str, config: Config) -> bool:
        file = os.path.join(self.folder, name)  # noqa: PTH118 - as it would be named
        if name not in self.seen:
            return not os.path.lexists(file) and name != "-"
        return code not in REGISTRY or effective(for_file(config, file), REGISTRY[code]) != "off"

    def written(self) -> bytes:
        """The baseline of what was met, as a file holds it: sorted, so that two of them compare."""
        content = Content(version=1, findings=list(_entries(self.met)))
        return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _entries(counts: Mapping[Key, int]) -> Iterator[Entry]:
    for (file, pointer, code, payload), count in sorted(counts.items()):
        if count:
            yield Entry(file, pointer, code, payload, count)


def read(file: str) -> Baseline:
    """The baseline in a file. Raises ConfigError where there is none."""
    try:
        content = msgspec.json.decode(Path(file).read_bytes(), type=Content)
    except OSError as error:
        raise ConfigError(f"--baseline {file}: {error.strerror or error}") from error
    except UNREADABLE as error:
        message = f"--baseline {file}: this is no baseline: {error}; `--write-baseline {file}` makes one"
        raise ConfigError(message) from error
    return Baseline(file, content.findings)


def write(file: str, baseline: Baseline) -> None:
    """Write what a baseline has met to a file. Raises ConfigError."""
    try:
        Path(file).write_bytes(baseline.written())
    except OSError as error:
        raise ConfigError(f"--write-baseline {file}: {error.strerror or error}") from error
