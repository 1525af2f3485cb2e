"""JUnit XML: one test case a payload.

A case fails for what makes the exit status 1, and has one failure that tells all of it, since readers show only the
first. A run keeps no record number of a clean payload: those of JSON Lines and of recordings, where empty lines and
other entries have numbers too, are told apart by counting them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr  # escapes what is written; nothing is read

from ..lint.paths import HAR, LINES
from ..text import make_printable
from .data import decode_name, describe_skipped, find_place
from .text import format_headline, summarize

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.record import Linted
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one suite with a case for each payload, its counts as properties, and what did not run as its output."""
    linted: dict[str, list[Linted]] = {}
    for result in run.linted:
        linted.setdefault(result.file, []).append(result)
    failures = sum(1 for result in run.linted if _find_failing(result, run))
    errors = sum(1 for result in run.linted if result.is_refused and not _find_failing(result, run))
    numbers = {"tests": run.checked, "failures": failures}
    numbers["errors"] = errors if run.failing else 0
    counts = " ".join(f'{key}="{value}"' for key, value in numbers.items()) + f' time="{run.seconds:.3f}"'
    stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="refundkit" {counts}>\n')
    skipped = f'skipped="{0 if run.failing else errors}"'  # only a suite has it, by the schema that Jenkins reads by
    stream.write(f'<testsuite name="refundkit check" {counts} {skipped}>\n<properties>\n')
    for key, value in (("files", run.files), ("warnings", run.count("warning")), ("suppressed", run.suppressed)):
        stream.write(f'<property name="{key}" value="{value}"/>\n')
    stream.write("</properties>\n")
    for file, payloads in run.payloads.items():
        for case in _make_cases(file, payloads, linted.get(file, []), run):
            stream.write(case)
    stream.write("<system-out>")
    for lack in run.not_run:
        place = f"{decode_name(lack.file)}: {lack.operation or 'unknown operation'}"
        stream.write(_escape_text(f"{place}: {describe_skipped(lack)}") + "\n")
    stream.write(f"{_escape_text(summarize(run, color=False))}</system-out>\n</testsuite>\n</testsuites>\n")


def _make_cases(file: str, payloads: int, linted: list[Linted], run: Run) -> Iterator[str]:
    owner = _quote(decode_name(find_place(file)))
    for result in linted:
        title = f"record {_record_of(result)}" if payloads > 1 else "payload"
        yield _format_case(owner, title, _format_content(result, run))
    for title in _name_clean(file, payloads, [_record_of(result) for result in linted]):
        yield _format_case(owner, title, "")


def _name_clean(file: str, payloads: int, reported: list[int]) -> Iterable[str]:
    """Yield the names of the clean payloads, by record number where that follows from the others."""
    if payloads == 1:
        return () if reported else ("payload",)
    if Path(file).suffix.lower() in LINES | {HAR}:
        return (f"clean {number}" for number in range(1, payloads - len(reported) + 1))
    records = set(reported)
    return (f"record {number}" for number in range(1, payloads + 1) if number not in records)


def _record_of(linted: Linted) -> int:
    return linted.findings[0][0].record


def _format_case(owner: str, title: str, content: str) -> str:
    start = f'<testcase classname={owner} name="{title}"'
    return f"{start}>\n{content}</testcase>\n" if content else f"{start}/>\n"


def _format_content(linted: Linted, run: Run) -> str:
    failing = _find_failing(linted, run)
    passing = [finding for finding, _ in linted.findings if finding not in failing]
    text = ""
    if failing:
        first = failing[0]
        count = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        message = _quote(f"{first.code} {first.name}: {first.message}{count}")
        text += f'<failure type="{first.code}" message={message}>{_format_findings(failing)}</failure>\n'
    elif linted.is_refused:
        text += f'<{"error" if run.failing else "skipped"} message="the payload is refused as it stands"/>\n'
    if passing:
        text += f"<system-out>{_format_findings(passing)}</system-out>\n"
    return text


def _find_failing(linted: Linted, run: Run) -> list[Finding]:
    return [finding for finding, _ in linted.findings if finding.severity in run.failing]


def _format_findings(findings: list[Finding]) -> str:
    return "\n".join(_escape_text(_format_finding(one)) for one in findings)


def _format_finding(finding: Finding) -> str:
    # The headline names the pointer where there is no line to name.
    pointer = f" ({finding.pointer or '/'})" if finding.line is not None else ""
    return f"{format_headline(finding, color=False)}{pointer}{f'; {finding.help}' if finding.help else ''}"


def _escape_text(text: str) -> str:
    """Text of an element: escaped, without a character that XML cannot hold, in ASCII."""
    return _to_ascii(escape(make_printable(text)))


def _quote(text: str) -> str:
    return _to_ascii(quoteattr(make_printable(text)))


def _to_ascii(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
