"""`refundkit audit`: its arguments, what it runs, and what it says at the end."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import Config
    from .kernel import Settings, Tally

    Engine = Callable[[dict[str, list[str]], Settings, Path], Tally]

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser, with the arguments of the audit."""
    add = parser.add_argument
    add("--requests", action="append", required=True, metavar="FILE", help="the history; a pattern names many files")
    add("--orders", action="append", default=[], metavar="FILE", help="the API's own orders")
    add("--refunds", action="append", default=[], metavar="FILE", help="refunds made before the history begins")
    add("--out", required=True, metavar="FILE", help="where the findings go: .parquet, .jsonl or .csv")
    add("--report", metavar="FILE", help="a page of the findings, to look at")
    add("--orders-as-of", choices=("after", "before"), default="after", help="before: refunds in the orders count too")
    add("--engine", choices=("duckdb", "spark"), default="duckdb", help="spark: on a cluster; needs Java 17 or later")
    add("--master", metavar="URL", help="Spark's master, such as spark://HOST:7077; default: that of its configuration")
    add("--memory", metavar="SIZE", help="what DuckDB's sort may use before it spills to disk; default 1GB")
    add("--jobs", type=int, metavar="N", help="worker processes beside DuckDB; default one a core")
    add("--select", action="append", default=[], metavar="RULE,…", help="run only these: ids, names, prefixes of ids")
    add("--ignore", action="append", default=[], metavar="RULE,…", help="leave these out")
    add("--severity", action="append", default=[], metavar="RULE=LEVEL", help="LEVEL is error, warning or off")
    add("--fail-on", choices=("error", "warning", "never"), default="error", help="what makes the exit status 1")
    add("--config", metavar="FILE", help="this configuration instead of the nearest one")
    add("--isolated", action="store_true", help="no configuration file at all")
    return parser


def run(options: argparse.Namespace, config: Config) -> int:
    """Audit a history. Returns 0 when nothing at or above --fail-on was found, 1 otherwise, as `check` does."""
    engine = _spark if options.engine == "spark" else _duckdb
    audit = engine(options)
    from . import files
    from .kernel import Settings

    out = _target(options.out, files.SUFFIXES, "--out")
    report = None if options.report is None else _target(options.report, (".html",), "--report")
    named = {part: files.named(getattr(options, part)) for part in ("requests", "orders", "refunds")}
    settings = Settings(
        config=config,
        statuses=any(files.has_column(file, "status") for file in named["requests"]),
        carried=options.orders_as_of == "before",
    )
    started = time.perf_counter()
    tally = audit(named, settings, out)
    if report is not None:
        _write_report(out, tally, report)
    sys.stdout.write(summary(tally, out, time.perf_counter() - started) + "\n")
    return _status(tally, options.fail_on)


def _duckdb(options: argparse.Namespace) -> Engine:
    from ..errors import UsageError

    _need("audit", "duckdb", "pyarrow")
    from . import duck

    if options.master is not None:
        raise UsageError(f"--master {options.master}: only with --engine spark")
    jobs = os.cpu_count() or 1 if options.jobs is None else options.jobs
    if jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1")
    resources = duck.Resources(memory=_bytes(options.memory or "1GB"), jobs=jobs)

    def audit(named: dict[str, list[str]], settings: Settings, out: Path) -> Tally:
        with _progress() as progress:
            return duck.audit(duck.Sources(**named), settings, resources, out, progress)

    return audit


def _spark(options: argparse.Namespace) -> Engine:
    from ..errors import UsageError

    for flag in ("memory", "jobs"):
        if getattr(options, flag) is not None:
            raise UsageError(f"--{flag} {getattr(options, flag)}: only with --engine duckdb; Spark's is in its conf/")
    _need("spark", "pyspark", "pandas", "pyarrow")
    from . import spark

    return lambda named, settings, out: spark.audit(spark.Sources(**named), settings, options.master, out)


