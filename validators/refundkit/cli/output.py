"""A run -> standard output, the file of --output-file, and the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TextIO

from ..errors import UsageError
from .arguments import CLEAN, FAILED, FOUND

if TYPE_CHECKING:
    from ..lint.record import Linted
    from ..report import Run, Writer

MANY = 100_000
"""So many findings that are held are worth a word."""
# Formats that are lines of text, and those that are one document without a line for a person.
_TEXTS, _DOCUMENTS = frozenset({"full", "concise", "github"}), frozenset({"sarif", "gitlab", "junit"})


def open_output(path: str | None) -> AbstractContextManager[TextIO | None]:
    """Open the file of --output-file before the work starts, so that a wrong path is an error at once."""
    if path is None:
        return nullcontext()
    from ..report.file import open_report

    return open_report(path)


def refuse_overwriting(options: argparse.Namespace) -> None:
    """Raise UsageError for a file that is to be read and written, or written twice."""
    inputs = [*options.paths, options.order, options.refunds]
    outputs = [("--write-baseline", options.write_baseline, inputs)]
    outputs += [("--output-file", options.output_file, [*inputs, options.baseline, options.write_baseline])]
    for flag, file, in_use in outputs:
        if file is not None and not _is_stream(file) and _identify(file) in map(_identify, filter(None, in_use)):
            raise UsageError(f"{flag} {file}: this run has that file for something else; name another one")


def _is_stream(file: str) -> bool:
    return os.path.exists(file) and not os.path.isfile(file)  # noqa: PTH110, PTH113 - a Path raises for some names


def _identify(file: str) -> str:
    """Return the same text for every name of a file."""
    return os.path.realpath(file) if os.path.exists(file) else os.path.abspath(file)  # noqa: PTH100, PTH110


def stream_findings(result: Run, options: argparse.Namespace, stream: TextIO | None) -> None:
    """Have the streamed formats write findings as they come."""
    from ..report import STREAMED, make_writer

    outputs = [(_choose_format(options), sys.stdout)]
    if stream is not None:
        outputs.append((options.output_format or "concise", stream))
    streamed = [(name, target) for name, target in outputs if name in STREAMED]
    result.keeps = len(streamed) < len(outputs)
    if result.keeps:
        result.writers.append(_make_counter())
    for name, target in streamed:
        is_text = target is sys.stdout
        write = make_writer(name, target, is_text and _is_colored(options.color, target))
        result.writers.append(_drop_unread(write) if is_text and stream is not None else write)


def _make_counter() -> Writer:
    """Make a writer that counts the findings that are held, and says once that they are many."""
    count = 0

    def count_findings(linted: Linted) -> None:
        nonlocal count
        before, count = count, count + len(linted.findings)
        if before < MANY <= count:
            advice = "--output-format jsonl or concise writes them as they come"
            print(f"refundkit: {MANY:,} findings are held in memory: {advice}", file=sys.stderr)

    return count_findings


def _drop_unread(write: Writer) -> Writer:
    """Make a writer to standard output go on though nobody reads it: the file is to be whole."""
    is_read = True

    def write_if_read(linted: Linted) -> None:
        nonlocal is_read
        try:
            if is_read:
                write(linted)
        except BrokenPipeError:
            is_read = False

    return write_if_read


def _choose_format(options: argparse.Namespace) -> str:
    """Choose the format of standard output: text where a file has the other one."""
    text_format = "full" if sys.stdout.isatty() else "concise"
    return text_format if options.output_file else options.output_format or text_format


def write_run(result: Run, options: argparse.Namespace, stream: TextIO) -> None:
    """Write the report of a run to the file of --output-file."""
    from ..report import find_reporter

    output_format = options.output_format or "concise"
    find_reporter(output_format)(result, stream, False)
    if options.statistics and output_format in _TEXTS:
        from ..report.statistics import format_table

        stream.write(format_table(result, color=False))


def print_run(result: Run, options: argparse.Namespace) -> None:
    """Print a run in its format, as text where a file has that; nothing if --quiet and clean."""
    from ..report import find_reporter

    output_format = _choose_format(options)
    if options.quiet and output_format in _TEXTS and not result.counts:
        return
    find_reporter(output_format)(result, sys.stdout, _is_colored(options.color, sys.stdout))
    log = sys.stderr if output_format in _DOCUMENTS else sys.stdout
    if output_format in _DOCUMENTS and not options.quiet:
        from ..report.text import summarize

        print(summarize(result, _is_colored(options.color, log)), file=log)
    if options.statistics and output_format in _TEXTS | _DOCUMENTS:
        from ..report.statistics import format_table

        log.write(format_table(result, _is_colored(options.color, log)))


def _is_colored(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def exit_status(result: Run) -> int:
    """Return 1 for findings at or above the level and for a body that was never judged, 2 for RF007, else 0.

    A stale entry of the baseline counts as a warning. A payload that nothing judged fails even where a baseline knows
    of it: its findings hide what the rules would have said.
    """
    if result.has_defect:
        return FAILED
    if not result.failing:
        return CLEAN
    is_stale = bool(result.stale) and "warning" in result.failing
    is_failing = result.has_refused or is_stale or any(map(result.count, result.failing))
    return FOUND if is_failing else CLEAN
