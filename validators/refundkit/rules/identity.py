"""Rules on the HTTP envelope of every API: path, query, headers, credentials, URL (RF5xx)."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from .. import apis
from ..errors import Finding, finding
from ..hosts import is_loopback, is_private
from ..operations import Credential, Operation, success, takes_xml
from ..order_key import id_in_body
from ..parameters import parameters_by_key, refused_values
from ..request import Request
from ..rule import rule
from ..text import escape_token, pointer_of

# Samples of the documentation pages; a value that is one of them was never filled in.
PLACEHOLDERS = frozenset(
    {
        "string",
        "PURCHASE_ORDER_ID",
        "Get the Consumer ID from Developer Center after logging in",
        "<Correlation ID>",
        "<Base64EncodedClientID:ClientSecret>",
        "Walmart Service Name",
        "b3261d2d-028a-4ef7-8602-633c23200af6",
        "1443748249449",
        "9fg3TPeRt0WSGbXNGGj4kSQ9L6PMBX.....9Zj5aDyg=",
        "eyJraWQiOiIredacted.....",
        "consumer_key",
        "consumer_secret",
        "ClientID",
        "ClientSecret",
    }
)
_QUOTED_SAMPLES = tuple(f'"{sample}"'.encode() for sample in PLACEHOLDERS)
_XML = ("application/xml",)
FREE_TEXT = frozenset({"reason", "refundComments"})


@rule("RF501", "order-id-mismatch", on=("charges",), raw=True)
def order_id_mismatch(operation: Operation, request: Request, path: Mapping[str, str]) -> Iterator[Finding]:
    """Body and path name different purchase orders.

    The id is sent twice; nothing says which one the server believes, and one of them is another customer's order.

    Bad:
        path:purchaseOrderId: "1111111111111"
        /orderRefund/purchaseOrderId: "2222222222222"
    Good:
        {}
    """
    for name, in_body in id_in_body(operation, request.body).items():
        if path.get(name, in_body) != in_body:
            pointer = pointer_of(apis.order_model(operation.name).body_id)
            yield finding(pointer, f"the body names order {in_body}, the path {path[name]}", "send one order id")


@rule("RF502", "missing-header", source="walmart-ca-refund, walmart-us-refund, published schema", raw=True)
def missing_header(operation: Operation, request: Request, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A header that the page requires is absent, or half a set of credentials is.

    The server answers 400 or 401 before it looks at the refund. Names compare without case. Without any credential the
    report says so in `not_run` instead: fixtures are scrubbed. An Authorization header that is not one of the API's
    credentials does not stand for them.

    Bad:
        header:WM_QOS.CORRELATION_ID: null
    Good:
        {}
    """
    present = request.by_lower_name["header"]
    for key, parameter in parameters_by_key(operation, "header"):
        if parameter.required and key not in present:
            yield finding(f"header:{parameter.name}", f"the header {parameter.name} is missing")
    yield from _half_credentials(operation, request)


@rule("RF504", "placeholder-value", source="every page", raw=True)
def placeholder_value(request: Request) -> Iterator[Finding]:
    """A sample of the documentation was left in.

    A whole value that is one of the pages' samples ("string", PURCHASE_ORDER_ID, their GUID, timestamp, token and so
    on) was never filled in, nor was one that is the Base64 of samples. Free text (reason, refundComments) is not looked
    at.

    Bad:
        …/lineNumber: string
    Good:
        {}
    """
    body = request.body or b""
    # An escape may hide a sample; most bodies have neither.
    if b"\\" in body or any(map(body.__contains__, _QUOTED_SAMPLES)):
        yield from _find_samples(body)
    for place, values in (("path", request.path), ("query", request.query), ("header", request.headers)):
        for name, value in (values or {}).items():
            is_name = place == "path" and name in value and value in (name, f"{{{name}}}", f"<{name}>")
            if is_name or value in PLACEHOLDERS or (" " in value and _has_sample_credentials(value)):
                yield finding(f"{place}:{name}", f"{name} still holds the documentation's sample", "put the real value")


@rule("RF505", "malformed-path", source="taxcloud-refund, live server", raw=True)
def malformed_path(operation: Operation, path: Mapping[str, str]) -> Iterator[Finding]:
    """An id in the path cannot be one.

    TaxCloud's connectionId has at least 36 characters, WooCommerce's ids are positive whole numbers, and no id is
    empty: the server answers 404 or 422, or calls another route.

    Bad:
        path:purchaseOrderId: ""
    Good:
        {}
    """
    yield from refused_values(operation, "path", path, "RF505")
    names = dict(parameters_by_key(operation, "path"))
    for name in names:
        if name not in path:
            near = next((name for name in path if name not in names), None)
            help_text = f"{near!r} is no parameter of this path" if near else f"the path is {operation.described.path}"
            yield finding(f"path:{name}", f"the path lacks {name}", help_text)


@rule("RF506", "credentials-over-http", source="live server", raw=True)
def credentials_over_http(operation: Operation, request: Request, url: str) -> Iterator[Finding]:
    """Credentials travel in the clear.

    Anyone on the way can read them and refund in your name. Plain http to the machine itself is fine, and so is a
    signed request, whose secret stays at home. Inside a private network it is RF512.

    Bad:
        url: http://marketplace.walmartapis.com/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    Good:
        url: https://marketplace.walmartapis.com/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    """
    return _exposed_credentials(operation, request, url, in_private=False)


@rule("RF512", "credentials-over-private-http", severity="warning", raw=True)
def credentials_over_private_http(operation: Operation, request: Request, url: str) -> Iterator[Finding]:
    """Credentials travel in the clear inside a private network.

    Whoever else is in that network can read them. It is one by its host: a name of one label, one that ends in
    `.local`, `.test`, `.internal` or `.localhost`, or a private address.

    Bad:
        url: http://walmart-gateway:8080/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    Good:
        url: http://localhost:8080/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    """
    return _exposed_credentials(operation, request, url, in_private=True)


