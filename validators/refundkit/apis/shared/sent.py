"""A refund that was sent, and an order at one moment: what tells whether the one is in the other."""

from __future__ import annotations

from typing import Any

import msgspec

from ... import apis
from ...ledger import Ledger, OrderModel, Refund, add_items, open_ledger
from ...operations import Operation


class SentRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that was sent: operation, ids of its path, query, body as JSON."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, str] = {}
    body: bytes | None

    @property
    def model(self) -> OrderModel:
        """The order model of its operation."""
        return apis.order_model(self.operation.name)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An order at one moment, as models; None for what is not known."""

    order: Any = None
    refunds: Any = None


def refunds_in(model: OrderModel, snapshot: Snapshot) -> list[Refund] | None:
    """The refunds of a snapshot, by list or order; None if unknown. An order may add totals that a page lacks."""
    listed = None if snapshot.refunds is None else model.read_refunds(snapshot.refunds)
    in_order = None if snapshot.order is None else add_items(model.refunds_in_order(snapshot.order), listed)
    return in_order if listed is None else [*listed, *(each for each in in_order or () if not each.tells_items)]


def open_snapshot(model: OrderModel, snapshot: Snapshot) -> Ledger | None:
    """The ledger of a snapshot; None if its refunds are unknown."""
    refunds = refunds_in(model, snapshot)
    return None if snapshot.order is None or refunds is None else open_ledger(model, snapshot.order, refunds, None)
