"""SARIF 2.1.0, for code scanning: plain dicts, held to the published schema by the tests."""

from __future__ import annotations

from base64 import b64encode
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .. import __version__, rules
from ..rule import REGISTRY, Rule
from ..rules.page import is_ours, text
from ..text import make_printable
from .data import (
    STDIN,
    Fingerprints,
    decode_name,
    describe_skipped,
    find_place,
    make_summary,
    make_uri,
    to_plain,
    write_json,
)

if TYPE_CHECKING:
    from typing import TextIO

    from ..errors import Finding
    from ..lint.places import Excerpt
    from . import Run, Skipped

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"


def report(run: Run, stream: TextIO, color: bool) -> None:
    """Write one log with one run: the rules that spoke, a result a finding, and what did not run as notifications."""
    rules.load_all()
    codes = sorted({finding.code for finding, _ in run.findings})
    numbers = {code: number for number, code in enumerate(codes)}
    fingerprints = Fingerprints()
    notifications = [_make_notification(skipped) for skipped in run.not_run]
    log = {
        "tool": {
            "driver": {
                "name": "refundkit",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_make_rule(REGISTRY[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root of the checkout, else the folder that refundkit ran in."}}
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "results": (_make_result(finding, excerpt, numbers, fingerprints) for finding, excerpt in run.findings),
        "properties": {"summary": make_summary(run)},
    }
    write_json(stream, {"$schema": SCHEMA, "version": "2.1.0", "runs": iter([log])})


def _make_rule(rule: Rule) -> dict[str, Any]:
    off = rule.severity == "off"
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rule.doc.partition("\nBad:\n")[0].split())},
        "help": {"text": text(rule), "markdown": text(rule)},
        "helpUri": find_docs_address(rule),
        "defaultConfiguration": {"enabled": not off, "level": "warning" if off else rule.severity},
    }


def _make_result(
    finding: Finding, excerpt: Excerpt | None, numbers: dict[str, int], fingerprints: Fingerprints
) -> dict[str, Any]:
    file = find_place(finding.file or STDIN)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _make_artifact(file)}}
    if finding.line is not None:
        region: dict[str, Any] = {"startLine": finding.line, "startColumn": finding.column}
        if finding.column is not None and excerpt is not None:
            region["endColumn"] = finding.column + excerpt.width
        location["physicalLocation"]["region"] = region
    if finding.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.pointer}]
    fields = to_plain(finding)
    return {
        "ruleId": finding.code,
        "ruleIndex": numbers[finding.code],
        "level": finding.severity,
        "message": {"text": _format_message(f"{finding.message}{f'; {finding.help}' if finding.help else ''}")},
        "locations": [location],
        "partialFingerprints": {"refundkit/v1": fingerprints.make(finding.code, file, finding.pointer)},
        "properties": {key: fields[key] for key in ("operation", "record", "pointer", "source")},
    }


def _make_artifact(file: str) -> dict[str, str]:
    artifact = {"uri": make_uri(file)}
    return artifact if file == STDIN or file.startswith("/") else {**artifact, "uriBaseId": _ROOT}


def _format_message(text: str) -> str:
    """Text of one line, in which a value makes no link."""
    shown = make_printable(text)
    return shown.replace("[", "\\[").replace("]", "\\]") if "](" in shown else shown


def _make_notification(skipped: Skipped) -> dict[str, Any]:
    fields = to_plain(skipped)
    file = make_printable(decode_name(skipped.file))
    text = f"{file}: {skipped.operation or 'unknown operation'}: {describe_skipped(skipped)}"
    return {
        "level": "warning" if skipped.missing == "valid body" else "note",
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": _make_artifact(find_place(skipped.file))}}],
        "properties": {key: fields[key] for key in ("operation", "missing", "codes", "records")},
    }


def find_docs_address(rule: Rule) -> str:
    """Find the address of a rule's docs, as an absolute URI.

    That is the rule's page on the site that `[project.urls]` of pyproject.toml names as Documentation. Of a rule that a
    user wrote, and while the project names no site, the URI holds the docs themselves.
    """
    site = _find_docs_site() if is_ours(rule) else ""
    if not site:
        # In base64, since some validators take no other data: URI with a character beyond ASCII in it.
        return f"data:text/plain;charset=utf-8;base64,{_encode(text(rule))}"
    return f"{site.rstrip('/')}/rules/{rule.code}.html"


def _encode(words: str) -> str:
    return b64encode(words.encode()).decode("ascii")


def _find_docs_site() -> str:
    try:
        urls = metadata.metadata("refundkit").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # run from its source
        return ""
    pairs = (entry.partition(", ") for entry in urls)
    return next((url for label, _, url in pairs if label.lower() == "documentation"), "")
