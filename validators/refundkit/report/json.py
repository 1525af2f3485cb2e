"""Version 1 of the JSON output; its schema is output.schema.json beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import plain, summary, write
from .statistics import counts

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one JSON document."""
    document: dict[str, Any] = {
        "version": 1,
        "summary": summary(run),
        "findings": (plain(one) for one, _ in run.findings),
        "not_run": map(plain, run.not_run),
    }
    if run.statistics:
        document["statistics"] = counts(run)
    write(stream, document)
