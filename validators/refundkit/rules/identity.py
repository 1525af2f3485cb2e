"""Who asks, for which order, and over what wire: path, query, headers, credentials (RF5xx), for every API."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ..hosts import is_loopback
from ..operations import Credential, Operation, Parameter, by_lower_name
from ..rule import Finding, finding, rule
from ..text import escape_token, suggest_name

if TYPE_CHECKING:
    from ..check import Given

WALMART = ("walmart", "walmart_ca")
# What a parameter's schema can refuse a value by, and the rule of it where the spec names none.
_KEYWORD_RULES = {"minLength": "RF106", "enum": "RF104", "pattern": "RF107"}
_CONTROL = re.compile("[\x00-\x1f\x7f]")
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
        "Basic " + binascii.b2a_base64(b"consumer_key:consumer_secret", newline=False).decode(),
    }
)
_ANY_SAMPLE = b'"(?:' + b"|".join(re.escape(sample.encode()) for sample in sorted(PLACEHOLDERS)) + b')"'
_SAMPLE_IN_FIELD = re.compile(rb":\s*" + _ANY_SAMPLE)
_SAMPLE_IN_LIST = re.compile(rb"[\[,]\s*" + _ANY_SAMPLE)
_LIST_OF_TEXTS = re.compile(rb'\[\s*"')
_FREE_TEXT = frozenset({"reason", "refundComments"})


class _OrderId(msgspec.Struct):
    id: Any = msgspec.field(name="purchaseOrderId", default=None)


class _Wrapper(msgspec.Struct):
    refund: _OrderId | None = msgspec.field(name="orderRefund", default=None)


_WRAPPER = msgspec.json.Decoder(_Wrapper)


@rule("RF501", "order-id-mismatch", on=WALMART, source="walmart-ca-refund", raw=True)
def order_id_mismatch(given: Given, path: Mapping[str, str]) -> Finding | None:
    """Body and path name different purchase orders.

    The id is sent twice; nothing says which one the server believes, and one of them is another customer's order.

    Bad:
        path:purchaseOrderId: "1111111111111"
        /orderRefund/purchaseOrderId: "2222222222222"
    Good:
        {}
    """
    own, asked = purchase_order_id(given.body), path.get("purchaseOrderId")
    if own is None or asked is None or own == asked:
        return None
    return finding("/orderRefund/purchaseOrderId", f"the body names order {own}, the path {asked}", "send one order id")


@rule("RF502", "missing-header", source="walmart-ca-refund, walmart-us-refund, facts", raw=True)
def missing_header(operation: Operation, given: Given, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A header that the page requires is absent, or half a set of credentials is.

    The server answers 400 or 401 before it looks at the refund. Names compare without case. Without any credential the
    report says so in `not_run` instead: fixtures are scrubbed. WM_MARKET and WM_GLOBAL_VERSION go together.

    Bad:
        header:WM_QOS.CORRELATION_ID: null
    Good:
        {}
    """
    present = given.named["header"]
    for key, parameter in _parameters(operation, "header"):
        if parameter.required and key not in present:
            yield finding(f"header:{parameter.name}", f"the header {parameter.name} is missing")
    if operation.api == "walmart":
        for one, other in (("WM_MARKET", "WM_GLOBAL_VERSION"), ("WM_GLOBAL_VERSION", "WM_MARKET")):
            if one.lower() in present and other.lower() not in present:
                yield finding(f"header:{other}", f"{one} goes together with {other}, which is missing")
    yield from _half_credentials(operation, given)


