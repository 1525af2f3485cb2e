"""Answers from the spec's examples, for APIs without a server.py and operations without code in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import msgspec
import refundkit_apis
from refundkit_apis._runtime.codec import encode

from .. import operations
from ..apis.shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    Setup,
    explain_finding,
    has_credentials,
    make_json_answer,
    match_route,
)
from ..errors import Finding, UsageError
from ..operations import Operation
from ..reading.xml import is_xml, read_xml
from ..routes import Match
from ..rule import REGISTRY
from ..xml_writer import write_xml
from .check import find_errors

_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_FORM = "application/x-www-form-urlencoded"
_SYNTAX_CODES = frozenset({"RF001", "RF002", "RF004"})


class ExampleShop:
    """A shop without state: each operation answers with the example of its success."""

    def __init__(self, api: str) -> None:
        self.orders: dict[str, JsonObject] = {}
        self.tokens: dict[str, float] = {}
        self._api = api

    def answer(self, request: ReceivedRequest) -> Answer:
        match = match_route(self._api, request)
        if match is None:
            return _refuse(404, ("NOT_FOUND", f"no route for {request.method} {request.path}"))
        if not has_credentials(match.operation, request):
            return _refuse(401, ("UNAUTHORIZED", "the credentials are missing"))
        return answer_example(match, request)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> NoReturn:
        raise UsageError(f"the server of {self._api} keeps no orders: it answers with the examples of its spec")

    def refunds(self, order: str) -> NoReturn:
        raise KeyError(order)


class ExampleModule:
    """The ServerModule of an API whose folder has no server.py."""

    def __init__(self, api: str) -> None:
        self._api = api

    def open_shop(self, setup: Setup) -> ExampleShop:
        return ExampleShop(self._api)

    def replace_total(self, order: JsonObject, total: Decimal) -> JsonObject:
        return order

    def replace_id(self, order: JsonObject, order_id: str) -> JsonObject:
        return order


def answer_example(match: Match, request: ReceivedRequest) -> Answer:
    """Answer with the example of success, or with a 4xx if a check finds an error in the request."""
    operation = match.operation
    body, findings = _read_body(operation, request)
    findings = findings or find_errors(match, request, body)
    if findings:
        return _refuse(
            _refusal_status(operation, findings), *((finding.code, explain_finding(finding)) for finding in findings)
        )
    status = operations.success(operation)
    value = _EXACT.decode(_load_examples(operation.api)[operation.name.partition(".")[2]][status])
    if operation.answers_xml:
        return Answer(int(status), {"content-type": "application/xml"}, write_xml(value, operation.schema(status)))
    return make_json_answer(int(status), value)


@cache
def _load_examples(api: str) -> dict[str, dict[str, msgspec.Raw]]:
    """Load the examples of an API: by operation, then by "body" or status."""
    text = Path(refundkit_apis.__path__[0], api, "examples.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, msgspec.Raw]])


def _read_body(operation: Operation, request: ReceivedRequest) -> tuple[object, list[Finding]]:
    """Return the body as a check takes it, and the findings about its XML."""
    if operation.described.media_type == _FORM:
        return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)), []
    if not operations.takes_xml(operation) or not is_xml(request.body):
        return request.body, []
    document = read_xml(request.body, operation.schema())
    return encode(document.value), [
        Finding(code=problem.code, name=REGISTRY[problem.code].name, pointer=problem.pointer, message=problem.message)
        for problem in document.problems
    ]


def _refusal_status(operation: Operation, findings: list[Finding]) -> int:
    """Return 422 if the API documents it and the body can be read, else 400."""
    is_readable = all(finding.code not in _SYNTAX_CODES for finding in findings)
    return 422 if is_readable and "422" in operation.described.responses else 400


def _refuse(status: int, *find_errors: tuple[str, str]) -> Answer:
    return make_json_answer(status, {"errors": [{"code": code, "message": message} for code, message in find_errors]})
