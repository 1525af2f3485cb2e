"""Check a refund request before it is sent: `check()`, and the clients that ask it."""

from typing import TYPE_CHECKING, Any

from .checking.check import check
from .config import Config
from .errors import (
    ConfigError,
    DecodeError,
    DraftError,
    Finding,
    NotRun,
    NotSent,
    Outcome,
    RefundBlocked,
    RefundError,
    RefundNotChecked,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    Report,
    StatusError,
    TimedOut,
    TransportError,
    finding,
)
from .rule import rule

if TYPE_CHECKING:
    from . import auth, connect, testing
    from .balances import Balance, balance
    from .client import guard
    from .drafting import ALL, Draft, draft, pieces
    from .reference_validator import reference

__version__ = "0.1.0"

__all__ = [
    "ALL",
    "Balance",
    "Config",
    "ConfigError",
    "DecodeError",
    "Draft",
    "DraftError",
    "Finding",
    "NotRun",
    "NotSent",
    "Outcome",
    "RefundBlocked",
    "RefundError",
    "RefundNotChecked",
    "RefundNotSent",
    "RefundOutcomeUnknown",
    "RefundRefused",
    "Report",
    "StatusError",
    "TimedOut",
    "TransportError",
    "auth",
    "balance",
    "check",
    "connect",
    "draft",
    "finding",
    "guard",
    "pieces",
    "reference",
    "rule",
    "testing",
]
_MODULES = frozenset({"auth", "connect", "guard", "testing"})
_PLACES = {
    **dict.fromkeys(("ALL", "Draft", "draft", "pieces"), "drafting"),
    **dict.fromkeys(("Balance", "balance"), "balances"),
    "reference": "reference_validator",
}


def __getattr__(name: str) -> Any:
    """Import what a check does not need when it is first used."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
