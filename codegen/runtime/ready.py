"""The protocol of the connection that a ready client calls operations through, and helpers of its methods."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import httpx
import msgspec

from .client import Client, Response
from .usage import UsageError

if TYPE_CHECKING:
    from refundkit.drafting import Draft

T = TypeVar("T")
M = TypeVar("M", bound=msgspec.Struct)
Timeout: TypeAlias = float | httpx.Timeout | None
"""The timeout of one call: seconds or httpx's own type; None for the connection's."""


class Caller(Protocol):
    """An open sync connection to one API."""

    @property
    def client(self) -> Client:
        """The client that the generated operations take."""

    def call(
        self,
        name: str,
        function: Callable[..., Response[T]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """Call an operation and return its success model. Raises RefundError.

        `name` is the operation's, such as `walmart_ca.refund_order_lines`; `function` is its generated `sync_detailed`;
        `key` is the idempotency key in the body, "" if it has none.
        """

    def draft(self, name: str, *ids: str, wanted: Any, timeout: Timeout, **options: Any) -> Draft:
        """Read the order of an operation that refunds, and draft the request. Raises RefundNotSent."""


class AsyncCaller(Protocol):
    """An open async connection to one API."""

    @property
    def client(self) -> Client:
        """The client that the generated operations take."""

    async def call(
        self,
        name: str,
        function: Callable[..., Awaitable[Response[T]]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """Do the same as Caller.call with the generated `asyncio_detailed`."""

    async def draft(self, name: str, *ids: str, wanted: Any, timeout: Timeout, **options: Any) -> Draft:
        """Do the same as Caller.draft."""


def with_key(body: M, field: str) -> tuple[M, str]:
    """Return the body with an idempotency key in this field, and the key; a key that it has is kept."""
    key = getattr(body, field) or str(uuid.uuid4())
    return msgspec.structs.replace(body, **{field: key}), key


def as_list(answer: T | list[T]) -> list[T]:
    """Return the answer as a list, for an operation that answers with one model or a list of them."""
    return answer if isinstance(answer, list) else [answer]


def as_id(name: str, value: int | str) -> str:
    """Return an id as text. Raises UsageError for what is neither a text nor a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UsageError(f"{name} is {value!r}, a {type(value).__name__}: an id is a text or a whole number")
    return str(value)
