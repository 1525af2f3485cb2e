"""python -m bench.lines --count N: the time to check N requests in one JSON Lines file, 1 % of them bad."""

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

from .command import BIN, Run, run_command
from .payloads import OPERATION, request, spoil

RESULTS_FILE = Path(".bench.lines.json")
SAMPLE = 2_000  # lines that jsonschema gets in each round
ROUNDS = 3


def write(file: Path, count: int) -> None:
    """Write so many refunds of one line with four charges, always the same ones, every hundredth spoiled."""
    with file.open("wb") as stream:
        for record in range(count):
            body = request(1, 4, record)
            if record % 100 == 50:
                body = spoil(body, record // 100)
            stream.write(orjson.dumps(body) + b"\n")


def time_jsonschema(file: Path, count: int) -> float:
    """Return the seconds that jsonschema takes for the first so many lines."""
    validator = jsonschema.Draft202012Validator(operations.get(OPERATION).schema())
    begun = time.perf_counter()
    with file.open("rb") as stream:
        for line in islice(stream, count):
            list(validator.iter_errors(orjson.loads(line)))
    return time.perf_counter() - begun


def main(arguments: list[str]) -> int:
    """Measure every run in turn, write the results to RESULTS_FILE, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        all_lines, tenth_lines = Path(folder, "whole.jsonl"), Path(folder, "tenth.jsonl")
        write(all_lines, options.count)
        write(tenth_lines, options.count // 10)
        check = (str(BIN / "refundkit"), "check", "--isolated", "--as", OPERATION, "--output-format", "concise")
        runs = {
            "one": partial(run_command, (*check, "--jobs", "1", str(all_lines))),
            "two": partial(run_command, (*check, "--jobs", "2", str(all_lines))),
            "tenth": partial(run_command, (*check, "--jobs", "1", str(tenth_lines))),
        }
        runs_by_name: dict[str, list[Run]] = {name: [] for name in runs}
        peer = []
        for _ in range(options.rounds):
            for name, run in runs.items():
                runs_by_name[name].append(run())
            peer.append(time_jsonschema(all_lines, SAMPLE) / SAMPLE)
        results: dict[str, Any] = {
            "count": options.count,
            "bytes": all_lines.stat().st_size / options.count,
            "rounds": options.rounds,
            "jsonschema": median(peer),
            **{name: median(run.seconds for run in measured_runs) for name, measured_runs in runs_by_name.items()},
            **{f"{name} peak": max(run.peak for run in measured_runs) for name, measured_runs in runs_by_name.items()},
        }
    RESULTS_FILE.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table()))
    return 0


def table() -> list[str]:
    """Return the table of the last measurement; [] if there is none."""
    if not RESULTS_FILE.exists():
        return []
    results = json.loads(RESULTS_FILE.read_text("utf-8"))
    count = results["count"]
    peer = results["jsonschema"]

    def row(name: str, seconds: float, peak: str) -> str:
        return f"| {name} | {seconds:.1f} | {seconds / count * 1e6:.1f} | {peer * count / seconds:.1f} | {peak} |"

    return [
        f"{count:,} refunds of {results['bytes']:.0f} bytes in one JSON Lines file, 1 % of them bad: medians of"
        f" {results['rounds']} runs in turn, start included. jsonschema is taken from {SAMPLE:,} of the lines.",
        "",
        "| | seconds | microseconds a line | times jsonschema | largest process, MB |",
        "|---|---|---|---|---|",
        row("refundkit check --jobs 1", results["one"], f"{results['one peak']:.0f}"),
        row("refundkit check --jobs 2", results["two"], f"{results['two peak']:.0f}"),
        row("orjson + jsonschema in a loop (extrapolated)", peer * count, ""),
        "",
        f"Two processes are {results['one'] / results['two']:.2f} times as fast as one; ten times the lines take"
        f" {results['one'] / results['tenth']:.1f} times the time.",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
