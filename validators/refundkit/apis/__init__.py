"""The APIs: one folder each. What a folder may hold is said here; every file of it is optional.

`ledger.py` says how orders and refunds become a ledger, `rules.py` holds the rules of this API alone, `auth.py` its
credentials. `server.py` says what a test server keeps and refuses, as ServerModule in serving.py asks for, and
`orders.json` holds the orders that it starts with; without them the server answers with the spec's examples. `wire.py`
holds what an API knows besides its spec about calls: `spellings(request)` yields each (method, url) that a server may
take a request for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import cast

from ..ledger import OrderModel


@cache
def part(api: str, name: str) -> ModuleType | None:
    """A module of an API's folder, such as `part("taxcloud", "rules")`; None where the folder has none."""
    folder = f"{__name__}.{api}"
    if find_spec(folder) is None or find_spec(f"{folder}.{name}") is None:
        return None
    return import_module(f"{folder}.{name}")


def order_model(api: str) -> OrderModel:
    """How the API's orders and refunds become a ledger; the defaults where its folder does not say."""
    ledger = part(api, "ledger")
    return cast("OrderModel", ledger.MODEL) if ledger is not None else _DEFAULT


def traits(operation: str) -> frozenset[str]:
    """What shared rules may be about, of an operation: `charges`, `lines`, `pieces` and so on."""
    api, _, name = operation.partition(".")
    return order_model(api).traits.get(name, frozenset())


_DEFAULT = OrderModel()
