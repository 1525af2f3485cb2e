"""The parser of the command; a subcommand's module is imported only when the arguments name it.

argparse stays: click, typer or rich would add their import to every start, which test_cli_start.py keeps short.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..errors import UsageError
from ..text import suggest_name

# Each subcommand is a module of this name, with `add_arguments` and `run`.
_COMMANDS = {
    "check": "lint payloads",
    "balance": "what is left of an order",
    "draft": "the request that refunds this",
    "audit": "hold a history of refunds to its orders",
    "journal": "refunds that were sent, and what became of them",
    "rule": "the docs of one rule, or of all",
    "rules": "every rule",
    "operations": "every operation that can be checked",
    "schema": "the JSON Schema of an operation's body, or of a whole request",
    "completion": "the completion of arguments for a shell",
}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments into options, with the subcommand's function as `do`. Raises UsageError."""
    # Without a subcommand all of them are needed, to suggest one of their flags.
    parser = build_parser([name for name in _COMMANDS if name in arguments] or _COMMANDS)
    options, extra = parser.parse_known_args(arguments)
    unknown = next((word.partition("=")[0] for word in extra if word.startswith("-") and word != "-"), None)
    if unknown is not None:
        raise UsageError(f"unknown flag {unknown}{suggest_name(unknown, list(_iter_flags(parser)))}")
    # argparse takes paths in one row only, not with flags between them.
    if extra and not hasattr(options, "paths"):
        raise UsageError(f"{' '.join(extra)}: one argument too many")
    if extra:
        options.paths += extra
    return options


def build_parser(commands: Iterable[str] = tuple(_COMMANDS)) -> argparse.ArgumentParser:
    """Build the parser, with the arguments of these subcommands alone."""
    parser = _Parser(prog="refundkit", description="Check refund requests before money moves.", allow_abbrev=False)
    parser.add_argument("--version", action=_PrintVersion, help="show the version, and whether checks are fast")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name, summary in _COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}."
        subparser = subparsers.add_parser(name, help=summary, description=description, allow_abbrev=False)
        if name in commands:
            module = import_module(f"{__package__}.{name}")
            module.add_arguments(subparser)
            subparser.set_defaults(do=module.run)
    return parser


class _PrintVersion(argparse.Action):
    """Prints the version and leaves; looks for the fast proof only then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, nargs=0, default=argparse.SUPPRESS)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from ..checking.proof import describe_state

        print(f"refundkit {__version__} ({describe_state()})")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """argparse, with a message in place of its exit, and examples at the end of a subcommand's help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_make_formatter, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def format_help(self) -> str:
        """Return the help, with the examples and exit statuses of the subcommand; read only when they are shown."""
        command = self.prog.partition(" ")[2].partition(" ")[0]  # also of an action of its own, as in `journal list`
        return super().format_help() + (_format_examples(command) if command else "")


def _format_examples(name: str) -> str:
    import tomllib

    page = tomllib.loads(Path(__file__).with_name("help.toml").read_text("utf-8"))[name]
    examples = [f"  {command}\n      {words}" for command, words in page["examples"]]
    statuses = [f"  {status}" for status in page["status"]]
    return "\n".join(["\nexamples:", *examples, "\nexit status:", *statuses, ""])


def _make_formatter(prog: str) -> argparse.HelpFormatter:
    """Make argparse's formatter as wide as the terminal; by itself it imports shutil at every start."""
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size().columns
    except OSError:
        width = 0
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


def _iter_flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the flags of a parser and of its subcommands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from _iter_flags(subparser)
