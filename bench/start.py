"""python -m bench.start: the time to check one small file, compared with an empty Python and check-jsonschema."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from refundkit import operations

from .command import BIN, measure_medians, run_command
from .payloads import OPERATION, request, spoil

RESULTS_FILE = Path(".bench.start.json")
ROUNDS = 15


def main() -> int:
    """Measure every command in turn, write the medians in seconds to RESULTS_FILE, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        good, bad, schema = (Path(folder, name) for name in ("good.json", "bad.json", "schema.json"))
        good.write_text(json.dumps(request(1, 4, 1), indent=2), encoding="utf-8")
        bad.write_text(json.dumps(spoil(request(1, 4, 1), 0), indent=2), encoding="utf-8")
        schema.write_text(json.dumps(operations.get(OPERATION).schema()), encoding="utf-8")
        ours = (str(BIN / "refundkit"), "check", "--isolated", "--as", OPERATION)
        theirs = (str(BIN / "check-jsonschema"), "--schemafile", str(schema))
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "refundkit check, good": (*ours, str(good)),
            "refundkit check, bad": (*ours, str(bad)),
            "check-jsonschema, good": (*theirs, str(good)),
            "check-jsonschema, bad": (*theirs, str(bad)),
        }
        for name, command in commands.items():  # the caches of the disk, and that each says what it should
            if run_command(command).status != name.endswith("bad"):
                raise SystemExit(f"{name}: unexpected exit status")
        seconds_by_command = measure_medians(
            {name: partial(_seconds, command) for name, command in commands.items()},
            ROUNDS,
        )
    RESULTS_FILE.write_text(json.dumps(seconds_by_command, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table()))
    return 0


def _seconds(command: tuple[str, ...]) -> float:
    return run_command(command).seconds


def table() -> list[str]:
    """Return the table of the last measurement; [] if there is none."""
    if not RESULTS_FILE.exists():
        return []
    seconds_by_command = json.loads(RESULTS_FILE.read_text("utf-8"))
    empty_seconds = seconds_by_command["python -c pass"]
    rows = [
        f"| {name} | {seconds:.3f} | {seconds - empty_seconds:.3f} | {seconds / our_seconds:.1f} |"
        for name, seconds in seconds_by_command.items()
        for kind in [name.rpartition(", ")[2] if ", " in name else "good"]
        for our_seconds in [seconds_by_command[f"refundkit check, {kind}"]]
    ]
    return [
        f"One small file: median seconds of wall time over {ROUNDS} runs in turn.",
        "",
        "| command | seconds | over an empty Python | times ours |",
        "|---|---|---|---|",
        *rows,
    ]


if __name__ == "__main__":
    sys.exit(main())
