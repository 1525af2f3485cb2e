"""Was a refund made whose answer never came? What the API tells before and after, and what was asked, say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET
from refundkit_apis._runtime.codec import encode

from . import rules
from .check import Given, plan, read_body
from .config import Config
from .context import read_order, read_refunds
from .ledger import Ledger, Line
from .money import EXACT, ZERO
from .operations import Operation

# Of a line: pieces cancelled, and the amount and the tax of each kind of charge.
Amounts: TypeAlias = dict[tuple[str, str], Decimal]
_CENT = Decimal("0.01")
_WIDE = Context(prec=100, rounding=ROUND_HALF_UP)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as it was sent: its operation, the ids of its path, its body in the JSON form."""

    operation: Operation
    path: dict[str, str]
    body: bytes | None
    key: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an API tells of an order at one moment: models, None where it was not asked or its answer is none."""

    order: Any = None
    refunds: Any = None


def told(operation: Operation, order: bytes | None, refunds: bytes | None) -> Told:
    """The texts of an order and of its earlier refunds as models; where the order is none, nothing is known of either.

    TaxCloud leaves the refunds out of an order that has none, and of what is no order as well.
    """
    own = None if order is None else read_order(operation, order)[0]
    if order is not None and own is None:
        return Told()
    listed = None if refunds is None else read_refunds(operation, refunds)[0]
    return Told(order=own, refunds=rules.earlier(operation, own, listed))


def was_made(sent: Sent, before: Told, after: Told) -> bool | None:
    """Whether what the API tells now can only mean that the refund was made, or only that it was not; else None.

    Somebody else's refund at the same time that is equal in all that this one names cannot be told from this one, save
    by an idempotency key that the API repeats.
    """
    return _OF_API[sent.operation.api](sent, before, after)


def _by_lines(sent: Sent, before: Told, after: Told) -> bool | None:
    """Walmart: what the order's lines say of refunds and cancellations has grown by what was asked, or not at all."""
    first, second = _ledger(sent, before), _ledger(sent, after)
    if first is None or second is None:
        return None
    grown = [_grown(old, new) for old, new in zip(first.lines, second.lines, strict=True)]
    if not any(grown):
        # A line that reads otherwise may tell of the refund in a way of its own.
        return False if list(map(_told, first.lines)) == list(map(_told, second.lines)) else None
    return True if all(_fits(line, by) for line, by in zip(first.lines, grown, strict=True)) else None


def _told(line: Line) -> tuple[Any, ...]:
    """What else an order tells of a line that changes with a refund."""
    return line.states, line.returned, {kind: (one.charged, one.tax_charged) for kind, one in line.charges.items()}


def _ledger(sent: Sent, at: Told) -> Ledger | None:
    body = _model(sent)
    if at.order is None or at.refunds is None or body is None:
        return None
    view = plan(sent.operation.name, Config()).view(sent.operation, body)
    return rules.ledger(sent.operation, body, view, at.order, at.refunds, sent.path)


def _model(sent: Sent) -> Any:
    """The body as its model; None for one that its model refuses."""
    return read_body(sent.operation, Given(body=sent.body))[0]


def _grown(old: Line, new: Line) -> Amounts:
    """By how much more of a line was given back."""
    was, now = _given_back(old), _given_back(new)
    return _without_zeros({key: EXACT.subtract(now.get(key, ZERO), was.get(key, ZERO)) for key in was | now})


def _given_back(line: Line) -> Amounts:
    amounts = {(kind, "amount"): one.refunded_before for kind, one in line.charges.items()}
    taxes = {(kind, "tax"): one.tax_before for kind, one in line.charges.items()}
    return {("", "cancelled"): line.cancelled} | amounts | taxes


def _asked(line: Line) -> Amounts:
    """What the request asks for a line; nothing where it asks for the whole line and names no amount."""
    amounts = {(kind, "amount"): one.refunded_now for kind, one in line.charges.items()}
    taxes = {(kind, "tax"): one.tax_now for kind, one in line.charges.items()}
    return _without_zeros({("", "cancelled"): line.refunded_now} | amounts | taxes)


