"""How often a harmless repeat is tried, and how long it waits."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import attrs
from refundkit_apis._runtime.errors import RefundError, StatusError, TransportError

from ..errors import UsageError


@attrs.frozen(kw_only=True)
class Retry:
    """How often a harmless repeat is tried, and how long it waits.

    `attempts` counts the first one; a wait is `first` seconds, then twice as long each time, or what the server's
    Retry-After says, never more than `longest`; up to a quarter is added at random, so that clients do not come back
    together.
    """

    attempts: int = attrs.field(default=4, validator=lambda *given: _require_at_least(1, *given))
    first: float = attrs.field(default=0.5, validator=lambda *given: _require_at_least(0, *given))
    longest: float = attrs.field(default=30.0, validator=lambda *given: _require_at_least(0, *given))

    def wait(self, attempt: int, error: RefundError) -> float:
        """Seconds to wait after this attempt (from 1) failed."""
        seconds = retry_after(error)
        if seconds is None:
            seconds = self.first * 2 ** (attempt - 1)
        return min(seconds, self.longest) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def _require_at_least(least: float, _: object, field: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
        raise UsageError(f"{field.name} is {value!r}: give a number from {least} on")


def retry_after(error: RefundError) -> float | None:
    """The seconds that a Retry-After header asks for, None where there is none."""
    text = error.response.headers.get("Retry-After", "") if isinstance(error, StatusError) else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def may_pass(error: RefundError) -> bool:
    """True if an error may be gone a moment later."""
    if isinstance(error, StatusError):
        return error.status == 429 or error.status >= 500
    # A request that could not even be made will not be made later.
    return isinstance(error, TransportError) and error.request is not None
