"""Which of Walmart's refunds the proof takes as fine: plain ones, in one currency, of lines that are shipped."""

from __future__ import annotations

from functools import partial

from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import ABSENT, UNIT, Place, Row, Screen, Tables, read_digests
from .ledger import MODEL, PRODUCT, WalmartOrderModel
from .rules import MARKET_CURRENCIES, published_reasons

_CENTS = (0, 2)
_LOWEST = -(10**8) * UNIT  # so many digits are no RF211
_CURRENCIES = ("CAD", "USD")
_CHARGE_TYPES = (PRODUCT, "SHIPPING")
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
    f"{_CHARGE}.charge.chargeAmount.currency": Place(column="charges.currency", allowed=_CURRENCIES),
    f"{_CHARGE}.charge.tax.taxAmount.amount": Place(column="charges.tax", decimals=_CENTS, lowest=_LOWEST),
    f"{_CHARGE}.charge.tax.taxAmount.currency": Place(column="charges.tax_currency", allowed=_CURRENCIES),
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
        f"{charge}.chargeType": Place(column=f"{table}.type"),
        f"{charge}.chargeAmount.amount": Place(column=f"{table}.amount", decimals=(0, 4), lowest=lowest),
        f"{charge}.chargeAmount.currency": Place(column=f"{table}.currency", allowed=_CURRENCIES),
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
    f"{_ORDER_LINE}.orderLineStatuses.orderLineStatus[].status": Place(column="statuses.status"),
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
    """Compare the currencies, the lines and the order ids within a request."""
    refund, lines, charges = body
    currency = charges[0][3]
    for _, _, _, charge_currency, tax, tax_currency in charges:
        if charge_currency is not currency or (tax is not None and tax_currency is not currency):
            return False
    market = "" if request.headers is None else request.by_lower_name["header"].get("wm_market", "")
    if market and MARKET_CURRENCIES.get(market.lower()) != currency:
        return False
    if request.path is not None and request.path.get("purchaseOrderId") != refund[0][1]:
        return False
    if len(lines) == 1:
        return True
    fulls = {line[2] is True for line in lines} if len(lines[0]) > 2 else {False}
    return len(fulls) == 1 and len({line[1] for line in lines}) == len(lines)


def fits_order(
    request: Request, body: Tables, order: Tables | None, refunds: Tables | None, *, model: WalmartOrderModel
) -> int:
    """Compare a refund with what is left of each charge of its order."""
    if order is None or refunds is not None:
        return 0
    shop_order, lines, statuses, charges, earlier = order
    numbers = {line[1]: index for index, line in enumerate(lines)}
    is_of_order = shop_order[0][1] == body[0][0][1] and charges and charges[0][3] == body[2][0][3]
    if not is_of_order or len(numbers) != len(lines):
        return 0
    left, shipped, named = _sum_charges(len(lines), charges, earlier), [0] * len(lines), []
    for line, status, pieces in statuses:
        if status.lower() in model.shipped:
            shipped[line] += pieces
    for entry in body[1]:
        index = numbers.get(entry[1], -1)
        if index < 0 or lines[index][3] or not 0 < lines[index][2] <= shipped[index]:
            return 0
        named.append(index)
    for entry, kind, amount, _, tax, _ in body[2]:
        account = left[named[entry]].get(kind)
        if account is None:
            return 0
        account[0] += amount
        account[1] += tax or 0
        if account[0] < 0 or account[1] < 0:
            return 0
    is_full = len(body[1][0]) > 2 and body[1][0][2] is True
    is_fine = all(_is_fine(left[index], is_full=is_full, upgrades=model is MODEL) for index in named)
    return ORDER_GIVEN | REFUNDS | REFUNDED_ITEMS if is_fine else 0


def _sum_charges(lines: int, charges: list[Row], earlier: list[Row]) -> list[dict[str, list[int]]]:
    """Return amount and tax that are left of each charge, by line."""
    left: list[dict[str, list[int]]] = [{} for _ in range(lines)]
    for line, kind, amount, _, tax in charges:
        account = left[line].setdefault(kind.upper(), [0, 0])
        account[0] += amount
        account[1] += tax or 0
    for line, kind, amount, _, tax in earlier:
        account = left[line].setdefault(kind.upper(), [0, 0])
        account[0] -= abs(amount)
        account[1] -= abs(tax or 0)
    return left


def _is_fine(left: dict[str, list[int]], *, is_full: bool, upgrades: bool) -> bool:
    """Return whether no tax of a spent charge is left, and nothing of a line that is refunded whole."""
    is_whole = is_full or (upgrades and PRODUCT in left and not left[PRODUCT][0])
    return not any((is_whole and (amount > 0 or tax > 0)) or (tax and not amount) for amount, tax in left.values())


_RULES = read_digests("""
    RF005:3844326a RF203:0e79c4ba RF205:a186f308 RF206:1f18df9d RF207:23a7752d RF211:10946b2c RF214:c6f9e173
    RF217:997b4154 RF220:a3558feb RF301:25d4227b RF302:2f3fc221 RF303:cbaa0962 RF306:6ea36dac RF310:85d7c06c
    RF311:55565758 RF312:b0d01a9d RF313:5e9d613f RF318:b9370c90 RF319:0ee1806a RF321:9ac67472 RF322:412a438a
    RF501:c01ac73c RF504:d65c9120 RF505:f7698e50
""")
SCREENS = {
    "refund_order_lines": Screen(
        rules=_RULES, body=CURRENT_BODY, fits=fits, order=CURRENT_ORDER, fits_order=partial(fits_order, model=MODEL)
    )
}
