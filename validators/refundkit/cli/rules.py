"""`refundkit rules`: every rule in a line."""

from __future__ import annotations

import argparse

import msgspec

from .. import rules
from ..rule import REGISTRY
from ..rules.page import source_of
from .arguments import CLEAN, load_config

_SOURCES = """
In brackets is what shows that a rule is right: a documentation page, a schema or code that was published, a live server
(WooCommerce alone), or our own judgement. We never sent anything to Walmart or TaxCloud."""
_FIELDS = ("code", "name", "severity", "on", "source", "title")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit rules`."""
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Print every rule, as text or as JSON."""
    rules.load_all()
    load_config()  # which registers the user's own rules
    listed = [REGISTRY[code] for code in sorted(REGISTRY)]
    if options.output_format == "json":
        document = [{field: getattr(rule, field) for field in _FIELDS} for rule in listed]
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        for rule in listed:
            print(f"{rule.code}  {rule.severity:<7}  {rule.name:<28}  {rule.title} [{source_of(rule)}]")
        print(_SOURCES)
    return CLEAN
