"""Loads the rules that every API shares, and those in the folder of an API, when they are needed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from .. import apis
from ..operations import APIS, names

if TYPE_CHECKING:
    from ..rule import Rule

_SHARED = ("identity", "amounts", "caps")


def load_documents() -> None:
    """Import the rules on documents and shapes, RF0xx and RF1xx, which the checker reports by id."""
    import_module(f"{__name__}.documents")


@cache
def load(api: str) -> None:
    """Import the shared rules and those of the API."""
    for module in _SHARED:
        import_module(f"{__name__}.{module}")
    apis.find_module(api, "rules")


def load_all() -> None:
    """Import every rule."""
    load_documents()
    for api in APIS:
        load(api)


def covered_operations(rule: Rule) -> tuple[str, ...]:
    """Return the names of the APIs and operations that a rule is about; empty means all."""
    covered = [name for name in rule.on if name in APIS or "." in name]
    traits = [name for name in names() if not apis.traits(name).isdisjoint(rule.on)]
    return tuple(dict.fromkeys([*covered, *traits]))
