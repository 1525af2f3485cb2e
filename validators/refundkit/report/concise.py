"""One line a finding, for logs and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import format_headline, summarize

if TYPE_CHECKING:
    from typing import TextIO

    from ..lint.record import Linted
    from . import Run


def write(linted: Linted, stream: TextIO, color: bool) -> None:
    """Write `file:line:column: severity CODE name: message`, a line a finding."""
    for finding, _ in linted.findings:
        stream.write(format_headline(finding, color) + "\n")


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write the summary."""
    stream.write(summarize(run, color) + "\n")
