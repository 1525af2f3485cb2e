"""Reads YAML text to its exact values: the parser's events, resolved by the core schema of YAML 1.2."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from ..text import quote_text
from .document import (
    DEPTH,
    SPACES,
    Document,
    Fault,
    Faults,
    ReadingError,
    SourceText,
    check_number_length,
    decode_text,
    make_document,
    make_unreadable,
    parse_number,
)
from .places import Place, Span

if TYPE_CHECKING:
    from yaml.events import AliasEvent, CollectionStartEvent, Event, ScalarEvent

# The nodes that all aliases of a document may add.
_ALIAS_NODES = 1_000


def read_yaml(data: bytes) -> list[Document]:
    """Read a YAML stream in UTF-8, one Document for each of its documents.

    It is read by the core schema of YAML 1.2, so `no`, `1_000` and dates are strings, `0777` is 777, and a number
    literal keeps its digits. A key is its text as written; `<<` is a key like any other.

    RF001: what is not YAML, an empty document, a tag that the core schema lacks, a key that is not a scalar, .inf and
    .nan, numbers beyond the limits of JSON's, aliases to more than 1,000 nodes. RF002 and RF004: as for JSON. A syntax
    error or RF004 ends the stream.

    PyYAML's C parser is used where it is there. What it and the Python one both accept they read the same; the Python
    one refuses tabs between tokens, and takes unknown directives and some stray `:` and `?` in flow style.
    """
    source = SourceText(data)
    try:
        text = decode_text(source)
        control = _forbidden_characters().search(text)
        if control:
            message = f"the control character \\u{ord(control[0]):04x}"
            raise ReadingError(message, control.span(), "YAML wants it escaped")
    except ReadingError as error:
        return [make_unreadable(source, [error.fault])]
    readers = _read_documents(text)
    if not readers:
        return [make_unreadable(source, [Fault("RF001", "the document is empty")])]
    return [reader.make_document(source) for reader in readers]


@cache
def _forbidden_characters() -> re.Pattern[str]:
    """Return the pattern of what YAML text may not hold."""
    # Made on first use: it takes longer than the rest of this module.
    return re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_CHARACTER = "invalid YAML: an escape that is no character"
_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?+[0-9]++")
_RADIX = re.compile(r"0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = re.compile(r"[-+]?+(?:\.[0-9]++|[0-9]++(?:\.[0-9]*+)?+)(?:[eE][-+]?+[0-9]++)?+")
_INFINITE = re.compile(r"[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


def _read_documents(text: str) -> list[_YamlReader]:
    """Read each document of a stream; the last one has the syntax error, if there is one."""
    readers, start = _read_events(text)
    if start is not None:
        # The scanner runs up to 1,024 characters ahead of the events. It may fail there (from PyYAML 6.0.4 on at 1,001
        # brackets too) before we see what we refuse, so we read the text before its error by itself.
        earlier, _ = _read_events(text[:start])
        refusal = earlier[-1].refusal if len(earlier) == len(readers) else None
        # A value directly before the error may be refused only because the text is cut there.
        if refusal and refusal.span and (refusal.code == "RF004" or text[refusal.span[1] : start].strip()):
            return earlier
    return readers


def _read_events(text: str) -> tuple[list[_YamlReader], int | None]:
    """Read each document as far as the parser gets, and say where the scanner failed, if it did."""
    import yaml
    from yaml.scanner import ScannerError

    readers: list[_YamlReader] = []
    in_document = False
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                readers.append(_YamlReader(text))
                in_document = True
            elif isinstance(event, yaml.DocumentEndEvent):
                in_document = False
            elif in_document:
                readers[-1].take_event(event)
                if readers[-1].ends_stream:
                    break
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if not in_document:
            readers.append(_YamlReader(text))
        readers[-1].refusal = readers[-1].refusal or readers[-1].make_syntax_fault(error)
        if isinstance(error, ScannerError):
            marks = [mark.index for mark in (error.context_mark, error.problem_mark) if mark]
            return readers, min(marks, default=None)
    return readers, None


class _Node(msgspec.Struct, frozen=True):
    """A value that has been read, its place, and the nodes and levels that an alias adds."""

    value: object
    place: Place
    size: int = 1
    height: int = 0


def _span_of(event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start and end else (0, 0)


class _Collection:
    """A mapping or sequence that is being read."""

    def __init__(self, container: dict[str, object] | list[object], event: CollectionStartEvent) -> None:
        self.container = container
        self.anchor = event.anchor
        self.flow = event.flow_style
        self.start, self.end = _span_of(event)
        self.children: dict[str, Place] = {}
        self.key: tuple[str, Span] | None = None
        self.firsts: dict[str, int] = {}
        self.size = 1
        self.height = 1

    def wants_key(self) -> bool:
        return isinstance(self.container, dict) and self.key is None

    def token(self) -> str:
        if isinstance(self.container, list):
            return str(len(self.container))
        return self.key[0] if self.key else ""

    def add(self, node: _Node) -> None:
        token, place = self.token(), node.place
        if isinstance(self.container, list):
            self.container.append(node.value)
        elif self.key:
            self.container[token] = node.value
            start, end = place.value
            # Where a value that is not written stands, the two parsers see differently: it is shown at its key.
            place = Place(place.value if start < end else self.key[1], self.key[1], place.children)
            self.key = None
        self.children[token] = place
        self.end = max(self.end, place.value[1])
        self.size += node.size
        self.height = max(self.height, node.height + 1)


class _YamlReader:
    """The reader of one document: takes its events one by one, with a stack of its own."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults = Faults()
        self.refusal: Fault | None = None
        self.ends_stream = False
        self.stack: list[_Collection] = []
        self.root: _Node | None = None
        self.anchors: dict[str, _Node | _Collection] = {}
        self.expanded = 0

    def make_document(self, source: SourceText) -> Document:
        if self.refusal or not self.root:
            refusal = self.refusal or Fault("RF001", "the document is empty")
            return make_unreadable(source, [*self.faults.items, refusal])
        return make_document(source, self.root.value, self.faults.items, self.root.place)

    def path(self) -> list[str]:
        return [collection.token() for collection in self.stack if not collection.wants_key()]

    def take_event(self, event: Event) -> None:
        """Read on, unless something was refused before."""
        if self.refusal:
            return
        try:
            self.read_event(event)
        except ReadingError as error:
            # The C parser takes such an escape for a syntax error.
            is_syntax = str(error) == _NO_CHARACTER
            fault = error.at([] if is_syntax else self.path())
            self.refusal = msgspec.structs.replace(fault, span=fault.span or _span_of(event))
            # In a document that is too deep the parser's time grows with the square of the depth.
            self.ends_stream = is_syntax or fault.code == "RF004"

    def make_syntax_fault(self, error: Exception) -> Fault:
        """Make the fault of what the parser could not read."""
        problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
        message = f"invalid YAML: {problem}"
        if problem is None or "Unicode character" in problem:
            message, mark = _NO_CHARACTER, getattr(error, "context_mark", None)
        at = min(mark.index, len(self.text)) if mark else 0
        hint = "YAML is indented with spaces, not with tabs" if self.text[at : at + 1] == "\t" else ""
        # No pointer: how far the parser has read ahead of its last event depends on the parser.
        return Fault("RF001", message, hint, span=(at, at) if mark else None)

    def read_event(self, event: Event) -> None:
        import yaml

        is_key = bool(self.stack) and self.stack[-1].wants_key()
        if isinstance(event, yaml.ScalarEvent):
            if is_key:
                self.read_key(event)
            elif self.stack or not _is_absent(event):
                self.add_node(_Node(_resolve_scalar(event), Place(self.span(event))), event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close_collection(event)
        elif is_key:
            raise ReadingError("a key that is no plain text", hint="write the key itself")
        elif isinstance(event, yaml.AliasEvent):
            self.expand_alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open_collection(event)

    def span(self, event: Event) -> Span:
        start, end = _span_of(event)
        # A block scalar's event ends where the next token begins.
        return start, start + len(self.text[start:end].rstrip(SPACES))

    def read_key(self, event: ScalarEvent) -> None:
        value = _resolve_scalar(event) if event.tag else event.value
        _refuse_surrogates(event.value)
        mapping, span = self.stack[-1], self.span(event)
        if event.anchor:
            self.anchors[event.anchor] = _Node(value, Place(span))
        key: str = event.value
        first = mapping.children.get(key)
        mapping.key = (key, span)
        if first and first.key:
            start = mapping.firsts.setdefault(key, first.key[0])
            self.faults.add_duplicate("mapping", key, span, self.path(), start)

    def open_collection(self, event: CollectionStartEvent) -> None:
        import yaml

        if len(self.stack) == DEPTH:
            raise ReadingError(f"nested more than {DEPTH} levels deep", code="RF004")
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag and event.tag not in ("!", _TAG + ("map" if mapping else "seq")):
            raise _make_tag_error(event.tag)
        collection = _Collection({} if mapping else [], event)
        self.stack.append(collection)
        if event.anchor:
            self.anchors[event.anchor] = collection

    def close_collection(self, event: Event) -> None:
        collection = self.stack.pop()
        # The end of a block style collection is where the next token begins: its last value ends before.
        end = _span_of(event)[1] if collection.flow else collection.end
        place = Place((collection.start, end), None, collection.children)
        node = _Node(collection.container, place, collection.size, collection.height)
        self.add_node(node, None)
        if collection.anchor and self.anchors.get(collection.anchor) is collection:
            self.anchors[collection.anchor] = node

    def add_node(self, node: _Node, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = node
        if self.stack:
            self.stack[-1].add(node)
        else:
            self.root = node

    def expand_alias(self, event: AliasEvent) -> None:
        from copy import deepcopy

        name = event.anchor or ""
        node = self.anchors.get(name)
        if node is None:
            raise ReadingError(f"no anchor &{name} before its alias")
        if isinstance(node, _Collection):
            raise ReadingError(f"the alias *{name} stands within what it names")
        self.expanded += node.size
        if self.expanded > _ALIAS_NODES:
            raise ReadingError(f"aliases expand beyond {_ALIAS_NODES:,} nodes")
        if len(self.stack) + node.height > DEPTH:
            raise ReadingError(f"nested more than {DEPTH} levels deep", code="RF004")
        place = Place(self.span(event), None, node.place.children)
        # A copy, so that a change of one occurrence does not change the other.
        self.add_node(_Node(deepcopy(node.value), place, node.size, node.height), None)


def _is_absent(event: ScalarEvent) -> bool:
    """Check whether nothing stands where the parser reports an empty scalar."""
    return not (event.value or event.tag or event.anchor) and event.implicit[0]


def _resolve_scalar(event: ScalarEvent) -> object:
    """Return the value of a scalar: by its tag, or if it is plain by its text."""
    text, tag = event.value, event.tag
    _refuse_surrogates(text)
    if tag == "!" or tag == _TAG + "str" or (tag is None and not event.implicit[0]):
        return text
    if tag and tag not in (_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"):
        raise _make_tag_error(tag)
    kind, value = _resolve_plain(text)
    if tag is None:
        return value
    tagged_type = tag.removeprefix(_TAG)
    if tagged_type == "float" and _INT.fullmatch(text):
        return Decimal(text)
    if kind != tagged_type:
        raise ReadingError(f"{quote_text(text)} is no {tagged_type}, as its tag says")
    return value


def _resolve_plain(text: str) -> tuple[str, object]:
    """Return the type that the core schema gives a plain scalar, and its value."""
    if _NULL.fullmatch(text):
        return "null", None
    boolean = _BOOL.fullmatch(text)
    if boolean:
        return "bool", bool(boolean[1])
    if _RADIX.fullmatch(text):
        check_number_length(text)
        return "int", int(text, 0)
    if _INT.fullmatch(text):
        return "int", parse_number(text)
    if _FLOAT.fullmatch(text):
        return "float", parse_number(text)
    if _INFINITE.fullmatch(text):
        raise ReadingError(f"{text} is no number that JSON has", hint="give a number, or null if there is none")
    return "str", text


def _refuse_surrogates(text: str) -> None:
    """Raise ReadingError for a lone surrogate, which the C parser refuses by itself."""
    if _SURROGATE.search(text):
        raise ReadingError(_NO_CHARACTER)


def _make_tag_error(tag: str) -> ReadingError:
    tag = tag.replace(_TAG, "!!", 1)
    return ReadingError(f"the tag {quote_text(tag)} is none of YAML's core schema", hint="remove it, or quote the text")
