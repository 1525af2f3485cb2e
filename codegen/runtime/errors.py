"""The errors that a call raises, by what happened to the money.

RefundError
  RefundNotSent            "no": nothing left this machine
    NotSent                  no connection, no token
  RefundRefused            "yes": the server said no
  RefundOutcomeUnknown     "maybe": it may have been made
  StatusError, DecodeError, TransportError (TimedOut, NotSent)
                           of a call that moves no money; of a refund, the cause of one of the above
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias
from urllib.parse import quote

import msgspec

from .codec import without_bom
from .usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    Resolve = Callable[[float], "Outcome | None"]
    ResolveAsync = Callable[[float], Awaitable["Outcome | None"]]

WasSent: TypeAlias = Literal["no", "maybe", "yes"]


class Outcome(Enum):
    """What became of a refund or a change whose answer was lost. It has no truth value.

    - MADE: the server has it, and money moved if it moves any
    - RECORDED_ONLY: the server has a record of it, and nothing shows that the payment gateway paid
    - NOT_MADE: the server has nothing of it, and had the time
    """

    MADE = "made"
    RECORDED_ONLY = "recorded only"
    NOT_MADE = "not made"

    def __bool__(self) -> NoReturn:
        raise UsageError("an Outcome has no truth value: compare it, `outcome is Outcome.MADE`")


class RefundError(Exception):
    """The root of every error that a call raises.

    `sent` says what happened to the money: "no", nothing left this machine; "yes", the server answered no and did
    nothing; "maybe", it may have acted. `response` is the httpx.Response to the call, None where there was none; from
    it come `status`, `code` and `reason` (the API's own words) and `request_id` (the correlation id of the exchange),
    each None where there is none. `idempotency_key` is the key that the request carried, "" where it had none: a repeat
    with the same key and body is the same refund.
    """

    sent: WasSent = "maybe"
    response: httpx.Response | None = None
    idempotency_key: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer."""
        return None if self.response is None else self.response.status_code

    @property
    def code(self) -> str | None:
        """The API's own code of what it refused."""
        return None

    @property
    def reason(self) -> str | None:
        """The API's own words about what it refused."""
        return None

    @property
    def request_id(self) -> str | None:
        """The correlation id: the server's, else the one that was sent."""
        return None if self.response is None else _request_id(None, self.response)


class RefundNotSent(RefundError):
    """Nothing left this machine, and no money moved."""

    sent = "no"


class TransportError(RefundError):
    """The request or its answer was lost: the server may have acted.

    `request` is the httpx.Request that was on its way, None where none had been made; it holds the credentials.
    """

    request: httpx.Request | None = None

    @property
    def request_id(self) -> str | None:
        return None if self.request is None else _request_id(self.request)


class NotSent(RefundNotSent, TransportError):
    """No connection or no token: nothing was sent, and sending it again is safe."""


class TimedOut(TransportError):
    """No answer in time: the server may have acted."""


class DecodeError(RefundError):
    """The server answered with success, but not with what its documentation says.

    The message never repeats the body. A pickle of the error holds the response, and with it the request and its
    credentials.
    """

    response: httpx.Response

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message)
        self.response = response

    def __reduce__(self) -> tuple[type[DecodeError], tuple[str, httpx.Response], dict[str, str]]:
        return type(self), (str(self), self.response), {"idempotency_key": self.idempotency_key}


