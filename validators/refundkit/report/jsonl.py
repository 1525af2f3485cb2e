"""JSON Lines: a finding a line, then a line for each thing that did not run, then one with the summary.

The lines are the objects of the JSON output, so a key tells them apart: a finding has `code`, what did not run has
`missing`, and the last line, and only that, has `summary`. A stream without a last line is one that was cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import format_line, make_summary, to_plain
from .statistics import count_rules

if TYPE_CHECKING:
    from typing import TextIO

    from ..lint.record import Linted
    from . import Run


def write(linted: Linted, stream: TextIO, color: bool) -> None:
    """Write a finding a line, as `$defs/line` of output.schema.json has it."""
    for finding, _ in linted.findings:
        stream.write(format_line(to_plain(finding)))


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write the lines behind the findings."""
    for skipped in run.not_run:
        stream.write(format_line(to_plain(skipped)))
    last: dict[str, Any] = {"version": 1, "summary": make_summary(run)}
    if run.statistics:
        last["statistics"] = count_rules(run)
    stream.write(format_line(last))
