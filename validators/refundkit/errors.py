"""The exceptions of the library and the command, and the data that they carry.

The exceptions of API calls are defined beside the generated clients, which need them, and re-exported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from refundkit_apis._runtime.errors import (
    DecodeError,
    NotSent,
    Outcome,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    StatusError,
    TimedOut,
    TransportError,
)
from refundkit_apis._runtime.usage import UsageError

from .text import count_nouns, make_printable

__all__ = [
    "ConfigError", "DecodeError", "DraftError", "Finding", "JournalError", "NotRun", "NotSent", "Outcome",
    "RefundBlocked", "RefundBusy", "RefundError", "RefundNotChecked", "RefundNotSent", "RefundOutcomeUnknown",
    "RefundRefused", "RefundUnresolved", "Report", "RuleError", "SourceError", "StatusError", "TimedOut",
    "TransportError", "UsageError", "finding",
]  # fmt: skip

_PACKAGE = Path(__file__).parent
Severity: TypeAlias = Literal["error", "warning", "off"]
FailOn: TypeAlias = Literal["error", "warning", "never"]
FAILING: dict[FailOn, tuple[Severity, ...]] = {"error": ("error",), "warning": ("error", "warning"), "never": ()}
"""The severities that make a report not ok and the exit status 1, by the value of fail_on."""

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


def describe_defect(error: BaseException) -> str:
    """Return kind and place in our code of an unforeseen error; its own words may quote a payload."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            place = f" in {file.relative_to(_PACKAGE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"a defect of refundkit: {type(error).__name__}{place}"


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that did not run, and the part of the request or its context that was missing for them."""

    codes: tuple[str, ...]
    missing: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a check, and the rules that did not run. `fail_on` says which findings make it not ok."""

    operation: str
    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]
    fail_on: FailOn = "error"

    def __str__(self) -> str:
        lines = []
        for entry in self.findings:
            lines += [make_printable(str(entry)), *([f"  help: {make_printable(entry.help)}"] if entry.help else [])]
        errors, warnings = (sum(entry.severity == each for entry in self.findings) for each in ("error", "warning"))
        wants = [f"{count_nouns(len(each.codes), 'rule')} for want of the {each.missing}" for each in self.not_run]
        counts = f"{self.operation}: {count_nouns(errors, 'error')}, {count_nouns(warnings, 'warning')}."
        return "\n".join([*lines, f"{counts} Not run: {', '.join(wants)}." if wants else counts])

    def __bool__(self) -> bool:
        raise UsageError("a report has no truth value: ask its .ok, or call its raise_for_errors()")

    @property
    def ok(self) -> bool:
        """Whether no finding fails, by default no error, and the schema accepts the body; always if nothing fails."""
        is_refused = any(entry.missing == VALID_BODY for entry in self.not_run)
        return self.fail_on == "never" or not (is_refused or self.failures)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that make it not ok: errors, and warnings too if `fail_on` is warning."""
        return tuple(entry for entry in self.findings if entry.severity in FAILING[self.fail_on])

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


class _HeldByJournal(NotSent):
    """The journal has a row that holds the order; `entry_id` is its id."""

    _words = ""

    def __init__(self, entry_id: str) -> None:
        self.entry_id = entry_id
        super().__init__(self._words.format(entry_id))

    def __reduce__(self) -> tuple[type[_HeldByJournal], tuple[str], dict[str, str]]:
        return type(self), (self.entry_id,), {"idempotency_key": self.idempotency_key}


class RefundBusy(_HeldByJournal):
    """Another process is refunding the order, and has not come to an end in the time that the journal waits."""

    _words = "not sent: another refund of the order is under way (journal row {0}); try again later"


class RefundUnresolved(_HeldByJournal):
    """An earlier refund of the order may have been made, and nobody has found out yet."""

    _words = "not sent: an earlier refund of the order may have been made: refundkit journal resolve {0}"


class DraftError(RefundNotSent):
    """What is wanted cannot be refunded; the message says what is left, or what to add."""


def _join_errors(report: Report) -> str:
    errors = [str(entry) for entry in report.failures] or list(map(str, report.findings))
    not_run = [f"not run for want of {entry.missing}: {', '.join(entry.codes)}" for entry in report.not_run]
    return "; ".join(errors or not_run)


class ConfigError(UsageError):
    """A configuration that cannot be used; the message says where and what to write instead."""


class RuleError(ConfigError):
    """A user's rule that failed while it ran; the message names the rule and its line."""


class SourceError(Exception):
    """An input that cannot be read; the message says which and why."""


class JournalError(Exception):
    """A journal of refunds cannot be read or written; the message says which, and why."""
