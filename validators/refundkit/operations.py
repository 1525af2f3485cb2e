"""The operations of the specs, with their parameters, decoders and schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_origin

import msgspec
import refundkit_apis
from refundkit_apis._runtime.number import decode_number, decode_unbounded
from refundkit_apis._runtime.usage import UsageError

from .text import suggest_name

if TYPE_CHECKING:
    from refundkit_apis.names import OperationName

_XML = "application/xml"
_CLOSING_KEYWORDS = frozenset({"$ref", "properties", "anyOf"})
APIS = tuple(sorted(path.parent.name for path in Path(refundkit_apis.__path__[0]).glob("*/schemas.json")))
"""The APIs that were generated from specs/."""


class Parameter(msgspec.Struct, frozen=True):
    """A path, query or header parameter; `schema` is the JSON Schema of its text, with its x-rule."""

    name: str
    place: Literal["path", "query", "header"] = msgspec.field(name="in")
    required: bool
    schema: dict[str, Any]


class Credential(msgspec.Struct, frozen=True):
    """One part of a security scheme: the header or query key that holds it; kind is basic, bearer or apiKey."""

    name: str
    place: Literal["query", "header"] = msgspec.field(name="in")
    kind: str


class ContextSpec(msgspec.Struct, frozen=True):
    """Where a part of an operation's context comes from: an operation that returns it, or a list of a schema.

    `lines` is the pointer to an order's lines, and `key` the field that identifies a line. A query value such as
    `{returnOrderId}` is filled from the request's path. `pick` is the field of the answer whose list holds the order,
    and `pages` says how all pages of a list are read.
    """

    operation: str | None = None
    query: dict[str, str] = {}
    lines: str = ""
    key: str = ""
    pick: str = ""
    pages: dict[str, str] = {}
    schema: str | None = None


class OperationSpec(msgspec.Struct, frozen=True):
    """An operation as schemas.json describes it; `body` and `responses` name models of the API."""

    method: str
    path: str
    summary: str
    page: str
    section: str
    parameters: tuple[Parameter, ...]
    security: tuple[tuple[Credential, ...], ...]
    media_type: str | None
    accept: tuple[str, ...]
    body: str | None
    responses: dict[str, str]
    context: dict[str, ContextSpec]


class Bundle(msgspec.Struct, frozen=True):
    """schemas.json of one API; each schema is text until it is used."""

    api: str
    title: str
    description: str
    servers: tuple[str, ...]
    replaced_by: str | None
    operations: dict[str, OperationSpec]
    schemas: dict[str, msgspec.Raw]


class Operation(msgspec.Struct, frozen=True, eq=False):
    """One operation, such as `walmart_ca.refund_order_lines`; compared by identity, as each exists once."""

    name: OperationName
    api: str
    described: OperationSpec

    @property
    def replaced_by(self) -> str | None:
        """The API that replaces this one, None if the vendor still develops it."""
        return bundle(self.api).replaced_by

    @property
    def vendor(self) -> str:
        """The vendor's current API, the same for all of its APIs."""
        return self.replaced_by or self.api

    @property
    def xml(self) -> bool:
        """Whether the body is sent as XML; the JSON form is our own."""
        return self.described.media_type == _XML

    @property
    def answers_xml(self) -> bool:
        """Whether its responses are XML; the JSON form is our own."""
        return _XML in self.described.accept

    def parameters(self, place: str) -> list[Parameter]:
        """Return its path, query or header parameters."""
        return [parameter for parameter in self.described.parameters if parameter.place == place]

    def struct(self, part: str = "body") -> Any:
        """Return the generated model of the body, or of a response by its status. Raises KeyError if there is none."""
        name = self.described.body if part == "body" else self.described.responses[part]
        if name is None:
            raise KeyError(part)
        return getattr(import_module(f"refundkit_apis.{self.api}.models"), name)

    def schema(self, part: str = "body") -> dict[str, Any]:
        """Return the JSON Schema of the body, or of a response by its status. Raises KeyError if there is none."""
        short = self.name.partition(".")[2]
        schema: dict[str, Any] = msgspec.json.decode(bundle(self.api).schemas[f"{short}.{part}"])
        return schema


@cache
def bundle(api: str) -> Bundle:
    """Read the schemas.json of one API."""
    text = Path(refundkit_apis.__path__[0], api, "schemas.json").read_bytes()
    return msgspec.json.decode(text, type=Bundle)


@cache
def of_api(api: str) -> dict[str, Operation]:
    """Return the operations of one API by their full names."""
    described = bundle(api).operations
    return {
        f"{api}.{name}": Operation(cast("OperationName", f"{api}.{name}"), api, spec)
        for name, spec in described.items()
    }


def names() -> list[str]:
    """Return the name of every operation, API by API."""
    return [name for api in APIS for name in of_api(api)]


