"""`python -m refundkit.report.summary REPORT`: the JSON report as Markdown, for the summary of a job.

With --outputs it prints the counts as NAME=VALUE lines instead, for the steps that follow.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from ..text import count_nouns, make_printable

_MOST_ROWS = 50
_LONGEST_CELL = 300
# Whatever Markdown or HTML may read as markup.
_MARKS = re.compile(r"[^0-9A-Za-z \u0080-\U0010ffff]")


def main(arguments: list[str]) -> None:
    """Print the summary of a report, or its counts."""
    file, *flags = arguments
    report = msgspec.json.decode(Path(file).read_bytes())
    sys.stdout.write(format_counts(report) if flags == ["--outputs"] else format_summary(report))


def format_counts(report: dict[str, Any]) -> str:
    """Return the counts that other steps may ask for."""
    return "".join(f"{name}={report['summary'][name]}\n" for name in ("checked", "errors", "warnings"))


def format_summary(report: dict[str, Any]) -> str:
    """Return a heading with the counts, the findings as a table, errors first, and what did not run."""
    counts = report["summary"]
    errors, warnings = count_nouns(counts["errors"], "error"), count_nouns(counts["warnings"], "warning")
    lines = [f"### refundkit: {errors}, {warnings} in {count_nouns(counts['checked'], 'payload')}", ""]
    findings = sorted(report["findings"], key=lambda finding: finding["severity"] != "error")
    if findings:
        lines += ["| | Rule | Place | What is wrong |", "|---|---|---|---|"]
        lines += [_format_row(finding) for finding in findings[:_MOST_ROWS]]
        lines.append("")
    if len(findings) > _MOST_ROWS:
        lines += [f"{len(findings) - _MOST_ROWS} more are in the log.", ""]
    missing = sorted({entry["missing"] for entry in report["not_run"] if entry["codes"]})
    if missing:
        lines += [f"Some rules did not run, for want of: {', '.join(map(_escape, missing))}.", ""]
    return "\n".join(lines) + "\n"


def _format_row(finding: dict[str, Any]) -> str:
    place = ":".join(str(part) for part in (finding["file"], finding["line"]) if part is not None)
    message = finding["message"] + (f"; {finding['help']}" if finding["help"] else "")
    cells = (finding["severity"], f"{finding['code']} {finding['name']}", place, message)
    return "".join(f"| {_escape(cell)} " for cell in cells) + "|"


def _escape(text: str) -> str:
    """Return a text that no reader of Markdown takes for more than text: a payload's words make no link or picture."""
    shown = make_printable(text)
    cut = shown if len(shown) <= _LONGEST_CELL else f"{shown[: _LONGEST_CELL - 1]}…"
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", cut)


if __name__ == "__main__":
    main(sys.argv[1:])
