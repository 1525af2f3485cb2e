"""The rules, a module per API, and those that every API shares; only what an operation needs is imported."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from ..operations import APIS, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..check import Given
    from ..ledger import Ledger
    from ..rule import Finding

_SHARED = ("identity", "amounts", "caps")
_OF_API = {
    "walmart": "walmart",
    "walmart_ca": "walmart",
    "woocommerce_legacy": "woocommerce_legacy",
    "taxcloud": "taxcloud",
}


class View(msgspec.Struct, frozen=True, gc=False):
    """What the rules that run once for each line, charge or item are called with."""

    lines: list[Any] = []
    charges: list[Any] = []
    items: list[Any] = []


def load_documents() -> None:
    """Import the rules that are found by their ids, without being asked for: RF0xx and RF1xx."""
    import_module(f"{__name__}.documents")


@cache
def load(api: str) -> None:
    """Import the rules that can concern the API."""
    for module in (*_SHARED, _OF_API[api]):
        import_module(f"{__name__}.{module}")


def load_all() -> None:
    """Import every rule."""
    for api in APIS:
        load(api)


def viewer(api: str) -> Callable[[Operation, Any], View]:
    """What finds the lines, charges and items of a body."""
    found: Callable[[Operation, Any], View] = _module(api).view
    return found


def screen(api: str) -> Callable[[Operation, Any], bool] | None:
    """What tells cheaply that no rule of the API's own about a body alone can speak, if the API has that."""
    found: Callable[[Operation, Any], bool] | None = getattr(_module(api), "unremarkable", None)
    return found


def settler(api: str) -> Callable[[Operation, View, Ledger], bool] | None:
    """What tells cheaply that no rule about an order can speak either, if the API has that."""
    found: Callable[[Operation, View, Ledger], bool] | None = getattr(_module(api), "settled", None)
    return found


def order_fields(api: str) -> frozenset[str]:
    """The names of the fields of an order that rules read."""
    fields: frozenset[str] = _module(api).ORDER_FIELDS
    return fields


def refunds_type(api: str) -> Any:
    """What an API's own list of earlier refunds decodes to."""
    return _module(api).refunds_type()


def earlier(operation: Operation, order: Any, refunds: Any) -> list[Any] | None:
    """The earlier refunds: those that were given, else those that the order carries; None where nobody told."""
    found: list[Any] | None = _module(operation.api).earlier(order, refunds)
    return found


def strangers(operation: Operation, given: Given, body: Any, order: Any, refunds: Any) -> Iterator[Finding]:
    """RF005: context that is of another order than the request."""
    found: Iterator[Finding] = _module(operation.api).strangers(operation, given, body, order, refunds)
    return found


def ledger(
    operation: Operation, body: Any, view: View, order: Any, refunds: list[Any] | None, path: Mapping[str, str] | None
) -> Ledger:
    """The ledger of a refund; `view` is that of the body, `refunds` are those that `earlier` found."""
    found: Ledger = _module(operation.api).ledger(operation, body, view, order, refunds, path)
    return found


@cache
def _module(api: str) -> Any:
    return import_module(f"{__name__}.{_OF_API[api]}")


def parameter_flaws(operation: Operation, given: Given) -> Iterator[tuple[str, Finding]]:
    """What the schemas of path, query and headers refuse under an RF1xx rule."""
    found: Iterator[tuple[str, Finding]] = _identity().parameter_flaws(operation, given)
    return found


def credentials_held(operation: Operation, given: Given) -> bool:
    """Whether a request carries any credential, whole or in part."""
    held: bool = _identity().credentials_held(operation, given)
    return held


@cache
def _identity() -> Any:
    return import_module(f"{__name__}.identity")
