"""What a request asks to give back: the money, its currency and the reason, for sums and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from ..money import EXACT, ZERO
from ..rule import masked

Asked = tuple[Decimal | None, str | None, str | None]
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)


def asked_for(operation: str | None, body: bytes | None, order: bytes | None) -> Asked:
    """The money that a request asks to give back, without sign, its currency and its first reason, as far as it says.

    Walmart's is every charge with its tax, WooCommerce's the amount, in the order's currency; TaxCloud's names none.
    The body may have any flaw: what is no number in it does not count.
    """
    value = _read(body)
    if operation in ("walmart.refund_order_lines", "walmart_ca.refund_order_lines"):
        return _of_walmart(value)
    if operation in ("woocommerce_legacy.create_refund", "woocommerce_legacy.update_refund"):
        refund = _at(value, "order_refund")
        currency = _at(_read(order), "order", "currency")
        return _number(_at(refund, "amount")), _text(currency), _text(_at(refund, "reason"))
    return None, None, None


def _of_walmart(value: Any) -> Asked:
    amounts: list[Decimal] = []
    currency = reason = None
    for one in _charges(value):
        reason = reason or _text(_at(one, "refundReason"))
        charge = _at(one, "charge")
        currency = currency or _text(_at(charge, "chargeAmount", "currency"))
        taxes = [_at(charge, "tax")] if _at(charge, "tax") else _list(_at(charge, "taxDetails"))
        money = [_at(charge, "chargeAmount"), *(_at(tax, "taxAmount") for tax in taxes)]
        amounts.extend(found for part in money if (found := _number(_at(part, "amount"))) is not None)
    whole = ZERO
    for amount in amounts:
        whole = EXACT.add(whole, amount)
    return whole if amounts else None, currency, reason


def _charges(value: Any) -> Iterator[Any]:
    for line in _list(_at(value, "orderRefund", "orderLines", "orderLine")):
        for refund in _list(_at(line, "refunds", "refund")):
            yield from _list(_at(refund, "refundCharges", "refundCharge"))


def _read(text: bytes | None) -> Any:
    try:
        return None if text is None else _PLAIN.decode(text)
    except _UNREADABLE:
        return None


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return masked(value) if isinstance(value, str) else None


def _number(value: Any) -> Decimal | None:
    """A number without its sign, exact; a text counts where it is a plain one."""
    if isinstance(value, str):
        return Decimal(value).copy_abs() if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return number.copy_abs() if abs(number.adjusted()) <= 400 else None
