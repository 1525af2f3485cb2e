"""The rules that every API shares; those of one API alone stand in its folder. Only what is needed is imported."""

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
    """Import the rules that are found by their ids, without being asked for: RF0xx and RF1xx."""
    import_module(f"{__name__}.documents")


@cache
def load(api: str) -> None:
    """Import the rules that can concern the API."""
    for module in _SHARED:
        import_module(f"{__name__}.{module}")
    apis.find_module(api, "rules")


def load_all() -> None:
    """Import every rule."""
    load_documents()
    for api in APIS:
        load(api)


def covered_operations(rule: Rule) -> tuple[str, ...]:
    """The APIs and operations that a rule is about, by name; empty means all."""
    covered = [name for name in rule.on if name in APIS or "." in name]
    traits = [name for name in names() if not apis.traits(name).isdisjoint(rule.on)]
    return tuple(dict.fromkeys([*covered, *traits]))
