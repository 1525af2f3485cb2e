"""What goes into an audit and what comes out, as Arrow schemas; every engine and the report keep to them."""

from __future__ import annotations

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")

REQUESTS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("time", MOMENT),
        pa.field("operation", pa.binary()),
        pa.field("path", pa.binary()),
        pa.field("query", pa.binary()),
        pa.field("headers", pa.binary()),
        pa.field("body", pa.binary()),
        pa.field("order", pa.binary()),
        pa.field("refunds", pa.binary()),
        pa.field("status", pa.int32()),
    ]
)
"""One request a row. `row` is its 0-based number in the input's own order. The texts are bytes, since a body that is no
UTF-8 is a finding and not an error: `operation` is a name, the others JSON. `status` is what the server answered."""

FINDINGS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("time", MOMENT),
        pa.field("operation", pa.string(), nullable=False),
        pa.field("order_id", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("help", pa.string(), nullable=False),
        pa.field("pointer", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("refunded", pa.string()),
        pa.field("currency", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
"""One finding a row, by request and, within one, by place. `operation` and `order_id` are "" where nobody tells.
`refunded` is what the whole request asks to give back, the absolute amounts added up, as an exact decimal literal; null
where the request names no money, as TaxCloud's never do.
`currency` is that of the money, null where nobody tells; `reason` is the first that the request gives."""
