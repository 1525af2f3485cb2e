"""Tell from an order before and after whether a refund was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable
from decimal import Decimal
from typing import Any

import msgspec

from .. import apis
from ..checking.body import read_body
from ..checking.context import read_order, read_refunds
from ..ledger import Ledger, Line, OrderModel, Refund, Sums, UnreadableError, open_ledger
from ..money import exact
from ..operations import Operation
from ..request import Request


class SentRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that was sent: operation, ids of its path, body as JSON."""

    operation: Operation
    path: dict[str, str]
    body: bytes | None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An order at one moment, as models; None for what is not known."""

    order: Any = None
    refunds: Any = None


def read_snapshot(operation: Operation, order: bytes | None, refunds: bytes | None) -> Snapshot:
    """Read an order and its refunds; without an order nothing is known."""
    model = None if order is None else read_order(operation, order)[0]
    if order is not None and model is None:
        return Snapshot()
    return Snapshot(order=model, refunds=None if refunds is None else read_refunds(operation, refunds)[0])


def was_made(sent: SentRefund, before: Snapshot, after: Snapshot) -> bool | None:
    """True if the refund must have been made, False if it cannot, else None.

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
                return None if earlier is None or later is None else _is_in_sums(model, refund, earlier, later)
            listed = _refunds(model, after)
            return None if listed is None else _is_in_history(model, refund, _refunds(model, before), listed)
        except UnreadableError:
            return None


def _refunds(model: OrderModel, snapshot: Snapshot) -> list[Refund] | None:
    """The refunds of a snapshot, by list or order; None if unknown."""
    if snapshot.refunds is not None:
        return model.read_refunds(snapshot.refunds)
    return None if snapshot.order is None else model.refunds_in_order(snapshot.order)


def _open(model: OrderModel, snapshot: Snapshot) -> Ledger | None:
    """The ledger of a snapshot; None if its refunds are unknown."""
    refunds = _refunds(model, snapshot)
    return None if snapshot.order is None or refunds is None else open_ledger(model, snapshot.order, refunds, None)


def _is_in_history(model: OrderModel, refund: Refund, before: list[Refund] | None, after: list[Refund]) -> bool | None:
    """True if a refund is new in the later list, None if uncertain."""
    if refund.idempotency_key and any(later.idempotency_key == refund.idempotency_key for later in after):
        return True
    if refund.id:  # a change of a refund that is there
        changed = next((later for later in after if later.id == refund.id), None)
        if any(posting.effect == "drop" for posting in refund.postings):
            return changed is None
        return None if changed is None else model.is_same_refund(refund, changed)
    if before is None:
        return None
    counts = Counter(map(_identity, before))
    vanished = counts - Counter(map(_identity, after))
    new = []
    for later in after:
        counts[_identity(later)] -= 1
        has_other_key = refund.idempotency_key and later.idempotency_key
        if counts[_identity(later)] < 0 and not has_other_key:
            new.append(later)
    if any(model.is_same_refund(refund, later) for later in new):
        return True
    return None if new or vanished else False


def _identity(refund: Refund) -> Hashable:
    """The id of a recorded refund, or all that it says."""
    if refund.id:
        return refund.id
    return refund.idempotency_key, frozenset(Counter(map(str, refund.postings)).items())


def _is_in_sums(model: OrderModel, refund: Refund, before: Ledger, after: Ledger) -> bool | None:
    """True if the lines grew by the refund, False if not at all."""
    lines = dict(refund.lines)
    earlier, later = _refunded_sums(before, lines), _refunded_sums(after, lines)
    additions = list(before.begin(refund).apply_effects(model.server_additions(before)))
    before.commit()
    expected = _refunded_sums(before, lines)
    before.record(Refund([]), additions)
    if earlier != expected and later in (expected, _refunded_sums(before, lines)):
        return True
    is_unchanged = all(_is_same_charge(before.lines[key], after.lines.get(key)) for key in lines if key in before.lines)
    return False if later == earlier != expected and is_unchanged else None


def _refunded_sums(ledger: Ledger, lines: Container[Hashable]) -> Sums:
    """Sums refunded of the lines and their taxes, without zeros."""
    return {
        (key, account.name): (account.before, account.tax_before)
        for key, line in ledger.lines.items()
        if key in lines
        for account in line.accounts.values()
        if account.before or account.tax_before
    }


def _is_same_charge(before: Line, after: Line | None) -> bool:
    """True if a line differs in nothing but in what was refunded."""
    if after is None or (before.statuses, before.returned) != (after.statuses, after.returned):
        return False
    return _charges(before) == _charges(after)


def _charges(line: Line) -> dict[str, tuple[Decimal, Decimal]]:
    return {name: (account.charged, account.tax_charged) for name, account in line.accounts.items()}
