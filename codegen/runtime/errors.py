"""What a call raises. Every error of the clients is a RefundError."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    Look = Callable[[], bool | None]
    LookAsync = Callable[[], Awaitable[bool | None]]


class RefundError(Exception):
    """The root of every error that a call raises.

    `idempotency_key` is the key that the request carried, "" where it had none: a repeat with the same key and body is
    the same refund.
    """

    idempotency_key: str = ""


class TransportError(RefundError):
    """The request or its answer was lost on the way: whether the server acted on it is unknown.

    `request` is the httpx.Request that was on its way, None where none had been made; it holds the credentials.
    """

    request: httpx.Request | None = None


class NotSent(TransportError):
    """The request never reached the server: nothing happened, and sending it again is safe."""


class TimedOut(TransportError):
    """No answer in time: whether the server acted on the request is unknown."""


class DecodeError(RefundError):
    """The server answered with success, but not with what its documentation says.

    `response` is the httpx.Response; the message never repeats its body. A pickle of the error holds the response, and
    with it the request and its credentials.
    """

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message)
        self.response = response

    def __reduce__(self) -> tuple[type[DecodeError], tuple[str, httpx.Response], dict[str, str]]:
        return type(self), (str(self), self.response), {"idempotency_key": self.idempotency_key}


class StatusError(RefundError):
    """The server refused: `status` is the HTTP status, documented or not; 2xx where its body lists errors all the same.

    `code` and `reason` are the API's own words, "" where the answer has none (an HTML page, say); `request_id` is the
    correlation id of the exchange or ""; `response` is the httpx.Response. A pickle of the error holds the response,
    and with it the request and its credentials.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.code, self.reason = map(_shown, _words(_content(response)))
        self.request_id = _request_id(response)
        words = " ".join(part for part in (self.code, self.reason) if part)
        super().__init__(f"HTTP {self.status}" + (f": {words}" if words else ""))

    def __reduce__(self) -> tuple[type[StatusError], tuple[httpx.Response], dict[str, str]]:
        return type(self), (self.response,), {"idempotency_key": self.idempotency_key}


class RefundOutcomeUnknown(RefundError):
    """A refund, an update or a deletion was sent, and whether the server acted on it is unknown: do not send it again.

    `error` is what happened (TransportError, TimedOut, DecodeError, or StatusError for a 5xx, or a 2xx that lists
    errors); `request_id` is the correlation id of the exchange or "". `resolve()` asks the API.
    """

    def __init__(self, error: RefundError, look: Look | None = None, look_async: LookAsync | None = None) -> None:
        self.error = error
        self.request_id = str(getattr(error, "request_id", ""))
        self.idempotency_key = error.idempotency_key
        self._look = look
        self._look_async = look_async
        super().__init__(f"the refund may have been made, do not send it again before resolve() says no: {error}")

    def resolve(self) -> bool:
        """Whether the refund has been made, by what the API says now; ask while the connection is open.

        False means: not by now; a slow server may still be at it. Somebody else's refund of the same amount, made since
        the order was read, cannot be told from this one. Raises RefundOutcomeUnknown, this one, where the API's words
        fit both, or the order was not read before; any other RefundError where the API cannot be asked.
        """
        return self._said(None if self._look is None else self._look())

    async def resolve_async(self) -> bool:
        """As `resolve`, for an async connection."""
        return self._said(None if self._look_async is None else await self._look_async())

    def _said(self, made: bool | None) -> bool:
        if made is None:
            raise self
        return made

    def __reduce__(self) -> tuple[type[RefundOutcomeUnknown], tuple[RefundError]]:
        # A connection does not travel: what comes out of a pickle cannot ask.
        return type(self), (self.error,)


def names_errors(content: bytes) -> bool:
    """Whether a body is one of the APIs' lists of errors, whatever its status says."""
    try:
        body: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(body, dict) and bool(body.get("errors"))


def _content(response: httpx.Response) -> bytes:
    """The body, b"" where nobody has read it."""
    try:
        return response.content
    except RuntimeError:  # httpx.ResponseNotRead: an event hook raised before the body came
        return b""


# As long as any sentence of an API; a page in a JSON text is not for an error's message.
_LONGEST = 500
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")


def _shown(words: str) -> str:
    """The server's words, cut to a length that a message can have, without the card numbers that it repeats."""
    cut = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return _CARD.sub(lambda found: "***" if _is_card(found[0]) else found[0], cut)


def _is_card(text: str) -> bool:
    """Whether the digits are a card number by their check digit."""
    digits = [int(digit) for digit in reversed(text) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _words(content: bytes) -> tuple[str, str]:
    """(code, message) out of the error forms of the four APIs."""
    try:
        body: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    error = body.get("errors", body)
    if isinstance(error, dict):
        error = error.get("error", error)
    if isinstance(error, list) and body.get("title") is None:
        error = error[0] if error else {}
    if not isinstance(error, dict):
        error = body
    code = _first(error, "code", "title")
    return code, _first(error, "description", "message", "detail", "info")


def _first(error: dict[str, Any], *keys: str) -> str:
    """The first of the keys that has words; a code may come in digits, and `true` is none."""
    words = (str(error[key]) for key in keys if type(error.get(key)) in (str, int))
    return next(filter(None, words), "")


def _request_id(response: httpx.Response) -> str:
    sent = response.request.headers.get("WM_QOS.CORRELATION_ID", "")
    return str(response.headers.get("WM_QOS.CORRELATION_ID") or response.headers.get("X-Request-Id") or sent)
