"""GitLab's Code Quality report: one array of issues.

It has room for issues only. So what did not run is an issue of severity info, one for all files lest they drown the
findings, and the summary goes to standard error.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from .data import Fingerprints, lack, name, place, write
from .text import printable

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from . import Run, Skipped

_SEVERITIES = {"error": "major", "warning": "minor"}


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one JSON array: an issue a finding, then one for each operation and missing part of what did not run."""
    fingerprints = Fingerprints()
    issues = (_finding(one, fingerprints) for one, _ in run.findings)
    lacks: dict[tuple[str, str], list[Skipped]] = {}
    for one in run.not_run:
        lacks.setdefault((one.operation, one.missing), []).append(one)
    write(stream, chain(issues, (_skipped(alike, fingerprints) for alike in lacks.values())))


def _finding(one: Finding, fingerprints: Fingerprints) -> dict[str, Any]:
    file = place(one.file or "")
    column = "" if one.column is None else f", column {one.column}"
    return {
        "check_name": f"{one.code} {one.name}",
        "description": printable(f"{one.message}{f'; {one.help}' if one.help else ''} ({one.pointer or '/'}{column})"),
        "severity": _SEVERITIES[one.severity],
        "fingerprint": fingerprints.of(one.code, file, one.pointer),
        # An issue has to have a line; what has none is about the file.
        "location": {"path": name(file), "lines": {"begin": one.line or 1}},
    }


def _skipped(alike: list[Skipped], fingerprints: Fingerprints) -> dict[str, Any]:
    """One issue for what the same part was missing for, at the first of the files."""
    codes = sorted({code for one in alike for code in one.codes})
    whole = replace(alike[0], codes=tuple(codes), records=sum(one.records for one in alike))
    return {
        "check_name": "not-run",
        "description": f"{whole.operation or 'unknown operation'}: {lack(whole)}",
        "severity": "info",
        "fingerprint": fingerprints.of("not-run", whole.operation, whole.missing),
        "location": {"path": name(place(whole.file)), "lines": {"begin": 1}},
    }
