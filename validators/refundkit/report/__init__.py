"""What a run found, and one function per output format that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from ..errors import VALID_BODY, Finding, NotRun
from ..lint.places import Excerpt
from ..lint.record import Linted

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
    """Everything that a run has found so far.

    Of payloads without a finding only their number is kept, a file each. `failing` are the severities that make the
    exit status 1; `statistics`: the findings of each rule are to be counted; `suppressed` are findings left out because
    a baseline knows them, and `stale` are its entries that were not found.
    """

    linted: list[Linted] = []
    files: int = 0
    checked: int = 0
    suppressed: int = 0
    seconds: float = 0.0
    failing: tuple[str, ...] = ("error",)
    statistics: bool = False
    payloads: dict[str, int] = {}
    stale: int = 0
    skipped: dict[tuple[str, str, NotRun], int] = {}

    def add(self, linted: Linted) -> None:
        """Take in one record's findings, or that so many records alike have none."""
        self.checked += linted.records
        self.payloads[linted.file] = self.payloads.get(linted.file, 0) + linted.records
        if linted.findings:
            self.linted.append(linted)
        for entry in linted.not_run:
            key = (linted.file, linted.operation, entry)
            self.skipped[key] = self.skipped.get(key, 0) + linted.records

    @property
    def findings(self) -> Iterator[tuple[Finding, Excerpt | None]]:
        """Yield every finding with its excerpt, in the order of the run."""
        return (pair for one in self.linted for pair in one.findings)

    @property
    def not_run(self) -> list[Skipped]:
        """List what did not run: one entry per file, operation and missing part."""
        merged: dict[tuple[str, str, str], tuple[set[str], int]] = {}
        for (file, operation, entry), records in self.skipped.items():
            codes, count = merged.get((file, operation, entry.missing), (set(), 0))
            merged[file, operation, entry.missing] = (codes | set(entry.codes), count + records)
        return [
            Skipped(file=file, operation=operation, codes=tuple(sorted(codes)), missing=missing, records=records)
            for (file, operation, missing), (codes, records) in merged.items()
        ]

    @property
    def unjudged(self) -> dict[str, int]:
        """Count the payloads of each file that nothing judged and no finding is about."""
        counts: dict[str, int] = {}
        for (file, _, entry), records in self.skipped.items():
            if entry.missing == VALID_BODY:
                counts[file] = counts.get(file, 0) + records
        for linted in self.linted:
            if any(entry.missing == VALID_BODY for entry in linted.not_run):
                counts[linted.file] -= 1
        return {file: count for file, count in counts.items() if count}

    def count(self, severity: str) -> int:
        """Count the findings of a severity."""
        return sum(one.severity == severity for one, _ in self.findings)


Reporter = Callable[[Run, "TextIO", bool], None]


def find_reporter(name: str) -> Reporter:
    """Find the function of a format, which writes a run to a stream, in colour or not."""
    module = import_module(f"{__name__}.{name}")
    report: Reporter = module.report
    return report
