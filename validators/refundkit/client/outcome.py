"""Was a refund made whose answer never came? What the API tells before and after, and what was sent, say so."""

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
                return None if earlier is None or later is None else _is_in_sums(model, refund, earlier, later)
            listed = _refunds(model, after)
            return None if listed is None else _is_in_history(model, refund, _refunds(model, before), listed)
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


def _is_in_history(model: OrderModel, refund: Refund, before: list[Refund] | None, after: list[Refund]) -> bool | None:
    """Whether the later of two lists of refunds has a refund and the earlier has not; None where nobody can tell."""
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
    lost = counts - Counter(map(_identity, after))
    fresh = []
    for later in after:
        counts[_identity(later)] -= 1
        has_other_key = refund.idempotency_key and later.idempotency_key
        if counts[_identity(later)] < 0 and not has_other_key:
            fresh.append(later)
    if any(model.is_same_refund(refund, later) for later in fresh):
        return True
    return None if fresh or lost else False


def _identity(refund: Refund) -> Hashable:
    """What tells a recorded refund from others: its id, or all that it says."""
    if refund.id:
        return refund.id
    return refund.idempotency_key, frozenset(Counter(map(str, refund.postings)).items())


def _is_in_sums(model: OrderModel, refund: Refund, before: Ledger, after: Ledger) -> bool | None:
    """Whether the lines that a refund names have grown by what it gives back, or not at all."""
    lines = dict(refund.lines)
    earlier, later = _given_back(before, lines), _given_back(after, lines)
    additions = before.begin(refund).resolve(model.server_additions(before))
    before.commit()
    named = _given_back(before, lines)
    before.record(Refund([]), additions)
    if earlier != named and later in (named, _given_back(before, lines)):
        return True
    alike = all(_reads_alike(before.lines[key], after.lines.get(key)) for key in lines if key in before.lines)
    return False if later == earlier != named and alike else None


def _given_back(ledger: Ledger, lines: Container[Hashable]) -> Sums:
    """What came back so far of the lines, and of their taxes, without zeros."""
    return {
        (key, account.name): (account.before, account.tax_before)
        for key, line in ledger.lines.items()
        if key in lines
        for account in line.accounts.values()
        if account.before or account.tax_before
    }


def _reads_alike(line: Line, other: Line | None) -> bool:
    """Whether two tellings of a line differ in nothing but in what came back."""
    if other is None or (line.statuses, line.returned) != (other.statuses, other.returned):
        return False
    return _charged(line) == _charged(other)


def _charged(line: Line) -> dict[str, tuple[Decimal, Decimal]]:
    return {name: (account.charged, account.tax_charged) for name, account in line.accounts.items()}
