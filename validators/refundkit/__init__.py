"""Check a refund request before it is sent: `check()`, and the clients that ask it."""

from .check import NotRun, RefundRejected, Report, check
from .config import Config, ConfigError
from .rule import Finding, finding, rule

__version__ = "0.1.0"

__all__ = ["Config", "ConfigError", "Finding", "NotRun", "RefundRejected", "Report", "check", "finding", "rule"]