def find(name: str) -> Operation | None:
    """Return the operation of that name, or None."""
    api = name.partition(".")[0]
    return of_api(api).get(name) if api in APIS else None


def get(name: str) -> Operation:
    """Return the operation of that name. Raises ValueError that suggests the nearest."""
    operation = find(name) if isinstance(name, str) else None
    if operation is None:
        raise UsageError(f"unknown operation {name!r}{suggest(str(name))}")
    return operation


def suggest(name: str) -> str:
    """Return a suggestion for an unknown operation; one of a known API is never taken for another API's."""
    api = name.partition(".")[0]
    return suggest_name(name, of_api(api) if api in APIS else names())


@cache
def quick_decoder(operation: Operation, part: str = "body") -> msgspec.json.Decoder[Any]:
    """Return a decoder that raises ValueError for number literals that need the exact reading."""
    return msgspec.json.Decoder(operation.struct(part), dec_hook=decode_number, float_hook=plain_literal)


@cache
def lenient_decoder(operation: Operation) -> msgspec.json.Decoder[Any]:
    """Return a decoder for bodies that break only bounds of numbers."""
    return msgspec.json.Decoder(operation.struct(), dec_hook=decode_unbounded, float_hook=Decimal)


@cache
def takes_xml(operation: Operation, part: str = "body") -> bool:
    """Return whether a body, or a response by its status, may be XML: its schema names a namespace."""
    if part == "body" and operation.described.body is None:
        return False
    return any("namespace" in node.get("xml", ()) for node in schema_nodes(operation.schema(part)))


@cache
def has_open_lists(operation: Operation) -> bool:
    """Return whether a body may hold a list of open objects, whose numbers and depth no model checks."""
    items = (node["items"] for node in schema_nodes(operation.schema()) if isinstance(node.get("items"), dict))
    return any(item.get("type") == "object" and not _CLOSING_KEYWORDS & item.keys() for item in items)


def schema_nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema, itself first."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schema_nodes(child)


@cache
def order_source(operation: Operation) -> Operation | None:
    """Return the operation that reads the order of a refund; None if the spec names none."""
    source = operation.described.context.get("order")
    return None if source is None else get(f"{operation.api}.{source.operation}")


@cache
def refunds_type(operation: Operation) -> Any:
    """Return the type of the API's list of earlier refunds; None if the spec names none."""
    source = operation.described.context.get("refunds")
    if source is None:
        return None
    if source.operation is not None:
        listing = get(f"{operation.api}.{source.operation}")
        return listing.struct(success(listing))
    entry: Any = getattr(import_module(f"refundkit_apis.{operation.api}.models"), str(source.schema))
    return list[entry]


def refunds_schema(operation: Operation) -> dict[str, Any] | None:
    """Return the JSON Schema of the API's list of earlier refunds; None if another operation's answer has none."""
    source = operation.described.context.get("refunds")
    if source is None or source.operation is None:
        return None
    listing = get(f"{operation.api}.{source.operation}")
    return listing.schema(success(listing))


def wrap(value: object, wrapper: Any) -> object:
    """Return a model, or a list of models, in the wrapper that has just one field for it; anything else as it is."""
    if isinstance(value, list) and not all(isinstance(entry, msgspec.Struct) for entry in value):
        return value
    if not isinstance(value, msgspec.Struct | list) or not isinstance(wrapper, type) or type(value) is wrapper:
        return value
    fields = msgspec.structs.fields(wrapper) if issubclass(wrapper, msgspec.Struct) else ()
    if len(fields) != 1 or (get_origin(fields[0].type) or fields[0].type) is not type(value):
        return value
    return {fields[0].encode_name: value}


@cache
def success(operation: Operation) -> str:
    """Return the status of the documented success response."""
    return next(status for status in operation.described.responses if status.startswith("2"))


def values(data: Mapping[str, object] | None) -> dict[str, str] | None:
    """Convert path, query or header values to text; leave out entries that are None."""
    if data is None:
        return None
    return {
        str(name): value if value.__class__ is str else _to_text(value)
        for name, value in data.items()
        if value is not None
    }


def by_lower_name(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values by their names in lower case; of names that differ only in case the first counts."""
    lowered: dict[str, str] = {}
    for name, value in values.items():
        lowered.setdefault(name.lower(), value)
    return lowered


def _to_text(value: object) -> str:
    try:
        return str(value).lower() if isinstance(value, bool) else str(value)
    except ValueError:  # an int of more digits than Python writes
        return f"{type(value).__name__} of too many digits"


def plain_literal(literal: str) -> Decimal:
    """Convert a short number literal. Raises ValueError for others: the exact reading checks them against RF001."""
    if len(literal) > 40 or "e" in literal or "E" in literal:
        raise ValueError(literal)
    return Decimal(literal)
