"""Rules on documents (RF0xx) and shapes (RF1xx): reading/ and schema.py report them, this module documents them.

A function without parameters never runs; it only holds the rule's id, name and docs.
"""

from __future__ import annotations

from ..rule import rule


@rule("RF001", "invalid-document")
def invalid_document() -> None:
    """The text is not one JSON, YAML or XML document.

    What one parser forgives another reads as something else, and a refund is no place for that. This is also said of
    NaN and Infinity, bad UTF-8, a lone surrogate, text after the document, an empty document, a number literal of over
    400 characters or with an exponent beyond 308, an XML document type or entity, YAML aliases that expand beyond 1,000
    nodes, and, on the command line, a document of over 8 MiB: a file, or a line of JSON Lines, or an entry of an array.
    A UTF-8 byte order mark is accepted.

    Bad:
        text: '{"a":'
    Good:
        {}
    """


@rule("RF002", "duplicate-key")
def duplicate_key() -> None:
    """An object names a key twice.

    Servers disagree on which of the two counts, so the amount you read may not be the amount that is refunded. Of an
    order given as context only what its model holds is held to this: another field is nobody's cap.

    Bad:
        text: '{"order_refund": {"amount": "5.00", "amount": "50.00"}}'
        operation: woocommerce_legacy.create_refund
    Good:
        {}
    """


@rule("RF003", "unknown-operation")
def unknown_operation() -> None:
    """Nothing says which operation the payload is for.

    A payload that is held to no schema would pass in silence. Name the operation by `--as`, by `files` in the
    configuration, or in the request itself.

    Bad:
        text: '{"orderRefund": {}}'
        operation: null
    Good:
        {}
    """


@rule("RF004", "nested-too-deeply")
def nested_too_deeply() -> None:
    """The document nests deeper than 64 levels.

    No request of these APIs needs a tenth of that; parsers differ on where they give up, or crash.

    Bad:
        text: >-
            [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
            ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
    Good:
        {}
    """


@rule("RF005", "wrong-context")
def wrong_context() -> None:
    """The order or an earlier refund, given as context, is not the one of this refund.

    Caps that are held against another order are worse than none. Also said when the context is no such response at
    all, `{}` included, and with a hint when the path holds Walmart's customer order id. An order is read without its
    wrapper too, as it stands in a list of orders.

    Bad:
        order: {}
    Good:
        {}
    """


@rule("RF006", "context-missing")
def context_missing() -> None:
    """Context that was required is not there.

    Said only when asked for (`--require-context`, `require=`, the guard): without the order nothing holds the refund
    to what was charged.

    Bad:
        require: [order]
        order: null
    Good:
        require: [order]
    """


@rule("RF007", "internal-error")
def internal_error() -> None:
    """A defect of refundkit was met in this payload.

    Its kind and place are named, never the payload's words. The other payloads are judged all the same, this one is
    not: the command ends with status 2, and neither `ignore` nor a baseline takes this away.

    Bad:
        defect: true
    Good:
        {}
    """


@rule("RF008", "history-differs", severity="warning")
def history_differs() -> None:
    """The order and the list of earlier refunds tell different histories.

    A lookup that failed gives an empty list, one page of several too short a one. For each line and charge the larger
    of the two counts, so that nothing is counted twice and nothing is taken away.

    Bad:
        operation: taxcloud.refund_order
        order:/refunds: [{items: [{itemId: CHAIR-OAK, quantity: 0.5, index: 0}]}]
        refunds: []
    Good:
        {}
    """


@rule("RF101", "missing-field")
def missing_field() -> None:
    """A required field is missing.

    Bad:
        operation: woocommerce_legacy.create_refund
        /order_refund/amount: null
    Good:
        {}
    """


@rule("RF102", "wrong-type")
def wrong_type() -> None:
    """A value is of another type than the schema says; 1.0 is an integer, as JSON Schema has it.

    Bad:
        …/chargeAmount/amount: "-19.99"
    Good:
        …/chargeAmount/amount: -19.99
    """


