"""Was a refund made whose answer never came? What the API tells before and after, and what was sent, say so."""

from __future__ import annotations

from typing import Any

import msgspec

from . import apis
from .checking.body import read_body
from .checking.context import read_order, read_refunds
from .ledger import Ledger, OrderModel, Refund, UnreadableError, is_in_history, is_in_sums, open_ledger
from .money import exact
from .operations import Operation
from .request import Request


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as it was sent: its operation, the ids of its path, its body in the JSON form."""

    operation: Operation
    path: dict[str, str]
    body: bytes | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an API tells of an order at one moment: models, None where it was not asked or its answer is none."""

    order: Any = None
    refunds: Any = None


def told(operation: Operation, order: bytes | None, refunds: bytes | None) -> Told:
    """Read the texts of an order and of its earlier refunds; where the order is none, nothing is known of either."""
    model = None if order is None else read_order(operation, order)[0]
    if order is not None and model is None:
        return Told()
    return Told(order=model, refunds=None if refunds is None else read_refunds(operation, refunds)[0])


def was_made(sent: Sent, before: Told, after: Told) -> bool | None:
    """Whether what the API tells now can only mean that the refund was made, or only that it was not; else None.

    Somebody else's refund at the same time that is equal in all that this one names cannot be told from this one, save
    by an idempotency key that the API repeats.
    """
    model = apis.order_model(sent.operation.api)
    body = None
    if sent.operation.described.body is not None:
        body, _ = read_body(sent.operation, Request(body=sent.body))
        if body is None:
            return None
    with exact(len(sent.body or b"")):
        try:
            if any(model.context_mismatches(sent.path, body, after.order, after.refunds)):
                return None
            refund = model.read_request(sent.operation, body, sent.path)
            if model.can_fold:
                earlier, later = _open(model, before), _open(model, after)
                return None if earlier is None or later is None else is_in_sums(model, refund, earlier, later)
            listed = _refunds(model, after)
            return None if listed is None else is_in_history(model, refund, _refunds(model, before), listed)
        except UnreadableError:
            return None


def _refunds(model: OrderModel, told: Told) -> list[Refund] | None:
    """The refunds that an API tells of, by its list or in its order; None where it does not say."""
    if told.refunds is not None:
        return model.read_refunds(told.refunds)
    return None if told.order is None else model.refunds_in_order(told.order)


def _open(model: OrderModel, told: Told) -> Ledger | None:
    """The ledger of what an API tells; None where it does not say what was refunded."""
    refunds = _refunds(model, told)
    return None if told.order is None or refunds is None else open_ledger(model, told.order, refunds, None)
