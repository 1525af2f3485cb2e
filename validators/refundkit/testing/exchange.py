"""What arrives at a server and what it answers, whatever carried it: a socket, ASGI or an httpx transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from refundkit_apis._runtime.codec import encode

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


class Shop(Protocol):
    """One API's orders and refunds, and what it answers. Not safe for threads: Server holds the lock."""

    orders: dict[str, Document]

    def answer(self, request: Request) -> Answer:
        """What the API answers; the refund that a request makes is made by then."""

    def add_order(self, order: Mapping[str, Any], gateway: str | None) -> str:
        """Keep an order of the get-order response's shape, and give back its id."""

    def refunds(self, order: str) -> list[Document]:
        """The refunds of an order; KeyError where there is no such order."""


def json_answer(status: int, value: object, media_type: str = "application/json") -> Answer:
    """An answer with a JSON body, its numbers exact."""
    return Answer(status, {"content-type": media_type}, encode(value))


def request_of(method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Request:
    """A request, its method in upper case and its header names in lower case."""
    return Request(method.upper(), url, {name.lower(): value for name, value in (headers or {}).items()}, body or b"")
