"""Version 1 of the JSON output; its schema is output.schema.json beside this."""

from __future__ import annotations

import os
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
        "not_run": [_with_text(msgspec.to_builtins(one)) for one in run.not_run],
    }
    stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def _finding(one: Finding) -> dict[str, Any]:
    return _with_text(msgspec.to_builtins(one))


def _with_text(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with a file name that JSON can hold: its bytes that are no text are escaped."""
    if fields["file"] is not None:
        fields["file"] = os.fsencode(fields["file"]).decode("utf-8", "backslashreplace")
    return fields
