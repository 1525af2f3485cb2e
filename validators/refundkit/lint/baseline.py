"""Baselines: findings that a team has put off, in a file, by rule, file and JSON pointer, never by line.

These three identify a finding of a single document, which may change elsewhere. A payload among several in a file has
no name that outlives an added line, so a digest of its value is added, which ignores layout and order. Why a payload is
refused, by its schema or because it cannot be read, is never put off: it may hide other findings.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from ..config import Config, config_for_file, find_severity
from ..errors import ConfigError
from ..reading.keys import UNREADABLE
from ..rule import REGISTRY

if TYPE_CHECKING:
    from ..errors import Finding
    from ..report import Skipped
    from .record import Linted

Key: TypeAlias = tuple[str, str, str, str]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`count` findings of a rule at a pointer of a file; `file` is relative to the baseline's folder, with slashes."""

    file: str
    pointer: str
    code: str
    payload: str = ""
    count: int = 1


class BaselineFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a baseline file."""

    version: Literal[1]
    findings: list[Entry]


class Baseline:
    """The findings to leave out of a run, and those that it has left out. One that `learns` leaves out all.

    `suppressed` counts the findings that were left out, `refused` those that no baseline can leave out.
    """

    def __init__(self, file: str, entries: Iterable[Entry] = (), *, learns: bool = False) -> None:
        self.folder = os.path.dirname(file)  # noqa: PTH120 - "" for the folder that the command runs in
        self.learns = learns
        self.unmatched = Counter({(one.file, one.pointer, one.code, one.payload): one.count for one in entries})
        self.matched: Counter[Key] = Counter()
        self.checked: set[str] = set()
        self.refused = 0

    @property
    def suppressed(self) -> int:
        return self.matched.total()

    def sift(self, linted: Linted) -> Linted:
        """Remove the findings of the baseline from a result."""
        self.checked.add(self._relative_name(linted.file))
        matches = [self._match(finding, linted) for finding, _ in linted.findings]
        if not any(matches):
            return linted
        new = tuple(pair for pair, matched in zip(linted.findings, matches, strict=True) if not matched)
        return msgspec.structs.replace(linted, findings=new)

    def _match(self, finding: Finding, linted: Linted) -> bool:
        if finding.code in linted.refusals:
            self.refused += 1
            return False
        key = self._make_key(finding, linted.payload)
        if not self.learns:
            if not self.unmatched[key]:
                return False
            self.unmatched[key] -= 1
        self.matched[key] += 1
        return True

    def _make_key(self, finding: Finding, payload: str) -> Key:
        return self._relative_name(finding.file or ""), finding.pointer, finding.code, payload

    def _relative_name(self, file: str) -> str:
        """Return the name of a file as a baseline holds it."""
        name = file if file == "-" else os.path.relpath(file, self.folder or ".").replace(os.sep, "/")
        return os.fsencode(name).decode("utf-8", "backslashreplace")

    def find_stale(self, config: Config, not_run: Iterable[Skipped]) -> list[Entry]:
        """Find the entries that matched nothing, though their rule ran on their file or the file is gone."""
        not_run_codes: dict[str, set[str]] = {}
        for skipped in not_run:
            not_run_codes.setdefault(self._relative_name(skipped.file), set()).update(skipped.codes)
        return [
            entry
            for entry in _make_entries(self.unmatched)
            if self._is_checked(entry.file, entry.code, config) and entry.code not in not_run_codes.get(entry.file, ())
        ]

    def _is_checked(self, name: str, code: str, config: Config) -> bool:
        file = os.path.join(self.folder, name)  # noqa: PTH118 - as it would be named
        if name not in self.checked:
            return not os.path.lexists(file) and name != "-"
        return code not in REGISTRY or find_severity(config_for_file(config, file), REGISTRY[code]) != "off"

    def encode(self) -> bytes:
        """Encode what was left out as the text of a file, sorted, so that two of them compare."""
        content = BaselineFile(version=1, findings=list(_make_entries(self.matched)))
        return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _make_entries(counts: Mapping[Key, int]) -> Iterator[Entry]:
    for (file, pointer, code, payload), count in sorted(counts.items()):
        if count:
            yield Entry(file, pointer, code, payload, count)


def read_baseline(file: str) -> Baseline:
    """Read the baseline of a file. Raises ConfigError where there is none."""
    try:
        content = msgspec.json.decode(Path(file).read_bytes(), type=BaselineFile)
    except OSError as error:
        raise ConfigError(f"--baseline {file}: {error.strerror or error}") from error
    except UNREADABLE as error:
        message = f"--baseline {file}: this is no baseline: {error}; `--write-baseline {file}` makes one"
        raise ConfigError(message) from error
    return Baseline(file, content.findings)


def write_baseline(file: str, baseline: Baseline) -> None:
    """Write what a baseline has left out to a file. Raises ConfigError."""
    try:
        Path(file).write_bytes(baseline.encode())
    except OSError as error:
        raise ConfigError(f"--write-baseline {file}: {error.strerror or error}") from error
