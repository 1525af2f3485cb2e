"""Edits of the depot's spec, one of each kind that a spec can have, with what is said of it and whom it breaks."""

from __future__ import annotations

from typing import NamedTuple

# Whether a change breaks senders, whether it breaks readers, and whether that is certain.
SENDER, READER, BOTH, NOBODY = (True, False, True), (False, True, True), (True, True, True), (False, False, True)
UNDECIDED_SENDER, UNDECIDED_READER = (True, False, False), (False, True, False)


class Edit(NamedTuple):
    """An edit of the depot's spec: what it is, what stands there before and after, what is said, and whom it breaks.

    Its kind is the name of a check of oasdiff, where that knows of it. `base` is an edit of both versions.
    """

    kind: str
    old: str
    new: str
    message: str
    breaks: tuple[bool, bool, bool]
    base: tuple[str, str] = ("", "")


WAIVER_BODY = "application/json:\n            schema: {$ref: '#/components/schemas/WaiverRequest'}"
XML = (WAIVER_BODY, WAIVER_BODY.replace("json", "xml"))
PART = "Part:\n      type: object\n"
AMOUNT, NOTE = "        amount: {$ref: '#/components/schemas/WaiverAmount'}\n", "        note: {type: string}\n"
TOOLS = "tools: {type: array, items: {$ref: '#/components/schemas/ReturnedTool'}}"
BROUGHT = "tools: {type: array, items: {$ref: '#/components/schemas/BroughtTool'}}"
TOOL_ID = "description: The number of the tool.\n      schema: {type: string, minLength: 1"
INSPECTIONS_PATH = "  /v2/inspections:\n"
COUNT_PATH = (
    "  /v2/count:\n    get:\n      operationId: count_tools\n      responses: {'200': {description: The count.}}\n"
)
CURRENCY = "currency: {type: string, enum: [EUR, CHF]}"
OPEN_CURRENCY = "currency: {anyOf: [{type: string, enum: [EUR, CHF]}, {type: string}]}"

