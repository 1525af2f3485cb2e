"""JSON Lines: a finding a line, then a line for each thing that did not run, then one with the summary.

The lines are the objects of the JSON output, so a key tells them apart: a finding has `code`, what did not run has
`missing`, and the last line, and only that, has `summary`. A stream without a last line is one that was cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import line, plain, summary
from .statistics import counts

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write a JSON object a line, as `$defs/line` of output.schema.json has it."""
    for one, _ in run.findings:
        stream.write(line(plain(one)))
    for skipped in run.not_run:
        stream.write(line(plain(skipped)))
    last: dict[str, Any] = {"version": 1, "summary": summary(run)}
    if run.statistics:
        last["statistics"] = counts(run)
    stream.write(line(last))
