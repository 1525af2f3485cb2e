"""How often each rule spoke: for --statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .text import paint

if TYPE_CHECKING:
    from . import Run


def count_rules(run: Run) -> list[dict[str, Any]]:
    """Count the findings by rule, severity and operation, the most frequent first."""
    ordered = sorted(run.counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        {"code": code, "name": name, "severity": severity, "operation": operation, "findings": number}
        for (code, name, severity, operation), number in ordered
    ]


def format_table(run: Run, color: bool) -> str:
    """Format the counts as lines of text; "" without findings."""
    rows = count_rules(run)
    width = len(str(rows[0]["findings"])) if rows else 0
    names = max((len(row["name"]) for row in rows), default=0)
    return "".join(
        f"{row['findings']:>{width}}  {paint(row['code'], row['severity'], color)}  {row['severity']:<7}  "
        f"{row['name']:<{names}}  {row['operation']}".rstrip()
        + "\n"
        for row in rows
    )
