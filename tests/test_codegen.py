"""specs/ -> generated/: the lint, the build and its drift check, the schemas, and models that judge as schemas do."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import msgspec
import pytest
import story
from refundkit import apis, operations, rules
from refundkit.rule import REGISTRY
from refundkit_apis._runtime.codec import decode, encode

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # codegen is no installed package

from codegen import __main__ as command  # noqa: E402
from codegen import build  # noqa: E402
from codegen.clients import write_clients  # noqa: E402
from codegen.lint import lint, schema_nodes  # noqa: E402
from codegen.models import write_models  # noqa: E402
from codegen.spec import Spec, SpecError, SpecOperation, load, load_all, snake  # noqa: E402

rules.load_all()
SPECS = load_all(ROOT / "specs")
APIS = [spec.api for spec in SPECS]
SAME_SPEC = pytest.mark.parametrize("spec", SPECS, ids=APIS)

MINIMAL = r"""
openapi: 3.1.0
info: {title: Depot API, version: "1", description: The smallest spec without a flaw.}
servers: [{url: https://example.com}]
tags: [{name: loans, description: Loans.}]

paths:
  /loans/{loanId}:
    post:
      operationId: refund_loan
      tags: [loans]
      summary: Refund a loan.
      x-source: {page: depot-refund, section: Refund a loan}
      security: [{key: []}]
      parameters:
        - $ref: '#/components/parameters/LoanId'
        - name: mode
          in: query
          description: How it is done.
          schema: {type: string, minLength: 1}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/RefundRequest'}
            examples:
              one: {value: {amount: -1.50, lines: [{id: a}]}}
      responses:
        "200":
          description: The loan.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Loan'}
              examples:
                two: {value: {id: a, total: 1.50}}
        "404":
          description: No such loan.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Problem'}

components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-KEY, description: The key.}
  parameters:
    LoanId:
      name: loanId
      in: path
      required: true
      description: The loan.
      schema: {type: string, pattern: '^[a-z]+$(?!\n)', x-rule: {pattern: RF505}}
  schemas:
    RefundRequest:
      type: object
      additionalProperties: false
      required: [amount]
      properties:
        amount: {$ref: '#/components/schemas/RefundAmount'}
        note: {type: string, maxLength: 20}
        lines: {type: array, minItems: 1, items: {$ref: '#/components/schemas/RefundLine'}}
    RefundLine:
      type: object
      additionalProperties: false
      required: [id]
      properties:
        id: {type: string}
    RefundAmount:
      type: [number, string]
      exclusiveMaximum: 0
      pattern: '^-?[0-9]+$(?!\n)'
      not: {type: string, pattern: '^0'}
      x-rule: {exclusiveMaximum: RF201}
    Loan:
      type: object
      required: [id]
      properties:
        id: {type: string}
        total: {$ref: '#/components/schemas/Total'}
        count: {type: integer}
        extra: {type: object}
        kind:
          anyOf: [{type: string, enum: [short, long]}, {type: string}]
    Total: {type: number}
    Problem:
      type: object
      properties:
        title: {type: string}
""".lstrip()
NOTE = "note: {type: string, maxLength: 20}"
COUNT = "count: {type: integer}"
TOTAL = "    Total: {type: number}\n"
OPEN_ENUM = "anyOf: [{type: string, enum: [short, long]}, {type: string}]"
MODE = "schema: {type: string, minLength: 1}"
LINES = "items: {$ref: '#/components/schemas/RefundLine'}"


class Flawed(NamedTuple):
    """One change of the minimal spec, the flaw that it is, and a text that stands on the flaw's line only."""

    name: str
    old: str
    new: str
    words: str
    at: str


def instead(name: str, old: str, new: str, words: str, at: str = "") -> Flawed:
    """A flaw on the line of the changed text unless `at` says otherwise."""
    return Flawed(name, old, new, words, at or new.strip().splitlines()[0])


FLAWS = [
    # The few words beyond OpenAPI.
    instead("no x-source", "      x-source: {page: depot-refund, section: Refund a loan}\n", "", "x-source", "post:"),
    instead("half an x-source", ", section: Refund a loan", "", "needs x-source: {page, section}", "post:"),
    instead(
        "more than an x-source", "section: Refund a loan", "section: Refund a loan, part: 2", "needs x-source", "post:"
    ),
    instead("x-source of a schema", NOTE, "note: {type: string, x-source: {page: a}}", "`x-source` is not enforced"),
    instead("another extension", "tags: [loans]", "tags: [loans]\n      x-stability: beta", "`x-stability`", "beta"),
    instead(
        "a query given once",
        "in: query\n",
        "in: query\n          x-given-once: true\n",
        "is for path parameters",
        "post:",
    ),
    instead(
        "a default of the client for an id",
        "required: true\n      description: The loan.",
        "required: true\n      x-default: a\n      description: The loan.",
        "x-default, which is for optional query parameters",
        "post:",
    ),
    instead(
        "a default of the client that the schema refuses",
        "in: query\n",
        'in: query\n          x-default: ""\n',
        "its own schema refuses its x-default",
        "post:",
    ),
    instead(
        "an idempotency key deep in a body",
        "      properties:\n        id: {type: string}\n    RefundAmount",
        "      properties:\n        id: {type: string, x-idempotency-key: true}\n    RefundAmount",
        "x-idempotency-key stands on a property of a request body",
        "x-idempotency-key",
    ),
    instead("another extension of a schema", NOTE, "note: {type: string, x-unit: g}", "`x-unit` is none of x-context"),
    instead(
        "x-rule beside nothing",
        "x-rule: {exclusiveMaximum: RF201}",
        "x-rule: {maximum: RF201}",
        "x-rule names `maximum`, which does not stand beside it",
    ),
    instead(
        "x-rule of a parameter beside nothing",
        "x-rule: {pattern: RF505}",
        "x-rule: {minLength: RF505}",
        "x-rule names `minLength`",
    ),
    instead("x-rule of no rule", "exclusiveMaximum: RF201", "exclusiveMaximum: RF20", "'RF20' is no rule id"),
    instead("x-rule with more than an id", "exclusiveMaximum: RF201", "exclusiveMaximum: RF2011", "is no rule id"),
    # 1. Objects and arrays.
    instead("inline object", NOTE, "note: {type: object, properties: {a: {type: string}}}", "an inline object"),
    instead(
        "inline object in a list",
        "extra: {type: object}",
        "extra: {type: array, items: {type: object, properties: {a: {type: string}}}}",
        "an inline object",
    ),
    instead(
        "inline object in a map",
        "extra: {type: object}",
        "extra: {type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}",
        "an inline object",
    ),
    instead("free-form component", TOTAL, f"{TOTAL}    Free: {{type: object}}\n", "a free-form component", "Free:"),
    instead(
        "open component without fields",
        TOTAL,
        f"{TOTAL}    Free: {{type: object, additionalProperties: true}}\n",
        "a free-form component",
        "Free:",
    ),
    instead(
        "map beside fields",
        "    Loan:\n      type: object",
        "    Loan:\n      type: object\n      additionalProperties: {type: string}",
        "typed additionalProperties beside properties",
        "    Loan:",
    ),
    instead("array without items", "extra: {type: object}", "extra: {type: array}", "an array without items"),
    # 2. Closed and open.
    instead(
        "closed answer",
        "    Loan:\n      type: object",
        "    Loan:\n      type: object\n      additionalProperties: false",
        "Loan comes back only: a response object is open",
        "    Loan:",
    ),
    instead(
        "open request",
        "    RefundLine:\n      type: object\n      additionalProperties: false",
        "    RefundLine:\n      type: object\n      description: 'Facts: anything goes'",
        "RefundLine is sent: close it",
        "    RefundLine:",
    ),
    instead(
        "object sent and returned",
        "extra: {type: object}",
        "extra: {$ref: '#/components/schemas/RefundLine'}",
        "RefundLine is closed, and comes back here",
    ),
    instead(
        "answer that is the request",
        "schema: {$ref: '#/components/schemas/Problem'}",
        "schema: {$ref: '#/components/schemas/RefundRequest'}",
        "RefundRequest is closed, and comes back here",
        '"404":',
    ),
    instead(
        "required and unknown", "required: [amount]", "required: [amount, nope]", "nope is required and no property"
    ),
    instead(
        "fields without a type",
        "    Problem:\n      type: object\n",
        "    Problem:\n",
        "`properties` is about object: say so in `type`",
    ),
    # 3. Numbers.
    instead("inline number", "extra: {type: object}", "extra: {type: number}", "an inline number"),
    instead("inline number or text", NOTE, "note: {type: [number, string]}", "an inline number"),
    instead(
        "inline number in a list",
        "extra: {type: object}",
        "extra: {type: array, items: {type: number}}",
        "an inline number",
    ),
    instead("inline integer of a request", NOTE, "note: {type: integer}", "an inline integer in a request"),
    instead(
        "inline integer in a map of a request",
        NOTE,
        "note: {type: object, additionalProperties: {type: [integer, 'null']}}",
        "an inline integer in a request",
    ),
    instead("bound of a text", NOTE, "note: {type: string, minimum: 1}", "`minimum` is about integer or number"),
    instead(
        "bound beside a reference",
        "total: {$ref: '#/components/schemas/Total'}",
        "total: {$ref: '#/components/schemas/Total', maximum: 5}",
        "`maximum` beside a $ref is dropped",
    ),
    instead(
        "not of anything else",
        "not: {type: string, pattern: '^0'}",
        "not: {type: string}",
        "`not` may only refuse a pattern",
    ),
    instead("not of a text", NOTE, "note: {type: string, not: {type: string, pattern: '^a'}}", "`not` may only refuse"),
    instead("enum of a number", TOTAL, "    Total: {type: number, enum: [1, 2]}\n", "`enum` of a number"),
    instead("const of a number", TOTAL, "    Total: {type: number, const: 1}\n", "`const` of a number"),
    instead(
        "length of a number in quotes", TOTAL, "    Total: {type: [number, string], minLength: 2}\n", "`minLength` of a"
    ),
    instead("number or boolean", TOTAL, "    Total: {type: [number, boolean]}\n", "text or null besides"),
    instead("pattern of a mere number", TOTAL, "    Total: {type: number, pattern: '^1'}\n", "add string to `type`"),
    instead("bound with a fraction", TOTAL, "    Total: {type: number, maximum: 0.3}\n", "a bound is a whole number"),
    instead("bounds of an inline integer", COUNT, "count: {type: integer, minimum: 0}", "with more than a type"),
    instead("integer or boolean", COUNT, "count: {type: [integer, boolean]}", "with more than a type"),
    instead(
        "keyword beside a reference to a number",
        "total: {$ref: '#/components/schemas/Total'}",
        "total: {$ref: '#/components/schemas/Total', enum: [1]}",
        "`enum` beside a $ref is dropped",
    ),
    # 4. Patterns.
    instead("format alone", NOTE, "note: {type: string, format: date}", "format date is not enforced: add a pattern"),
    *(
        instead(
            f"pattern with {escape}", NOTE, f"note: {{type: string, pattern: '^{escape}'}}", "differ between engines"
        )
        for escape in (r"\d", r"\w", r"\s", r"\D", r"\W", r"\S")
    ),
    instead("bare end", NOTE, "note: {type: string, pattern: '^a$'}", r"end the pattern with $(?!\n)"),
    instead(
        "one of two ends bare", NOTE, r"note: {type: string, pattern: '^(a$|b$(?!\n))'}", "engines differ on a trailing"
    ),
    instead("bare end of a parameter", r"'^[a-z]+$(?!\n)'", "'^[a-z]+$'", "engines differ on a trailing newline"),
    instead("bare end under not", "pattern: '^0'", "pattern: '^0$'", "engines differ on a trailing newline"),
    instead("no pattern at all", NOTE, "note: {type: string, pattern: '^('}", "no regular expression"),
    # 5. What is sent is not what comes back.
    *(
        instead(keyword, NOTE, f"note: {{type: string, {keyword}: {value}}}", f"`{keyword}` is not enforced")
        for keyword, value in (("readOnly", "true"), ("writeOnly", "true"), ("default", "a"))
    ),
    # 6. Unions and keywords.
    instead(
        "closed enum first",
        OPEN_ENUM,
        "anyOf: [{type: string}, {type: string, enum: [short, long]}]",
        "anyOf of string and enum",
    ),
    instead("two enums", OPEN_ENUM, "anyOf: [{type: string, enum: [a]}, {type: string, enum: [b]}]", "enum and enum"),
    instead("text or null", OPEN_ENUM, "anyOf: [{type: string}, {type: 'null'}]", "anyOf of string and null"),
    instead(
        "two objects",
        OPEN_ENUM,
        "anyOf: [{$ref: '#/components/schemas/Loan'}, {$ref: '#/components/schemas/Problem'}]",
        "anyOf of object and object",
    ),
    instead(
        "two arrays",
        OPEN_ENUM,
        "anyOf: [{type: array, items: {type: string}}, {type: array, items: {type: boolean}}]",
        "anyOf of array and array",
    ),
    *(
        instead(
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
    instead(
        "anyOf beside a type",
        OPEN_ENUM,
        "anyOf: [{type: object}, {type: array, items: {}}]\n          type: object",
        "anyOf stands alone",
    ),
    instead("const true", NOTE, "note: {const: true}", "`const` is about string"),
    instead("enum of booleans", NOTE, "note: {type: boolean, enum: [true]}", "`enum` is about string"),
    instead("enum without its null", NOTE, "note: {type: [string, 'null'], enum: [a]}", "null stands in `type` and"),
    instead("null without its type", NOTE, "note: {type: string, enum: [a, null]}", "null stands in `type` and"),
    instead("NO in an enum", NOTE, "note: {type: string, enum: [NO, SE]}", "False is no text: write it in quotes"),
    instead("keyword of another type", NOTE, "note: {type: string, minItems: 3}", "`minItems` is about array"),
    instead("keyword without a type", NOTE, "note: {maxLength: 3}", "`maxLength` is about string"),
    # 7. Names.
    instead(
        "field named as its object",
        "        id: {type: string}\n    RefundAmount:",
        "        id: {type: string}\n        refund_line: {type: string}\n    RefundAmount:",
        "property and component are both named refund_line",
        "refund_line: {type: string}",
    ),
    # 8. Operations and parameters.
    instead(
        "operationId twice",
        "components:\n  securitySchemes",
        "  /other:\n    get:\n      operationId: refund_loan # again\n      summary: Read.\n"
        "      x-source: {page: facts, section: Other}\n      security: []\n      responses:\n"
        "        '200': {content: {a: {schema: {$ref: '#/components/schemas/Loan'}, examples: {a: {value: {}}}}}}\n"
        "components:\n  securitySchemes",
        "refund_loan stands twice",
        "# again",
    ),
    instead("no security", "      security: [{key: []}]\n", "", "refund_loan has no security", "post:"),
    instead("integer parameter", MODE, "schema: {type: integer}", "parameter mode is no plain string", "post:"),
    instead("nullable parameter", MODE, "schema: {type: [string, 'null']}", "mode is no plain string", "post:"),
    instead("list parameter", MODE, "schema: {type: array, items: {type: string}}", "mode is no plain string", "post:"),
    instead("parameter without schema", f"          {MODE}\n", "", "parameter mode is no plain string", "post:"),
    instead(
        "parameter with content",
        MODE,
        "content: {application/json: {schema: {type: string}}}",
        "parameter mode has `content` and is dropped",
        "post:",
    ),
    instead(
        "parameter without description",
        "          description: How it is done.\n",
        "",
        "parameter mode has no description",
        "post:",
    ),
    instead(
        "path by reference",
        "components:\n  securitySchemes",
        "  /other: {$ref: '#/paths/~1loans~1{loanId}'}\ncomponents:\n  securitySchemes",
        "a path item $ref makes the operation vanish",
        "/other:",
    ),
    instead("dotted path parameter", "/loans/{loanId}:", "/loans/{loanId}/{loan.id}:", "a dotted path parameter"),
    instead("operationId in camel case", "operationId: refund_loan", "operationId: refundLoan", "no snake_case name"),
    instead(
        "path without its parameter", "/loans/{loanId}:", "/loans/{loanId}/{part}:", "part is not both in the path"
    ),
    instead("parameter without its place", "/loans/{loanId}:", "/loans:", "loanId is not both in the path"),
    instead("unknown security scheme", "security: [{key: []}]", "security: [{lock: []}]", "lock is no security scheme"),
    instead(
        "parameters of a path",
        "    post:\n",
        "    parameters: [{name: kind, in: query, description: Its kind., schema: {type: string}}]\n    post:\n",
        "here they are dropped",
    ),
    instead(
        "two media types of a body",
        "          application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n",
        "          text/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n"
        "            examples: {a: {value: {}}}\n"
        "          application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}\n",
        "needs one media type",
        "requestBody:",
    ),
    instead(
        "two models of success",
        '        "404":\n',
        '        "202": &later\n          description: Later.\n          content:\n            application/json:\n'
        "              schema: {$ref: '#/components/schemas/Problem'}\n              examples: {a: {value: {}}}\n"
        '        "404":\n',
        "Problem is a second model of success",
    ),
    instead("no success", '        "200":\n', '        "300":\n', "refund_loan has no model of success", "post:"),
    # 9. Summaries and examples.
    instead("no summary", "      summary: Refund a loan.\n", "", "refund_loan has no summary", "post:"),
    instead(
        "no example of the body",
        "            examples:\n              one: {value: {amount: -1.50, lines: [{id: a}]}}\n",
        "",
        "the application/json body of refund_loan has no example",
        "post:",
    ),
    instead(
        "no example of the answer",
        "              examples:\n                two: {value: {id: a, total: 1.50}}\n",
        "",
        "the 200 application/json of refund_loan has no example",
        "post:",
    ),
    instead(
        "inline body",
        "schema: {$ref: '#/components/schemas/RefundRequest'}",
        "schema: {type: array, items: {$ref: '#/components/schemas/RefundRequest'}}",
        "the application/json body of refund_loan is not a named component",
        "post:",
    ),
    instead(
        "inline answer",
        "schema: {$ref: '#/components/schemas/Loan'}",
        "schema: {type: object}",
        "the 200 application/json of refund_loan is not a named component",
        "post:",
    ),
    instead(
        "inline error",
        "schema: {$ref: '#/components/schemas/Problem'}",
        "schema: {type: object}",
        "the 404 application/json of refund_loan is not a named component",
        "post:",
    ),
]

FINE = [
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

# What is no well-formed spec, and is not even linted.
BROKEN = [
    instead("type without quotes", NOTE, "note: {type: [string, null]}", "1: this is not one of"),
    instead("no type", NOTE, "note: {type: text}", 'type: this is not one of "object"'),
    instead("empty anyOf", OPEN_ENUM, "anyOf: []", "anyOf: this has less than 1 item"),
    instead("boolean field", NOTE, "note: true", 'note: this is not of type "object"'),
    instead("boolean component", TOTAL, "    Total: true\n", 'Total: this is not of type "object"'),
    instead("boolean items", LINES, "items: true", 'items: this is not of type "object"'),
    instead("boolean in anyOf", OPEN_ENUM, "anyOf: [true, {type: string}]", '0: this is not of type "object"'),
    instead("pattern that is no text", NOTE, "note: {type: string, pattern: 5}", "pattern: this is not of type"),
    instead("rules in a list", "x-rule: {exclusiveMaximum: RF201}", "x-rule: [RF201]", "x-rule: this is not of type"),
    instead("reference to another file", NOTE, "note: {$ref: 'other.yaml#/X'}", "$ref: this does not match"),
    instead("reference to nothing", NOTE, "note: {$ref: '#/components/schemas/Nope'}", "Nope leads nowhere"),
    instead("reference to itself", TOTAL, "    Total: {$ref: '#/components/schemas/Total'}\n", "leads back to itself"),
    instead(
        "parameter reference to nothing", "parameters/LoanId'", "parameters/Nope'", "parameters/Nope leads nowhere"
    ),
    instead(
        "parameter by the name of a schema",
        "- $ref: '#/components/parameters/LoanId'",
        "- $ref: '#/components/schemas/Total'",
        "$ref: this does not match",
    ),
    instead("key twice", NOTE, f"{NOTE}\n        note: {{type: boolean}} # again", "`note` stands twice", "# again"),
    instead("status without quotes", '        "404":\n', "        404:\n", "the key `404` is no text"),
    instead(
        "date in an example", "lines: [{id: a}]", "lines: [{id: 2026-03-09}]", "`2026-03-09` is no JSON value", "one:"
    ),
    instead("infinity in an example", "amount: -1.50", "amount: -.inf", "`-.inf` is no JSON value", "one:"),
    instead(
        "alias in its anchor", "lines: [{id: a}]", "lines: &a [*a]", "an alias stands inside its own anchor", "one:"
    ),
    instead("no operationId", "      operationId: refund_loan\n", "", '"operationId" is a required property', "post:"),
    instead("no responses", "      responses:\n", "      callbacks:\n", '"responses" is a required property', "post:"),
    instead("no such method", "    post:\n", "    pots:\n", "'pots' was unexpected", "/loans/{loanId}:"),
    instead(
        "operation that is none",
        "    post:\n",
        "    get: 5\n    post:\n",
        'get: this is not of type "object"',
        "get: 5",
    ),
    instead("path without a slash", "  /loans/{loanId}:", "  loans/{loanId}:", "paths: ", "paths:"),
    instead(
        "body by reference",
        "      requestBody:\n        required: true\n        content:\n",
        "      requestBody:\n        $ref: '#/components/requestBodies/A'\n        x-was:\n",
        '"content" is a required property',
        "requestBody:",
    ),
    instead("no schemas", "  schemas:\n", "  x-schemas:\n", '"schemas" is a required property', "components:"),
    instead("no title", "title: Depot API, ", "", '"title" is a required property', "info: {version"),
    instead(
        "security scheme without a name",
        "in: header, name: X-KEY",
        "in: header",
        '"name" is a required property',
        "key: {type",
    ),
]


def changed(folder: Path, old: str, new: str) -> Path:
    """The minimal spec with one change, as a file."""
    if MINIMAL.count(old) != 1:
        raise ValueError(f"{old!r} stands {MINIMAL.count(old)} times in the minimal spec")
    path = folder / "depot.yaml"
    path.write_text(MINIMAL.replace(old, new), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    """The one line of the file that holds the text."""
    (line,) = [number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line]
    return line


def test_the_minimal_spec_has_no_flaw(tmp_path: Path) -> None:
    """The spec that all the others here are changes of passes the lint."""
    assert lint(load(changed(tmp_path, "Depot API", "Depot API"))) == []


@pytest.mark.parametrize("flawed", FLAWS, ids=lambda flawed: flawed.name)
def test_a_flaw_is_told_with_its_line(tmp_path: Path, flawed: Flawed) -> None:
    """Every rule of specs/README.md is one flaw, in the file and on the line where the spec breaks it."""
    path = changed(tmp_path, flawed.old, flawed.new)
    (flaw,) = lint(load(path))
    assert flawed.words in flaw.message
    assert (flaw.file, flaw.line) == (str(path), line_of(path, flawed.at))
    assert str(flaw) == f"{path}:{flaw.line}: {flaw.message}"


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in FINE], ids=[row[0] for row in FINE])
def test_what_is_allowed_is_no_flaw(tmp_path: Path, old: str, new: str) -> None:
    """The lint leaves alone what specs/README.md allows."""
    assert lint(load(changed(tmp_path, old, new))) == []


@pytest.mark.parametrize("flawed", BROKEN, ids=lambda flawed: flawed.name)
def test_a_malformed_spec_is_told_with_its_line(tmp_path: Path, flawed: Flawed) -> None:
    """What has not the shape of a spec is an error of reading it, with file and line, and never a traceback."""
    path = changed(tmp_path, flawed.old, flawed.new)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line_of(path, flawed.at)}: ")
    assert flawed.words in str(caught.value)


def test_flaws_are_told_once_and_in_order(tmp_path: Path) -> None:
    """Several flaws come by line, and the flaw of a shared component is not repeated for each use of it."""
    path = changed(tmp_path, NOTE, "note: {type: string, default: a, pattern: '^a$'}")
    path.write_text(path.read_text("utf-8").replace(r"'^[a-z]+$(?!\n)'", "'^[a-z]+$'"), encoding="utf-8")
    lines = [flaw.line for flaw in lint(load(path))]
    assert lines == [line_of(path, "^[a-z]+$'"), line_of(path, "default: a"), line_of(path, "default: a")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("openapi: 3.1.0\ninfo: {title: [}\n", ":2: "),
        ("openapi: 3.1.0\n\tinfo: x\n", ":2: "),
        ("", ":1: not an OpenAPI document"),
        ("- a\n- b\n", ":1: not an OpenAPI document"),
    ],
)
def test_what_is_no_document_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """A file that is no YAML, or no mapping, is an error that names file and line."""
    path = tmp_path / "depot.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=re.escape(f"{path}{words}")):
        load(path)


def test_a_folder_without_specs_is_an_error(tmp_path: Path) -> None:
    """No spec at all is an error, not an empty package."""
    with pytest.raises(SpecError, match=r"no \*\.yaml here"):
        load_all(tmp_path)


def test_the_lint_command_prints_flaws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m codegen lint` prints a line for each flaw on stdout and exits 1, or 0 when there is none."""
    monkeypatch.setattr(command, "SPECS", tmp_path)
    changed(tmp_path, "Depot API", "Depot API")
    assert command.main(["lint"]) == 0
    assert tuple(capsys.readouterr()) == ("", "1 specs, 1 operations: 0 flaws\n")
    path = changed(tmp_path, NOTE, "note: {type: string, default: a}")
    assert command.main(["lint"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{path}:{line_of(path, 'default')}: `default` is not enforced by the models: say it otherwise\n"
    assert err == "1 specs, 1 operations: 1 flaws\n"


@SAME_SPEC
def test_our_specs_have_no_flaw(spec: Spec) -> None:
    """The specs of this project pass their own lint."""
    assert lint(spec) == []


# ---- the build


def tree(folder: Path, apis: list[str]) -> Path:
    """A copy of what the build reads and writes, cut down to some APIs."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "codegen", folder / "codegen", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "specs").mkdir()
    package = folder / "generated" / "refundkit_apis"
    for api in apis:
        shutil.copy(ROOT / "specs" / f"{api}.yaml", folder / "specs")
    for path in (ROOT / "generated" / "refundkit_apis").iterdir():
        if path.name in (*apis, "_runtime"):
            shutil.copytree(path, package / path.name, ignore=ignored)
        elif path.is_file():
            package.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, package)
    return folder


def run(folder: Path, name: str, seed: int = 0) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of `python -m codegen NAME` in a folder, with a hash seed of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [sys.executable, "-m", "codegen", name],
        cwd=folder,
        env=environment | {"PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def files(folder: Path) -> dict[str, bytes]:
    """The files below a folder, compiled ones aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_generated_is_what_the_specs_say(tmp_path: Path) -> None:
    """The committed package is in step, and made anew from nothing it has the same bytes, whatever the hash seed."""
    copy = tree(tmp_path, ["woocommerce_legacy"])
    shutil.rmtree(copy / "generated")
    package = copy / "generated" / "refundkit_apis"
    with ThreadPoolExecutor(2) as pool:  # side by side, since each takes its time
        check, generate = pool.submit(run, ROOT, "check", seed=1), pool.submit(run, copy, "generate", seed=2)
    assert generate.result() == (0, "", f"wrote {package}\n")
    assert check.result() == (0, "", "")
    committed = files(ROOT / "generated" / "refundkit_apis")
    others = tuple(f"{api}/" for api in APIS if api != "woocommerce_legacy")
    assert files(package) == {name: data for name, data in committed.items() if not name.startswith(others)}


def test_drift_is_told_by_the_command(tmp_path: Path) -> None:
    """`python -m codegen check` exits 1 and shows a changed byte, a missing and an extra file, and mends nothing."""
    folder = tree(tmp_path, ["taxcloud"])
    package = folder / "generated" / "refundkit_apis" / "taxcloud"
    text = (package / "scalars.py").read_text("utf-8")
    (package / "scalars.py").write_text(text.replace("above=0)", "above=1)"), encoding="utf-8")
    (package / "types.py").unlink()
    (package / "mine.py").write_text("mine = 1\n", encoding="utf-8")
    before = files(folder / "generated")
    status, out, err = run(folder, "check")
    assert status == 1
    assert [line for line in out.splitlines() if line.startswith(("---", "+++"))] == [
        "--- generated/refundkit_apis/taxcloud/mine.py",
        "+++ /dev/null",
        "--- generated/refundkit_apis/taxcloud/scalars.py",
        "+++ specs say/taxcloud/scalars.py",
        "--- /dev/null",
        "+++ specs say/taxcloud/types.py",
    ]
    assert "\n-    class RefundQuantity(Number, above=1):\n+    class RefundQuantity(Number, above=0):\n" in out
    assert "run `make generate`" in err
    assert files(folder / "generated") == before


class Built:
    """A package as if it had just been built."""

    def __init__(self, package: Path) -> None:
        self.package = package

    def __call__(self) -> Built:
        return self

    def __enter__(self) -> Path:
        return self.package

    def __exit__(self, *_: object) -> None:
        """Nothing to remove."""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two empty folders: what the check takes for generated/, and for what the specs say."""
    stands, built = tmp_path / "stands", tmp_path / "built"
    stands.mkdir()
    built.mkdir()
    monkeypatch.setattr(build, "PACKAGE", stands)
    monkeypatch.setattr(build, "build_package", Built(built))
    return stands, built


@pytest.mark.parametrize(
    ("stands", "built", "shown"),
    [
        ({"a.py": "1\n"}, {"a.py": "1\n"}, ""),
        (
            {"a.py": "x\n1\n"},
            {"a.py": "x\n2\n"},
            "--- generated/refundkit_apis/a.py\n+++ specs say/a.py\n@@ -1,2 +1,2 @@\n x\n-1\n+2\n",
        ),
        ({"b/a.py": "1\n"}, {}, "--- generated/refundkit_apis/b/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"),
        ({}, {"b/a.py": "1\n"}, "--- /dev/null\n+++ specs say/b/a.py\n@@ -0,0 +1 @@\n+1\n"),
        ({"py.typed": ""}, {}, "py.typed: not generated from anything\n"),
        ({}, {"py.typed": ""}, "py.typed: missing\n"),
        ({"__pycache__/a.pyc": "1"}, {}, ""),
    ],
    ids=["in step", "changed", "extra", "missing", "extra and empty", "missing and empty", "compiled"],
)
def test_each_kind_of_drift_is_shown(
    packages: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    stands: dict[str, str],
    built: dict[str, str],
    shown: str,
) -> None:
    """A changed, a missing or an extra file, be it empty, alone makes the check exit 1 with its unified diff."""
    for folder, texts in zip(packages, (stands, built), strict=True):
        for name, text in texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    assert command.main(["check"]) == (1 if shown else 0)
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("name", ["generate", "check"])
def test_a_flaw_stops_the_build(tmp_path: Path, name: str) -> None:
    """A spec with a flaw exits 2 with file and line, and leaves generated/ as it was."""
    folder = tree(tmp_path, ["taxcloud"])
    before = files(folder / "generated")
    path = changed(folder / "specs", NOTE, "note: {type: string, default: a}")
    status, out, err = run(folder, name)
    assert (status, out) == (2, "")
    assert err == f"{path}:{line_of(path, 'default: a')}: `default` is not enforced by the models: say it otherwise\n"
    assert files(folder / "generated") == before


def test_a_warning_of_a_generator_stops_the_build(tmp_path: Path) -> None:
    """What openapi-python-client warns about exits 2 with its words, and leaves generated/ as it was."""
    folder = tree(tmp_path, [])
    (folder / "generated" / "refundkit_apis" / "kept.py").write_text("kept = 1\n", encoding="utf-8")
    before = files(folder / "generated")
    media = "application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}"
    path = changed(folder / "specs", media, media.replace("application/json", "text/csv"))
    assert lint(load(path)) == []
    status, out, err = run(folder, "generate")
    assert (status, out) == (2, "")
    assert err.startswith(f"{path}: openapi-python-client: ")
    assert "WARNING parsing POST /loans/{loanId}" in err
    assert files(folder / "generated") == before


def covers(code: str, operation: str) -> bool:
    return REGISTRY[code].covers(operation, apis.traits(operation))


@pytest.mark.parametrize(("status", "words"), [(0, "UserWarning: multipleOf is dropped"), (1, "Traceback")])
def test_a_word_of_the_model_generator_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    """Whatever datamodel-code-generator has to say is an error of the build, an exit status of 0 notwithstanding."""

    def warns(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert options["env"]["PYTHONWARNINGS"] == "error::UserWarning"
        return subprocess.CompletedProcess(arguments, status, "", words)

    spec = load(changed(tmp_path, "Depot API", "Depot API"))
    monkeypatch.setattr(subprocess, "run", warns)
    with pytest.raises(SpecError, match=f"depot.yaml: datamodel-code-generator: {words}"):
        write_models(spec, tmp_path, tmp_path)


def test_an_operation_without_a_module_stops_the_build(tmp_path: Path) -> None:
    """An operation that the generator left out, or wrote under another name, is an error of the build."""
    spec = load(changed(tmp_path, "operationId: refund_loan", "operationId: refundLoan"))
    with pytest.raises(SpecError, match=r"operations \['refundLoan'\], but modules \['refund_loan'\]"):
        write_clients(spec, tmp_path / "depot", tmp_path)


@SAME_SPEC
def test_every_operation_has_its_module(spec: Spec) -> None:
    """There are as many operation modules as operations, by the same names, each with its four ways to call."""
    package = ROOT / "generated" / "refundkit_apis" / spec.api / "api"
    modules = [path for path in package.glob("*/*.py") if path.stem != "__init__"]
    assert sorted(path.stem for path in modules) == sorted(operation.name for operation in spec.operations())
    for path in modules:
        module = importlib.import_module(f"refundkit_apis.{spec.api}.api.{path.parent.name}.{path.stem}")
        assert all(callable(getattr(module, way)) for way in ("sync", "sync_detailed", "asyncio", "asyncio_detailed"))


@SAME_SPEC
def test_one_module_has_every_model(spec: Spec) -> None:
    """Every object of the spec is a Struct of `models`: there is one family of models, in one place."""
    models = importlib.import_module(f"refundkit_apis.{spec.api}.models")
    objects = [name for name, schema in spec.schemas.items() if schema.get("properties")]
    assert len(objects) > 10
    assert all(issubclass(getattr(models, name), msgspec.Struct) for name in objects)
    assert not list((ROOT / "generated" / "refundkit_apis" / spec.api).glob("structs.py"))


@SAME_SPEC
def test_the_ready_client_has_a_method_for_each_operation(spec: Spec) -> None:
    """Sync and async, by its operationId, ids first; what hands out credentials is the connection's business."""
    ready = importlib.import_module(f"refundkit_apis.{spec.api}.ready")
    names = {operation.name for operation in spec.operations() if not operation.node.get("x-credentials")}
    for client in (ready.SYNC, ready.ASYNC):
        methods = {name: value for name, value in vars(client).items() if inspect.isfunction(value) and name[0] != "_"}
        assert set(methods) == names
        for operation in spec.operations():
            if operation.name in names:
                assert list(inspect.signature(methods[operation.name]).parameters) == parameters_of(operation)


def parameters_of(operation: SpecOperation) -> list[str]:
    """What the method of an operation takes, by the spec."""
    places = {place: [one for one in operation.parameters if one["in"] == place] for place in ("path", "query")}
    ids = [snake(one["name"]) for one in places["path"] if not one.get("x-given-once")]
    body = ["body"] if "requestBody" in operation.node else []
    return ["self", *ids, *body, *(snake(one["name"]) for one in places["query"]), "timeout"]


def test_ids_of_digits_may_be_numbers() -> None:
    """An id whose pattern takes whole numbers and nothing else is int or str, any other is text."""
    shop, seller = (
        importlib.import_module(f"refundkit_apis.{api}.ready").SYNC for api in ("woocommerce_legacy", "walmart")
    )
    assert inspect.signature(shop.get_refund).parameters["refund_id"].annotation == "int | str"
    assert inspect.signature(seller.get_order).parameters["purchase_order_id"].annotation == "str"


@SAME_SPEC
def test_examples_json_has_the_first_example_of_each_part(spec: Spec) -> None:
    """Each body and each success of examples.json is the spec's own first example."""
    path = ROOT / "generated" / "refundkit_apis" / spec.api / "examples.json"
    written = msgspec.json.decode(path.read_bytes())
    expected = {
        operation.name: [part for name, part in SUCCESSES if name == f"{spec.api}.{operation.name}"]
        for operation in spec.operations()
    }
    assert {name: sorted(parts) for name, parts in written.items()} == {
        name: sorted(parts) for name, parts in expected.items()
    }
    for name, parts in written.items():
        for part, value in parts.items():
            decode(json.dumps(value).encode(), operations.get(f"{spec.api}.{name}").struct(part))


# ---- rules and schemas


@SAME_SPEC
def test_every_rule_of_a_spec_is_a_rule_of_ours(spec: Spec) -> None:
    """Each x-rule, of a parameter too, names a registered rule that is about an operation of that API."""
    named = {rule for _, node in schema_nodes(spec) for rule in node.get("x-rule", {}).values()}
    shipped = set(
        re.findall(r'"(RF[0-9]{3})"', (ROOT / f"generated/refundkit_apis/{spec.api}/schemas.json").read_text())
    )
    assert named >= shipped > set()
    for code in sorted(named):
        assert code in REGISTRY
        assert any(covers(code, f"{spec.api}.{operation.name}") for operation in spec.operations()), code


PARTS = [
    (name, part)
    for name in operations.names()
    for part in (["body"] if operations.get(name).described.body else [])
    + list(operations.get(name).described.responses)
]
SUCCESSES = [(name, part) for name, part in PARTS if part == "body" or part.startswith("2")]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in plain data."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


@pytest.mark.parametrize("api", APIS)
def test_schemas_json_has_every_part_of_every_operation(api: str) -> None:
    """schemas.json holds one schema for each body and response of the API's operations, and no other."""
    bundle = operations.bundle(api)
    named = {f"{name.partition('.')[2]}.{part}" for name, part in PARTS if name.partition(".")[0] == api}
    assert set(bundle.schemas) == named
    assert set(bundle.operations) == {
        operation.name for spec in SPECS if spec.api == api for operation in spec.operations()
    }


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_schema_stands_alone(name: str, part: str) -> None:
    """A bundled schema is valid Draft 2020-12, and its references lead to definitions inside it, all of them used."""
    schema = operations.get(name).schema(part)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    references = {node["$ref"] for node in nodes(schema) if "$ref" in node}
    assert references == {f"#/$defs/{inner}" for inner in schema.get("$defs", {})}


def whole(_: Any, value: object) -> bool:
    """JSON Schema's integer, for exact numbers: 1.0 is one."""
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


Exact = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", whole),
)


@cache
def validator(name: str, part: str) -> Any:
    """The reference validator of a body or a response."""
    return Exact(operations.get(name).schema(part))


def schema_takes(name: str, part: str, text: str) -> bool:
    """Whether the schema takes the JSON text, its numbers exact."""
    return bool(validator(name, part).is_valid(json.loads(text, parse_float=Decimal)))


def model_takes(name: str, part: str, text: str) -> bool:
    """Whether the model takes the JSON text."""
    try:
        decode(text.encode(), operations.get(name).struct(part))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(("name", "part"), SUCCESSES)
def test_every_example_is_valid(name: str, part: str) -> None:
    """Every example of a spec has the schema's verdict and the model's, and goes through the model without a loss."""
    examples = story.examples(name, part)
    assert examples
    for example in examples:
        text = story.text(example).decode()
        assert list(validator(name, part).iter_errors(json.loads(text, parse_float=Decimal))) == []
        model = decode(text.encode(), operations.get(name).struct(part))
        assert json.loads(encode(model), parse_float=Decimal) == json.loads(text, parse_float=Decimal)


# ---- models and schemas


def put(value: Any, pointer: str, literal: str | None) -> str:
    """The JSON text of the value with a literal in one place; None takes the place away."""
    root = json.loads(story.text(value), parse_float=Decimal)
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    if not pointer:
        return literal or ""
    node = root
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    place: Any = int(last) if isinstance(node, list) else last
    if literal is None:
        del node[place]
        return encode(root).decode()
    node[place] = "\ue000"
    return encode(root).decode().replace('"\ue000"', literal)


WALMART, CANCEL = "walmart.refund_order_lines", "walmart_ca.cancel_order_lines"
SHOP, TAX, TOKEN = "woocommerce_legacy.create_refund", "taxcloud.refund_order", "walmart.create_token"
LINE = "/orderRefund/orderLines/orderLine/0"
CHARGE = f"{LINE}/refunds/refund/0/refundCharges/refundCharge/0"
AMOUNT = f"{CHARGE}/charge/chargeAmount/amount"
CANCELLED = "/orderCancellation/orderLines/orderLine/0/orderLineStatuses/orderLineStatus/0"
DIGITS = "1234567890123456789012345"

# keyword -> (operation, place, literals that are taken, literals that are refused); None takes the place away.
PROBES: dict[str, list[tuple[str, str, list[str | None], list[str | None]]]] = {
    "exclusiveMaximum": [
        (
            WALMART,
            AMOUNT,
            ["-0.01", "-1", "-1e2", f"-{DIGITS}", f"-{DIGITS}.{DIGITS}", f"-0.{'0' * 24}1"],
            ["0", "-0.0", "0.00", "0.01", "19.99", DIGITS, f"0.{'0' * 24}1"],
        )
    ],
    "maximum": [
        (
            WALMART,
            f"{CHARGE}/charge/tax/taxAmount/amount",
            ["0", "-0.0", "-1.65", f"-{DIGITS}"],
            ["0.01", "1", f"0.{'0' * 24}1", DIGITS],
        ),
        (TAX, "/items/0/cartItemIndex", ["500", "500.0", "5e2", None], ["501", "500.5", DIGITS, f"500.{'0' * 24}1"]),
    ],
    "minimum": [
        (SHOP, "/order_refund/amount", ["0", "-0.0", "4.95", DIGITS], ["-0.01", "-1", f"-{DIGITS}", "-1e-30"]),
        (SHOP, "/order_refund/line_items/71/qty", ["0", "1", "0.5"], ["-1", "-0.5"]),
        (TAX, "/items/0/cartItemIndex", ["0", "-0.0"], ["-1", "-1.0"]),
    ],
    "exclusiveMinimum": [
        (TAX, "/items/0/quantity", ["1", "0.5", f"0.{'0' * 24}1", DIGITS], ["0", "0.0", "-0.0", "-1", f"-{DIGITS}"])
    ],
    "pattern": [
        (SHOP, "/order_refund/amount", ['"30.80"', '"0"', '"007"', f'"{DIGITS}.{DIGITS}"'], ['"5\\n"', '"5,0"', '""']),
        (SHOP, "/order_refund/amount", ['"5"'], ['" 5"', '"5 "', '"1e1"', '"NaN"', '"+5"', '"\u0663"', '".5"', '"5."']),
        (SHOP, "/order_refund/line_items/71/refund_total", ['"-5.00"', "-5.00"], ['"-5.00\\n"', '"five"']),
        (
            CANCEL,
            f"{CANCELLED}/statusQuantity/amount",
            ['"1"', '"010"'],
            ['"0"', '"1\\n"', '"1.0"', '"-1"', '"\u0661"'],
        ),
        (
            TAX,
            "/returnedDate",
            ['"2026-03-09T08:15:40Z"', '"2026-03-09T08:15:40.5+01:00"', "null"],
            ['"2026-03-09T08:15:40Z\\n"', '"2026-03-09"', '"2026-13-09T08:15:40Z"', '"\u0662026-03-09T08:15:40Z"', "5"],
        ),
    ],
    "not": [
        (SHOP, "/order_refund/amount", ['"-0.00"', '"-0"'], ['"-0.01"', '"-1"', '"-10"', f'"-{DIGITS}"']),
        (SHOP, "/order_refund/line_items/71/qty", ['"-0"', '"1"'], ['"-1"', '"-0.5"']),
    ],
    "enum": [
        (
            WALMART,
            f"{CHARGE}/charge/chargeAmount/currency",
            ['"USD"'],
            ['"usd"', '"USD\\n"', '""', "null", "840", "[]"],
        ),
        (CANCEL, f"{CANCELLED}/cancellationReason", ['"CANCEL_BY_SELLER"'], ['"CANCEL"', "null", None]),
        (CANCEL, f"{CANCELLED}/statusQuantity/unitOfMeasurement", ['"EACH"', '"EA"'], ['"each"', '"EACH "', "1"]),
        (TOKEN, "/grant_type", ['"client_credentials"'], ['"password"', "null", None]),
    ],
    "anyOf": [
        (
            WALMART,
            f"{CHARGE}/refundReason",
            ['"DamagedItem"', '"Of tomorrow"', '""'],
            ["null", "5", "[]", "true", None],
        ),
        (
            SHOP,
            "/order_refund/line_items",
            ["{}", "[]", "[{}]", '[{"a": 1}]', None],
            ["[1]", "null", '"71"', "1", "[[]]"],
        ),
    ],
    "minItems": [
        (WALMART, "/orderRefund/orderLines/orderLine", [], ["[]", "{}", "null", None]),
        (CANCEL, "/orderCancellation/orderLines/orderLine", [], ["[]", '""', None]),
        (TAX, "/items", ["[]", None], ["null", "{}", "[[]]"]),
    ],
    "items": [(TAX, "/items/0", ['{"itemId": "a", "quantity": 1}'], ["{}", "[]", "null", '"a"', '{"itemId": "a"}'])],
    "additionalProperties": [
        (WALMART, "/x_new", [], ["1", "null"]),
        (WALMART, f"{CHARGE}/x_new", [], ["1", '{"a": 1}']),
        (SHOP, "/order_refund/api_refund", [], ["false"]),
        (SHOP, "/order_refund/line_items/71", ["{}", '{"qty": 1}'], ['{"total": 1}', "1", "null", "[]"]),
        (SHOP, "/order_refund/line_items/71/refund_tax", ["{}", '{"3": "2.00", "": 2}'], ['{"3": null}', "[]", "2"]),
        ("woocommerce_legacy.update_refund", "/order_refund/x_new", ["1", "null", "{}"], []),
        ("woocommerce_legacy.update_refund", "/x_new", [], ["1"]),
        (TOKEN, "/scope", [], ['"all"']),
    ],
    "required": [
        (WALMART, "/orderRefund", [], [None, "null", "{}"]),
        (WALMART, f"{LINE}/lineNumber", [], [None, "null"]),
        (WALMART, f"{LINE}/isFullRefund", [None], ["null"]),
        (WALMART, f"{CHARGE}/charge/tax", [None], ["null", "{}"]),
        (SHOP, "/order_refund/amount", [], [None]),
        ("woocommerce_legacy.update_refund", "/order_refund/amount", [None], ["null"]),
    ],
    "properties": [
        (WALMART, LINE, [], ["{}", '{"linenumber": "1"}']),
        (TAX, "", ["{}", '{"batchId": ""}'], ['{"batchid": ""}', "[]", "null", '"a"', "1"]),
    ],
    "type": [
        (WALMART, AMOUNT, [], ['"-19.99"', "null", "true", "false", "[]", "{}", "[-1]", '""']),
        (WALMART, f"{LINE}/lineNumber", ['"1"', '""', '"\\u0000\u20ac"'], ["1", "1.0", "true", "[]"]),
        (WALMART, f"{LINE}/isFullRefund", ["true", "false"], ['"true"', "1", "0", "1.0", "null", "[]"]),
        (SHOP, "/order_refund/amount", [], ["null", "true", "[]", "{}", '["5"]']),
        (SHOP, "/order_refund/reason", ['"a"', "null", '""', None], ["5", "true", "[]", "{}"]),
        (TAX, "/items/0/quantity", ["1.0"], ['"1"', "null", "true", "[]"]),
        (TAX, "/items/0/cartItemIndex", ["1", "1.0", "1.000000000000000000000000"], ['"1"', "1.5", "null", "true"]),
    ],
}
CASES = [
    (keyword, name, pointer, literal, taken)
    for keyword, rows in PROBES.items()
    for name, pointer, good, bad in rows
    for taken, literals in ((True, good), (False, bad))
    for literal in literals
]


def test_every_keyword_of_a_body_is_probed() -> None:
    """The table of probes has rows for each keyword that a request body of our specs uses."""
    annotations = {"$schema", "$defs", "$ref", "title", "description", "format", "xml", "x-rule"}
    schemas = [node for name, part in PARTS if part == "body" for node in schema_objects(operations.get(name).schema())]
    assert {keyword for node in schemas for keyword in node} - annotations == set(PROBES)


def schema_objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and those inside it, `properties` and `$defs` being names and no keywords."""
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from schema_objects(inner)
    for inner in [schema.get("items"), schema.get("additionalProperties"), schema.get("not"), *schema.get("anyOf", [])]:
        if isinstance(inner, dict):
            yield from schema_objects(inner)


@pytest.mark.parametrize(
    ("keyword", "name", "pointer", "literal", "taken"),
    CASES,
    ids=[f"{keyword}-{'takes' if taken else 'refuses'}-{str(literal)[:30]}" for keyword, _, _, literal, taken in CASES],
)
def test_model_and_schema_judge_alike(keyword: str, name: str, pointer: str, literal: str | None, taken: bool) -> None:
    """For every keyword, the model of a body takes and refuses what its JSON Schema does, to the last digit."""
    text = put(story.examples(name)[0], pointer, literal)
    assert (schema_takes(name, "body", text), model_takes(name, "body", text)) == (taken, taken)


ANSWERS = {operations.get(name).struct(part): (name, part) for name, part in SUCCESSES if part != "body"}
LITERALS = [None, "null", "true", '""', '"1"', "0", "1.0", "-0.5", f"-{DIGITS}", f"{DIGITS}.5", "[]", "{}", "[1]"]


def places(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointer of every place in plain data, of the first item of a list only."""
    yield pointer
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, f"{pointer}/{key}")
    elif isinstance(value, list) and value:
        yield from places(value[0], f"{pointer}/0")


@pytest.mark.parametrize(("name", "part"), sorted(ANSWERS.values()))
def test_model_and_schema_of_an_answer_judge_alike(name: str, part: str) -> None:
    """Whatever comes back in whichever place of an answer, or is missing there, model and schema judge it alike."""
    example = story.examples(name, part)[0]
    texts = [
        put(example, pointer, literal)
        for pointer in places(json.loads(story.text(example), parse_float=Decimal))
        for literal in LITERALS
        if pointer or literal is not None
    ]
    if isinstance(example, dict):
        texts.append(put(example, "/x_new", "[]"))
    assert [text for text in texts if schema_takes(name, part, text) != model_takes(name, part, text)] == []
    assert {model_takes(name, part, text) for text in texts} == {True, False}
