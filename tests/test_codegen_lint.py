"""`python -m codegen lint`: each rule of specs/README.md, broken once, and what the rules allow."""

from __future__ import annotations

from pathlib import Path

import pytest
from codegen_specs import (
    COUNT,
    EACH_SPEC,
    MODE,
    NOTE,
    OPEN_ENUM,
    TOTAL,
    SpecChange,
    changed_minimal_spec,
    line_with,
)

from codegen import __main__ as command
from codegen.lint import lint
from codegen.spec import Spec, load

FLAWS = [
    # The few words beyond OpenAPI.
    SpecChange(
        "no x-source", "      x-source: {page: depot-refund, section: Refund a loan}\n", "", "x-source", "post:"
    ),
    SpecChange("half an x-source", ", section: Refund a loan", "", "needs x-source: {page, section}", "post:"),
    SpecChange(
        "more than an x-source", "section: Refund a loan", "section: Refund a loan, part: 2", "needs x-source", "post:"
    ),
    SpecChange("x-source of a schema", NOTE, "note: {type: string, x-source: {page: a}}", "`x-source` is not enforced"),
    SpecChange("an address of another page", "info: {", "info: {x-pages: {other: https://a.example}, ", "no operation"),
    SpecChange("no address", "info: {", "info: {x-pages: {depot-refund: here}, ", "here is no address of a page"),
    SpecChange(
        "what a page does not say",
        "description: The loan.\n          content",
        "description: FILL_IN\n          content",
        "fill this in",
        "description: FILL_IN",
    ),
    SpecChange("a part that is to be filled in", NOTE, "FILL_IN: {type: string}", "fill this in", "FILL_IN: {type"),
    SpecChange("another extension", "tags: [loans]", "tags: [loans]\n      x-stability: beta", "`x-stability`", "beta"),
    SpecChange(
        "a query given once",
        "in: query\n",
        "in: query\n          x-given-once: true\n",
        "is for path parameters",
        "post:",
    ),
    SpecChange(
        "a default of the client for an id",
        "required: true\n      description: The loan.",
        "required: true\n      x-default: a\n      description: The loan.",
        "x-default, which is for optional query parameters",
        "post:",
    ),
    SpecChange(
        "a default of the client that the schema refuses",
        "in: query\n",
        'in: query\n          x-default: ""\n',
        "its own schema refuses its x-default",
        "post:",
    ),
    SpecChange(
        "one call for an operation without an order",
        "tags: [loans]",
        "tags: [loans]\n      x-one-call: refund",
        "x-one-call stands on an operation with a body and an order to read",
        "post:",
    ),
    SpecChange(
        "one call that bears the name of another method",
        "tags: [loans]",
        "tags: [loans]\n      x-one-call: refund_loan",
        "refund_loan is the name of another method",
        "post:",
    ),
    SpecChange(
        "an idempotency key deep in a body",
        "      properties:\n        id: {type: string}\n    RefundAmount",
        "      properties:\n        id: {type: string, x-idempotency-key: true}\n    RefundAmount",
        "x-idempotency-key stands on a property of a request body",
        "x-idempotency-key",
    ),
    SpecChange(
        "another extension of a schema", NOTE, "note: {type: string, x-unit: g}", "`x-unit` is none of x-aliases"
    ),
    SpecChange(
        "x-rule beside nothing",
        "x-rule: {exclusiveMaximum: RF201}",
        "x-rule: {maximum: RF201}",
        "x-rule names `maximum`, which does not stand beside it",
    ),
    SpecChange(
        "x-rule of a parameter beside nothing",
        "x-rule: {pattern: RF505}",
        "x-rule: {minLength: RF505}",
        "x-rule names `minLength`",
    ),
    SpecChange("x-rule of no rule", "exclusiveMaximum: RF201", "exclusiveMaximum: RF20", "'RF20' is no rule id"),
    SpecChange("x-rule with more than an id", "exclusiveMaximum: RF201", "exclusiveMaximum: RF2011", "is no rule id"),
    SpecChange(
        "an alias of no property",
        "      properties:\n        id: {type: string}\n    RefundAmount",
        "      x-aliases: {ID: number}\n      properties:\n        id: {type: string}\n    RefundAmount",
        "x-aliases: ID is a property, or number is none",
        "x-aliases",
    ),
    # 1. Objects and arrays.
    SpecChange("inline object", NOTE, "note: {type: object, properties: {a: {type: string}}}", "an inline object"),
    SpecChange(
        "inline object in a list",
        "extra: {type: object}",
        "extra: {type: array, items: {type: object, properties: {a: {type: string}}}}",
        "an inline object",
    ),
    SpecChange(
        "inline object in a map",
        "extra: {type: object}",
        "extra: {type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}",
        "an inline object",
    ),
    SpecChange("free-form component", TOTAL, f"{TOTAL}    Free: {{type: object}}\n", "a free-form component", "Free:"),
    SpecChange(
        "open component without fields",
        TOTAL,
        f"{TOTAL}    Free: {{type: object, additionalProperties: true}}\n",
        "a free-form component",
        "Free:",
    ),
    SpecChange(
        "map beside fields",
        "    Loan:\n      type: object",
        "    Loan:\n      type: object\n      additionalProperties: {type: string}",
        "typed additionalProperties beside properties",
        "    Loan:",
    ),
    SpecChange("array without items", "extra: {type: object}", "extra: {type: array}", "an array without items"),
    # 2. Closed and open.
    SpecChange(
        "closed answer",
        "    Loan:\n      type: object",
        "    Loan:\n      type: object\n      additionalProperties: false",
        "Loan comes back only: a response object is open",
        "    Loan:",
    ),
    SpecChange(
        "open request",
        "    RefundLine:\n      type: object\n      additionalProperties: false",
        "    RefundLine:\n      type: object\n      description: 'Facts: anything goes'",
        "RefundLine is sent: close it",
        "    RefundLine:",
    ),
    SpecChange(
        "object sent and returned",
        "extra: {type: object}",
        "extra: {$ref: '#/components/schemas/RefundLine'}",
        "RefundLine is closed, and comes back here",
    ),
    SpecChange(
        "answer that is the request",
        "schema: {$ref: '#/components/schemas/Problem'}",
        "schema: {$ref: '#/components/schemas/RefundRequest'}",
        "RefundRequest is closed, and comes back here",
        '"404":',
    ),
    SpecChange(
        "required and unknown", "required: [amount]", "required: [amount, nope]", "nope is required and no property"
    ),
    SpecChange(
        "fields without a type",
        "    Problem:\n      type: object\n",
        "    Problem:\n",
        "`properties` is about object: say so in `type`",
    ),
    # 3. Numbers.
    SpecChange("inline number", "extra: {type: object}", "extra: {type: number}", "an inline number"),
    SpecChange("inline number or text", NOTE, "note: {type: [number, string]}", "an inline number"),
    SpecChange(
        "inline number in a list",
        "extra: {type: object}",
        "extra: {type: array, items: {type: number}}",
        "an inline number",
    ),
    SpecChange("inline integer of a request", NOTE, "note: {type: integer}", "an inline integer in a request"),
    SpecChange(
        "inline integer in a map of a request",
        NOTE,
        "note: {type: object, additionalProperties: {type: [integer, 'null']}}",
        "an inline integer in a request",
    ),
    SpecChange("bound of a text", NOTE, "note: {type: string, minimum: 1}", "`minimum` is about integer or number"),
    SpecChange(
        "bound beside a reference",
        "total: {$ref: '#/components/schemas/Total'}",
        "total: {$ref: '#/components/schemas/Total', maximum: 5}",
        "`maximum` beside a $ref is dropped",
    ),
    SpecChange(
        "not of anything else",
        "not: {type: string, pattern: '^0'}",
        "not: {type: string}",
        "`not` may only refuse a pattern",
    ),
    SpecChange(
        "not of a text", NOTE, "note: {type: string, not: {type: string, pattern: '^a'}}", "`not` may only refuse"
    ),
    SpecChange("enum of a number", TOTAL, "    Total: {type: number, enum: [1, 2]}\n", "`enum` of a number"),
    SpecChange("const of a number", TOTAL, "    Total: {type: number, const: 1}\n", "`const` of a number"),
    SpecChange(
        "length of a number in quotes", TOTAL, "    Total: {type: [number, string], minLength: 2}\n", "`minLength` of a"
    ),
    SpecChange("number or boolean", TOTAL, "    Total: {type: [number, boolean]}\n", "text or null besides"),
    SpecChange("pattern of a mere number", TOTAL, "    Total: {type: number, pattern: '^1'}\n", "add string to `type`"),
    SpecChange(
        "bound with a fraction", TOTAL, "    Total: {type: number, maximum: 0.3}\n", "a bound is a whole number"
    ),
    SpecChange("bounds of an inline integer", COUNT, "count: {type: integer, minimum: 0}", "with more than a type"),
    SpecChange("integer or boolean", COUNT, "count: {type: [integer, boolean]}", "with more than a type"),
    SpecChange(
        "keyword beside a reference to a number",
        "total: {$ref: '#/components/schemas/Total'}",
        "total: {$ref: '#/components/schemas/Total', enum: [1]}",
        "`enum` beside a $ref is dropped",
    ),
    # 4. Patterns.
    SpecChange(
        "format alone", NOTE, "note: {type: string, format: date}", "format date is not enforced: add a pattern"
    ),
    *(
        SpecChange(
            f"pattern with {escape}", NOTE, f"note: {{type: string, pattern: '^{escape}'}}", "differ between engines"
        )
        for escape in (r"\d", r"\w", r"\s", r"\D", r"\W", r"\S")
    ),
    SpecChange("bare end", NOTE, "note: {type: string, pattern: '^a$'}", r"end the pattern with $(?!\n)"),
    SpecChange(
        "one of two ends bare", NOTE, r"note: {type: string, pattern: '^(a$|b$(?!\n))'}", "engines differ on a trailing"
    ),
    SpecChange("bare end of a parameter", r"'^[a-z]+$(?!\n)'", "'^[a-z]+$'", "engines differ on a trailing newline"),
    SpecChange("bare end under not", "pattern: '^0'", "pattern: '^0$'", "engines differ on a trailing newline"),
    SpecChange("no pattern at all", NOTE, "note: {type: string, pattern: '^('}", "no regular expression"),
    # 5. What is sent is not what comes back.
    *(
        SpecChange(keyword, NOTE, f"note: {{type: string, {keyword}: {value}}}", f"`{keyword}` is not enforced")
        for keyword, value in (("readOnly", "true"), ("writeOnly", "true"), ("default", "a"))
    ),
    # 6. Unions and keywords.
    SpecChange(
        "closed enum first",
        OPEN_ENUM,
        "anyOf: [{type: string}, {type: string, enum: [short, long]}]",
        "anyOf of string and enum",
    ),
    SpecChange(
        "two enums", OPEN_ENUM, "anyOf: [{type: string, enum: [a]}, {type: string, enum: [b]}]", "enum and enum"
    ),
    SpecChange("text or null", OPEN_ENUM, "anyOf: [{type: string}, {type: 'null'}]", "anyOf of string and null"),
    SpecChange(
        "two objects",
        OPEN_ENUM,
        "anyOf: [{$ref: '#/components/schemas/Loan'}, {$ref: '#/components/schemas/Problem'}]",
        "anyOf of object and object",
    ),
    SpecChange(
        "two arrays",
        OPEN_ENUM,
        "anyOf: [{type: array, items: {type: string}}, {type: array, items: {type: boolean}}]",
        "anyOf of array and array",
    ),
    *(
        SpecChange(
            keyword, NOTE, f"note: {{type: string, {keyword}: {value}}}", f"`{keyword}` is not enforced by the models"
        )
        for keyword, value in (
            ("oneOf", "[{maxLength: 1}]"),
            ("allOf", "[{maxLength: 1}]"),
            ("if", "{maxLength: 1}"),
            ("then", "{maxLength: 1}"),
            ("dependentRequired", "{a: [b]}"),
            ("dependentSchemas", "{a: {type: string}}"),
            ("contains", "{type: string}"),
            ("prefixItems", "[{type: string}]"),
            ("propertyNames", "{maxLength: 1}"),
            ("patternProperties", "{a: {type: string}}"),
            ("unevaluatedProperties", "false"),
            ("minProperties", "1"),
            ("maxProperties", "1"),
            ("uniqueItems", "true"),
            ("multipleOf", "0.01"),
            ("nullable", "true"),
            ("discriminator", "{propertyName: a}"),
            ("deprecated", "true"),
        )
    ),
    SpecChange(
        "anyOf beside a type",
        OPEN_ENUM,
        "anyOf: [{type: object}, {type: array, items: {}}]\n          type: object",
        "anyOf stands alone",
    ),
    SpecChange("const true", NOTE, "note: {const: true}", "`const` is about string"),
    SpecChange("enum of booleans", NOTE, "note: {type: boolean, enum: [true]}", "`enum` is about string"),
    SpecChange("enum without its null", NOTE, "note: {type: [string, 'null'], enum: [a]}", "null stands in `type` and"),
    SpecChange("null without its type", NOTE, "note: {type: string, enum: [a, null]}", "null stands in `type` and"),
    SpecChange("NO in an enum", NOTE, "note: {type: string, enum: [NO, SE]}", "False is no text: write it in quotes"),
    SpecChange("keyword of another type", NOTE, "note: {type: string, minItems: 3}", "`minItems` is about array"),
    SpecChange("keyword without a type", NOTE, "note: {maxLength: 3}", "`maxLength` is about string"),
    # 7. Names.
    SpecChange(
        "field named as its object",
        "        id: {type: string}\n    RefundAmount:",
        "        id: {type: string}\n        refund_line: {type: string}\n    RefundAmount:",
        "property and component are both named refund_line",
        "refund_line: {type: string}",
    ),
    # 8. Operations and parameters.
    SpecChange(
        "operationId twice",
        "components:\n  securitySchemes",
        "  /other:\n    get:\n      operationId: refund_loan # again\n      summary: Read.\n"
        "      x-source: {page: facts, section: Other}\n      security: []\n      responses:\n"
        "        '200': {content: {a: {schema: {$ref: '#/components/schemas/Loan'}, examples: {a: {value: {}}}}}}\n"
        "components:\n  securitySchemes",
        "refund_loan stands twice",
        "# again",
    ),
    SpecChange("no security", "      security: [{key: []}]\n", "", "refund_loan has no security", "post:"),
    SpecChange("integer parameter", MODE, "schema: {type: integer}", "parameter mode is no plain string", "post:"),
    SpecChange("nullable parameter", MODE, "schema: {type: [string, 'null']}", "mode is no plain string", "post:"),
    SpecChange(
        "list parameter", MODE, "schema: {type: array, items: {type: string}}", "mode is no plain string", "post:"
    ),
    SpecChange("parameter without schema", f"          {MODE}\n", "", "parameter mode is no plain string", "post:"),
    SpecChange(
        "parameter with content",
        MODE,
        "content: {application/json: {schema: {type: string}}}",
        "parameter mode has `content` and is dropped",
        "post:",
    ),
    SpecChange(
        "parameter without description",
        "          description: How it is done.\n",
        "",
        "parameter mode has no description",
        "post:",
    ),
    SpecChange(
        "path by reference",
        "components:\n  securitySchemes",
        "  /other: {$ref: '#/paths/~1loans~1{loanId}'}\ncomponents:\n  securitySchemes",
        "a path item $ref makes the operation vanish",
        "/other:",
    ),
    SpecChange("dotted path parameter", "/loans/{loanId}:", "/loans/{loanId}/{loan.id}:", "a dotted path parameter"),
    SpecChange(
        "operationId in camel case", "operationId: refund_loan", "operationId: refundLoan", "no snake_case name"
    ),
    SpecChange(
        "path without its parameter", "/loans/{loanId}:", "/loans/{loanId}/{part}:", "part is not both in the path"
    ),
    SpecChange("parameter without its place", "/loans/{loanId}:", "/loans:", "loanId is not both in the path"),
    SpecChange(
        "unknown security scheme", "security: [{key: []}]", "security: [{lock: []}]", "lock is no security scheme"
    ),
    SpecChange(
        "parameters of a path",
        "    post:\n",
        "    parameters: [{name: kind, in: query, description: Its kind., schema: {type: string}}]\n    post:\n",
        "here they are dropped",
    ),
    SpecChange(
        "two media types of a body",
        "          application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n",
        "          text/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n"
        "            examples: {a: {value: {}}}\n"
        "          application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n",
        "needs one media type",
        "requestBody:",
    ),
    SpecChange(
        "two models of success",
        '        "404":\n',
        '        "202": &later\n          description: Later.\n          content:\n            application/json:\n'
        "              schema: {$ref: '#/components/schemas/Problem'}\n              examples: {a: {value: {}}}\n"
        '        "404":\n',
        "Problem is a second model of success",
    ),
    SpecChange("no success", '        "200":\n', '        "300":\n', "refund_loan has no model of success", "post:"),
    # 9. Summaries and examples.
    SpecChange("no summary", "      summary: Refund a loan.\n", "", "refund_loan has no summary", "post:"),
    SpecChange(
        "no example of the body",
        "            examples:\n              one: {value: {amount: -1.50, lines: [{id: a}]}}\n",
        "",
        "the application/json body of refund_loan has no example",
        "post:",
    ),
    SpecChange(
        "no example of the answer",
        "              examples:\n                two: {value: {id: a, total: 1.50}}\n",
        "",
        "the 200 application/json of refund_loan has no example",
        "post:",
    ),
    SpecChange(
        "inline body",
        "schema: {$ref: '#/components/schemas/RefundRequest'}",
        "schema: {type: array, items: {$ref: '#/components/schemas/RefundRequest'}}",
        "the application/json body of refund_loan is not a named component",
        "post:",
    ),
    SpecChange(
        "inline answer",
        "schema: {$ref: '#/components/schemas/Loan'}",
        "schema: {type: object}",
        "the 200 application/json of refund_loan is not a named component",
        "post:",
    ),
    SpecChange(
        "inline error",
        "schema: {$ref: '#/components/schemas/Problem'}",
        "schema: {type: object}",
        "the 404 application/json of refund_loan is not a named component",
        "post:",
    ),
]

