"""Running the command in tests, and the payloads that it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import jsonschema
from processes import WITHIN
from story import examples, text

CA: Final = "walmart_ca.refund_order_lines"
US: Final = "walmart.refund_order_lines"
SHOP: Final = "woocommerce_legacy.create_refund"
UPDATE: Final = "woocommerce_legacy.update_refund"
TAX: Final = "taxcloud.refund_order"
ID = "2961380412345"
AMOUNT = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundCharges/refundCharge/0/charge/chargeAmount/amount"
LINE = "/orderRefund/orderLines/orderLine/0/lineNumber"
CARD, IBAN = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"
SECRET = "tok-9f8e7d6c5b4a"
GUID = "7d0c94b1-52a3-4c1e-9a57-6f0b2f9a6c44"
SCHEMA = json.loads(files("refundkit").joinpath("report", "output.schema.json").read_text("utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)

# A refund as a person lays it out: the amount stands alone on line 9.
REFUND = """\
{
  "orderRefund": {
    "purchaseOrderId": "%s",
    "orderLines": {"orderLine": [{
      "lineNumber": "%s",
      "refunds": {"refund": [{"refundCharges": {"refundCharge": [{
        "refundReason": "%s",
        "charge": {"chargeType": "PRODUCT", "chargeName": "ItemPrice", "chargeAmount": {
          "amount": %s,
          "currency": "USD"
        }}
      }]}}]}
    }]}
  }
}
"""


def refund(amount: str = "-1.00", *, order: str = ID, line: str = "1", reason: str = "DamagedItem") -> str:
    """The body of a Walmart refund, ten lines of it before the amount."""
    return REFUND % (order, line, reason, amount)


def flat(body: str) -> str:
    """A document on one line, its literals as they were."""
    return "".join(line.strip() for line in body.splitlines())


def asking(operation: str, rest: str) -> str:
    """A whole request, as text, on one line unless the rest has more."""
    return f'{{"operation": "{operation}", {rest}}}'


class Outcome(NamedTuple):
    """What one run of the command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON output, held to the schema that ships with the package."""
        found = json.loads(self.out)
        VALID.validate(found)
        return found

    @property
    def codes(self) -> list[str]:
        """The ids of the findings of the JSON output, in its order."""
        return [one["code"] for one in self.document["findings"]]

    @property
    def only(self) -> dict[str, Any]:
        """The one finding of the JSON output."""
        (found,) = self.document["findings"]
        return dict(found)


Cli = Callable[..., Outcome]


def command(*arguments: str, stdin: bytes = b"", **environment: str) -> Outcome:
    """Runs the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "refundkit", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=WITHIN,
        env={**os.environ, **module_paths(), **environment},
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def module_paths() -> dict[str, str]:
    """Return the environment in which a child finds the same modules."""
    return {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


def write(name: str, content: str | bytes) -> str:
    """Writes a file below the folder the command runs in; its name."""
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def example_order(api: str) -> bytes:
    """The order of the spec's example, as JSON."""
    return text(examples(f"{api}.get_order", "200")[0])


def on_terminal(**environment: str) -> str:
    """What the command writes to a terminal."""
    control, terminal = os.openpty()
    with os.fdopen(control, "rb", buffering=0) as reading:
        with os.fdopen(terminal, "wb") as writing:
            subprocess.run(
                [sys.executable, "-m", "refundkit", "check", "--isolated", "--as", CA, "r.json"],
                stdout=writing,
                env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **module_paths(), **environment},
                timeout=WITHIN,
                check=False,
            )
        # A terminal's end of file is an error on Linux; all of it fits into its buffer.
        return reading.read(1 << 16).decode()


def xml_refund(amount: str) -> str:
    """A refund in walmart_ca's wire format; the amount is on line 4."""
    return (
        f'<orderRefund xmlns="http://walmart.com/mp/v3/orders"><purchaseOrderId>{ID}</purchaseOrderId><orderLines>\n'
        "<orderLine><lineNumber>1</lineNumber><refunds><refund><refundCharges><refundCharge><refundReason>Others"
        "</refundReason>\n<charge><chargeType>PRODUCT</chargeType><chargeName>Item Price</chargeName><chargeAmount>\n"
        f"<currency>CAD</currency><amount>{amount}</amount></chargeAmount></charge></refundCharge></refundCharges>"
        "</refund></refunds></orderLine></orderLines></orderRefund>"
    )


def digits(shown: str) -> str:
    """A text without what separates groups of digits."""
    return shown.replace(" ", "").replace("-", "")
