"""Encodes models as JSON, forms and path segments, and decodes JSON to models; numbers stay exact."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from .number import decode_number
from .usage import UsageError

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SYNTAX = msgspec.json.Decoder(msgspec.Raw)


@lru_cache(maxsize=256)
def decoder(model: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a model, or of a union or list of models."""
    return msgspec.json.Decoder(model, dec_hook=decode_number, float_hook=Decimal)


def decode(data: bytes, model: type[T]) -> T:
    """Decode a JSON text as the model; a byte order mark before it is skipped.

    Raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError or ArithmeticError (an exponent of 19 digits).
    """
    target: Any = model
    decoded: T = decoder(target).decode(without_bom(data))
    return decoded


def without_bom(data: bytes) -> bytes:
    """Return a text without the byte order mark that some servers write before it."""
    return data.removeprefix(b"\xef\xbb\xbf")


def encode(value: object) -> bytes:
    """Encode a model or plain data as JSON, every digit of a Decimal included.

    Raises ValueError for a Decimal that is no number (NaN, Infinity): JSON has no word for it.
    """
    text = _ENCODER.encode(value)
    try:
        _SYNTAX.decode(text)  # msgspec writes NaN unchanged; parsing the text costs less than a test of every value
    except msgspec.DecodeError:
        raise UsageError("a Decimal that is no number (NaN or Infinity) cannot stand in JSON") from None
    return text


def encode_form(value: object) -> bytes:
    """Encode a model as `application/x-www-form-urlencoded`; unset fields are left out."""
    return urlencode(msgspec.to_builtins(value)).encode()


def encode_id(name: str, value: str) -> str:
    """Encode an id as one segment of a path, including any `/`.

    Raises UsageError for what is no text, and for an empty id, `.` and `..`, which would change the path of the call.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name} is {value!r}, a {type(value).__name__}: an id is a text")
    if not value.strip() or value in (".", ".."):
        raise UsageError(f"{name} is {value!r}, which is no id: it would change the path of the call")
    return quote(value, safe="")