class StatusError(RefundError):
    """The server answered with an error: another status than 2xx, or a list of errors.

    A pickle of the error holds the response, and with it the request and its credentials.
    """

    response: httpx.Response

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._status = _read_status(_read_content(response)) or response.status_code
        self.sent = "yes" if is_refusal(response.status_code) else "maybe"
        request = getattr(response, "_request", None)  # httpx raises RuntimeError where there is none
        words = _read_words(_read_content(response))
        self._code, self._reason = (_mask_words(hide_secrets(text, request)) for text in words)
        message = " ".join(part for part in (self._code, self._reason) if part)
        super().__init__(f"HTTP {self.status}" + (f": {message}" if message else ""))

    @property
    def status(self) -> int:
        """The status that was meant: WooCommerce says 404 in the body of a 500."""
        return self._status

    @property
    def code(self) -> str | None:
        return self._code or None

    @property
    def reason(self) -> str | None:
        return self._reason or None

    def __reduce__(self) -> tuple[type[StatusError], tuple[httpx.Response], dict[str, str]]:
        return type(self), (self.response,), {"idempotency_key": self.idempotency_key}


class RefundRefused(RefundError):
    """The server said no to a refund or a change: no money moved.

    `status` is that of its answer. `error`, also the `__cause__`, is the StatusError that has the answer; another
    error where the answer broke off behind its status, or a new token, after a 401, could not be had.
    """

    sent = "yes"

    def __init__(self, error: RefundError, status: int) -> None:
        self.error = self.__cause__ = error
        self._status = status
        self._has_answer = isinstance(error, StatusError) and error.status == status
        self.response = error.response if self._has_answer else None
        self.idempotency_key = error.idempotency_key
        super().__init__(f"the server refused: {error if self._has_answer else f'HTTP {status} ({error})'}")

    @property
    def status(self) -> int:
        return self._status

    @property
    def code(self) -> str | None:
        return self.error.code if self._has_answer else None

    @property
    def reason(self) -> str | None:
        return self.error.reason if self._has_answer else None

    def __reduce__(self) -> tuple[type[RefundRefused], tuple[RefundError, int], dict[str, str]]:
        return type(self), (self.error, self.status), {"idempotency_key": self.idempotency_key}


class RefundOutcomeUnknown(RefundError):
    """A refund or a change may have been made: do not send it again.

    `error`, also its `__cause__`, is what happened: TransportError, TimedOut, DecodeError, or StatusError for a 5xx, or
    for a 2xx that lists errors. `resolve()` asks the API.
    """

    sent = "maybe"

    def __init__(
        self, error: RefundError, resolve: Resolve | None = None, resolve_async: ResolveAsync | None = None
    ) -> None:
        self.error = self.__cause__ = error
        self.response = error.response
        self.idempotency_key = error.idempotency_key
        self._resolve = resolve
        self._resolve_async = resolve_async
        super().__init__(f"the refund may have been made; do not send it again unless resolve() says NOT_MADE: {error}")

    @property
    def code(self) -> str | None:
        return self.error.code

    @property
    def reason(self) -> str | None:
        return self.error.reason

    @property
    def request_id(self) -> str | None:
        return self.error.request_id

    def resolve(self, wait: float = 30.0) -> Outcome:
        """Ask the API what became of the refund, while the connection is open.

        MADE is returned at once. Any other outcome is final only when `wait` seconds have passed since the request
        left, for a slow server may still be at it: until then this waits, and asks once more. A recorded refund is
        taken for this one if it is equal in all that this one names: amounts, reason, items, idempotency key. Somebody
        else's, made since the order was read, that is equal in all of it cannot be told from this one.

        Raises RefundOutcomeUnknown, this one, where it cannot be told: the order has changed in another way, or was not
        read before. Raises any other RefundError where the API cannot be asked.
        """
        return self._require(None if self._resolve is None else self._resolve(wait))

    async def resolve_async(self, wait: float = 30.0) -> Outcome:
        """As `resolve`, for an async connection."""
        return self._require(None if self._resolve_async is None else await self._resolve_async(wait))

    def _require(self, outcome: Outcome | None) -> Outcome:
        if outcome is None:
            raise self
        return outcome

    def __reduce__(self) -> tuple[type[RefundOutcomeUnknown], tuple[RefundError], dict[str, str]]:
        # A connection does not travel: what comes out of a pickle cannot ask.
        return type(self), (self.error,), {"idempotency_key": self.idempotency_key}


