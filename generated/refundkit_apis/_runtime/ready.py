"""What a ready client stands on: an open connection that calls the generated operations one by one."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx
import msgspec

from .client import Client, Response

T = TypeVar("T")
M = TypeVar("M", bound=msgspec.Struct)
Timeout: TypeAlias = float | httpx.Timeout | None
"""Of one call: seconds, or httpx's own; None is the connection's."""


class Caller(Protocol):
    """An open sync connection to one API."""

    @property
    def client(self) -> Client:
        """The connection as the generated operations take it."""

    def call(
        self,
        name: str,
        function: Callable[..., Response[T]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """The success model of an operation; `function` is its generated `sync_detailed`. Raises RefundError.

        `name` is that of the operation, `walmart_ca.refund_order_lines`; `key` is the idempotency key that the body
        carries, "" where it has none.
        """


class AsyncCaller(Protocol):
    """An open async connection to one API."""

    @property
    def client(self) -> Client:
        """The connection as the generated operations take it."""

    async def call(
        self,
        name: str,
        function: Callable[..., Awaitable[Response[T]]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """As Caller.call, with the generated `asyncio_detailed`."""


def with_key(body: M, field: str) -> tuple[M, str]:
    """The body with an idempotency key in this field, and the key: the caller's own is used as it is."""
    key = getattr(body, field) or str(uuid.uuid4())
    return msgspec.structs.replace(body, **{field: key}), key


def as_list(answer: T | list[T]) -> list[T]:
    """The answer of an operation that gives one model or a list of them."""
    return answer if isinstance(answer, list) else [answer]
