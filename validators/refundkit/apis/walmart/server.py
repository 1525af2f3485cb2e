"""Walmart's test server: an order's lines carry their refunds. The older Canadian API's server stands on it."""

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
from ...operations import Operation
from ...reading.xml import read_xml
from ...routes import Match
from ...rule import REGISTRY
from ...xml_writer import write_xml
from ..shared.serving import (
    Answer,
    Document,
    Request,
    Setup,
    copy_order,
    explain,
    has_credentials,
    json_answer,
    order_operation,
    read_basic,
    route,
    seeds,
)

_OPERATIONS = frozenset({"get_order", "refund_order_lines", "cancel_order_lines"})
_OPEN = ("Created", "Acknowledged")
_NO_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_UNREADABLE = frozenset({"RF001", "RF002", "RF004"})


class WalmartShop:
    """The state of one seller account: orders by purchase order id, and the tokens that were given out.

    `api` is the one that it answers; the tokens of create_token are good for each. `speaks_xml`: all but the tokens is
    XML. `completes_refunds`: a refund of the whole item price gives back all that is left of a line, as Walmart
    documents.
    """

    def __init__(self, api: str, setup: Setup, *, speaks_xml: bool = False, completes_refunds: bool = True) -> None:
        self.orders: dict[str, Document] = {}
        self.tokens: dict[str, float] = {}
        self._api = api
        self._setup = setup
        self._speaks_xml = speaks_xml
        self._completes_refunds = completes_refunds
        self._returns = 1000
        for order in seeds(api):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        document = copy_order(self._api, order)
        order_id = str(document["order"]["purchaseOrderId"])
        self.orders[order_id] = document
        return order_id

    def refunds(self, order: str) -> list[Document]:
        lines = self.orders[order]["order"]["orderLines"]["orderLine"]
        return [{"lineNumber": line["lineNumber"], "refund": line["refund"]} for line in lines if line.get("refund")]

    def answer(self, request: Request) -> Answer:
        token = route("walmart", request)
        if token is not None and token.operation.name == "walmart.create_token":
            return self._give_token(token, request)
        match = route(self._api, request)
        if match is None:
            return self._refuse(404, ("URI_NOT_FOUND", "uri", f"no route for {request.method} {request.path}"))
        if not self._has_access(match.operation, request):
            reason = "the token is unknown or expired" if _access_token(request) else "the credentials are missing"
            return self._refuse(401, ("UNAUTHORIZED", "WM_SEC.ACCESS_TOKEN", reason))
        if match.operation.name.partition(".")[2] not in _OPERATIONS:
            return self._setup.example(match, request)
        order = self.orders.get(match.path["purchaseOrderId"])
        body, findings = self._read_body(match.operation, request)
        findings = findings or self._setup.judge(match, request, body, order)
        media_types = [finding for finding in findings if finding.code == "RF508"]
        if media_types and self._speaks_xml:
            is_accept = media_types[0].pointer.lower() == "header:accept"
            return self._refuse_findings(406 if is_accept else 415, media_types)
        if order is None:
            message = f"there is no order {match.path['purchaseOrderId']}"
            return self._refuse(404, ("CONTENT_NOT_FOUND", "purchaseOrderId", message))
        if findings:
            return self._refuse_findings(400, findings)
        if body:
            self._execute(match.operation, order["order"], decode(body, dict))
        return self._write(match.operation, 200, order)

    def _execute(self, operation: Operation, order: Document, body: Document) -> None:
        """Refund or cancel the lines that a body names."""
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

    # Credentials.

    def _give_token(self, match: Match, request: Request) -> Answer:
        """The answer to create_token, which is JSON for every API."""
        if read_basic(request) is None:
            refusal = ("UNAUTHORIZED", "Authorization", "send client id and client secret as Basic credentials")
            return json_answer(401, _errors([refusal]))
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        findings = self._setup.judge(match, request, form)
        if findings:
            return json_answer(400, _errors([_describe(finding) for finding in findings]))
        token, seconds = secrets.token_urlsafe(24), self._setup.token_seconds
        self.tokens[token] = self._setup.clock() + seconds
        answer: Document = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        if form["grant_type"] == "authorization_code":
            answer["refresh_token"] = secrets.token_urlsafe(24)
        return json_answer(200, answer)

    def _has_access(self, operation: Operation, request: Request) -> bool:
        """Whether a request has a token that is still good, or other credentials."""
        token = _access_token(request)
        if token is not None:
            return self.tokens.get(token, 0.0) > self._setup.clock()
        return has_credentials(operation, request)

    # The wire.

    def _read_body(self, operation: Operation, request: Request) -> tuple[bytes, list[Finding]]:
        """The JSON text of a body, and what is wrong with the XML that it came in."""
        if operation.described.body is None or not operation.xml:
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

    def _write(self, operation: Operation, status: int, value: Document) -> Answer:
        if not self._speaks_xml:
            return json_answer(status, value)
        return Answer(status, {"content-type": "application/xml"}, write_xml(value, operation.schema(str(status))))

    def _refuse_findings(self, status: int, findings: list[Finding]) -> Answer:
        return self._refuse(status, *(_describe(finding) for finding in findings))

    def _refuse(self, status: int, *refusals: tuple[str, str, str]) -> Answer:
        return self._write(order_operation(self._api), status, _errors(refusals))


def open_shop(setup: Setup) -> WalmartShop:
    """A seller account with the seed order."""
    return WalmartShop("walmart", setup)


