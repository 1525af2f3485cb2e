"""JSON text <-> generated models, numbers exact in both directions."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from .number import decode_number

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@lru_cache(maxsize=256)
def decoder(model: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of a model (or of a union or list of models), made once."""
    return msgspec.json.Decoder(model, dec_hook=decode_number, float_hook=Decimal)


def decode(data: bytes, model: type[T]) -> T:
    """The JSON text as the model.

    Raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError or ArithmeticError (an exponent of 19 digits).
    """
    target: Any = model
    decoded: T = decoder(target).decode(data)
    return decoded


def encode(value: object) -> bytes:
    """The model, or plain data, as JSON: a Decimal becomes a number literal with all its digits."""
    return _ENCODER.encode(value)


def encode_form(value: object) -> bytes:
    """The model as `application/x-www-form-urlencoded`; a field that is not set is left out."""
    return urlencode(msgspec.to_builtins(value)).encode()
