"""An OpenAPI definition on a page, or a published one -> a DraftOperation for each operation in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..pages.openapi import SAID_ELSEWHERE
from ..spec import Spec, SpecOperation
from .draft import Draft
from .page import CREDENTIAL, DraftOperation


def draft_definition(spec: Spec, title: str, section: int) -> Iterator[DraftOperation]:
    """Draft every operation of a definition; without a title of the section that it stands in, by its summary.

    The path of the first server goes before the operation's: our servers are hosts.
    """
    base = next((urlsplit(server["url"]).path.rstrip("/") for server in spec.document["servers"]), "")
    for operation in spec.operations():
        words = operation.node["x-words"][0]
        name = str(words.get("summary") or operation.name)
        drafted = DraftOperation(operation.method, base + operation.path, title or name, section, own_name=name)
        _add_parameters(spec, operation, drafted)
        _add_credentials(spec, operation, drafted)
        _add_bodies(spec, operation, drafted)
        yield drafted


def _add_parameters(spec: Spec, operation: SpecOperation, drafted: DraftOperation) -> None:
    for parameter in operation.parameters:
        name, location = parameter["name"], parameter["in"]
        if location == "header" and CREDENTIAL.search(name):
            drafted.credentials.setdefault(name, "")
        elif location in ("path", "query") or (location == "header" and name.casefold() not in SAID_ELSEWHERE):
            part = drafted.add_parameter(name, location)
            part.is_required, part.is_only_shown = bool(parameter.get("required")), False
            part.schema.add_schema(spec, parameter["schema"])


def _add_credentials(spec: Spec, operation: SpecOperation, drafted: DraftOperation) -> None:
    schemes = spec.document["components"]["securitySchemes"]
    options = [[schemes[name] for name in option if name in schemes] for option in operation.node["security"]]
    drafted.are_alternatives = len(options) > 1 and all(len(option) == 1 for option in options)
    for scheme in (scheme for option in options for scheme in option):
        if scheme.get("type") == "http":
            drafted.credentials["Authorization"] = str(scheme.get("scheme", "bearer")).lower()
        elif scheme.get("in") == "header":
            drafted.credentials[scheme["name"]] = ""


def _add_bodies(spec: Spec, operation: SpecOperation, drafted: DraftOperation) -> None:
    for media, content in operation.node.get("requestBody", {}).get("content", {}).items():
        drafted.media.setdefault("request", media)
        _add_schema(spec, drafted.request(), content, is_first=drafted.media["request"] == media)
    for status, answer in operation.node["responses"].items():
        drafted.statuses += [status] if status.isdigit() else []
        for media, content in answer.get("content", {}).items():
            if status.startswith("2"):
                drafted.media.setdefault("response", media)
                _add_schema(spec, drafted.answer(), content, is_first=drafted.media["response"] == media)
            elif status.startswith("4") and drafted.failure is None:
                drafted.failure = Draft()
                drafted.failure.add_schema(spec, content["schema"])


def _add_schema(spec: Spec, draft: Draft, content: dict[str, Any], *, is_first: bool) -> None:
    """Add the schema of a body, but for a second media type: an operation of ours has one."""
    if is_first:
        draft.add_schema(spec, content["schema"])
