"""OpenAPI definitions on a page, or published beside it, against specs: compared as spec with spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEFINITION = Path(__file__).parent / "definitions" / "depot-return.yaml"
SPECS = Path(__file__).parent / "pages" / "specs"
PAGE = "# Return tools\n\nBrings tools back.\n\n# OpenAPI definition\n\n```json\n{}\n```\n"

# (what stands in the definition, what stands there after the change, kind of the difference, what is said, its line)
CHANGES = [
    ("post:\n      operationId", "put:\n      operationId", "endpoint", "does not name POST /depots", ""),
    ("returns/{loanId}:", "brought/{loanId}:", "endpoint", "does not name POST /depots", ""),
    ("https://api.depot.example/", "https://pay.depot.example/", "host", "pay.depot.example", "pay.depot.example"),
    ("minLength: 12", "minLength: 16", "limit", "has minLength 16, was 12", "minLength: 16"),
    (
        "- name: Accept\n",
        "- name: X-Desk\n",
        "parameter",
        "the header parameter X-Desk of return_loan is new",
        "X-Desk",
    ),
    ("        - key: []\n", "", "parameter", "takes the credentials apiKey no more", "security:\n        - token"),
    ("        - key: []\n", "        - key: []\n        - card: []\n", "parameter", "takes the credentials card", ""),
    ("maxLength: 200", "maxLength: 250", "limit", "remark has maxLength 250, was 200", "maxLength: 250"),
    ("maxLength: 200", "maxLength: 150", "limit", "remark has maxLength 150, was 200", "maxLength: 150"),
    ("remark: {type: string", "remark: {type: integer", "type", "remark is integer, was string", "remark: {"),
    ("remark: {", "reason: {type: string}\n                  remark: {", "parameter", "reason is new and opt", ""),
    (
        "\n                  remark: {type: string, maxLength: 200}",
        " {}",
        "parameter",
        "ReturnCreate.remark is gone",
        "",
    ),
    ("remark: {", "remark: {enum: [a, b], ", "enum", "remark has a list of values: a, b", "remark: {"),
    ("format: date-time", "format: date", "format", "has format date, was format date-time", "format: date,"),
    (", nullable: true", "", "type", "returnedAt is string, was null or string", "format: date-time"),
    (
        "              - type: object\n",
        "              - type: object\n                required: [remark]\n",
        "required",
        "ReturnCreate.remark is required now",
        "",
    ),
    (
        "      properties:\n        toolId",
        "      required: [toolId]\n      properties:\n        toolId",
        "required",
        "toolId is required now",
        "required: [toolId]",
    ),
    (
        "        tools:\n          type: array\n",
        "        tools:\n          type: string\n",
        "type",
        "tools is string",
        "type: string\n          items",
    ),
    (
        "depotId: {type: string, readOnly",
        "depotId: {type: integer, readOnly",
        "type",
        "Return.depotId is int",
        "depotId: {",
    ),
    (
        "depotId: {type: string, readOnly",
        "depotId: {nullable: true, type: string, readOnly",
        "type",
        "null or s",
        "depotId: {",
    ),
    (
        "depotId: {type: string, readOnly: true}\n",
        "depotId: {type: string, readOnly: true}\n        fee: {type: number, readOnly: true}\n",
        "parameter",
        "Return.fee is new",
        "fee: {",
    ),
    ("        depotId: {type: string, readOnly: true}\n", "", "parameter", "Return.depotId is gone", ""),
    ("'404': {", "'409': {", "status", "answers with status 404 no more", ""),
    (
        "'404': {",
        "'404': {$ref: '#/components/responses/Problem'}\n        '409': {",
        "status",
        "with status 409 too",
        "",
    ),
    (
        "application/json:\n          schema:\n            allOf",
        "application/xml:\n          schema:\n            allOf",
        "format",
        "the body of return_loan is application/json no more",
        "",
    ),
    ("Brings tools of a loan back.", "Brings tools of a loan back within a day.", "prose", "words", ""),
    ("The number on the handle.", "The number on the box.", "prose", "words", ""),
]

# Changes of a definition that say nothing new of what is sent, and nothing that an answer has and the spec refuses.
HARMLESS = [
    ("https://api.depot.example/", "https://api.depot.example/depots", "  /depots/{depotId}/", "  /{depotId}/"),
    ("        '201':", "        201:"),
    ("toolId: {type: string,", "toolId: {type: string, example: 2026-01-31,"),
    ("operationId: returnTools", "operationId: bringBack"),
    ("tags: [Returns]", "tags: [Loans, Returns]"),
    ("'#/components/schemas/Tool'", "'#/components/schemas/Thing'", "    Tool:", "    Thing:"),
    ("readOnly: true}\n        tools", "readOnly: true, x-internal: yes}\n        tools"),
    ("depotId: {type: string, readOnly", "depotId: {type: string, minLength: 12, readOnly"),
    ("  /tools:\n    get:", "  /tools:\n    post:"),
    ("version: 2.4.0", "version: 2.5.0"),
    ("default: {description: Anything else.}", "default: {description: Anything else.}\n        5XX: {}"),
]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """codegen is no installed package: it stands in the checkout."""
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(params=["published", "on a page"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Save a definition as a file that a vendor publishes, or on a page among its words; return the path."""

    def write(text: str) -> Path:
        if request.param == "published":
            path = tmp_path / "depot-return.yaml"
            path.write_text(text, "utf-8")
        else:
            path = tmp_path / "depot-return.md"
            path.write_text(PAGE.replace("{}", json.dumps(yaml.safe_load(text), indent=2, default=str)), "utf-8")
        return path

    return write


