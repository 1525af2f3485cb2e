"""A valid request of each operation with its order, from the examples of the specs, and variations of it."""

from __future__ import annotations

import copy
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from refundkit import operations
from refundkit_apis._runtime.codec import encode

ROOT = Path(__file__).parent.parent
HEADERS: dict[str, dict[str, str]] = {
    "walmart": {
        "WM_SEC.ACCESS_TOKEN": "a-token-of-our-own",
        "WM_QOS.CORRELATION_ID": "5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10",
        "WM_SVC.NAME": "Example Shop",
        "WM_MARKET": "us",
        "WM_GLOBAL_VERSION": "3.1",
        "Accept": "application/json",
        "Content-Type": "application/json",
    },
    "walmart_ca": {
        "WM_SEC.ACCESS_TOKEN": "a-token-of-our-own",
        "WM_QOS.CORRELATION_ID": "5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10",
        "WM_SVC.NAME": "Example Shop",
        "WM_CONSUMER.CHANNEL.TYPE": "0f3e4dd4-0514-4346-b39d-af0e00ea066d",
        "Accept": "application/xml",
        "Content-Type": "application/xml",
    },
    "woocommerce": {"Authorization": "Basic Y2tfb3duOmNzX293bg==", "Accept": "application/json"},
    "woocommerce_legacy": {"Authorization": "Basic Y2tfb3duOmNzX293bg==", "Accept": "application/json"},
    "taxcloud": {"X-API-KEY": "a-key-of-our-own", "Accept": "application/json", "Content-Type": "application/json"},
}


class Exact(yaml.SafeLoader):
    """Loads YAML with its numbers as Decimals."""


Exact.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(node.value))


@cache
def spec(api: str) -> dict[str, Any]:
    """Return a parsed spec with exact decimals."""
    document: dict[str, Any] = yaml.load((ROOT / "specs" / f"{api}.yaml").read_text("utf-8"), Loader=Exact)  # noqa: S506
    return document


def resolved(api: str, node: Any) -> Any:
    """Return a node of a spec, or the node that its `$ref` leads to."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = spec(api)
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def examples(operation: str, part: str = "body") -> list[Any]:
    """Return the spec's examples of a body, or of a response with a status."""
    found = operations.get(operation)
    node = spec(found.api)["paths"][found.described.path][found.described.method.lower()]
    holder = node.get("requestBody", {}) if part == "body" else resolved(found.api, node["responses"][part])
    return [
        copy.deepcopy(resolved(found.api, example)["value"])
        for content in holder.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]


def story(operation: str) -> dict[str, Any]:
    """Return a valid request of the operation: its first example, its order and its earlier refunds."""
    found = operations.get(operation)
    source = operations.order_source(found)
    order = examples(f"{found.api}.get_order" if source is None else source.name, "200")[0]
    request: dict[str, Any] = {
        "operation": operation,
        "path": _path(found, order),
        "query": {},
        "headers": _headers(found),
        "order": order,
    }
    if found.described.body is not None:
        request["body"] = examples(operation)[0]
    if found.api in ("woocommerce", "woocommerce_legacy"):
        request["refunds"] = examples(f"{found.api}.list_refunds", "200")[0]
    if found.described.method == "GET" or operation == "walmart.create_token":
        request.pop("order")
        request.pop("refunds", None)
    return request


def _headers(operation: operations.Operation) -> dict[str, str]:
    """Return valid headers for the operation, with test credentials."""
    headers = dict(HEADERS[operation.api])
    if operation.name == "walmart.create_token":
        headers = {key: value for key, value in headers.items() if key.startswith(("WM_QOS", "WM_SVC", "Accept"))}
        headers["Authorization"] = "Basic b3duOm93bg=="
    headers.pop("Content-Type", None)
    if operation.described.media_type is not None:
        headers["Content-Type"] = operation.described.media_type
    return headers


def _path(operation: operations.Operation, order: Any) -> dict[str, str]:
    inner = order.get("order", order)
    known = {
        "purchaseOrderId": inner.get("purchaseOrderId"),
        "id": inner.get("id"),
        "refund_id": "1301" if operation.api == "woocommerce" else "900",
        "connectionId": inner.get("connectionId"),
        "orderId": inner.get("orderId"),
        "returnOrderId": inner.get("returnOrders", [{}])[0].get("returnOrderId"),
    }
    return {parameter.name: str(known[parameter.name]) for parameter in operation.parameters("path")}


def varied(changes: dict[str, Any], operation: str) -> dict[str, Any]:
    """Return the operation's story with some values changed; null removes one.

    A key is a pointer into the body, or one into another part behind `order:`, `refunds:`, `path:`, `query:`,
    `header:`; `…/` stands for the first place that ends so. `operation`, `url`, `order`, `refunds`, `text` and
    `require` replace the part itself.
    """
    request = story(changes.get("operation") or operation)
    for key, value in changes.items():
        prefix, _, rest = key.partition(":")
        if key in ("operation", "text", "url", "order", "refunds", "require", "query"):
            request[key] = value
        elif prefix in ("path", "query", "header") and rest:
            _set(request["headers" if prefix == "header" else prefix], [rest], value)
        else:
            root, pointer = (request[prefix], rest) if prefix in ("order", "refunds") else (request["body"], key)
            _set(root, _found(root, pointer), value)
    return request


def _found(root: Any, pointer: str) -> list[str]:
    if not pointer.startswith("…/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    wanted = pointer.removeprefix("…/").split("/")
    for place in _places(root, []):
        if place[-len(wanted) :] == wanted:
            return place
    for place in _places(root, []):  # a new key beside known ones
        if place[-len(wanted) : -1] == wanted[:-1] or (len(wanted) > 1 and place[-len(wanted) + 1 :] == wanted[:-1]):
            return [*place[: len(place) - (place[-len(wanted) : -1] == wanted[:-1])], wanted[-1]]
    raise KeyError(pointer)


def _places(node: Any, at: list[str]) -> list[list[str]]:
    if isinstance(node, dict):
        items = [(key, value) for key, value in node.items()]
    elif isinstance(node, list):
        items = [(str(index), value) for index, value in enumerate(node)]
    else:
        items = []
    return [place for key, value in items for place in ([*at, key], *_places(value, [*at, key]))]


def _set(root: Any, place: list[str], value: Any) -> None:
    for part in place[:-1]:
        root = root[int(part)] if isinstance(root, list) else root[part]
    key: Any = int(place[-1]) if isinstance(root, list) else place[-1]
    if value is None:
        del root[key]
    elif isinstance(root, list) and key == len(root):
        root.append(value)
    else:
        root[key] = value


def examples_of_docs(doc: str) -> dict[str, dict[str, Any]]:
    """Return the Bad and Good examples in a rule's docs, as changes for `varied`."""
    found = {}
    for match in re.finditer(r"^(Bad|Good):\n((?:    .*\n?|\n)*)", doc, re.MULTILINE):
        found[match[1].lower()] = yaml.load(match[2], Loader=Exact) or {}  # noqa: S506
    return found


def text(value: object) -> bytes:
    """Return a value as JSON with exact numbers."""
    return encode(value)