CHANGES = [
    # Operations and servers.
    Edit("api-path-changed", "/v2/inspections:", "/v2/checks:", "is GET /v2/checks, was GET /v2/inspections", SENDER),
    Edit(
        "api-method-changed",
        "    get:\n      operationId: list_i",
        "    put:\n      operationId: list_i",
        "is PUT",
        SENDER,
    ),
    Edit(
        "api-removed",
        INSPECTIONS_PATH + COUNT_PATH[13:],
        "",
        "count_tools (GET /v2/inspections) is gone",
        BOTH,
        (INSPECTIONS_PATH, INSPECTIONS_PATH + COUNT_PATH[13:] + "  /v2/all:\n"),
    ),
    Edit(
        "endpoint-added", INSPECTIONS_PATH, COUNT_PATH + INSPECTIONS_PATH, "count_tools (GET /v2/count) is new", NOBODY
    ),
    Edit("api-operation-id-removed", "operationId: waive_fee", "operationId: waive", "waive_fee is called waive", BOTH),
    Edit(
        "api-tag-removed", "tags: [loans]", "tags: [lending]", "extend_loan is in another module: its tags are", SENDER
    ),
    Edit(
        "server-changed",
        "- url: https://api.",
        "- url: https://pay.",
        "go to https://pay.depot.example, and no",
        SENDER,
    ),
    Edit("server-added", "servers:", "servers:\n  - url: https://b.example", "go to https://b.example", SENDER),
    Edit("server-added-last", "tags:\n", "  - url: https://b.example\ntags:\n", "https://b.example is new", NOBODY),
    Edit(
        "api-security-removed", "[{bearer: []}, {apiKey: []}]", "[{apiKey: []}]", "credentials bearer no more", SENDER
    ),
    Edit("api-security-added", "[{clerkKey: []}]", "[{clerkKey: []}, {token: []}]", "the credentials token", NOBODY),
    Edit("api-security-scheme-changed", "name: X-DEPOT-KEY", "name: X-KEY", "apiKey is sent in another way", SENDER),
    # Parameters.
    Edit(
        "request-parameter-became-required",
        "in: header\n          description: The lang",
        "in: header\n          required: true\n          description: The lang",
        "DEPOT.LANGUAGE of extend_loan is required now, was optional",
        SENDER,
    ),
    Edit(
        "request-parameter-became-optional",
        "in: query\n          required: true\n",
        "in: query\n",
        "branch of list_inspections is optional now",
        NOBODY,
    ),
    Edit(
        "request-parameter-removed",
        "name: DEPOT.BRANCH",
        "name: DEPOT.HOUSE",
        "DEPOT.BRANCH of extend_loan is gone",
        SENDER,
    ),
    Edit("new-required-request-parameter", "name: DEPOT.BRANCH", "name: DEPOT.HOUSE", "is new and required", SENDER),
    Edit("new-optional-request-parameter", "name: DEPOT.LANGUAGE", "name: DEPOT.HOUSE", "is new and optional", NOBODY),
    Edit(
        "request-parameter-enum-value-removed", "enum: [en, nl]", "enum: [en]", "extend_loan may be nl no more", SENDER
    ),
    Edit("request-parameter-enum-value-added", "enum: [en, nl]", "enum: [en, nl, fr]", "may be fr", NOBODY),
    Edit(
        "request-parameter-became-enum", TOOL_ID, f"{TOOL_ID}, enum: ['1', '2']", "has a list of values: 1, 2", SENDER
    ),
    Edit(
        "request-parameter-min-length-increased", "minLength: 12", "minLength: 16", "has minLength 16, was 12", SENDER
    ),
    Edit("request-parameter-min-length-decreased", "minLength: 12", "minLength: 8", "has minLength 8, was 12", NOBODY),
    Edit("request-parameter-max-length-set", TOOL_ID, f"{TOOL_ID}, maxLength: 9", "maxLength 9, was without", SENDER),
    Edit("request-parameter-max-length-increased", "maxLength: 20}", "maxLength: 30}", "maxLength 30, was 20", NOBODY),
    Edit("request-parameter-pattern-added", TOOL_ID, f"{TOOL_ID}, pattern: '^[0-9]'", "has a pattern", SENDER),
    Edit("x-given-once", "tool.\n", "tool.\n      x-given-once: true\n", "has now the x-given-once", SENDER),
    Edit("x-default", "Which inspections.\n", "Which inspections.\n          x-default: open\n", "x-default", NOBODY),
    Edit(
        "x-one-call",
        "      operationId: list_i",
        "      x-one-call: refund\n      operationId: list_i",
        "has now the x-one-call",
        SENDER,
    ),
    # Bodies that are sent.
    Edit(
        "request-body-became-required",
        "requestBody:\n",
        "requestBody:\n        required: true\n",
        "the body of extend_loan is required",
        SENDER,
        ("requestBody:\n        required: true\n", "requestBody:\n"),
    ),
    Edit(
        "request-body-became-optional",
        "requestBody:\n        required: true\n",
        "requestBody:\n",
        "is optional now",
        NOBODY,
    ),
    Edit("request-body-media-type-removed", *XML, "the body of waive_fee is application/json no more", SENDER),
    Edit(
        "request-property-became-required", "[loanLines]", "[loanLines, clerkNote]", "clerkNote is required now", SENDER
    ),
    Edit("request-property-became-optional", "required: [waiver]", "required: []", "waiver is optional now", NOBODY),
    Edit("request-property-removed", "        fault: {type: string}\n", "", "RepairCreate.fault is gone", SENDER),
    Edit(
        "new-required-request-property",
        "[budget]\n      properties:\n",
        "[budget, by]\n      properties:\n        by: {type: string}\n",
        "RepairCreate.by is new and required",
        SENDER,
    ),
    Edit(
        "new-optional-request-property",
        NOTE,
        f"{NOTE}        by: {{type: string}}\n",
        "Waiver.by is new and optional",
        NOBODY,
    ),
    Edit(
        "request-property-type-changed", "clerkNote: {type: string}", "clerkNote: {type: integer}", "was string", SENDER
    ),
    Edit(
        "request-property-type-specialized",
        "WaiverAmount: {type: number",
        "WaiverAmount: {type: integer",
        "is int",
        SENDER,
    ),
    Edit(
        "request-property-became-nullable",
        "clerkNote: {type: string}",
        "clerkNote: {type: [string, 'null']}",
        "null or",
        NOBODY,
    ),
    Edit(
        "request-property-became-not-nullable", "type: [string, 'null']", "type: string", "returnedAt is string", SENDER
    ),
    Edit("request-property-max-decreased", "maximum: 0", "maximum: -1", "WaiverAmount has maximum -1, was 0", SENDER),
    Edit("request-property-max-removed", ", maximum: 0}", "}", "WaiverAmount has no maximum, was 0", NOBODY),
    Edit(
        "request-property-max-made-exclusive",
        "maximum: 0",
        "exclusiveMaximum: 0",
        "has exclusiveMaximum 0, was maximum 0",
        SENDER,
    ),
    Edit("request-property-min-set", "maximum: 0", "maximum: 0, minimum: -9", "has minimum -9, was without", SENDER),
    Edit(
        "request-property-min-increased", "minimum: 1\n", "exclusiveMinimum: 1\n", "has exclusiveMinimum 1, was", SENDER
    ),
    Edit("the-same-bound", "minimum: 1\n", "exclusiveMinimum: 0\n", "DayCount says the same in other words", NOBODY),
    Edit("request-property-min-items-removed", "minItems: 1, ", "", "loanLine has no minItems, was 1", NOBODY),
    Edit("request-property-max-items-set", "minItems: 1, ", "minItems: 1, maxItems: 5, ", "has maxItems 5", SENDER),
    Edit(
        "request-property-enum-value-removed", "[RAIN, JOB_NOT_DONE]", "[RAIN]", "may be JOB_NOT_DONE no more", SENDER
    ),
    Edit(
        "request-property-enum-value-added", "[RAIN, JOB_NOT_DONE]", "[RAIN, JOB_NOT_DONE, ILL]", "may be ILL", NOBODY
    ),
    Edit(
        "request-property-const-changed",
        "enum: [RAIN, JOB_NOT_DONE]",
        "const: RAIN",
        "may be JOB_NOT_DONE no more",
        SENDER,
    ),
    Edit("request-property-pattern-added", "remark: {", "remark: {pattern: '^a', ", "remark has a pattern", SENDER),
    Edit(
        "request-property-pattern-changed",
        "'^[0-9]{4}-",
        "'^[0-9]{5}-",
        "returnedAt has another pattern",
        UNDECIDED_SENDER,
    ),
    Edit(
        "request-property-pattern-removed",
        "remark: {pattern: '^a', ",
        "remark: {",
        "remark has no pattern",
        NOBODY,
        ("remark: {", "remark: {pattern: '^a', "),
    ),
    Edit("request-property-format-changed", "format: date-time", "format: date", "has format date, was format", NOBODY),
    Edit(
        "request-property-additional-properties-closed",
        PART,
        f"{PART}      additionalProperties: false\n",
        "Part takes no other fields",
        SENDER,
        (f"{PART}      additionalProperties: false\n", PART),
    ),
    Edit(
        "request-property-additional-properties-opened",
        f"{PART}      additionalProperties: false\n",
        PART,
        "Part takes other fields",
        NOBODY,
    ),
    Edit(
        "request-property-any-of-removed",
        "{anyOf: [{type: array}, {type: object}]}",
        "{type: array}",
        "tools may be object no more",
        SENDER,
        (TOOLS, "tools: {anyOf: [{type: array}, {type: object}]}"),
    ),
    Edit(
        "the-same-any-of",
        "[{type: array}, {type: object}]",
        "[{type: object}, {type: array}]",
        "tools says the same",
        NOBODY,
        (TOOLS, "tools: {anyOf: [{type: array}, {type: object}]}"),
    ),
    Edit(
        "xml-elements-reordered",
        AMOUNT + NOTE,
        NOTE + AMOUNT,
        "Waiver has its elements in another order: note, am",
        SENDER,
        XML,
    ),
    Edit(
        "properties-reordered",
        AMOUNT + NOTE,
        NOTE + AMOUNT,
        "Waiver has its properties in another order: note, am",
        NOBODY,
    ),
    Edit(
        "xml-element-renamed",
        NOTE,
        NOTE.replace("}", ", xml: {name: n}}"),
        "note is called otherwise in XML",
        SENDER,
        XML,
    ),
    Edit(
        "rule-changed", "maximum: 0}", "maximum: 0, x-rule: {maximum: RF201}}", "is judged by RF201 (maximum)", NOBODY
    ),
    # What comes back.
    Edit(
        "response-non-success-status-removed", '"404": {description: No such loan.}', "", "status 404 no more", NOBODY
    ),
    Edit(
        "response-success-status-added",
        '"404": {desc',
        '"202": {desc',
        "return_loan answers with status 202 too",
        READER,
    ),
    Edit(
        "response-media-type-removed",
        "application/json:\n              schema: {$ref: '#/components/schemas/Fees",
        "application/xml:\n              schema: {$ref: '#/components/schemas/Fees",
        "the 200 of waive_fee is application/json no more",
        READER,
    ),
    Edit("response-property-became-optional", "required: [id]", "required: []", "Repair.id is optional now", READER),
    Edit(
        "response-property-became-required", "required: [id]", "required: [id, fault]", "fault is required now", NOBODY
    ),
    Edit(
        "response-required-property-removed",
        "        asked_at: {type: string}\n",
        "",
        "Repair.asked_at is gone",
        READER,
    ),
    Edit(
        "response-optional-property-added",
        "        dueOn:",
        "        dueAt: {type: string}\n        dueOn:",
        "dueAt is new",
        NOBODY,
    ),
    Edit(
        "response-property-became-nullable",
        "dueOn: {type: string}",
        "dueOn: {type: [string, 'null']}",
        "null or",
        READER,
    ),
    Edit("response-property-type-generalized", "fitted: {type: boolean}", "fitted: {}", "fitted is anything", READER),
    Edit(
        "response-property-type-specialized",
        "FeeAmount: {type: number",
        "FeeAmount: {type: integer",
        "is integer",
        NOBODY,
    ),
    Edit("response-property-enum-value-added", "[EUR, CHF]", "[EUR, CHF, SEK]", "Fees.currency may be SEK", READER),
    Edit("response-property-enum-value-removed", "[EUR, CHF]", "[EUR]", "Fees.currency may be CHF no more", NOBODY),
    Edit("response-property-enum-opened", CURRENCY, OPEN_CURRENCY, "currency has no list of values", READER),
    Edit(
        "response-property-open-enum-value-added",
        "[EUR, CHF]",
        "[EUR, CHF, SEK]",
        "an open list, may be SEK",
        NOBODY,
        (CURRENCY, OPEN_CURRENCY),
    ),
    Edit(
        "response-property-max-increased",
        "maximum: 8",
        "maximum: 9",
        "FeeAmount has maximum 9, was 8",
        READER,
        ("FeeAmount: {type: number}", "FeeAmount: {type: number, maximum: 8}"),
    ),
    Edit(
        "response-property-max-decreased",
        "maximum: 8",
        "maximum: 7",
        "FeeAmount has maximum 7, was 8",
        NOBODY,
        ("FeeAmount: {type: number}", "FeeAmount: {type: number, maximum: 8}"),
    ),
    Edit(
        "response-property-pattern-changed",
        "pattern: '^[0-9]'",
        "pattern: '^[1-9]'",
        "dueOn has another pattern",
        UNDECIDED_READER,
        ("dueOn: {", "dueOn: {pattern: '^[0-9]', "),
    ),
    Edit(
        "response-property-any-of-added",
        BROUGHT,
        "tools: {anyOf: [{type: array}, {type: object}]}",
        "tools may be object too",
        READER,
    ),
    # The same on the wire.
    Edit("component-replaced", "schemas/Part'}", "schemas/RepairPart'}", "parts is RepairPart, was Part", NOBODY),
    # What has no words of its own cannot be decided, on its own side.
    Edit(
        "response-header-changed",
        "The request was refused.}",
        "The request was refused., headers: {Retry-After: {}}}",
        "the 400 of return_loan has now the headers",
        UNDECIDED_READER,
    ),
    Edit(
        "request-parameter-style-changed",
        "name: DEPOT.LANGUAGE",
        "name: DEPOT.LANGUAGE\n          style: simple",
        "DEPOT.LANGUAGE of extend_loan has now the style",
        UNDECIDED_SENDER,
    ),
]
