"""Workflow commands of GitHub Actions, which become annotations.

A step shows ten errors, ten warnings and ten notices, so errors come first, and what did not run is one notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .data import STDIN, place
from .text import not_run, printable, summary

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write a command a finding, errors first, a notice of what did not run, and the summary for the log."""
    for severity in ("error", "warning"):
        for one, _ in run.findings:
            if one.severity == severity:
                stream.write(_command(severity, _properties(one), _message(one)))
    if lacking := not_run(run):
        stream.write(_command("notice", {"title": "refundkit"}, lacking))
    stream.write(summary(run, color=False) + "\n")


def _properties(one: Finding) -> dict[str, str]:
    file = one.file or STDIN
    where = {} if file == STDIN else {"file": place(file)}
    if one.line is not None and where:
        where |= {"line": str(one.line), "col": str(one.column)}
    return {**where, "title": f"{one.code} {one.name}"}


def _message(one: Finding) -> str:
    return f"{one.message}{f'; {one.help}' if one.help else ''} ({one.pointer or '/'})"


def _command(name: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(message)}\n"


def _data(text: str) -> str:
    """Text behind the second `::`; a percent sign begins an escape there."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    """The value of a property, which a colon or a comma would end."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
