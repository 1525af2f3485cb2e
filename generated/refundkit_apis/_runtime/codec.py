"""JSON text <-> generated models, numbers exact in both directions."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from .number import decode_number

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SYNTAX = msgspec.json.Decoder(msgspec.Raw)


@lru_cache(maxsize=256)
def decoder(model: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of a model, or of a union or list of models."""
    return msgspec.json.Decoder(model, dec_hook=decode_number, float_hook=Decimal)


def decode(data: bytes, model: type[T]) -> T:
    """The JSON text as the model.

    Raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError or ArithmeticError (an exponent of 19 digits).
    """
    target: Any = model
    decoded: T = decoder(target).decode(data)
    return decoded


def encode(value: object) -> bytes:
    """Encode a model or plain data as JSON, every digit of a Decimal included.

    Raises ValueError for a Decimal that is no number (NaN, Infinity): JSON has no word for it.
    """
    text = _ENCODER.encode(value)
    try:
        _SYNTAX.decode(text)  # msgspec writes NaN as it is; to skim the text costs less than a look at every value
    except msgspec.DecodeError:
        raise ValueError("a Decimal that is no number (NaN or Infinity) cannot stand in JSON") from None
    return text


def encode_form(value: object) -> bytes:
    """The model as `application/x-www-form-urlencoded`; a field that is not set is left out."""
    return urlencode(msgspec.to_builtins(value)).encode()


def encode_id(name: str, value: str) -> str:
    """The id as one segment of a path, `/` and all.

    Raises ValueError for an empty id, `.` and `..`: they would make the path that of another operation.
    """
    if value in ("", ".", ".."):
        raise ValueError(f"{name} is {value!r}, which is no id: it would change the path of the call")
    return quote(value, safe="")
