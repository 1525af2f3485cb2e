"""`refundkit audit`: its arguments, what it runs, and the summary at the end."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FAILING, VALID_BODY, SourceError, UsageError
from ..text import make_printable
from .arguments import CLEAN, FAILED, FOUND, add_config_arguments, add_rule_arguments, read_config

if TYPE_CHECKING:
    from ..audit.kernel import Tally
    from ..audit.settings import AuditFiles, AuditSettings

    Engine = Callable[[AuditFiles, AuditSettings, Path], Tally]

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_LEAST_MEMORY = 64 * 10**6
# Lines of the summary about what did not run.
_MOST_LINES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit audit`."""
    add = parser.add_argument
    add(
        "--requests",
        action="append",
        required=True,
        metavar="FILE",
        help="the history: files, or a journal; patterns too",
    )
    add("--orders", action="append", default=[], metavar="FILE", help="the API's own orders")
    add("--refunds", action="append", default=[], metavar="FILE", help="refunds made before the history begins")
    add("--out", required=True, metavar="FILE", help="where the findings go: .parquet, .jsonl or .csv")
    add("--report", metavar="FILE", help="a page of the findings, to look at")
    add("--orders-as-of", choices=("after", "before"), default="after", help="before: refunds in the orders count too")
    add("--engine", choices=("duckdb", "spark"), default="duckdb", help="spark: on a cluster; needs Java 17 or later")
    add("--master", metavar="URL", help="Spark's master, such as spark://HOST:7077; default: that of its configuration")
    add("--memory", metavar="SIZE", help="what DuckDB's sort may use before it spills to disk; default 1GB")
    add("--jobs", type=int, metavar="N", help="worker processes beside DuckDB; default one a core")
    add_rule_arguments(parser)
    add_config_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Audit a history. Returns 0 when nothing at or above --fail-on was found, 1 otherwise, as `check` does."""
    config = read_config(options)
    engine = _choose_spark(options) if options.engine == "spark" else _choose_duckdb(options)
    from ..audit import files
    from ..audit.settings import AuditFiles, AuditSettings

    out = _read_target(options.out, files.SUFFIXES, "--out")
    page = None if options.report is None else _read_target(options.report, (".html",), "--report")
    if page is not None:
        _require_modules("audit", "altair", "jinja2", "vl_convert", "duckdb")
    sources = AuditFiles(
        requests=files.expand_requests(options.requests),
        orders=files.expand_files(options.orders),
        refunds=files.expand_files(options.refunds),
    )
    settings = AuditSettings(
        config=config,
        statuses=any(files.has_column(file, "status") for file in sources.requests),
        carried=options.orders_as_of == "before",
    )
    started = time.perf_counter()
    tally = engine(sources, settings, out)
    if page is not None:
        _write_page(out, tally, page)
    sys.stdout.write(_summarize(tally, out, time.perf_counter() - started) + "\n")
    return _exit_status(tally, FAILING[config.fail_on])


def _choose_duckdb(options: argparse.Namespace) -> Engine:
    _require_modules("audit", "duckdb", "pyarrow")
    from ..audit import duck
    from ..audit.settings import Resources

    if options.master is not None:
        raise UsageError(f"--master {options.master}: only with --engine spark")
    jobs = os.cpu_count() or 1 if options.jobs is None else options.jobs
    if jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1")
    resources = Resources(memory=_parse_memory(options.memory or "1GB"), jobs=jobs)

    def audit(sources: AuditFiles, settings: AuditSettings, out: Path) -> Tally:
        with _show_progress() as progress:
            return duck.audit(sources, settings, resources, out, progress)

    return audit


def _choose_spark(options: argparse.Namespace) -> Engine:
    for flag in ("memory", "jobs"):
        if getattr(options, flag) is not None:
            raise UsageError(f"--{flag} {getattr(options, flag)}: only with --engine duckdb; Spark's is in its conf/")
    _require_modules("spark", "pyspark", "pandas", "pyarrow")
    from ..audit import files, spark

    journals = filter(files.is_journal, options.requests)
    if names := files.show_names(journals):
        raise UsageError(f"--requests {names}: a journal is read with --engine duckdb")
    return lambda sources, settings, out: spark.audit(sources, settings, options.master, out)


def _require_modules(extra: str, *modules: str) -> None:
    """Raise UsageError where a module of an extra is not installed."""
    from importlib.util import find_spec

    if any(find_spec(module) is None for module in modules):
        raise UsageError(f"the audit needs {' and '.join(modules)}: pip install 'refundkit[{extra}]'")


def _read_target(name: str, suffixes: tuple[str, ...], flag: str) -> Path:
    """Read the path of a file to write. Raises UsageError."""
    path = Path(name)
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{flag} {name}: the suffix is none of {', '.join(sorted(suffixes))}")
    if path.is_dir():
        raise UsageError(f"{flag} {name}: a folder")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{flag} {name}: there is no folder {path.parent}")
    return path


def _parse_memory(size: str) -> int:
    text = size.strip().upper()
    number = text.rstrip("KMGIB")
    try:
        memory = int(float(number) * _UNITS[text[len(number) :]])
    except (ValueError, KeyError, OverflowError):
        raise UsageError(f"--memory {size}: write a size such as 512MB or 2GB") from None
    if memory < _LEAST_MEMORY:
        raise UsageError(f"--memory {size}: at least 64MB")
    return memory


@contextmanager
def _show_progress() -> Iterator[Callable[[str, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda phase, rows: None
        return
    from tqdm import tqdm

    read = 0
    with tqdm(unit=" requests", desc="read", leave=False, file=sys.stderr) as bar:

        def show(phase: str, rows: int) -> None:
            nonlocal read
            if phase == "read":
                read += rows
            elif bar.desc != "judged: ":
                bar.reset(total=read)
                bar.set_description("judged")
            bar.update(rows)

        yield show


def _write_page(out: Path, tally: Tally, page: Path) -> None:
    from ..audit.report import write_report
    from ..audit.report.summary import Summary

    not_run: dict[str, int] = {}
    for (_, _, part), count in tally.not_run.items():
        not_run[part] = not_run.get(part, 0) + count
    try:
        write_report(out, Summary(requests=tally.requests, orders=tally.orders, not_run=not_run), page)
    except OSError as error:
        raise SourceError(f"{page}: {error.strerror or error}; the findings are in {out}") from error


def _summarize(tally: Tally, out: Path, seconds: float) -> str:
    """Return what was audited and found, as text."""
    counts: dict[str, int] = dict.fromkeys(FAILING["warning"], 0)
    lines = []
    for (severity, code, name, currency), total in sorted(tally.money.items()):
        counts[severity] = counts.get(severity, 0) + total.findings
        money = f", {total.refunded:f} {currency}" if currency and total.refunded else ""
        amounts = f"{_count(total.findings, 'finding')} in {_count(total.requests, 'request')}{money}"
        lines.append(f"{severity:<7} {code} {name}: {amounts}")
    lines.extend(_describe_not_run(tally))
    if tally.uncounted:
        refunds = _count(tally.uncounted, "refund")
        lines.append(f"{refunds} could not be counted as earlier ones: their bodies tell too little")
    if tally.unplaced:
        lines.append(f"{_count(tally.unplaced, 'row')} of orders or earlier refunds name no order, and were left out")
    lines.append(
        f"Audited {_count(tally.requests, 'request')} of {_count(tally.orders, 'order')} in {seconds:.1f} s: "
        f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}, in {out}"
    )
    return "\n".join(lines)


def _describe_not_run(tally: Tally) -> Iterator[str]:
    """Yield a line for every operation and missing part: how many requests were judged without it."""
    merged: dict[tuple[str, str], tuple[set[str], int]] = {}
    for (operation, codes, part), requests in tally.not_run.items():
        rules, count = merged.get((operation, part), (set(), 0))
        merged[operation, part] = (rules | set(codes), count + requests)
    for (operation, part), (rules, count) in sorted(merged.items())[:_MOST_LINES]:
        skipped = f"{_count(len(rules), 'rule')} did not run" if rules else "nothing judged them"
        name = make_printable(operation) or "no operation"
        yield f"not run {name}: {_count(count, 'request')} without {part}, {skipped}"
    if len(merged) > _MOST_LINES:
        yield f"not run: {len(merged) - _MOST_LINES} more operations or parts"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _exit_status(tally: Tally, failing: tuple[str, ...]) -> int:
    """Return 1 for findings at or above the level and for a body that was never judged, 2 for RF007, else 0."""
    if any(code == "RF007" for _, code, *_ in tally.money):
        return FAILED
    if not failing:
        return CLEAN
    is_unjudged = any(part == VALID_BODY for _, _, part in tally.not_run)
    return FOUND if is_unjudged or any(severity in failing for severity, *_ in tally.money) else CLEAN
