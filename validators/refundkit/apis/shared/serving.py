"""What the test servers of all APIs share: requests and answers, seed orders, and how a shop is opened.

The `server.py` of an API's folder keeps its orders and refunds and says what it answers; `ServerModule` says what such
a module holds. It knows nothing of sockets, and what it needs from above is handed to it: see `Setup`.
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
from ...errors import Finding
from ...operations import Operation
from ...routes import Match

Document: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], float]
"""Seconds since 1970."""


class Request(msgspec.Struct, frozen=True):
    """One request as it arrived. Header names are in lower case. The repr shows neither headers nor query nor body."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def scheme(self) -> str:
        """http or https."""
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
        """The query, decoded; of a key that stands twice the last value counts."""
        return dict(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, decoded, every key and value of it."""
        return parse_qsl(self._target[1], keep_blank_values=True)

    @property
    def _target(self) -> tuple[str, str]:
        target = self.url.partition("://")[2].removeprefix(self.host)
        path, _, query = target.partition("#")[0].partition("?")
        return path or "/", query

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path}, {len(self.body)} bytes)"


class Answer(msgspec.Struct, frozen=True):
    """One answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Judge(Protocol):
    """The check of a request, as the server that opens a shop hands it in."""

    def __call__(
        self, match: Match, request: Request, body: object, order: object = None, refunds: object = None
    ) -> list[Finding]:
        """The errors of a request, but for those about credentials, which the shop judges itself."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop is opened with. `faithful` is a version that its API offers, None for the documented server.

    `example` answers a request, its route and credentials found good, of an operation that the shop has no code for.
    """

    judge: Judge
    example: Callable[[Match, Request], Answer]
    clock: Clock
    token_seconds: int
    faithful: str | None = None


class Shop(Protocol):
    """One API's orders and refunds, and what it answers. Not safe for threads: Server holds the lock.

    `tokens` are the access tokens that were given out, each with its last second; empty where an API has none.
    """

    orders: dict[str, Document]
    tokens: dict[str, float]

    def answer(self, request: Request) -> Answer:
        """What the API answers; the refund that a request makes is made by then."""

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        """Keep an order of the get-order response's shape, and give back its id."""

    def refunds(self, order: str) -> list[Document]:
        """The refunds of an order; KeyError where there is no such order."""


class ServerModule(Protocol):
    """What `server.py` in the folder of an API holds.

    It may also hold `FAITHFUL`, the recorded versions that `Setup.faithful` can name; without it there are none.
    """

    def open_shop(self, setup: Setup) -> Shop:
        """A shop with the seed orders of the API."""

    def replace_total(self, order: Document, total: Decimal) -> Document:
        """The order as one piece for that much, which can be refunded. Raises KeyError and such for what is none."""

    def replace_id(self, order: Document, order_id: str) -> Document:
        """The order under another id. Raises ValueError for an id that the API cannot have."""


def json_answer(status: int, value: object, media_type: str = "application/json") -> Answer:
    """An answer with a JSON body, its numbers exact."""
    return Answer(status, {"content-type": media_type}, encode(value))


def request_of(method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Request:
    """A request, its method in upper case and its header names in lower case."""
    return Request(method.upper(), url, {name.lower(): value for name, value in (headers or {}).items()}, body or b"")


def route(api: str, request: Request) -> Match | None:
    """The operation of the API that the request calls, or None."""
    match = routes.match(request.method, request.url)
    return match if match is not None and match.operation.api == api else None


def explain(finding: Finding) -> str:
    """What a refusal says: the rule and its message."""
    return f"{finding.code} {finding.name}: {finding.message}" + (f"; {finding.help}" if finding.help else "")


def read_basic(request: Request) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header, None without one, or when either is empty."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if kind.lower() == "basic" and name and password else None


def has_credentials(operation: Operation, request: Request) -> bool:
    """Whether one of the operation's sets of credentials is whole and looks right: none of its values is empty."""
    return any(
        all(_has_credential(part.name, part.place, part.kind, request) for part in option)
        for option in operation.described.security
    )


def _has_credential(name: str, place: str, kind: str, request: Request) -> bool:
    if kind == "basic":
        return read_basic(request) is not None
    value = request.query.get(name, "") if place == "query" else request.headers.get(name.lower(), "")
    if kind == "bearer":
        scheme, _, value = value.partition(" ")
        return scheme.lower() == "bearer" and bool(value.strip())
    return bool(value.strip())


def seed(api: str) -> Document:
    """A fresh copy of an API's first order, its numbers exact: the spec's example of a get-order response."""
    return seeds(api)[0]


def seeds(api: str) -> list[Document]:
    """Fresh copies of the orders that a shop of the API starts with: `orders.json` in its folder."""
    return [decode(text, dict) for text in _seed_texts(api)]


@cache
def _seed_texts(api: str) -> list[bytes]:
    path = Path(__file__).parent.parent / api / "orders.json"
    return [bytes(raw) for raw in msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])]


def order_operation(api: str) -> Operation:
    """The operation that reads an order of the API, as its spec says of those that change one."""
    sources = map(operations.order_source, operations.of_api(api).values())
    return next(source for source in sources if source is not None)


def copy_order(api: str, order: Mapping[str, Any]) -> Document:
    """Copy an order that somebody gave. Raises ValueError if it is no get-order response of the API."""
    source = order_operation(api)
    try:
        text = encode(order)
        decode(text, source.struct(operations.success(source)))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise ValueError(
            f"this is no get-order response of {api}: {error}; shop.orders holds one to start from"
        ) from None
    copy: Document = decode(text, dict)
    return copy
