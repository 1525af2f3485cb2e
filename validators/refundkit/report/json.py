"""Version 1 of the JSON output; its schema is output.schema.json beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import make_summary, to_plain, write_json
from .statistics import count_rules

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one JSON document."""
    document: dict[str, Any] = {
        "version": 1,
        "summary": make_summary(run),
        "findings": (to_plain(one) for one, _ in run.findings),
        "not_run": map(to_plain, run.not_run),
    }
    if run.statistics:
        document["statistics"] = count_rules(run)
    write_json(stream, document)