@rule("RF103", "unknown-field")
def unknown_field() -> None:
    """A field that neither the request's nor the response's schema knows.

    Servers drop it in silence, and what it was meant to do does not happen. The nearest known name is suggested; the
    rest of the body is judged without the field.

    Bad:
        …/chargeAmount/ammount: -19.99
    Good:
        {}
    """


@rule("RF104", "value-not-allowed")
def value_not_allowed() -> None:
    """A value is none of those that the schema lists.

    Bad:
        …/chargeAmount/currency: US Dollar
    Good:
        …/chargeAmount/currency: USD
    """


@rule("RF105", "out-of-range")
def out_of_range() -> None:
    """A number lies outside its bounds.

    Bad:
        operation: taxcloud.refund_order
        /items/0/cartItemIndex: -1
    Good:
        {}
    """


@rule("RF106", "wrong-length")
def wrong_length() -> None:
    """A text or list is too short or too long: a refund of no line refunds nothing.

    Bad:
        /orderRefund/orderLines/orderLine: []
    Good:
        {}
    """


@rule("RF107", "wrong-format")
def wrong_format() -> None:
    """A text is not of the form that the schema asks for, such as a date-time with its offset.

    Bad:
        operation: taxcloud.refund_order
        /returnedDate: 2026-02-30 12:00
    Good:
        {}
    """


@rule("RF108", "server-field", source="taxcloud-refund, live server")
def server_field() -> None:
    """A field that the server computes is sent.

    It is ignored at best; TaxCloud prices the refund itself, by the discounted price that was paid. The rest of the
    body is judged without the field.

    Bad:
        operation: woocommerce_legacy.create_refund
        /order_refund/id: 4711
    Good:
        {}
    """


@rule("RF109", "no-variant")
def no_variant() -> None:
    """A value fits none of the variants that the schema allows; the one that got furthest is reported.

    Bad:
        operation: woocommerce_legacy.create_refund
        /order_refund/line_items: all of them
    Good:
        {}
    """


@rule("RF110", "element-order", severity="warning", source="published schema")
def element_order() -> None:
    """The elements of an XML body stand in another order than the schema has them.

    Walmart's schema wants its order; what servers do with another one is not known. Each pair of elements is named
    once.

    Bad:
        text: >-
            <orderRefund xmlns="http://walmart.com/mp/v3/orders"><orderLines/><purchaseOrderId/></orderRefund>
    Good:
        {}
    """


@rule("RF111", "no-namespace", severity="off", source="published schema")
def no_namespace() -> None:
    """The elements of an XML body are in no namespace.

    The vendor's own examples have none either, so they are read as the schema's own.

    Bad:
        text: <orderRefund><purchaseOrderId/></orderRefund>
    Good:
        {}
    """


@rule("RF112", "ignored-field", severity="warning", source="live server")
def ignored_field() -> None:
    """A field that the server does not know, and ignores.

    WooCommerce's request objects are open, since plugins add fields: what no plugin of the shop reads does nothing. A
    name that is nearly a known one is RF103, one that the server computes RF108.

    Bad:
        operation: woocommerce.create_refund
        /notify_customer: true
    Good:
        operation: woocommerce.create_refund
        /api_restock: true
    """


@rule("RF317", "repeated-refund", on=("refunds",))
def repeated_refund() -> None:
    """A batch sends the same refund twice, or two refunds under one id.

    Only with `--batch`, which takes the records of a run for one batch that is about to be sent: it also adds up the
    records of one order for every cap, in their order. Two records of one order with the same body pay twice. Two
    with one correlation id or idempotency key and different bodies look like one to the server. Spaces, the order of
    keys and zeros at the end of a number make no other body. Below, `before` is an earlier record of the batch.

    Bad:
        before: {}
    Good:
        before: {…/chargeAmount/amount: -1.00, "header:WM_QOS.CORRELATION_ID": 5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a11}
        …/chargeAmount/amount: -1.01
        …/tax: null
    """
