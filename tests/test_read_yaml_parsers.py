"""PyYAML's two parsers and our JSON reader agree on random documents."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml
from documents import exactly_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from places import locate
from refundkit.reading.document import Document
from refundkit.reading.json import read_json
from refundkit.reading.yaml import read_yaml
from refundkit.text import pointer_of

plain_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(" \n:#-~"), max_size=8
)
trees = st.recursive(
    plain_texts
    | st.integers()
    | st.booleans()
    | st.none()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_texts, inner, max_size=4),
    max_leaves=12,
)


@given(trees)
@settings(max_examples=60, deadline=None)
def test_json_is_yaml(tree: object) -> None:
    """The YAML reader gives the same values and places for JSON as the JSON reader."""
    text = msgspec.json.Encoder(decimal_format="number").encode(tree)
    text = text.replace(b"E+", b"e+")
    expected = read_json(text)
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        (document,) = read_yaml_with(parser, text.decode())
        assert document.problems == ()
        assert exactly_equal(document.value, expected.value)
        for pointer in pointers_in(expected.value, ""):
            assert locate(document, pointer) == locate(expected, pointer)
            assert locate(document, pointer, "key") == locate(expected, pointer, "key")


def pointers_in(value: object, pointer: str) -> Any:
    """Yield the pointer of a value and of everything in it."""
    yield pointer
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for token, member in pairs:
        yield from pointers_in(member, pointer + pointer_of([str(token)]))


def read_yaml_with(parser: Any, text: str) -> list[Document]:
    """Return the documents of a YAML stream, read with one of PyYAML's parsers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "CSafeLoader", parser)
        return read_yaml(text.encode())


def contents_of(document: Document) -> object:
    """Return the value, the problems and all places of a document."""
    places = document.locate_all([(pointer, "value") for pointer in pointers_in(document.value, "")])
    return repr(document.value), document.problems, places


@given(trees, st.sampled_from([None, False, True]))
@settings(max_examples=60, deadline=None)
def test_yaml_parsers_agree(tree: object, style: bool | None) -> None:
    """Both of PyYAML's parsers give the same values and places, in block and in flow style."""
    text = yaml.safe_dump(msgspec.json.decode(msgspec.json.encode(tree)), allow_unicode=True, default_flow_style=style)
    by_c, by_python = read_yaml_with(yaml.CSafeLoader, text), read_yaml_with(yaml.SafeLoader, text)
    assert [contents_of(document) for document in by_c] == [contents_of(document) for document in by_python]
    assert all(document.readable for document in by_c)


DAMAGE = ["\n", " ", ":", "- ", "[", "}", "'", '"', "#", "&a ", "*a", ",", "? ", "!", "\t", "---\n"]


@given(trees, st.integers(0), st.sampled_from(DAMAGE))
@settings(max_examples=100, deadline=None)
def test_yaml_parsers_never_disagree_on_a_value(tree: object, at: int, piece: str) -> None:
    """Damaged YAML that both of PyYAML's parsers accept has the same values by both."""
    text = yaml.safe_dump(msgspec.json.decode(msgspec.json.encode(tree)), allow_unicode=True)
    at %= len(text)
    text = text[:at] + piece + text[at:]
    by_c, by_python = read_yaml_with(yaml.CSafeLoader, text), read_yaml_with(yaml.SafeLoader, text)
    if all(document.readable for document in [*by_c, *by_python]):
        assert [repr(document.value) for document in by_c] == [repr(document.value) for document in by_python]
        assert [len(document.problems) for document in by_c] == [len(document.problems) for document in by_python]
