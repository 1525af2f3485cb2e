"""The command: arguments in, findings on standard output, everything else on standard error."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import lru_cache
from io import TextIOWrapper
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import msgspec

from . import __version__, operations, rules
from .config import Config, discover, excluded, for_file, operation_of
from .errors import ConfigError, SourceError, UsageError
from .operations import Operation
from .rule import PARTS, REGISTRY
from .text import suggest_name

if TYPE_CHECKING:
    from .lint.baseline import Baseline
    from .lint.document import RequestDocument
    from .lint.record import Context, Linted, Settings
    from .lint.sources import Part, Record
    from .report import Run

CLEAN, FOUND, FAILED = 0, 1, 2
INTERRUPTED = 130
# Context files that are held at a time.
_KEPT = 32
FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit")
# Of them, those that are lines of text, and those that are one document with no line for a person in it.
_TEXTS, _DOCUMENTS = frozenset({"full", "concise", "github"}), frozenset({"sarif", "gitlab", "junit"})
# Entries of a baseline that are named where they are stale.
_MOST_STALE = 20
# The characters that the name of a header may have (RFC 9110).
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Which severities make the exit status 1.
_FAILING: dict[str, tuple[str, ...]] = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


class _Parser(argparse.ArgumentParser):
    """argparse, with the nearest flag suggested for an unknown one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_formatter, **options)

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("unrecognized arguments: ").split() if "unrecognized" in message else []
        unknown = next((word.split("=")[0] for word in words if word.startswith("-")), "")
        raise UsageError(f"{message}{suggest_name(unknown, list(_flags(self)))}" if unknown else message)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """argparse's own, as wide as the terminal: left to itself it imports shutil at every start to find that out."""
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size().columns
    except OSError:
        width = 0
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


def _flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The flags of a parser and of its commands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _flags(inner)


def run() -> None:
    """The entry point of the installed command."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the command. Returns the exit status: 0 clean, 1 findings, 2 could not check, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is escaped, never a traceback
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:  # as after `>&-` in a shell
        print("refundkit: there is no standard output to write to", file=sys.stderr)
        return FAILED
    try:
        options = _asked(arguments)
        status: int = options.do(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        print(f"refundkit: {_said(error)}", file=sys.stderr)
        return FAILED
    return status


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    """What the arguments say. argparse takes the paths of `check` in one row only, not with flags between them."""
    parser = _parser(audited="audit" in arguments)
    options, others = parser.parse_known_args(arguments)
    if others and (options.do is not _check or any(one.startswith("-") and one != "-" for one in others)):
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    if others:
        options.paths += others
    return options


def _said(error: Exception) -> str:
    """What the user reads of an error."""

    if isinstance(error, OSError):  # what is read says so itself
        return f"what was found could not be written: {error.strerror or error}"
    return str(error) if isinstance(error, (UsageError, ConfigError, SourceError)) else _defect(error)


def _defect(error: Exception) -> str:
    """What to report of an error that nobody foresaw: its kind and place; its words may quote a payload."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace is not None else None
    place = f" in {Path(code.co_filename).name}:{trace.tb_lineno}" if code is not None and trace is not None else ""
    return f"a defect of refundkit: {type(error).__name__}{place}; please report it with the payload"


