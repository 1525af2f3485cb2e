"""Reading walmart_ca's XML into the JSON form of its spec."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import locate
from refundkit.reading.document import Document, Problem
from refundkit.reading.places import Part
from refundkit.reading.xml import find_root_name, read_xml
from refundkit.text import pointer_of
from work import lines_run

SPACE = "http://walmart.com/mp/v3/orders"
MONEY = {"type": "object", "properties": {"currency": {"type": "string"}, "amount": {"$ref": "#/$defs/Amount"}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"orderRefund": {"$ref": "#/$defs/OrderRefund"}},
    "$defs": {
        "OrderRefund": {
            "type": "object",
            "xml": {"name": "orderRefund", "namespace": SPACE},
            "properties": {
                "purchaseOrderId": {"type": "string"},
                "orderLines": {"$ref": "#/$defs/Lines"},
                "full": {"type": "boolean"},
                "count": {"type": "integer"},
                "loose": {"type": ["number", "string"]},
                "note": {"type": ["string", "null"]},
            },
        },
        "Lines": {"type": "object", "properties": {"orderLine": {"type": "array", "items": {"$ref": "#/$defs/Line"}}}},
        "Line": {
            "type": "object",
            "properties": {
                "lineNumber": {"type": "string"},
                "reason": {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]},
                "tags": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]},
                "money": {"anyOf": [{"$ref": "#/$defs/Money"}, {"type": "null"}]},
            },
        },
        "Money": MONEY,
        "Amount": {"type": "number", "exclusiveMaximum": 0},
    },
}


def refund(inner: str) -> bytes:
    """Return an orderRefund document with the content."""
    return f'<orderRefund xmlns="{SPACE}">{inner}</orderRefund>'.encode()


def line(inner: str) -> bytes:
    return refund(f"<orderLines><orderLine>{inner}</orderLine></orderLines>")


def only(document: Document) -> Problem:
    """Return the problem of a document that has exactly one."""
    (problem,) = document.problems
    return problem


def content(document: Document) -> Any:
    """Return the value of the root element of a document without problems."""
    assert document.problems == ()
    value: Any = document.value
    return value["orderRefund"]


def place(document: Document, pointer: str, part: Part = "value") -> tuple[int, int, int, int] | None:
    found = locate(document, pointer, part)
    return (found.line, found.column, found.end_line, found.end_column) if found else None


WHOLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- é -->
<ns:orderRefund xmlns:ns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                xsi:schemaLocation="x y">
  <ns:purchaseOrderId>1796277083022</ns:purchaseOrderId>
  <ns:orderLines>
    <ns:orderLine>
      <ns:lineNumber>1</ns:lineNumber><ns:reason> é &lt;&#x41;&gt; <![CDATA[<&]]></ns:reason>
      <ns:tags>1</ns:tags>
      <ns:money><ns:currency>CAD</ns:currency><ns:amount>
         <!-- less --> -10.020
      </ns:amount></ns:money>
    </ns:orderLine>
    <?skip it?>
    <ns:orderLine
        ><ns:lineNumber/>
      <ns:tags>1</ns:tags><ns:tags>2.50</ns:tags>
      <ns:money></ns:money></ns:orderLine>
  </ns:orderLines>
</ns:orderRefund>
"""
VALUE = {
    "orderRefund": {
        "purchaseOrderId": "1796277083022",
        "orderLines": {
            "orderLine": [
                {
                    "lineNumber": "1",
                    "reason": " é <A> <&",
                    "tags": [1],
                    "money": {"currency": "CAD", "amount": Decimal("-10.020")},
                },
                {"lineNumber": "", "tags": [1, Decimal("2.50")], "money": {}},
            ]
        },
    }
}
ENCODED = [
    WHOLE.encode(),
    b"\xef\xbb\xbf" + WHOLE.encode(),
    WHOLE.replace("UTF-8", "UTF-16").encode("utf-16"),
    ("\ufeff" + WHOLE.replace("UTF-8", "utf-16")).encode("utf-16-be"),
    WHOLE.replace('encoding="UTF-8"', "").encode("utf-16-le"),
]


