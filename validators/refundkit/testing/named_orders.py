"""The orders that a test server knows by a name, such as "not-shipped": the first order, with some values set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from refundkit_apis._runtime.codec import decode

from .. import apis
from ..apis.shared.serving import JsonObject
from ..errors import UsageError
from ..text import path_of, suggest_name


def order_names(api: str) -> list[str]:
    """Return the names that `Server.add_order` takes, from named_orders.json in the API's folder."""
    return list(_load_named_orders(api))


def change_to(name: str, api: str, order: JsonObject) -> None:
    """Make the first order, under any id, the one of that name. Raises ValueError that names those there are."""
    named_orders = _load_named_orders(api)
    if name not in named_orders:
        names = ", ".join(map(repr, named_orders)) or "none"
        raise UsageError(f"{api} has no order {name!r}{suggest_name(name, named_orders)}; there are {names}")
    for pointer, value in named_orders[name].items():
        _set_value(order, path_of(pointer) or [], value)


def _load_named_orders(api: str) -> dict[str, dict[str, Any]]:
    """Return the values to set, by the order's name and their pointer."""
    path = Path(apis.__path__[0], api, "named_orders.json")
    return decode(path.read_bytes(), dict[str, dict[str, Any]]) if path.exists() else {}


def _set_value(document: Any, steps: list[str], value: Any) -> None:
    """Set the value at a pointer, whose parent exists."""
    *parents, last = steps
    for step in parents:
        document = document[int(step) if isinstance(document, list) else step]
    document[int(last) if isinstance(document, list) else last] = value
