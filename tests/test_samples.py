"""The sample requests of the five documentation pages, as the pages have them, and what the rules say of each."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import refundkit
from refundkit import operations, routes
from refundkit.checking.schema import flaws
from story import ROOT

PAGES = ROOT.parent / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the documentation pages are not part of the project")

CHARGE = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundCharges/refundCharge/0"
QUANTITY = "/orderCancellation/orderLines/orderLine/0/orderLineStatuses/orderLineStatus/0/statusQuantity/amount"
# What every call of the older Walmart API holds in the samples.
SIGNED = {
    *(
        ("RF504", f"header:{name}")
        for name in (
            *("WM_CONSUMER.CHANNEL.TYPE", "WM_CONSUMER.ID", "WM_QOS.CORRELATION_ID", "WM_SEC.AUTH_SIGNATURE"),
            *("WM_SEC.TIMESTAMP", "WM_SVC.NAME"),
        )
    ),
    ("RF503", "header:WM_SEC.AUTH_SIGNATURE"),
    ("RF504", "path:purchaseOrderId"),
}


def page(name: str) -> str:
    """A page's text."""
    return (PAGES / name).read_text("utf-8")


def calls(name: str) -> list[Any]:
    """Every sample call of a page: curl commands, then Python calls, as codegen's reader of pages finds them."""
    sys.path.insert(0, str(ROOT))  # codegen is no installed package
    try:
        reader = import_module("codegen.pages.samples")
    finally:
        sys.path.remove(str(ROOT))
    return [*reader.commands(page(name), 1), *reader.statements(page(name), 1)]


def raised(operation: Any, body: object, **parts: Any) -> set[tuple[str, str]]:
    """The ids and pointers that a check finds."""
    return {(one.code, one.pointer) for one in refundkit.check(operation, body, **parts).findings}


