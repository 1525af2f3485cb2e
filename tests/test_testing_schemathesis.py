"""schemathesis asks the documented servers over a socket whatever the specs allow, and what they do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from refundkit import testing
from schemathesis import checks
from story import HEADERS, ROOT

EXAMPLES = 25
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
