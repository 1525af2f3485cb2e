"""Which of Walmart's refunds the proof takes as fine: plain ones, in one currency, of lines that are shipped."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import ABSENT, UNIT, Context, Place, Row, Screen, Tables, read_digests
from .ledger import MODEL, PRODUCT, WalmartOrderModel
from .return_screen import REFUND_RETURN, VARYING_HEADERS
from .rules import MARKET_CURRENCIES, published_reasons

_CENTS = (0, 2)
_LOWEST = -(10**8) * UNIT  # so many digits are no RF211
_CURRENCY = Place(column="refund.currency", allowed=["CAD", "USD"], shared=True)
_ORDER_CURRENCY = Place(column="order.currency", allowed=["CAD", "USD"], shared=True)
_CHARGE_TYPES = (PRODUCT, "SHIPPING")
_ORDER_CHARGE_TYPES = (*_CHARGE_TYPES, "FEE", "DISCOUNT")  # in capitals: an account is called so
_STATUSES = ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled", "Refund", "SHIPPED")
_LINE = "orderRefund.orderLines.orderLine[]"
_REFUND = f"{_LINE}.refunds.refund[]"
_CHARGE = f"{_REFUND}.refundCharges.refundCharge[]"
BODY = {
    "orderRefund": Place(row="refund"),
    "orderRefund.purchaseOrderId": Place(column="refund.order"),
    _LINE: Place(row="lines"),
    f"{_LINE}.lineNumber": Place(column="lines.number"),
    f"{_REFUND}.refundCharges": Place(needs=["refundCharge"]),
    f"{_REFUND}.refundCharges.refundCharge": Place(minimum=1),
    _CHARGE: Place(row="charges"),
    f"{_CHARGE}.refundReason": Place(allowed=frozenset(published_reasons().values())),
    f"{_CHARGE}.charge.chargeType": Place(column="charges.type", allowed=_CHARGE_TYPES),
    f"{_CHARGE}.charge.chargeAmount.amount": Place(column="charges.amount", decimals=_CENTS, lowest=_LOWEST),
    f"{_CHARGE}.charge.chargeAmount.currency": _CURRENCY,
    f"{_CHARGE}.charge.tax.taxAmount.amount": Place(column="charges.tax", decimals=_CENTS, lowest=_LOWEST),
    f"{_CHARGE}.charge.tax.taxAmount.currency": _CURRENCY,
}
CURRENT_BODY = {
    **BODY,
    f"{_LINE}.isFullRefund": Place(column="lines.full"),
    f"{_CHARGE}.charge.taxDetails": ABSENT,
}
_ORDER_LINE = "order.orderLines.orderLine[]"
_EARLIER = f"{_ORDER_LINE}.refund.refundCharges.refundCharge[]"


def _charge_places(charge: str, table: str, lowest: int | None) -> dict[str, Place]:
    """Return the places of a charge of an order; amounts that were refunded before have either sign."""
    return {
        f"{charge}.chargeType": Place(column=f"{table}.type", allowed=_ORDER_CHARGE_TYPES),
        f"{charge}.chargeAmount.amount": Place(column=f"{table}.amount", decimals=(0, 4), lowest=lowest),
        f"{charge}.chargeAmount.currency": _ORDER_CURRENCY,
        f"{charge}.isDiscount": ABSENT,
        f"{charge}.tax.taxAmount.amount": Place(column=f"{table}.tax", decimals=(0, 4), lowest=lowest),
    }


ORDER = {
    "order": Place(row="order"),
    "order.purchaseOrderId": Place(column="order.id"),
    _ORDER_LINE: Place(row="lines"),
    f"{_ORDER_LINE}.lineNumber": Place(column="lines.number"),
    f"{_ORDER_LINE}.orderLineQuantity.amount": Place(column="lines.ordered", decimals=(0, 4), lowest=0),
    f"{_ORDER_LINE}.returnOrderId": Place(column="lines.returned"),
    f"{_ORDER_LINE}.orderLineStatuses.orderLineStatus[]": Place(row="statuses"),
    f"{_ORDER_LINE}.orderLineStatuses.orderLineStatus[].status": Place(column="statuses.status", allowed=_STATUSES),
    f"{_ORDER_LINE}.orderLineStatuses.orderLineStatus[].statusQuantity.amount": Place(
        column="statuses.pieces", decimals=(0, 4), lowest=0
    ),
    f"{_ORDER_LINE}.charges.charge[]": Place(row="charges"),
    **_charge_places(f"{_ORDER_LINE}.charges.charge[]", "charges", 0),
    _EARLIER: Place(row="earlier"),
    **_charge_places(f"{_EARLIER}.charge", "earlier", None),
}
CURRENT_ORDER = {
    **ORDER,
    f"{_ORDER_LINE}.shipNode.type": Place(allowed=["SellerFulfilled", "3PLFulfilled"]),
    f"{_ORDER_LINE}.charges.charge[].taxDetails": ABSENT,
    f"{_EARLIER}.charge.taxDetails": ABSENT,
}


def fits(request: Request, body: Tables) -> bool:
    """Compare the currency with the market, the order id with the path, and the lines with each other."""
    (refund,), lines, _ = body
    if request.headers is not None:
        market = request.by_lower_name["header"].get("wm_market", "")
        if market and MARKET_CURRENCIES.get(market.lower()) != refund[2]:
            return False
    if request.path is not None and request.path.get("purchaseOrderId") != refund[1]:
        return False
    if len(lines) == 1:
        return True
    fulls = {line[2] is True for line in lines} if len(lines[0]) > 2 else {False}
    return len(fulls) == 1 and len({line[1] for line in lines}) == len(lines)


def fits_order(request: Request, body: Tables, context: Context, *, model: WalmartOrderModel) -> int:
    """Compare a refund with what is left of each charge of its order."""
    named = _find_lines(body, context, model.shipped)
    if named is None:
        return 0
    for line, kind, amount, tax in body[2]:
        account = named[line].get(kind)
        if account is None:
            return 0
        account[0] += amount
        account[1] += tax or 0
        if account[0] < 0 or account[1] < 0:
            return 0
    entry = body[1][0]
    is_full, upgrades = len(entry) > 2 and entry[2] is True, model is MODEL
    for accounts in named:
        # Nothing of a line that is refunded whole may be left, and no tax of a charge that is.
        is_whole = is_full or (upgrades and PRODUCT in accounts and not accounts[PRODUCT][0])
        for amount, tax in accounts.values():
            if (is_whole and (amount > 0 or tax > 0)) or (tax and not amount):
                return 0
    return ORDER_GIVEN | REFUNDS | REFUNDED_ITEMS


def _find_lines(body: Tables, context: Context, shipped: frozenset[str]) -> list[dict[str, list[int]]] | None:
    """Return what is left of each charge of the lines that a refund names, all of which are shipped; None otherwise."""
    (shop_order,), lines, statuses, charges, earlier = context.order
    (refund,), entries, _ = body
    numbers = {line[1]: index for index, line in enumerate(lines)}
    is_of_order = shop_order[1] == refund[1] and shop_order[2] == refund[2]
    if not is_of_order or len(numbers) != len(lines) or context.refunds is not None:
        return None
    left = _sum_charges(charges, () if context.history.ignores_told else earlier, len(lines))
    if context.before:
        _take_refunds(left, numbers, context.before)
    shipped_pieces = [0] * len(lines)
    for line, status, pieces in statuses:
        if status.lower() in shipped:
            shipped_pieces[line] += pieces
    named = []
    for entry in entries:
        index = numbers.get(entry[1], -1)
        if index < 0 or lines[index][3] or not 0 < lines[index][2] <= shipped_pieces[index]:
            return None
        named.append(left[index])
    return named


def _take_refunds(left: list[dict[str, list[int]]], numbers: dict[str, int], bodies: list[Tables]) -> None:
    """Take off what earlier refunds of this order gave back."""
    for _, lines, charges in bodies:
        for line, kind, amount, tax in charges:
            index = numbers.get(lines[line][1])
            account = None if index is None else left[index].get(kind)
            if account is not None:
                account[0] += amount
                account[1] += tax or 0


def _sum_charges(charges: Iterable[Row], earlier: Iterable[Row], lines: int) -> list[dict[str, list[int]]]:
    """Return amount and tax that are left of each charge, by line."""
    left: list[dict[str, list[int]]] = [{} for _ in range(lines)]
    for line, kind, amount, tax in charges:
        account = left[line].get(kind)
        if account is None:
            left[line][kind] = [amount, tax or 0]
        else:
            account[0] += amount
            account[1] += tax or 0
    for line, kind, amount, tax in earlier:
        account = left[line].setdefault(kind, [0, 0])
        account[0] -= abs(amount)
        account[1] -= abs(tax or 0)
    return left


_RULES = read_digests("""
    RF005:e022b423 RF203:88e93506 RF205:95538efa RF206:195b3302 RF207:0ebddf88 RF211:77a811c6 RF214:b1afbc31
    RF217:c9877f63 RF220:8d945e04 RF301:49edaa68 RF302:e0f3b40c RF303:9316715c RF306:56d67b07 RF310:673bfe3f
    RF311:2af2ee66 RF312:81ce1855 RF313:637a44f7 RF318:cc6441f8 RF319:24df2d65 RF321:c6bfe3e4 RF322:3260d614
    RF501:1ac5b7d3 RF502:f6de79dd RF503:a2bc3343 RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17 RF508:856a577b
    RF509:04e3f5e6 RF510:3352718f RF512:87ac6fc8
""")
SCREENS = {
    "refund_order_lines": Screen(
        rules=_RULES,
        body=CURRENT_BODY,
        fits=fits,
        order=CURRENT_ORDER,
        fits_order=partial(fits_order, model=MODEL),
        varying_headers=VARYING_HEADERS,
    ),
    "refund_return": REFUND_RETURN,
}