def _access_token(request: Request) -> str | None:
    return request.headers.get("wm_sec.access_token")


def replace_total(order: Document, total: Decimal) -> Document:
    """The order with one shipped piece of its first line, charged the total, without taxes."""
    inner = order["order"]
    line = inner["orderLines"]["orderLine"][0]
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
    return {"order": {**inner, "orderLines": {"orderLine": [line]}}}


def replace_id(order: Document, order_id: str) -> Document:
    """The order under another id."""
    return {"order": {**order["order"], "purchaseOrderId": order_id}}


def _refund(line: Document, request_line: Document, *, completes: bool) -> None:
    """Add a refund to the one that the line shows, which holds every charge that was ever given back.

    A full refund gives back all that is left of the line. Where `completes` is true, so does one of the whole item
    price.
    """
    refunds = request_line["refunds"]["refund"]
    charges = [charge for refund in refunds for charge in refund["refundCharges"].get("refundCharge", [])]
    shown: Document = line.get("refund") or {}
    for refund in refunds:
        shown |= {name: value for name, value in refund.items() if name in ("refundId", "refundComments")}
    before = shown.get("refundCharges", {}).get("refundCharge", [])
    if charges and (request_line.get("isFullRefund") is True or (completes and _is_whole_price(line, charges))):
        charges = list(_remaining_charges(line, before, charges[0]["refundReason"]))
    line["refund"] = shown | {"refundCharges": {"refundCharge": [*before, *map(_label, charges)]}}


def _label(charge: Document) -> Document:
    """A refunded charge as an order shows it: its name is the reason, in words."""
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", charge["refundReason"])
    return {**charge, "charge": {**charge["charge"], "chargeName": label}}


def _is_whole_price(line: Document, charges: list[Document]) -> bool:
    """Whether the refunded charges are the whole item price of a line."""
    price = _sum(charge for charge in line["charges"]["charge"] if charge["chargeType"] == "PRODUCT")
    refunded = _sum(entry["charge"] for entry in charges if entry["charge"]["chargeType"] == "PRODUCT")
    return price > 0 and EXACT.add(price, refunded) == 0


def _remaining_charges(line: Document, before: list[Document], reason: str) -> Iterator[Document]:
    """What is left of each charge type of the line, with its tax, as refunded charges."""
    charged = line["charges"]["charge"]
    for kind in dict.fromkeys(one["chargeType"] for one in charged):
        first = next(one for one in charged if one["chargeType"] == kind)
        every = [one for one in (*charged, *(old["charge"] for old in before)) if one["chargeType"] == kind]
        amount, tax = _sum(every), _sum(one["tax"] for one in every if one.get("tax"))
        if amount <= 0 and tax <= 0:
            continue
        currency = first["chargeAmount"]["currency"]
        charge = {**first, "chargeAmount": {"currency": currency, "amount": EXACT.minus(amount)}}
        charge.pop("taxDetails", None)
        charge.pop("tax", None)
        if tax > 0:
            name = next((one["tax"].get("taxName") for one in every if one.get("tax")), None) or "Tax"
            charge["tax"] = {"taxName": name, "taxAmount": {"currency": currency, "amount": EXACT.minus(tax)}}
        yield {"refundReason": reason, "charge": charge}


def _sum(parts: Any) -> Decimal:
    """The exact sum of charges, or of taxes."""
    result = ZERO
    for part in parts:
        result = EXACT.add(result, Decimal((part.get("chargeAmount") or part["taxAmount"])["amount"]))
    return result


def _cancel(line: Document, request_line: Document) -> None:
    """Move quantities from the open statuses of a line to Cancelled."""
    statuses = line["orderLineStatuses"]["orderLineStatus"]
    for cancellation in request_line["orderLineStatuses"]["orderLineStatus"]:
        remaining = Decimal(cancellation["statusQuantity"]["amount"])
        for status in statuses:
            if status["status"] in _OPEN and remaining > 0:
                quantity = Decimal(status["statusQuantity"]["amount"])
                moved = min(quantity, remaining)
                remaining -= moved
                status["statusQuantity"] = {**status["statusQuantity"], "amount": str(quantity - moved)}
        statuses.append({"status": "Cancelled", "statusQuantity": cancellation["statusQuantity"]})
    statuses[:] = [status for status in statuses if Decimal(status["statusQuantity"]["amount"]) > 0]


def _describe(finding: Finding) -> tuple[str, str, str]:
    """Walmart's code of a finding, the field that it is about, and why."""
    place, _, name = finding.pointer.partition(":")
    if place == "header":
        code = "MISSING_REQUEST_HEADER" if finding.code == "RF502" else "INVALID_REQUEST_HEADER"
    elif place in ("path", "query"):
        code = "INVALID_REQUEST_PARAM"
    else:
        code = "MALFORMED_REQUEST_CONTENT" if finding.code in _UNREADABLE else "INVALID_REQUEST_CONTENT"
    return code, name or finding.pointer or "data", explain(finding)


def _errors(refusals: Any) -> Document:
    """Walmart's body of errors; each refusal is a code, the field that it is about, and why, in what XML can hold."""
    return {
        "errors": {
            "error": [
                {
                    "code": f"{code}.GMP_ORDER_API",
                    "field": _NO_XML.sub("?", field),
                    "description": _NO_XML.sub("?", why),
                    "severity": "ERROR",
                    "category": "DATA",
                }
                for code, field, why in refusals
            ]
        }
    }
