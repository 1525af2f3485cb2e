"""Every finding with its line of the file, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text import make_printable
from .text import format_headline, paint, summarize

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.places import Excerpt
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write each finding with its source line, carets under the value and what to do, and at the end the summary."""
    for finding, excerpt in run.findings:
        stream.write(format_headline(finding, color) + "\n")
        if excerpt is not None:
            stream.write(_format_excerpt(finding, excerpt, color))
        why = f"`refundkit rule {finding.code}` tells why"
        stream.write(
            paint(f"  help: {f'{make_printable(finding.help)}; ' if finding.help else ''}{why}", "faint", color) + "\n"
        )
    stream.write(summarize(run, color) + "\n")


def _format_excerpt(finding: Finding, excerpt: Excerpt, color: bool) -> str:
    number = str(finding.line)
    carets = paint("^" * excerpt.width, finding.severity, color)
    return f"    {number} | {_shield(excerpt.text)}\n    {' ' * len(number)} | {' ' * excerpt.start}{carets}\n"


def _shield(text: str) -> str:
    """Replace each unprintable character by one of the same width, so that the carets stay in place."""
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    )
