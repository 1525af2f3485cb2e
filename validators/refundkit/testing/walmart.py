"""Walmart, the current API and Canada's older one: an order's lines carry their refunds."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from refundkit_apis._runtime.codec import decode, encode

from .. import operations
from ..money import EXACT, ZERO
from ..operations import Match, Operation
from ..rule import REGISTRY, Finding
from ..xml import read_xml, write_xml
from .exchange import Answer, Clock, Document, Request, json_answer
from .judge import basic, errors, has_credentials, route, words
from .seeds import held, seed

_OPEN = ("Created", "Acknowledged")
_NO_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_UNREADABLE = frozenset({"RF001", "RF002", "RF004"})
_TOKEN = operations.get("walmart.create_token")


class Walmart:
    """The state of one seller account: orders by purchase order id, and the tokens that were given out.

    `api` is walmart or walmart_ca; the latter speaks XML and gives out tokens all the same.
    """

    def __init__(self, api: str, clock: Clock, expires_in: int) -> None:
        self.api = api
        self.orders: dict[str, Document] = {}
        self.tokens: dict[str, float] = {}
        self._clock = clock
        self._expires_in = expires_in
        self._returns = 1000
        self.add_order(seed(api))

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        kept = held(self.api, order)
        name = str(kept["order"]["purchaseOrderId"])
        self.orders[name] = kept
        return name

    def refunds(self, order: str) -> list[Document]:
        lines = self.orders[order]["order"]["orderLines"]["orderLine"]
        return [{"lineNumber": line["lineNumber"], "refund": line["refund"]} for line in lines if line.get("refund")]

    def answer(self, request: Request) -> Answer:
        token = route("walmart", request)
        if token is not None and token.operation is _TOKEN:
            return self._token(token, request)
        match = route(self.api, request)
        if match is None:
            return self._refusal(404, ("URI_NOT_FOUND", "uri", f"no route for {request.method} {request.path}"))
        if not self._is_known(match.operation, request):
            words = "the token is unknown or expired" if self._bare_token(request) else "the credentials are missing"
            return self._refusal(401, ("UNAUTHORIZED", "WM_SEC.ACCESS_TOKEN", words))
        order = self.orders.get(match.path["purchaseOrderId"])
        body, found = self._body(match.operation, request)
        found = found or errors(match, request, body, order)
        wrong = [one for one in found if one.code == "RF508"]
        if wrong and self.api == "walmart_ca":
            return self._refused(406 if wrong[0].pointer.lower() == "header:accept" else 415, wrong)
        if order is None:
            message = f"there is no order {match.path['purchaseOrderId']}"
            return self._refusal(404, ("CONTENT_NOT_FOUND", "purchaseOrderId", message))
        if found:
            return self._refused(400, found)
        if body:
            self._act(match.operation, order["order"], decode(body, dict))
        return self._written(match.operation, 200, order)

    def _act(self, operation: Operation, order: Document, body: Document) -> None:
        lines = {line["lineNumber"]: line for line in reversed(order["orderLines"]["orderLine"])}
        if operation.name.endswith("cancel_order_lines"):
            for asked in body["orderCancellation"]["orderLines"]["orderLine"]:
                _cancel(lines[asked["lineNumber"]], asked)
            return
        for asked in body["orderRefund"]["orderLines"]["orderLine"]:
            line = lines[asked["lineNumber"]]
            _refund(line, asked, upgrades=self.api == "walmart")
            if asked.get("isFullRefund") is True:
                self._returns += 1
                line["returnOrderId"] = str(self._returns)

    # Credentials.

    def _token(self, match: Match, request: Request) -> Answer:
        """The answer to create_token, in JSON for both APIs."""
        if basic(request) is None:
            refusal = ("UNAUTHORIZED", "Authorization", "send client id and client secret as Basic credentials")
            return json_answer(401, _errors([refusal]))
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        found = errors(match, request, form)
        if found:
            return json_answer(400, _errors([_described(one) for one in found]))
        token = secrets.token_urlsafe(24)
        self.tokens[token] = self._clock() + self._expires_in
        given: Document = {"access_token": token, "token_type": "Bearer", "expires_in": self._expires_in}
        if form["grant_type"] == "authorization_code":
            given["refresh_token"] = secrets.token_urlsafe(24)
        return json_answer(200, given)

    def _bare_token(self, request: Request) -> str | None:
        return request.headers.get("wm_sec.access_token")

    def _is_known(self, operation: Operation, request: Request) -> bool:
        token = self._bare_token(request)
        if token is not None:
            return self.tokens.get(token, 0.0) > self._clock()
        return has_credentials(operation, request)

    # The wire.

    def _body(self, operation: Operation, request: Request) -> tuple[bytes, list[Finding]]:
        """The JSON text of a body, and what is wrong with the XML that it came in."""
        if operation.described.body is None or not operation.xml:
            return request.body, []
        document = read_xml(request.body, operation.schema())
        found = [
            Finding(
                code=one.code, name=REGISTRY[one.code].name, pointer=one.pointer, message=one.message, help=one.help
            )
            for one in document.problems
        ]
        return encode(document.value), found

    def _written(self, operation: Operation, status: int, value: Document) -> Answer:
        if self.api == "walmart":
            return json_answer(status, value)
        return Answer(status, {"content-type": "application/xml"}, write_xml(value, operation.schema(str(status))))

    def _refused(self, status: int, found: list[Finding]) -> Answer:
        return self._refusal(status, *(_described(one) for one in found))

    def _refusal(self, status: int, *refusals: tuple[str, str, str]) -> Answer:
        return self._written(operations.get_order(self.api), status, _errors(refusals))


def one_line(order: Document, total: Decimal) -> Document:
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


def numbered(order: Document, name: str) -> Document:
    """The order under another id."""
    return {"order": {**order["order"], "purchaseOrderId": name}}


def _refund(line: Document, asked: Document, *, upgrades: bool) -> None:
    """Add a refund to the one that the line shows, which holds every charge that was ever given back.

    A full refund gives back all that is left of the line. Where `upgrades` is true, so does one of the whole item
    price, as Walmart documents.
    """
    refunds = asked["refunds"]["refund"]
    charges = [charge for refund in refunds for charge in refund["refundCharges"].get("refundCharge", [])]
    shown: Document = line.get("refund") or {}
    for refund in refunds:
        shown |= {name: value for name, value in refund.items() if name in ("refundId", "refundComments")}
    before = shown.get("refundCharges", {}).get("refundCharge", [])
    if charges and (asked.get("isFullRefund") is True or (upgrades and _is_whole_price(line, charges))):
        charges = list(_left(line, before, charges[0]["refundReason"]))
    line["refund"] = shown | {"refundCharges": {"refundCharge": [*before, *map(_labelled, charges)]}}


def _labelled(charge: Document) -> Document:
    """A refunded charge as an order shows it: its name is the reason, in words."""
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", charge["refundReason"])
    return {**charge, "charge": {**charge["charge"], "chargeName": label}}


def _is_whole_price(line: Document, charges: list[Document]) -> bool:
    price = _sum(one for one in line["charges"]["charge"] if one["chargeType"] == "PRODUCT")
    asked = _sum(one["charge"] for one in charges if one["charge"]["chargeType"] == "PRODUCT")
    return price > 0 and EXACT.add(price, asked) == 0


def _left(line: Document, before: list[Document], reason: str) -> Iterator[Document]:
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


def _cancel(line: Document, asked: Document) -> None:
    """Move quantities from the open statuses of a line to Cancelled."""
    statuses = line["orderLineStatuses"]["orderLineStatus"]
    for one in asked["orderLineStatuses"]["orderLineStatus"]:
        wanted = Decimal(one["statusQuantity"]["amount"])
        for status in statuses:
            if status["status"] in _OPEN and wanted > 0:
                there = Decimal(status["statusQuantity"]["amount"])
                taken = min(there, wanted)
                wanted -= taken
                status["statusQuantity"] = {**status["statusQuantity"], "amount": str(there - taken)}
        statuses.append({"status": "Cancelled", "statusQuantity": one["statusQuantity"]})
    statuses[:] = [one for one in statuses if Decimal(one["statusQuantity"]["amount"]) > 0]


def _described(finding: Finding) -> tuple[str, str, str]:
    place, _, name = finding.pointer.partition(":")
    if place == "header":
        code = "MISSING_REQUEST_HEADER" if finding.code == "RF502" else "INVALID_REQUEST_HEADER"
    elif place in ("path", "query"):
        code = "INVALID_REQUEST_PARAM"
    else:
        code = "MALFORMED_REQUEST_CONTENT" if finding.code in _UNREADABLE else "INVALID_REQUEST_CONTENT"
    return code, name or finding.pointer or "data", words(finding)


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
