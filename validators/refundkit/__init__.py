"""Check a refund request before it is sent: `check()`, and the clients that ask it."""

from typing import TYPE_CHECKING, Any

from .check import NotRun, RefundRejected, Report, check
from .config import Config, ConfigError
from .rule import Finding, finding, rule

if TYPE_CHECKING:
    from .schema import reference

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "Finding",
    "NotRun",
    "RefundRejected",
    "Report",
    "check",
    "finding",
    "reference",
    "rule",
]


def __getattr__(name: str) -> Any:
    """What is not needed for a check is imported when it is asked for."""
    if name == "reference":
        from .schema import reference

        return reference
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
