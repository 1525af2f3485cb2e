"""python -m tests.proof_fuzz [COMPARISONS] [OPERATION …]: what the proof takes as fine, against what the lane finds.

Seeds are the specs' examples, the cases and random histories. Each is changed in a place or two: a field dropped,
added, of another type, or there twice; a value that stands elsewhere, an amount a little off, a sample.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from refundkit import Config, operations, rules
from refundkit.checking import check as lane
from refundkit.checking.plan import Plan, make_plan
from refundkit.checking.proof import find_screen
from refundkit.errors import NotRun
from refundkit.request import Request
from story import examples, story
from test_ledger_reference import DRAW

CASES = Path(__file__).parent / "cases"
PARTS = ("body", "order", "refunds")
Parts = dict[str, Any]


def screened() -> list[str]:
    """Return the operations that have a screen."""
    return [name for name in operations.names() if find_screen(operations.get(name)) is not None]


@cache
def plan_of(operation: str) -> Plan:
    """Return the plan of an operation by default, its proof ready."""
    rules.load_all()
    plan = make_plan(operation, Config())
    assert plan.proof.prepare(), f"{operation} has no proof"
    return plan


class UnsoundProof(AssertionError):
    """The proof takes a request as fine that the lane does not, or reports something else."""


def compare(operation: str, request: Request, require: tuple[str, ...] = ()) -> bool:
    """Return whether a request is proven fine; raises UnsoundProof where the lane disagrees."""
    plan = plan_of(operation)
    prover = plan.proof._prover
    parts = 0 if prover is None else prover.parts_if_fine(request, require)  # an error is one of the test
    if parts:
        walked = lane.walk(plan, request, require)
        proven: tuple[NotRun, ...] = lane.missing_parts(plan, request, parts)
        if walked.hits or walked.not_run != proven:
            raise UnsoundProof(f"{operation}: {request}\n{walked.hits}\n{walked.not_run}\n{proven}")
    is_alone = request.body is not None and not require and request == Request(body=request.body)
    proves_body = plan.proof.body_alone() if is_alone else None
    if proves_body is not None and proves_body(request.body or b"") != bool(parts):
        raise UnsoundProof(f"{operation}: a body alone is proven in one way and not in the other: {request}")
    return bool(parts)


# Seeds.


def seeds(operation: str, random: Random) -> Iterator[Parts]:
    """Yield requests of an operation without end: examples, cases, then random histories."""
    yield from (story(operation) | {"body": body} for body in examples(operation))
    for file in sorted((CASES / operation).glob("*/*.json")):
        request = json.loads(file.read_text("utf-8"), parse_float=Decimal).get("request")
        if isinstance(request, dict):
            example = {part: story(operation)[part] for part in PARTS if request.get(part) == "example"}
            yield request | example
    api = "walmart_return" if operation == "walmart.refund_return" else operation.partition(".")[0]
    draw = DRAW.get(api)
    while True:
        if draw is None or random.random() < 0.3:
            yield story(operation) | {"body": random.choice(examples(operation))}
            continue
        history = draw(random, api, random.randrange(10, 10**9))
        for step in history.steps:
            if step.operation == operation:
                yield {"body": step.body, "order": history.order, "refunds": history.told, "path": step.path}


# Changes.

LEAVES: list[Any] = [None, True, False, 0, 1, -1, 7, 501, 1.5, "", "0", "7", "07", "-5.00", "1.005", "1e1", " 5 ", "é"]
LEAVES += ["string", "USD", "JPY", "CAD", "TAX", "Cancelled", "a\\b", "2026-03-03T10:00:00Z", [], {}, [{}], {"7": {}}]
LEAVES += map(Decimal, ("-0.0", "0.01", "-0.01", "-1.005", "1E+2", "12345678901.5"))
KEYS = ["", "7", "x", "id", "amount", "tax", "taxes", "isDiscount", "taxDetails", "refunds", "refund", "index", "items"]
KEYS += ["total", "qty", "isFullRefund", "returnOrderId", "shipNode", "date_paid", "status", "currency", "price"]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every place below a node, as what holds it and its key."""
    found: list[tuple[Any, Any]] = []
    pending = [node]
    while pending:
        holder = pending.pop()
        if isinstance(holder, (dict, list)):
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            found += [(holder, key) for key in keys]
            pending += [holder[key] for key in keys]
    return found


def write(node: Any, twice: tuple[int, str] | None = None) -> str:
    """Return the JSON text of plain data; `twice` is the id of an object and the key that stands in it twice."""
    if isinstance(node, dict):
        members = [f"{json.dumps(key)}:{write(child, twice)}" for key, child in node.items()]
        if twice is not None and twice[0] == id(node) and twice[1] in node:
            members.append(f"{json.dumps(twice[1])}:{write(node[twice[1]])}")
        return "{" + ",".join(members) + "}"
    if isinstance(node, list):
        return "[" + ",".join(write(child, twice) for child in node) + "]"
    return str(node) if isinstance(node, Decimal) else json.dumps(node, ensure_ascii=False)


def change(part: Any, random: Random) -> tuple[int, str] | None:
    """Change one place of a part; return what is to be written twice, if that is the change."""
    found = places(part)
    if not found:
        return None
    holder, key = random.choice(found)
    way = random.randrange(8)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = copy.deepcopy(random.choice(LEAVES))
    elif way == 2:
        holder[key] = copy.deepcopy(random.choice(LEAVES))
    elif way == 3 and isinstance(holder, dict):
        return (id(holder), key)
    elif way == 4 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif way == 5:
        other, other_key = random.choice(found)
        holder[key] = copy.deepcopy(other[other_key])
    else:
        holder[key] = nudge(holder[key], random)
    return None


