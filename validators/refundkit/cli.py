"""The command: arguments in, findings on standard output, everything else on standard error."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import msgspec

from . import __version__, operations, rules
from .config import Config, ConfigError, discover
from .operations import Operation, suggestion
from .rule import PARTS, REGISTRY

if TYPE_CHECKING:
    from .lint import Context, Linted, Settings
    from .report import Run
    from .request import Asked
    from .sources import Record

CLEAN, FOUND, FAILED = 0, 1, 2
INTERRUPTED = 130
FORMATS = ("full", "concise", "json")


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message says what to write instead."""


class _Parser(argparse.ArgumentParser):
    """argparse, with the nearest flag suggested for an unknown one."""

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("unrecognized arguments: ").split() if "unrecognized" in message else []
        unknown = next((word.split("=")[0] for word in words if word.startswith("-")), "")
        raise UsageError(f"{message}{suggestion(unknown, list(_flags(self)))}" if unknown else message)


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
    try:
        options = _parser().parse_args(arguments)
        status: int = options.do(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        print(f"refundkit: {error if _is_expected(error) else _defect(error)}", file=sys.stderr)
        return FAILED
    return status


def _is_expected(error: Exception) -> bool:
    from .sources import SourceError

    return isinstance(error, (UsageError, ConfigError, SourceError))


def _defect(error: Exception) -> str:
    """What to report of an error that nobody foresaw: its kind and place; its words may quote a payload."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace is not None else None
    place = f" in {Path(code.co_filename).name}:{trace.tb_lineno}" if code is not None and trace is not None else ""
    return f"a defect of refundkit: {type(error).__name__}{place}; please report it with the payload"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="refundkit", description="Check refund requests before money moves.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"refundkit {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _check_arguments(commands.add_parser("check", help="lint payloads", allow_abbrev=False))
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
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--quiet", action="store_true", help="print nothing when nothing is found")
    add("--allow-empty", action="store_true", help="no payload at all is fine")
    add("--config", metavar="FILE", help="this configuration instead of the nearest one")
    add("--isolated", action="store_true", help="no configuration file at all")
    parser.set_defaults(do=_check)


def _check(options: argparse.Namespace) -> int:
    from .report import Run

    started = time.perf_counter()
    settings = _settings(options)
    found = Run()
    for one in _linted(options, settings, found):
        found.add(one)
    if not found.checked and not options.allow_empty:
        raise UsageError("no payload at all: name files that hold some, or add --allow-empty")
    found.seconds = time.perf_counter() - started
    _print(found, options)
    return _status(found, options.fail_on)


def _linted(options: argparse.Namespace, settings: Settings, found: Run) -> Iterator[Linted]:
    from .lint import lint
    from .sources import expand, records

    contexts = _Contexts(options, settings)
    for file in expand(options.paths or _nothing()):
        found.files += 1
        own = _for_file(settings, file)
        for record in records(file, _schema_of(own), batches=settings.response is None):
            yield lint(record, own, partial(contexts.of, record))


def _nothing() -> NoReturn:
    raise UsageError("nothing to check: name files, folders or patterns, or - for standard input")


def _settings(options: argparse.Namespace) -> Settings:
    from .lint import Settings

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
        if options.response not in operation.described.responses:
            known = ", ".join(operation.described.responses)
            raise UsageError(f"--response {options.response}: {operation.name} answers with {known}")
    require = _listed([options.require_context] if options.require_context else [])
    for part in require:
        if part not in PARTS:
            raise UsageError(f"--require-context: unknown part {part!r}{suggestion(part, PARTS)}")
    return Settings(
        config=config,
        operation=operation,
        forced=operation is not None,
        response=options.response,
        path=_named(options.path, "--path"),
        query=_named(options.query, "--query"),
        headers=_named(options.header, "--header"),
        require=tuple(require),
    )


def _config(options: argparse.Namespace) -> Config:
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
    return Config.load(file) if file else discover(Path.cwd())


def _for_file(settings: Settings, file: str) -> Settings:
    """The settings with the operation that the configuration's `files` names for the file, unless --as does."""
    if settings.forced or not settings.config.files:
        return settings
    from fnmatch import fnmatch

    name = os.path.relpath(file, settings.config.folder or ".")
    for pattern, operation in settings.config.files:
        if fnmatch(name, pattern):
            try:
                return msgspec.structs.replace(settings, operation=operations.get(operation))
            except ValueError as error:
                raise ConfigError(f"files: {error}") from None
    return settings


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
    from .request import candidates

    return next((operation for operation in candidates({root: None}) if operation.xml), None)


class _Contexts:
    """The order and refunds files of a run, each read once however many records they serve."""

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self.order = options.order or _from_folder(settings.config.order, settings.config)
        self.refunds = options.refunds or _from_folder(settings.config.refunds, settings.config)
        self.path = settings.path or {}
        self.known: dict[str, Record] = {}

    def of(self, record: Record, asked: Asked) -> Context:
        from .lint import Context

        return Context(
            order=None if self.order is None or asked.given.order else self._record(self.order, record, asked),
            refunds=None if self.refunds is None or asked.given.refunds else self._record(self.refunds, record, asked),
        )

    def _record(self, pattern: str, record: Record, asked: Asked) -> Record:
        from .sources import read_one

        file = _filled(pattern, record, asked, self.path)
        if file not in self.known:
            self.known[file] = read_one(file, _order_schema(asked))
        return self.known[file]


def _order_schema(asked: Asked) -> Callable[[str], dict[str, Any] | None]:
    api = asked.operation.api if asked.operation else "walmart_ca"
    return lambda root: operations.get_order(api).schema("200")


def _from_folder(pattern: str | None, config: Config) -> str | None:
    """A pattern of the configuration stands for files beside the configuration."""
    return None if pattern is None else os.path.normpath(Path(config.folder) / pattern)


def _filled(pattern: str, record: Record, asked: Asked, path: dict[str, str]) -> str:
    """The pattern with {purchaseOrderId} and the like from the path or the body, {stem} from the file."""
    if "{" not in pattern:
        return pattern
    values = {"stem": Path(record.file).stem, **path, **_order_id(asked), **(asked.given.path or {})}
    for name, value in values.items():
        if f"{{{name}}}" in pattern and (value in ("", ".", "..") or any(mark in value for mark in "/\\\0")):
            raise UsageError(f"{pattern}: {name} of {record.file} is {value!r}, which is no part of a file name")
    try:
        return pattern.format_map(values)
    except (KeyError, ValueError, IndexError) as error:
        known = ", ".join(f"{{{name}}}" for name in values)
        raise UsageError(f"{pattern}: {error} is not known for {record.file}; known are {known}") from None


def _order_id(asked: Asked) -> dict[str, str]:
    from .rules.identity import purchase_order_id

    own = purchase_order_id(asked.given.body)
    return {"purchaseOrderId": own} if isinstance(own, str) else {}


def _print(found: Run, options: argparse.Namespace) -> None:
    from .report import reporter

    chosen = options.output_format or ("full" if sys.stdout.isatty() else "concise")
    if options.quiet and chosen != "json" and not any(found.findings):
        return
    reporter(chosen)(found, sys.stdout, _colored(options.color, sys.stdout))


def _colored(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _status(found: Run, fail_on: str) -> int:
    """1 where something was found at or above the level, or a body was never judged; never does not fail."""
    if fail_on == "never":
        return CLEAN
    levels = ("error",) if fail_on == "error" else ("error", "warning")
    unjudged = any(one.missing == "valid body" for one in found.not_run)
    return FOUND if unjudged or any(one.severity in levels for one, _ in found.findings) else CLEAN


def _rule(options: argparse.Namespace) -> int:
    rules.load_all()
    for one in REGISTRY.values():
        if options.rule in (one.code, one.name):
            print(f"{one.code} {one.name} ({one.severity})\n\n{one.doc}")
            if one.source:
                print(f"\nSource: {one.source}")
            return CLEAN
    known = [part for one in REGISTRY.values() for part in (one.code, one.name)]
    raise UsageError(f"unknown rule {options.rule!r}{suggestion(options.rule, known)}")


def _rules(options: argparse.Namespace) -> int:
    rules.load_all()
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


def _pair(value: str, flag: str) -> tuple[str, str]:
    name, sign, rest = value.partition("=")
    if not sign or not name:
        raise UsageError(f"{flag} {value}: write NAME=VALUE")
    return name, rest
