"""What an audit looked at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit looked at; `not_run` counts the requests that some rules could not judge, by the missing part."""

    requests: int
    orders: int
    not_run: Mapping[str, int] = {}
