"""What users write, for the type checkers: every line here must check, and every marked one must not."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Literal, assert_type

import httpx
import refundkit
from refundkit import (
    Config,
    Outcome,
    RefundBlocked,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    Report,
    connect,
)
from refundkit.errors import StatusError
from refundkit.guard import AsyncGuardTransport, GuardTransport
from refundkit_apis.taxcloud.models import Order as TaxOrder
from refundkit_apis.taxcloud.models import Refund as TaxRefund
from refundkit_apis.taxcloud.models import RefundCreate as TaxRefundCreate
from refundkit_apis.taxcloud.models import RefundItem
from refundkit_apis.taxcloud.ready import TaxcloudClient
from refundkit_apis.walmart.api.orders import get_order
from refundkit_apis.walmart.client import Client
from refundkit_apis.walmart.models import (
    Order,
    OrderRefund,
    Refund,
    RefundCharge,
    RefundCharges,
    RefundedCharge,
    RefundLine,
    RefundLines,
    RefundMoney,
    Refunds,
)
from refundkit_apis.walmart_ca.models import Order as CanadianOrder
from refundkit_apis.walmart_ca.models import OrderCancellation
from refundkit_apis.woocommerce_legacy.models import Refund as ShopRefund
from refundkit_apis.woocommerce_legacy.models import RefundCreate, RefundUpdate


def line(number: str, amount: Decimal) -> RefundLine:
    """One charge of one line, given back."""
    money = RefundMoney(amount=amount, currency="USD")
    charge = RefundedCharge(charge_type="PRODUCT", charge_name="ItemPrice", charge_amount=money)
    charges = RefundCharges(refund_charge=[RefundCharge(refund_reason="DamagedItem", charge=charge)])
    return RefundLine(line_number=number, refunds=Refunds(refund=[Refund(refund_charges=charges)]))


def walmart(client_id: str, client_secret: str) -> str:
    """Refund a line, and say what happened."""
    refund = OrderRefund(
        purchase_order_id="2961380412345",
        order_lines=RefundLines(order_line=[line("1", Decimal("-19.99"))]),
    )
    with connect.walmart(client_id, client_secret, market="us", timeout=10, config=Config(ignore=("RF6",))) as shop:
        try:
            order = shop.refund_order_lines("2961380412345", refund, timeout=60)
        except RefundBlocked as error:
            return str(error.report.findings[0].code)
        except RefundNotSent as error:
            return f"try again: {error}"
        except RefundRefused as error:
            assert_type(error.status, int)
            return f"{error.status} {error.code} {error.reason}"
        except RefundOutcomeUnknown as error:
            outcome = error.resolve(wait=5)
            assert_type(outcome, Outcome)
            return "made" if outcome is Outcome.MADE else f"not made: {error.request_id}"
        except StatusError as error:
            assert_type(error.status, int)
            return f"{error.status} {error.code} {error.reason}"
        except RefundError as error:
            assert_type(error.sent, Literal["no", "maybe", "yes"])
            assert_type(error.status, int | None)
            return f"{error.sent} {error.status} {error.code} {error.request_id} {error.response}"
        assert_type(order, Order)
        assert_type(shop.get_order("2961380412345"), Order)
        shop.refund_order_lines("2961380412345", None)  # type: ignore[arg-type]
        shop.refund_order_lines(2961380412345, refund)  # type: ignore[arg-type]
        shop.refund_order_lines("2961380412345")  # type: ignore[call-arg]
        return order.purchase_order_id


async def canada(cancellation: OrderCancellation) -> None:
    """The older Canadian API, by token and by signature."""
    async with connect.walmart_ca("id", "secret", "channel") as shop:
        assert_type(await shop.cancel_order_lines("1796277083022", cancellation), CanadianOrder)
    async with connect.walmart_ca_signed("id", "key", "channel", guard=False) as shop:
        assert_type(await shop.get_order("1796277083022"), CanadianOrder)


async def shop() -> None:
    """A shop's refunds, one after the other."""
    connection = connect.woocommerce_legacy("https://shop.example.net", "ck", "cs", on_report=told)
    async with connection as store:
        made = await store.create_refund(1204, RefundCreate(amount=Decimal("5.00"), reason="torn"), api_refund="0")
        assert_type(made, ShopRefund)
        assert_type(await store.list_refunds("1204"), list[ShopRefund])
        await store.update_refund(1204, 1301, RefundUpdate(amount="4.00"))
        assert_type(await store.delete_refund(1204, 1301), None)
        await store.create_refund(1204, RefundCreate(amount="5.00"), gateway=False)  # type: ignore[call-arg]
    store.create_refund(1204, {"amount": "5.00"})  # type: ignore[arg-type, unused-coroutine]