ALLOWED = [
    ("open enum of another order", "enum: [short, long]", "enum: [long, short]"),
    ("object or list", OPEN_ENUM, "anyOf: [{type: object}, {type: array, items: {type: string}}]"),
    (
        "object or list or null",
        OPEN_ENUM,
        "anyOf: [{type: object}, {type: array, items: {type: string}}, {type: 'null'}]",
    ),
    ("two types", NOTE, "note: {type: [string, 'null'], maxLength: 20}"),
    ("free-form field", NOTE, "note: {type: object}"),
    ("free-form list", NOTE, "note: {type: array, items: {type: object}}"),
    ("typed map", NOTE, "note: {type: object, additionalProperties: {type: string}}"),
    (
        "map of components",
        NOTE,
        "note: {type: object, additionalProperties: {$ref: '#/components/schemas/RefundLine'}}",
    ),
    ("format with its pattern", NOTE, r"note: {type: string, format: date, pattern: '^[0-9]{4}$(?!\n)'}"),
    ("password", NOTE, "note: {type: string, format: password}"),
    ("open end", NOTE, "note: {type: string, pattern: '^a'}"),
    ("anything", NOTE, "note: {}"),
    ("two bounds of one side", TOTAL, "    Total: {type: number, minimum: 3, exclusiveMinimum: 0}\n"),
    ("integer or text or null that comes back", COUNT, "count: {type: [integer, string, 'null']}"),
    ("words or null", NOTE, "note: {type: [string, 'null'], enum: [a, null]}"),
    (
        "request that is open on purpose",
        "    RefundLine:\n      type: object\n      additionalProperties: false",
        "    RefundLine:\n      type: object\n      description: 'Facts: open, since the server ignores the rest.'",
    ),
    (
        "one model of two successes",
        '        "404":\n',
        '        "202":\n          content:\n            application/json:\n'
        "              schema: {$ref: '#/components/schemas/Loan'}\n              examples: {a: {value: {}}}\n"
        '        "404":\n',
    ),
    ("hints for XML", "    Loan:\n", "    Loan:\n      xml: {name: loan, namespace: 'http://example.com'}\n"),
    ("differs from its page", NOTE, "note: {type: string, x-page-differs: the page says number}"),
    ("whole component of a request", TOTAL, f"{TOTAL}    Index: {{type: integer, minimum: 0, maximum: 500}}\n"),
    ("no security at all", "security: [{key: []}]", "security: []"),
    ("constant parameter", MODE, "schema: {type: string, const: fast}"),
    (
        "header in a response",
        '        "404":\n',
        '        "404":\n          headers: {x-limit: {schema: {type: string}}}\n',
    ),
]