# Values.


@pytest.mark.parametrize("data", ENCODED, ids=["utf-8", "bom", "utf-16", "utf-16-be", "utf-16-le"])
def test_schema_drives_the_value(data: bytes) -> None:
    """Lists, numbers, texts and empty objects follow the schema, in any encoding, with prefixes."""
    document = read_xml(data, SCHEMA)
    assert document.problems == ()
    assert repr(document.value) == repr(VALUE)


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("<count> 12 </count>", {"count": 12}),
        ("<count>\r\n-0\t</count>", {"count": 0}),
        ("<count>1.0</count>", {"count": Decimal("1.0")}),
        ("<count>1e2</count>", {"count": "1e2"}),
        ("<count>012</count>", {"count": 12}),
        ("<count>+1</count>", {"count": 1}),
        ("<count>-05</count>", {"count": -5}),
        ("<count>.5</count>", {"count": Decimal("0.5")}),
        ("<count>-.50</count>", {"count": Decimal("-0.50")}),
        ("<count>-5.</count>", {"count": Decimal("-5")}),
        ("<count>.</count>", {"count": "."}),
        ("<count>-</count>", {"count": "-"}),
        ("<count>--1</count>", {"count": "--1"}),
        ("<count>1,5</count>", {"count": "1,5"}),
        ("<count>\u00a01</count>", {"count": "\u00a01"}),
        ("<count>\u0661</count>", {"count": "\u0661"}),
        ("<count>NaN</count>", {"count": "NaN"}),
        ("<count/>", {"count": ""}),
        ("<full>true</full>", {"full": True}),
        ("<full> 0 </full>", {"full": False}),
        ("<full>1</full>", {"full": True}),
        ("<full>yes</full>", {"full": "yes"}),
        ("<loose>1.50</loose>", {"loose": "1.50"}),
        ("<note> 1 </note>", {"note": " 1 "}),
        ("<note/>", {"note": ""}),
        ("<orderLines/>", {"orderLines": {}}),
        ("<orderLines> \n</orderLines>", {"orderLines": {}}),
        ("<orderLines>many</orderLines>", {"orderLines": "many"}),
        ("<orderLines><orderLine/></orderLines>", {"orderLines": {"orderLine": [{}]}}),
        ("<count><b/></count>", {"count": {"b": ""}}),
        ("", {}),
    ],
)
def test_element_by_its_schema(inner: str, value: object) -> None:
    """A literal of the schema's type is converted exactly; any other literal stays a text."""
    assert repr(content(read_xml(refund(inner), SCHEMA))) == repr(value)


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("<new>1</new>", {"new": "1"}),
        ("<new/>", {"new": ""}),
        ("<new> </new>", {"new": " "}),
        ("<new><a>1</a><a/><b><c>x</c></b></new>", {"new": {"a": ["1", ""], "b": {"c": "x"}}}),
        ("<new>1</new><count>1</count><new><a/></new><new>2</new>", {"new": ["1", {"a": ""}, "2"], "count": 1}),
        ("<orderLines><amount>1</amount></orderLines>", {"orderLines": {"amount": "1"}}),
    ],
)
def test_unknown_elements_are_kept(inner: str, value: object) -> None:
    """An unknown element becomes an object, a list if it repeats, or a text."""
    assert content(read_xml(refund(inner), SCHEMA)) == value


def test_without_a_schema() -> None:
    """Without a schema any root element is read by its shape."""
    assert read_xml(b"<a><b>1</b><b>2</b><c/></a>", None).value == {"a": {"b": ["1", "2"], "c": ""}}
    assert read_xml(b'<x:a xmlns:x="y"><b xmlns="z"/></x:a>', None).value == {"a": {"b": ""}}
    assert read_xml(b"<a/>", None).value == {"a": ""}


def test_another_root_is_left_to_the_schema() -> None:
    """An unknown root element in the right namespace is read, so that RF103 reports it."""
    assert read_xml(f'<order xmlns="{SPACE}"><a>1</a></order>'.encode(), SCHEMA).value == {"order": {"a": "1"}}


