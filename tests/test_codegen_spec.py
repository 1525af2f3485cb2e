"""Reading a spec: a malformed file is an error with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from codegen_specs import (
    LINES,
    NOTE,
    OPEN_ENUM,
    TOTAL,
    SpecChange,
    changed_minimal_spec,
    line_with,
)

from codegen.spec import SpecError, load, load_all

# Changes after which the file is no well-formed spec: loading it fails, before any lint.
MALFORMED = [
    SpecChange("type without quotes", NOTE, "note: {type: [string, null]}", "1: this is not one of"),
    SpecChange("no type", NOTE, "note: {type: text}", 'type: this is not one of "object"'),
    SpecChange("empty anyOf", OPEN_ENUM, "anyOf: []", "anyOf: this has less than 1 item"),
    SpecChange("boolean field", NOTE, "note: true", 'note: this is not of type "object"'),
    SpecChange("boolean component", TOTAL, "    Total: true\n", 'Total: this is not of type "object"'),
    SpecChange("boolean items", LINES, "items: true", 'items: this is not of type "object"'),
    SpecChange("boolean in anyOf", OPEN_ENUM, "anyOf: [true, {type: string}]", '0: this is not of type "object"'),
    SpecChange("pattern that is no text", NOTE, "note: {type: string, pattern: 5}", "pattern: this is not of type"),
    SpecChange(
        "rules in a list", "x-rule: {exclusiveMaximum: RF201}", "x-rule: [RF201]", "x-rule: this is not of type"
    ),
    SpecChange("reference to another file", NOTE, "note: {$ref: 'other.yaml#/X'}", "$ref: this does not match"),
    SpecChange("reference to nothing", NOTE, "note: {$ref: '#/components/schemas/Nope'}", "Nope leads nowhere"),
    SpecChange(
        "reference to itself", TOTAL, "    Total: {$ref: '#/components/schemas/Total'}\n", "leads back to itself"
    ),
    SpecChange(
        "parameter reference to nothing", "parameters/LoanId'", "parameters/Nope'", "parameters/Nope leads nowhere"
    ),
    SpecChange(
        "parameter by the name of a schema",
        "- $ref: '#/components/parameters/LoanId'",
        "- $ref: '#/components/schemas/Total'",
        "$ref: this does not match",
    ),
    SpecChange("key twice", NOTE, f"{NOTE}\n        note: {{type: boolean}} # again", "`note` stands twice", "# again"),
    SpecChange("status without quotes", '        "404":\n', "        404:\n", "the key `404` is no text"),
    SpecChange(
        "date in an example", "lines: [{id: a}]", "lines: [{id: 2026-03-09}]", "`2026-03-09` is no JSON value", "one:"
    ),
    SpecChange("infinity in an example", "amount: -1.50", "amount: -.inf", "`-.inf` is no JSON value", "one:"),
    SpecChange(
        "alias in its anchor", "lines: [{id: a}]", "lines: &a [*a]", "an alias stands inside its own anchor", "one:"
    ),
    SpecChange(
        "no operationId", "      operationId: refund_loan\n", "", '"operationId" is a required property', "post:"
    ),
    SpecChange(
        "no responses", "      responses:\n", "      callbacks:\n", '"responses" is a required property', "post:"
    ),
    SpecChange("no such method", "    post:\n", "    pots:\n", "'pots' was unexpected", "/loans/{loanId}:"),
    SpecChange(
        "operation that is none",
        "    post:\n",
        "    get: 5\n    post:\n",
        'get: this is not of type "object"',
        "get: 5",
    ),
    SpecChange("path without a slash", "  /loans/{loanId}:", "  loans/{loanId}:", "paths: ", "paths:"),
    SpecChange(
        "body by reference",
        "      requestBody:\n        required: true\n        content:\n",
        "      requestBody:\n        $ref: '#/components/requestBodies/A'\n        x-was:\n",
        '"content" is a required property',
        "requestBody:",
    ),
    SpecChange("no schemas", "  schemas:\n", "  x-schemas:\n", '"schemas" is a required property', "components:"),
    SpecChange("no title", "title: Depot API, ", "", '"title" is a required property', "info: {version"),
    SpecChange(
        "security scheme without a name",
        "in: header, name: X-KEY",
        "in: header",
        '"name" is a required property',
        "key: {type",
    ),
]


@pytest.mark.parametrize("change", MALFORMED, ids=lambda change: change.name)
def test_malformed_spec_is_reported_with_its_line(tmp_path: Path, change: SpecChange) -> None:
    """Loading a malformed spec raises SpecError with the file, the line and the reason."""
    path = changed_minimal_spec(tmp_path, change.old, change.new)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line_with(path, change.error_line_text)}: ")
    assert change.message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("openapi: 3.1.0\ninfo: {title: [}\n", ":2: "),
        ("openapi: 3.1.0\n\tinfo: x\n", ":2: "),
        ("", ":1: not an OpenAPI document"),
        ("- a\n- b\n", ":1: not an OpenAPI document"),
    ],
)
def test_file_that_is_no_yaml_mapping_is_reported_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """Loading a file that is no YAML mapping raises SpecError with the file and the line."""
    path = tmp_path / "depot.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=re.escape(f"{path}{words}")):
        load(path)


def test_folder_without_specs_is_an_error(tmp_path: Path) -> None:
    """Loading a folder without specs raises SpecError instead of returning an empty list."""
    with pytest.raises(SpecError, match=r"no \*\.yaml here"):
        load_all(tmp_path)
