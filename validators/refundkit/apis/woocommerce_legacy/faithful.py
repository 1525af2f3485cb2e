"""WooCommerce 6.6.0 and 2.6.2 as they were recorded: what they accept in silence, and where they die."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import quote

import msgspec

from ... import routes
from ...money import ZERO
from ...reading.keys import UNREADABLE
from ...text import suggest_name
from ..shared.serving import Answer, Clock, Document, Request, copy_order, json_answer, read_basic, seeds
from . import php
from .books import (
    ORDER,
    REFUND,
    Books,
    error,
    money,
    no_route,
    not_of_order,
    refunded_lines,
    refusal_of_refund,
    significant,
)

Version: TypeAlias = Literal["6.6.0", "2.6.2"]
VERSIONS: tuple[str, ...] = get_args(Version)
GATEWAYS = ("false", "error")
_WINDOW = 15 * 60
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_OAUTH = tuple(f"oauth_{name}" for name in ("consumer_key", "timestamp", "nonce", "signature", "signature_method"))
_BODY = msgspec.json.Decoder(Any, float_hook=Decimal)
_AUTHENTICATION = "woocommerce_api_authentication_error"


class Refused(Exception):
    """A request that ends here; `answer` is what is sent."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class RecordedShop:
    """The state of one shop that runs a recorded version."""

    def __init__(self, version: Version, clock: Clock) -> None:
        self.books = Books(clock)
        self.orders = self.books.orders
        self.tokens: dict[str, float] = {}
        self._modern = version == "6.6.0"
        self._version = version
        self._clock = clock
        self._gateways: dict[str, str] = {}
        self._nonces: set[str] = set()
        for order in seeds("woocommerce_legacy"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        if gateway is not None and gateway not in GATEWAYS:
            known = " or ".join(map(repr, GATEWAYS))
            raise ValueError(f"gateway is {gateway!r}{suggest_name(gateway, GATEWAYS)}; it can be {known}")
        document = copy_order("woocommerce_legacy", order)
        name = self.books.add_order(document)
        if gateway is not None:
            self._gateways[name] = gateway
        if self._modern and document["order"].get("status") == "refunded":  # setting that status refunds what is left
            self.books.add_refund(name, self.books.left(name), "Order fully refunded.", [])
        return name

    def refunds(self, order: str) -> list[Document]:
        return self.books.of_order(order)

    def answer(self, request: Request) -> Answer:
        try:
            answer = self._routed(request)
        except Refused as refused:
            answer = refused.answer
        answer = answer if self._modern else _without_full_stops(answer)
        return msgspec.structs.replace(answer, body=b"") if request.method == "HEAD" else answer

    def _routed(self, request: Request) -> Answer:
        method = request.query.get("_method") or request.headers.get("x-http-method-override") or request.method
        method = {"HEAD": "GET", "PATCH": "PUT"}.get(method.upper(), method.upper())
        self._authenticate(request)
        if method not in _METHODS:
            raise Refused(error(400, "woocommerce_api_unsupported_method", "Unsupported request method"))
        path = request.path.lower().rstrip("/")
        is_one = "/refunds/" in path
        match = routes.match("PUT" if method == "POST" and is_one else method, path)
        if match is None or match.operation.api != "woocommerce_legacy":
            raise Refused(no_route())
        order, refund = (significant(match.path.get(name, "")) for name in ("id", "refund_id"))
        if order is None or refund is None:
            raise Refused(no_route())
        name = match.operation.name.partition(".")[2]
        if name == "create_refund":
            return self._create(request, order)
        self._must_exist(order)
        if name == "get_order":
            return json_answer(200, self.orders[order])
        if name == "list_refunds":
            return json_answer(200, {"order_refunds": [_select_fields(one, request) for one in self.refunds(order)]})
        return self._answer_refund(name, request, order, refund)

    def _must_exist(self, order: str) -> None:
        if not order:
            raise Refused(error(404, f"{ORDER}_id", "Invalid order ID."))
        if order in self.orders:
            return
        if self.books.owner(order) is not None:
            raise Refused(error(404, ORDER, "Invalid order."))
        raise Refused(error(404, "woocommerce_api_no_order_found", f"No order found with the ID equal to {order}"))

    def _answer_refund(self, name: str, request: Request, order: str, refund: str) -> Answer:
        owner = self.books.owner(refund)
        if name == "get_refund" and refund in self.orders:
            raise Refused(_critical(request))
        missing = refusal_of_refund(refund, owner)
        if missing is not None or owner is None:
            raise Refused(missing or no_route())
        document = self.books.refunds[owner][refund]
        if name == "get_refund":
            return json_answer(200, {"order_refund": _select_fields(document, request)})
        change = _data(request, "edit") if name == "update_refund" else {}
        if owner != order:
            raise Refused(not_of_order())
        if name == "delete_refund":
            del self.books.refunds[order][refund]
            return json_answer(200, {"message": "Permanently deleted refund"})
        amount = change.get("amount")
        if amount is not None and php.exceeds(amount, ZERO) and not isinstance(amount, dict | list):
            document["amount"] = money(php.formatted(amount))
        if "reason" in change and not self._modern:  # 6.6.0 writes it where nothing reads it
            document["reason"] = php.text(change["reason"])
        return json_answer(200, {"order_refund": document})

    def _create(self, request: Request, order: str) -> Answer:
        sent = _data(request, "create")
        if not order:
            raise Refused(error(400, f"{ORDER}_id", "Invalid order ID."))
        amount = sent.get("amount")
        if amount is None:
            raise Refused(error(400, REFUND, "Refund amount is required."))
        if php.is_below_zero(amount):
            raise Refused(error(400, REFUND, "Refund amount must be positive."))
        if order not in self.orders:
            is_refund = self.books.owner(order) is not None
            raise Refused(error(404, ORDER, "Invalid order.") if is_refund and not self._modern else _critical(request))
        if self._modern and php.exceeds(amount, self.books.left(order)):
            raise Refused(_critical(request))
        value = php.formatted(amount) if self._modern else php.product(amount)
        items, reason = sent.get("line_items"), sent.get("reason")
        has_reason = not isinstance(reason, dict | list)
        if value is None or not isinstance(items, dict | list | None) or not (has_reason or self._modern):
            raise Refused(_critical(request))
        if self._modern and sent.get("refund_payment") is True and order not in self._gateways:
            raise Refused(_critical(request))
        try:
            lines = refunded_lines(self.orders[order]["order"]["line_items"], items, self._version)
        except (ArithmeticError, AttributeError, ValueError):  # PHP does not count with such things either
            raise Refused(_critical(request)) from None
        refund = self.books.add_refund(order, value, php.text(reason) if has_reason else "", self.books.give_ids(lines))
        if self._modern:
            refund["created_at"] = _moment(sent.get("date_created")) or refund["created_at"]
            if self.books.left(order) <= 0:
                self.orders[order]["order"]["status"] = "refunded"
        if not has_reason:
            raise Refused(_critical(request))
        return self._through_gateway(request, order) or json_answer(201, {"order_refund": refund})

    def _through_gateway(self, request: Request, order: str) -> Answer | None:
        """What a gateway's failure makes of the answer; the refund is kept by then."""
        gateway = self._gateways.get(order)
        if gateway is None or request.query.get("api_refund", "1") in ("", "0"):
            return None
        if gateway == "error":
            return error(200, "error", "Refund Failed: No transaction ID")
        message = "An error occurred while attempting to create the refund using the payment gateway API."
        return error(500, "woocommerce_api_create_order_refund_api_failed", message)

    # Credentials: in the clear over https, signed in the query over http.

    def _authenticate(self, request: Request) -> None:
        if request.scheme == "https":
            query = request.query
            in_query = (query.get("consumer_key", ""), query.get("consumer_secret", ""))
            key, secret = in_query if any(in_query) else read_basic(request) or ("", "")
            if not key.startswith("ck_") or secret != _secret(key):
                word = "Key" if key and not key.startswith("ck_") else "Secret"
                _deny(f"Consumer {word} is invalid.", basic=not key)
            return
        missing = next((name for name in _OAUTH if not request.query.get(name)), None)
        if missing is not None:
            raise Refused(error(404, _AUTHENTICATION, f"{missing} parameter is missing"))
        self._verify(request)

    def _verify(self, request: Request) -> None:
        key, timestamp, nonce, signature, method = (request.query[name] for name in _OAUTH)
        if not key.startswith("ck_"):
            _deny("Consumer Key is invalid.")
        if method not in _DIGESTS:
            _deny("Invalid signature - signature method is invalid.")
        if not hmac.compare_digest(_signature(request, _secret(key), method).encode(), signature.encode()):
            _deny("Invalid signature - provided signature does not match.")
        if not timestamp.isascii() or not timestamp.isdigit() or abs(self._clock() - float(timestamp)) > _WINDOW:
            _deny("Invalid timestamp.")
        if nonce in self._nonces:
            _deny("Invalid nonce - nonce has already been used.")
        self._nonces.add(nonce)


def _secret(key: str) -> str:
    """The secret of a consumer key: cs_test for ck_test."""
    return "cs_" + key.removeprefix("ck_")


def _signature(request: Request, secret: str, method: str) -> str:
    """The OAuth 1.0a signature of a request without a token, over its address without a slash at the end."""
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in request.pairs if name != "oauth_signature")
    address = f"{request.scheme}://{request.host.lower()}{request.path.rstrip('/')}"
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(map(_quoted, (request.method, address, parameters)))
    return base64.b64encode(hmac.new(f"{secret}&".encode(), base.encode(), _DIGESTS[method]).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _deny(message: str, *, basic: bool = False) -> None:
    answer = error(401, _AUTHENTICATION, message)
    if basic:
        realm = 'Basic realm="WooCommerce API. Use a consumer key in the username field."'
        answer = msgspec.structs.replace(answer, headers={**answer.headers, "www-authenticate": realm})
    raise Refused(answer)


def _data(request: Request, verb: str) -> Document:
    """What the wrapper of a body holds."""
    try:
        body = _BODY.decode(request.body)
    except UNREADABLE:
        body = None
    if body is None:
        raise Refused(error(400, "woocommerce_api_missing_callback_param", "Missing parameter data"))
    wrapped = body.get("order_refund") if isinstance(body, dict) else None
    if wrapped is None:
        message = f"No order_refund data specified to {verb} order_refund"
        raise Refused(error(400, "woocommerce_api_missing_order_refund_data", message))
    return wrapped if isinstance(wrapped, dict) else {}


def _critical(request: Request) -> Answer:
    """What WordPress says when PHP dies: JSON to who speaks JSON, a page to everybody else."""
    sorry = "<p>There has been a critical error on this website.</p>"
    kinds = (request.headers.get(name, "").lower() for name in ("accept", "content-type"))
    if not any("application/json" in kind for kind in kinds):
        page = (
            f"<!DOCTYPE html>\n<html><head><title>WordPress &rsaquo; Error</title></head><body>{sorry}</body></html>\n"
        )
        return Answer(500, {"content-type": "text/html; charset=UTF-8"}, page.encode())
    more = "https://wordpress.org/support/article/faq-troubleshooting/"
    return json_answer(
        500,
        {
            "code": "internal_server_error",
            "message": f'{sorry}<p><a href="{more}">Learn more about troubleshooting WordPress.</a></p>',
            "data": {"status": 500},
            "additional_errors": [],
        },
    )


def _without_full_stops(answer: Answer) -> Answer:
    """The messages of 2.6.2 end without one."""
    return msgspec.structs.replace(answer, body=answer.body.replace(b'."}]}', b'"}]}'))


def _moment(text: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _select_fields(refund: Document, request: Request) -> Document:
    """A refund with nothing but the fields that `fields` names."""
    fields = request.query.get("fields")
    return {name: value for name, value in refund.items() if name in fields.split(",")} if fields else refund