def nudge(value: Any, random: Random) -> Any:
    """Return a value near this one: an amount a little off, text of a number, another case."""
    if isinstance(value, bool) or value is None:
        return not value
    steps = (Decimal("0.01"), Decimal("-0.01"), 1, -1, Decimal("0.0001"), Decimal("0.005"), -2 * Decimal(10))
    if isinstance(value, (int, Decimal)):
        return random.choice((value + random.choice(steps), -value, value * 2, str(value), value * Decimal("1.0")))
    if isinstance(value, str):
        try:
            number = Decimal(value)
        except ArithmeticError:
            return random.choice((value.lower(), value.upper(), value + " ", value[:-1], "string"))
        return random.choice((str(number + random.choice(steps)), number, str(-number), f"{value}0", f"0{value}"))
    return copy.deepcopy(random.choice(LEAVES))


def request_of(parts: Parts, random: Random) -> Request:
    """Make a request of plain parts, some of which are changed, left out, or only there sometimes."""
    present = [part for part in PARTS if parts.get(part) is not None and (part == "body" or random.random() < 0.7)]
    changed = [random.choice(present) for _ in range(random.choice((0, 0, 1, 1, 1, 2)))]
    texts: dict[str, Any] = {}
    for part in present:
        if part in changed:
            node, twice = copy.deepcopy(parts[part]), None
            for _ in range(changed.count(part)):
                twice = change(node, random) or twice
            texts[part] = write(node, twice).encode()
        else:
            texts[part] = parts.setdefault(f"text of {part}", None) or write(parts[part]).encode()
            parts[f"text of {part}"] = texts[part]
    values: dict[str, Any] = {}
    for name in ("path", "query", "headers"):
        if parts.get(name) is not None and random.random() < (0.6 if name == "path" else 0.3):
            values[name] = {key: str(value) for key, value in parts[name].items() if value is not None}
            if values[name] and random.random() < 0.3:
                change_values(values[name], random)
    if random.random() < 0.1:
        values["url"] = random.choice(URLS)
    return Request(**texts, **values)


def is_near(operation: str, parts: Parts, random: Random) -> bool:
    """Return whether a seed is proven fine as it is, with its order or alone; some others pass too."""
    body, order = parts.get("body"), parts.get("order")
    if body is None:
        return False
    request = Request(body=write(body).encode(), order=None if order is None else write(order).encode())
    proof = plan_of(operation).proof
    return bool(proof.parts_if_fine(request)) or random.random() < 0.1


URLS = [
    "https://shop.example/v3/orders/1",
    "http://shop.example/x",
    "http://localhost/x",
    "https://a b",
    "http://[",
    "?",
]
URLS += ["http://gateway:8080/x", "HTTP://shop.example/\n", "https://u:p@shop.example/x?a=b", "", "/v3/orders"]
WORDS = [
    "",
    "string",
    "7",
    "ca",
    "us",
    "CA",
    "xx",
    "3.1",
    "3.2",
    "text/plain",
    "application/xml",
    "Bearer string",
    "é",
    "\x00",
]
WORDS += ["b3261d2d-028a-4ef7-8602-633c23200af6", "5F0C3E6A-9a68-4f1d-8b53-1f2f6c8f3a10", "Basic YTpi", "1443748249449"]
HEADERS = ["Authorization", "WM_MARKET", "wm_market", "WM_GLOBAL_VERSION", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"]
HEADERS += ["X-Other", "Accept", "consumer_key", "wm_qos.correlation_id", "api_refund"]


def change_values(values: dict[str, str], random: Random) -> None:
    """Change, drop, rename or add one of the values of a path, a query or headers."""
    key, way = random.choice(list(values)), random.randrange(5)
    if way == 0:
        values[random.choice(HEADERS)] = random.choice(WORDS)
    elif way == 1:
        values[random.choice((key.lower(), key.upper()))] = values.pop(key)
    elif way == 2:
        del values[key]
    else:
        values[key] = random.choice((*WORDS, key, values[key] + "1", values[key].upper()))


def comparisons(operation: str, count: int, seed: int) -> Counter[bool]:
    """Compare proof and lane so many times; return how many requests were proven fine, and how many not."""
    random = Random(seed)  # noqa: S311 - no secret
    source, outcomes = seeds(operation, random), Counter[bool]()
    requires: list[tuple[str, ...]] = [(), (), ("order",), ("order", "refunds", "path")]
    parts: Parts = {}
    for number in range(count):
        if number % 8 == 0:
            parts = next(part for part in source if is_near(operation, part, random))
        try:
            outcomes[compare(operation, request_of(parts, random), random.choice(requires))] += 1
        except UnsoundProof as error:
            raise UnsoundProof(f"seed {seed}, comparison {number}: {error}") from None
    return outcomes


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 20_000
    for operation in arguments[1:] or screened():
        start = time.perf_counter()
        outcomes = comparisons(operation, count, time.time_ns())
        seconds = time.perf_counter() - start
        print(f"{operation}: {count:,} comparisons, {outcomes[True]:,} proven fine, 0 unsound, {seconds:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
