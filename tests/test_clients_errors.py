"""The generated clients over a socket: which error each kind of bad response raises."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import story
from api_server import (
    HIDDEN,
    JSON,
    OPERATIONS,
    WAYS,
    Server,
    call_error,
    success,
)
from refundkit import operations
from refundkit_apis._runtime import errors

GATEWAY = {
    "errors": {
        "error": [
            {
                "code": "INVALID_REQUEST_CONTENT.GMP_ORDER_API",
                "field": HIDDEN,
                "description": "The amount is too large",
                "info": HIDDEN,
                "severity": "ERROR",
                "category": "DATA",
            },
            {"code": HIDDEN, "description": HIDDEN},
        ]
    }
}
SHOP = {"errors": [{"code": "woocommerce_api_invalid_refund", "message": "No such refund"}, {"code": HIDDEN}]}
WP = {
    "code": "woocommerce_rest_invalid_order_refund",
    "message": "No such refund",
    "data": {"status": 404, "info": HIDDEN},
}
PROBLEM = {
    "type": HIDDEN,
    "title": "Unprocessable Entity",
    "status": 422,
    "detail": "validation failed",
    "errors": [{"location": "body.items[0].quantity", "message": HIDDEN, "value": HIDDEN}],
}
DOCUMENTED: dict[str, tuple[str, Any, str, str]] = {
    "walmart": (JSON, GATEWAY, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "The amount is too large"),
    "walmart_ca": (JSON, GATEWAY, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "The amount is too large"),
    "woocommerce": (JSON, WP, "woocommerce_rest_invalid_order_refund", "No such refund"),
    "woocommerce_legacy": (JSON, SHOP, "woocommerce_api_invalid_refund", "No such refund"),
    "taxcloud": ("application/problem+json", PROBLEM, "Unprocessable Entity", "validation failed"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_documented_error_status_raises(server: Server, name: str) -> None:
    """Each documented error status raises StatusError with the API's code and reason, and shows no more."""
    statuses = [status for status in operations.get(name).described.responses if not status.startswith("2")]
    assert len(statuses) >= 3
    media_type, body, code, reason = DOCUMENTED[name.partition(".")[0]]
    for status in statuses:
        server.answer(int(status), json.dumps(body).encode(), {"Content-Type": media_type})
        error = call_error(name, server.client(), errors.StatusError)
        assert (error.status, error.code, error.reason) == (int(status), code, reason)
        assert str(error) == f"HTTP {status}: {code} {reason}"
        assert error.response.json() == body


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_way_of_calling_returns_an_error(server: Server, name: str, way: str) -> None:
    """Each way to call each operation raises StatusError on a 400 instead of returning a value."""
    server.answer(400, json.dumps(DOCUMENTED[name.partition(".")[0]][1]).encode())
    assert call_error(name, server.client(), errors.StatusError, way).status == 400


@pytest.mark.parametrize(
    ("name", "body", "code", "reason"),
    [
        (
            "woocommerce_legacy.get_order",
            {"errors": {"code": "disabled", "message": "API is off"}},
            "disabled",
            "API is off",
        ),
        (
            "woocommerce_legacy.get_order",
            {"code": "internal_server_error", "message": "A critical error", "data": {"status": 500, "x": HIDDEN}},
            "internal_server_error",
            "A critical error",
        ),
        ("walmart.get_order", {"errors": {"error": [{"code": "A", "info": "Look here"}]}}, "A", "Look here"),
        ("walmart.get_order", {"errors": {"error": {"code": "A", "description": None}}}, "A", None),
        ("taxcloud.get_order", {"title": "Not Found", "errors": None}, "Not Found", None),
        ("taxcloud.get_order", {"errors": [{"message": "no such order", "location": HIDDEN}]}, None, "no such order"),
        ("taxcloud.get_order", {"title": True, "detail": {"a": HIDDEN}}, None, None),
    ],
)
def test_code_and_reason_are_found_in_every_error_form(
    server: Server, name: str, body: Any, code: str | None, reason: str | None
) -> None:
    """StatusError has code and reason for every form of error body that the APIs send."""
    server.answer(500, json.dumps(body).encode())
    error = call_error(name, server.client(), errors.StatusError)
    assert (error.code, error.reason) == (code, reason)


def test_integer_code_becomes_text(server: Server) -> None:
    """An integer error code, which WooCommerce allows, becomes a text in StatusError."""
    server.answer(404, b'{"errors": [{"code": 404, "message": "No route"}]}')
    assert call_error("woocommerce_legacy.get_order", server.client(), errors.StatusError).code == "404"


UNKNOWN_FORMS = [
    ("text/html", f"<html><body>{HIDDEN}</body></html>".encode()),
    (JSON, b""),
    (JSON, b'{"errors": [{"code": "A", "mess'),
    (JSON, b"\xff\xfe\x00"),
    (JSON, b"[" * 100_000),
    (JSON, b"null"),
    (JSON, b"5"),
    (JSON, f'"{HIDDEN}"'.encode()),
    (JSON, f'["{HIDDEN}"]'.encode()),
    (JSON, b'[{"code": "A"}]'),
    (JSON, b"{}"),
    (JSON, b'{"errors": []}'),
    (JSON, b'{"errors": ["x"]}'),
    (JSON, b'{"errors": {"error": []}}'),
    (JSON, b'{"errors": {"error": "x"}}'),
]