def is_refusal(status: int) -> bool:
    """True if the status says that the server has not acted."""
    return 300 <= status < 500 and status not in (303, 408)


def lists_errors(content: bytes) -> bool:
    """True if a body is one of the APIs' lists of errors."""
    try:
        body: Any = msgspec.json.decode(without_bom(content))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(body, dict) and bool(body.get("errors"))


def _read_content(response: httpx.Response) -> bytes:
    """Return the body, b"" if it has not been read."""
    try:
        return response.content
    except RuntimeError:  # httpx.ResponseNotRead: an event hook raised before the body came
        return b""


# The names of headers and query parameters that hold credentials.
_SECRET_NAME = re.compile("auth|key|token|secret|signature|cookie|password|consumer", re.IGNORECASE)


def hide_secrets(words: str, request: httpx.Request | None) -> str:
    """Replace the request's credentials in a text: a server may repeat the headers that it received."""
    secrets = () if request is None else set(_secrets(request))
    for secret in sorted(secrets, key=len, reverse=True):  # the longest first: another may be a part of it
        words = words.replace(secret, "***")
    return words


def _secrets(request: httpx.Request) -> Iterator[str]:
    """Yield each text of a request that is a credential or a part of one, in the spellings of headers and URLs."""
    for name, value in (*request.headers.multi_items(), *request.url.params.multi_items()):
        if _SECRET_NAME.search(name):
            for part in (value, *value.split()[1:], *_basic_parts(value)):
                if len(part) > 3:  # shorter ones are everywhere, and no secrets
                    yield from (part, quote(part), quote(part, safe=""))


def _basic_parts(value: str) -> list[str]:
    """Return the name and the password in a Basic header; [] for any other."""
    try:
        kind, _, encoded = value.partition(" ")
        return b64decode(encoded, validate=True).decode().split(":", 1) if kind.lower() == "basic" else []
    except ValueError:
        return []


# Longer than any sentence of an API; a whole page in a JSON text does not belong in an error's message.
_MAX_LENGTH = 500
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")


def _mask_words(words: str) -> str:
    """Cut the server's words to a message's length and mask card numbers."""
    short = words if len(words) <= _MAX_LENGTH else f"{words[:_MAX_LENGTH]}…"
    return _CARD.sub(lambda match: "***" if _is_card(match[0]) else match[0], short)


def _is_card(text: str) -> bool:
    """True if the digits are a card number by their check digit."""
    digits = [int(digit) for digit in reversed(text) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _read_words(content: bytes) -> tuple[str, str]:
    """Read code and message from the error body of any of the APIs."""
    try:
        body: Any = msgspec.json.decode(without_bom(content))
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
    code = _first_text(error, "code", "title")
    return code, _first_text(error, "description", "message", "detail", "info")


def _read_status(content: bytes) -> int:
    """Read the status that an error body means, a bare number as `data`; 0 if it has none."""
    try:
        body: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    meant = body.get("data") if isinstance(body, dict) else None
    return meant if type(meant) is int and 400 <= meant < 600 else 0


def _first_text(error: dict[str, Any], *keys: str) -> str:
    """Return the first value that is text or a whole number, as text."""
    words = (str(error[key]) for key in keys if type(error.get(key)) in (str, int))
    return next(filter(None, words), "")


def _request_id(request: httpx.Request | None, response: httpx.Response | None = None) -> str | None:
    """Return the correlation id in the headers of the answer, or else of the request."""
    correlation = "WM_QOS.CORRELATION_ID"
    if response is not None:
        answered: str | None = response.headers.get(correlation) or response.headers.get("X-Request-Id")
        if answered:
            return answered
        request = getattr(response, "_request", None)  # httpx raises RuntimeError where there is none
    sent: str | None = None if request is None else request.headers.get(correlation)
    return sent or None
