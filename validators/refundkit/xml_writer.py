"""Writes the JSON form of a body as XML; the inverse of reading/xml.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from .reading.document import DEPTH, ReadingError, check_number
from .reading.xml import INSTANCE, Schema, Shape, Shapes
from .text import pointer_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# XML allows more characters in a name; no schema of ours uses them.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*+")
# Characters that XML 1.0 excludes, even as character references.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_EXPONENT = 400
_JSON_TYPES = {str: "string", bool: "boolean", int: "number", Decimal: "number", type(None): "null", list: "array"}


def write_xml(value: object, schema: Schema) -> bytes:
    """Write the JSON form of a bundled schema as XML: UTF-8, in its namespace.

    `value` is made of dict, list, str, int, Decimal, bool and None. Elements come in the order of the schema's
    properties, the ones that it lacks after them. A number is written without exponent and with all its digits, null
    as xsi:nil. read_xml reads the same value from it, but for two things: an empty list has no element, so it is
    read as absent; and what the schema does not know is read by its shape alone.

    Raises ValueError with the pointer, never the value: a root that the schema does not know, a value of a type that
    the schema does not have there, a character or field name that XML cannot hold, a number over 400 characters, 65
    levels. Nothing else is judged.
    """
    from xml.etree.ElementTree import tostring

    shapes = Shapes(schema)
    body_shape = shapes.of(schema)
    roots = body_shape.properties if body_shape else {}
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= roots.keys():
        raise ValueError(f"the body must be an object with one field, the root element {' or '.join(roots)}")
    ((name, content),) = value.items()
    shape = shapes.of(roots[name])
    namespace = shape.namespace if shape else ""
    root = _XmlWriter(shapes, namespace).make_element((name,), content, shape)
    data: bytes = tostring(root, "utf-8", xml_declaration=True, default_namespace=namespace or None)
    # ElementTree does not escape it, and a parser would read it as a line feed. It only occurs in text.
    return data.replace(b"\r", b"&#13;")


class _XmlWriter:
    """The writer of one document as a tree of elements, all in one namespace."""

    def __init__(self, shapes: Shapes, namespace: str) -> None:
        self.shapes = shapes
        self.prefix = f"{{{namespace}}}" if namespace else ""
        self.stack: list[tuple[str, ...]] = []

    def refuse(self, message: str, *below: str) -> NoReturn:
        raise ValueError(f"{pointer_of([*(token for path in self.stack for token in path), *below])}: {message}")

    def make_element(self, path: tuple[str, ...], value: object, shape: Shape | None) -> Element:
        """Make the element of a value.

        `path` is its part of the pointer: its name, and its index if it is in a list.
        """
        from xml.etree.ElementTree import Element

        self.stack.append(path)
        if len(self.stack) > DEPTH:
            self.refuse(f"nested more than {DEPTH} levels deep")
        self.check_type(value, shape)
        element = Element(self.prefix + path[0])
        if isinstance(value, dict):
            element.extend([*self.make_children(value, shape)])
        elif isinstance(value, list):
            self.refuse("XML has no list in a list")
        elif value is None:
            element.set(INSTANCE + "nil", "true")
        else:
            element.text = self.format_text(value)
        self.stack.pop()
        return element

    def make_children(self, value: dict[str, object], shape: Shape | None) -> Iterator[Element]:
        properties = shape.properties if shape else {}
        unknown = (name for name in value if name not in properties)
        for name in [*(name for name in properties if name in value), *unknown]:
            if not _NAME.fullmatch(name):
                self.refuse("a field whose name cannot be that of an XML element")
            content, part = value[name], self.shapes.of(properties.get(name))
            if not isinstance(content, list):
                yield self.make_element((name,), content, part)
                continue
            self.check_type(content, part, name)
            items = self.shapes.of(part.items) if part else None
            for index, item in enumerate(content):
                yield self.make_element((name, str(index)), item, items)

    def check_type(self, value: object, shape: Shape | None, *below: str) -> None:
        kind = "object" if isinstance(value, dict) else _JSON_TYPES.get(type(value))
        if kind is None:
            self.refuse(f"a {type(value).__name__} is no value of the JSON form", *below)
        types = shape.types if shape else frozenset()
        if types and kind not in types and not (kind == "number" and "integer" in types):
            self.refuse(f"the schema has {' or '.join(sorted(types))} here, not {kind}", *below)

    def format_text(self, value: object) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, Decimal)):
            return self.format_number(Decimal(value))
        text = str(value)
        unwritable = _UNWRITABLE.search(text)
        if unwritable:
            self.refuse(f"the character U+{ord(unwritable[0]):04X} cannot stand in XML")
        return text

    def format_number(self, number: Decimal) -> str:
        """Format a number with all its digits, without exponent: "100" for 1E+2."""
        # Checked first: an exponent of ten digits would be written with as many zeros.
        if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
            self.refuse("a number that is out of range")
        literal = format(number, "f")
        try:
            check_number(literal)
        except ReadingError as error:
            self.refuse(str(error))
        return literal
