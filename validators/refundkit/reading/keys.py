"""Helpers of every typed decode: the exceptions it may raise, and a proof that no key is repeated."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)
"""The exceptions by which a decode says that it cannot read a text."""

_ENCODE = msgspec.json.Encoder().encode


def has_unique_keys(text: bytes, decoded: object) -> bool:
    """Check that no object of a JSON text names a key twice.

    `decoded` is what msgspec made of the text; it must not hold a default for an absent field. The check costs one
    encoding. True is certain, and `decoded` then holds all of the text. False proves nothing: a key stands twice, or
    the model left a field out, or an escape is in the way.
    """
    # Each key has one colon of its own, so what decoding drops takes a colon with it. Only \u003a could put one into
    # the encoding that the text does not have.
    if b"\\" in text and b"\\u003" in text:
        return False
    return text.count(b":") == _ENCODE(decoded).count(b":")