def _parser(*, audited: bool = True) -> argparse.ArgumentParser:
    """The parser; unless `audited` without the arguments of `audit`, which take their time to import."""
    parser = _Parser(prog="refundkit", description="Check refund requests before money moves.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"refundkit {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _check_arguments(commands.add_parser("check", help="lint payloads", allow_abbrev=False))
    audit = commands.add_parser("audit", help="hold a history of refunds to its orders", allow_abbrev=False)
    audit.set_defaults(do=_audit)
    if audited:
        from .audit.command import arguments

        arguments(audit)
    one = commands.add_parser("rule", help="the docs of one rule", allow_abbrev=False)
    one.add_argument("rule", metavar="ID|NAME")
    one.set_defaults(do=_rule)
    every = commands.add_parser("rules", help="every rule", allow_abbrev=False)
    every.add_argument("--output-format", choices=("text", "json"), default="text")
    every.set_defaults(do=_rules)
    listed = commands.add_parser("operations", help="every operation that can be checked", allow_abbrev=False)
    listed.set_defaults(do=_operations)
    schema = commands.add_parser("schema", help="the JSON Schema of an operation's body", allow_abbrev=False)
    schema.add_argument("operation", metavar="OPERATION")
    schema.set_defaults(do=_schema)
    return parser


def _audit(options: argparse.Namespace) -> int:
    from .audit.command import run

    return run(options, _config(options))


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH | GLOB | -", help="files, folders, patterns; - is standard input")
    add(
        "--as",
        dest="operation",
        metavar="OPERATION",
        help="what the payloads are for, such as walmart.refund_order_lines",
    )
    add(
        "--order",
        metavar="FILE",
        help="the API's own order; a pattern such as 'orders/{purchaseOrderId}.json' serves many",
    )
    add("--refunds", metavar="FILE", help="the API's own list of earlier refunds; may be a pattern too")
    for part in ("path", "query", "header"):
        add(f"--{part}", action="append", default=[], metavar="NAME=VALUE", help=f"a {part} parameter of the requests")
    add("--response", metavar="STATUS", help="check responses of that status instead of requests")
    add("--select", action="append", default=[], metavar="RULE,…", help="run only these: ids, names, prefixes of ids")
    add("--ignore", action="append", default=[], metavar="RULE,…", help="leave these out")
    add("--severity", action="append", default=[], metavar="RULE=LEVEL", help="LEVEL is error, warning or off")
    add("--fail-on", choices=("error", "warning", "never"), default="error", help="what makes the exit status 1")
    add("--require-context", nargs="?", const="order,refunds", metavar="PART,…", help="missing context is an error")
    add("--output-format", choices=FORMATS, help="default: full on a terminal, concise elsewhere")
    add("--output-file", metavar="FILE", help="write that format there, and text to the terminal as well")
    add("--statistics", action="store_true", help="count the findings of each rule")
    add("--baseline", metavar="FILE", help="leave out the findings that this file knows")
    add("--write-baseline", metavar="FILE", help="write what is found to this file, and leave it out from now on")
    add("--fix", action="store_true", help="drop fields that the server computes (RF108) from the files, then check")
    add("--diff", action="store_true", help="show what --fix would change, and change and check nothing")
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--quiet", action="store_true", help="print nothing when nothing is found")
    add("--allow-empty", action="store_true", help="no payload at all is fine")
    add(
        "--batch",
        action="store_true",
        help="the payloads are one batch about to be sent: RF317, and caps across them, in their order (one process)",
    )
    add(
        "--jobs",
        type=_count,
        metavar="N",
        help="check in so many processes; default: all cores for large JSON Lines, else 1, as for pipes and --batch",
    )
    add("--config", metavar="FILE", help="this configuration instead of the nearest one")
    add("--isolated", action="store_true", help="no configuration file at all")
    parser.set_defaults(do=_check)


def _check(options: argparse.Namespace) -> int:
    from .report import Run

    started = time.perf_counter()
    settings = _settings(options)
    _spare(options)
    if options.diff:
        return _fix(options, settings)
    known = _known(options)
    found = Run(failing=_FAILING[options.fail_on], statistics=options.statistics)
    with _output(options.output_file) as file:
        unwritten = _fix(options, settings) if options.fix else CLEAN
        with _aside():
            for one in _linted(options, settings, found):
                found.add(one if known is None else known.sift(one))
        if not found.checked and not options.allow_empty:
            excluded = " that `exclude` does not leave out" if settings.config.exclude else ""
            raise UsageError(f"no payload at all: name files{excluded} that hold some, or add --allow-empty")
        if known is not None:
            _settle(known, options, settings, found)
        found.seconds = time.perf_counter() - started
        if file is not None:
            _write(found, options, file)
    _print(found, options)
    return max(_status(found), unwritten)


def _fix(options: argparse.Namespace, settings: Settings) -> int:
    """Fix the files, or show with --diff what would change: then 1 where something would. 2: a file was not written."""
    from .lint.fix import diff, fix_of, write
    from .lint.secrets import mask_secrets
    from .lint.sources import expand

    if "-" in options.paths:
        raise UsageError("--fix and --diff work on files, not on standard input")
    status, files, fields = CLEAN, 0, 0
    for file in expand(options.paths or _nothing()):
        own = _for_file(settings, file)
        if excluded(own.config, file) or _is_report(options, file):
            continue
        fix = fix_of(file, own, _schema_of(own))
        if fix.left:
            print(f"refundkit: {file}: fields of RF108 were left where they are: {fix.left}", file=sys.stderr)
        if not fix.fields:
            continue
        if options.diff:
            sys.stdout.write(mask_secrets(diff(fix)))
            status = FOUND
            continue
        try:
            write(fix)
        except SourceError as error:
            print(f"refundkit: {error}", file=sys.stderr)
            status = FAILED
        else:
            files, fields = files + 1, fields + fix.fields
    if fields and not options.quiet:
        print(f"Dropped {fields} field{'s' * (fields > 1)} in {files} file{'s' * (files > 1)}", file=sys.stderr)
    return status


def _known(options: argparse.Namespace) -> Baseline | None:
    """The findings to leave out: those of --baseline, or with --write-baseline whatever is found."""
    if options.baseline is None and options.write_baseline is None:
        return None
    from .lint.baseline import Baseline, read

    if options.baseline is None:
        return Baseline(options.write_baseline, learns=True)
    if options.write_baseline is not None:
        raise UsageError("--baseline and --write-baseline: use one; --write-baseline replaces what the file knows")
    return read(options.baseline)


def _settle(known: Baseline, options: argparse.Namespace, settings: Settings, found: Run) -> None:
    """Write the new baseline, or tell which entries of the old one were not found."""
    found.suppressed = known.suppressed
    if known.learns:
        from .lint.baseline import write

        write(options.write_baseline, known)
        if not options.quiet:
            count = f"{known.suppressed} finding{'s' * (known.suppressed != 1)}"
            print(f"Wrote {count} to {options.write_baseline}", file=sys.stderr)
        return
    stale = known.stale(settings.config, found.not_run)
    found.stale = len(stale)
    for entry in stale[:_MOST_STALE]:
        print(
            f"refundkit: {options.baseline}: no longer found: {entry.code} {entry.file} {entry.pointer}",
            file=sys.stderr,
        )
    if stale:
        more = f"{len(stale) - _MOST_STALE} more are; " if len(stale) > _MOST_STALE else ""
        print(f"refundkit: {more}`--write-baseline {options.baseline}` takes what is stale out", file=sys.stderr)


def _linted(options: argparse.Namespace, settings: Settings, found: Run) -> Iterator[Linted]:
    """What is found in every file that the configuration does not exclude, in their order."""
    from .lint.progress import Progress
    from .lint.sources import Part, expand, extent, parts

    given = [file for file in expand(options.paths or _nothing()) if not excluded(settings.config, file)]
    files = [file for file in given if not _is_report(options, file)]
    found.files = len(files)
    jobs = _jobs(options, files)
    with Progress(lambda: sum(extent(Part(file)) for file in files)) as progress:
        if jobs > 1:
            from .lint.jobs import spread, tasks

            told = {name: value for name, value in vars(options).items() if name != "do"}
            for task, linted in spread(tasks(files), told, jobs):
                yield from linted
                progress.add(task)
            return
        check = _checker(options, settings)
        for file in files:
            for part in parts(file) if progress.shown else (Part(file),):
                yield from check(part)
                progress.add((part,))


def _checker(options: argparse.Namespace, settings: Settings) -> Callable[[Part], Iterator[Linted]]:
    """What checks a part of a file under these options; it keeps the contexts, and the batch, from part to part."""
    from .lint.record import lint_part

    batch = None
    if options.batch:
        from .lint.batch import Batch

        batch = Batch()
    contexts = _Contexts(options, settings)

    def check(part: Part) -> Iterator[Linted]:
        own = _for_file(settings, part.file)
        return lint_part(part, own, _schema_of(own), contexts if contexts.any else None, batch)

    return check


def _jobs(options: argparse.Namespace, files: list[str]) -> int:
    """How many processes check. One reads a pipe, which cannot be read twice, and one knows what a batch has sent."""
    wanted: int | None = options.jobs
    if wanted == 1 or options.batch:
        return 1
    if wanted is None:
        from .lint.sources import is_large

        if not any(is_large(file) for file in files):
            return 1
    context = [file for file in (options.order, options.refunds) if file is not None]
    # Of /dev and /proc each process has its own.
    if any(file == "-" or file.startswith(("/dev/", "/proc/")) or Path(file).is_fifo() for file in (*files, *context)):
        return 1
    from .lint.jobs import cores

    return wanted or cores()


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes: write 1 or more")
    return int(text)


def work() -> None:
    """What a process of --jobs runs: the same check by the same options."""
    from .lint.jobs import answer

    def begin(told: dict[str, Any]) -> Callable[[Part], Iterator[Linted]]:
        options = argparse.Namespace(**told)
        return _checker(options, _settings(options))

    answer(begin, _said)


def _nothing() -> NoReturn:
    raise UsageError("nothing to check: name files, folders or patterns, or - for standard input")


def _settings(options: argparse.Namespace) -> Settings:
    from .lint.record import Settings

    for name in ("order", "refunds", "config", "output_file", "baseline", "write_baseline"):
        if getattr(options, name) == "":  # as a variable of the shell is that was never set
            raise UsageError(f"--{name.replace('_', '-')}: it is empty; say which, or leave the flag out")
    config = _config(options)
    operation = None
    if options.operation is not None:
        try:
            operation = operations.get(options.operation)
        except ValueError as error:
            raise UsageError(f"--as: {error} (`refundkit operations` lists them)") from None
    if options.response is not None:
        if operation is None:
            raise UsageError("--response needs --as: which operation answered?")
        spare = ("order", "refunds", "require_context", "batch", "path", "query", "header", "fix", "diff")
        for name in spare:
            if getattr(options, name):
                raise UsageError(f"--{name.replace('_', '-')} is about requests, and --response checks answers")
        if options.response not in operation.described.responses:
            known = ", ".join(operation.described.responses)
            raise UsageError(f"--response {options.response}: {operation.name} answers with {known}")
    return Settings(
        config=config,
        operation=operation,
        forced=operation is not None,
        response=options.response,
        path=_named(options.path, "--path"),
        query=_named(options.query, "--query"),
        headers=_headers(options.header),
        require=_required(options),
        digests=bool(options.baseline or options.write_baseline),
    )


def _required(options: argparse.Namespace) -> tuple[str, ...]:
    """The parts that --require-context names; a path behind it, which is no part, stands among the paths instead."""
    given = options.require_context
    if given is None:
        return ()
    parts = _listed([given])
    if not parts:
        raise UsageError(f"--require-context: it is empty; known are {', '.join(PARTS)}")
    unknown = next((part for part in parts if part not in PARTS), None)
    if unknown is None:
        return tuple(parts)
    from glob import has_magic

    if given == "-" or Path(given).exists() or has_magic(given):
        options.paths.insert(0, given)
        return ("order", "refunds")
    nearest = suggest_name(unknown, PARTS) or f"; known are {', '.join(PARTS)}, and there is no such file"
    raise UsageError(f"--require-context: unknown part {unknown!r}{nearest}")


def _config(options: argparse.Namespace) -> Config:
    if options.isolated and options.config:
        raise UsageError("--isolated and --config: use one")
    base = Config() if options.isolated else _base(options.config)
    levels: list[tuple[str, Any]] = [_pair(one, "--severity") for one in options.severity]
    if not (options.select or options.ignore or levels):
        return base
    return msgspec.structs.replace(
        base,
        select=tuple(_listed(options.select)) or base.select,
        ignore=(*base.ignore, *_listed(options.ignore)),
        severity=(*base.severity, *levels),
    )


def _base(file: str | None) -> Config:
    with _aside():
        return Config.load(file) if file else discover(Path.cwd())


def _aside() -> AbstractContextManager[Any]:
    """What rules of the user's own print goes to standard error: standard output is for what is found."""
    return redirect_stdout(sys.stderr)


def _for_file(settings: Settings, file: str) -> Settings:
    """The settings with what the configuration says of the file: its operation, unless --as names one, and ignores."""
    config = for_file(settings.config, file)
    name = None if settings.forced else operation_of(config, file)
    if name is None and config is settings.config:
        return settings
    operation = settings.operation if name is None else operations.get(name)
    return msgspec.structs.replace(settings, config=config, operation=operation)


def _schema_of(settings: Settings) -> Callable[[str], dict[str, Any] | None]:
    """By which schema an XML document of that root element is read."""

    def schema(root: str) -> dict[str, Any] | None:
        operation = settings.operation or _of_root(root)
        if operation is None:
            return None
        if settings.response is not None:
            return operation.schema(settings.response)
        return operation.schema() if operation.described.body is not None else None

    return schema


def _of_root(root: str) -> Operation | None:
    from .lint.document import candidates

    return next((operation for operation in candidates({root: None}) if operation.xml), None)


class _Contexts:
    """The order and refunds files of a run; the last few are kept, since one often serves many records."""

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self.order = options.order or _from_folder(settings.config.order, settings.config)
        self.refunds = options.refunds or _from_folder(settings.config.refunds, settings.config)
        self.any = bool(self.order or self.refunds)
        self.path = settings.path or {}
        self.read = lru_cache(maxsize=_KEPT)(_read_context)

    def of(self, record: Record, asked: RequestDocument) -> Context:
        from .lint.record import Context

        return Context(
            order=None if self.order is None or asked.request.order else self._record(self.order, record, asked),
            refunds=None
            if self.refunds is None or asked.request.refunds
            else self._record(self.refunds, record, asked),
        )

    def _record(self, pattern: str, record: Record, asked: RequestDocument) -> Record:
        operation = asked.operation or next(filter(attrgetter("answers_xml"), map(operations.get, operations.names())))
        return self.read(_filled(pattern, record, asked, self.path), operation)


def _read_context(file: str, operation: Operation) -> Record:
    from .lint.sources import read_one

    source = operations.order_source(operation)
    return read_one(file, lambda root: None if source is None else source.schema(operations.success(source)))


def _from_folder(pattern: str | None, config: Config) -> str | None:
    """A pattern of the configuration stands for files beside the configuration."""
    return None if pattern is None else os.path.normpath(Path(config.folder) / pattern)


def _filled(pattern: str, record: Record, asked: RequestDocument, path: dict[str, str]) -> str:
    """The pattern with {purchaseOrderId} and the like from the path or the body, {stem} from the file."""
    if "{" not in pattern:
        return pattern
    values = {"stem": Path(record.file).stem, **path, **_order_id(asked), **(asked.request.path or {})}

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            known = ", ".join(f"{{{one}}}" for one in values)
            raise UsageError(f"{pattern}: {name!r} is not known for {record.file}; known are {known}")
        value = values[name]
        if value in ("", ".", "..") or any(mark in value for mark in "/\\\0"):
            raise UsageError(f"{pattern}: {name} of {record.file} is {value!r}, which is no part of a file name")
        return value

    return re.sub(r"\{([^{}]*)\}", value_of, pattern)


def _order_id(asked: RequestDocument) -> dict[str, str]:
    from .order_key import id_in_body

    return {} if asked.operation is None else id_in_body(asked.operation, asked.request.body)


def _output(path: str | None) -> AbstractContextManager[TextIO | None]:
    """The file of --output-file, opened before the work starts so that a path which cannot be written is told then."""
    if path is None:
        return nullcontext()
    from .report.file import writing

    return writing(path)


def _is_report(options: argparse.Namespace, file: str) -> bool:
    """Whether a file is a report or baseline of an earlier run, and no payload; a hook names those as well."""
    ours = [one for one in (options.output_file, options.baseline, options.write_baseline) if one is not None]
    return bool(ours) and os.path.realpath(file) in map(os.path.realpath, ours)


def _spare(options: argparse.Namespace) -> None:
    """Refuse to write over a file that is named to be read, or the report over the baseline."""
    given = [*options.paths, options.order, options.refunds]
    written = [("--write-baseline", options.write_baseline, given)]
    written += [("--output-file", options.output_file, [*given, options.baseline, options.write_baseline])]
    for flag, file, others in written:
        if file is not None and not _is_stream(file) and _place(file) in map(_place, filter(None, others)):
            raise UsageError(f"{flag} {file}: this run has that file for something else; name another one")


def _is_stream(file: str) -> bool:
    return os.path.exists(file) and not os.path.isfile(file)  # noqa: PTH110, PTH113 - a Path raises for some names


def _place(file: str) -> str:
    """The same text for every name of a file."""
    return os.path.realpath(file) if os.path.exists(file) else os.path.abspath(file)  # noqa: PTH100, PTH110


def _write(found: Run, options: argparse.Namespace, file: TextIO) -> None:
    from .report import reporter

    chosen = options.output_format or "concise"
    reporter(chosen)(found, file, False)
    if options.statistics and chosen in _TEXTS:
        from .report.statistics import table

        file.write(table(found, color=False))


def _print(found: Run, options: argparse.Namespace) -> None:
    """Write to standard output the chosen format, or text where a file has that; nothing if --quiet and clean."""
    from .report import reporter

    text = "full" if sys.stdout.isatty() else "concise"
    chosen = text if options.output_file else options.output_format or text
    if options.quiet and chosen in _TEXTS and not any(found.findings) and not found.unjudged:
        return
    reporter(chosen)(found, sys.stdout, _colored(options.color, sys.stdout))
    aside = sys.stderr if chosen in _DOCUMENTS else sys.stdout
    if chosen in _DOCUMENTS and not options.quiet:
        from .report.text import summary

        print(summary(found, _colored(options.color, aside)), file=aside)
    if options.statistics and chosen in _TEXTS | _DOCUMENTS:
        from .report.statistics import table

        aside.write(table(found, _colored(options.color, aside)))


def _colored(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _status(found: Run) -> int:
    """1 where something was found at or above the level, or a body was never judged; never does not fail.

    A stale entry of the baseline counts as a warning. A payload that nothing judged fails even where a baseline knows
    of it: its findings hide what the rules would have said.
    """
    if not found.failing:
        return CLEAN
    unjudged = any(one.missing == "valid body" for one in found.not_run)
    stale = bool(found.stale) and "warning" in found.failing
    failing = unjudged or stale or any(one.severity in found.failing for one, _ in found.findings)
    return FOUND if failing else CLEAN


def _rule(options: argparse.Namespace) -> int:
    from .rules.page import text

    rules.load_all()
    if not any(options.rule in (one.code, one.name) for one in REGISTRY.values()):
        _base(None)  # which registers the rules of the user's own
    for one in REGISTRY.values():
        if options.rule in (one.code, one.name):
            print(text(one))
            return CLEAN
    known = [part for one in REGISTRY.values() for part in (one.code, one.name)]
    raise UsageError(f"unknown rule {options.rule!r}{suggest_name(options.rule, known)}")


def _rules(options: argparse.Namespace) -> int:
    rules.load_all()
    _base(None)  # which registers the rules of the user's own
    known = [REGISTRY[code] for code in sorted(REGISTRY)]
    if options.output_format == "json":
        fields = ("code", "name", "severity", "on", "source", "title")
        document = [{field: getattr(one, field) for field in fields} for one in known]
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        for one in known:
            print(f"{one.code}  {one.severity:<7}  {one.name:<27}  {one.title}")
    return CLEAN


def _operations(options: argparse.Namespace) -> int:
    for api in operations.APIS:
        found = operations.of_api(api).values()
        bundle = operations.bundle(api)
        print(f"{api}: {bundle.title}. {bundle.description}")
        for operation in found:
            described = operation.described
            print(f"  {operation.name:<32} {described.method:<6} {described.path}")
            print(f"  {'':<32} from {described.page}, {described.section}")
    return CLEAN


def _schema(options: argparse.Namespace) -> int:
    try:
        operation = operations.get(options.operation)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if operation.described.body is None:
        raise UsageError(f"{operation.name} takes no body")
    print(msgspec.json.format(msgspec.json.encode(operation.schema()), indent=2).decode())
    return CLEAN


def _listed(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _named(values: list[str], flag: str) -> dict[str, str] | None:
    return dict(_pair(value, flag) for value in values) if values else None


def _headers(values: list[str]) -> dict[str, str] | None:
    for name, _ in (_pair(value, "--header") for value in values):
        if not _HEADER.fullmatch(name):
            raise UsageError("--header: write NAME=VALUE, with no colon or space in the name")
    return _named(values, "--header")


def _pair(value: str, flag: str) -> tuple[str, str]:
    name, sign, rest = value.partition("=")
    if not sign or not name:  # without its words: it may be a credential
        raise UsageError(f"{flag}: write {'RULE=LEVEL' if flag == '--severity' else 'NAME=VALUE'}")
    return name, rest