@rule("RF503", "malformed-header", on=WALMART, source="walmart-ca-refund, facts", raw=True)
def malformed_header(operation: Operation, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A header has a value that the server cannot read.

    WM_SEC.TIMESTAMP is 13 digits of epoch milliseconds, a signature is base64, WM_GLOBAL_VERSION is 3.1, and no header
    holds a control character.

    Bad:
        operation: walmart_ca.refund_order_lines
        header:WM_SEC.TIMESTAMP: "1762941600"
    Good:
        {}
    """
    yield from refused(operation, "header", headers, "RF503")
    for name, value in headers.items():
        if not value.isprintable() and _CONTROL.search(value):
            yield finding(f"header:{name}", f"{name} holds a control character")
        elif name.upper() == "WM_SEC.TIMESTAMP" and not re.fullmatch("[0-9]{13}", value):
            yield finding(f"header:{name}", f"{name} is not 13 digits", "send epoch milliseconds, not seconds")
        elif name.upper() == "WM_SEC.AUTH_SIGNATURE" and not _is_base64(value):
            yield finding(
                f"header:{name}", f"{name} is no base64", "send the signature in standard base64, with padding"
            )


@rule("RF504", "placeholder-value", source="every page", raw=True)
def placeholder_value(operation: Operation, given: Given) -> Iterable[Finding] | None:
    """A sample of the documentation was left in.

    A whole value that is one of the pages' samples ("string", PURCHASE_ORDER_ID, their GUID, timestamp, token and so
    on) was never filled in. Free text (reason, refundComments) is not looked at.

    Bad:
        …/lineNumber: string
    Good:
        {}
    """
    if not (given.path or given.query or given.headers or _may_hold_sample(given.body)):
        return None
    return _placeholders(given)


@rule("RF505", "malformed-path", source="taxcloud-refund, woocommerce-legacy-refunds", raw=True)
def malformed_path(operation: Operation, path: Mapping[str, str]) -> Iterator[Finding]:
    """An id in the path cannot be one.

    TaxCloud's connectionId has at least 36 characters, WooCommerce's ids are positive whole numbers, and no id is
    empty: the server answers 404 or 422, or calls another route.

    Bad:
        path:purchaseOrderId: ""
    Good:
        {}
    """
    yield from refused(operation, "path", path, "RF505")
    names = dict(_parameters(operation, "path"))
    for name in names:
        if name not in path:
            near = next((given for given in path if given not in names), None)
            help_text = f"{near!r} is no parameter of this path" if near else f"the path is {operation.described.path}"
            yield finding(f"path:{name}", f"the path lacks {name}", help_text)


@rule("RF506", "credentials-over-http", source="facts", raw=True)
def credentials_over_http(operation: Operation, given: Given, url: str) -> Iterator[Finding]:
    """Credentials travel in the clear.

    Anyone on the way can read them and refund in your name. Plain http to the machine itself is fine, and so is a
    signed request, whose secret stays at home.

    Bad:
        url: http://marketplace.walmartapis.com/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    Good:
        url: https://marketplace.walmartapis.com/v3/orders/2961380412345/refund
        header:WM_SEC.ACCESS_TOKEN: a-token-of-our-own
    """
    if url.lower().startswith("https:"):
        return
    try:
        split = urlsplit(url)
    except ValueError:
        return
    if split.scheme.lower() != "http" or is_loopback(split.hostname or ""):
        return
    for credential in _secrets(operation):
        if _value(credential, given) is not None:
            name = credential.name
            yield finding(f"{credential.place}:{name}", f"{name} goes to {split.hostname} over plain http", "use https")


@rule("RF508", "wrong-media-type", source="walmart-us-refund, facts", raw=True)
def wrong_media_type(operation: Operation, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A content-type or accept header names something that the API does not speak.

    Walmart's older Canadian API speaks XML, every other one JSON; the answer would be 406 or 415.

    Bad:
        header:Content-Type: text/xml
    Good:
        header:Content-Type: application/json; charset=utf-8
    """
    speaks = operation.described
    for name, value in headers.items():
        key = name.lower()
        if key == "content-type" and speaks.media_type and not _is_of(value, speaks.media_type):
            yield finding(f"header:{name}", f"{name} is {value}, not {speaks.media_type}")
        elif key == "accept" and not _accepts(value, speaks.accept):
            yield finding(f"header:{name}", f"{name} is {value}, and the answer is {' or '.join(speaks.accept)}")