def test_minimal_spec_has_no_flaw(tmp_path: Path) -> None:
    """The minimal spec, which the tests change, passes the lint unchanged."""
    assert lint(load(changed_minimal_spec(tmp_path, "Depot API", "Depot API"))) == []


@pytest.mark.parametrize("change", FLAWS, ids=lambda change: change.name)
def test_flaw_is_reported_with_its_line(tmp_path: Path, change: SpecChange) -> None:
    """Breaking one rule of specs/README.md gives one flaw, with the file and the line that breaks it."""
    path = changed_minimal_spec(tmp_path, change.old, change.new)
    (flaw,) = lint(load(path))
    assert change.message in flaw.message
    assert (flaw.file, flaw.line) == (str(path), line_with(path, change.error_line_text))
    assert str(flaw) == f"{path}:{flaw.line}: {flaw.message}"


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_allowed_change_is_no_flaw(tmp_path: Path, old: str, new: str) -> None:
    """The lint reports nothing about a spec that uses what specs/README.md allows."""
    assert lint(load(changed_minimal_spec(tmp_path, old, new))) == []


def test_flaws_are_reported_once_and_in_order(tmp_path: Path) -> None:
    """Flaws are sorted by line, and a flaw in a shared component is reported once."""
    path = changed_minimal_spec(tmp_path, NOTE, "note: {type: string, default: a, pattern: '^a$'}")
    path.write_text(path.read_text("utf-8").replace(r"'^[a-z]+$(?!\n)'", "'^[a-z]+$'"), encoding="utf-8")
    lines = [flaw.line for flaw in lint(load(path))]
    assert lines == [line_with(path, "^[a-z]+$'"), line_with(path, "default: a"), line_with(path, "default: a")]


def test_lint_command_prints_flaws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m codegen lint` prints a line for each flaw to stdout and exits 1; without flaws it exits 0."""
    monkeypatch.setattr(command, "SPECS", tmp_path)
    changed_minimal_spec(tmp_path, "Depot API", "Depot API")
    assert command.main(["lint"]) == 0
    assert tuple(capsys.readouterr()) == ("", "1 specs, 1 operations: 0 flaws\n")
    path = changed_minimal_spec(tmp_path, NOTE, "note: {type: string, default: a}")
    assert command.main(["lint"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{path}:{line_with(path, 'default')}: `default` is not enforced by the models: say it otherwise\n"
    assert err == "1 specs, 1 operations: 1 flaws\n"


@EACH_SPEC
def test_our_specs_have_no_flaw(spec: Spec) -> None:
    """The specs of this project pass their own lint."""
    assert lint(spec) == []
