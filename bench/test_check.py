"""The benchmarks: every way of checking, for three sizes and three shares of bad payloads."""

from __future__ import annotations

from typing import Any

import pytest

from .payloads import BAD, SIZES, orders, texts
from .peers import peers, peers_with_order

PEERS = peers()
WITH_ORDER = peers_with_order()
SLOW = {"orjson + jsonschema", "openapi-core"}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PEERS)
def test_body(benchmark: Any, name: str, size: str, bad: int) -> None:
    """One round of payloads, body alone."""
    check, payloads = PEERS[name], texts(size, bad)
    if name in SLOW:
        payloads = payloads[: max(1, len(payloads) // 10)]
    benchmark.extra_info.update(name=name, size=size, bad=bad, payloads=len(payloads), table="body")
    benchmark(lambda: [check(data) for data in payloads])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", WITH_ORDER)
def test_with_order(benchmark: Any, name: str, size: str) -> None:
    """One round of good payloads, each with its order."""
    check, pairs = WITH_ORDER[name], list(zip(texts(size, 0), orders(size), strict=True))
    benchmark.extra_info.update(name=name, size=size, bad=0, payloads=len(pairs), table="order")
    benchmark(lambda: [check(body, order) for body, order in pairs])


@pytest.mark.parametrize("lines", [200, 2000])
def test_growth(benchmark: Any, lines: int) -> None:
    """One refund of so many lines, with its order."""
    from json import dumps

    from .payloads import order, request

    body = request(lines, 2, 0)
    body_text, order_text = dumps(body).encode(), dumps(order(body)).encode()
    check = WITH_ORDER["refundkit check, body and order"]
    benchmark.extra_info.update(name=f"{lines} lines", size="", bad=0, payloads=1, table="growth")
    benchmark(lambda: check(body_text, order_text))
