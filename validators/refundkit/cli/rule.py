"""`refundkit rule`: the docs of one rule."""

from __future__ import annotations

import argparse

from .. import rules
from ..errors import UsageError
from ..rule import REGISTRY, Rule
from ..text import suggest_name
from .arguments import CLEAN, load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit rule`."""
    parser.add_argument("rule", metavar="ID|NAME")


def run(options: argparse.Namespace) -> int:
    """Print the docs of a rule. Raises UsageError for an unknown one."""
    from ..rules.page import text

    rules.load_all()
    if _find_rule(options.rule) is None:
        load_config()  # which registers the user's own rules
    rule = _find_rule(options.rule)
    if rule is None:
        names = [name for rule in REGISTRY.values() for name in (rule.code, rule.name)]
        raise UsageError(f"unknown rule {options.rule!r}{suggest_name(options.rule, names)}")
    print(text(rule))
    return CLEAN


def _find_rule(name: str) -> Rule | None:
    return next((rule for rule in REGISTRY.values() if name in (rule.code, rule.name)), None)