def told(report: Report) -> None:
    """What a caller does with a report."""
    for one in report.findings:
        print(one.code, one.pointer, one.message, one.line or 0)


def taxes() -> list[TaxRefund]:
    """TaxCloud wants quantities."""
    with connect.taxcloud("0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608", api_key="key") as tax:
        item = RefundItem(item_id="A", quantity=Decimal("0.5"))
        assert_type(tax.get_order("SO-1077", expand=None), TaxOrder)
        tax.refund_order("0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608", "SO-1077", TaxRefundCreate())  # type: ignore[call-arg, arg-type]
        return tax.refund_order("SO-1077", TaxRefundCreate(items=[item]))


def any_api(client: TaxcloudClient) -> None:
    """An API by its name, and a ready client as an argument of one's own function."""
    with connect.api("taxcloud", connection_id="0b9a3f52", auth=httpx.BasicAuth("name", "key"), timeout=5) as tax:
        any_api(tax)
    assert_type(client.refund_order("SO-1077", TaxRefundCreate()), list[TaxRefund])
    connect.api("taxcloud", auth="key")  # type: ignore[arg-type]


def one_call(order_id: str, dry: bool) -> str:
    """A refund in one call; money is never a float, and what is given for the tax is one of three words."""
    with connect.walmart("id", "secret") as shop:
        assert_type(shop.refund(order_id, {"1": "5.00"}, tax="added", reason="DamagedItem"), Order)
        shop.refund(order_id, {"1": Decimal("5.00"), "2": refundkit.ALL, "3": refundkit.pieces(2), "4": 5}, tax="none")
        whole_lines = dict.fromkeys(order_id.split(), refundkit.ALL)
        assert_type(shop.refund(order_id, whole_lines, shipping=refundkit.ALL, timeout=60), Order)
        assert_type(shop.refund(order_id, refundkit.ALL, reason="DamagedItem", dry_run=dry), Order | refundkit.Draft)
        draft = shop.refund(order_id, {"1": "5.00"}, tax="included", dry_run=True)
        assert_type(draft, refundkit.Draft)
        shop.refund(order_id, {"1": 5.0}, tax="added")  # type: ignore[call-overload]
        shop.refund(order_id, {"1": "5.00"}, tax="plus")  # type: ignore[call-overload]
        shop.refund(order_id, refundkit.ALL, shipping=1.5)  # type: ignore[call-overload]
        shop.refund(order_id, {"1": "5.00"}, currency="USD")  # type: ignore[call-overload]
        shop.refund({"1": "5.00"})  # type: ignore[call-overload]
    return f"{draft.summary} {draft.report.ok}"


async def one_call_of_a_shop() -> None:
    """The async twin, of an API with amounts of the order, and of one with quantities."""
    async with connect.woocommerce_legacy("https://shop.example.net", "ck", "cs") as store:
        assert_type(await store.refund(1204, amount="5.00", reason="torn"), ShopRefund)
        assert_type(await store.refund(1204, {"71": "5.00"}, tax="added", dry_run=True), refundkit.Draft)
        await store.refund(1204, amount=5.0)  # type: ignore[call-overload]
    async with connect.taxcloud("0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608", api_key="key") as tax:
        assert_type(await tax.refund("SO-1077", {"OIL-LITRE": refundkit.pieces("0.5")}), list[TaxRefund])
        refundkit.pieces(0.5)  # type: ignore[arg-type]


def by_hand(body: bytes, order: bytes) -> Report:
    """The check, and a guard around a client of one's own."""
    transport = GuardTransport(httpx.HTTPTransport(), fetch_context=True, auth=refundkit.auth.TaxCloudKey("key"))
    with httpx.Client(transport=transport) as client:
        client.post("https://api.example.net/anything", content=body)
    with Client("https://marketplace.walmartapis.com", options={"transport": transport}) as client_of_ours:
        assert_type(get_order.sync("2961380412345", client=client_of_ours).order, Order)
    reporting = AsyncGuardTransport(httpx.AsyncHTTPTransport(), mode="report", fail_on="warning", total_timeout=60)
    later = httpx.AsyncClient(transport=reporting)
    asyncio.run(later.aclose())
    report = refundkit.check("walmart.refund_order_lines", body, order=order, require=["order"], fail_on="warning")
    report.raise_for_errors()
    return report


def misspelt() -> object:
    """A name that the package lacks, though it imports some when they are first used."""
    return refundkit.chekc  # type: ignore[attr-defined]
