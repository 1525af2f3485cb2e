"""Check a refund request before it is sent: `check()`, and the clients that ask it."""

from typing import TYPE_CHECKING, Any

from .checking.check import check
from .config import Config
from .errors import (
    ConfigError,
    DecodeError,
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
    from .client import guard
    from .reference_validator import reference

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "DecodeError",
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
    "check",
    "connect",
    "finding",
    "guard",
    "reference",
    "rule",
    "testing",
]
_MODULES = frozenset({"auth", "connect", "guard", "testing"})


def __getattr__(name: str) -> Any:
    """Import what a check does not need when it is first used."""
    if name in _MODULES:
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    if name == "reference":
        from .reference_validator import reference

        return reference
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
