"""python -m bench.start: what the check of one small file costs, beside an empty Python and check-jsonschema."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from refundkit import operations

from .command import BIN, measured, medians
from .payloads import OPERATION, request, spoiled

LEFT = Path(".bench.start.json")
ROUNDS = 15


def main() -> int:
    """Measures in turn, prints, and leaves the medians in seconds in LEFT."""
    with tempfile.TemporaryDirectory() as folder:
        good, bad, schema = (Path(folder, name) for name in ("good.json", "bad.json", "schema.json"))
        good.write_text(json.dumps(request(1, 4, 1), indent=2), encoding="utf-8")
        bad.write_text(json.dumps(spoiled(request(1, 4, 1), 0), indent=2), encoding="utf-8")
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
            if measured(command).status != name.endswith("bad"):
                raise SystemExit(f"{name}: unexpected exit status")
        found = medians(
            {name: partial(_seconds, command) for name, command in commands.items()},
            ROUNDS,
        )
    LEFT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table()))
    return 0


def _seconds(command: tuple[str, ...]) -> float:
    return measured(command).seconds


def table() -> list[str]:
    """The table of the last measurement; nothing where there is none."""
    if not LEFT.exists():
        return []
    found = json.loads(LEFT.read_text("utf-8"))
    empty = found["python -c pass"]
    rows = [
        f"| {name} | {each:.3f} | {each - empty:.3f} | {each / found[f'refundkit check, {kind}']:.1f} |"
        for name, each in found.items()
        for kind in [name.rpartition(", ")[2] if ", " in name else "good"]
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