def test_schema_without_namespace_takes_any() -> None:
    """A schema without a namespace accepts any namespace."""
    schema = {"properties": {"errors": {"type": "object", "properties": {"error": {"type": "array"}}}}}
    assert read_xml(b"<errors><error><code>1</code></error></errors>", schema).value == {
        "errors": {"error": [{"code": "1"}]}
    }
    assert read_xml(b'<e:errors xmlns:e="any"/>', schema).value == {"errors": {}}


def test_attributes() -> None:
    """An attribute becomes a field of its element, except xsi's."""
    document = read_xml(
        refund(
            '<orderLines a="1"/><note b="2" xml:space="x">t</note><new c="3">u</new>'
            '<full xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x">true</full>'
        ),
        SCHEMA,
    )
    assert content(document) == {
        "orderLines": {"@a": "1"},
        "note": "t",
        "note@b": "2",
        "note@space": "x",
        "new": "u",
        "new@c": "3",
        "full": True,
    }
    start = len(refund("")) - len("</orderRefund>") + 1
    assert place(document, "/orderRefund/orderLines/@a") == (1, start, 1, start + 19)
    assert place(document, "/orderRefund/note@b", "key") == (1, start + 19, 1, start + 19 + 26)


def test_nil_is_null() -> None:
    """An empty element with xsi:nil is null; one with content keeps its content."""
    nil = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
    assert content(read_xml(refund(f"<orderLines {nil}/><note {nil}>x</note>"), SCHEMA)) == {
        "orderLines": None,
        "note": "x",
    }


# What is wrong.


@pytest.mark.parametrize(
    ("data", "words", "column", "end", "pointer"),
    [
        (b"<a", "unclosed token", 1, 2, ""),
        (b"hello", "syntax error", 1, 2, ""),
        (refund("<note></count>"), "mismatched tag", 62, 63, "/orderRefund/note"),
        (refund("<note>"), "mismatched tag", 62, 63, "/orderRefund/note"),
        (refund("") + b"<a/>", "junk after document element", 68, 69, ""),
        (refund("&nbsp;"), "undefined entity", 54, 55, "/orderRefund"),
        (refund("&#0;"), "invalid character", 54, 55, "/orderRefund"),
        (refund("<x:a/>"), "unbound prefix", 54, 55, "/orderRefund"),
        (refund('<note a="1" a="2"/>'), "duplicate attribute", 66, 67, "/orderRefund"),
        (refund("é<note/>"), "text between elements", 54, 55, "/orderRefund"),
        (refund("<!-- x --> é<note/>"), "text between elements", 65, 66, "/orderRefund"),
        (refund("<note/> é"), "text between elements", 62, 63, "/orderRefund"),
        (refund("<note/>\n<![CDATA[é]]>"), "text between elements", 10, 11, "/orderRefund"),
        (b'<a:orderRefund xmlns:a="b"/>', 'is in the namespace "b"', 2, 15, "/orderRefund"),
        (refund('<new xmlns="b"/>'), '<new> is in the namespace "b"', 55, 58, "/orderRefund/new"),
        (refund("<count>" + "1" * 401 + "</count>"), "401 characters", 61, 462, "/orderRefund/count"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "encoding ISO-8859-1", 1, 2, ""),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "encoding", 31, 32, ""),
        ("<?xml version='1.0' encoding='UTF-8'?><a/>".encode("utf-16"), "encoding", 31, 32, ""),
        (b"<a>\xe9</a>", "byte 0xe9 at offset 3 is not UTF-8", 4, 5, ""),
    ],
)  # fmt: skip
def test_invalid_xml_is_named(data: bytes, words: str, column: int, end: int, pointer: str) -> None:
    """Invalid XML is RF001: the message names the mistake, and the place is right."""
    document = read_xml(data, SCHEMA)
    problem = only(document)
    assert not document.readable
    assert document.value is None
    assert problem.code == "RF001"
    assert words in problem.message
    assert (problem.column, problem.end_column, problem.pointer) == (column, end, pointer)
    assert locate(document, "") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("<a/>".encode("utf-32"), "UTF-32"),
        (b"\xff\xfe<\0a\0/\0>\0\xd8\xd8", "UTF-16-LE"),
    ],
)
def test_no_text(data: bytes, words: str) -> None:
    """An empty document, or one that does not match its encoding, is RF001."""
    problem = only(read_xml(data, SCHEMA))
    assert problem.code == "RF001"
    assert words in problem.message


