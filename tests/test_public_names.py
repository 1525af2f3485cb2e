"""The names of the package: few, all there, and nothing else is shown."""

from __future__ import annotations

from decimal import Decimal

import refundkit
from refundkit import errors, models
from story import story, text


def test_the_package_shows_its_public_names_and_no_other() -> None:
    """`dir()` and a star import give the same names, at most 25, and each of them is there."""
    assert sorted(refundkit.__all__) == dir(refundkit)
    assert len(refundkit.__all__) <= 25
    assert all(hasattr(refundkit, name) for name in refundkit.__all__)


def test_rarer_exceptions_stand_with_the_errors() -> None:
    """What a program seldom catches is in refundkit.errors, not in the package."""
    rarer = {"ConfigError", "DecodeError", "DraftError", "NotRun", "NotSent", "RefundNotChecked", "StatusError"}
    assert rarer <= set(errors.__all__)
    assert not rarer & set(dir(refundkit))
    assert not any(hasattr(refundkit, name) for name in rarer)


def test_the_forms_of_a_model() -> None:
    """A model is written as JSON to the last digit and read again; `wire=True` writes what a client sends."""
    request = refundkit.decode(
        models.walmart_ca.OrderRefundRequest, text(story("walmart_ca.refund_order_lines")["body"])
    )
    assert refundkit.decode(models.walmart_ca.OrderRefundRequest, refundkit.encode(request)) == request
    assert refundkit.encode(request, wire=True).startswith(b"<?xml")
    assert refundkit.encode(request.order_refund, wire=True) == refundkit.encode(request, wire=True)
    money = models.walmart.RefundMoney(amount=Decimal("-5.00"), currency=models.as_currency("USD"))
    assert refundkit.encode(money) == b'{"currency":"USD","amount":-5.00}'


def test_the_models_of_an_api_and_its_clients_are_names() -> None:
    """`refundkit.models` shows each API's models and clients, and every name that it shows is there."""
    assert dir(models) == models.__all__
    assert all(hasattr(models, name) for name in models.__all__)
