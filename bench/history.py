"""python -m bench.history --orders N --seed S --out DIR: write a realistic history of refunds with planted violations.

Writes requests/*.parquet, orders/*.parquet and planted.parquet, which lists exactly the findings that an audit must
have, by row, code and pointer. The same seed makes the same history.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
from pyarrow import parquet

SHARD = 5_000
EVERY = 20  # one order in so many has a violation
_START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
_YEAR = 365 * 86_400
_COMMENT = "The customer sent photographs; the parcel was opened with support on the line and the damage was noted"
_REASONS = ("DamagedItem", "BillingError", "CustomerChangedMind", "Shipping & Delivery -> Damaged")
_NAMES = ("Camping kettle", "Tent pegs", "Head torch", "Walnut desk organiser", "Brass pen tray", "Oak chair")

REQUESTS = pa.schema(
    [
        ("operation", pa.string()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("path", pa.string()),
        ("headers", pa.string()),
        ("body", pa.string()),
        ("status", pa.int32()),
    ]
)
ORDERS = pa.schema([("order_id", pa.string()), ("order", pa.string())])
PLANTED = pa.schema([("row", pa.int64()), ("code", pa.string()), ("pointer", pa.string())])


class SentRequest(msgspec.Struct):
    """One request of a history, and the findings planted in it."""

    operation: str
    path: str
    headers: str
    body: str | None
    status: int = 200
    time: int = 0
    planted: list[tuple[str, str]] = []

    def wrong(self, code: str, pointer: str, *, accepted: bool = False) -> None:
        """Note a planted finding; the server refused the request unless it was `accepted`."""
        self.planted = [*self.planted, (code, pointer)]
        self.status = self.status if accepted else 400

    def swap(self, old: str, new: str) -> None:
        """Replace the first occurrence of a text in the body. Raises ValueError if it lacks the text."""
        if self.body is None or old not in self.body:
            raise ValueError(f"{self.operation}: no {old} in {self.body}")
        self.body = self.body.replace(old, new, 1)


class Story(msgspec.Struct):
    """An order and its requests in order of time."""

    order_id: str
    order: str
    sent: list[SentRequest]

    def swap(self, old: str, new: str) -> None:
        """Replace the first occurrence of a text in the order. Raises ValueError if it lacks the text."""
        if old not in self.order:
            raise ValueError(f"no {old} in {self.order}")
        self.order = self.order.replace(old, new, 1)


def cents(amount: int) -> str:
    """Write an amount in cents as a decimal."""
    return f"{amount // 100}.{amount % 100:02}"


def _guid(random: Random) -> str:
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


# Walmart, both APIs. Line 1 and 2 are shipped whole, line 3 is not shipped; every refund takes a part of a line.

_WALMART = {"walmart": ("USD", "application/json", "2961"), "walmart_ca": ("CAD", "application/xml", "1961")}
_PRICE, _TAX, _SHIPPING = 3998, 330, 500


def _walmart(api: str, number: int, random: Random) -> Story:
    currency, _, prefix = _WALMART[api]
    order_id = f"{prefix}{number:09}"
    prices = [_PRICE + 10 * random.randrange(400) for _ in range(3)]
    lines = [_walmart_line(index + 1, price, currency, api) for index, price in enumerate(prices)]
    # Dates are numbers in one API and texts in the other; the model of each takes its own.
    date = '"2025-11-12T10:00:00.000Z"' if api == "walmart_ca" else "1762941600000"
    order = (
        f'{{"order":{{"purchaseOrderId":"{order_id}","customerOrderId":"673{number:010}","customerEmailId":'
        f'"buyer{number}@example.com","orderDate":{date},"shippingInfo":{{"phone":"5550100","estimatedDeliveryDate":'
        f'{date},"estimatedShipDate":{date},"methodCode":"Standard","postalAddress":{{"name":"Ada Example",'
        f'"address1":"{number} Example Street","city":"Springfield","state":"IL","postalCode":"62701","country":"USA",'
        f'"addressType":"RESIDENTIAL"}}}},"orderLines":{{"orderLine":[{",".join(lines)}]}}}}}}'
    )
    many = random.choices((1, 2, 3, 4), (20, 35, 30, 15))[0]
    sent = [
        _walmart_refund(api, order_id, 1 + turn % 2, prices[turn % 2], random, f"R-{number}-{turn}")
        for turn in range(many)
    ]
    return Story(order_id, order, sent)


def _walmart_line(number: int, price: int, currency: str, api: str) -> str:
    status = ("Acknowledged", "Shipped")[number < 3]
    date = '"2025-11-13T10:00:00.000Z"' if api == "walmart_ca" else "1763028000000"
    quantity = '{"unitOfMeasurement":"EACH","amount":"2"}'
    tracking = (
        f',"trackingInfo":{{"shipDateTime":{date},"carrierName":{{"carrier":"UPS"}},"methodCode":"Standard",'
        f'"trackingNumber":"1Z999EXAMPLE{number}","trackingURL":"https://example.com/track?number=1Z999EXAMPLE"}}'
    )
    return (
        f'{{"lineNumber":"{number}","item":{{"productName":"{_NAMES[number]}","sku":"SKU-{price}"}},"charges":{{"charge":['
        f'{{"chargeType":"PRODUCT","chargeName":"ItemPrice","chargeAmount":{{"currency":"{currency}","amount":{cents(price)}}},'
        f'"tax":{{"taxName":"ItemPriceTax","taxAmount":{{"currency":"{currency}","amount":{cents(_TAX)}}}}}}},'
        f'{{"chargeType":"SHIPPING","chargeName":"Shipping","chargeAmount":{{"currency":"{currency}",'
        f'"amount":{cents(_SHIPPING)}}}}}]}},"orderLineQuantity":{quantity},"statusDate":{date},"orderLineStatuses":'
        f'{{"orderLineStatus":[{{"status":"{status}","statusQuantity":{quantity}{tracking if number < 3 else ""}}}]}}}}'
    )


def _walmart_refund(api: str, order_id: str, line: int, price: int, random: Random, refund_id: str) -> SentRequest:
    """Make a refund of at most a quarter of the line: two refunds and a planted one stay within its charges."""
    currency, media, _ = _WALMART[api]
    amount, tax, shipping = price // 5 + random.randrange(price // 40), _TAX // 5, random.randrange(20, 120)
    reason = random.choice(_REASONS)
    body = (
        f'{{"orderRefund":{{"purchaseOrderId":"{order_id}","orderLines":{{"orderLine":[{{"lineNumber":"{line}",'
        f'{_PARTIAL[api]}"refunds":{{"refund":[{{"refundId":"{refund_id}","refundComments":"{_COMMENT}","refundCharges":'
        f'{{"refundCharge":[{{"refundReason":"{reason}","charge":{{"chargeType":"PRODUCT","chargeName":"ItemPrice",'
        f'"chargeAmount":{{"amount":-{cents(amount)},"currency":"{currency}"}},"tax":{{"taxName":"ItemPriceTax","taxAmount":'
        f'{{"amount":-{cents(tax)},"currency":"{currency}"}}}}}}}},{{"refundReason":"{reason}","charge":{{"chargeType":'
        f'"SHIPPING","chargeName":"Shipping","chargeAmount":{{"amount":-{cents(shipping)},"currency":"{currency}"}}}}}}]}}}}]'
        f"}}}}]}}}}}}"
    )
    channel = '"WM_CONSUMER.CHANNEL.TYPE":"0f3e4dd4-0514-4346-b39d-af0e00ea066d",' if api == "walmart_ca" else ""
    headers = (
        f'{{"WM_SEC.ACCESS_TOKEN":"***","WM_QOS.CORRELATION_ID":"{_guid(random)}",'
        f'"WM_SVC.NAME":"Example Shop",{channel}'
        f'"Accept":"{media}","Content-Type":"{media}"}}'
    )
    return SentRequest(f"{api}.refund_order_lines", f'{{"purchaseOrderId":"{order_id}"}}', headers, body)


_PARTIAL = {"walmart": '"isFullRefund":false,', "walmart_ca": ""}
_LINE = "/orderRefund/orderLines/orderLine/0"
_CHARGE = f"{_LINE}/refunds/refund/0/refundCharges/refundCharge/0"
_SECOND = "/orderRefund/orderLines/orderLine/1"


def _first_amount(sent: SentRequest) -> str:
    """The first amount of a Walmart refund, as it is written."""
    return (sent.body or "").partition('"amount":')[2].partition(",")[0]


def _first_price(story: Story) -> int:
    """The price of the first line in cents."""
    return int(story.order.partition('"amount":')[2].partition("}")[0].replace(".", ""))


def _over_charge(story: Story) -> None:
    """The last of several refunds of a line gives back more than the others left."""
    first = story.sent[0]
    price = _first_price(story)
    refunded = 0
    for sent in story.sent[:-1]:
        refunded += int(_first_amount(sent)[1:].replace(".", "")) if '"lineNumber":"1"' in (sent.body or "") else 0
    last = story.sent[-1]
    last.body = (first.body or "").replace(_first_amount(first), f"-{cents(price - refunded + 1)}", 1)
    last.body = last.body.replace(f"-{cents(_TAX // 5)}", "-0.01", 1)
    last.wrong("RF203", f"{_CHARGE}/charge/chargeAmount/amount", accepted=True)


def _change_body(old: str, new: str, code: str, pointer: str) -> Callable[[Story], None]:
    """A violation in the body of the last request."""

    def plant(story: Story) -> None:
        last = story.sent[-1]
        last.swap(old.replace("{amount}", _first_amount(last)), new.replace("{amount}", _first_amount(last)))
        last.wrong(code, pointer)

    return plant


def _misname_field(old: str, new: str, pointer: str) -> Callable[[Story], None]:
    """A field under a wrong name: one is missing, and one is unknown."""

    def plant(story: Story) -> None:
        story.sent[-1].swap(old, new)
        story.sent[-1].wrong("RF101", pointer)
        story.sent[-1].wrong("RF103", f"{pointer}/{new[1:-2]}")

    return plant


def _unknown_line(story: Story) -> None:
    last = story.sent[-1]
    line = (last.body or "").partition('"lineNumber":"')[2][0]
    last.swap(f'"lineNumber":"{line}"', '"lineNumber":"99"')
    last.wrong("RF301", f"{_LINE}/lineNumber")


def _not_shipped(story: Story) -> None:
    last = story.sent[-1]
    line = (last.body or "").partition('"lineNumber":"')[2][0]
    last.swap(f'"lineNumber":"{line}"', '"lineNumber":"3"')
    last.wrong("RF302", f"{_LINE}/lineNumber")


def _line_text(body: str) -> str:
    """The one line of a Walmart refund."""
    return body.partition('"orderLine":[')[2].removesuffix("]}}}")


def _repeat_line(story: Story) -> None:
    # Each half of a refund that fits is one that fits.
    last = story.sent[-1]
    line = _line_text(last.body or "")
    small = line.replace(_first_amount(last), "-0.01", 1).replace(f"-{cents(_TAX // 5)}", "-0.01", 1)
    last.swap(line, f"{line},{small}")
    last.wrong("RF303", f"{_SECOND}/lineNumber")


def _mixed(story: Story) -> None:
    last = story.sent[-1]
    line = _line_text(last.body or "")
    other_number = "1" if '"lineNumber":"2"' in line else "2"
    full_line = (
        f'{{"lineNumber":"{other_number}","isFullRefund":true,"refunds":{{"refund":[{{"refundCharges":{{}}}}]}}}}'
    )
    last.swap(line, f"{line},{full_line}")
    last.wrong("RF311", f"{_LINE}/isFullRefund")


def _no_charge(story: Story) -> None:
    last = story.sent[-1]
    charges = (last.body or "").partition('"refundCharge":')[2].removesuffix("}}]}}]}}}")
    last.swap(charges, "[]")
    last.wrong("RF310", f"{_LINE}/refunds")


def _tax_left_out(story: Story) -> None:
    """The first and only refund of a line gives back its whole price, and no tax."""
    story.sent = story.sent[:1]
    only = story.sent[0]
    price = story.order.partition('"amount":')[2].partition("}")[0]
    tax = (only.body or "").partition(',"tax":')[2].partition("}}")[0]
    only.swap(f',"tax":{tax}}}}}', "")
    only.swap(_first_amount(only), f"-{price}")
    only.wrong("RF214", f"{_CHARGE}/charge/chargeAmount/amount", accepted=True)


def _other_order(story: Story) -> None:
    last = story.sent[-1]
    last.swap(f'"purchaseOrderId":"{story.order_id}"', '"purchaseOrderId":"7777777777777"')
    last.wrong("RF501", "/orderRefund/purchaseOrderId")
    last.wrong("RF005", "order:/order/purchaseOrderId")


def _returned(story: Story) -> None:
    story.sent = story.sent[:1]
    story.swap('"lineNumber":"1",', '"lineNumber":"1","returnOrderId":"108500000000001",')
    story.sent[0].wrong("RF318", f"{_LINE}/lineNumber", accepted=True)


def _beyond_share(story: Story) -> None:
    """One of two pieces is shipped, and more than half of the line goes back."""
    story.sent = story.sent[:1]
    two_pieces = '"statusQuantity":{"unitOfMeasurement":"EACH","amount":"2"}'
    one_piece = two_pieces.replace('"2"', '"1"')
    story.swap(
        f'"status":"Shipped",{two_pieces}', f'"status":"Acknowledged",{one_piece}}},{{"status":"Shipped",{one_piece}'
    )
    price = _first_price(story)
    story.sent[0].swap(_first_amount(story.sent[0]), f"-{cents(price * 3 // 4)}")
    story.sent[0].wrong("RF313", f"{_CHARGE}/charge/chargeAmount/amount", accepted=True)


def _truncate_body(story: Story) -> None:
    last = story.sent[-1]
    last.body = (last.body or "")[:-3]
    last.wrong("RF001", "/orderRefund/orderLines")


def _unknown_operation(story: Story) -> None:
    last = story.sent[-1]
    last.operation = last.operation.replace("refund_", "refunds_")
    last.wrong("RF003", "request:/operation")


def _header(old: str, new: str, code: str, name: str) -> Callable[[Story], None]:
    """A violation in the headers of the last request."""

    def plant(story: Story) -> None:
        last = story.sent[-1]
        before, match, after = last.headers.partition(old)
        if not match:
            raise ValueError(f"no {old} in {last.headers}")
        last.headers = before + new + after
        last.wrong(code, f"header:{name}")

    return plant


def _bad_correlation(story: Story) -> None:
    last = story.sent[-1]
    correlation_id = last.headers.partition('CORRELATION_ID":"')[2].partition('"')[0]
    last.headers = last.headers.replace(correlation_id, "refund-42")
    last.wrong("RF509", "header:WM_QOS.CORRELATION_ID", accepted=True)


_CANCEL_REASONS = {"walmart": "SELLER_CANCEL_OUT_OF_STOCK", "walmart_ca": "CANCEL_BY_SELLER"}


def _cancel(story: Story, line: int, quantity: str, reason: str = "", status: str = "Cancelled") -> SentRequest:
    last = story.sent[-1]
    api = last.operation.partition(".")[0]
    last.operation = f"{api}.cancel_order_lines"
    reason = reason or _CANCEL_REASONS[api]
    last.body = (
        f'{{"orderCancellation":{{"orderLines":{{"orderLine":[{{"lineNumber":"{line}","orderLineStatuses":{{'
        f'"orderLineStatus":[{{"status":"{status}","cancellationReason":"{reason}","statusQuantity":{{'
        f'"unitOfMeasurement":"EACH","amount":"{quantity}"}}}}]}}}}]}}}}}}'
    )
    return last


_CANCELLED = "/orderCancellation/orderLines/orderLine/0"
_STATUS = f"{_CANCELLED}/orderLineStatuses/orderLineStatus/0"


def _cancel_shipped(story: Story) -> None:
    _cancel(story, 1, "1").wrong("RF304", f"{_CANCELLED}/lineNumber")


def _cancel_too_many(story: Story) -> None:
    _cancel(story, 3, "3").wrong("RF403", f"{_STATUS}/statusQuantity/amount")


def _cancel_reason(story: Story) -> None:
    _cancel(story, 3, "1", reason="OUT_OF_STOCK").wrong("RF305", f"{_STATUS}/cancellationReason")


def _cancel_status(story: Story) -> None:
    _cancel(story, 3, "1", status="ACKNOWLEDGED").wrong("RF308", f"{_STATUS}/status")


def _cancel_for_customer(story: Story) -> None:
    """The reason says that the customer asked, and the order's line does not."""
    last = _cancel(story, 3, "1", reason="CUSTOMER_REQUESTED_SELLER_TO_CANCEL")
    last.wrong("RF326", f"{_STATUS}/cancellationReason", accepted=True)


