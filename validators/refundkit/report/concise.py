"""One line a finding, for logs and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import headline, summary

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write `file:line:column: severity CODE name: message`, a line a finding, and the summary."""
    for one, _ in run.findings:
        stream.write(headline(one, color) + "\n")
    stream.write(summary(run, color) + "\n")
