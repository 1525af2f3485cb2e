"""SARIF 2.1.0, for code scanning: plain dicts, held to the published schema by the tests."""

from __future__ import annotations

from base64 import b64encode
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .. import __version__, rules
from ..rule import REGISTRY, Rule
from ..rules.page import is_ours, text
from .data import STDIN, Fingerprints, lack, name, place, plain, summary, uri, write
from .text import printable

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.record import Excerpt
    from . import Run, Skipped

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one log with one run: the rules that spoke, a result a finding, and what did not run as notifications."""
    rules.load_all()
    codes = sorted({one.code for one, _ in run.findings})
    numbers = {code: number for number, code in enumerate(codes)}
    fingerprints = Fingerprints()
    log = {
        "tool": {
            "driver": {
                "name": "refundkit",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(REGISTRY[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root of the checkout, else the folder that refundkit ran in."}}
        },
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": [_skipped(one) for one in run.not_run]}
        ],
        "results": (_result(one, excerpt, numbers, fingerprints) for one, excerpt in run.findings),
        "properties": {"summary": summary(run)},
    }
    write(stream, {"$schema": SCHEMA, "version": "2.1.0", "runs": iter([log])})


def _rule(rule: Rule) -> dict[str, Any]:
    off = rule.severity == "off"
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rule.doc.partition("\nBad:\n")[0].split())},
        "help": {"text": text(rule), "markdown": text(rule)},
        "helpUri": docs_address(rule),
        "defaultConfiguration": {"enabled": not off, "level": "warning" if off else rule.severity},
    }


def _result(
    one: Finding, excerpt: Excerpt | None, numbers: dict[str, int], fingerprints: Fingerprints
) -> dict[str, Any]:
    file = place(one.file or STDIN)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(file)}}
    if one.line is not None:
        region: dict[str, Any] = {"startLine": one.line, "startColumn": one.column}
        if one.column is not None and excerpt is not None:
            region["endColumn"] = one.column + excerpt.width
        location["physicalLocation"]["region"] = region
    if one.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": one.pointer}]
    known = plain(one)
    return {
        "ruleId": one.code,
        "ruleIndex": numbers[one.code],
        "level": one.severity,
        "message": {"text": _message(f"{one.message}{f'; {one.help}' if one.help else ''}")},
        "locations": [location],
        "partialFingerprints": {"refundkit/v1": fingerprints.of(one.code, file, one.pointer)},
        "properties": {key: known[key] for key in ("operation", "record", "pointer", "source")},
    }


def _artifact(file: str) -> dict[str, str]:
    known = {"uri": uri(file)}
    return known if file == STDIN or file.startswith("/") else {**known, "uriBaseId": _ROOT}


def _message(text: str) -> str:
    """Text of one line, in which a value makes no link."""
    shown = printable(text)
    return shown.replace("[", "\\[").replace("]", "\\]") if "](" in shown else shown


def _skipped(one: Skipped) -> dict[str, Any]:
    known = plain(one)
    return {
        "level": "warning" if one.missing == "valid body" else "note",
        "message": {"text": f"{printable(name(one.file))}: {one.operation or 'unknown operation'}: {lack(one)}"},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(place(one.file))}}],
        "properties": {key: known[key] for key in ("operation", "missing", "codes", "records")},
    }


def docs_address(rule: Rule) -> str:
    """Where a rule's docs are to be read, as an absolute URI.

    That is the rule's section of the page that `[project.urls]` of pyproject.toml names as Documentation. Of a rule
    that a user wrote, and while the project names no page, the URI holds the docs themselves.
    """
    page = _published() if is_ours(rule) else ""
    # In base64, since some validators take no other data: URI with a character beyond ASCII in it.
    return f"{page}#{rule.code}" if page else f"data:text/plain;charset=utf-8;base64,{_encoded(text(rule))}"


def _encoded(words: str) -> str:
    return b64encode(words.encode()).decode("ascii")


def _published() -> str:
    try:
        known = metadata.metadata("refundkit").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # run from its source
        return ""
    named = (entry.partition(", ") for entry in known)
    return next((url for label, _, url in named if label.lower() == "documentation"), "")
