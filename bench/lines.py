"""python -m bench.lines --count N: so many requests in one JSON Lines file, 1 % of them bad."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import jsonschema
import orjson
from refundkit import operations

from .command import BIN, Run, measured
from .payloads import OPERATION, request, spoiled

LEFT = Path(".bench.lines.json")
SAMPLE = 2_000  # lines that jsonschema gets in each round
ROUNDS = 3


def write(file: Path, count: int) -> None:
    """Always the same lines: refunds of one line with four charges, every hundredth spoiled in one of four ways."""
    with file.open("wb") as stream:
        for record in range(count):
            body = request(1, 4, record)
            if record % 100 == 50:
                body = spoiled(body, record // 100)
            stream.write(orjson.dumps(body) + b"\n")


def by_jsonschema(file: Path, count: int) -> float:
    """The seconds that jsonschema takes for the first so many lines, one after the other."""
    validator = jsonschema.Draft202012Validator(operations.get(OPERATION).schema())
    begun = time.perf_counter()
    with file.open("rb") as stream:
        for line in islice(stream, count):
            list(validator.iter_errors(orjson.loads(line)))
    return time.perf_counter() - begun


def main(arguments: list[str]) -> int:
    """Measures in turn, prints, and leaves what was found in LEFT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        whole, tenth = Path(folder, "whole.jsonl"), Path(folder, "tenth.jsonl")
        write(whole, options.count)
        write(tenth, options.count // 10)
        check = (str(BIN / "refundkit"), "check", "--isolated", "--as", OPERATION, "--output-format", "concise")
        runs = {
            "one": partial(measured, (*check, "--jobs", "1", str(whole))),
            "two": partial(measured, (*check, "--jobs", "2", str(whole))),
            "tenth": partial(measured, (*check, "--jobs", "1", str(tenth))),
        }
        taken: dict[str, list[Run]] = {name: [] for name in runs}
        peer = []
        for _ in range(options.rounds):
            for name, run in runs.items():
                taken[name].append(run())
            peer.append(by_jsonschema(whole, SAMPLE) / SAMPLE)
        found: dict[str, Any] = {
            "count": options.count,
            "bytes": whole.stat().st_size / options.count,
            "rounds": options.rounds,
            "jsonschema": median(peer),
            **{name: median(run.seconds for run in each) for name, each in taken.items()},
            **{f"{name} peak": max(run.peak for run in each) for name, each in taken.items()},
        }
    LEFT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table()))
    return 0


def table() -> list[str]:
    """The table of the last measurement; nothing where there is none."""
    if not LEFT.exists():
        return []
    found = json.loads(LEFT.read_text("utf-8"))
    count = found["count"]
    peer = found["jsonschema"]

    def row(name: str, seconds: float, peak: str) -> str:
        return f"| {name} | {seconds:.1f} | {seconds / count * 1e6:.1f} | {peer * count / seconds:.1f} | {peak} |"

    return [
        f"{count:,} refunds of {found['bytes']:.0f} bytes in one JSON Lines file, 1 % of them bad: medians of"
        f" {found['rounds']} runs in turn, start included. jsonschema is taken from {SAMPLE:,} of the lines.",
        "",
        "| | seconds | microseconds a line | times jsonschema | largest process, MB |",
        "|---|---|---|---|---|",
        row("refundkit check --jobs 1", found["one"], f"{found['one peak']:.0f}"),
        row("refundkit check --jobs 2", found["two"], f"{found['two peak']:.0f}"),
        row("orjson + jsonschema in a loop (extrapolated)", peer * count, ""),
        "",
        f"Two processes are {found['one'] / found['two']:.2f} times as fast as one; ten times the lines take"
        f" {found['one'] / found['tenth']:.1f} times the time.",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
