"""One line a finding, for logs and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import format_headline, summarize

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write `file:line:column: severity CODE name: message`, a line a finding, and the summary."""
    for finding, _ in run.findings:
        stream.write(format_headline(finding, color) + "\n")
    stream.write(summarize(run, color) + "\n")
