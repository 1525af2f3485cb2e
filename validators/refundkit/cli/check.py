"""`refundkit check`: its arguments, and a run over the files."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..config import FORMATS
from ..errors import FAILING, UsageError
from .arguments import CLEAN, add_config_arguments, add_rule_arguments, print_aside
from .output import exit_status, open_output, print_run, refuse_overwriting, stream_findings, write_run
from .settings import list_files, name_of_file, read_settings, schema_chooser, settings_for_file

if TYPE_CHECKING:
    from ..lint.record import Linted, Settings
    from ..lint.sources import Part
    from ..report import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit check`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH | GLOB | -", help="files, folders, patterns; - is standard input"
    )
    _add_request_arguments(parser)
    add_rule_arguments(parser)
    parser.add_argument(
        "--require-context", nargs="?", const="order,refunds", metavar="PART,…", help="missing context is an error"
    )
    _add_output_arguments(parser)
    _add_run_arguments(parser)
    add_config_arguments(parser)


def _add_request_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help_text = "what the payloads are for, such as walmart.refund_order_lines"
    add("--as", dest="operation", metavar="OPERATION", help=help_text)
    help_text = "the API's own order; a pattern such as 'orders/{purchaseOrderId}.json' serves many"
    add("--order", metavar="FILE", help=help_text)
    add("--refunds", metavar="FILE", help="the API's own list of earlier refunds; may be a pattern too")
    for part in ("path", "query", "header"):
        add(f"--{part}", action="append", default=[], metavar="NAME=VALUE", help=f"a {part} parameter of the requests")
    add("--response", metavar="STATUS", help="check responses of that status instead of requests")
    add("--stdin-filename", metavar="NAME", help="what standard input is: the suffix says its format")


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output-format", choices=FORMATS, help="default: full on a terminal, concise elsewhere")
    add("--output-file", metavar="FILE", help="write that format there, and text to the terminal as well")
    add("--statistics", action="store_true", help="count the findings of each rule")
    add("--baseline", metavar="FILE", help="leave out the findings that this file knows")
    add("--write-baseline", metavar="FILE", help="write what is found to this file, and leave it out from now on")
    add("--fix", action="store_true", help="drop fields that the server computes (RF108) from the files, then check")
    add("--diff", action="store_true", help="show what --fix would change, and change and check nothing")
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--quiet", action="store_true", help="print nothing when nothing is found")


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help_text = "leave these files out, beside those of the configuration; as in a .gitignore"
    add("--exclude", action="append", default=[], metavar="PATTERN", help=help_text)
    add("--allow-empty", action="store_true", help="no payload at all is fine")
    help_text = "the payloads are one batch about to be sent: RF317, and caps across them, in their order (one process)"
    add("--batch", action="store_true", help=help_text)
    help_text = "check in so many processes; default: all cores for large JSON Lines, else 1, as for pipes and --batch"
    add("--jobs", type=_parse_jobs, metavar="N", help=help_text)


def _parse_jobs(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes: write 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Check the files, fixed first with --fix, and report what is found."""
    from ..report import Run

    started = time.perf_counter()
    settings = read_settings(options)
    refuse_overwriting(options)
    if options.diff:
        from .fix import fix_files

        return fix_files(options, settings)
    baseline = None
    if options.baseline is not None or options.write_baseline is not None:
        from .baseline import open_baseline

        baseline = open_baseline(options)
    result = Run(failing=FAILING[settings.config.fail_on], statistics=options.statistics)
    with open_output(options.output_file) as stream:
        stream_findings(result, options, stream)
        fix_status = CLEAN
        if options.fix:
            from .fix import fix_files

            fix_status = fix_files(options, settings)
        with print_aside():
            for linted in _check_files(options, settings, result):
                result.add(linted if baseline is None else baseline.sift(linted))
        if not result.checked and not options.allow_empty:
            excluded = " that `exclude` does not leave out" if settings.config.exclude or options.exclude else ""
            raise UsageError(f"no payload at all: name files{excluded} that hold some, or add --allow-empty")
        if baseline is not None:
            from .baseline import close_baseline

            close_baseline(baseline, options, settings, result)
        result.seconds = time.perf_counter() - started
        if stream is not None:
            write_run(result, options, stream)
    print_run(result, options)
    return max(exit_status(result), fix_status)


def _check_files(options: argparse.Namespace, settings: Settings, result: Run) -> Iterator[Linted]:
    """Check every file that is not excluded, in their order."""
    from ..lint.progress import Progress
    from ..lint.sources import Part, measure_part, split_file

    files = list_files(options, settings)
    result.files = len(files)
    jobs = count_jobs(options, files)
    with Progress(lambda: sum(measure_part(Part(file)) for file in files)) as progress:
        if jobs > 1:
            from ..lint.jobs import make_tasks, run_tasks

            arguments = {name: value for name, value in vars(options).items() if name != "do"}
            for task, linted in run_tasks(make_tasks(files), arguments, jobs):
                yield from linted
                progress.add(task)
            return
        check_part = _make_checker(options, settings)
        for file in files:
            for part in split_file(file) if progress.is_shown else (Part(file),):
                yield from check_part(part)
                progress.add((part,))


def _make_checker(options: argparse.Namespace, settings: Settings) -> Callable[[Part], Iterator[Linted]]:
    """Make the check of one part; it keeps the contexts, and the batch, from part to part."""
    from ..lint.record import lint_part
    from .context import ContextFiles

    batch = None
    if options.batch:
        from ..lint.batch import Batch

        batch = Batch()
    files = ContextFiles(options, settings)
    contexts = files if files.has_files else None

    def check_part(part: Part) -> Iterator[Linted]:
        named = msgspec.structs.replace(part, name=name_of_file(options, part.file))
        file_settings = settings_for_file(settings, named.shown)
        return lint_part(named, file_settings, schema_chooser(file_settings), contexts, batch)

    return check_part


def count_jobs(options: argparse.Namespace, files: list[str]) -> int:
    """Count the processes to check in. A pipe can be read once, and a batch needs to see every record."""
    jobs: int | None = options.jobs
    if jobs == 1 or options.batch:
        return 1
    if jobs is None:
        from ..lint.sources import is_large

        if not any(is_large(file) for file in files):
            return 1
    context = [file for file in (options.order, options.refunds) if file is not None]
    # Of /dev and /proc each process has its own.
    if any(file == "-" or file.startswith(("/dev/", "/proc/")) or Path(file).is_fifo() for file in (*files, *context)):
        return 1
    from ..lint.jobs import count_cores

    return jobs or count_cores()


def start_worker(arguments: dict[str, Any]) -> Callable[[Part], Iterator[Linted]]:
    """Make, in a process of --jobs, the same check from the same options."""
    options = argparse.Namespace(**arguments)
    return _make_checker(options, read_settings(options))
