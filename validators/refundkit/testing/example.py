"""Answers from the spec's examples, for an API without a server of its own and operations that no shop has code for."""

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
    Document,
    Request,
    Setup,
    explain,
    has_credentials,
    json_answer,
    route,
)
from ..errors import Finding
from ..operations import Operation
from ..reading.xml import is_xml, read_xml
from ..routes import Match
from ..rule import REGISTRY
from ..xml_writer import write_xml
from .judge import errors

_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_FORM = "application/x-www-form-urlencoded"
_UNREADABLE = frozenset({"RF001", "RF002", "RF004"})


class ExampleShop:
    """An API that keeps nothing: each operation answers with the example of its success."""

    def __init__(self, api: str) -> None:
        self.orders: dict[str, Document] = {}
        self.tokens: dict[str, float] = {}
        self._api = api

    def answer(self, request: Request) -> Answer:
        match = route(self._api, request)
        if match is None:
            return _refusal(404, ("NOT_FOUND", f"no route for {request.method} {request.path}"))
        if not has_credentials(match.operation, request):
            return _refusal(401, ("UNAUTHORIZED", "the credentials are missing"))
        return answer_example(match, request)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> NoReturn:
        raise ValueError(f"the server of {self._api} keeps no orders: it answers with the examples of its spec")

    def refunds(self, order: str) -> NoReturn:
        raise KeyError(order)


class ExampleModule:
    """The `server.py` of an API that has none."""

    def __init__(self, api: str) -> None:
        self._api = api

    def open_shop(self, setup: Setup) -> ExampleShop:
        return ExampleShop(self._api)

    def replace_total(self, order: Document, total: Decimal) -> Document:
        return order

    def replace_id(self, order: Document, order_id: str) -> Document:
        return order


def answer_example(match: Match, request: Request) -> Answer:
    """Answer with the example of success, or with a 4xx where a check finds an error in the request."""
    operation = match.operation
    body, findings = _read_body(operation, request)
    findings = findings or errors(match, request, body)
    if findings:
        return _refusal(_status(operation, findings), *((found.code, explain(found)) for found in findings))
    status = operations.success(operation)
    value = _EXACT.decode(_examples(operation.api)[operation.name.partition(".")[2]][status])
    if operation.answers_xml:
        return Answer(int(status), {"content-type": "application/xml"}, write_xml(value, operation.schema(status)))
    return json_answer(int(status), value)


@cache
def _examples(api: str) -> dict[str, dict[str, msgspec.Raw]]:
    """The examples of an API's operations, by "body" and by status."""
    text = Path(refundkit_apis.__path__[0], api, "examples.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, msgspec.Raw]])


def _read_body(operation: Operation, request: Request) -> tuple[object, list[Finding]]:
    """The body as a check takes it, and what is wrong with the XML that it came in."""
    if operation.described.media_type == _FORM:
        return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)), []
    if not operation.xml or not is_xml(request.body):
        return request.body, []
    document = read_xml(request.body, operation.schema())
    return encode(document.value), [
        Finding(code=problem.code, name=REGISTRY[problem.code].name, pointer=problem.pointer, message=problem.message)
        for problem in document.problems
    ]


def _status(operation: Operation, findings: list[Finding]) -> int:
    """422 where the API documents it and the body could be read, else 400."""
    is_readable = all(finding.code not in _UNREADABLE for finding in findings)
    return 422 if is_readable and "422" in operation.described.responses else 400


def _refusal(status: int, *errors: tuple[str, str]) -> Answer:
    return json_answer(status, {"errors": [{"code": code, "message": message} for code, message in errors]})