@pytest.mark.parametrize(
    ("data", "column", "pointer"),
    [
        (b"<orderRefund/>", 2, "/orderRefund"),
        (b"<orderRefund><note>x</note></orderRefund>", 2, "/orderRefund"),
        (refund('<note xmlns="">x</note>'), 55, "/orderRefund/note"),
    ],
)
def test_elements_in_no_namespace_are_remarked_once(data: bytes, column: int, pointer: str) -> None:
    """Elements in no namespace are read as the schema's own; one remark says so, and its help what to add."""
    document = read_xml(data, SCHEMA)
    (remark,) = document.remarks
    assert (document.problems, remark.code, remark.column, remark.pointer) == ((), "RF111", column, pointer)
    assert remark.help == f'add xmlns="{SPACE}" to the root element'
    assert document.value == read_xml(data.replace(b' xmlns=""', b""), SCHEMA).value


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ("<purchaseOrderId>1</purchaseOrderId><orderLines/><full>1</full>", []),
        ("<full>1</full><new/><purchaseOrderId>1</purchaseOrderId>", ["/orderRefund/purchaseOrderId"]),
        ("<full>1</full><purchaseOrderId>1</purchaseOrderId><orderLines/>", ["/orderRefund/purchaseOrderId"]),
        (
            "<orderLines>" + "<orderLine><tags>1</tags><lineNumber>1</lineNumber></orderLine>" * 3 + "</orderLines>",
            ["/orderRefund/orderLines/orderLine/0/lineNumber"],
        ),
    ],
)
def test_elements_in_another_order_are_remarked_once(inner: str, found: list[str]) -> None:
    """An element that stands after one that the schema has behind it is a remark, each pair of names once."""
    document = read_xml(refund(inner), SCHEMA)
    assert document.problems == ()
    assert [(remark.code, remark.pointer) for remark in document.remarks] == [("RF110", pointer) for pointer in found]


LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 20))


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE orderRefund>",
        '<!DOCTYPE orderRefund SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE orderRefund [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE orderRefund [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>',
        f'<!DOCTYPE orderRefund [<!ENTITY a0 "ha">{LAUGHS}]>',
    ],
    ids=["plain", "external", "entity", "parameter", "laughs"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_type_is_refused(head: str, encoding: str) -> None:
    """A document type is RF001 before anything in it is expanded or fetched."""
    text = f"<?xml version='1.0'?>\n<!-- é -->{head}" + refund("<note>&a;&a19;</note>").decode()
    problem = only(read_xml(text.encode(encoding), SCHEMA))
    assert problem.code == "RF001"
    assert "document type" in problem.message
    assert (problem.line, problem.column, problem.end_column) == (2, 11, 20)


def test_repeated_element() -> None:
    """An element that repeats where the schema has no list is RF002, and the last one counts."""
    document = read_xml(line("\n".join(f"<lineNumber>{number}</lineNumber>" for number in (1, 2, 3))), SCHEMA)
    assert document.readable
    told = [(one.code, one.pointer, one.line, one.column, one.end_column) for one in document.problems]
    assert told == [("RF002", "/orderRefund/orderLines/orderLine/0/lineNumber", row, 2, 12) for row in (2, 3)]
    assert all(one.message.endswith("first at line 1") for one in document.problems)
    assert document.value == {"orderRefund": {"orderLines": {"orderLine": [{"lineNumber": "3"}]}}}
    assert place(document, "/orderRefund/orderLines/orderLine/0/lineNumber") == (3, 13, 3, 14)


def test_repeated_before_the_error() -> None:
    """The repeated elements before a syntax error are reported too."""
    document = read_xml(refund("<count>1</count><count>2</count><"), SCHEMA)
    assert [one.code for one in document.problems] == ["RF002", "RF001"]


def test_depth() -> None:
    """64 levels are read; the 65th element is RF004, and a million levels cost no more work."""
    assert read_xml(b"<a>" * 64 + b"</a>" * 64, None).problems == ()
    deep, deeper = b"<a>" * 65, b"<a>" * 10**6
    assert lines_run(lambda: read_xml(deeper, None)) == lines_run(lambda: read_xml(deep, None))
    for data in (deep, deeper):
        problem = only(read_xml(data, None))
        assert (problem.code, problem.column, problem.end_column) == ("RF004", 64 * 3 + 2, 64 * 3 + 3)
        assert problem.pointer == "/a" * 65


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "text": lambda size: refund("<note>" + "é&lt;\n" * 5 * size + "</note>"),
    "children": lambda size: refund("\n <new/>" * size),
    "comments": lambda size: refund("<!-- x -->" * size + "<count>" + "<!---->" * size + "1</count>"),
    "repeated": lambda size: refund("<count>1</count>" * size),
    "name": lambda size: refund("<" + "n" * 25 * size + " a='" + ">" * 25 * size + "'/>"),
    "list": lambda size: line("<tags>1</tags>" * size),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_sizes_take_linear_time(kind: str) -> None:
    """A hostile document of twice the size costs at most twice the work."""

    def read(data: bytes) -> None:
        document = read_xml(data, SCHEMA)
        locate(document, "/orderRefund/note")
        assert document.readable

    once, twice = HOSTILE[kind](10_000), HOSTILE[kind](20_000)
    read(once)  # what is prepared on first use
    assert lines_run(lambda: read(twice)) <= 2 * lines_run(lambda: read(once))


# Where things stand.


@pytest.mark.parametrize("data", ENCODED[:4], ids=["utf-8", "bom", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    ("pointer", "part", "expected"),
    [
        ("", "value", (1, 1, 21, 1)),
        ("/orderRefund", "key", (3, 2, 3, 16)),
        ("/orderRefund", "value", (3, 1, 20, 18)),
        ("/orderRefund/purchaseOrderId", "key", (5, 4, 5, 22)),
        ("/orderRefund/purchaseOrderId", "value", (5, 23, 5, 36)),
        ("/orderRefund/orderLines/orderLine", "key", (7, 6, 7, 18)),
        ("/orderRefund/orderLines/orderLine", "value", (7, 5, 18, 43)),
        ("/orderRefund/orderLines/orderLine/0", "value", (7, 5, 13, 20)),
        ("/orderRefund/orderLines/orderLine/0/reason", "value", (8, 51, 8, 82)),
        ("/orderRefund/orderLines/orderLine/0/money/amount", "value", (11, 24, 11, 31)),
        ("/orderRefund/orderLines/orderLine/0/tags/0", "value", (9, 16, 9, 17)),
        ("/orderRefund/orderLines/orderLine/1", "key", (15, 6, 15, 18)),
        ("/orderRefund/orderLines/orderLine/1/lineNumber", "key", (16, 11, 16, 24)),
        ("/orderRefund/orderLines/orderLine/1/lineNumber", "value", (16, 10, 16, 26)),
        ("/orderRefund/orderLines/orderLine/1/tags", "value", (17, 7, 17, 50)),
        ("/orderRefund/orderLines/orderLine/1/tags/1", "value", (17, 36, 17, 40)),
        ("/orderRefund/orderLines/orderLine/1/money", "value", (18, 7, 18, 28)),
        ("/orderRefund/orderLines/orderLine/2", "value", None),
        ("/orderRefund/orderLines/orderLine/lineNumber", "value", None),
        ("orderRefund", "value", None),
    ],
)
def test_locate(data: bytes, pointer: str, part: Part, expected: tuple[int, int, int, int] | None) -> None:
    """The place of a value is its text, of an object its element, and of a key the element's name."""
    document = read_xml(data, SCHEMA)
    assert place(document, pointer, part) == expected
    assert document.line(2) == "<!-- é -->"


def test_unknown_list_is_located() -> None:
    """An unknown element that repeats is located item by item."""
    document = read_xml(b"<a><b>1</b>\n<c/><b>2</b></a>", None)
    assert place(document, "/a/b") == (1, 4, 2, 13)
    assert place(document, "/a/b/0") == (1, 7, 1, 8)
    assert place(document, "/a/b/1") == (2, 8, 2, 9)
    assert place(document, "/a/b/1", "key") == (2, 6, 2, 7)


names = st.sampled_from(["a", "b", "ü", "longer-name"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), max_size=6)
forms = st.recursive(
    texts,
    lambda inner: st.dictionaries(names, inner | st.lists(inner, min_size=2, max_size=3), min_size=1),
    max_leaves=8,
)


def written(form: Any, name: str, out: list[str], at: str, places: dict[str, tuple[int, int]]) -> None:
    """Writes one element as XML and notes where each text that is not blank stands."""
    out.append(f"<{name}>")
    if isinstance(form, str):
        start = sum(map(len, out))
        escaped = form.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        out.append(escaped)
        core = escaped.strip(" ")
        if core:
            begin = start + len(escaped) - len(escaped.lstrip(" "))
            places[at] = (begin, begin + len(core))
    else:
        for key, inner in form.items():
            below = at + pointer_of([key])
            for index, one in enumerate(inner) if isinstance(inner, list) else [(None, inner)]:
                out.append("\n ")
                written(one, key, out, below if index is None else f"{below}/{index}", places)
    out.append(f"</{name}>")


@given(forms, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read(form: Any, encoding: str) -> None:
    """A random JSON form reads back from its XML, each text at its place."""
    out: list[str] = []
    places: dict[str, tuple[int, int]] = {}
    written(form, "root", out, "/root", places)
    text = "".join(out)
    document = read_xml(text.encode(encoding), None)
    assert document.problems == ()
    assert document.value == {"root": form}
    for pointer, (start, end) in places.items():
        found = locate(document, pointer)
        assert found
        assert found.line == text.count("\n", 0, start) + 1
        assert (found.column, found.end_column - found.column) == (start - text.rfind("\n", 0, start), end - start)


DAMAGE = [b"", b"<", b">", b"&", b"\xff", b"</a>", b"<a>", b"]]>", b'"']


@given(st.integers(0), st.integers(0, 3), st.sampled_from(DAMAGE))
@settings(max_examples=80, deadline=None)
def test_damage_is_a_problem_and_never_an_error(at: int, gone: int, piece: bytes) -> None:
    """Reading a damaged document raises nothing, and an unreadable one has a problem."""
    at %= len(ENCODED[0])
    document = read_xml(ENCODED[0][:at] + piece + ENCODED[0][at + gone :], SCHEMA)
    assert document.readable or document.problems[-1].code == "RF001"
    document.locate_all([("/orderRefund/orderLines/orderLine/0/money/amount", "value")])


# The root.


@pytest.mark.parametrize(
    ("data", "name"),
    [
        *[(data, "orderRefund") for data in ENCODED],
        (b"<a/>", "a"),
        (b"<?xml version='1.0'?><!-- <b> --><x:a b='>'>", "a"),
        (b"", ""),
        (b"text", ""),
        (b"<!DOCTYPE a><a/>", ""),
        (b"\xff\xfe\xff", ""),
    ],
)
def test_root_name(data: bytes, name: str) -> None:
    """The local name of the root element is found without reading the document; "" if there is none."""
    assert find_root_name(data) == name


def test_import_is_light() -> None:
    """Importing the module imports no XML library; reading a document does."""
    code = (
        "import sys, refundkit; before = set(sys.modules); import refundkit.reading.xml as ours;"
        "print('defusedxml' in set(sys.modules) - before);"
        "ours.read_xml(b'<a/>', None); print('defusedxml' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
