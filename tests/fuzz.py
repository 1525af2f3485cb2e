"""python -m tests.fuzz [TRIES]: payloads, raw bytes and plain data for check(), until interrupted or so many are done.

check() never raises, never hangs, and never meets a defect of ours (RF007); model and jsonschema agree.
"""

from __future__ import annotations

import copy
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pytest
import refundkit
from hypothesis import HealthCheck, Phase, given, seed, settings
from refundkit import operations
from refundkit_apis._runtime.codec import encode
from story import examples, story, text
from test_agreement import WITH_BODY, held, payloads

PIECES = [
    b'"',
    b"\\",
    b"\\u003a",
    b"\\ud800",
    b":",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"-0.0",
    b"1e999",
    b"NaN",
    b"\x00",
]
PIECES += [b"\xff", b"\xef\xbb\xbf", b"1" * 401, b"[" * 70, b'"amount":', b" ", b"\n", b"0.1", b"9007199254740993"]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the text with a few bytes cut, doubled, swapped or replaced."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 1, 1, 2, 8, 40]))
        piece = chance.choice([b"", chance.choice(PIECES), data[start:end] * 2, chance.randbytes(2)])
        data = data[:start] + piece + data[end:]
    return data


# Keys that are empty, numbers to some reader, or of no text at all.
KEYS: list[Any] = ["", "0", "7", "07", "+7", "-1", "1.0", "\u0663", "9" * 25, "~", "/", "a/b", "$ref", "\ud800", 7, -1]
KEYS += [1.5, None, True, "id", "amount", "tax", "order_refund", "items", "refunds", "charge"]
LEAVES: list[Any] = [None, True, False, 0, -1, 7, 10**30, 1.5, float("nan"), float("inf"), Decimal("1e400"), "", "7"]
LEAVES += ["\x00", "\ud800", "1" * 500, "-5.00", b"x", object(), Decimal("-0"), 10**5000, Decimal("NaN"), "2026-02-30"]
Parts = dict[str, Any]


def plain(chance: random.Random, depth: int = 4) -> Any:
    """Return random plain data, also of kinds that JSON lacks."""
    kind = chance.randrange(4) if depth else 3
    if kind == 0:
        return [plain(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind < 3:
        return {chance.choice(KEYS): plain(chance, depth - 1) for _ in range(chance.randrange(4))}
    return copy.copy(chance.choice(LEAVES))


def changed(value: Any, chance: random.Random) -> Any:
    """Return a copy of plain data with a few of its fields replaced, dropped, renamed or added."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        node = value
        while isinstance(node, (dict, list)) and node and chance.random() < 0.8:
            below = [child for child in (node.values() if isinstance(node, dict) else node) if child]
            inner = chance.choice(below) if below else None
            if not isinstance(inner, (dict, list)):
                break
            node = inner
        if isinstance(node, dict):
            key = chance.choice([*node, *KEYS])
            node[key] = plain(chance, 2)
            if chance.random() < 0.2:
                node[chance.choice(KEYS)] = node.pop(key)
        elif isinstance(node, list):
            node.insert(chance.randrange(len(node) + 1), plain(chance, 2))
    return value


def repeated(value: Any, chance: random.Random) -> bytes:
    """Return the JSON text of a value, in which some keys stand twice."""
    if isinstance(value, dict):
        members = [(encode(key) + b":" + repeated(child, chance)) for key, child in value.items()]
        members += [chance.choice(members) for _ in members[:1] if chance.random() < 0.5]
        if chance.random() < 0.1:
            members += [b'"":[]', b'"7":{}', b'"07":1'][: chance.randint(1, 3)]
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(repeated(child, chance) for child in value) + b"]"
    return encode(value)


def bytes_parts(name: str, chance: random.Random) -> Parts:
    """Return mutated texts of a body, an order and refunds."""
    request = story(name)
    parts: Parts = {part: text(request[part]) for part in ("order", "refunds") if part in request}
    if name in WITH_BODY:
        parts["body"] = text(chance.choice(examples(name)))
    parts = {part: mutated(data, chance) if chance.random() < 0.6 else data for part, data in parts.items()}
    return {**parts, "path": request["path"], "headers": request["headers"]}


def plain_parts(name: str, chance: random.Random) -> Parts:
    """Return plain data, or a text with repeated keys, for every part of a request."""
    request = story(name)
    parts: Parts = {part: request.get(part) for part in ("body", "order", "refunds")}
    for part, value in parts.items():
        way = chance.randrange(5)
        if way == 0:
            parts[part] = plain(chance)
        elif way == 1 and value is not None:
            parts[part] = repeated(value, chance)
        elif way < 4 and value is not None:
            parts[part] = changed(value, chance)
    for part in ("path", "query", "headers"):
        values = dict(request[part])
        if chance.random() < 0.5:
            values[chance.choice([*values, *KEYS])] = plain(chance, 1)
        parts[part] = values if chance.random() < 0.9 else None
    urls = [None, "http://shop.example/wc-api/v3/orders/1/refunds", "http://[", "//", "https://x:y/", "\x00"]
    return {**parts, "url": chance.choice(urls)}


def run(name: Any, chance: random.Random, rounds: int) -> Iterator[float]:
    """Check random requests of an operation, and yield the seconds of each check."""
    for turn in range(rounds):
        parts = bytes_parts(name, chance) if turn % 2 else plain_parts(name, chance)
        body = parts.pop("body", None)
        started = time.perf_counter()
        try:
            report = refundkit.check(name, body, **parts)
            defects = [finding.message for finding in report.findings if finding.code == "RF007"]
        except (Exception, pytest.fail.Exception) as error:
            defects = [repr(error)]
        if defects:
            sys.set_int_max_str_digits(0)
            print(f"\n{name}: {defects[0]}\n{ {'body': body, **parts}!r}")
            raise SystemExit(1)
        yield time.perf_counter() - started


def agree(name: str, first: int, examples: int = 500) -> None:
    """Compare this many payloads of an operation with jsonschema."""

    @seed(first)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(payloads(name))
    def hold(payload: str) -> None:
        held(name, payload)

    hold()


def main(arguments: list[str]) -> int:
    """Fuzz until interrupted, or so often; print the number of tries and the slowest check."""
    limit = int(arguments[0]) if arguments else None
    first = random.SystemRandom().randrange(2**32)
    print(f"seed {first}; " + (f"{limit:,} tries" if limit else "Ctrl-C ends it"))
    total, compared, slowest, turn = 0, 0, 0.0, 0
    try:
        while limit is None or total < limit:
            for name in operations.names():
                turn += 1
                rounds = 1000 if limit is None else min(1000, limit - total)
                for took in run(name, random.Random(first + turn), rounds):  # noqa: S311 - not for secrets
                    total, slowest = total + 1, max(slowest, took)
                if name in WITH_BODY and rounds:
                    agree(name, first + turn, 100)
                    compared += 100
                print(f"\r{total:,} tries, slowest check {slowest * 1000:.1f} ms", end="", flush=True)
    except KeyboardInterrupt:
        pass
    print(f"\r{total:,} tries over {len(operations.names())} operations, no exception and no defect;", end=" ")
    print(f"{compared:,} payloads agree with jsonschema; slowest check {slowest * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    # conftest.py makes a disagreement of model and schema raise; so does the fuzzer.
    from importlib import import_module

    import conftest

    import_module("refundkit.checking.body").disagreement = conftest._raise  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[1:]))
