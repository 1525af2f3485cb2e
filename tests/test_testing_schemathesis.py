"""schemathesis asks the documented servers over a socket: whatever the specs allow, and what they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from refundkit import testing
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from story import HEADERS, ROOT

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# Not among them: that every negative value is refused (servers ignore some), that an unknown method is a 405 (it is a
# 404, since no other status is documented), and that a missing credential in the spec's sense is a 401.
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KNOWN = {
    "purchaseOrderId": "2961380412345",
    "id": "1204",
    "refund_id": "1301",
    "connectionId": "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608",
    "orderId": "SO-1077",
}
SPECS = {api: schemathesis.openapi.from_path(ROOT / "specs" / f"{api}.yaml") for api in ("walmart", "woocommerce", "taxcloud")}
OPERATIONS = [
    (api, result.ok()) for api, spec in SPECS.items() for result in spec.get_all_operations()
]