@rule("RF509", "correlation-not-guid", severity="warning", on=WALMART, source="walmart-ca-refund", raw=True)
def correlation_not_guid(operation: Operation, headers: Mapping[str, str]) -> Iterable[Finding]:
    """WM_QOS.CORRELATION_ID is no GUID.

    The page asks for a random GUID for each call; support finds a call by it. Dashes are optional.

    Bad:
        header:WM_QOS.CORRELATION_ID: refund-42
    Good:
        header:WM_QOS.CORRELATION_ID: 5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10
    """
    return refused(operation, "header", headers, "RF509")


def purchase_order_id(body: bytes | None) -> object:
    """The id in the body of a Walmart refund, of whatever type, or None where there is none."""
    try:
        refund = _WRAPPER.decode(body or b"").refund
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return refund.id if refund else None


def refused(operation: Operation, place: str, values: Mapping[str, str], code: str) -> Iterator[Finding]:
    """What the schemas of the parameters refuse under one rule; an RF1xx rule where the spec names none."""
    judged = _judged(operation, place, code)
    own = by_lower_name(values) if judged and place == "header" else values
    for key, parameter in judged:
        value = own.get(key)
        keyword = None if value is None else _refusing(parameter, value)
        if keyword is not None and _rule_of(parameter, keyword) == code:
            yield finding(f"{place}:{parameter.name}", *_refusal(parameter, keyword, value or ""))


def parameter_flaws(operation: Operation, given: Given) -> Iterator[tuple[str, Finding]]:
    """What the schemas of the parameters refuse without naming a rule of its own."""
    for place, code in _unnamed(operation):
        values = {"path": given.path, "query": given.query, "header": given.headers}[place]
        for one in refused(operation, place, values or {}, code):
            yield code, one


def credentials_held(operation: Operation, given: Given) -> bool:
    """Whether the request carries any credential, whole or in part."""
    return any(_value(one, given) is not None for option in operation.described.security for one in option)


@cache
def _parameters(operation: Operation, place: str) -> tuple[tuple[str, Parameter], ...]:
    """The parameters of a place, each behind its name as it is looked for: that of a header in lower case."""
    return tuple((one.name.lower() if place == "header" else one.name, one) for one in operation.parameters(place))


@cache
def _judged(operation: Operation, place: str, code: str) -> tuple[tuple[str, Parameter], ...]:
    """As `_parameters`, only those whose schema can refuse a value under the rule."""
    return tuple(
        (key, one)
        for key, one in _parameters(operation, place)
        if any(keyword in one.schema and _rule_of(one, keyword) == code for keyword in _KEYWORD_RULES)
    )


@cache
def _unnamed(operation: Operation) -> tuple[tuple[str, str], ...]:
    """The places and RF1xx rules under which the schemas of the parameters can refuse a value."""
    return tuple(
        (place, code)
        for place in ("path", "query", "header")
        for code in ("RF104", "RF106", "RF107")
        if _judged(operation, place, code)
    )


def _refusing(parameter: Parameter, value: str) -> str | None:
    """The keyword of the parameter's schema that refuses the value."""
    schema = parameter.schema
    if len(value) < schema.get("minLength", 0):
        return "minLength"
    if "enum" in schema and value not in schema["enum"]:
        return "enum"
    if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
        return "pattern"
    return None


def _rule_of(parameter: Parameter, keyword: str) -> str:
    named: str = parameter.schema.get("x-rule", {}).get(keyword, _KEYWORD_RULES[keyword])
    return named


