"""python -m bench RESULTS.json: print the tables of a pytest-benchmark run and write them into bench/README.md."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

from . import journal, lines, ratios, start

README = Path(__file__).parent / "README.md"
MARK = "<!-- measured -->"
OURS = "refundkit check, body"


def main(results: str) -> int:
    """Print the tables and write them below the mark of the README."""
    runs = json.loads(Path(results).read_text("utf-8"))
    rows = {}
    for benchmark in runs["benchmarks"]:
        info = benchmark["extra_info"]
        microseconds = benchmark["stats"]["median"] / info["payloads"] * 1e6
        rows[info["table"], info["name"], info["size"], info["bad"]] = microseconds
    tables = [
        [_describe_machine(runs)],
        ratios.table(),
        _body_table(rows),
        _order_table(rows),
        _growth_line(rows),
        _guard_table(rows),
        journal.table(),
        start.table(),
        lines.table(),
        audit_table(),
    ]
    text = "\n\n".join("\n".join(table) for table in tables if table) + "\n"
    print(text)
    before = README.read_text("utf-8").partition(MARK)[0]
    README.write_text(f"{before}{MARK}\n\n{text}", encoding="utf-8")
    return 0


def _describe_machine(runs: dict[str, Any]) -> str:
    cpu = runs["machine_info"].get("cpu", {})
    name = cpu.get("brand_raw", platform.processor() or "unknown processor")
    return f"{name}, {cpu.get('count', '?')} cores, Python {runs['machine_info']['python_version']}; one run, one core."


def _body_table(rows: dict[Any, float]) -> list[str]:
    columns = sorted({key[2:] for key in rows if key[0] == "body"}, key=lambda pair: (_size_rank(pair[0]), pair[1]))
    lines = ["Median microseconds a payload; in brackets the ratio of our time to it.", ""]
    lines.append("| body alone | " + " | ".join(f"{size}, {bad} % bad" for size, bad in columns) + " |")
    lines.append("|---" * (len(columns) + 1) + "|")
    for name in dict.fromkeys(key[1] for key in rows if key[0] == "body"):
        cells = [
            f"{rows['body', name, *column]:,.1f} ({rows['body', OURS, *column] / rows['body', name, *column]:.2f})"
            for column in columns
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _order_table(rows: dict[Any, float]) -> list[str]:
    sizes = sorted({key[2] for key in rows if key[0] == "order"}, key=_size_rank)
    lines = ["| body and order | " + " | ".join(sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    names = list(dict.fromkeys(key[1] for key in rows if key[0] == "order"))
    for name in names:
        cells = [
            f"{microseconds:,.1f} ({rows['order', names[0], size, 0] / microseconds:.2f})"
            for size in sizes
            for microseconds in [rows["order", name, size, 0]]
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _growth_line(rows: dict[Any, float]) -> list[str]:
    small, large = (rows["growth", f"{lines} lines", "", 0] for lines in (200, 2000))
    return [f"A refund of 2,000 lines with its order costs {large / small:.1f} times one of 200 lines."]


def _guard_table(rows: dict[Any, float]) -> list[str]:
    """Return the table of what a refund through a client costs, with and without guard; [] if not measured."""
    wires = ("in process", "loopback socket")
    names = list(dict.fromkeys(key[1] for key in rows if key[0] == "guard"))
    if not names:
        return []
    lines = ["| microseconds a refund through a client | " + " | ".join(wires) + " |", "|---|---|---|"]
    for name in names:
        microseconds = [rows["guard", name, wire, 0] for wire in wires]
        unguarded = [rows["guard", names[0], wire, 0] for wire in wires]
        cells = [
            f"{cost:,.0f} (+{cost - unguarded_cost:,.0f})"
            for cost, unguarded_cost in zip(microseconds, unguarded, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def audit_table() -> list[str]:
    """Return the table of the results that bench.audit and bench.spark wrote into the current folder."""
    runs = [
        (report["engine"], report.get("memory", ""), run)
        for file in sorted(Path().glob(".audit*.json"))
        for report in [json.loads(file.read_text("utf-8"))]
        for run in report["runs"]
    ]
    if not runs:
        return []
    lines = ["| audit | refunds | seconds | a second | peak MB of all processes | finds just what is planted |"]
    lines.append("|---|---|---|---|---|---|")
    for engine, memory, run in runs:
        workers = run.get("workers", 0)
        name = f"{engine}, {workers} worker{'s' * (workers > 1)}" if workers else f"{engine}, --memory {memory}"
        exact = {True: "yes", False: "no"}.get(run.get("exact"), "")
        lines.append(
            f"| {name} | {run['requests']:,} | {run['seconds']:,.1f} | {run['a_second']:,} |"
            f" {run.get('peak_megabytes', '')} | {exact} |"
        )
    return lines


def _size_rank(name: str) -> int:
    return ("small", "typical", "large").index(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