def camel(value: Any) -> Any:
    """The names of a Python sample as they go over the wire."""
    if isinstance(value, dict):
        return {re.sub("_(.)", lambda found: found[1].upper(), key): camel(inner) for key, inner in value.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value


def responses(name: str) -> Iterator[Any]:
    """The JSON documents that a page shows in fences of their own."""
    for found in re.findall(r"```json\n(.*?)```", page(name), re.DOTALL):
        yield json.loads(found)


@pytest.mark.parametrize("index", [0, 1], ids=["curl", "python"])
def test_walmart_refund(index: int) -> None:
    """Walmart's two samples hold placeholders in path, headers and body, two order ids and zero dirhams."""
    call = calls("walmart-us-refund.txt")[index]
    match = routes.match(call.method, call.url)
    assert match is not None
    assert match.operation.name == "walmart.refund_order_lines"
    headers = {header.name: header.value for header in call.headers}
    assert raised(match.operation.name, call.body.value, path=match.path, headers=headers, url=call.url) == {
        ("RF201", f"{CHARGE}/charge/chargeAmount/amount"),
        ("RF205", f"{CHARGE}/charge/chargeAmount/currency"),
        ("RF501", "/orderRefund/purchaseOrderId"),
        ("RF504", "/orderRefund/purchaseOrderId"),
        ("RF504", "/orderRefund/orderLines/orderLine/0/lineNumber"),
        ("RF504", "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundId"),
        ("RF504", f"{CHARGE}/refundReason"),
        ("RF504", f"{CHARGE}/charge/chargeType"),
        ("RF504", f"{CHARGE}/charge/chargeName"),
        ("RF504", f"{CHARGE}/charge/tax/taxName"),
        ("RF504", f"{CHARGE}/charge/taxDetails/0/taxName"),
        ("RF504", "path:purchaseOrderId"),
        ("RF504", "header:WM_QOS.CORRELATION_ID"),
        ("RF504", "header:WM_SEC.ACCESS_TOKEN"),
        ("RF509", "header:WM_QOS.CORRELATION_ID"),
    }


def test_walmart_s_sample_order() -> None:
    """The order in Walmart's sample response serves as context, with the refund that it carries: nothing is left."""
    found = re.search(r"Sample response\s*(\{.*\})\s*Result", page("walmart-us-refund.txt"), re.DOTALL)
    assert found is not None
    order = json.loads(found[1])
    operation = operations.get("walmart.get_order")
    assert flaws(operation, order, "200") == []
    line = order["order"]["orderLines"]["orderLine"][0]
    again = {
        "lineNumber": line["lineNumber"],
        "refunds": {"refund": [{"refundCharges": line["refund"]["refundCharges"]}]},
    }
    body = {"orderRefund": {"purchaseOrderId": order["order"]["purchaseOrderId"], "orderLines": {"orderLine": [again]}}}
    charges = f"{CHARGE[:-1]}{{}}/charge/chargeAmount/amount"
    assert {one for one in raised("walmart.refund_order_lines", body, order=order) if one[0] == "RF203"} == {
        ("RF203", charges.format(0)),
        ("RF203", charges.format(1)),
    }


@pytest.mark.parametrize("index", [0, 1], ids=["sync", "async"])
def test_older_walmart_refund(index: int) -> None:
    """The older API's samples hold placeholders everywhere, and refund nothing: their charges are empty."""
    arguments = sdk(calls("walmart-ca-refund.md")[index])
    body = {
        "orderRefund": {
            "purchaseOrderId": arguments["purchase_order_id"],
            "orderLines": camel(arguments["order_lines"]),
        }
    }
    assert raised("walmart_ca.refund_order_lines", body, path=own_path(arguments), headers=own_headers(arguments)) == {
        ("RF310", "/orderRefund/orderLines/orderLine/0/refunds"),
        ("RF504", "/orderRefund/purchaseOrderId"),
        ("RF504", "/orderRefund/orderLines/orderLine/0/lineNumber"),
        *SIGNED,
    }


@pytest.mark.parametrize("index", [0, 1], ids=["sync", "async"])
def test_older_walmart_cancel(index: int) -> None:
    """The cancel samples hold placeholders, the quantity among them, and a status that cancels nothing."""
    arguments = sdk(calls("walmart-ca-cancel.md")[index])
    body = {"orderCancellation": {"orderLines": camel(arguments["order_lines"])}}
    found = raised("walmart_ca.cancel_order_lines", body, path=own_path(arguments), headers=own_headers(arguments))
    assert found == {
        ("RF402", QUANTITY),
        ("RF504", QUANTITY),
        ("RF504", "/orderCancellation/orderLines/orderLine/0/lineNumber"),
        *SIGNED,
    }
    body["orderCancellation"]["orderLines"]["orderLine"][0]["orderLineStatuses"]["orderLineStatus"][0][
        "statusQuantity"
    ]["amount"] = "1"
    assert ("RF308", QUANTITY.replace("statusQuantity/amount", "status")) in raised(
        "walmart_ca.cancel_order_lines", body
    )


def test_names_of_a_python_sample() -> None:
    """A Python sample's own names are unknown fields, and the help has the wire's."""
    arguments = sdk(calls("walmart-ca-cancel.md")[0])
    body = {"orderCancellation": {"orderLines": arguments["order_lines"]}}
    found = refundkit.check("walmart_ca.cancel_order_lines", body).findings
    (unknown,) = [one for one in found if one.code == "RF103"]
    assert unknown.pointer == "/orderCancellation/orderLines/order_line"
    assert "orderLine" in unknown.help


def sdk(call: Any) -> dict[str, Any]:
    """The arguments of an SDK's call; one that stands twice has one value."""
    given: dict[str, Any] = {}
    for name, literal in call.arguments:
        assert given.setdefault(name, literal.value) == literal.value
    return given


def own_path(arguments: dict[str, Any]) -> dict[str, str]:
    """The path's part of an SDK's arguments."""
    return {"purchaseOrderId": arguments["purchase_order_id"]}


def own_headers(arguments: dict[str, Any]) -> dict[str, str]:
    """The headers among an SDK's arguments, under the names that the spec gives them."""
    described = operations.get("walmart_ca.refund_order_lines").described
    names = {one.name for one in described.parameters} | {one.name for option in described.security for one in option}
    python = {re.sub("[.]", "_", name).lower(): name for name in names}
    return {python[name]: value for name, value in arguments.items() if name in python}


@pytest.mark.parametrize(
    ("method", "expected"),
    [("POST", set()), ("PUT", {("RF605", "/order_refund/reason")}), ("DELETE", set())],
)
def test_woocommerce_calls(method: str, expected: set[tuple[str, str]]) -> None:
    """WooCommerce's samples are sound but for the key and the secret; a new reason is not stored."""
    (call,) = [one for one in calls("woocommerce-refunds.md") if one.method == method and one.url.startswith("http")]
    match = routes.match(call.method, call.url)
    assert match is not None
    keys = base64.b64encode(sent_as(call.line).encode()).decode()
    headers = {header.name: header.value for header in call.headers} | {"Authorization": f"Basic {keys}"}
    body = call.body.value if call.body else None
    found = raised(match.operation.name, body, path=match.path, query=match.query, headers=headers, url=call.url)
    assert found == expected | {("RF504", "header:Authorization")}


def sent_as(line: int) -> str:
    """Who the curl command at a line of the WooCommerce page says it is."""
    lines = page("woocommerce-refunds.md").splitlines()
    found = re.search(r"-u (\S+)", "\n".join(lines[line - 1 : line + 2]))
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("index", "operation", "status"),
    [
        (0, "woocommerce_legacy.create_refund", "201"),
        (1, "woocommerce_legacy.get_refund", "200"),
        (2, "woocommerce_legacy.list_refunds", "200"),
        (3, "woocommerce_legacy.update_refund", "200"),
        (4, "woocommerce_legacy.delete_refund", "200"),
    ],
)
def test_woocommerce_responses(index: int, operation: str, status: str) -> None:
    """WooCommerce's sample responses are what the spec says of them."""
    assert flaws(operations.get(operation), list(responses("woocommerce-refunds.md"))[index], status) == []


