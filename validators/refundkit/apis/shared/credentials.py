"""Helpers for credentials: secrets that no repr shows, header values, and the refusal of plain HTTP."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NoReturn

import attrs
import httpx
from refundkit_apis._runtime.errors import NotSent

from ...errors import UsageError
from ...hosts import is_loopback

SENDABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""Matches a text that a header can hold unchanged."""


@attrs.frozen
class Secret:
    """A text that no repr shows and no pickle holds."""

    text: str = attrs.field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise UsageError("credentials are not pickled: make them where they are used")


def require_sendable(name: str, value: str) -> str:
    """Return the value if a header can hold it. Raises ValueError."""
    # None: an environment variable that is not set.
    if not isinstance(value, str) or not SENDABLE.fullmatch(value):
        raise UsageError(f"{name} must be printable ASCII, not empty, and without space around it")
    return value


def join_pair(name: str, user: str, secret_name: str, secret: str) -> Secret:
    """Join user and secret as Basic does. Raises ValueError for a colon in the user."""
    pair = Secret(f"{require_sendable(name, user)}:{require_sendable(secret_name, secret)}")
    if ":" in user:
        raise UsageError(f"{name} must have no colon")
    return pair


def basic_header(pair: Secret) -> str:
    """Return the value of an `Authorization: Basic` header."""
    return "Basic " + b64encode(pair.text.encode()).decode()


def refuse_plain_http(request: httpx.Request, instead: str = "use https://") -> None:
    """Raise NotSent for a request that would take credentials off this machine unencrypted."""
    url = request.url
    if url.scheme != "https" and not is_loopback(url.host, strict=True):
        raise NotSent(f"not sent: credentials would go unencrypted to {url.scheme}://{url.host}; {instead}")


def origin_of(url: httpx.URL) -> str:
    """Return scheme, host and port of a URL, without a name and password."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
