"""What a run found, and one function per output format that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ..errors import Finding, NotRun
from ..lint.places import Excerpt
from ..lint.record import Linted

if TYPE_CHECKING:
    from typing import TextIO


# The rule, name, severity and operation of findings that are counted together.
RuleKey: TypeAlias = tuple[str, str, str, str]
Writer: TypeAlias = Callable[[Linted], None]


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
    exit status 1; `statistics`: the findings of each rule are to be shown; `suppressed` are findings left out because
    a baseline knows them, and `stale` are its entries that were not found. `writers` get the findings of each payload
    as they come; `keeps`: they are needed at the end as well, and `linted` has them then. `not_judged` counts payloads
    that the rules did not see, `has_refused`: a schema refused one; `has_defect`: a defect of ours was met.
    """

    linted: list[Linted] = []
    writers: list[Writer] = []
    keeps: bool = True
    counts: Counter[RuleKey] = msgspec.field(default_factory=Counter)
    not_judged: int = 0
    has_refused: bool = False
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
        self.has_refused = self.has_refused or linted.is_refused
        self.not_judged += not linted.is_judged
        if linted.findings:
            self.counts.update((each.code, each.name, each.severity, each.operation) for each, _ in linted.findings)
            for write in self.writers:
                write(linted)
            if self.keeps:
                self.linted.append(linted)
        for entry in linted.not_run:
            key = (linted.file, linted.operation, entry)
            self.skipped[key] = self.skipped.get(key, 0) + linted.records

    @property
    def has_defect(self) -> bool:
        return any(code == "RF007" for code, *_ in self.counts)

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

    def count(self, severity: str) -> int:
        """Count the findings of a severity."""
        return sum(number for (_, _, level, _), number in self.counts.items() if level == severity)


Reporter = Callable[[Run, "TextIO", bool], None]
STREAMED = frozenset({"concise", "jsonl"})
"""Formats that write findings as they come; what they `report` is what stands behind them."""


def find_reporter(name: str) -> Reporter:
    """Find the function of a format, which writes a run to a stream, in colour or not."""
    report: Reporter = import_module(f"{__name__}.{name}").report
    return report


def make_writer(name: str, stream: TextIO, color: bool) -> Writer:
    """Make the function of a streamed format that writes the findings of one payload."""
    write: Callable[..., None] = import_module(f"{__name__}.{name}").write
    return partial(write, stream=stream, color=color)