def test_woocommerce_s_sample_list_counts() -> None:
    """The sample list of refunds serves as context: what it adds up to is gone from the order."""
    refunds = list(responses("woocommerce-refunds.md"))[2]
    order = {"order": {"id": 645, "status": "completed", "total": "50.00", "line_items": []}}
    given: dict[str, Any] = {"order": order, "refunds": refunds, "path": {"id": "645"}}
    left = {"order_refund": {"amount": "18.01"}}
    assert raised("woocommerce_legacy.create_refund", left, **given) == set()
    over = {"order_refund": {"amount": "18.02"}}
    assert raised("woocommerce_legacy.create_refund", over, **given) == {("RF204", "/order_refund/amount")}


def test_taxcloud_has_no_sample() -> None:
    """TaxCloud's page shows no request; a value of its own lists, left as it is, is a finding all the same."""
    assert calls("taxcloud-refund.txt") == []
    body = {"items": [{"itemId": "string", "quantity": 1}], "batchId": "string"}
    found = raised("taxcloud.refund_order", body, path={"connectionId": "connectionId", "orderId": "{orderId}"})
    assert found == {
        ("RF504", "/items/0/itemId"),
        ("RF504", "/batchId"),
        ("RF504", "path:connectionId"),
        ("RF504", "path:orderId"),
        ("RF505", "path:connectionId"),
    }


FILLED = {
    "purchaseOrderId": "2961380412345",
    "lineNumber": "1",
    "refundId": "r-1",
    "taxName": "State sales tax",
    "refundReason": "DamagedItem",
    "chargeType": "PRODUCT",
    "chargeName": "ItemPrice",
    "currency": "USD",
    "amount": -1,
    "refundComments": "Lid was cracked",
    "WM_QOS.CORRELATION_ID": "5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10",
    "WM_SEC.ACCESS_TOKEN": "a-token-of-our-own",
    "WM_CONSUMER.CHANNEL.TYPE": "0f3e4dd4-0514-4346-b39d-af0e00ea066d",
    "WM_SVC.NAME": "Walmart Marketplace",
    "WM_CONSUMER.ID": "5ba1a1ac-24a8-4d1c-8c6e-6b1a5a8f0a11",
    "WM_SEC.TIMESTAMP": "1762941600000",
    "WM_SEC.AUTH_SIGNATURE": "b3VyIG93biBzaWduYXR1cmU=",
}


def fill_in(value: Any, key: str = "") -> Any:
    """A part of a sample with real values in the place of placeholders, by their names."""
    if isinstance(value, dict):
        return {name: fill_in(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill_in(inner) for inner in value]
    return FILLED.get(key, value)


@pytest.mark.parametrize("index", [0, 1], ids=["curl", "python"])
def test_filled_in_walmart_refund_is_clean(index: int) -> None:
    """Walmart's samples with real values have no finding."""
    call = calls("walmart-us-refund.txt")[index]
    headers = fill_in({header.name: header.value for header in call.headers})
    path = {"purchaseOrderId": FILLED["purchaseOrderId"]}
    assert raised("walmart.refund_order_lines", fill_in(call.body.value), path=path, headers=headers) == set()


def test_filled_in_older_walmart_refund_has_the_one_finding_that_it_refunds_nothing() -> None:
    """The older API's sample with real values has one finding: its charges are empty."""
    arguments = sdk(calls("walmart-ca-refund.md")[0])
    body = {"orderRefund": {"purchaseOrderId": "", "orderLines": camel(arguments["order_lines"])}}
    path, headers = fill_in(own_path(arguments)), fill_in(own_headers(arguments))
    (found,) = refundkit.check("walmart_ca.refund_order_lines", fill_in(body), path=path, headers=headers).findings
    assert (found.code, found.message) == ("RF310", "line 1 has no charge")


def test_filled_in_older_walmart_cancel_has_the_one_finding_of_its_status() -> None:
    """The cancel sample with real values has one finding, which says the status to send."""
    arguments = sdk(calls("walmart-ca-cancel.md")[0])
    lines = fill_in(camel(arguments["order_lines"]))
    lines["orderLine"][0]["orderLineStatuses"]["orderLineStatus"][0]["statusQuantity"]["amount"] = "1"
    path, headers = fill_in(own_path(arguments)), fill_in(own_headers(arguments))
    body = {"orderCancellation": {"orderLines": lines}}
    (found,) = refundkit.check("walmart_ca.cancel_order_lines", body, path=path, headers=headers).findings
    assert (found.code, found.help) == ("RF308", "send Cancelled")
