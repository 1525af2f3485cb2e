"""Drafts: any sequence of them gives back exactly what may be refunded; check and server accept each one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import refundkit
from hypothesis import given, note
from hypothesis import strategies as st
from refundkit import ALL, balance, draft, operations, pieces, testing
from refundkit.balances import Balance, BalanceAccount
from refundkit.errors import DraftError
from refundkit.money import decimals
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime.codec import decode, encode
from story import story

REASON = "DamagedItem"
# Warnings that the order's state or the caller's own words cause.
EXPECTED = {"RF318", "RF319", "RF320", "RF321", "RF326", "RF328", "RF329", "RF330"}
CURRENCIES = ("USD", "CAD", "JPY", "KWD")


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    return {"currency": currency, "amount": amount}


@st.composite
def walmart_orders(draw: st.DrawFn, api: str) -> dict[str, Any]:
    """An order of one to three lines with taxes, discounts and fees; some are partly shipped, some partly cancelled."""
    currency = draw(st.sampled_from(CURRENCIES))
    unit = Decimal(1).scaleb(-(decimals(currency) or 0))

    def charge(kind: str, *, most: int = 9_999) -> dict[str, Any]:
        amount = draw(st.integers(1, most))
        drawn: dict[str, Any] = {
            "chargeType": kind,
            "chargeName": kind.title(),
            "chargeAmount": money(amount * unit, currency),
        }
        if draw(st.booleans()):
            tax = draw(st.integers(0, amount // 2))
            drawn["tax"] = {"taxName": "Tax1", "taxAmount": money(tax * unit, currency)}
        return drawn

    lines = []
    for number in range(draw(st.integers(1, 3))):
        charges = [charge("PRODUCT")]
        if draw(st.booleans()):
            charges.append(charge("SHIPPING", most=999))
        if draw(st.booleans()):
            charges.append(charge("FEE", most=99))
        if draw(st.booleans()):
            most = int(charges[0]["chargeAmount"]["amount"] / unit) - 1
            if most:
                amount = draw(st.integers(1, most)) * unit
                discount = {"chargeType": "PRODUCT", "chargeName": "Discount", "chargeAmount": money(amount, currency)}
                charges.append({**discount, "isDiscount": True})
        shipped, open_, cancelled = draw(st.tuples(*[st.integers(0, 3)] * 3).filter(any))
        counted = (("Shipped", shipped), ("Acknowledged", open_), ("Cancelled", cancelled))
        statuses = [
            {"status": status, "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(count)}}
            for status, count in counted
            if count
        ]
        ordered = {"unitOfMeasurement": "EACH", "amount": str(shipped + open_ + cancelled)}
        lines.append(
            {
                "lineNumber": str(number + 1),
                "item": {"productName": "Tent", "sku": f"SKU-{number}"},
                "charges": {"charge": charges},
                "orderLineQuantity": ordered,
                "orderLineStatuses": {"orderLineStatus": statuses},
            }
        )
    return {"order": {"purchaseOrderId": "1", "orderLines": {"orderLine": lines}}}


@st.composite
def taxcloud_orders(draw: st.DrawFn) -> dict[str, Any]:
    """A completed order of one to four lines, some of them of the same item; quantities may be fractions."""
    items = draw(st.lists(st.sampled_from(["CHAIR", "OIL", "TABLE"]), min_size=1, max_size=4))
    quantities = st.sampled_from(["1", "2", "5", "1.5", "0.25"])
    lines = [
        {"index": index, "itemId": item, "price": Decimal("9.99"), "quantity": Decimal(draw(quantities))}
        for index, item in enumerate(items)
    ]
    order = story("taxcloud.refund_order")["order"]
    return {**order, "orderId": "SO-1", "lineItems": lines, "refunds": []}


@st.composite
def shop_orders(draw: st.DrawFn, api: str) -> dict[str, Any]:
    """An order of a shop with discounts, shipping, fees and taxes, some of them finer than the currency."""
    currency = draw(st.sampled_from(CURRENCIES))
    places = decimals(currency) or 0
    unit = Decimal(1).scaleb(-places)
    rates = draw(st.sampled_from([[], [3], [3], [3, 4], [3, 4, 5]]))
    grain = draw(st.sampled_from([unit, unit, unit / 100]))
    taxes_of_order: list[Decimal] = []

    def line(most: int = 9_999, *, least: int = 0) -> dict[str, Any]:
        amount = draw(st.integers(least, most)) * unit
        taxes = [draw(st.integers(0, int(amount / unit) // 5)) * grain for _ in rates]
        taxes_of_order.extend(taxes)
        tax = sum(taxes, Decimal(0))
        told = [{"id": rate, "total": str(tax), "subtotal": ""} for rate, tax in zip(rates, taxes, strict=True)]
        total_tax = f"{tax:.{places}f}" if api == "woocommerce" else str(tax)
        drawn: dict[str, Any] = {
            "id": 70 + len(ids),
            "total": f"{amount:.{places}f}",
            "total_tax": total_tax,
            "taxes": told,
        }
        ids.append(drawn["id"])
        return drawn

    ids: list[int] = []
    products = [
        {
            **line(least=0 if ids else 1),
            "name": "Tent",
            "product_id": draw(st.sampled_from([311, 312, 313, 314])),
            "quantity": draw(st.integers(1, 4)),
            "subtotal": "99999",
        }
        for _ in range(draw(st.integers(1, 3)))
    ]
    shipping = [line(999) for _ in range(draw(st.integers(0, 2)))]
    fees = [line(99) for _ in range(draw(st.integers(0, 1)))]
    lines = [*products, *shipping, *fees]
    exact_total = sum((Decimal(each["total"]) for each in lines), sum(taxes_of_order, Decimal(0)))
    if draw(st.integers(0, 4)) == 0 and exact_total > 5 * unit:  # a rebate is a fee below zero
        fees.append({"id": 69, "total": f"{-unit:.{places}f}", "total_tax": f"{0:.{places}f}", "taxes": []})
        exact_total -= unit
    total = f"{exact_total.quantize(unit, ROUND_HALF_UP):.{places}f}"
    order = dict(story(f"{api}.create_refund")["order"])
    lists = {"line_items": products, "shipping_lines": shipping, "fee_lines": fees}
    if api == "woocommerce":
        return {**order, **lists, "total": total, "currency": currency, "refunds": [], "tax_lines": []}
    shipping_tax = sum((Decimal(each["total_tax"]) for each in shipping), Decimal(0))
    tax_lines = [{"id": 90 + rate, "rate_id": rate, "total": "0"} for rate in rates]
    for each in lines:
        del each["taxes"]
    more = {"total": total, "currency": currency, "shipping_tax": str(shipping_tax), "tax_lines": tax_lines}
    return {"order": {**order["order"], **lists, **more}}


class Shop:
    """A test server with one order, to which drafts are sent."""

    def __init__(self, operation: Any, order: dict[str, Any]) -> None:
        self.operation, self.api = operation, operation.partition(".")[0]
        self.server = testing.server(self.api)
        self.order_id = self.server.add_order(order)
        self.headers = dict(story(operation)["headers"])
        if self.api.startswith("walmart"):
            token = self.server.answer(
                "POST", "/v3/token", story("walmart.create_token")["headers"], b"grant_type=client_credentials"
            )
            self.headers["WM_SEC.ACCESS_TOKEN"] = decode(token.body, dict)["access_token"]

        self.send_to_market(order)

    def send_to_market(self, order: dict[str, Any]) -> None:
        """Walmart's headers say nothing of a market whose currency is another one."""
        if "USD" not in str(order):
            for name in ("WM_MARKET", "WM_GLOBAL_VERSION"):
                self.headers.pop(name, None)

    @property
    def refunds(self) -> Any:
        """The list of earlier refunds, where the API has one."""
        if not self.api.startswith("woocommerce"):
            return None
        refunds = self.server.refunds(self.order_id)
        return refunds if self.api == "woocommerce" else {"order_refunds": refunds}

    def draft(self, wanted: Any, **options: Any) -> refundkit.Draft:
        """Draft a refund of the order as it stands."""
        options.setdefault("reason", None if self.api == "taxcloud" else REASON)
        return draft(self.operation, self.order, wanted, refunds=self.refunds, **options)

    def balance(self) -> Balance:
        """What is left of the order as it stands."""
        return balance(self.operation, self.order, self.refunds)

    @property
    def order(self) -> dict[str, Any]:
        order: dict[str, Any] = self.server.orders[self.order_id]
        if self.api == "taxcloud":
            order["refunds"] = self.server.refunds(self.order_id)
        return order

    def send(self, drafted: refundkit.Draft) -> None:
        """Send a draft; the server accepts it."""
        described = operations.get(self.operation)
        path = described.described.path
        for name, value in drafted.request["path"].items():
            path = path.replace(f"{{{name}}}", value)
        body = encode(drafted.body)
        if described.xml:
            body = write_xml(drafted.request["body"], described.schema())
        answer = self.server.answer("POST", path, self.headers, body)
        assert answer.status in (200, 201), answer.body


