"""The specs that the tests of codegen read: those of this project, and a minimal one to break."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from refundkit import operations, rules
from story import ROOT

from codegen.spec import load_all

rules.load_all()
SPECS = load_all(ROOT / "specs")
APIS = [spec.api for spec in SPECS]
EACH_SPEC = pytest.mark.parametrize("spec", SPECS, ids=APIS)

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


class SpecChange(NamedTuple):
    """A change of the minimal spec, the error message it causes, and a text that only the error's line holds."""

    name: str
    old: str
    new: str
    message: str
    marker: str = ""

    @property
    def error_line_text(self) -> str:
        """The marker, or else the first line of the changed text."""
        return self.marker or self.new.strip().splitlines()[0]


def changed_minimal_spec(folder: Path, old: str, new: str) -> Path:
    """Write the minimal spec with one change to depot.yaml in the folder, and return its path."""
    if MINIMAL.count(old) != 1:
        raise ValueError(f"{old!r} stands {MINIMAL.count(old)} times in the minimal spec")
    path = folder / "depot.yaml"
    path.write_text(MINIMAL.replace(old, new), encoding="utf-8")
    return path


def line_with(path: Path, text: str) -> int:
    """Return the number of the only line of the file that holds the text."""
    (line,) = [number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line]
    return line


PARTS = [
    (name, part)
    for name in operations.names()
    for part in (["body"] if operations.get(name).described.body else [])
    + list(operations.get(name).described.responses)
]
SUCCESSES = [(name, part) for name, part in PARTS if part == "body" or part.startswith("2")]