def _need(extra: str, *modules: str) -> None:
    from importlib.util import find_spec

    from ..errors import UsageError

    if any(find_spec(module) is None for module in modules):
        raise UsageError(f"the audit needs {' and '.join(modules)}: pip install 'refundkit[{extra}]'")


def _target(name: str, suffixes: tuple[str, ...], flag: str) -> Path:
    from ..errors import UsageError

    path = Path(name)
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{flag} {name}: the suffix is none of {', '.join(sorted(suffixes))}")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(
            f"{flag} {name}: there is no folder {path.parent}" if not path.is_dir() else f"{flag} {name}: a folder"
        )
    return path


def _bytes(size: str) -> int:
    from ..errors import UsageError

    text = size.strip().upper()
    number = text.rstrip("KMGIB")
    unit = text[len(number) :]
    try:
        found = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        raise UsageError(f"--memory {size}: write a size such as 512MB or 2GB") from None
    if found < 64 * 10**6:
        raise UsageError(f"--memory {size}: at least 64MB")
    return found


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
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


def _write_report(out: Path, tally: Tally, report: Path) -> None:
    from ..errors import SourceError
    from .report import write_report
    from .report.summary import Summary

    missing: dict[str, int] = {}
    for (_, _, part), count in tally.not_run.items():
        missing[part] = missing.get(part, 0) + count
    try:
        write_report(out, Summary(requests=tally.requests, orders=tally.orders, not_run=missing), report)
    except OSError as error:
        raise SourceError(f"{report}: {error.strerror or error}; the findings are in {out}") from error


def summary(tally: Tally, out: Path, seconds: float) -> str:
    """What was looked at and what it came to, as text."""
    counts = {level: sum(one.findings for key, one in tally.money.items() if key[0] == level) for level in _LEVELS}
    lines = []
    for (severity, code, name, currency), one in sorted(tally.money.items()):
        money = f", {one.refunded:f} {currency}" if currency and one.refunded else ""
        lines.append(
            f"{severity:<7} {code} {name}: {_many(one.findings, 'finding')} in {_many(one.requests, 'request')}{money}"
        )
    lines.extend(_not_run(tally))
    if tally.uncounted:
        lines.append(
            f"{_many(tally.uncounted, 'refund')} could not be counted as earlier ones: their bodies tell too little"
        )
    if tally.unplaced:
        lines.append(f"{_many(tally.unplaced, 'row')} of orders or earlier refunds name no order, and were left out")
    lines.append(
        f"Audited {_many(tally.requests, 'request')} of {_many(tally.orders, 'order')} in {seconds:.1f} s: "
        f"{_many(counts['error'], 'error')}, {_many(counts['warning'], 'warning')}, in {out}"
    )
    return "\n".join(lines)


_LEVELS = ("error", "warning")


def _not_run(tally: Tally) -> Iterator[str]:
    """A line for every operation and missing part: how many requests were judged without it."""
    from ..report.text import printable

    merged: dict[tuple[str, str], tuple[set[str], int]] = {}
    for (operation, codes, part), count in tally.not_run.items():
        known, so_far = merged.get((operation, part), (set(), 0))
        merged[operation, part] = (known | set(codes), so_far + count)
    for (operation, part), (rules, count) in sorted(merged.items())[:_SHOWN]:
        skipped = f"{_many(len(rules), 'rule')} did not run" if rules else "nothing judged them"
        yield f"not run {printable(operation) or 'no operation'}: {_many(count, 'request')} without {part}, {skipped}"
    if len(merged) > _SHOWN:
        yield f"not run: {len(merged) - _SHOWN} more operations or parts"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _status(tally: Tally, fail_on: str) -> int:
    """1 where something was found at or above the level, or a body was never judged; never does not fail."""
    if fail_on == "never":
        return 0
    levels = ("error",) if fail_on == "error" else _LEVELS
    unjudged = any(part == "valid body" for _, _, part in tally.not_run)
    return int(unjudged or any(severity in levels for severity, *_ in tally.money))