def _exposed_credentials(operation: Operation, request: Request, url: str, *, in_private: bool) -> Iterator[Finding]:
    """Find the credentials that go over plain http, inside a private network or elsewhere."""
    try:
        split = urlsplit(url)
    except ValueError:
        return
    host = (split.hostname or "").removesuffix(".")
    if split.scheme.lower() != "http" or not host or is_loopback(host, strict=True) or is_private(host) != in_private:
        return
    for credential in _secrets(operation):
        if _sent_value(credential, request) is not None:
            name = credential.name
            yield finding(f"{credential.place}:{name}", f"{name} goes to {host} over plain http", "use https")


@rule("RF508", "wrong-media-type", source="walmart-us-refund, published schema", raw=True)
def wrong_media_type(operation: Operation, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A content-type or accept header names something that the API does not speak.

    Walmart's older Canadian API speaks XML, its current one JSON and XML, every other one JSON; the answer would be 406
    or 415. An accept of application/problem+json, the form of many errors, is fine.

    Bad:
        header:Content-Type: application/x-www-form-urlencoded
    Good:
        header:Content-Type: application/json; charset=utf-8
    """
    for name, value in headers.items():
        types = _spoken_types(operation).get(name.lower())
        if types and value not in types and types.isdisjoint(_media_types(name, value)):
            allowed = " or ".join(sorted(kind for kind in types if "*" not in kind))
            yield finding(f"header:{name}", f"{name} is {value}, not {allowed}")


def has_credentials(operation: Operation, request: Request) -> bool:
    """Return whether the request carries any credential, complete or not, or one of another API."""
    return bool(request.by_lower_name["header"].get("authorization")) or any(
        _sent_value(part, request) is not None for option in operation.described.security for part in option
    )


def _half_credentials(operation: Operation, request: Request) -> Iterator[Finding]:
    """Find what is missing in the most complete set of credentials, unless another set is complete."""
    options = operation.described.security
    if any(all(_has_expected_form(part, request) for part in option) for option in options):
        return
    if not options or not has_credentials(operation, request):
        return
    for credential in max(options, key=lambda option: _count_sent(option, request)):
        if _sent_value(credential, request) is None:
            message = f"the credentials lack {credential.name}"
            yield finding(f"{credential.place}:{credential.name}", message, f"send it in the {credential.place}")
        elif not _has_expected_form(credential, request):
            kind = credential.kind.capitalize()
            yield finding(f"header:{credential.name}", f"{credential.name} is no {kind} credential", f"send {kind} …")


def _count_sent(option: Iterable[Credential], request: Request) -> int:
    """Count the parts of a set that are sent, twice those that have the expected form."""
    return sum(bool(_sent_value(part, request)) + _has_expected_form(part, request) for part in option)


def _sent_value(credential: Credential, request: Request) -> str | None:
    """Return the value that the request sends for a credential, None if it sends none."""
    return request.by_lower_name[credential.place].get(credential.name.lower()) or None


def _has_expected_form(credential: Credential, request: Request) -> bool:
    """Return whether the credential is sent, with `Basic` or `Bearer` before it where its kind asks for that."""
    value = _sent_value(credential, request)
    if value is None or credential.kind == "apiKey":
        return value is not None
    return value.lower().startswith(f"{credential.kind} ")


def _secrets(operation: Operation) -> list[Credential]:
    """Return the credentials that give access by their value alone, as parts of a signature do not."""
    credentials = {part.name: part for option in operation.described.security for part in option}
    signed = ("oauth_", "WM_SEC.AUTH_SIGNATURE", "WM_SEC.TIMESTAMP", "WM_CONSUMER.ID")
    return [part for name, part in credentials.items() if not name.startswith(signed)]


@cache
def _spoken_types(operation: Operation) -> dict[str, frozenset[str]]:
    """Return the media types that each of the two headers may name."""
    described, status = operation.described, success(operation)
    body_types = {described.media_type or "", *(_XML if takes_xml(operation) else ())} - {""}
    response_types = {*described.accept, *(_XML if takes_xml(operation, status) else ()), "application/problem+json"}
    return {"content-type": frozenset(body_types), "accept": frozenset({"*/*", "application/*", *response_types})}


def _media_types(name: str, value: str) -> list[str]:
    """Return the media types in a header, without their parameters."""
    entries = value.split(",") if name.lower() == "accept" else [value]
    return [entry.partition(";")[0].strip().lower() for entry in entries]


def _has_sample_credentials(value: str) -> bool:
    """Return whether credentials behind the name of their scheme are a sample, or have one as user or password."""
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() not in ("basic", "bearer"):
        return False
    try:
        parts = binascii.a2b_base64(credentials).decode().split(":")
    except ValueError:
        parts = []
    return not PLACEHOLDERS.isdisjoint((credentials, *parts))


def _find_samples(body: bytes) -> Iterator[Finding]:
    """Find the texts of a body that are documentation samples; skip free text."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    pending: list[tuple[str, Any]] = [("", value)]
    while pending:
        pointer, node = pending.pop()
        if isinstance(node, str) and node in PLACEHOLDERS:
            yield finding(pointer, f"{node!r} is the documentation's sample", "put the real value")
        elif isinstance(node, list):
            pending.extend((f"{pointer}/{index}", item) for index, item in enumerate(node))
        elif isinstance(node, dict):
            fields = ((key, item) for key, item in node.items() if key not in FREE_TEXT)
            pending.extend((f"{pointer}/{escape_token(key)}", item) for key, item in fields)
