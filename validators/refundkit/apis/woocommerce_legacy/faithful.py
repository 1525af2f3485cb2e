"""WooCommerce 6.6.0 and 2.6.2 as recorded: a test server with what they accept, ignore and fail on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from ... import routes
from ...money import ZERO
from ...reading.keys import UNREADABLE
from ...text import suggest_name
from ..shared.serving import (
    Answer,
    Clock,
    JsonObject,
    ReceivedRequest,
    copy_order,
    load_orders,
    make_json_answer,
    read_basic,
)
from ..woocommerce import oauth, php
from .order_book import (
    ORDER,
    REFUND,
    OrderBook,
    check_refund_id,
    format_money,
    make_error,
    make_no_route_error,
    make_refund_lines,
    make_wrong_order_error,
    show_order,
    strip_zeros,
)

Version: TypeAlias = Literal["6.6.0", "2.6.2"]
VERSIONS: tuple[str, ...] = get_args(Version)
GATEWAYS = ("false", "error")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_BODY = msgspec.json.Decoder(Any, float_hook=Decimal)
_AUTHENTICATION = "woocommerce_api_authentication_error"


class RequestRefused(Exception):
    """Ends the handling of a request; `answer` is sent."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class RecordedShop:
    """The state of one shop that runs a recorded version."""

    def __init__(self, version: Version, clock: Clock) -> None:
        self.order_book = OrderBook(clock)
        self.orders = self.order_book.orders
        self.tokens: dict[str, float] = {}
        self._is_current = version == "6.6.0"
        self._version = version
        self._clock = clock
        self._gateways: dict[str, str] = {}
        self._nonces: set[str] = set()
        for order in load_orders("woocommerce_legacy"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        if gateway is not None and gateway not in GATEWAYS:
            choices = " or ".join(map(repr, GATEWAYS))
            raise ValueError(f"gateway is {gateway!r}{suggest_name(gateway, GATEWAYS)}; it can be {choices}")
        document = copy_order("woocommerce_legacy", order)
        name = self.order_book.add_order(document)
        if gateway is not None:
            self._gateways[name] = gateway
        # 6.6.0 refunds the remaining amount when an order gets this status.
        if self._is_current and document["order"].get("status") == "refunded":
            self.order_book.add_refund(name, self.order_book.remaining_amount(name), "Order fully refunded.", [])
        return name

    def refunds(self, order: str) -> list[JsonObject]:
        return self.order_book.list_refunds(order)

    def answer(self, request: ReceivedRequest) -> Answer:
        try:
            answer = self._route(request)
        except RequestRefused as refused:
            answer = refused.answer
        answer = answer if self._is_current else _strip_full_stops(answer)
        return msgspec.structs.replace(answer, body=b"") if request.method == "HEAD" else answer

    def _route(self, request: ReceivedRequest) -> Answer:
        method = request.query.get("_method") or request.headers.get("x-http-method-override") or request.method
        method = {"HEAD": "GET", "PATCH": "PUT"}.get(method.upper(), method.upper())
        self._authenticate(request)
        if method not in _METHODS:
            raise RequestRefused(make_error(400, "woocommerce_api_unsupported_method", "Unsupported request method"))
        path = request.path.lower().rstrip("/")
        is_single_refund = "/refunds/" in path
        match = routes.match("PUT" if method == "POST" and is_single_refund else method, path)
        if match is None or match.operation.api != "woocommerce_legacy":
            raise RequestRefused(make_no_route_error())
        order, refund = (strip_zeros(match.path.get(name, "")) for name in ("id", "refund_id"))
        if order is None or refund is None:
            raise RequestRefused(make_no_route_error())
        name = match.operation.name.partition(".")[2]
        if name == "create_refund":
            return self._create(request, order)
        self._require_order(order)
        if name == "get_order":
            return make_json_answer(200, show_order(self.orders[order], request))
        if name == "list_refunds":
            refunds = [_select_fields(document, request) for document in self.refunds(order)]
            return make_json_answer(200, {"order_refunds": refunds})
        return self._answer_refund(name, request, order, refund)

    def _require_order(self, order: str) -> None:
        if not order:
            raise RequestRefused(make_error(404, f"{ORDER}_id", "Invalid order ID."))
        if order in self.orders:
            return
        if self.order_book.find_order(order) is not None:
            raise RequestRefused(make_error(404, ORDER, "Invalid order."))
        raise RequestRefused(
            make_error(404, "woocommerce_api_no_order_found", f"No order found with the ID equal to {order}")
        )

    def _answer_refund(self, name: str, request: ReceivedRequest, order: str, refund: str) -> Answer:
        order_of_refund = self.order_book.find_order(refund)
        if name == "get_refund" and refund in self.orders:
            raise RequestRefused(_make_critical_error(request))
        refusal = check_refund_id(refund, order_of_refund)
        if refusal is not None or order_of_refund is None:
            raise RequestRefused(refusal or make_no_route_error())
        document = self.order_book.refunds[order_of_refund][refund]
        if name == "get_refund":
            return make_json_answer(200, {"order_refund": _select_fields(document, request)})
        change = _read_body(request, "edit") if name == "update_refund" else {}
        if order_of_refund != order:
            raise RequestRefused(make_wrong_order_error())
        if name == "delete_refund":
            del self.order_book.refunds[order][refund]
            return make_json_answer(200, {"message": "Permanently deleted refund"})
        amount = change.get("amount")
        if amount is not None and php.is_greater(amount, ZERO) and not isinstance(amount, dict | list):
            document["amount"] = format_money(php.format_decimal(amount))
        if "reason" in change and not self._is_current:  # 6.6.0 writes it where nothing reads it
            document["reason"] = php.to_text(change["reason"])
        return make_json_answer(200, {"order_refund": document})

    def _create(self, request: ReceivedRequest, order: str) -> Answer:
        body = _read_body(request, "create")
        if not order:
            raise RequestRefused(make_error(400, f"{ORDER}_id", "Invalid order ID."))
        amount = body.get("amount")
        if amount is None:
            raise RequestRefused(make_error(400, REFUND, "Refund amount is required."))
        if php.is_below_zero(amount):
            raise RequestRefused(make_error(400, REFUND, "Refund amount must be positive."))
        if order not in self.orders:
            is_refund = self.order_book.find_order(order) is not None
            if is_refund and not self._is_current:
                raise RequestRefused(make_error(404, ORDER, "Invalid order."))
            raise RequestRefused(_make_critical_error(request))
        if self._is_current and php.is_greater(amount, self.order_book.remaining_amount(order)):
            raise RequestRefused(_make_critical_error(request))
        value = php.format_decimal(amount) if self._is_current else php.to_number(amount)
        items, reason = body.get("line_items"), body.get("reason")
        has_reason = not isinstance(reason, dict | list)
        if value is None or not isinstance(items, dict | list | None) or not (has_reason or self._is_current):
            raise RequestRefused(_make_critical_error(request))
        if self._is_current and body.get("refund_payment") is True and order not in self._gateways:
            raise RequestRefused(_make_critical_error(request))
        try:
            lines = make_refund_lines(self.orders[order]["order"]["line_items"], items, self._version)
        except (ArithmeticError, AttributeError, ValueError):  # PHP does not count with such things either
            raise RequestRefused(_make_critical_error(request)) from None
        reason_text = php.to_text(reason) if has_reason else ""
        refund = self.order_book.add_refund(order, value, reason_text, self.order_book.assign_ids(lines))
        if self._is_current:
            refund["created_at"] = _parse_time(body.get("date_created")) or refund["created_at"]
            if self.order_book.remaining_amount(order) <= 0:
                self.orders[order]["order"]["status"] = "refunded"
        if not has_reason:
            raise RequestRefused(_make_critical_error(request))
        return self._answer_gateway(request, order) or make_json_answer(201, {"order_refund": refund})

    def _answer_gateway(self, request: ReceivedRequest, order: str) -> Answer | None:
        """Return the answer of a failing gateway, None if none was asked; the refund is stored by then."""
        gateway = self._gateways.get(order)
        if gateway is None or request.query.get("api_refund", "1") in ("", "0"):
            return None
        if gateway == "error":
            return make_error(200, "error", "Refund Failed: No transaction ID")
        message = "An error occurred while attempting to create the refund using the payment gateway API."
        return make_error(500, "woocommerce_api_create_order_refund_api_failed", message)

    # Credentials: in the clear over https, signed in the query over http.

    def _authenticate(self, request: ReceivedRequest) -> None:
        if request.scheme == "https":
            query = request.query
            in_query = (query.get("consumer_key", ""), query.get("consumer_secret", ""))
            key, secret = in_query if any(in_query) else read_basic(request) or ("", "")
            if not key.startswith("ck_") or secret != oauth.secret_of(key):
                word = "Key" if key and not key.startswith("ck_") else "Secret"
                _refuse_credentials(f"Consumer {word} is invalid.", asks_for_basic=not key)
            return
        missing = next((name for name in oauth.PARAMETERS if not request.query.get(name)), None)
        if missing is not None:
            raise RequestRefused(make_error(404, _AUTHENTICATION, f"{missing} parameter is missing"))
        refusal = oauth.find_refusal(request, self._clock, self._nonces)
        if refusal:
            _refuse_credentials(refusal)


def _refuse_credentials(message: str, *, asks_for_basic: bool = False) -> None:
    answer = make_error(401, _AUTHENTICATION, message)
    if asks_for_basic:
        realm = 'Basic realm="WooCommerce API. Use a consumer key in the username field."'
        answer = msgspec.structs.replace(answer, headers={**answer.headers, "www-authenticate": realm})
    raise RequestRefused(answer)


def _read_body(request: ReceivedRequest, verb: str) -> JsonObject:
    """Return the object in the wrapper `order_refund` of a body. Raises RequestRefused."""
    try:
        body = _BODY.decode(request.body)
    except UNREADABLE:
        body = None
    if body is None:
        raise RequestRefused(make_error(400, "woocommerce_api_missing_callback_param", "Missing parameter data"))
    wrapped = body.get("order_refund") if isinstance(body, dict) else None
    if wrapped is None:
        message = f"No order_refund data specified to {verb} order_refund"
        raise RequestRefused(make_error(400, "woocommerce_api_missing_order_refund_data", message))
    return wrapped if isinstance(wrapped, dict) else {}


def _make_critical_error(request: ReceivedRequest) -> Answer:
    """Make WordPress's answer to a PHP failure: JSON if the request names JSON, else an HTML page."""
    apology = "<p>There has been a critical error on this website.</p>"
    kinds = (request.headers.get(name, "").lower() for name in ("accept", "content-type"))
    if not any("application/json" in kind for kind in kinds):
        head = "<head><title>WordPress &rsaquo; Error</title></head>"
        page = f"<!DOCTYPE html>\n<html>{head}<body>{apology}</body></html>\n"
        return Answer(500, {"content-type": "text/html; charset=UTF-8"}, page.encode())
    help_url = "https://wordpress.org/support/article/faq-troubleshooting/"
    return make_json_answer(
        500,
        {
            "code": "internal_server_error",
            "message": f'{apology}<p><a href="{help_url}">Learn more about troubleshooting WordPress.</a></p>',
            "data": {"status": 500},
            "additional_errors": [],
        },
    )


def _strip_full_stops(answer: Answer) -> Answer:
    """Remove the full stops that end messages: 2.6.2 has none."""
    return msgspec.structs.replace(answer, body=answer.body.replace(b'."}]}', b'"}]}'))


def _parse_time(to_text: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(to_text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _select_fields(refund: JsonObject, request: ReceivedRequest) -> JsonObject:
    """Return a refund with only the fields that the query's `fields` names."""
    fields = request.query.get("fields")
    return {name: value for name, value in refund.items() if name in fields.split(",")} if fields else refund
