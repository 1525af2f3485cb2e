"""The protocol of an API's test server, and the functions that all of them share.

`server.py` in the folder of an API fulfils ServerModule: it opens a Shop, which stores orders and refunds and answers
requests. It knows nothing of sockets; what it needs from the package comes in a Setup.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from refundkit_apis._runtime.codec import decode, encode

from ... import operations, routes
from ...errors import Finding, UsageError
from ...operations import Operation
from ...routes import Match

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object: an order or a refund as the API shows it, or a body."""
Clock: TypeAlias = Callable[[], float]
"""Seconds since 1970."""


class ReceivedRequest(msgspec.Struct, frozen=True):
    """One request to a test server. Header names are in lower case; the repr shows no headers, query or body."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def scheme(self) -> str:
        """The scheme of the URL: http or https."""
        return self.url.partition("://")[0].lower()

    @property
    def host(self) -> str:
        """The host, with its port if the URL names one."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]

    @property
    def path(self) -> str:
        """The path, percent-encoded as it was sent."""
        return self._target[0]

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; the last value of a repeated key."""
        return dict(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every key and value of the decoded query."""
        return parse_qsl(self._target[1], keep_blank_values=True)

    @property
    def _target(self) -> tuple[str, str]:
        target = self.url.partition("://")[2].removeprefix(self.host)
        path, _, query = target.partition("#")[0].partition("?")
        return path or "/", query

    def __repr__(self) -> str:
        return f"ReceivedRequest({self.method} {self.path}, {len(self.body)} bytes)"


class Answer(msgspec.Struct, frozen=True):
    """One answer of a test server. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class RequestCheck(Protocol):
    """A function that checks a request against the shop's state; the server passes it in the Setup."""

    def __call__(
        self, match: Match, request: ReceivedRequest, body: object, order: object = None, refunds: object = None
    ) -> list[Finding]:
        """Return the errors of a request, without those about credentials: the shop checks these itself."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of open_shop.

    `check` finds the errors of a request. `example` answers an operation that the shop has no code for, once route and
    credentials are good. `faithful` is a recorded version to imitate, None for the documented server.
    """

    check: RequestCheck
    example: Callable[[Match, ReceivedRequest], Answer]
    clock: Clock
    token_seconds: int
    faithful: str | None = None


class Shop(Protocol):
    """The state of one API's test server, and its answers. Not safe for threads: Server holds the lock.

    `orders` are by id; `tokens` are the issued access tokens with the second at which each expires, empty for an API
    without tokens.
    """

    orders: dict[str, JsonObject]
    tokens: dict[str, float]

    def answer(self, request: ReceivedRequest) -> Answer:
        """Answer a request as the API does, and store the refund that it makes."""

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        """Store an order, given as a get-order response, and return its id."""

    def refunds(self, order: str) -> list[JsonObject]:
        """Return the refunds of an order. Raises KeyError for an unknown order."""


class ServerModule(Protocol):
    """The functions of `server.py` in the folder of an API.

    The module may also define `FAITHFUL`, the recorded versions that `Setup.faithful` can name.
    """

    def open_shop(self, setup: Setup) -> Shop:
        """Return a shop that holds the orders of orders.json."""

    def replace_total(self, order: JsonObject, total: Decimal) -> JsonObject:
        """Return the order as one refundable piece with this total. Raises KeyError and such if it is no order."""

    def replace_id(self, order: JsonObject, order_id: str) -> JsonObject:
        """Return the order under another id. Raises ValueError for an id that the API cannot have."""


def make_json_answer(status: int, value: object, media_type: str = "application/json") -> Answer:
    """Make an answer with a JSON body, its numbers exact."""
    return Answer(status, {"content-type": media_type}, encode(value))


def make_request(method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> ReceivedRequest:
    """Make a request: method in upper case, header names in lower case."""
    by_name = {name.lower(): value for name, value in (headers or {}).items()}
    return ReceivedRequest(method.upper(), url, by_name, body or b"")


def match_route(api: str, request: ReceivedRequest) -> Match | None:
    """Return the operation of the API that the request calls, or None."""
    match = routes.match(request.method, request.url)
    return match if match is not None and match.operation.api == api else None


def explain_finding(finding: Finding) -> str:
    """Return the text of a refusal: the finding's rule, message and help."""
    return f"{finding.code} {finding.name}: {finding.message}" + (f"; {finding.help}" if finding.help else "")


def read_basic(request: ReceivedRequest) -> tuple[str, str] | None:
    """Read name and password of an `Authorization: Basic` header; None if the header or either of them is missing."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if kind.lower() == "basic" and name and password else None


def has_credentials(operation: Operation, request: ReceivedRequest) -> bool:
    """True if the request has every value of one of the operation's sets of credentials."""
    return any(
        all(_has_credential(part.name, part.place, part.kind, request) for part in option)
        for option in operation.described.security
    )


def _has_credential(name: str, place: str, kind: str, request: ReceivedRequest) -> bool:
    if kind == "basic":
        return read_basic(request) is not None
    value = request.query.get(name, "") if place == "query" else request.headers.get(name.lower(), "")
    if kind == "bearer":
        scheme, _, value = value.partition(" ")
        return scheme.lower() == "bearer" and bool(value.strip())
    return bool(value.strip())


def load_first_order(api: str) -> JsonObject:
    """Load the API's first order from orders.json, its numbers exact."""
    return load_orders(api)[0]


def load_orders(api: str) -> list[JsonObject]:
    """Load the orders that a shop of the API starts with, from orders.json in its folder."""
    return [decode(text, dict) for text in _seed_texts(api)]


@cache
def _seed_texts(api: str) -> list[bytes]:
    path = Path(__file__).parent.parent / api / "orders.json"
    return [bytes(raw) for raw in msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])]


def find_order_operation(api: str) -> Operation:
    """Find the operation that reads an order of the API, by the `x-context` of those that change one."""
    sources = map(operations.order_source, operations.of_api(api).values())
    return next(source for source in sources if source is not None)


def copy_order(api: str, order: Mapping[str, Any]) -> JsonObject:
    """Copy a caller's order. Raises ValueError if it is no get-order response of the API."""
    problem: Exception | None = None
    for source in filter(None, map(operations.order_source, operations.of_api(api).values())):
        try:
            text = encode(order)
            decode(text, source.struct(operations.success(source)))
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            problem = problem or error
        else:
            order_copy: JsonObject = decode(text, dict)
            return order_copy
    raise UsageError(f"this is no get-order response of {api}: {problem}; shop.orders holds one to start from")
