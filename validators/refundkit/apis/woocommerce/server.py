"""WooCommerce's test server, wc/v3: as its spec describes it, or as version 11.0.1 was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import parse_qsl

import msgspec

from ... import routes
from ...money import EXACT, ZERO
from ...reading.keys import UNREADABLE
from ...routes import Match
from ...text import suggest_name
from ..shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    Setup,
    Shop,
    copy_order,
    explain_finding,
    has_credentials,
    load_orders,
    make_json_answer,
    read_basic,
)
from . import oauth, php
from .order_book import OrderBook, SentItem, parse_number, read_items, show, strip_zeros
from .outcome import WITHOUT_REFUNDS

Version: TypeAlias = Literal["11.0.1"]
FAITHFUL: tuple[str, ...] = get_args(Version)
_OPERATIONS = frozenset(
    f"woocommerce.{name}" for name in ("create_refund", "list_refunds", "get_refund", "delete_refund", "get_order")
)
GATEWAYS = {
    "false": "An error occurred while attempting to create the refund using the payment gateway API.",
    "error": "The pretend bank declined.",
}
_MEDIA_TYPE = "application/json; charset=UTF-8"
# What the refund of the first order was of, which an order does not tell.
_SEED_ITEMS = {"1301": [SentItem("71", 1, Decimal(20), {"3": Decimal(2)})]}
_BODY = msgspec.json.Decoder(Any, float_hook=Decimal)
# The types of the arguments that the server looks at; null passes.
_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "amount": ("string", str),
    "reason": ("string", str),
    "refunded_by": ("integer", int),
    "meta_data": ("array", list),
    "line_items": ("array", (list, dict)),
}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False, "none": False}
_FLAGS = ("api_refund", "api_restock")


class RequestRefused(Exception):
    """Ends the handling of a request; `answer` is sent."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class WooCommerceShop:
    """The state of one shop.

    As documented it refuses what a check calls wrong; as recorded it takes, drops and fails on what 11.0.1 does.
    """

    def __init__(self, setup: Setup) -> None:
        self.order_book = OrderBook(setup.clock)
        self.orders = self.order_book.orders
        self.tokens: dict[str, float] = {}
        self._setup = setup
        self._is_faithful = setup.faithful is not None
        self._gateways: dict[str, str] = {}
        self._nonces: set[str] = set()
        self._seen: dict[int, Decimal] = {}
        for order in load_orders("woocommerce"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        if gateway is not None and gateway not in GATEWAYS:
            choices = " or ".join(map(repr, GATEWAYS))
            raise ValueError(f"gateway is {gateway!r}{suggest_name(gateway, GATEWAYS)}; it can be {choices}")
        order_id = self.order_book.add_order(copy_order("woocommerce", order), _SEED_ITEMS)
        if gateway is not None:
            self._gateways[order_id] = gateway
        remaining = self.order_book.remaining_amount(order_id)
        # An order that is set to this status has a refund of all that was left.
        if self._is_faithful and self.orders[order_id].get("status") == "refunded" and remaining > 0:
            self.order_book.add_refund(order_id, remaining, "Order fully refunded.", [])
        return order_id

    def refunds(self, order: str) -> list[JsonObject]:
        return [show(refund, self.order_book.decimals(order)) for refund in self.order_book.list_refunds(order)]

    def note_arrival(self, request: ReceivedRequest) -> None:
        """As recorded, the cap is not atomic: read what is left of the order now, and store the refund later."""
        match = self._match(request) if self._is_faithful else None
        order = None if match is None else strip_zeros(match.path["id"])
        if order is not None and order in self.orders:
            self._seen[id(request)] = self.order_book.remaining_amount(order)

    def answer(self, request: ReceivedRequest) -> Answer:
        seen = self._seen.pop(id(request), None)
        try:
            answer = self._route(request, seen)
        except RequestRefused as refused:
            answer = refused.answer
        media_type = _MEDIA_TYPE if self._is_faithful else "application/json"
        return msgspec.structs.replace(answer, headers={**answer.headers, "content-type": media_type})

    def _route(self, request: ReceivedRequest, seen: Decimal | None) -> Answer:
        match = self._match(request)
        if match is None:
            raise RequestRefused(_make_error(404, "rest_no_route", _NO_ROUTE))
        order, refund = (strip_zeros(match.path.get(name, "")) for name in ("id", "refund_id"))
        if order is None or refund is None:
            raise RequestRefused(_make_error(404, "rest_no_route", _NO_ROUTE))
        self._authenticate(match, request)
        if match.operation.name not in _OPERATIONS:
            return self._setup.example(match, request)
        name = match.operation.name.partition(".")[2]
        if name == "create_refund":
            return self._create(match, request, order, seen)
        if name == "list_refunds":
            return self._list(request, order)
        if name == "get_order":
            if order not in self.orders:
                raise RequestRefused(_make_error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."))
            return _answer(200, self._cut(request, self._show(request, order, self.orders[order])))
        return self._answer_refund(match, request, order, refund)

    def _match(self, request: ReceivedRequest) -> Match | None:
        """Return the operation that is called; as recorded, in any of the spellings that WordPress knows."""
        method, url = request.method, request.url
        if self._is_faithful:
            import httpx  # a server that nobody calls over HTTP needs none

            from .wire import spellings

            method, url = next(spellings(httpx.Request(method, url, headers=request.headers)))
        match = routes.match(method, url)
        return match if match is not None and match.operation.api == "woocommerce" else None

    def _answer_refund(self, match: Match, request: ReceivedRequest, order: str, refund: str) -> Answer:
        """Read or delete one refund; as recorded, a delete under another order answers an error and deletes."""
        owner = self.order_book.find_order(refund)
        deletes = match.operation.described.method == "DELETE"
        if owner is None and refund not in self.orders:
            raise RequestRefused(_make_error(404, "woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID."))
        if deletes and not _read_flag(request.query.get("force", "true")):
            message = "The shop_order_refund does not support trashing."
            raise RequestRefused(_make_error(501, "woocommerce_rest_trash_not_supported", message))
        if deletes:
            self._check(match, request, order)
        shown = None
        if owner is not None:
            shown = self._show(request, owner, self.order_book.refunds[owner][refund])
            if deletes and (self._is_faithful or owner == order):
                self.order_book.delete_refund(owner, refund)
        if order not in self.orders:
            raise RequestRefused(self._make_refusal(404, "woocommerce_rest_invalid_order_id", "Invalid order ID."))
        if owner != order:
            code = "woocommerce_rest_invalid_order_refund_id"
            raise RequestRefused(self._make_refusal(404, code, "Invalid order refund ID."))
        return _answer(200, self._cut(request, shown))

    def _list(self, request: ReceivedRequest, order: str) -> Answer:
        """List a page of the refunds; of an unknown order there are none."""
        refunds = self.order_book.list_refunds(order) if order in self.orders else []
        query = request.query
        if query.get("order") == "asc":
            refunds.reverse()
        size, page = _read_natural(query, "per_page", 10, 100), _read_natural(query, "page", 1)
        first = _read_natural(query, "offset", 0) if "offset" in query else (page - 1) * size
        shown = [self._cut(request, self._show(request, order, refund)) for refund in refunds[first : first + size]]
        total = len(refunds) if shown or page == 1 else 0  # a page beyond the last tells of none at all
        headers = {"x-wp-total": str(total), "x-wp-totalpages": str(-(-total // size))}
        return _answer(200, shown, headers)

    def _create(self, match: Match, request: ReceivedRequest, order: str, seen: Decimal | None) -> Answer:
        body = _read_body(request)
        self._check(match, request, order)
        if body.get("id") is not None:
            code = "woocommerce_rest_shop_order_refund_exists"
            raise RequestRefused(_make_error(400, code, "Cannot create existing resource."))
        flags = _read_arguments(body)
        if order not in self.orders:
            raise RequestRefused(self._make_refusal(404, "woocommerce_rest_invalid_order_id", "Invalid order ID."))
        amount = body["amount"] if "amount" in body else _sum_items(body.get("line_items"))
        is_named = "amount" in body or amount is not None
        if is_named and (amount is None or amount == "" or php.is_below_zero(amount)):
            message = "Refund amount must be greater than zero."
            raise RequestRefused(self._make_refusal(400, "woocommerce_rest_invalid_order_refund", message))
        remaining = self.order_book.remaining_amount(order) if seen is None else seen
        # Nothing that is over: zero is fine even where more was refunded than there was.
        if is_named and php.is_greater(amount, max(remaining, ZERO)):
            raise RequestRefused(self._refuse_create("Invalid refund amount."))
        is_paid = self._ask_gateway(order) if flags["api_refund"] else False
        try:
            items = list(read_items(body.get("line_items")))
        except (ArithmeticError, ValueError, TypeError):
            raise RequestRefused(self._refuse_create("Invalid refund amount.")) from None
        value = php.format_decimal(amount) if is_named else None
        refund = self.order_book.add_refund(order, value, body.get("reason") or "", items)
        refund["refunded_payment"] = is_paid
        refund["meta_data"] += [meta for meta in body.get("meta_data") or () if isinstance(meta, dict)]
        self._set_status(order, [item.key for item in items])
        return _answer(201, self._cut(request, self._show(request, order, refund)), {"location": _LOCATION})

    def _set_status(self, order: str, refunded: list[str]) -> None:
        """Set an order of which nothing is left to refunded, unless an item that cost nothing is not back yet."""
        free = [
            str(line["id"]) for line in self.orders[order].get("line_items") or () if not parse_number(line["total"])
        ]
        is_kept_open = bool(refunded) and any(key not in refunded for key in free)
        if self.order_book.remaining_amount(order) <= 0 and not is_kept_open:
            self.orders[order]["status"] = "refunded"

    def _ask_gateway(self, order: str) -> bool:
        """Return True if the gateway paid. Raises RequestRefused, and no refund is kept."""
        gateway = self._gateways.get(order)
        if gateway is not None:
            raise RequestRefused(self._refuse_create(GATEWAYS[gateway]))
        method = self.orders[order].get("payment_method", "")
        if self._is_faithful and method in WITHOUT_REFUNDS:
            message = "The payment gateway for this order does not support automatic refunds."
            raise RequestRefused(self._refuse_create(message))
        return method not in WITHOUT_REFUNDS

    def _check(self, match: Match, request: ReceivedRequest, order: str) -> None:
        """As documented: refuse what a check calls wrong, with the order and its refunds as they stand."""
        if self._is_faithful:
            return
        document = self.orders.get(order)
        refunds = None if document is None else self.refunds(order)
        findings = self._setup.check(match, request, request.body, document, refunds)
        if findings:
            message = "; ".join(map(explain_finding, findings))
            raise RequestRefused(_make_error(400, "rest_invalid_param", message))

    def _show(self, request: ReceivedRequest, order: str, document: JsonObject) -> JsonObject:
        """Return an order or a refund with the shop's decimals, or those that `dp` asks for."""
        asked = request.query.get("dp", "")
        is_number = asked.isascii() and asked.isdigit() and len(asked) < 3
        shown: JsonObject = show(document, int(asked) if is_number else self.order_book.decimals(order))
        return shown

    def _cut(self, request: ReceivedRequest, document: Any) -> Any:
        """Return an answer with the fields that `_fields` names, as recorded; no spec of ours has it."""
        names = request.query.get("_fields", "") if self._is_faithful else ""
        return {name: document[name] for name in document if name in names.split(",")} if names else document

    def _refuse_create(self, message: str) -> Answer:
        return self._make_refusal(500, "woocommerce_rest_cannot_create_order_refund", message)

    def _make_refusal(self, meant: int, code: str, message: str) -> Answer:
        """Make a refusal of the refunds' own code: recorded as a 500 with the meant status as a bare number."""
        if not self._is_faithful:
            return _make_error(meant, code, message)
        return _answer(500, {"code": code, "message": message, "data": meant})

    def _authenticate(self, match: Match, request: ReceivedRequest) -> None:
        if not self._is_faithful:
            if not has_credentials(match.operation, request):
                _refuse_credentials(match)
            return
        query = request.query
        if all(query.get(name) for name in oauth.PARAMETERS):
            refusal = oauth.find_refusal(request, self._setup.clock, self._nonces)
        else:
            in_query = (query.get("consumer_key", ""), query.get("consumer_secret", ""))
            key, secret = in_query if any(in_query) else read_basic(request) or ("", "")
            if not key or request.scheme != "https":  # keys in the clear are not looked at over plain http
                _refuse_credentials(match)
            refusal = "" if key.startswith("ck_") and secret == oauth.secret_of(key) else "Consumer secret is invalid."
        if refusal:
            raise RequestRefused(_make_error(401, "woocommerce_rest_authentication_error", refusal))


_NO_ROUTE = "No route was found matching the URL and request method."
_LOCATION = r"https://shop.example/wp-json/wc/v3/orders/(?P<order_id>[\d]+)/refunds"


def open_shop(setup: Setup) -> Shop:
    """Return a shop with the orders of orders.json."""
    return WooCommerceShop(setup)


def replace_total(order: JsonObject, total: Decimal) -> JsonObject:
    """Return the order with one piece of its first line at this total, without taxes, shipping, fees and refunds."""
    text = format(total, "f")
    line = {**order["line_items"][0], "subtotal": text, "total": text, "price": total, "quantity": 1, "taxes": []}
    line |= {"subtotal_tax": "0.00", "total_tax": "0.00"}
    zeros = dict.fromkeys(("total_tax", "shipping_total", "cart_tax", "shipping_tax", "discount_total"), "0.00")
    empty: JsonObject = {name: [] for name in ("shipping_lines", "tax_lines", "fee_lines", "coupon_lines", "refunds")}
    return {**order, "total": text, **zeros, **empty, "line_items": [line]}


def replace_id(order: JsonObject, order_id: str) -> JsonObject:
    """Return the order under another id, without refunds. Raises ValueError unless that is a whole number."""
    if not re.fullmatch("[1-9][0-9]{0,17}", order_id):
        raise ValueError(f"{order_id!r} is no id of a WooCommerce order, which is a whole number above zero")
    return {**order, "id": int(order_id), "number": order_id, "refunds": []}


def _answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    answer = make_json_answer(status, value)
    return msgspec.structs.replace(answer, headers={**answer.headers, **(headers or {})})


def _make_error(status: int, code: str, message: str, **more: Any) -> Answer:
    """Make an error in WordPress's own form."""
    return _answer(status, {"code": code, "message": message, "data": {"status": status, **more}})


def _refuse_credentials(match: Match) -> None:
    verb, words = _VERBS[match.operation.described.method]
    raise RequestRefused(_make_error(401, f"woocommerce_rest_cannot_{verb}", f"Sorry, you {words} resources."))


_VERBS = {
    "GET": ("view", "cannot list"),
    "POST": ("create", "are not allowed to create"),
    "DELETE": ("delete", "are not allowed to delete"),
}


def _refuse_argument(name: str, kind: str) -> RequestRefused:
    reason = f"{name} is not of type {kind}."
    error = {"code": "rest_invalid_type", "message": reason, "data": {"param": name}}
    message = f"Invalid parameter(s): {name}"
    answer = _make_error(400, "rest_invalid_param", message, params={name: reason}, details={name: error})
    return RequestRefused(answer)


def _read_natural(query: Mapping[str, str], name: str, default: int, maximum: int | None = None) -> int:
    """Read a number of the query. Raises RequestRefused for none, or one beyond its maximum."""
    text = query.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if number < min(default, 1) or (maximum is not None and number > maximum):
        raise _refuse_argument(name, "integer")
    return number


def _read_flag(value: Any) -> bool | None:
    """Read a boolean as WordPress does; None for what is none."""
    return _BOOLEANS.get(str(value).lower())


def _read_body(request: ReceivedRequest) -> JsonObject:
    """Return the arguments of the query and the body: JSON, a form, and nothing of another media type."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    arguments: JsonObject = dict(request.query)
    if media_type == "application/json" and request.body:
        try:
            body = _BODY.decode(request.body)
        except UNREADABLE:
            error = {"json_error_code": 4, "json_error_message": "Syntax error"}
            refusal = _make_error(400, "rest_invalid_json", "Invalid JSON body passed.", **error)
            raise RequestRefused(refusal) from None
        arguments |= body if isinstance(body, dict) else {}
    elif media_type == "application/x-www-form-urlencoded":
        arguments |= parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    return arguments


def _read_arguments(body: JsonObject) -> dict[str, bool]:
    """Check the types of the arguments; return the flags, which are true unless said."""
    for name, (kind, types) in _TYPES.items():
        value = body.get(name)
        if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
            raise _refuse_argument(name, kind)
    flags = {name: _read_flag(body.get(name, True)) for name in _FLAGS}
    for name, value in flags.items():
        if value is None:
            raise _refuse_argument(name, "boolean")
    return {name: bool(value) for name, value in flags.items()}


def _sum_items(items: Any) -> Decimal | None:
    """Return the sum of the items' totals and taxes; None unless every item has a total that is a number."""
    values = list(items.values() if isinstance(items, dict) else items or ())
    try:
        if not values or not all("refund_total" in item for item in values):
            return None
        by_key = {str(item.get("id", index)): item for index, item in enumerate(values)}
        amount = ZERO
        for part in (part for item in by_key.values() for part in _amounts_of(item)):
            amount = EXACT.add(amount, parse_number(part))
    except (ArithmeticError, ValueError, TypeError, AttributeError):
        return None
    return amount


def _amounts_of(item: JsonObject) -> Iterator[Any]:
    """Yield the total and the taxes of an item."""
    yield item["refund_total"]
    taxes = item.get("refund_tax") or {}
    yield from taxes.values() if isinstance(taxes, dict) else (tax.get("refund_total") or 0 for tax in taxes)
