"""Version 1 of the JSON output; its schema is output.schema.json beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from typing import TextIO

    from ..rule import Finding
    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one JSON document."""
    document = {
        "version": 1,
        "summary": {
            "files": run.files,
            "checked": run.checked,
            "errors": run.count("error"),
            "warnings": run.count("warning"),
            "suppressed": 0,
            "seconds": round(run.seconds, 3),
        },
        "findings": [_finding(one) for one, _ in run.findings],
        "not_run": [msgspec.to_builtins(one) for one in run.not_run],
    }
    stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def _finding(one: Finding) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(one)
    return fields
