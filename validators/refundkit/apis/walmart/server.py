"""Walmart's test server, which stores refunds in the lines of orders and returns; the older API uses it too."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from refundkit_apis._runtime.codec import decode, encode

from ...errors import Finding
from ...money import EXACT, ZERO
from ...operations import Operation, takes_xml
from ...reading.xml import is_xml, read_xml
from ...routes import Match
from ...rule import REGISTRY
from ...xml_writer import write_xml
from ..shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    Setup,
    copy_order,
    explain_finding,
    find_order_operation,
    has_credentials,
    load_orders,
    make_json_answer,
    match_route,
    read_basic,
)
from .return_server import make_return, refund_return, refunded_pieces, select_returns

_OPERATIONS = frozenset({"get_order", "refund_order_lines", "cancel_order_lines", "list_returns", "refund_return"})
_CANCELLABLE = ("Created", "Acknowledged")
_NOT_XML_CHARACTER = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_SYNTAX_CODES = frozenset({"RF001", "RF002", "RF004"})


class WalmartShop:
    """The state of one seller account: orders and returns by their ids, and the issued tokens.

    `api` is the API that it answers; create_token answers for both. `speaks_xml`: every answer but the token is XML.
    `completes_refunds`: a refund of the whole item price refunds all that remains of a line, as Walmart documents.
    """

    def __init__(self, api: str, setup: Setup, *, speaks_xml: bool = False, completes_refunds: bool = True) -> None:
        self.orders: dict[str, JsonObject] = {}
        self.tokens: dict[str, float] = {}
        self._api = api
        self._setup = setup
        self._speaks_xml = speaks_xml
        self._completes_refunds = completes_refunds
        self._returns = 1000
        for order in load_orders(api):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        document = copy_order(self._api, order)
        is_return = "returnOrders" in document
        order_id = document["returnOrders"][0]["returnOrderId"] if is_return else document["order"]["purchaseOrderId"]
        self.orders[order_id] = document
        return str(order_id)

    def refunds(self, order: str) -> list[JsonObject]:
        if "returnOrders" in self.orders[order]:
            lines = self.orders[order]["returnOrders"][0]["returnOrderLines"]
            names = ("returnOrderLineNumber", "refundedQty")
            return [{name: line[name] for name in names} for line in lines if refunded_pieces(line)]
        lines = self.orders[order]["order"]["orderLines"]["orderLine"]
        return [{"lineNumber": line["lineNumber"], "refund": line["refund"]} for line in lines if line.get("refund")]

    def answer(self, request: ReceivedRequest) -> Answer:
        token = match_route("walmart", request)
        if token is not None and token.operation.name == "walmart.create_token":
            return self._answer_token_request(token, request)
        match = match_route(self._api, request)
        if match is None:
            return self._refuse(404, ("URI_NOT_FOUND", "uri", f"no route for {request.method} {request.path}"))
        if not self._is_authorized(match.operation, request):
            reason = "the token is unknown or expired" if _access_token(request) else "the credentials are missing"
            return self._refuse(401, ("UNAUTHORIZED", "WM_SEC.ACCESS_TOKEN", reason))
        if match.operation.name.partition(".")[2] not in _OPERATIONS:
            return self._setup.example(match, request)
        order_id = next(iter(match.path.values()), "")
        order = self.orders.get(order_id) if order_id else select_returns(self.orders.values(), request.query)
        if order is not None and ("order" in order) is not ("purchaseOrderId" in match.path):
            order = None
        body, findings = self._read_body(match.operation, request)
        findings = findings or self._setup.check(match, request, body, order)
        media_types = [finding for finding in findings if finding.code == "RF508"]
        if media_types and self._speaks_xml:
            is_accept = media_types[0].pointer.lower() == "header:accept"
            return self._refuse_findings(406 if is_accept else 415, media_types)
        if order is None:
            return self._refuse(404, ("CONTENT_NOT_FOUND", next(iter(match.path)), f"there is no order {order_id}"))
        if findings:
            return self._refuse_findings(400, findings)
        if body and "order" not in order:
            return make_json_answer(200, refund_return(order["returnOrders"][0], decode(body, dict)))
        if body:
            self._execute(match.operation, order["order"], decode(body, dict))
        return self._make_answer(match.operation, 200, order)

    def _execute(self, operation: Operation, order: JsonObject, body: JsonObject) -> None:
        """Refund or cancel the lines that the body names."""
        lines = {line["lineNumber"]: line for line in reversed(order["orderLines"]["orderLine"])}
        if operation.name.endswith("cancel_order_lines"):
            for request_line in body["orderCancellation"]["orderLines"]["orderLine"]:
                _cancel(lines[request_line["lineNumber"]], request_line)
            return
        for request_line in body["orderRefund"]["orderLines"]["orderLine"]:
            line = lines[request_line["lineNumber"]]
            _refund(line, request_line, completes=self._completes_refunds)
            if request_line.get("isFullRefund") is True:
                self._returns += 1
                line["returnOrderId"] = str(self._returns)
                self.orders[line["returnOrderId"]] = make_return(order, line)

    # Credentials.

    def _answer_token_request(self, match: Match, request: ReceivedRequest) -> Answer:
        """Answer create_token; the answer is JSON for both APIs."""
        if read_basic(request) is None:
            refusal = ("UNAUTHORIZED", "Authorization", "send client id and client secret as Basic credentials")
            return make_json_answer(401, _error_body([refusal]))
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        findings = self._setup.check(match, request, form)
        if findings:
            return make_json_answer(400, _error_body([_describe_finding(finding) for finding in findings]))
        token, seconds = secrets.token_urlsafe(24), self._setup.token_seconds
        self.tokens[token] = self._setup.clock() + seconds
        answer: JsonObject = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        if form["grant_type"] == "authorization_code":
            answer["refresh_token"] = secrets.token_urlsafe(24)
        return make_json_answer(200, answer)

    def _is_authorized(self, operation: Operation, request: ReceivedRequest) -> bool:
        """True if the request has a token that has not expired, or other credentials."""
        token = _access_token(request)
        if token is not None:
            return self.tokens.get(token, 0.0) > self._setup.clock()
        return has_credentials(operation, request)

    # The wire.

    def _read_body(self, operation: Operation, request: ReceivedRequest) -> tuple[bytes, list[Finding]]:
        """Return the body as JSON text, and the findings about its XML."""
        if not operation.xml and not (takes_xml(operation) and is_xml(request.body)):
            return request.body, []
        document = read_xml(request.body, operation.schema())
        findings = [
            Finding(
                code=problem.code,
                name=REGISTRY[problem.code].name,
                pointer=problem.pointer,
                message=problem.message,
                help=problem.help,
            )
            for problem in document.problems
        ]
        return encode(document.value), findings

    def _make_answer(self, operation: Operation, status: int, value: JsonObject) -> Answer:
        if not self._speaks_xml:
            return make_json_answer(status, value)
        return Answer(status, {"content-type": "application/xml"}, write_xml(value, operation.schema(str(status))))

    def _refuse_findings(self, status: int, findings: list[Finding]) -> Answer:
        return self._refuse(status, *(_describe_finding(finding) for finding in findings))

    def _refuse(self, status: int, *refusals: tuple[str, str, str]) -> Answer:
        return self._make_answer(find_order_operation(self._api), status, _error_body(refusals))


def open_shop(setup: Setup) -> WalmartShop:
    """Return a seller account with the orders of orders.json."""
    return WalmartShop("walmart", setup)


def _access_token(request: ReceivedRequest) -> str | None:
    return request.headers.get("wm_sec.access_token")


def replace_total(order: JsonObject, total: Decimal) -> JsonObject:
    """Return the order with one shipped piece of its first line, charged the total, without taxes."""
    shop_order = order["order"]
    line = shop_order["orderLines"]["orderLine"][0]
    charge = {name: value for name, value in line["charges"]["charge"][0].items() if name != "tax"}
    charge["chargeAmount"] = {**charge["chargeAmount"], "amount": total}
    status = {**line["orderLineStatuses"]["orderLineStatus"][0]}
    status["statusQuantity"] = {**status["statusQuantity"], "amount": "1"}
    line = {
        **line,
        "charges": {"charge": [charge]},
        "orderLineQuantity": {**line["orderLineQuantity"], "amount": "1"},
        "orderLineStatuses": {"orderLineStatus": [status]},
    }
    return {"order": {**shop_order, "orderLines": {"orderLine": [line]}}}


def replace_id(order: JsonObject, order_id: str) -> JsonObject:
    """Return the order, or the return, under another id."""
    if "returnOrders" in order:
        return {**order, "returnOrders": [{**order["returnOrders"][0], "returnOrderId": order_id}]}
    return {"order": {**order["order"], "purchaseOrderId": order_id}}


def _refund(line: JsonObject, request_line: JsonObject, *, completes: bool) -> None:
    """Add the refunded charges to the refund that the line shows.

    A full refund refunds all that remains of the line. If `completes` is true, so does one of the whole item price.
    """
    refunds = request_line["refunds"]["refund"]
    charges = [charge for refund in refunds for charge in refund["refundCharges"].get("refundCharge", [])]
    shown: JsonObject = line.get("refund") or {}
    for refund in refunds:
        shown |= {name: value for name, value in refund.items() if name in ("refundId", "refundComments")}
    before = shown.get("refundCharges", {}).get("refundCharge", [])
    if charges and (request_line.get("isFullRefund") is True or (completes and _is_whole_price(line, charges))):
        charges = list(_remaining_charges(line, before, charges[0]["refundReason"]))
    line["refund"] = shown | {"refundCharges": {"refundCharge": [*before, *map(_label_charge, charges)]}}


def _label_charge(charge: JsonObject) -> JsonObject:
    """Return a refunded charge as an order shows it, named by the words of its reason."""
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", charge["refundReason"])
    return {**charge, "charge": {**charge["charge"], "chargeName": label}}


def _is_whole_price(line: JsonObject, charges: list[JsonObject]) -> bool:
    """True if the refunded charges are the whole item price of a line."""
    price = _sum_amounts(charge for charge in line["charges"]["charge"] if charge["chargeType"] == "PRODUCT")
    refunded = _sum_amounts(entry["charge"] for entry in charges if entry["charge"]["chargeType"] == "PRODUCT")
    return price > 0 and EXACT.add(price, refunded) == 0


def _remaining_charges(line: JsonObject, before: list[JsonObject], reason: str) -> Iterator[JsonObject]:
    """Yield what remains of each charge type of the line, with its tax, as refunded charges."""
    line_charges = line["charges"]["charge"]
    refunded_charges = [refund_charge["charge"] for refund_charge in before]
    for kind in dict.fromkeys(charge["chargeType"] for charge in line_charges):
        charges = [charge for charge in (*line_charges, *refunded_charges) if charge["chargeType"] == kind]
        taxes = [{**charge, **charge["tax"]} for charge in charges if charge.get("tax")]
        amount, tax_amount = _sum_amounts(charges), _sum_amounts(taxes)
        if amount <= 0 and tax_amount <= 0:
            continue
        first = charges[0]  # one of the line: refunded charges come after
        currency = first["chargeAmount"]["currency"]
        remaining = {**first, "chargeAmount": {"currency": currency, "amount": EXACT.minus(amount)}}
        for name in ("taxDetails", "tax", "isDiscount"):
            remaining.pop(name, None)
        if tax_amount > 0:
            name = (taxes[0].get("taxName") if taxes else None) or "Tax"
            remaining["tax"] = {"taxName": name, "taxAmount": {"currency": currency, "amount": EXACT.minus(tax_amount)}}
        yield {"refundReason": reason, "charge": remaining}


def _sum_amounts(parts: Any) -> Decimal:
    """Return the exact sum of charges, or of taxes; a discount lowers it."""
    result = ZERO
    for part in parts:
        amount = Decimal((part.get("taxAmount") or part["chargeAmount"])["amount"])
        result = EXACT.add(result, amount.copy_abs().copy_negate() if part.get("isDiscount") is True else amount)
    return result


def _cancel(line: JsonObject, request_line: JsonObject) -> None:
    """Move quantities from the open statuses of a line to Cancelled."""
    statuses = line["orderLineStatuses"]["orderLineStatus"]
    for cancellation in request_line["orderLineStatuses"]["orderLineStatus"]:
        remaining = Decimal(cancellation["statusQuantity"]["amount"])
        for status in statuses:
            if status["status"] in _CANCELLABLE and remaining > 0:
                quantity = Decimal(status["statusQuantity"]["amount"])
                moved = min(quantity, remaining)
                remaining -= moved
                status["statusQuantity"] = {**status["statusQuantity"], "amount": str(quantity - moved)}
        statuses.append({"status": "Cancelled", "statusQuantity": cancellation["statusQuantity"]})
    statuses[:] = [status for status in statuses if Decimal(status["statusQuantity"]["amount"]) > 0]


def _describe_finding(finding: Finding) -> tuple[str, str, str]:
    """Return Walmart's error code for a finding, the field, and the explanation."""
    place, _, name = finding.pointer.partition(":")
    if place == "header":
        code = "MISSING_REQUEST_HEADER" if finding.code == "RF502" else "INVALID_REQUEST_HEADER"
    elif place in ("path", "query"):
        code = "INVALID_REQUEST_PARAM"
    else:
        code = "MALFORMED_REQUEST_CONTENT" if finding.code in _SYNTAX_CODES else "INVALID_REQUEST_CONTENT"
    return code, name or finding.pointer or "data", explain_finding(finding)


def _error_body(refusals: Any) -> JsonObject:
    """Make Walmart's error body of refusals: (code, field, explanation); characters outside XML become `?`."""
    return {
        "errors": {
            "error": [
                {
                    "code": f"{code}.GMP_ORDER_API",
                    "field": _NOT_XML_CHARACTER.sub("?", field),
                    "description": _NOT_XML_CHARACTER.sub("?", why),
                    "severity": "ERROR",
                    "category": "DATA",
                }
                for code, field, why in refusals
            ]
        }
    }
