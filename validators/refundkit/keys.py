"""Whether a JSON text names a key twice: a proof that costs one encoding, for every reading that is in a hurry."""

from __future__ import annotations

import msgspec

_ENCODE = msgspec.json.Encoder().encode


def unrepeated(text: bytes, decoded: object) -> bool:
    """Whether the text surely names no key twice in any object, and `decoded` holds all that it says.

    `decoded` is what msgspec made of it; it must not hold a default for an absent field. False means that nothing is
    known: a key stands twice, or the model left something out, or an escape is in the way.
    """
    # Each key has one colon of its own, so what decoding drops takes a colon with it. Only \u003a could put one into
    # the encoding that the text does not have.
    if b"\\" in text and b"\\u003" in text:
        return False
    return text.count(b":") == _ENCODE(decoded).count(b":")