def refundable(shop: Shop) -> list[tuple[str, BalanceAccount]]:
    """Return the accounts of which something can be refunded, with their lines."""
    found = shop.balance()
    return [(line.line, account) for line in found.lines for account in line.accounts if account.refundable > 0]


def give_back(data: st.DataObject, shop: Shop) -> None:
    """Draft and send until nothing can be refunded; no draft has a finding that another one would avoid."""
    for _ in range(30):
        left = refundable(shop)
        if not left:
            return
        wish = data.draw(wishes(shop, left))
        note(f"{wish}")
        wanted, options = wish
        try:
            drafted = shop.draft(wanted, **options)
        except DraftError as error:
            note(f"{error}")
            drafted = shop.draft(ALL)
        allowed = EXPECTED | ({"RF214"} if options.get("tax") == "none" else set())
        assert {finding.code for finding in drafted.report.findings} <= allowed, drafted.report.findings
        shop.send(drafted)
    drafted = shop.draft(ALL)
    shop.send(drafted)
    assert not refundable(shop)


@st.composite
def wishes(draw: st.DrawFn, shop: Shop, left: list[Any]) -> tuple[Any, dict[str, Any]]:
    """Draw what to refund of what is left."""
    line, account = draw(st.sampled_from(left))
    if draw(st.integers(0, 5)) == 0:
        return ALL, {}
    if line and draw(st.integers(0, 2)) == 0:
        return {line: ALL}, {}
    if account.unit == "pieces":
        part = draw(st.sampled_from([account.refundable, account.refundable / 2]))
        return {line: pieces(part)}, {}
    if account.account == "total":
        unit = Decimal(1).scaleb(account.refundable.as_tuple().exponent)
        return None, {"amount": draw(st.integers(1, int(account.refundable / unit))) * unit}
    if account.account == "SHIPPING":
        return None, {"shipping": draw(st.sampled_from([ALL, account.refundable])), "tax": "added"}
    if draw(st.integers(0, 3)) == 0:
        return {line: pieces(draw(st.integers(1, 3)))}, {}
    unit = Decimal(1).scaleb(account.refundable.as_tuple().exponent)
    amount = draw(st.integers(1, int(account.refundable / unit))) * unit
    return {line: amount}, {"tax": draw(st.sampled_from(["added", "added", "included", "none"]))}


