"""The exceptions of the library and the command, and the data that they carry.

The exceptions of API calls are defined beside the generated clients, which need them, and re-exported here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from refundkit_apis._runtime.errors import (
    DecodeError,
    NotSent,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    StatusError,
    TimedOut,
    TransportError,
)

__all__ = [
    "ConfigError", "DecodeError", "Finding", "NotRun", "NotSent", "RefundBlocked", "RefundError", "RefundNotChecked",
    "RefundNotSent", "RefundOutcomeUnknown", "RefundRefused", "Report", "RuleError", "SourceError", "StatusError",
    "TimedOut", "TransportError", "UsageError", "finding",
]  # fmt: skip

Severity: TypeAlias = Literal["error", "warning", "off"]

# Values of `NotRun.missing` beside the names of a request's parts.
VALID_BODY, VALID_ORDER, CREDENTIALS = "valid body", "valid order", "credentials"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, where it is, and what to do.

    `pointer` is an RFC 6901 pointer into the body, or a pointer or name behind `path:`, `query:`, `header:`, `order:`,
    `refunds:` or `request:`. `line` and `column` are 1-based and None where the text is not at hand.
    """

    code: str = ""
    name: str = ""
    severity: Severity = "error"
    message: str
    operation: str = ""
    file: str | None = None
    record: int = 1
    line: int | None = None
    column: int | None = None
    pointer: str
    source: str = ""
    help: str = ""

    def __str__(self) -> str:
        return f"{self.severity} {self.code} {self.name}: {self.message} ({self.pointer or '/'})"


def finding(pointer: str, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
    """Return a finding of the calling rule; the checker adds the rule's id, the severity and the line."""
    return Finding(pointer=pointer, message=message, help=help)


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that did not run, and the part of the request or its context that was missing for them."""

    codes: tuple[str, ...]
    missing: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a check, and the rules that did not run."""

    operation: str
    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]

    @property
    def ok(self) -> bool:
        """Whether no finding is an error and the schema accepts the body."""
        is_refused = any(entry.missing == VALID_BODY for entry in self.not_run)
        return not is_refused and not any(entry.severity == "error" for entry in self.findings)

    @property
    def complete(self) -> bool:
        """Whether every rule ran."""
        return not self.not_run

    def raise_for_errors(self) -> None:
        """Raise RefundBlocked unless `ok`."""
        if not self.ok:
            raise RefundBlocked(self)


class RefundBlocked(RefundNotSent):
    """A rule forbids the request; `report` says which, and why."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(f"{report.operation}: {_join_errors(report)}")

    def __reduce__(self) -> tuple[type[RefundBlocked], tuple[Report], dict[str, str]]:
        return type(self), (self.report,), {"idempotency_key": self.idempotency_key}


class RefundNotChecked(RefundNotSent):
    """The order could not be read: `__cause__` and the message say why."""

    def __init__(self, report: Report, why: str = "") -> None:
        self.report, self._why = report, why
        super().__init__(f"{report.operation}: the order could not be read: {why or _join_errors(report)}")

    def __reduce__(self) -> tuple[type[RefundNotChecked], tuple[Report, str], dict[str, str]]:
        return type(self), (self.report, self._why), {"idempotency_key": self.idempotency_key}


class DraftError(RefundNotSent):
    """What is wanted cannot be refunded; the message says what is left, or what to add."""


def _join_errors(report: Report) -> str:
    errors = [str(entry) for entry in report.findings if entry.severity == "error"]
    not_run = [f"not run for want of {entry.missing}: {', '.join(entry.codes)}" for entry in report.not_run]
    return "; ".join(errors or not_run)


class ConfigError(Exception):
    """A configuration that cannot be used; the message says where and what to write instead."""


class RuleError(ConfigError):
    """A user's rule that failed while it ran; the message names the rule and its line."""


class SourceError(Exception):
    """An input that cannot be read; the message says which and why."""


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message says what to write instead."""