def edited(*texts: str) -> str:
    """Return the definition with the first place of each text changed."""
    text = DEFINITION.read_text("utf-8")
    for old, new in zip(texts[::2], texts[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def report(path: Path, specs: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    from codegen.__main__ import main

    status = main(["docs", "--specs", str(specs), "--output-format", "json", str(path)])
    return status, json.loads(capsys.readouterr().out)["differences"]


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """The depot's spec, with nothing accepted so far."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "depot.yaml").write_text((SPECS / "depot.yaml").read_text("utf-8"), "utf-8")
    return tmp_path / "specs"


def accept(path: Path, specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from codegen.__main__ import main

    main(["docs", "--specs", str(specs), "--accept", str(path)])
    capsys.readouterr()


def test_a_definition_in_step_has_no_difference(save: Any, specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What OpenAPI 3.0 says in its own words is what our spec says in those of 3.1."""
    path = save(DEFINITION.read_text("utf-8"))
    accept(path, specs, capsys)
    assert report(path, specs, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "kind", "said", "where"), CHANGES)
def test_a_change_of_a_definition_is_told(
    old: str, new: str, kind: str, said: str, where: str, *, save: Any, specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed definition is told with its kind and its line, published or on a page, and nothing else is."""
    accept(save(DEFINITION.read_text("utf-8")), specs, capsys)
    path = save(edited(old, new))
    status, differences = report(path, specs, capsys)
    assert status == 1
    allowed = {kind, "prose"} if kind == "endpoint" else {kind}  # the words of an operation go with it
    assert {kind} <= {difference["kind"] for difference in differences} <= allowed, differences
    assert any(said in difference["message"] for difference in differences), differences
    if where and path.suffix == ".yaml":
        text = path.read_text("utf-8")
        assert differences[0]["page_line"] == text.count("\n", 0, text.index(where)) + 1, differences


@pytest.mark.parametrize("texts", HARMLESS)
def test_what_a_spec_may_leave_open_is_no_difference(
    texts: tuple[str, ...], save: Any, specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, other operations, and an answer that promises more than the spec asks for are no difference."""
    accept(save(DEFINITION.read_text("utf-8")), specs, capsys)
    assert report(save(edited(*texts)), specs, capsys) == (0, [])


def test_a_definition_stands_beside_other_facts(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a page with facts of its own, both are compared, and the definition is not taken for a sample."""
    definition = json.dumps(yaml.safe_load(DEFINITION.read_text("utf-8")), indent=2)
    path = tmp_path / "depot-return.md"
    rows = "| depotId | string | yes | 12 characters or more |\n| loanId | string | yes | The loan |\n"
    table = f"\n## Path parameters\n\n| Name | Type | Required | Description |\n|---|---|---|---|\n{rows}"
    path.write_text(PAGE.replace("{}", definition) + table, "utf-8")
    accept(path, specs, capsys)
    assert report(path, specs, capsys) == (0, [])
    path.write_text(path.read_text("utf-8").replace("12 characters", "16 characters"), "utf-8")
    assert [difference["kind"] for difference in report(path, specs, capsys)[1]] == ["limit"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openapi: 3.0.3\npaths: {}\n", "looked for an operation of the specs in this definition"),
        ("swagger: '2.0'\npaths: {}\n", "Swagger 2.0 is not read"),
        ("openapi: 3.0.0\npaths: {/a: {get: {parameters: [1], responses: []}}}\n", "not a well-formed OpenAPI"),
        ("- 1\n", "looked for an OpenAPI definition"),
        ("{", "looked for an OpenAPI definition"),
    ],
)
def test_a_file_that_is_no_definition_is_told(
    text: str, said: str, specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A published file without an operation of ours is exit 2, with what was looked for."""
    from codegen.__main__ import main

    path = tmp_path / "other.json"
    path.write_text(text, "utf-8")
    assert main(["docs", "--specs", str(specs), str(path)]) == 2
    assert said in capsys.readouterr().err