@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_walmart_drafts_give_back_exactly_what_was_charged(api: str) -> None:
    """Any sequence of drafts gives back what was charged, of a partly shipped line the shipped share."""

    @given(walmart_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.refund_order_lines", order)
        give_back(data, shop)
        for line in shop.balance().lines:
            for account in line.accounts:
                assert account.refunded <= account.charged
                assert account.refundable == 0
                assert account.left == 0 or line.obstacle or account.account == "PRODUCT"

    hold()


def test_taxcloud_drafts_give_back_exactly_what_was_ordered() -> None:
    """Any sequence of drafts gives back every piece, and names each."""

    @given(taxcloud_orders(), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop("taxcloud.refund_order", order)
        give_back(data, shop)
        accounts = [account for line in shop.balance().lines for account in line.accounts]
        assert [account.left for account in accounts] == [0] * len(accounts)

    hold()


@pytest.mark.parametrize("api", ["woocommerce", "woocommerce_legacy"])
def test_shop_drafts_give_back_exactly_what_was_paid(api: str) -> None:
    """Any sequence of drafts by item, pieces and amount gives back what was paid for the order."""

    @given(shop_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.create_refund", order)
        give_back(data, shop)
        total = shop.balance().lines[0].accounts[0]
        assert total.refundable == 0
        assert total.left == 0 or (api == "woocommerce_legacy" and decimals(shop.balance().currency) == 3)

    hold()


# Pieces: cancellations, and refunds of returns.

CANCEL_REASONS = {"walmart": "SELLER_CANCEL_OUT_OF_STOCK", "walmart_ca": "CANCEL_BY_SELLER"}


def take_back(data: st.DataObject, shop: Shop, reason: str | None) -> None:
    """Draft and send pieces until none is left; each draft is clean but for what the return's own state says."""
    while left := refundable(shop):
        line, account = data.draw(st.sampled_from(left))
        some = {line: pieces(data.draw(st.integers(1, int(account.refundable))))}
        drafted = shop.draft(data.draw(st.sampled_from([ALL, {line: ALL}, some])), reason=reason)
        assert {finding.code for finding in drafted.report.findings} <= EXPECTED, drafted.report.findings
        shop.send(drafted)


@pytest.mark.parametrize("api", CANCEL_REASONS)
def test_cancellation_drafts_cancel_all_that_was_not_shipped(api: str) -> None:
    """Any sequence of drafts cancels every piece that can be cancelled, and none that was shipped."""

    @given(walmart_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.cancel_order_lines", order)
        cancellable = {line.line: line.accounts[0].left for line in shop.balance().lines}
        take_back(data, shop, CANCEL_REASONS[api])
        for line in shop.balance().lines:
            (account,) = line.accounts
            assert account.left == 0
            assert account.refunded >= cancellable[line.line]

    hold()


@st.composite
def returns(draw: st.DrawFn) -> dict[str, Any]:
    """A return of one to three lines, of some of which pieces were refunded."""
    shown = story("walmart.refund_return")["order"]
    lines = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        pieces_returned = draw(st.integers(1, 9))
        refunded = draw(st.integers(0, pieces_returned))
        quantity = {"unitOfMeasure": "EACH", "measurementValue": pieces_returned}
        lines.append(
            {
                "returnOrderLineNumber": number,
                "purchaseOrderId": "2961380412345",
                "quantity": quantity,
                "refundedQty": {**quantity, "measurementValue": refunded},
                "status": draw(st.sampled_from(["DELIVERED", "INITIATED"])),
                "currentRefundStatus": draw(st.sampled_from(["NOT_REFUNDED", "REFUND_INITIATED"])),
            }
        )
    kind = draw(st.sampled_from(["REFUND", "REPLACEMENT"]))
    return {**shown, "returnOrders": [{**shown["returnOrders"][0], "returnType": kind, "returnOrderLines": lines}]}


def test_return_drafts_refund_every_piece_that_came_back() -> None:
    """Any sequence of drafts refunds every piece of a return once."""

    @given(returns(), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop("walmart.refund_return", order)
        take_back(data, shop, None)
        assert [account.left for line in shop.balance().lines for account in line.accounts] == [0] * len(
            order["returnOrders"][0]["returnOrderLines"]
        )

    hold()


# What cannot be drafted.


def drafted(operation: str, wanted: Any, *, order: Any = None, **options: Any) -> Any:
    """Draft of the example's order."""
    name: Any = operation
    return draft(name, story(operation)["order"] if order is None else order, wanted, **options)


US, CANCEL, RETURN, TAX = (
    "walmart.refund_order_lines",
    "walmart.cancel_order_lines",
    "walmart.refund_return",
    "taxcloud.refund_order",
)
SHOP = "woocommerce.create_refund"
OUT = {"reason": "SELLER_CANCEL_OUT_OF_STOCK"}
REFUSED: list[tuple[str, Any, dict[str, Any], tuple[str, ...]]] = [
    (US, None, {}, ("nothing is wanted", "ALL")),
    (US, {}, {}, ("nothing is wanted",)),
    (US, [], {}, ("nothing is wanted",)),
    (US, {"9": ALL}, {"reason": REASON}, ("no line '9'", "it has 1, 2, 3")),
    (US, {"3": ALL}, {"reason": REASON}, ("line 3: nothing is shipped (Acknowledged 1)",)),
    (US, {"1": "99.00"}, {"reason": REASON, "tax": "none"}, ("line 1: 99.00 is wanted of PRODUCT", "is left")),
    (
        US,
        {"1": "5.00"},
        {"reason": REASON},
        ("it is taxed", '"added" refunds 5.00 + 0.41', '"included"', '"none" 5.00 + 0'),
    ),
    (US, {"1": "5.00"}, {"tax": "added"}, ("a reason is missing", "DamagedItem")),
    (US, {"1": "0.005"}, {"reason": REASON, "tax": "none"}, ("the smallest is 0.01",)),
    (US, ALL, {"amount": "5.00"}, ("ALL is all that is left",)),
    (US, {"1": ALL}, {"reason": REASON, "amount": "5.00"}, ("say what of which line",)),
    (US, {"1": ALL}, {"reason": REASON, "order": {"id": 1}}, ("the order could not be read",)),
    (CANCEL, {"1": ALL}, OUT, ("line 1: nothing can be cancelled (Shipped 2)",)),
    (CANCEL, {"3": pieces(5)}, OUT, ("5 are wanted and 1 of 1 are left",)),
    (CANCEL, {"3": "5.00"}, OUT, ("pieces(1), or ALL",)),
    (CANCEL, {"3": ALL}, {}, ("a reason is missing",)),
    (CANCEL, {"3": pieces(1)}, {**OUT, "tax": "added"}, ("how many pieces",)),
    (RETURN, {"2": pieces(1)}, {}, ("1 are wanted and 0 of 1 are left",)),
    (RETURN, {"1": ALL}, {"reason": REASON}, ("no reason to give",)),
    (RETURN, {"7": ALL}, {}, ("no line '7'",)),
    (TAX, {"CHAIR-OAK": pieces(99)}, {}, ("CHAIR-OAK", "say which")),
    (TAX, {"OIL-LITRE": pieces(99)}, {}, ("99 are wanted and 1.5 of 1.5 are left",)),
    (TAX, {"OIL-LITRE": "5.00"}, {}, ("pieces(1)",)),
    (TAX, None, {"amount": "5.00"}, ("TaxCloud computes the money",)),
    (SHOP, None, {"amount": "999.00"}, ("left",)),
    (SHOP, {"99": ALL}, {}, ("no line '99'",)),
    ("walmart.get_order", ALL, {"order": {}}, ("no operation that can be drafted",)),
]


@pytest.mark.parametrize(("operation", "wanted", "options", "words"), REFUSED)
def test_what_cannot_be_refunded_says_what_is_left(
    operation: str, wanted: Any, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    """What cannot be drafted is a DraftError that says what is left, or what to add."""
    with pytest.raises(DraftError) as caught:
        drafted(operation, wanted, **options)
    assert [word for word in words if word not in str(caught.value)] == []
    assert caught.value.sent == "no"