def _refusal(parameter: Parameter, keyword: str, value: str) -> tuple[str, str]:
    name, said = parameter.name, parameter.schema[keyword]
    if not value:
        return f"{name} is empty", ""
    if keyword == "enum":
        near = suggest_name(value, said).lstrip("; ")
        return f"{name} is {value!r}", near or f"allowed are {', '.join(said)}"
    if keyword == "minLength":
        return f"{name} has {len(value)} characters, fewer than {said}", ""
    return f"{name} is {value!r}, which is not of the form {said}", ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _half_credentials(operation: Operation, given: Given) -> Iterator[Finding]:
    """The missing rest of the credential set that the request carries most of, unless another set is whole."""
    options = operation.described.security
    if any(all(_fits(one, given) for one in option) for option in options):
        return
    begun = [option for option in options if any(_value(one, given) is not None for one in option)]
    if not begun:
        return
    best = max(begun, key=lambda option: sum(_fits(one, given) for one in option))
    for credential in best:
        if _value(credential, given) is None:
            message = f"the credentials lack {credential.name}"
            yield finding(f"{credential.place}:{credential.name}", message, f"send it in the {credential.place}")
        elif not _fits(credential, given):
            kind = credential.kind.capitalize()
            yield finding(f"header:{credential.name}", f"{credential.name} is no {kind} credential", f"send {kind} …")


def _value(credential: Credential, given: Given) -> str | None:
    return given.named[credential.place].get(credential.name.lower())


def _fits(credential: Credential, given: Given) -> bool:
    value = _value(credential, given)
    if value is None or credential.kind == "apiKey":
        return value is not None
    return value.lower().startswith(f"{credential.kind} ")


def _secrets(operation: Operation) -> list[Credential]:
    """Credentials whose value alone lets a stranger in; the parts of a signature do not."""
    found = {one.name: one for option in operation.described.security for one in option}
    signed = ("oauth_", "WM_SEC.AUTH_SIGNATURE", "WM_SEC.TIMESTAMP", "WM_CONSUMER.ID")
    return [one for name, one in found.items() if not name.startswith(signed)]


def _is_base64(value: str) -> bool:
    try:
        return len(binascii.a2b_base64(value, strict_mode=True)) > 0
    except ValueError:  # binascii.Error is one
        return False


def _kinds(value: str) -> list[str]:
    """The media types in a header, without their parameters."""
    return [part.partition(";")[0].strip().lower() for part in value.split(",")]


def _is_of(value: str, media_type: str) -> bool:
    return value == media_type or _kinds(value) == [media_type]


def _accepts(value: str, spoken: tuple[str, ...]) -> bool:
    if value in spoken:
        return True
    fitting = {"*/*", *spoken, *(f"{kind.partition('/')[0]}/*" for kind in spoken)}
    return not fitting.isdisjoint(_kinds(value))


def _placeholders(given: Given) -> Iterator[Finding]:
    yield from _body_placeholders(given.body)
    for place, values in (("path", given.path), ("query", given.query), ("header", given.headers)):
        for name, value in (values or {}).items():
            is_name = place == "path" and name in value and value in (name, f"{{{name}}}", f"<{name}>")
            if is_name or value in PLACEHOLDERS:
                yield finding(f"{place}:{name}", f"{name} still holds the documentation's sample", "put the real value")


def _may_hold_sample(body: bytes | None) -> bool:
    """Whether a text holds a sample, or an escape that could hide one: cheap, and false for most bodies."""
    if body is None:
        return False
    if b"\\" in body or _SAMPLE_IN_FIELD.search(body):
        return True
    return bool(_LIST_OF_TEXTS.search(body) and _SAMPLE_IN_LIST.search(body))


def _body_placeholders(body: bytes | None) -> Iterator[Finding]:
    if body is None or not _may_hold_sample(body):
        return
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    todo: list[tuple[str, Any]] = [("", value)]
    while todo:
        pointer, node = todo.pop()
        if isinstance(node, str) and node in PLACEHOLDERS:
            yield finding(pointer, f"{node!r} is the documentation's sample", "put the real value")
        elif isinstance(node, list):
            todo.extend((f"{pointer}/{index}", item) for index, item in enumerate(node))
        elif isinstance(node, dict):
            inner = ((key, item) for key, item in node.items() if key not in _FREE_TEXT)
            todo.extend((f"{pointer}/{escape_token(key)}", item) for key, item in inner)
