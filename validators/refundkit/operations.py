"""What can be checked: every operation of the specs, with its parameters, its decoders and its schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import msgspec
import refundkit_apis
from refundkit_apis._runtime.number import decode_number, decode_unbounded

from .text import suggest_name

_XML = "application/xml"
APIS = tuple(sorted(path.parent.name for path in Path(refundkit_apis.__path__[0]).glob("*/schemas.json")))
"""The APIs that were generated from specs/."""


class Parameter(msgspec.Struct, frozen=True):
    """A path, query or header parameter; `schema` is that of a string, with its x-rule."""

    name: str
    place: Literal["path", "query", "header"] = msgspec.field(name="in")
    required: bool
    schema: dict[str, Any]


class Credential(msgspec.Struct, frozen=True):
    """One part of a security scheme: the header or query key that holds it; kind is basic, bearer or apiKey."""

    name: str
    place: Literal["query", "header"] = msgspec.field(name="in")
    kind: str


class Source(msgspec.Struct, frozen=True):
    """How a part of an operation's context is read: by an operation, or, where none tells it, as a list of a schema.

    `lines` is the pointer of an order's lines, and `key` what tells them apart.
    """

    operation: str | None = None
    query: dict[str, str] = {}
    lines: str = ""
    key: str = ""
    schema: str | None = None


class Described(msgspec.Struct, frozen=True):
    """An operation as schemas.json holds it; `body` and `responses` name models of the API."""

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
    context: dict[str, Source]


class Bundle(msgspec.Struct, frozen=True):
    """schemas.json of one API; the schemas stay text until one is asked for."""

    api: str
    title: str
    description: str
    servers: tuple[str, ...]
    replaced_by: str | None
    operations: dict[str, Described]
    schemas: dict[str, msgspec.Raw]


class Operation(msgspec.Struct, frozen=True, eq=False):
    """One operation under its one name, `walmart_ca.refund_order_lines`; there is one object for each."""

    name: str
    api: str
    described: Described

    @property
    def current(self) -> bool:
        """Whether the vendor still develops this API."""
        return self.replaced_by is None

    @property
    def replaced_by(self) -> str | None:
        """The API that replaces this one, None where it is current."""
        return bundle(self.api).replaced_by

    @property
    def xml(self) -> bool:
        """Whether the wire format is XML, the JSON form being ours."""
        return self.described.media_type == _XML

    @property
    def answers_xml(self) -> bool:
        """Whether its answers are XML, the JSON form being ours."""
        return _XML in self.described.accept

    def parameters(self, place: str) -> list[Parameter]:
        """Its path, query or header parameters."""
        return [parameter for parameter in self.described.parameters if parameter.place == place]

    def struct(self, part: str = "body") -> Any:
        """The generated model of the body, or of a response by its status. Raises KeyError where there is none."""
        name = self.described.body if part == "body" else self.described.responses[part]
        if name is None:
            raise KeyError(part)
        return getattr(import_module(f"refundkit_apis.{self.api}.models"), name)

    def schema(self, part: str = "body") -> dict[str, Any]:
        """The bundled JSON Schema of the body, or of a response by its status. Raises KeyError where there is none."""
        short = self.name.partition(".")[2]
        schema: dict[str, Any] = msgspec.json.decode(bundle(self.api).schemas[f"{short}.{part}"])
        return schema


@cache
def bundle(api: str) -> Bundle:
    """Everything schemas.json says of one API."""
    text = Path(refundkit_apis.__path__[0], api, "schemas.json").read_bytes()
    return msgspec.json.decode(text, type=Bundle)


@cache
def of_api(api: str) -> dict[str, Operation]:
    """The operations of one API by their full names."""
    described = bundle(api).operations
    return {f"{api}.{name}": Operation(f"{api}.{name}", api, one) for name, one in described.items()}


def names() -> list[str]:
    """The name of every operation, the current API of a vendor before the one it replaces."""
    return [name for api in APIS for name in of_api(api)]


def find(name: str) -> Operation | None:
    """The operation of that name, or None."""
    api = name.partition(".")[0]
    return of_api(api).get(name) if api in APIS else None


def get(name: str) -> Operation:
    """The operation of that name. Raises ValueError that suggests the nearest."""
    operation = find(name)
    if operation is None:
        raise ValueError(f"unknown operation {name!r}{suggest_name(name, names())}")
    return operation


@cache
def quick_decoder(operation: Operation, part: str = "body") -> msgspec.json.Decoder[Any]:
    """Decodes a body unless something about its number literals needs a closer look: then it raises ValueError."""
    return msgspec.json.Decoder(operation.struct(part), dec_hook=decode_number, float_hook=plain_literal)


@cache
def lenient_decoder(operation: Operation) -> msgspec.json.Decoder[Any]:
    """Decodes a body that its schema refuses for nothing but bounds of numbers."""
    return msgspec.json.Decoder(operation.struct(), dec_hook=decode_unbounded, float_hook=Decimal)


@cache
def has_open_lists(operation: Operation) -> bool:
    """Whether a body may hold a list whose entries the schema leaves open: numbers and depth in there go unjudged."""
    return any(_is_open(node.get("items")) for node in schema_nodes(operation.schema()))


def _is_open(schema: Any) -> bool:
    return (
        isinstance(schema, dict)
        and not {"$ref", "properties", "anyOf"} & schema.keys()
        and schema.get("type") == "object"
    )


def schema_nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema, itself first."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schema_nodes(child)


@cache
def order_source(operation: Operation) -> Operation | None:
    """The operation that reads the order of a refund; None where the spec names none."""
    source = operation.described.context.get("order")
    return None if source is None else get(f"{operation.api}.{source.operation}")


@cache
def refunds_type(operation: Operation) -> Any:
    """The type of a list of earlier refunds as its API gives it; None where the spec names none."""
    source = operation.described.context.get("refunds")
    if source is None:
        return None
    if source.operation is not None:
        listing = get(f"{operation.api}.{source.operation}")
        return listing.struct(success(listing))
    entry: Any = getattr(import_module(f"refundkit_apis.{operation.api}.models"), str(source.schema))
    return list[entry]


@cache
def success(operation: Operation) -> str:
    """The status of the operation's documented success."""
    return next(status for status in operation.described.responses if status.startswith("2"))


def values(given: Mapping[str, object] | None) -> dict[str, str] | None:
    """Path, query or header values as text; None stays None, an entry that is None is left out."""
    if given is None:
        return None
    return {
        str(name): value if value.__class__ is str else _text(value)
        for name, value in given.items()
        if value is not None
    }


def by_lower_name(values: Mapping[str, str]) -> dict[str, str]:
    """The values by their names in lower case; of names that differ in nothing but case the first counts."""
    found: dict[str, str] = {}
    for name, value in values.items():
        found.setdefault(name.lower(), value)
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def plain_literal(literal: str) -> Decimal:
    """A number literal of everyday length; RF001 has limits for the others, which the careful reading knows."""
    if len(literal) > 40 or "e" in literal or "E" in literal:
        raise ValueError(literal)
    return Decimal(literal)
