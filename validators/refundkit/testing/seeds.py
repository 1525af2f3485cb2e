"""The orders that the servers start with: the specs' examples of a get-order response."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from refundkit_apis._runtime.codec import decode, encode

from .. import operations
from .exchange import Document


def seed(api: str) -> Document:
    """A fresh copy of an API's first order, its numbers exact."""
    order: Document = decode(_texts()[api], dict)
    return order


def held(api: str, order: Mapping[str, Any]) -> Document:
    """A copy of an order that somebody gave. Raises ValueError if it is no get-order response of the API."""
    source = operations.get_order(api)
    try:
        text = encode(order)
        operations.decoder(source, operations.success(source)).decode(text)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise ValueError(
            f"this is no get-order response of {api}: {error}; shop.orders holds one to start from"
        ) from None
    copy: Document = decode(text, dict)
    return copy


@cache
def _texts() -> dict[str, bytes]:
    found = msgspec.json.decode(Path(__file__).with_name("orders.json").read_bytes(), type=dict[str, msgspec.Raw])
    return {api: bytes(raw) for api, raw in found.items()}
