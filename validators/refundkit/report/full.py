"""Every finding with its line of the file, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import headline, painted, printable, summary

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.record import Excerpt
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write each finding with its source line, carets under the value and what to do, and at the end the summary."""
    for one, excerpt in run.findings:
        stream.write(headline(one, color) + "\n")
        if excerpt is not None:
            stream.write(_shown(one, excerpt, color))
        why = f"`refundkit rule {one.code}` tells why"
        stream.write(painted(f"  help: {f'{printable(one.help)}; ' if one.help else ''}{why}", "faint", color) + "\n")
    stream.write(summary(run, color) + "\n")


def _shown(one: Finding, excerpt: Excerpt, color: bool) -> str:
    number = str(one.line)
    carets = painted("^" * excerpt.width, one.severity, color)
    return f"    {number} | {_shielded(excerpt.text)}\n    {' ' * len(number)} | {' ' * excerpt.start}{carets}\n"


def _shielded(text: str) -> str:
    """The source line with one character for each that is not printable, so that the carets stay where they belong."""
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    )
