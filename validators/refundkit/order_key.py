"""Which order a request is about: the key that brings requests, orders and earlier refunds of one order together."""

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

Place: TypeAlias = tuple[str, ...]


class OrderKey(msgspec.Struct, frozen=True, gc=False):
    """One order: the API whose orders these are, the ids that name it, and the shop, "" where nobody says which.

    The last id is the order's own, before it stands whose order it is: a TaxCloud connection. Two APIs of a vendor that
    share orders have the same keys.
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
        """The key without the shop as one text, for sorting and joining."""
        return f"{self.api}/{'/'.join(self.ids[:-1])}/{self.ids[-1]}"


def key_of_request(
    api: str, path: Mapping[str, object] | None, body: bytes | None, order: bytes | None = None, base: str = ""
) -> OrderKey | None:
    """Return the key of a request's order: by its path, else by its body, else by the order given with it.

    None where nobody tells. `base` is the shop, which only the URL tells: `routes.base_of`.
    """
    owner, model = _owner(api)
    if not model.path_ids:
        return None
    ids: dict[str, Any] = {name: (path or {}).get(name) for name in model.path_ids}
    order_id = list(model.path_ids)[-1]
    if ids[order_id] is None and body is not None and model.body_id:
        ids[order_id] = _values_at(body, (model.body_id,))[0]
    if order is not None and None in ids.values():
        told = dict(zip(model.path_ids, _values_at(order, tuple(model.path_ids.values())), strict=True))
        ids |= {name: told[name] for name, value in ids.items() if value is None}
    return _make_key(owner, model, ids.values(), base)


def id_in_body(operation: Operation, body: bytes | None) -> dict[str, str]:
    """Return the order id that the body of a request repeats, by the name of its path parameter."""
    _, model = _owner(operation.api)
    if body is None or not model.body_id:
        return {}
    (value,) = _values_at(body, (model.body_id,))
    return {list(model.path_ids)[-1]: value} if isinstance(value, str) else {}


def key_of_order(text: bytes, api: str | None = None, order_id: str | None = None) -> OrderKey | None:
    """Return the key of a get-order response; `api` and `order_id` win over what it says. None where nobody tells."""
    for name in APIS if api is None else (api,):
        owner, model = _owner(name)
        ids = _values_at(text, tuple(model.path_ids.values())) if owner == name or api is not None else []
        if ids and (api is not None or ids[-1] is not None):
            return _make_key(owner, model, [*ids[:-1], ids[-1] if order_id is None else order_id])
    return None


def key_of_refunds(text: bytes, api: str | None, order_id: str | None) -> OrderKey | None:
    """Return the key of a list of earlier refunds of a named order; each says itself whose order it was."""
    if api not in APIS:
        return None
    owner, model = _owner(api)
    whose = tuple(place[-1:] for place in list(model.path_ids.values())[:-1])
    return _make_key(owner, model, [*_values_at(text, whose, listed=True), order_id])


def _owner(api: str) -> tuple[str, OrderModel]:
    """The API whose orders an API's are, and its model."""
    model = apis.order_model(api) if api in APIS else OrderModel()
    return (model.shares_orders_with or api), model


def _make_key(api: str, model: OrderModel, ids: Iterable[Any], base: str = "") -> OrderKey | None:
    """The key of ids as they were found; None where the last of them, the order's own, is none."""
    texts = []
    for name, value in zip(model.path_ids, ids, strict=False):
        is_id = isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
        texts.append(model.normalise_id(name, str(value)) if is_id else "")
    return OrderKey(api, tuple(texts), base) if texts and texts[-1] else None


def _values_at(text: bytes, places: tuple[Place, ...], *, listed: bool = False) -> list[Any]:
    """The values at places of a JSON object, None where there is none; `listed`: of the first entry of a list."""
    if not places:
        return []
    try:
        decoded: Any = _decoder(places, listed).decode(without_bom(text))
    except UNREADABLE:
        return [None] * len(places)
    if listed:
        decoded = decoded[0] if decoded else None
    return [_value_at(decoded, place) for place in places]


def _value_at(node: Any, place: Place) -> Any:
    for name in place:
        node = getattr(node, name, None)
    return node


@cache
def _decoder(places: tuple[Place, ...], listed: bool) -> msgspec.json.Decoder[Any]:
    """Decodes nothing but the values at these places."""
    shape = _shape(places)
    return msgspec.json.Decoder(list[shape] if listed else shape)  # type: ignore[valid-type]


def _shape(places: Iterable[Place]) -> type[msgspec.Struct]:
    inner: dict[str, list[Place]] = {}
    for place in places:
        inner.setdefault(place[0], []).append(place[1:])
    fields: list[tuple[str, Any, Any]] = []
    for name, rests in inner.items():
        deeper = [rest for rest in rests if rest]
        fields.append((name, _shape(deeper) | None if deeper else Any, None))
    return msgspec.defstruct("Shape", fields, gc=False)