def _without_zeros(amounts: Amounts) -> Amounts:
    return {key: amount for key, amount in amounts.items() if amount}


def _fits(line: Line, grown: Amounts) -> bool:
    """Whether a line has grown by what was asked for it; Walmart adds the rest where the whole line goes back."""
    asked = _asked(line)
    if not grown or grown == asked:
        return bool(grown)
    covered = all(grown.get(key, ZERO) >= asked.get(key, ZERO) for key in grown | asked)
    return covered and (not asked or _is_whole(line))


def _is_whole(line: Line) -> bool:
    """Whether a line is marked as a full refund, or its whole item price is refunded, which Walmart takes for one."""
    return line.whole or any(
        one.kind.upper() == "PRODUCT" and 0 < one.refunded_now == one.charged for one in line.charges.values()
    )


def _by_key(sent: Sent, before: Told, after: Told) -> bool | None:
    """TaxCloud: a refund with the key of this one is there, or no refund is that was not there before."""
    if after.refunds is None:
        return None
    if sent.key and any(refund.idempotency_key == sent.key for refund in after.refunds):
        return True
    if before.refunds is None:
        return None
    known = Counter(map(encode, before.refunds))
    fresh = [refund for refund in after.refunds if not _taken(known, encode(refund))]
    nameless = [refund for refund in fresh if refund.idempotency_key in (UNSET, None, "")]
    if not nameless:
        return None if any(count > 0 for count in known.values()) else False  # what is gone or changed tells nothing
    body = _model(sent)
    asked = None if body is None else _pieces(body.items or [])
    return True if any(_pieces(refund.items) == asked for refund in nameless) else None


def _taken(known: Counter[bytes], one: bytes) -> bool:
    """Whether one of the known is left, and takes it."""
    known[one] -= 1
    return known[one] >= 0


def _pieces(items: Any) -> Counter[tuple[str, Decimal]]:
    return Counter((item.item_id, Decimal(item.quantity)) for item in items)


def _by_list(sent: Sent, before: Told, after: Told) -> bool | None:
    """WooCommerce: a refund of that amount is in the list that was not there before, is changed, or is gone."""
    if after.refunds is None:
        return None
    now = {str(refund.id): refund for refund in after.refunds}
    own = sent.path.get("refund_id", "").lstrip("0")
    if sent.operation.name == "woocommerce_legacy.delete_refund":
        return own not in now
    body = _model(sent)
    if body is None:
        return None
    if own:
        return None if own not in now else _reads(now[own], body.order_refund)
    wanted = _rounded(body.order_refund.amount)
    if before.refunds is None or wanted is None:
        return None
    known = {str(refund.id) for refund in before.refunds}
    fresh = {_rounded(refund.amount) for number, refund in now.items() if number not in known}
    if wanted in fresh:
        return True
    # A shop without decimals stores another amount than was asked; a list that has lost a refund tells nothing.
    return None if fresh or known - now.keys() else False


def _reads(refund: Any, change: Any) -> bool | None:
    """Whether a refund reads as a change asks; None where only its reason does not: a shop may keep the old one."""
    if change.amount is not UNSET:
        now = _rounded(refund.amount)
        return None if now is None else now == _rounded(change.amount)
    return True if refund.reason == change.reason else None


def _rounded(amount: Any) -> Decimal | None:
    """The amount as the server keeps it, two decimals, half away from zero; None for a text that is no number."""
    try:
        number = Decimal(amount)
        return number.quantize(_CENT, context=_WIDE) if number.is_finite() else None
    except InvalidOperation:
        return None


_OF_API: dict[str, Callable[[Sent, Told, Told], bool | None]] = {
    "walmart": _by_lines,
    "walmart_ca": _by_lines,
    "woocommerce_legacy": _by_list,
    "taxcloud": _by_key,
}
