"""What the formats for people share: the headline of a finding and the summary of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import VALID_BODY
from ..text import count_nouns, make_printable

if TYPE_CHECKING:
    from ..errors import Finding
    from . import Run

_COLORS = {"error": "31", "warning": "33", "bold": "1", "faint": "2", "good": "32"}
MISSING = {
    "order": "the order (--order)",
    "refunds": "the earlier refunds (--refunds)",
    "path": "the path",
    "url": "the URL",
    "query": "the query",
    "headers": "the headers",
    "credentials": "credentials",
    "valid order": "a valid order",
}


def paint(text: str, style: str, color: bool) -> str:
    """Return the text in a style, if in colour."""
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if color else text


def format_headline(finding: Finding, color: bool) -> str:
    """`file:line:column: severity CODE name: message`; a place outside the file's text is named by its pointer."""
    place = make_printable(
        ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)
    )
    where = "" if finding.line is not None else f" ({make_printable(finding.pointer)})" if finding.pointer else ""
    severity = paint(f"{finding.severity} {finding.code}", finding.severity, color)
    return f"{paint(place, 'bold', color)}: {severity} {finding.name}: {make_printable(finding.message)}{where}"


def summarize(run: Run, color: bool) -> str:
    """Return what was checked, what was found and what did not run, in one line."""
    errors, warnings = run.count("error"), run.count("warning")
    style = "error" if errors else "warning" if warnings else "good"
    counts = paint(f"{count_nouns(errors, 'error')}, {count_nouns(warnings, 'warning')}", style, color)
    baseline = f", {run.suppressed} in the baseline" if run.suppressed else ""
    stale = f", {run.stale} stale there" if run.stale else ""
    text = (
        f"Checked {count_nouns(run.checked, 'payload')} in {count_nouns(run.files, 'file')}: {counts}{baseline}{stale}."
    )
    return " ".join(part for part in (text, describe_not_run(run)) if part)


def describe_not_run(run: Run) -> str:
    """Return what was not judged and what did not run, in one line; "" if everything did."""
    codes: dict[str, set[str]] = {}
    for skipped in run.not_run:
        codes.setdefault(skipped.missing, set()).update(skipped.codes)
    waiting = len(codes.pop(VALID_BODY, ()))
    wants = _describe_missing(codes)
    parts = [f"Not judged: {count_nouns(run.not_judged, 'payload')}."] if run.not_judged else []
    if waiting:
        parts.append(
            f"{'1 rule waits' if waiting == 1 else f'{waiting} rules wait'} until the errors above are mended."
        )
    return " ".join(parts + ([f"Not run: {wants}"] if wants else []))


def _describe_missing(codes: dict[str, set[str]]) -> str:
    parts = [(len(codes[missing]), words) for missing, words in MISSING.items() if codes.get(missing)]
    if not parts:
        return ""
    first, *later_parts = [f"{count} {part}" for count, part in parts]
    count, part = first.split(" ", 1)
    words = [f"{count} {'rule wants' if count == '1' else 'rules want'} {part}", *later_parts]
    return ", ".join(words)
