"""python -m bench.ratios [ROUNDS]: our time as a ratio to that of shapes alone, with and without the compiled proof.

All are measured in turn, round by round, and of each the shortest round counts: others use the machine, too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import refundkit
from refundkit import Config, operations, rules
from refundkit.checking.plan import make_plan
from refundkit.checking.proof import describe_state

from .payloads import OPERATION, OTHERS, order, orders, request, texts

RESULTS_FILE = Path(".bench.ratios.json")
ROUNDS = 60
WARM_UP = 100  # the proof begins after some checks
OFF = Config(exclude=("nothing",))  # another configuration has a plan of its own
STATES = (("with", None), ("without", OFF))
Run = Callable[[], object]


def main(arguments: list[str]) -> int:
    """Measure, write the results to RESULTS_FILE, and print the table."""
    rules.load_all()  # a rule that is registered later makes new plans
    for name in (OPERATION, *OTHERS):
        for _ in range(WARM_UP):
            refundkit.check(name, b"{}")
        os.environ["REFUNDKIT_PROOF"] = "0"
        make_plan(name, OFF)
        del os.environ["REFUNDKIT_PROOF"]
    rounds = int(arguments[0]) if arguments else ROUNDS
    shortest = {name: seconds for runs in (_walmart(), _others()) for name, seconds in _measure(runs, rounds).items()}
    shortest |= _measure(_growth(), max(3, rounds // 10))
    RESULTS_FILE.write_text(json.dumps({"state": describe_state(), "seconds": shortest}, indent=2), encoding="utf-8")
    print("\n".join(table()))
    return 0


def _measure(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the seconds of the shortest round of each run."""
    shortest = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            shortest[name] = min(shortest[name], time.perf_counter() - begun)
    return shortest


def _walmart() -> dict[str, Run]:
    """Return the runs over the typical payloads: peers, and ours with and without the proof."""
    bodies, documents, bad = texts("typical", 0), orders("typical"), texts("typical", 100)
    pairs = list(zip(bodies, documents, strict=True))
    paths = [{"purchaseOrderId": json.loads(body)["orderRefund"]["purchaseOrderId"]} for body in bodies]
    is_valid, errors = _validator(OPERATION)
    source = operations.order_source(operations.get(OPERATION))
    is_valid_order, _ = _validator(source.name, operations.success(source)) if source else (is_valid, errors)
    runs: dict[str, Run] = {
        "loads": lambda: [orjson.loads(body) for body in bodies],
        "schema": lambda: [is_valid(orjson.loads(body)) for body in bodies],
        "schemas": lambda: [
            (is_valid(orjson.loads(body)), is_valid_order(orjson.loads(document))) for body, document in pairs
        ],
        "errors": lambda: [list(errors(orjson.loads(body))) for body in bad],
    }
    for state, config in STATES:
        calls: dict[str, Run] = {
            "body": lambda config=config: [refundkit.check(OPERATION, body, config=config) for body in bodies],
            "both": lambda config=config: [
                refundkit.check(OPERATION, body, order=document, config=config) for body, document in pairs
            ],
            "call": lambda config=config: [
                refundkit.check(OPERATION, body, order=document, path=path, require=["order", "path"], config=config)
                for (body, document), path in zip(pairs, paths, strict=True)
            ],
            "bad": lambda config=config: [refundkit.check(OPERATION, body, config=config) for body in bad],
        }
        runs |= {f"{name} {state}": call for name, call in calls.items()}
    return runs


def _others() -> dict[str, Run]:
    runs: dict[str, Run] = {}
    for name, body in OTHERS.items():
        text, (is_valid, _) = orjson.dumps(body), _validator(name)
        runs[f"schema {name}"] = lambda text=text, is_valid=is_valid: [is_valid(orjson.loads(text)) for _ in range(100)]
        for state, config in STATES:
            runs[f"{name} {state}"] = lambda name=name, text=text, config=config: [
                refundkit.check(name, text, config=config) for _ in range(100)
            ]
    return runs


def _growth() -> dict[str, Run]:
    """Return the runs over one refund of many lines with its order, good and bad."""
    runs: dict[str, Run] = {}
    for lines in (200, 2000):
        for kind in ("good", "bad"):
            body = request(lines, 2, 0)
            document = orjson.dumps(order(body))
            if kind == "bad":
                for line in body["orderRefund"]["orderLines"]["orderLine"]:
                    line["lineNumber"] = 1
            text = orjson.dumps(body)
            for state, config in STATES:
                runs[f"{lines} {kind} {state}"] = lambda text=text, document=document, config=config: refundkit.check(
                    OPERATION, text, order=document, config=config
                )
    return runs


def _validator(name: str, part: str = "body") -> tuple[Any, Any]:
    validator = jsonschema_rs.Draft202012Validator(operations.get(name).schema(part))
    return validator.is_valid, validator.iter_errors


ROWS = [
    ("good body : orjson + jsonschema-rs is_valid", "body", "schema", 2.6, 0.5),
    ("good body : orjson.loads", "body", "loads", 3.9, 1.0),
    ("good body and order : schema-only of both", "both", "schemas", 4.3, 0.8),
    ("body, order, path, require : schema-only of both", "call", "schemas", 7, 1.0),
    *((f"good body, {name} : its schema-only", name, f"schema {name}", 3, 0.7) for name in OTHERS),
    ("100 % bad : orjson + jsonschema-rs iter_errors", "bad", "errors", 9, 3.5),
]


def table() -> list[str]:
    """Return the table of the last results; [] if there are none."""
    if not RESULTS_FILE.exists():
        return []
    results = json.loads(RESULTS_FILE.read_text("utf-8"))
    seconds = results["seconds"]
    lines = [f"Shortest of all rounds, measured in turn; refundkit was {results['state']}.", ""]
    lines += ["| our time : theirs, typical payload | before | to reach | with the proof | without |", "|---" * 5 + "|"]
    for title, run, peer, before, goal in ROWS:
        ratios = [f"{seconds[f'{run} {state}'] / seconds[peer]:.2f}" for state in ("with", "without")]
        lines.append(f"| {title} | {before} | {goal} | {ratios[0]} | {ratios[1]} |")
    for kind, before in (("good", 10.6), ("bad", 21)):
        growth = [seconds[f"2000 {kind} {state}"] / seconds[f"200 {kind} {state}"] for state in ("with", "without")]
        lines.append(f"| 2,000 lines : 200 lines, {kind} | {before} | 12 | {growth[0]:.1f} | {growth[1]:.1f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
