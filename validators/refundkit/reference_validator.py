"""The plain `jsonschema` validator of a body."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from refundkit_apis.names import OperationName

from .errors import UsageError
from .operations import get

if TYPE_CHECKING:
    import jsonschema.protocols


def reference(operation: OperationName) -> jsonschema.protocols.Validator:
    """Return a plain `jsonschema` validator (Draft 2020-12) of the operation's body.

    It takes what `reading` and msgspec give: a Decimal is a number, and an integer where it is whole. Raises ValueError
    for an operation that does not exist or takes no body.
    """
    # A check never imports it: jsonschema takes longer to import than a check takes.
    from jsonschema import Draft202012Validator, validators

    target = get(operation)
    if target.described.body is None:
        raise UsageError(f"{operation} takes no body")

    def is_integer(checker: object, value: object) -> bool:
        if isinstance(value, (Decimal, float)):
            return value == value // 1
        return isinstance(value, int) and not isinstance(value, bool)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    extend: Any = validators.extend
    plain: jsonschema.protocols.Validator = extend(Draft202012Validator, type_checker=types)(target.schema())
    return plain
