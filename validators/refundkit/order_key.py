"""The key that identifies an order: it is equal for its requests, its responses and its earlier refunds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec

from . import apis
from .ledger import OrderModel
from .operations import APIS, Operation
from .reading.keys import UNREADABLE
from .text import without_bom

KeyPath: TypeAlias = tuple[str, ...]


class OrderKey(msgspec.Struct, frozen=True, gc=False):
    """One order: its API (or the operation that it is for alone), its ids, and its shop, "" if unknown.

    The last id is the order's own; one before it names the owner, such as a TaxCloud connection. Two APIs of a vendor
    that share orders have the same keys.
    """

    api: str
    ids: tuple[str, ...]
    base: str = ""

    @property
    def order_id(self) -> str:
        """The order's own id."""
        return self.ids[-1]

    @property
    def text(self) -> str:
        """The key without the shop as text, for sorting and joining."""
        return f"{self.api}/{'/'.join(self.ids[:-1])}/{self.ids[-1]}"


def key_of_request(
    operation: str, path: Mapping[str, object] | None, body: bytes | None, order: bytes | None = None, base: str = ""
) -> OrderKey | None:
    """Return the key of a request's order, from its path, else its body, else the order that came with it.

    None if none of them has the id; of an unknown operation the API before the dot counts. `base` is the shop as
    `routes.base_of` reads it from the URL.
    """
    owner, model = _owner_of_orders(operation)
    if not model.path_ids:
        return None
    ids: dict[str, Any] = {name: (path or {}).get(name) for name in model.path_ids}
    order_id = list(model.path_ids)[-1]
    if ids[order_id] is None and body is not None and model.body_id:
        ids[order_id] = _values_at(body, (model.body_id,))[0]
    if order is not None and None in ids.values():
        order_ids = dict(zip(model.path_ids, _ids_in_order(model, order), strict=True))
        ids |= {name: order_ids[name] for name, value in ids.items() if value is None}
    return _make_key(owner, model, ids.values(), base)


def id_in_body(operation: Operation, body: bytes | None) -> dict[str, str]:
    """Return the order id in the body of a request, by the name of its path parameter; {} without one."""
    _, model = _owner_of_orders(operation.name)
    if body is None or not model.body_id:
        return {}
    (value,) = _values_at(body, (model.body_id,))
    return {list(model.path_ids)[-1]: value} if isinstance(value, str) else {}


def ids_of_order(name: str, text: bytes) -> dict[str, str]:
    """Return the ids in an order by the names of their path parameters, of an API or of one of its operations."""
    _, model = _owner_of_orders(name)
    ids = zip(model.path_ids, _ids_in_order(model, text), strict=True)
    return {name: str(value) for name, value in ids if isinstance(value, (str, int)) and value != ""}


def key_of_order(text: bytes, api: str | None = None, order_id: str | None = None) -> OrderKey | None:
    """Return the key of a get-order response, None if it has no id; `api` and `order_id` override its content."""
    names = [api] if api in APIS else APIS if api is None else []
    for name in names:
        for model in apis.order_models(name):
            ids = _ids_in_order(model, text, may_be_bare=api is not None)
            if ids and ids[-1] is not None:
                return _make_key(
                    model.shares_orders_with or name, model, [*ids[:-1], ids[-1] if order_id is None else order_id]
                )
    if api not in APIS or order_id is None:
        return None
    owner, model = _owner_of_orders(api)
    return _make_key(owner, model, [*_ids_in_order(model, text)[:-1], order_id])


def key_of_refunds(text: bytes, api: str | None, order_id: str | None) -> OrderKey | None:
    """Return the key of a list of earlier refunds of an order; the owner stands in the first refund."""
    if api not in APIS:
        return None
    owner, model = _owner_of_orders(api)
    owner_paths = tuple(path[-1:] for path in list(model.path_ids.values())[:-1])
    return _make_key(owner, model, [*_values_at(text, owner_paths, is_list=True), order_id])


def _ids_in_order(model: OrderModel, text: bytes, *, may_be_bare: bool = True) -> list[Any]:
    """Return the ids in an order, which may stand without its wrapper."""
    paths = tuple(model.path_ids.values())
    ids = _values_at(text, paths)
    bare_paths = tuple(tuple(step for step in path[1:] if step != "0") for path in paths)
    return _values_at(text, bare_paths) if may_be_bare and ids[-1:] == [None] and all(bare_paths) else ids


def _owner_of_orders(name: str) -> tuple[str, OrderModel]:
    """Return the name under which the orders of an API or an operation are keyed, and the order model."""
    api = name.partition(".")[0]
    model = apis.order_model(name) if api in APIS else OrderModel()
    return (model.shares_orders_with or api), model


def _make_key(api: str, model: OrderModel, ids: Iterable[Any], base: str = "") -> OrderKey | None:
    """Return the key of raw ids; None if the last of them, the order's own, is no id."""
    texts = []
    for name, value in zip(model.path_ids, ids, strict=False):
        is_id = isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
        texts.append(model.normalise_id(name, str(value)) if is_id else "")
    return OrderKey(api, tuple(texts), base) if texts and texts[-1] else None


def _values_at(text: bytes, paths: tuple[KeyPath, ...], *, is_list: bool = False) -> list[Any]:
    """Return the values at paths of a JSON object, or of the first entry of a list; None for an absent one."""
    if not paths:
        return []
    try:
        decoded: Any = _decoder(paths, is_list).decode(without_bom(text))
    except UNREADABLE:
        return [None] * len(paths)
    if is_list:
        decoded = decoded[0] if decoded else None
    return [_value_at(decoded, path) for path in paths]


def _value_at(node: Any, path: KeyPath) -> Any:
    for name in path:
        node = getattr(node, name, None) if name != "0" else node[0] if node and len(node) == 1 else None
    return node


@cache
def _decoder(paths: tuple[KeyPath, ...], is_list: bool) -> msgspec.json.Decoder[Any]:
    """Return a decoder that reads only the values at these paths."""
    shape = _shape(paths)
    return msgspec.json.Decoder(list[shape] if is_list else shape)  # type: ignore[valid-type]


def _shape(paths: Iterable[KeyPath]) -> Any:
    """Make the type of an object with just these paths, each optional; "0" stands for the only entry of a list."""
    paths_by_name: dict[str, list[KeyPath]] = {}
    for path in paths:
        paths_by_name.setdefault(path[0], []).append(path[1:])
    if "0" in paths_by_name:
        return list[_shape(paths_by_name["0"])]  # type: ignore[misc]
    fields: list[tuple[str, Any, Any]] = []
    for name, tails in paths_by_name.items():
        deeper = [tail for tail in tails if tail]
        fields.append((name, _shape(deeper) | None if deeper else Any, None))
    return msgspec.defstruct("Shape", fields, gc=False)
