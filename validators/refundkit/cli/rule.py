"""`refundkit rule`: the docs of one rule."""

from __future__ import annotations

import argparse

from .. import rules
from ..config import has_name, suggest_rule
from ..errors import UsageError
from ..rule import REGISTRY, Rule
from .arguments import CLEAN, load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit rule`."""
    parser.add_argument("rule", nargs="?", metavar="ID|NAME")
    parser.add_argument("--all", action="store_true", help="the docs of every rule, yours too")


def run(options: argparse.Namespace) -> int:
    """Print the docs of a rule, or of all. Raises UsageError for an unknown one."""
    from ..rules.page import text

    rules.load_all()
    if options.all == (options.rule is not None):
        raise UsageError("which rule? Name one, or all of them with --all")
    if options.all:
        load_config()  # which registers the user's own rules
        print("\n\n".join(text(REGISTRY[code]) for code in sorted(REGISTRY)))
        return CLEAN
    if _find_rule(options.rule) is None:
        load_config()  # which registers the user's own rules
    rule = _find_rule(options.rule)
    if rule is None:
        raise UsageError(f"unknown rule {options.rule!r}{suggest_rule(options.rule)}")
    print(text(rule))
    return CLEAN


def _find_rule(name: str) -> Rule | None:
    return next((rule for rule in REGISTRY.values() if has_name(rule, name)), None)
