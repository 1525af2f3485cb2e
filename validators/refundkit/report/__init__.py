"""What a run found, and one function per output format that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from ..check import NotRun
from ..lint import Excerpt, Linted
from ..rule import Finding

if TYPE_CHECKING:
    from typing import TextIO


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that did not run for some records of a file, and what was missing for them."""

    file: str
    operation: str
    codes: tuple[str, ...]
    missing: str
    records: int


class Run(msgspec.Struct, kw_only=True):
    """Everything that a run has found so far."""

    linted: list[Linted] = []
    files: int = 0
    checked: int = 0
    seconds: float = 0.0
    skipped: dict[tuple[str, str, NotRun], int] = {}

    def add(self, one: Linted) -> None:
        """Take one record's findings in."""
        self.checked += 1
        if one.findings:
            self.linted.append(one)
        for missing in one.not_run:
            key = (one.file, one.operation, missing)
            self.skipped[key] = self.skipped.get(key, 0) + 1

    @property
    def findings(self) -> Iterator[tuple[Finding, Excerpt | None]]:
        """Every finding with its excerpt, in the order of the run."""
        return (pair for one in self.linted for pair in one.findings)

    @property
    def not_run(self) -> list[Skipped]:
        """What did not run: one entry per file, operation and missing part."""
        merged: dict[tuple[str, str, str], tuple[set[str], int]] = {}
        for (file, operation, one), records in self.skipped.items():
            codes, count = merged.get((file, operation, one.missing), (set(), 0))
            merged[file, operation, one.missing] = (codes | set(one.codes), count + records)
        return [
            Skipped(file=file, operation=operation, codes=tuple(sorted(codes)), missing=missing, records=records)
            for (file, operation, missing), (codes, records) in merged.items()
        ]

    def count(self, severity: str) -> int:
        """How many findings have that severity."""
        return sum(one.severity == severity for one, _ in self.findings)


Reporter = Callable[[Run, "TextIO", bool], None]


def reporter(name: str) -> Reporter:
    """The function of a format: it writes a run to a stream, in colour or not."""
    module = import_module(f"{__name__}.{name}")
    found: Reporter = module.report
    return found
