"""Check a refund request before it is sent: `check()`, and the clients that ask it."""

from typing import TYPE_CHECKING, Any

from .checking.check import check
from .config import Config
from .errors import (
    Finding,
    Outcome,
    RefundBlocked,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    Report,
    finding,
)
from .rule import rule

if TYPE_CHECKING:
    from . import auth, connect, guard, models, testing
    from . import journal as journal  # reached by name, and no part of __all__
    from .balances import balance
    from .drafting import ALL, Draft, draft, pieces
    from .forms import decode, encode
    from .reference_validator import reference

__version__ = "0.1.0"

# What is rarer stands in refundkit.errors and in the modules that the documentation names.
__all__ = [
    "ALL",
    "Config",
    "Draft",
    "Finding",
    "Outcome",
    "RefundBlocked",
    "RefundError",
    "RefundNotSent",
    "RefundOutcomeUnknown",
    "RefundRefused",
    "Report",
    "auth",
    "balance",
    "check",
    "connect",
    "decode",
    "draft",
    "encode",
    "finding",
    "guard",
    "models",
    "pieces",
    "reference",
    "rule",
    "testing",
]
_MODULES = frozenset({"auth", "connect", "guard", "journal", "models", "testing"})
_PLACES = {
    **dict.fromkeys(("ALL", "Draft", "draft", "pieces"), "drafting"),
    "balance": "balances",
    **dict.fromkeys(("decode", "encode"), "forms"),
    "reference": "reference_validator",
}


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what a check does not need when it is first used; hidden from type checkers, which know the names."""
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name in _PLACES:
            return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        from .text import suggest_name

        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{suggest_name(name, __all__)}")
