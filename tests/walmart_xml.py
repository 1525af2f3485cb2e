"""XML documents of walmart_ca, and the schemas that they follow."""

from __future__ import annotations

from decimal import Decimal

import story
from refundkit import operations
from refundkit.xml_writer import write_xml

XML = "application/xml"
NAMESPACE = "http://walmart.com/mp/v3/orders"
REFUND = operations.get("walmart_ca.refund_order_lines")
REFUND_SCHEMA = REFUND.schema()
ORDER_SCHEMA = REFUND.schema("200")
ERRORS_SCHEMA = REFUND.schema("400")
NAMES = list(operations.of_api("walmart_ca"))
WAYS = ["sync", "sync_detailed", "asyncio", "asyncio_detailed"]
SECRET = "a-secret-of-our-own"


# Written by hand from the published element order and namespace; REFUND_IN_REVERSE has the same fields, reversed.
DOCUMENT = f"""<?xml version='1.0' encoding='utf-8'?>
<orderRefund xmlns="{NAMESPACE}">
  <purchaseOrderId>1796277083022</purchaseOrderId>
  <orderLines>
    <orderLine>
      <lineNumber>1</lineNumber>
      <refunds>
        <refund>
          <refundId>R&amp;1</refundId>
          <refundComments>&lt;Lid&gt; was cracked</refundComments>
          <refundCharges>
            <refundCharge>
              <refundReason>Shipping &amp; Delivery -&gt; Damaged</refundReason>
              <charge>
                <chargeType>PRODUCT</chargeType>
                <chargeName>Item Price</chargeName>
                <chargeAmount>
                  <currency>CAD</currency>
                  <amount>-19.99</amount>
                </chargeAmount>
                <tax>
                  <taxName>HST</taxName>
                  <taxAmount>
                    <currency>CAD</currency>
                    <amount>-2.60</amount>
                  </taxAmount>
                </tax>
              </charge>
            </refundCharge>
            <refundCharge>
              <refundReason>DamagedItem</refundReason>
              <charge>
                <chargeType>SHIPPING</chargeType>
                <chargeName>Shipping</chargeName>
                <chargeAmount>
                  <currency>CAD</currency>
                  <amount>-100</amount>
                </chargeAmount>
              </charge>
            </refundCharge>
          </refundCharges>
        </refund>
      </refunds>
    </orderLine>
    <orderLine>
      <lineNumber></lineNumber>
    </orderLine>
  </orderLines>
</orderRefund>
"""
CHARGES = [
    {
        "charge": {
            "tax": {"taxAmount": {"amount": Decimal("-2.60"), "currency": "CAD"}, "taxName": "HST"},
            "chargeAmount": {"amount": Decimal("-19.99"), "currency": "CAD"},
            "chargeName": "Item Price",
            "chargeType": "PRODUCT",
        },
        "refundReason": "Shipping & Delivery -> Damaged",
    },
    {
        "charge": {
            "chargeAmount": {"amount": Decimal("-1E+2"), "currency": "CAD"},
            "chargeName": "Shipping",
            "chargeType": "SHIPPING",
        },
        "refundReason": "DamagedItem",
    },
]
REFUND_IN_REVERSE = {
    "orderRefund": {
        "orderLines": {
            "orderLine": [
                {
                    "refunds": {
                        "refund": [
                            {
                                "refundCharges": {"refundCharge": CHARGES},
                                "refundComments": "<Lid> was cracked",
                                "refundId": "R&1",
                            }
                        ]
                    },
                    "lineNumber": "1",
                },
                {"lineNumber": ""},
            ]
        },
        "purchaseOrderId": "1796277083022",
    }
}


def order_xml(prefix: str = "") -> bytes:
    """Return the spec's example order as XML, each element with the namespace prefix, if any."""
    data = write_xml(story.examples("walmart_ca.get_order", "200")[0], ORDER_SCHEMA)
    if prefix:
        text = data.decode().replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        text = text.replace(f"<{prefix}:?", "<?").replace(" xmlns=", f" xmlns:{prefix}=")
        data = text.encode()
    return data


ORDER_XML = order_xml()


HTML_PAGE = b"<!DOCTYPE html><html><body>Sorry</body></html>"
