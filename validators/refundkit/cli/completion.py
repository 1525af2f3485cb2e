"""`refundkit completion`: what a shell reads to complete our arguments."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from .. import operations, rules
from ..rule import REGISTRY
from .arguments import CLEAN

_SHELLS = ("bash", "zsh", "fish")
_FILES = frozenset({"FILE", "PATH | GLOB | -"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit completion`."""
    parser.add_argument("shell", choices=_SHELLS)


def run(options: argparse.Namespace) -> int:
    """Print the completion for a shell, as shtab writes it, with the operations, rules and files that flags take."""
    import shtab

    from .parser import build_parser

    rules.load_all()
    parser = build_parser()
    for action in _iter_actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # what shtab looks for
        elif action.metavar == "OPERATION":
            action.choices = operations.names()
        elif action.metavar == "ID|NAME":
            action.choices = sorted(REGISTRY)
    print(shtab.complete(parser, options.shell))
    return CLEAN


def _iter_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of its subcommands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from _iter_actions(subparser)
