"""Workflow commands of GitHub Actions, which become annotations.

A step shows ten errors, ten warnings and ten notices, so errors come first, and what did not run is one notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text import make_printable
from .data import STDIN, find_place
from .text import describe_not_run, summarize

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write a command a finding, errors first, a notice of what did not run, and the summary for the log."""
    for severity in ("error", "warning"):
        for finding, _ in run.findings:
            if finding.severity == severity:
                stream.write(_format_command(severity, _make_properties(finding), _format_message(finding)))
    if lacking := describe_not_run(run):
        stream.write(_format_command("notice", {"title": "refundkit"}, lacking))
    stream.write(summarize(run, color=False) + "\n")


def _make_properties(finding: Finding) -> dict[str, str]:
    file = finding.file or STDIN
    where = {} if file == STDIN else {"file": find_place(file)}
    if finding.line is not None and where:
        where |= {"line": str(finding.line), "col": str(finding.column)}
    return {**where, "title": f"{finding.code} {finding.name}"}


def _format_message(finding: Finding) -> str:
    return f"{finding.message}{f'; {finding.help}' if finding.help else ''} ({finding.pointer or '/'})"


def _format_command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_escape_data(message)}\n"


def _escape_data(text: str) -> str:
    """Text behind the second `::`; a percent sign begins an escape there."""
    return make_printable(text).replace("%", "%25")


def _escape_property(text: str) -> str:
    """Escape the value of a property, which a colon or a comma would end."""
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
