"""The command: arguments in, findings on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from ..config import FORMATS
from ..errors import ConfigError, JournalError, SourceError, UsageError, describe_defect
from .arguments import FAILED
from .parser import build_parser, parse_arguments

__all__ = ["FORMATS", "main", "run", "work"]

_INTERRUPTED = 130


def run() -> None:
    """Run the command and leave the process: the entry point of what is installed."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the command. Returns the exit status: 0 clean, 1 findings, 2 could not check, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is escaped, never a traceback
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:  # as after `>&-` in a shell
        print("refundkit: there is no standard output to write to", file=sys.stderr)
        return FAILED
    if not arguments:  # nothing was checked, so it is no success
        print(build_parser().format_help(), end="", file=sys.stderr)
        return FAILED
    try:
        options = parse_arguments(arguments)
        status: int = options.do(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        from ..text import make_printable, shorten

        # It may quote a payload, as the name of a file made of an id does; a configuration has a line a mistake.
        text = shorten(_describe_error(error))
        lines = text.split("\n") if type(error) is ConfigError else [text]
        print("refundkit: " + "\n".join(map(make_printable, lines)), file=sys.stderr)
        return FAILED
    return status


def work() -> None:
    """Answer the tasks of `check --jobs` in a process of its own."""
    from ..lint.jobs import answer_tasks
    from .check import start_worker

    answer_tasks(start_worker, _describe_error)


def _describe_error(error: Exception) -> str:
    """Return what the user reads of an error."""
    if isinstance(error, OSError):  # errors of reading are SourceErrors
        return f"what was found could not be written: {error.strerror or error}"
    if isinstance(error, (UsageError, ConfigError, SourceError, JournalError)):
        return str(error)
    return f"{describe_defect(error)}; please report it with the payload"
