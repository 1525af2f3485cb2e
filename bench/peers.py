"""The validators that are measured, each a function that checks one payload."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import fastjsonschema
import jsonschema
import jsonschema_rs
import msgspec
import orjson
import refundkit
import yaml
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest
from refundkit import operations

from .payloads import OPERATION

ROOT = Path(__file__).parent.parent
Currency = Literal["USD", "CAD"]
Peer = Callable[[bytes], object]


class Money(msgspec.Struct, forbid_unknown_fields=True):
    amount: Decimal
    currency: Currency


class Tax(msgspec.Struct, forbid_unknown_fields=True):
    taxName: str
    taxAmount: Money


class Charge(msgspec.Struct, forbid_unknown_fields=True):
    chargeType: str
    chargeName: str
    chargeAmount: Money
    tax: Tax | None = None
    taxDetails: list[Tax] | None = None


class RefundCharge(msgspec.Struct, forbid_unknown_fields=True):
    refundReason: str
    charge: Charge


class RefundCharges(msgspec.Struct, forbid_unknown_fields=True):
    refundCharge: list[RefundCharge] | None = None


class Refund(msgspec.Struct, forbid_unknown_fields=True):
    refundCharges: RefundCharges
    refundId: str | None = None
    refundComments: str | None = None


class Refunds(msgspec.Struct, forbid_unknown_fields=True):
    refund: list[Refund]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    lineNumber: str
    refunds: Refunds
    isFullRefund: bool | None = None


class Lines(msgspec.Struct, forbid_unknown_fields=True):
    orderLine: list[Line]


class OrderRefund(msgspec.Struct, forbid_unknown_fields=True):
    purchaseOrderId: str
    orderLines: Lines


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """The request as plain Structs with Decimal amounts: decoding it is the lower bound of any check."""

    orderRefund: OrderRefund


def return_on(check: Callable[[bytes], object], *errors: type[Exception]) -> Peer:
    """Make a peer that returns None in place of raising these errors."""

    def peer(data: bytes) -> object:
        try:
            return check(data)
        except errors:
            return None

    return peer


def peers() -> dict[str, Peer]:
    """Return every validator by its name in the table."""
    schema = operations.get(OPERATION).schema()
    rust = jsonschema_rs.Draft202012Validator(schema)
    plain = jsonschema.Draft202012Validator(schema)
    fast: Any = fastjsonschema.compile(schema)
    model = pydantic_model()
    core = OpenAPI.from_dict(yaml.safe_load((ROOT / "specs" / "walmart.yaml").read_text("utf-8")))
    decoder = msgspec.json.Decoder(Body)
    return {
        "refundkit check, body": lambda data: refundkit.check(OPERATION, data),
        "msgspec decode (floor)": return_on(decoder.decode, msgspec.MsgspecError),
        "orjson.loads": orjson.loads,
        "orjson + jsonschema-rs is_valid": lambda data: rust.is_valid(orjson.loads(data)),
        "orjson + jsonschema-rs iter_errors": lambda data: list(rust.iter_errors(orjson.loads(data))),
        "pydantic": return_on(model.model_validate_json, ValueError),
        "orjson + fastjsonschema": return_on(
            lambda data: fast(orjson.loads(data)), fastjsonschema.JsonSchemaValueException
        ),
        "orjson + jsonschema": lambda data: list(plain.iter_errors(orjson.loads(data))),
        "openapi-core": lambda data: list(core.iter_request_errors(_request(data))),
    }


def peers_with_order() -> dict[str, Callable[[bytes, bytes], object]]:
    """Return the validators that check the order, too, by name."""
    body = jsonschema_rs.Draft202012Validator(operations.get(OPERATION).schema())
    order = jsonschema_rs.Draft202012Validator(operations.get(OPERATION).schema("200"))
    return {
        "refundkit check, body and order": lambda refund, order_text: refundkit.check(
            OPERATION, refund, order=order_text
        ),
        "orjson + jsonschema-rs, both": lambda refund, order_text: (
            body.is_valid(orjson.loads(refund)) and order.is_valid(orjson.loads(order_text))
        ),
    }


def _request(data: bytes) -> MockRequest:
    headers = {"WM_QOS.CORRELATION_ID": "5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10", "WM_SVC.NAME": "Example Shop"}
    headers["WM_SEC.ACCESS_TOKEN"] = "a-token-of-our-own"  # noqa: S105 - not a secret
    path = "/v3/orders/2961380412345/refund"
    return MockRequest("https://marketplace.walmartapis.com", "post", path, headers=headers, data=data)


def pydantic_model() -> Any:
    """Generate the pydantic model of the request from the same spec, by datamodel-code-generator."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "models.py"
        command = [
            *(sys.executable, "-m", "datamodel_code_generator", "--input", str(ROOT / "specs" / "walmart.yaml")),
            *(
                "--input-file-type",
                "openapi",
                "--output-model-type",
                "pydantic_v2.BaseModel",
                "--formatters",
                "builtin",
            ),
            *("--enum-field-as-literal", "all", "--output", str(target), "--target-python-version", "3.11"),
        ]
        subprocess.run(command, check=True, capture_output=True)
        spec = importlib.util.spec_from_file_location("bench_models", target)
        if spec is None or spec.loader is None:
            raise ImportError(str(target))
        module = importlib.util.module_from_spec(spec)
        sys.modules["bench_models"] = module
        spec.loader.exec_module(module)
    return module.OrderRefundRequest
