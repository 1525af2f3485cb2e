"""Reads XML to its JSON form, as the schema of a body describes it.

The JSON form is an object with one key, the name of the root element. The JSON Schema of the body decides what an
element becomes: a list where the schema has an array, a number where it has a number, a string otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from ..text import BOM, pointer_of, without_bom
from .document import (
    DEPTH,
    SPACES,
    Document,
    Fault,
    Faults,
    ReadingError,
    SourceText,
    decode_text,
    make_document,
    make_unreadable,
    parse_number,
)
from .places import Place, Span

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

Schema = Mapping[str, Any]

INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
# The literals of xs:decimal: a plus, zeros in front and a bare point are fine, an exponent is not.
_NUMBER = re.compile(r"[-+]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)")
_TAG = re.compile(r"""<([^\s/>!]++)[^>"']*+(?:"[^"]*+"[^>"']*+|'[^']*+'[^>"']*+)*+>""")
_LEAD = re.compile(r"(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_BEFORE = b" \t\r\n\0\xef\xbb\xbf\xfe\xff"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Shape(msgspec.Struct, frozen=True):
    """The JSON form of an element by its schema: its types, its children by name, the schema of list items."""

    types: frozenset[str]
    properties: dict[str, Schema]
    items: Schema | None
    namespace: str


def read_xml(data: bytes, schema: Schema | None) -> Document:
    """Read XML, in UTF-8 or UTF-16, into the JSON form of a bundled schema.

    An element whose schema is an array becomes a list, however often it stands there; one that is a number or boolean
    becomes that where its text is such a literal, and else stays a string, which is for the schema to refuse; an empty
    one that is an object becomes {}. What the schema does not know, or all where it is None: children become an
    object, repeated ones a list, text a string, untrimmed. xsi:nil is null, other xsi attributes are left out; any
    attribute besides is a field "@name" of its element, or "element@name" beside it if that has nothing but text.

    RF001: what is not XML, a document type or entity (nothing is expanded or fetched), text between elements, an
    element that is in another namespace than the schema's root. RF002: a repeated element that is no array. RF004: 65
    levels. Remarks, each said once: an element that stands after one that the schema has behind it (RF110), elements in
    no namespace, which are read as the schema's own (RF111).
    """
    source = SourceText(data, _detect_encoding(data))
    faults = Faults()
    try:
        reader = _XmlReader(decode_text(source), source, schema, faults)
    except ReadingError as error:
        return make_unreadable(source, [error.fault])
    try:
        reader.parse()
    except ReadingError as error:
        return make_unreadable(source, [*faults.items, error.at(reader.path())])
    document = reader.stack[0]
    place = Place((0, len(source.text)), None, document.places)
    return make_document(source, document.children, faults.items, place, list(reader.remarks.values()))


def is_xml(data: bytes) -> bool:
    """Check whether a document begins as XML, in UTF-8 or UTF-16; JSON never does."""
    return data.lstrip(_BEFORE).startswith(b"<")


def find_root_name(data: bytes) -> str:
    """Find the local name of the root element; "" where the first bytes have none."""
    text = without_bom(data.decode(_detect_encoding(data), "replace"))
    lead = _LEAD.match(text)
    tag = _TAG.match(text, lead.end() if lead else 0)
    return tag[1].rpartition(":")[2] if tag else ""


def _detect_encoding(data: bytes) -> str:
    """Detect the encoding by the first bytes, as expat does."""
    if data.startswith((b"\xff\xfe", b"<\0")) and data[2:4] != b"\0\0":
        return "utf-16-le"
    return "utf-16-be" if data.startswith((b"\xfe\xff", b"\0<")) else "utf-8"


class Shapes:
    """The shapes of one bundled schema, each made on first use."""

    def __init__(self, schema: Schema | None) -> None:
        self._definitions: Schema = (schema or {}).get("$defs", {})
        self._cache: dict[int, Shape] = {}

    def of(self, schema: Schema | None) -> Shape | None:
        """Return the shape of a schema; None where there is none."""
        if schema is None:
            return None
        shape = self._cache.get(id(schema))
        if shape is None:
            shape = self._cache[id(schema)] = self._make_shape(schema)
        return shape

    def _make_shape(self, schema: Schema) -> Shape:
        types: set[str] = set()
        properties: dict[str, Schema] = {}
        items: Schema | None = None
        namespace = ""
        for branch in self._branches(schema):
            kind = branch.get("type", ())
            types.update([kind] if isinstance(kind, str) else kind)
            properties.update(branch.get("properties", {}))
            items = branch.get("items", items)
            namespace = branch.get("xml", {}).get("namespace", namespace)
        return Shape(frozenset(types), properties, items, namespace)

    def _branches(self, schema: Schema) -> Iterator[Schema]:
        """Yield the schema and all that it refers to or lets a value choose from."""
        yield schema
        if "$ref" in schema:
            yield from self._branches(self._definitions[schema["$ref"].removeprefix("#/$defs/")])
        for branch in schema.get("anyOf", ()):
            yield from self._branches(branch)


class _Element:
    """An element that is being read.

    `path` is its part of the pointer: its name, and its index if it is in a list.
    """

    def __init__(self, name: str, path: tuple[str, ...], shape: Shape | None, tag: re.Match[str] | None) -> None:
        self.name = name
        self.path = path
        self.shape = shape
        self.start, self.content_start = tag.span() if tag else (0, 0)
        self.key = tag.span(1) if tag else (0, 0)
        self.attributes: dict[str, str] = {}
        self.is_nil = False
        self.text: list[str] = []
        self.children: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.firsts: dict[str, Span] = {}
        self.list_names: set[str] = set()
        self.last_known = ""

    def find_content(self, text: str) -> int:
        """Return the offset of what follows the first spaces and comments in it."""
        lead = _LEAD.match(text, self.content_start)
        return lead.end() if lead else self.content_start

    def add(self, name: str, value: object, place: Place, extent: Span) -> None:
        if name not in self.list_names:
            self.children[name] = value
            self.places[name] = place
            return
        if name not in self.children:
            self.children[name] = []
            self.places[name] = Place(extent, place.key)
        list_names, list_place = self.children[name], self.places[name]
        list_place.children[str(len(list_names))] = place
        list_names.append(value)
        self.places[name] = Place((list_place.value[0], extent[1]), list_place.key, list_place.children)

    def make_list(self, name: str) -> None:
        """Make a list of an element that is repeated and that no schema knows."""
        self.list_names.add(name)
        first, place = self.children[name], self.places[name]
        self.children[name] = [first]
        self.places[name] = Place(self.firsts[name], place.key, {"0": place})


class _XmlReader:
    """The reader of one document: the target of an XML parser, with a stack of its own."""

    def __init__(self, text: str, source: SourceText, schema: Schema | None, faults: Faults) -> None:
        self.text = text
        self.source = source
        self.faults = faults
        self.shapes = Shapes(schema)
        self.stack = [_Element("", (), self.shapes.of(schema), None)]
        self.namespace = ""
        self.remarks: dict[str, Fault] = {}
        self.last_offset = (len(source.data) - len(source.data.removeprefix(BOM.encode(source.encoding))), 0)

    def path(self) -> list[str]:
        return [token for element in self.stack for token in element.path]

    def parse(self) -> None:
        """Read the whole document. Raises ReadingError, with the fault's place."""
        from xml.parsers.expat import ErrorString

        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import DefusedXMLParser, ParseError

        parser = DefusedXMLParser(target=self, forbid_dtd=True)
        self.expat: XMLParserType = parser.parser
        # Buffered text arrives too late for its place.
        self.expat.buffer_text = False
        self.expat.XmlDeclHandler = self.declaration
        try:
            parser.feed(self.source.data)
            parser.close()
        except DefusedXmlException:
            at = self.text.rfind("<!DOCTYPE", 0, self.offset(self.expat.CurrentByteIndex))
            hint = "remove it: only &lt; &gt; &amp; &quot; &apos; and character references are read"
            self.refuse("a document type", at, hint, end=at + 9)
        except ParseError as error:
            self.refuse(f"invalid XML: {ErrorString(error.code)}", self.offset(self.expat.ErrorByteIndex))

    def refuse(self, message: str, start: int, hint: str = "", *, end: int = 0, code: str = "RF001") -> NoReturn:
        raise ReadingError(message, (start, end), hint, code=code)

    def offset(self, index: int) -> int:
        """Return the offset in the text of a byte that is not before the last one."""
        at, characters = self.last_offset
        characters += len(self.source.data[at:index].decode(self.source.encoding, "replace"))
        self.last_offset = (max(at, index), characters)
        return characters

    # What the parser calls.

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and not re.fullmatch("utf-8|utf-16(?:le|be)?", encoding, re.IGNORECASE):
            self.refuse(f"the encoding {encoding} is not read", 0, "save the document as UTF-8")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self.stack[-1]
        space, _, name = tag.rpartition("}")
        match = _TAG.match(self.text, self.offset(self.expat.CurrentByteIndex))
        if "".join(parent.text).strip(SPACES):
            self.refuse_text(parent, parent.find_content(self.text))
        # Only spaces: without this they would be searched again at every child.
        parent.text.clear()
        self.stack.append(self.make_child(parent, name, match))
        element = self.stack[-1]
        if len(self.stack) - 1 > DEPTH:
            self.refuse(f"nested more than {DEPTH} levels deep", element.key[0], end=element.key[1], code="RF004")
        self.check_namespace(space.removeprefix("{"), element)
        self.check_order(parent, element)
        for attribute, value in attributes.items():
            if not attribute.startswith(INSTANCE):
                element.attributes[attribute.rpartition("}")[2]] = value
            elif attribute == INSTANCE + "nil":
                element.is_nil = value.strip(SPACES) in ("true", "1")

    def make_child(self, parent: _Element, name: str, match: re.Match[str] | None) -> _Element:
        """Make a child of an element, which may be the next of a list."""
        shape = self.shapes.of(parent.shape.properties.get(name)) if parent.shape else None
        if shape and "array" in shape.types:
            parent.list_names.add(name)
            shape = self.shapes.of(shape.items)
        elif name in parent.firsts and name not in parent.list_names:
            if shape is None:
                parent.make_list(name)
            else:
                key = match.span(1) if match else (0, 0)
                self.faults.add_duplicate("element", name, key, [*self.path(), name], parent.firsts[name][0])
        path = (name, str(len(parent.children.get(name, ())))) if name in parent.list_names else (name,)
        return _Element(name, path, shape, match)

    def check_namespace(self, space: str, element: _Element) -> None:
        """Refuse an element that is in another namespace than the schema's root; remark that one is in none."""
        if len(self.stack) == 2:
            self.namespace = self.find_namespace(element)
        if self.namespace in ("", space):
            return
        hint = f'add xmlns="{self.namespace}" to the root element'
        if space:
            message = f'<{element.name}> is in the namespace "{space}"'
            self.refuse(message, element.key[0], hint, end=element.key[1])
        self.remark("RF111", "the elements are in no namespace", hint, element)

    def check_order(self, parent: _Element, element: _Element) -> None:
        """Remark on an element that stands after one that the schema has behind it."""
        names = list(parent.shape.properties) if parent.shape else []
        if element.name in names:
            if parent.last_known in names[names.index(element.name) + 1 :]:
                message = f"<{element.name}> stands after <{parent.last_known}>"
                self.remark("RF110", message, f"put it before <{parent.last_known}>", element)
            parent.last_known = element.name

    def remark(self, code: str, message: str, hint: str, element: _Element) -> None:
        self.remarks.setdefault(message, Fault(code, message, hint, pointer_of(self.path()), element.key))

    def find_namespace(self, root: _Element) -> str:
        """Find the namespace of the root, or of the schema's root if it is another."""
        body_shape = self.stack[0].shape
        roots = [self.shapes.of(schema) for schema in body_shape.properties.values()] if body_shape else []
        shapes = [root.shape] if root.shape else roots
        return next((shape.namespace for shape in shapes if shape and shape.namespace), "")

    def data(self, text: str) -> None:
        element = self.stack[-1]
        element.text.append(text)
        if element.firsts and text.strip(SPACES):
            at = self.offset(self.expat.CurrentByteIndex) + len(text) - len(text.lstrip(SPACES))
            self.refuse_text(element, at)

    def refuse_text(self, element: _Element, at: int) -> NoReturn:
        self.refuse("text between elements", at, f"<{element.name}> may hold text or elements, not both")

    def end(self, tag: str) -> None:
        at = self.offset(self.expat.CurrentByteIndex)
        element = self.stack[-1]
        is_empty = self.text[element.content_start - 2] == "/"
        extent = (element.start, element.content_start if is_empty else self.text.index(">", at) + 1)
        span = extent if element.firsts else self.trim_text(element, at) or extent
        value = self.make_value(element, span)
        self.stack.pop()
        parent = self.stack[-1]
        parent.add(element.name, value, Place(span, element.key, element.places), extent)
        parent.firsts.setdefault(element.name, extent)
        for name, text in element.attributes.items():
            owner, field = (element, f"@{name}") if isinstance(value, dict) else (parent, f"{element.name}@{name}")
            owner.children[field] = text
            owner.places[field] = Place((element.start, element.content_start))

    def trim_text(self, element: _Element, end: int) -> Span | None:
        """Return the span of an element's text without spaces and leading comments."""
        start = min(element.find_content(self.text), end)
        text = self.text[start:end].rstrip(SPACES)
        return (start, start + len(text)) if text else None

    def make_value(self, element: _Element, span: Span) -> object:
        text = "".join(element.text)
        literal = text.strip(SPACES)
        types = element.shape.types if element.shape else frozenset()
        if element.is_nil and not element.firsts and not literal:
            return None
        if element.firsts or ("object" in types and not literal):
            return element.children
        if "string" in types:
            return text
        if types & {"number", "integer"} and _NUMBER.fullmatch(literal):
            return parse_number(literal, span)
        if "boolean" in types:
            return _BOOLEANS.get(literal, text)
        return text
