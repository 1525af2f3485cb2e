"""python -m tests.fuzz: payloads and raw bytes for check(), until interrupted. It never raises and never hangs."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import refundkit
from hypothesis import HealthCheck, Phase, given, seed, settings
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


def bytes_run(name: str, chance: random.Random, rounds: int = 2000) -> Iterator[float]:
    """Check mutated bodies, orders and refunds, and yield the seconds of each check."""
    bodies = [text(example) for example in examples(name)]
    request = story(name)
    context = {part: text(request[part]) for part in ("order", "refunds") if part in request}
    for _ in range(rounds):
        body = mutated(chance.choice(bodies), chance)
        parts: dict[str, Any] = {
            part: mutated(data, chance) if chance.random() < 0.5 else data for part, data in context.items()
        }
        started = time.perf_counter()
        try:
            refundkit.check(name, body, path=request["path"], headers=request["headers"], **parts)
        except Exception:
            print(json.dumps({"operation": name, "body": body.hex(), **{k: v.hex() for k, v in parts.items()}}))
            raise
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


def main() -> int:
    """Fuzz until interrupted, and print the number of payloads and the slowest check."""
    first = random.SystemRandom().randrange(2**32)
    print(f"seed {first}; Ctrl-C ends it")
    total, slowest, turn = 0, 0.0, 0
    try:
        while True:
            for name in WITH_BODY:
                turn += 1
                for took in bytes_run(name, random.Random(first + turn)):  # noqa: S311 - not for secrets
                    total, slowest = total + 1, max(slowest, took)
                agree(name, first + turn)
                total += 500
                print(f"\r{total:,} payloads, slowest check {slowest * 1000:.1f} ms", end="", flush=True)
    except KeyboardInterrupt:
        print()
        return 0


if __name__ == "__main__":
    # conftest.py makes a disagreement of model and schema raise; so does the fuzzer.
    from importlib import import_module

    import conftest

    import_module("refundkit.checking.body").disagreement = conftest._raise  # type: ignore[attr-defined]
    sys.exit(main())
