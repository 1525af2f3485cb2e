"""GitLab's Code Quality report: one array of issues.

It has room for issues only. So what did not run in files with findings is an issue of severity info, one for all of
them; of clean files there is none, and the summary on standard error tells it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..text import make_printable
from .data import Fingerprints, decode_name, describe_skipped, find_place, write_json

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from . import Run, Skipped

_SEVERITIES = {"error": "major", "warning": "minor"}


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one JSON array: an issue a finding, then what did not run beside them, one an operation and part."""
    fingerprints = Fingerprints()
    files = {linted.file for linted in run.linted}
    issues = (_make_issue(skipped, fingerprints) for skipped, _ in run.findings)
    lacks: dict[tuple[str, str], list[Skipped]] = {}
    for skipped in run.not_run:
        if skipped.file not in files:
            continue
        lacks.setdefault((skipped.operation, skipped.missing), []).append(skipped)
    write_json(stream, chain(issues, (_make_skipped_issue(alike, fingerprints) for alike in lacks.values())))


def _make_issue(finding: Finding, fingerprints: Fingerprints) -> dict[str, Any]:
    file = find_place(finding.file or "")
    column = "" if finding.column is None else f", column {finding.column}"
    advice = f"; {finding.help}" if finding.help else ""
    return {
        "check_name": f"{finding.code} {finding.name}",
        "description": make_printable(f"{finding.message}{advice} ({finding.pointer or '/'}{column})"),
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": fingerprints.make(finding.code, file, finding.pointer),
        # An issue has to have a line; what has none is about the file.
        "location": {"path": decode_name(file), "lines": {"begin": finding.line or 1}},
    }


def _make_skipped_issue(alike: list[Skipped], fingerprints: Fingerprints) -> dict[str, Any]:
    """One issue for what the same part was missing for, at the first of the files."""
    codes = sorted({code for one in alike for code in one.codes})
    merged = replace(alike[0], codes=tuple(codes), records=sum(one.records for one in alike))
    return {
        "check_name": "not-run",
        "description": f"{merged.operation or 'unknown operation'}: {describe_skipped(merged)}",
        "severity": "info",
        "fingerprint": fingerprints.make("not-run", merged.operation, merged.missing),
        "location": {"path": decode_name(find_place(merged.file)), "lines": {"begin": 1}},
    }