_MONEY = '"chargeAmount":{"amount":{amount}'
_OF_WALMART: tuple[Callable[[Story], None], ...] = (
    _over_charge,
    _change_body(_MONEY, '"chargeAmount":{"amount":19.99', "RF201", f"{_CHARGE}/charge/chargeAmount/amount"),
    _not_shipped,
    _repeat_line,
    _unknown_line,
    _misname_field('"refundReason":', '"reason":', _CHARGE),
    _change_body(
        f'-{cents(_TAX // 5)},"currency":"',
        f'-{cents(_TAX // 5)},"currency":"M',
        "RF104",
        f"{_CHARGE}/charge/tax/taxAmount/currency",
    ),
    _change_body(f"-{cents(_TAX // 5)}", "-9.99", "RF207", f"{_CHARGE}/charge/tax/taxAmount/amount"),
    _change_body(_MONEY, '"chargeAmount":{"amount":-1.005', "RF206", f"{_CHARGE}/charge/chargeAmount/amount"),
    _change_body(f"-{cents(_TAX // 5)}", cents(_TAX // 5), "RF208", f"{_CHARGE}/charge/tax/taxAmount/amount"),
    _no_charge,
    _change_body('"refundReason":"', '"refundReason":"Not ', "RF321", f"{_CHARGE}/refundReason"),
    _other_order,
    _change_body('"chargeName":"ItemPrice"', '"chargeName":"string"', "RF504", f"{_CHARGE}/charge/chargeName"),
    _change_body(_MONEY, f'{_MONEY},"amount":{{amount}}', "RF002", f"{_CHARGE}/charge/chargeAmount/amount"),
    _truncate_body,
    _change_body(_MONEY, '"chargeAmount":{"amount":"{amount}"', "RF102", f"{_CHARGE}/charge/chargeAmount/amount"),
    _unknown_operation,
    _header('"WM_SVC.NAME":"Example Shop",', "", "RF502", "WM_SVC.NAME"),
    _header('"Content-Type":"application/', '"Content-Type":"text/', "RF508", "Content-Type"),
    _bad_correlation,
    _beyond_share,
)
_CANCELLATIONS = (_cancel_shipped, _cancel_too_many, _cancel_reason, _cancel_status)
_OF_US = (*_OF_WALMART, _mixed, _returned, *_CANCELLATIONS, _cancel_for_customer)
_OF_CA = (*_OF_WALMART, _tax_left_out, *_CANCELLATIONS)


# Returns of Walmart. Six pieces of line 1 and one of line 2 came back; every refund is of one piece of line 1.


def _walmart_return(number: int, random: Random) -> Story:
    return_id, customer_order, order_id = f"1085{number:011}", f"673{number:010}", f"2961{number:09}"
    lines = [
        f'{{"returnOrderLineNumber":{line},"purchaseOrderId":"{order_id}","purchaseOrderLineNumber":{line},"returnReason":'
        f'"DAMAGED","item":{{"sku":"SKU-{line}","productName":"{_NAMES[line]}"}},"quantity":{{"unitOfMeasure":"EACH",'
        f'"measurementValue":{quantity}}},"refundedQty":{{"unitOfMeasure":"EACH","measurementValue":0}},"chargeTotals":['
        f'{{"name":"lineTotal","value":{{"currencyAmount":{cents(_PRICE * quantity)},"currencyUnit":"USD"}}}}],'
        f'"returnTrackingDetail":[{{"eventTag":"RETURN_INITIATED","eventTime":"2025-11-12T10:00:00.000Z"}},{{"eventTag":'
        f'"DELIVERED_AT_RETURN_CENTER","eventTime":"2025-11-19T10:00:00.000Z"}}],"status":"DELIVERED",'
        f'"currentRefundStatus":"NOT_REFUNDED"}}'
        for line, quantity in ((1, 6), (2, 1))
    ]
    order = (
        f'{{"meta":{{"totalCount":1,"limit":10}},"returnOrders":[{{"returnOrderId":"{return_id}","customerOrderId":'
        f'"{customer_order}","customerEmailId":"buyer{number}@example.com","returnType":"REFUND","returnOrderDate":'
        f'"2025-11-12T10:00:00.000Z","returnByDate":"2025-12-12T10:00:00.000Z","returnOrderLines":[{",".join(lines)}]}}]}}'
    )
    headers = (
        f'{{"WM_SEC.ACCESS_TOKEN":"***","WM_QOS.CORRELATION_ID":"{_guid(random)}","WM_SVC.NAME":"Example Shop",'
        '"Accept":"application/json","Content-Type":"application/json"}'
    )
    body = (
        f'{{"customerOrderId":"{customer_order}","refundLines":[{{"returnOrderLineNumber":1,"quantity":'
        '{"unitOfMeasure":"EACH","measurementValue":1}}]}'
    )
    path = f'{{"returnOrderId":"{return_id}"}}'
    many = random.choices((1, 2, 3, 4), (20, 35, 30, 15))[0]
    return Story(return_id, order, [SentRequest("walmart.refund_return", path, headers, body) for _ in range(many)])


_RETURNED_LINE = "/refundLines/0/returnOrderLineNumber"
_RETURNED_PIECES = "/refundLines/0/quantity/measurementValue"


def _too_many_returned(story: Story) -> None:
    """With what came back before, a piece more comes back than was returned."""
    story.sent[-1].swap('"measurementValue":1', f'"measurementValue":{6 - len(story.sent) + 2}')
    story.sent[-1].wrong("RF401", _RETURNED_PIECES, accepted=True)


def _returned_twice(story: Story) -> None:
    """The only piece of line 2 goes back again."""
    first = story.sent[0]
    first.swap('"returnOrderLineNumber":1', '"returnOrderLineNumber":2')
    again = SentRequest(
        first.operation, first.path, first.headers, (first.body or "").partition(',"quantity"')[0] + "}]}"
    )
    story.sent = [first, again]
    again.wrong("RF327", _RETURNED_LINE)


def _state_of_return(old: str, new: str, code: str, pointer: str) -> Callable[[Story], None]:
    """A return in which every refund meets the same state."""

    def plant(story: Story) -> None:
        story.swap(old, new)
        for sent in story.sent:
            sent.wrong(code, pointer, accepted=True)

    return plant


_OF_RETURNS: tuple[Callable[[Story], None], ...] = (
    _too_many_returned,
    _returned_twice,
    _state_of_return('"status":"DELIVERED"', '"status":"CANCELLED"', "RF327", _RETURNED_LINE),
    _state_of_return(
        '"returnType":"REFUND"', '"returnType":"REPLACEMENT"', "RF328", "order:/returnOrders/0/returnType"
    ),
    _state_of_return('"NOT_REFUNDED"', '"REFUND_INITIATED"', "RF329", _RETURNED_LINE),
    _change_body('"customerOrderId":"673', '"customerOrderId":"296', "RF005", "/customerOrderId"),
    _change_body('"returnOrderLineNumber":1', '"returnOrderLineNumber":3', "RF301", _RETURNED_LINE),
    _change_body('"measurementValue":1', '"measurementValue":0', "RF402", _RETURNED_PIECES),
    _change_body('"measurementValue":1', '"measurementValue":"1"', "RF102", _RETURNED_PIECES),
    _change_body(
        '"returnOrderLineNumber":1', '"returnOrderLineNumber":1,"amount":-1.00', "RF108", "/refundLines/0/amount"
    ),
    _header('"WM_SVC.NAME":"Example Shop",', "", "RF502", "WM_SVC.NAME"),
    _bad_correlation,
)


# WooCommerce. Every refund is of one piece of an item, with its tax, and of a part of the shipping.


def _address(number: int) -> str:
    return (
        f'"first_name":"Ada","last_name":"Example","company":"","address_1":"{number} Example Street","address_2":"",'
        '"city":"Springfield","state":"IL","postcode":"62701","country":"US","email":"ada@example.com","phone":"5550100"'
    )


def _woocommerce(number: int, random: Random) -> Story:
    prices = [2000 + 10 * random.randrange(300) for _ in range(2)]
    items = [
        f'{{"id":{71 + index},"name":"{_NAMES[3 + index]}","product_id":{311 + index},"variation_id":0,"quantity":4,'
        f'"tax_class":"","subtotal":"{cents(price * 4)}","subtotal_tax":"{cents(price * 4 // 10)}","total":'
        f'"{cents(price * 4)}","total_tax":"{cents(price * 4 // 10)}","taxes":[{{"id":3,"total":'
        f'"{cents(price * 4 // 10)}","subtotal":"{cents(price * 4 // 10)}"}}],'
        f'"meta_data":[],"sku":"SKU-{price}","price":{cents(price)}}}'
        for index, price in enumerate(prices)
    ]
    order_total = sum(price * 4 + price * 4 // 10 for price in prices) + 800
    order = (
        f'{{"id":{number + 1},"parent_id":0,"status":"completed","currency":"USD","version":"11.0.1",'
        f'"prices_include_tax":false,"date_created":"2026-03-01T09:30:00","date_modified":"2026-03-03T10:00:00","discount_total":"0.00",'
        f'"discount_tax":"0.00","shipping_total":"8.00","shipping_tax":"0.00","total":"{cents(order_total)}",'
        f'"customer_id":0,"order_key":"wc_order_{number}","billing":{{{_address(number)}}},"shipping":{{{_address(number)}}},'
        f'"payment_method":"examplepay","payment_method_title":"Example Pay","transaction_id":"","customer_note":"",'
        f'"date_completed":"2026-03-03T10:00:00","date_paid":"2026-03-01T09:31:00","cart_hash":"",'
        f'"number":"{number + 1}","meta_data":[],"line_items":[{",".join(items)}],"tax_lines":[],'
        f'"shipping_lines":[{{"id":73,"method_title":"Parcel",'
        f'"method_id":"flat_rate","total":"8.00","total_tax":"0.00","taxes":[],"meta_data":[]}}],"fee_lines":[],'
        f'"coupon_lines":[],"refunds":[]}}'
    )
    many = random.choices((1, 2, 3), (35, 40, 25))[0]
    sent = [_woocommerce_refund(number, 71 + turn % 2, prices[turn % 2], random) for turn in range(many)]
    return Story(str(number + 1), order, sent)


def _woocommerce_refund(number: int, item: int, price: int, random: Random) -> SentRequest:
    tax = price // 10
    body = (
        f'{{"amount":"{cents(price + tax + 100)}","reason":"{random.choice(_REASONS)}: {_COMMENT}","api_refund":false,'
        f'"line_items":[{{"id":{item},"quantity":1,"refund_total":"{cents(price)}","refund_tax":[{{"id":3,"refund_total":'
        f'"{cents(tax)}"}}]}},{{"id":73,"refund_total":"1.00"}}]}}'
    )
    headers = '{"Authorization":"Basic ***","Accept":"application/json","Content-Type":"application/json"}'
    return SentRequest("woocommerce.create_refund", f'{{"id":"{number + 1}"}}', headers, body, status=201)


def _item_beyond_line(story: Story) -> None:
    """More of the shipping goes back than was paid for it."""
    last = story.sent[-1]
    amount = int(_field_text(last, "amount").replace(".", "")) + 701
    last.swap(f'"amount":"{_field_text(last, "amount")}"', f'"amount":"{cents(amount)}"')
    last.swap('"refund_total":"1.00"', '"refund_total":"8.01"')
    last.wrong("RF213", "/line_items/1/refund_total", accepted=True)


def _too_many_returned_pieces(story: Story) -> None:
    """Pieces of one item come back in every request, in the last one more than are left."""
    for sent in story.sent:
        sent.body = '{"amount":"1.00","api_refund":false,"line_items":[{"id":71,"quantity":1,"refund_total":"1.00"}]}'
    story.sent[-1].swap('"quantity":1', f'"quantity":{6 - len(story.sent)}')
    story.sent[-1].wrong("RF404", "/line_items/0/quantity", accepted=True)


def _too_much_tax(story: Story) -> None:
    """A cent more tax goes back than the line was charged of the rate."""
    story.sent = story.sent[:1]
    price = int(_field_text(story.sent[0], "refund_total").replace(".", ""))
    tax = price * 4 // 10 + 1
    story.sent[0].body = (
        f'{{"amount":"{cents(price + tax)}","api_refund":false,"line_items":[{{"id":71,"quantity":1,"refund_total":'
        f'"{cents(price)}","refund_tax":[{{"id":3,"refund_total":"{cents(tax)}"}}]}}]}}'
    )
    story.sent[0].wrong("RF218", "/line_items/0/refund_tax/0/refund_total", accepted=True)


def _unpaid(story: Story) -> None:
    story.sent = story.sent[:1]
    story.swap('"date_paid":"2026-03-01T09:31:00"', '"date_paid":null')
    story.sent[0].wrong("RF320", "order:/date_paid", accepted=True)


# Violations of a refund without items: its amount, and whether the server took it.


def _v3_amount(text: str, code: str, *, accepted: bool = False) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        story.sent[-1].body = f'{{"amount":"{text}","api_refund":false}}'
        story.sent[-1].wrong(code, "/amount", accepted=accepted)

    return plant


def _beyond_order(story: Story) -> None:
    """The last refund gives back a cent more than the others left of the order."""
    order_total = int(story.order.partition('"total":"')[2].partition('"')[0].replace(".", ""))
    refunded = sum(int(_field_text(sent, "amount").replace(".", "")) for sent in story.sent[:-1])
    _v3_amount(cents(order_total - refunded + 1), "RF204")(story)


def _items_do_not_add_up(story: Story) -> None:
    last = story.sent[-1]
    last.swap(f'"amount":"{_field_text(last, "amount")}"', '"amount":"1.00"')
    last.wrong("RF209", "/line_items", accepted=True)


def _near_miss(story: Story) -> None:
    """A field under a wrong name: the server drops it, so that the items do not add up."""
    last = story.sent[-1]
    last.swap('"refund_total":"1.00"', '"refund_totel":"1.00"')
    last.wrong("RF103", "/line_items/1/refund_totel", accepted=True)
    last.wrong("RF209", "/line_items", accepted=True)


_OF_WOOCOMMERCE: tuple[Callable[[Story], None], ...] = (
    _beyond_order,
    _v3_amount("-5.00", "RF202"),
    _v3_amount("5,00", "RF210"),
    _v3_amount("0.00", "RF212", accepted=True),
    _items_do_not_add_up,
    _item_beyond_line,
    _too_many_returned_pieces,
    _too_much_tax,
    _unpaid,
    _change_body('"id":73', '"id":999', "RF301", "/line_items/1"),
    _change_body('{"id":73,', '{"id":73,"refund_total":"2.00"},{"id":73,', "RF324", "/line_items/2/id"),
    _change_body('"api_refund":false', '"api_refund":false,"id":7', "RF108", "/id"),
    _change_body('"api_refund":false', '"api_refund":false,"gift_wrap":true', "RF112", "/gift_wrap"),
    _near_miss,
    _change_body('"quantity":1', '"quantity":-1', "RF402", "/line_items/0/quantity"),
)


# WooCommerce's legacy API. Every refund is of one piece of an item, or a part of its price.


def _woocommerce_legacy(number: int, random: Random) -> Story:
    prices = [2000 + 10 * random.randrange(300) for _ in range(2)]
    items = [
        f'{{"id":{71 + index},"subtotal":"{cents(price * 4)}","subtotal_tax":"{cents(price * 4 // 10)}","total":'
        f'"{cents(price * 4)}","total_tax":"{cents(price * 4 // 10)}","price":"{cents(price)}","quantity":4,'
        f'"tax_class":null,"name":"{_NAMES[3 + index]}","product_id":{311 + index},"sku":"SKU-{price}",'
        '"meta":[{"key":"wood","label":"Wood","value":"Walnut"}]}'
        for index, price in enumerate(prices)
    ]
    address = _address(number)
    total = sum(price * 4 + price * 4 // 10 for price in prices) + 800
    order = (
        f'{{"order":{{"id":{number + 1},"order_number":"{number + 1}","created_at":"2026-03-01T09:30:00Z","updated_at":'
        f'"2026-03-03T10:00:00Z","completed_at":"2026-03-03T10:00:00Z","status":"completed","currency":"USD","total":'
        f'"{cents(total)}","total_line_items_quantity":8,"total_tax":"0.00","total_shipping":"8.00","shipping_tax":"0.00",'
        f'"total_discount":"0.00","shipping_methods":"Parcel","payment_details":{{"method_id":"cheque","method_title":'
        f'"Cheque","paid":true}},"billing_address":{{{address}}},"shipping_address":{{{address}}},"note":"Please ring",'
        f'"customer_ip":"192.0.2.7","customer_user_agent":"ExampleBrowser/1.0","customer_id":0,"view_order_url":'
        f'"https://example.com/my-account/view-order/{number + 1}/","line_items":[{",".join(items)}],'
        f'"shipping_lines":[{{"id":73,"method_id":"flat_rate","method_title":"Parcel","total":"8.00"}}],"tax_lines":[{{"id":75,"rate_id":3,'
        f'"code":"US-IL-SALES-1","title":"Sales tax","total":"0.00","compound":false}}],"fee_lines":[],'
        f'"coupon_lines":[],"customer":{{"id":0,"email":"ada@example.com","first_name":"Ada","last_name":"Example","billing_address":'
        f'{{{address}}},"shipping_address":{{{address}}}}}}}}}'
    )
    many = random.choices((1, 2, 3), (35, 40, 25))[0]
    sent = [_legacy_refund(number, 71 + turn % 2, prices[turn % 2], random) for turn in range(many)]
    return Story(str(number + 1), order, sent)


def _legacy_refund(number: int, item: int, price: int, random: Random) -> SentRequest:
    tax = price // 10
    body = (
        f'{{"order_refund":{{"amount":"{cents(price + tax + 100)}","reason":"{random.choice(_REASONS)}: {_COMMENT}",'
        f'"restock_items":true,"line_items":{{"{item}":{{"qty":1,"refund_total":"{cents(price)}","refund_tax":{{"3":'
        f'"{cents(tax)}"}}}},"73":{{"refund_total":"1.00"}}}}}}}}'
    )
    headers = '{"Authorization":"Basic ***","Accept":"application/json","Content-Type":"application/json"}'
    return SentRequest("woocommerce_legacy.create_refund", f'{{"id":"{number + 1}"}}', headers, body)


_WOO_AMOUNT = "/order_refund/amount"


def _field_text(sent: SentRequest, name: str) -> str:
    return (sent.body or "").partition(f'"{name}":"')[2].partition('"')[0]


def _remove_items(sent: SentRequest, amount: str) -> None:
    """Make it a refund of an amount without items."""
    sent.body = f'{{"order_refund":{{"amount":"{amount}","reason":"{_field_text(sent, "reason")}"}}}}'


def _over_order(story: Story) -> None:
    """The last refund gives back a cent more than the others left of the order."""
    total = int(story.order.partition('"total":"')[2].partition('"')[0].replace(".", ""))
    refunded = sum(int(_field_text(sent, "amount").replace(".", "")) for sent in story.sent[:-1])
    _remove_items(story.sent[-1], cents(total - refunded + 1))
    story.sent[-1].wrong("RF204", _WOO_AMOUNT)


def _amount_of(text: str, code: str, *, accepted: bool = False) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        _remove_items(story.sent[-1], text)
        story.sent[-1].wrong(code, _WOO_AMOUNT, accepted=accepted)

    return plant


def _items_mismatch(story: Story) -> None:
    last = story.sent[-1]
    last.swap(f'"amount":"{_field_text(last, "amount")}"', '"amount":"1.00"')
    last.wrong("RF209", "/order_refund/line_items", accepted=True)


def _item_over_line(story: Story) -> None:
    """More of the shipping goes back than was paid for it."""
    last = story.sent[-1]
    amount = int(_field_text(last, "amount").replace(".", "")) + 701
    last.swap(f'"amount":"{_field_text(last, "amount")}"', f'"amount":"{cents(amount)}"')
    last.swap('"refund_total":"1.00"', '"refund_total":"8.01"')
    last.wrong("RF213", "/order_refund/line_items/73/refund_total")


def _too_many_pieces(story: Story) -> None:
    """Pieces of one item come back in every request, in the last one more than are left."""
    for sent in story.sent:
        sent.swap('"72":{', '"71":{') if '"72":{' in (sent.body or "") else None
        # Their money stays small, so that only the pieces are too many.
        sent.body = '{"order_refund":{"amount":"1.00","line_items":{"71":{"qty":1,"refund_total":"1.00"}}}}'
    story.sent[-1].swap('"qty":1', f'"qty":{6 - len(story.sent)}')
    story.sent[-1].wrong("RF404", "/order_refund/line_items/71/qty", accepted=True)


def _listed_items(story: Story) -> None:
    last = story.sent[-1]
    items = (last.body or "").partition('"line_items":')[2].removesuffix("}}")
    last.swap(items, '[{"id":71,"quantity":1}]')
    last.wrong("RF307", "/order_refund/line_items", accepted=True)


def _not_paid(story: Story) -> None:
    story.sent = story.sent[:1]
    story.swap('"status":"completed"', '"status":"cancelled"')
    story.swap('"paid":true', '"paid":false')
    story.sent[0].wrong("RF320", "order:/order/payment_details/paid", accepted=True)


_OF_LEGACY: tuple[Callable[[Story], None], ...] = (
    _over_order,
    _amount_of("-5.00", "RF202"),
    _amount_of("5,00", "RF210"),
    _amount_of("0.00", "RF212", accepted=True),
    _items_mismatch,
    _item_over_line,
    _too_many_pieces,
    _change_body('"73":', '"999":', "RF301", "/order_refund/line_items/999"),
    _listed_items,
    _change_body('"restock_items":true', '"refund_payment":true', "RF216", "/order_refund/refund_payment"),
    _not_paid,
    _change_body('"amount":', '"api_refund":false,"amount":', "RF103", "/order_refund/api_refund"),
    _misname_field('"amount":', '"total":', "/order_refund"),
)


# TaxCloud. Every refund is of some pieces of one item.

_CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"


def _taxcloud(number: int, random: Random) -> Story:
    order_id = f"SO-{number + 1}"
    lines = [
        f'{{"index":{index},"itemId":"{item}","price":{cents(price)},"originalPrice":{cents(price)},"quantity":{quantity},'
        f'"tax":{{"amount":{cents(price // 12)},"rate":0.08}},"tic":0}}'
        for index, (item, price, quantity) in enumerate(
            [("CHAIR-OAK", 4500, "8"), ("OIL-LITRE", 1234, "4.5"), ("CHAIR-OAK", 4000, "8"), ("PEN-TRAY", 2500, "8")]
        )
    ]
    address = (
        f'{{"line1":"{number} Example Road","line2":null,"city":"Springfield","state":"IL","zip":"62701",'
        '"countryCode":"US"}'
    )
    order = (
        f'{{"orderId":"{order_id}","customerId":"C-{number}","connectionId":"{_CONNECTION}","transactionDate":'
        f'"2026-03-01T09:30:00Z","completedDate":"2026-03-03T10:00:00Z","kind":"order","channel":null,"excludeFromFiling":'
        f'false,"exemption":null,"currency":{{"currencyCode":"USD"}},"origin":{address},"destination":{address},"lineItems":'
        f"[{','.join(lines)}]}}"
    )
    many = random.choices((1, 2, 3), (35, 40, 25))[0]
    sent = [_taxcloud_refund(order_id, turn) for turn in range(many)]
    return Story(order_id, order, sent)


def _taxcloud_refund(order_id: str, turn: int) -> SentRequest:
    body = (
        f'{{"batchId":"returns-{order_id}","idempotencyKey":"rma-{order_id}-{turn}","items":[{{"itemId":"CHAIR-OAK","quantity":'
        f'2,"cartItemIndex":0}},{{"itemId":"OIL-LITRE","quantity":0.5}},{{"itemId":"PEN-TRAY","quantity":1}}]}}'
    )
    headers = '{"X-API-KEY":"***","Accept":"application/json","Content-Type":"application/json"}'
    path = f'{{"connectionId":"{_CONNECTION}","orderId":"{order_id}"}}'
    return SentRequest("taxcloud.refund_order", path, headers, body)


def _too_much_oil(story: Story) -> None:
    """With what came back before, more of an item comes back than was ordered."""
    remaining = 9 - (len(story.sent) - 1)
    story.sent[-1].swap('"quantity":0.5', f'"quantity":{remaining // 2}.{remaining % 2 * 5}1')
    story.sent[-1].wrong("RF401", "/items/1/quantity")


def _whole_order(story: Story) -> None:
    last = story.sent[-1]
    last.body = f'{{"idempotencyKey":"rma-{story.order_id}-all"}}'
    if len(story.sent) > 1:
        last.wrong("RF405", "", accepted=True)
    last.wrong("RF601", "", accepted=True)


def _reused_key(story: Story) -> None:
    """A second refund bears the key of the first, and other items."""
    first = story.sent[0]
    again = SentRequest(
        first.operation, first.path, first.headers, (first.body or "").replace('"quantity":2', '"quantity":3')
    )
    story.sent = [first, again]
    again.wrong("RF406", "/idempotencyKey")


_OF_TAXCLOUD: tuple[Callable[[Story], None], ...] = (
    _too_much_oil,
    _change_body('"quantity":0.5', '"quantity":0', "RF402", "/items/1/quantity"),
    _change_body(
        '{"itemId":"PEN-TRAY","quantity":1}', '{"itemId":"OIL-LITRE","quantity":0.5}', "RF316", "/items/2/itemId"
    ),
    _change_body(',"cartItemIndex":0', "", "RF315", "/items/0/itemId"),
    _change_body("PEN-TRAY", "PEN-CASE", "RF301", "/items/2/itemId"),
    _whole_order,
    _reused_key,
    _change_body('"items":', '"returnedDate":"2026-03-09T08:15:40Z","items":', "RF602", "/returnedDate"),
    _change_body('"quantity":0.5', '"quantity":0.5,"price":1.00', "RF108", "/items/1/price"),
    _change_body('"cartItemIndex":0', '"cartItemIndex":-1', "RF105", "/items/0/cartItemIndex"),
    _change_body('"itemId":"PEN-TRAY",', "", "RF101", "/items/2"),
)


# All of them.

_KINDS: tuple[tuple[Callable[[int, Random], Story], tuple[Callable[[Story], None], ...]], ...] = (
    (partial(_walmart, "walmart"), _OF_US),
    (partial(_walmart, "walmart_ca"), _OF_CA),
    (_woocommerce_legacy, _OF_LEGACY),
    (partial(_walmart, "walmart"), _OF_US),
    (_taxcloud, _OF_TAXCLOUD),
    (_walmart_return, _OF_RETURNS),
    (_woocommerce, _OF_WOOCOMMERCE),
)


def story(seed: int, number: int) -> Story:
    """Make the order of that number with its requests; one in EVERY orders has a violation."""
    random = Random(f"{seed}/{number}")  # noqa: S311 - the same history every time is the point
    make, violations = _KINDS[number % len(_KINDS)]
    order_story = make(number, random)
    turn, turn_in_cycle = divmod(number // len(_KINDS), EVERY)
    if turn_in_cycle == EVERY - 1:
        violations[turn % len(violations)](order_story)
    moment = _START + random.randrange(_YEAR)
    for sent in order_story.sent:
        sent.time = moment * 1_000_000
        moment += random.randrange(3_600, 20 * 86_400)
    return order_story


def shard(seed: int, first: int, count: int) -> tuple[pa.Table, pa.Table, list[tuple[int, str, str]]]:
    """Make `count` orders from number `first` on: their requests by time, the orders, the planted findings by row."""
    stories = [story(seed, number) for number in range(first, first + count)]
    sent = sorted(
        (request for history_order in stories for request in history_order.sent),
        key=lambda request: (request.time, request.path),
    )
    planted = [(row, code, pointer) for row, request in enumerate(sent) for code, pointer in request.planted]
    columns: dict[str, list[Any]] = {name: [getattr(request, name) for request in sent] for name in REQUESTS.names}
    orders = {
        "order_id": [history_order.order_id for history_order in stories],
        "order": [history_order.order for history_order in stories],
    }
    return pa.table(columns, schema=REQUESTS), pa.table(orders, schema=ORDERS), planted


def _write_shard(seed: int, orders: int, out: str, index: int) -> tuple[int, list[tuple[int, str, str]]]:
    requests, context, planted = shard(seed, index * SHARD, min(SHARD, orders - index * SHARD))
    parquet.write_table(requests, Path(out, "requests", f"{index:05}.parquet"), compression="zstd", row_group_size=4096)
    parquet.write_table(context, Path(out, "orders", f"{index:05}.parquet"), compression="zstd", row_group_size=1024)
    return requests.num_rows, planted


def write(orders: int, seed: int, out: Path) -> int:
    """Write a history of so many orders. Returns the number of its requests."""
    for name in ("requests", "orders"):
        (out / name).mkdir(parents=True, exist_ok=True)
    count = -(-orders // SHARD)
    rows = 0
    findings: list[tuple[int, str, str]] = []
    for requests, planted in _map_shards(partial(_write_shard, seed, orders, str(out)), count):
        findings.extend((rows + row, code, pointer) for row, code, pointer in planted)
        rows += requests
    columns = list(zip(*findings, strict=True)) or [(), (), ()]
    table = pa.table(dict(zip(PLANTED.names, columns, strict=True)), schema=PLANTED)
    parquet.write_table(table, out / "planted.parquet")
    return rows


T = TypeVar("T")


def _map_shards(run: Callable[[int], T], count: int) -> Iterator[T]:
    """Yield the results of so many shards in their order; several shards run on all cores."""
    if count == 1:
        yield run(0)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(run, range(count))


def main(arguments: list[str]) -> int:
    """Write the history that the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    print(
        f"{write(options.orders, options.seed, options.out):,} requests of {options.orders:,} orders in {options.out}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
