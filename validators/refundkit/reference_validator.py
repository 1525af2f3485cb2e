"""The plain `jsonschema` validator of a body."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .operations import get

if TYPE_CHECKING:
    import jsonschema.protocols


def reference(operation: str) -> jsonschema.protocols.Validator:
    """Return a plain `jsonschema` validator (Draft 2020-12) of the operation's body.

    It accepts values from `reading` and msgspec: a Decimal is a number, and an integer if it is whole. Raises
    ValueError for an operation that does not exist or takes no body, ImportError if `refundkit[reference]` is not
    installed.
    """
    try:
        from jsonschema import Draft202012Validator, validators
    except ImportError as error:
        raise ImportError("refundkit.reference() wants jsonschema: pip install 'refundkit[reference]'") from error
    spec_operation = get(operation)
    if spec_operation.described.body is None:
        raise ValueError(f"{operation} takes no body")

    def is_integer(checker: object, value: object) -> bool:
        if isinstance(value, (Decimal, float)):
            return value == value // 1
        return isinstance(value, int) and not isinstance(value, bool)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    extend: Any = validators.extend
    plain: jsonschema.protocols.Validator = extend(Draft202012Validator, type_checker=types)(spec_operation.schema())
    return plain
