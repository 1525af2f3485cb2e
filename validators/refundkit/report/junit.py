"""JUnit XML: one test case a payload.

A case fails for what makes the exit status 1, and has one failure that tells all of it, since readers show only the
first. A run keeps no record number of a clean payload: those of JSON Lines, where empty lines have numbers too, are
told apart by counting them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr  # escapes what is written; nothing is read

from ..errors import VALID_BODY
from ..lint.sources import LINES
from .data import lack, name, place
from .text import headline, printable, summary

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.record import Linted
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one suite with a case for each payload, its counts as properties, and what did not run as its output."""
    linted: dict[str, list[Linted]] = {}
    for one in run.linted:
        linted.setdefault(one.file, []).append(one)
    unjudged = run.unjudged
    failures = sum(1 for one in run.linted if _failing(one, run))
    errors = sum(unjudged.values()) + sum(1 for one in run.linted if _unjudged(one) and not _failing(one, run))
    numbers = {"tests": run.checked, "failures": failures}
    numbers |= {"errors": errors, "skipped": 0} if run.failing else {"errors": 0, "skipped": errors}
    counts = " ".join(f'{key}="{value}"' for key, value in numbers.items()) + f' time="{run.seconds:.3f}"'
    stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="refundkit" {counts}>\n')
    stream.write(f'<testsuite name="refundkit check" {counts}>\n<properties>\n')
    for key, value in (("files", run.files), ("warnings", run.count("warning")), ("suppressed", run.suppressed)):
        stream.write(f'<property name="{key}" value="{value}"/>\n')
    stream.write("</properties>\n")
    for file, payloads in run.payloads.items():
        for case in _cases(file, payloads, linted.get(file, []), unjudged.get(file, 0), run):
            stream.write(case)
    stream.write("<system-out>")
    for skipped in run.not_run:
        stream.write(_text(f"{name(skipped.file)}: {skipped.operation or 'unknown operation'}: {lack(skipped)}") + "\n")
    stream.write(f"{_text(summary(run, color=False))}</system-out>\n</testsuite>\n</testsuites>\n")


def _cases(file: str, payloads: int, linted: list[Linted], unjudged: int, run: Run) -> Iterator[str]:
    owner = _attribute(name(place(file)))
    for one in linted:
        title = f"record {_record(one)}" if payloads > 1 else "payload"
        yield _case(owner, title, _content(one, run))
    for number in range(1, unjudged + 1):
        yield _case(owner, f"not judged {number}", _not_judged(run))
    for title in _clean(file, payloads, [_record(one) for one in linted], unjudged):
        yield _case(owner, title, "")


def _clean(file: str, payloads: int, told: list[int], unjudged: int) -> Iterable[str]:
    """The names of the clean payloads: their record numbers where those are known without having been kept."""
    if payloads == 1:
        return () if told or unjudged else ("payload",)
    if Path(file).suffix.lower() in LINES or unjudged:
        return (f"clean {number}" for number in range(1, payloads - len(told) - unjudged + 1))
    known = set(told)
    return (f"record {number}" for number in range(1, payloads + 1) if number not in known)


def _record(one: Linted) -> int:
    return one.findings[0][0].record


def _case(owner: str, title: str, content: str) -> str:
    start = f'<testcase classname={owner} name="{title}" file={owner}'
    return f"{start}>\n{content}</testcase>\n" if content else f"{start}/>\n"


def _content(one: Linted, run: Run) -> str:
    failing = _failing(one, run)
    others = [finding for finding, _ in one.findings if finding not in failing]
    text = ""
    if failing:
        first = failing[0]
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        message = _attribute(f"{first.code} {first.name}: {first.message}{more}")
        text += f'<failure type="{first.code}" message={message}>{_lines(failing)}</failure>\n'
    elif _unjudged(one):
        text += _not_judged(run)
    if others:
        text += f"<system-out>{_lines(others)}</system-out>\n"
    return text


def _unjudged(one: Linted) -> bool:
    return any(part.missing == VALID_BODY for part in one.not_run)


def _not_judged(run: Run) -> str:
    """No payload passes that nothing judged: the exit status says so too, unless nothing makes it 1."""
    return f'<{"error" if run.failing else "skipped"} message="no rule could judge the payload"/>\n'


def _failing(one: Linted, run: Run) -> list[Finding]:
    return [finding for finding, _ in one.findings if finding.severity in run.failing]


def _lines(findings: list[Finding]) -> str:
    return "\n".join(_text(_line(one)) for one in findings)


def _line(one: Finding) -> str:
    # The headline names the pointer where there is no line to name.
    pointer = f" ({one.pointer or '/'})" if one.line is not None else ""
    return f"{headline(one, color=False)}{pointer}{f'; {one.help}' if one.help else ''}"


def _text(text: str) -> str:
    """Text of an element: escaped, without a character that XML cannot hold, in ASCII."""
    return _ascii(escape(printable(text)))


def _attribute(text: str) -> str:
    return _ascii(quoteattr(printable(text)))


def _ascii(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
