"""The records of a run as one batch that is about to be sent (--batch): each is judged with the earlier ones.

Memory holds the ledger of an order and two digests of 16 bytes of a record, which show whether it is sent twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from .. import apis, routes
from ..checking.check import CheckResult, walk
from ..checking.plan import Plan
from ..errors import Finding, NotRun, finding
from ..ledger import OrderHistory, Refund
from ..money import ZERO, exact, plain
from ..operations import Operation
from ..order_key import OrderKey, key_of_request
from ..request import Request
from ..rule import REGISTRY
from ..text import without_bom

_REPEATED = "RF317"
_CORRELATION = "wm_qos.correlation_id"
_DIGEST_SIZE = 16
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
RequestId: TypeAlias = tuple[str, ...]
# Whose orders they are: the host and its folder, then the ids before the order's own; "" is what nobody says.
Shop: TypeAlias = tuple[str, ...]


class RecordPlace(msgspec.Struct, frozen=True, gc=False):
    """The file and number of a record, for a message."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"record {self.number} of {self.file}"


class _Order:
    """What a batch sends to one order: its refunds so far, and the first place of each body."""

    def __init__(self, api: str) -> None:
        self.history = OrderHistory(apis.order_model(api))
        self.bodies: dict[bytes, RecordPlace] = {}


class Batch:
    """The records of a run so far: each is judged with the earlier ones and then added."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], dict[Shop, _Order]] = {}
        self._ids: dict[RequestId, tuple[bytes, RecordPlace]] = {}

    def judge(self, plan: Plan, request: Request, require: tuple[str, ...], file: str, record: int) -> CheckResult:
        """Judge a request with the earlier ones of its order, and add it, whatever is wrong with it."""
        operation = plan.operation
        base = routes.base_of(operation, request.url) if request.url else ""
        key = key_of_request(operation.name, request.path, request.body, request.order, base)
        order = None if key is None else self._find_order(key)
        judged = walk(plan, request, require, None if order is None else order.history)
        if judged.refund is None or not judged.counts:
            return judged
        if "refunds" in apis.traits(operation.name):
            repeats = self._find_repeats(operation, judged.refund, request, key, order, RecordPlace(file, record))
            judged.hits.extend((REGISTRY[_REPEATED], each) for each in repeats if _REPEATED in plan.severities)
        if order is not None:
            order.history.commit(judged.refund)
            return judged
        codes = sorted({_REPEATED, *(rule.code for rule in plan.rules if "ledger" in rule.parameters)})
        has_ids = key is not None and "" not in key.ids
        uncounted = NotRun(codes=tuple(codes), missing="url" if has_ids else "path")
        return msgspec.structs.replace(judged, not_run=(*judged.not_run, uncounted))

    def _find_order(self, key: OrderKey) -> _Order | None:
        """Find the order of a request; None where it names no shop and several shops have such an order.

        A request that names no shop belongs to the only shop that is named by others.
        """
        orders = self._orders.setdefault((key.api, key.order_id), {})
        shop = (key.base, *key.ids[:-1])
        alike = [known for known in orders if all(a == b or not a or not b for a, b in zip(known, shop, strict=True))]
        if len(alike) > 1:
            return None
        if not alike:
            return orders.setdefault(shop, _Order(key.api))
        order = orders.pop(alike[0])
        orders[tuple(a or b for a, b in zip(alike[0], shop, strict=True))] = order
        return order

    def _find_repeats(
        self,
        operation: Operation,
        refund: Refund,
        request: Request,
        key: OrderKey | None,
        order: _Order | None,
        place: RecordPlace,
    ) -> Iterator[Finding]:
        digest = _digest(request.body or b"")
        if key is not None and order is not None:
            first = order.bodies.setdefault(digest, place)
            if first is not place:
                yield finding("", f"{first} sends the same to order {key.order_id}", "send it once")
        for pointer, request_id in _request_ids(operation, refund, request, key):
            refund_hash = _hash(repr(key and (key.api, key.ids)).encode() + digest)
            first_hash, first = self._ids.setdefault(request_id, (refund_hash, place))
            if first_hash != refund_hash:
                yield finding(pointer, f"{first} bears this id too, with another refund", "give every request its own")


def _request_ids(
    operation: Operation, refund: Refund, request: Request, key: OrderKey | None
) -> Iterator[tuple[str, RequestId]]:
    """Yield the ids by which a server tells requests apart, each with its pointer."""
    for name, value in (request.headers or {}).items():
        if name.lower() == _CORRELATION and value:
            yield f"header:{name}", (_CORRELATION, value.lower())
    if refund.idempotency_key:
        whose = key.ids[:-1] if key is not None else ()
        yield refund.idempotency_key_pointer, (operation.api, *whose, refund.idempotency_key)


def _digest(text: bytes) -> bytes:
    """Hash the value of a body: layout, the order of keys and trailing zeros do not count."""
    value = _DECODER.decode(without_bom(text))
    return _hash(repr(_make_canonical(value)).encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest()


def _make_canonical(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _make_canonical(node[key]) for key in sorted(node)}
    if isinstance(node, list):
        return [_make_canonical(child) for child in node]
    if isinstance(node, (int, Decimal)) and not isinstance(node, bool):
        number = Decimal(node)
        with exact(number.adjusted()):
            return _Number(plain(number.normalize() if number else ZERO))
    return node


class _Number(msgspec.Struct, frozen=True):
    """A number by value, to differ from a text of the same characters."""

    value: str