@pytest.mark.parametrize(("media_type", "body"), UNKNOWN_FORMS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("status", [404, 500])
def test_error_of_unknown_form_is_a_status_error(server: Server, status: int, media_type: str, body: bytes) -> None:
    """An error body of unknown form raises StatusError without code and reason."""
    server.answer(status, body, {"Content-Type": media_type})
    error = call_error("walmart.refund_order_lines", server.client(), errors.StatusError)
    assert (error.status, error.code, error.reason, str(error)) == (status, None, None, f"HTTP {status}")
    assert error.response.content == body


@pytest.mark.parametrize("status", [418, 499, 520, 521, 599])
@pytest.mark.parametrize("name", ["walmart.get_order", "woocommerce_legacy.delete_refund", "taxcloud.refund_order"])
def test_undocumented_status_is_a_status_error(server: Server, name: str, status: int) -> None:
    """An undocumented status raises StatusError with that status."""
    server.answer(status, b"")
    assert call_error(name, server.client(), errors.StatusError).status == status


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(server: Server, status: int) -> None:
    """A redirect raises StatusError, and the refund is sent once, to the address that the caller named."""
    server.answer(status, b"", {"Location": f"{server.url}/elsewhere"})
    assert call_error("walmart.refund_order_lines", server.client(), errors.StatusError).status == status
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("request_headers", "response_headers", "request_id"),
    [
        ({"WM_QOS.CORRELATION_ID": "sent"}, {"WM_QOS.CORRELATION_ID": "back"}, "back"),
        ({"WM_QOS.CORRELATION_ID": "sent"}, {"X-Request-Id": "edge"}, "edge"),
        ({"WM_QOS.CORRELATION_ID": "sent"}, {}, "sent"),
        ({}, {"x-request-id": "edge"}, "edge"),
        ({}, {}, None),
    ],
)
def test_error_has_a_request_id(
    server: Server, request_headers: dict[str, str], response_headers: dict[str, str], request_id: str | None
) -> None:
    """`request_id` is the id that the server returned, else the one that was sent, else None."""
    server.answer(500, b"", response_headers)
    error = call_error("walmart.get_order", server.client(headers=request_headers), errors.StatusError)
    assert error.request_id == request_id


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_truncated_success_is_a_decode_error(server: Server, name: str, way: str) -> None:
    """Truncated JSON with a success status raises DecodeError, which holds the response and does not show it."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer)[:-2] + HIDDEN.encode())
    error = call_error(name, server.client(), errors.DecodeError, way)
    assert error.response.status_code == status
    assert str(error) == f"HTTP {status} with a body that is no JSON (application/json)"


@pytest.mark.parametrize(
    ("media_type", "body", "words"),
    [
        ("text/html; charset=utf-8", b"<html>", "HTTP 200 with a body that is no JSON (text/html; charset=utf-8)"),
        (JSON, b"", "HTTP 200 with a body that is no JSON (application/json)"),
        (JSON, b'{"order": {"id": 1, "note": "\xff"}}', "HTTP 200 with a body that is no JSON (application/json)"),
        (JSON, b'{"order": {"id": ' + b"[" * 100_000, "HTTP 200 with a"),
        (JSON, b"null", "HTTP 200 with an undocumented body: Expected `object`, got `null`"),
        (JSON, b"[]", "HTTP 200 with an undocumented body: Expected `object`, got `array`"),
        (JSON, b"{}", "HTTP 200 with an undocumented body: Object missing required field `order`"),
        (JSON, b'{"order": {"id": "the-rest-of-the-body"}}', "a str that the schema refuses - at `$.order.id`"),
        (JSON, b'{"order": {"id": 1, "line_items": [], "total": true}}', "HTTP 200 with an undocumented body: "),
        (JSON, b'{"order": {"id": 1, "line_items": [], "total": 1e99999999999999999999}}', "HTTP 200 with a"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_undocumented_success_body_is_a_decode_error(server: Server, media_type: str, body: bytes, words: str) -> None:
    """A 200 with an undocumented body raises DecodeError, which says where it differs and shows no value."""
    server.answer(200, body, {"Content-Type": media_type})
    error = call_error("woocommerce_legacy.get_order", server.client(), errors.DecodeError)
    assert words in str(error)
    assert error.response.content == body


@pytest.mark.parametrize("way", ["sync", "asyncio"])
def test_success_that_lists_errors_is_a_status_error(server: Server, way: str) -> None:
    """A 200 whose body lists errors, as of a refused WooCommerce refund, raises StatusError."""
    server.answer(200, b'{"errors": [{"code": "error", "message": "Refund Failed: No transaction ID"}]}')
    error = call_error("woocommerce_legacy.create_refund", server.client(), errors.StatusError, way)
    assert (error.status, error.code, error.reason) == (200, "error", "Refund Failed: No transaction ID")


def test_error_survives_pickling(server: Server) -> None:
    """Pickling keeps the fields of StatusError and DecodeError, and their response."""
    server.answer(500, b'{"errors": [{"code": "A", "message": "no"}]}', {"X-Request-Id": "edge"})
    refused = call_error("woocommerce_legacy.get_order", server.client(), errors.StatusError)
    copy = pickle.loads(pickle.dumps(refused))  # noqa: S301 - pickled here
    assert (copy.status, copy.code, copy.reason, copy.request_id) == (500, "A", "no", "edge")
    assert str(copy) == str(refused)
    server.answer(200, b"{}")
    undecodable = call_error("woocommerce_legacy.get_order", server.client(), errors.DecodeError)
    copy = pickle.loads(pickle.dumps(undecodable))  # noqa: S301 - pickled here
    assert (str(copy), copy.response.content) == (str(undecodable), b"{}")
