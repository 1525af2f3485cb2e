"""The rules, a module per API, and those that every API shares; only what an operation needs is imported."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from ..operations import APIS, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..check import Given
    from ..rule import Finding

_SHARED = ("documents", "identity", "caps")
_OF_API = {"walmart": "walmart", "walmart_ca": "walmart", "woocommerce": "woocommerce", "taxcloud": "taxcloud"}


class View(msgspec.Struct, frozen=True, gc=False):
    """What the rules that run once for each line, charge or item are called with."""

    lines: list[Any] = []
    charges: list[Any] = []
    items: list[Any] = []


@cache
def load(api: str) -> None:
    """Import the rules that can concern the API."""
    for module in (*_SHARED, _OF_API[api]):
        import_module(f"{__name__}.{module}")


def load_all() -> None:
    """Import every rule."""
    for api in APIS:
        load(api)


def view(operation: Operation, body: Any) -> View:
    """The lines, charges and items of a body."""
    found: View = _viewer(operation.api)(operation, body)
    return found


@cache
def _viewer(api: str) -> Any:
    return import_module(f"{__name__}.{_OF_API[api]}").view


def parameter_flaws(operation: Operation, given: Given) -> Iterator[tuple[str, Finding]]:
    """What the schemas of path, query and headers refuse under an RF1xx rule."""
    from .identity import parameter_flaws

    return parameter_flaws(operation, given)


def credentials_held(operation: Operation, given: Given) -> bool:
    """Whether a request carries any credential, whole or in part."""
    from .identity import credentials_held

    return credentials_held(operation, given)
