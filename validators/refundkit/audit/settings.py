"""What an audit is asked to do: its files, its rules and what it may use of the machine; made once."""

from __future__ import annotations

import attrs

from ..config import Config


@attrs.frozen(kw_only=True)
class AuditFiles:
    """The files of an audit, each read by its suffix; on a cluster every worker finds them under the same path."""

    requests: list[str]
    orders: list[str] = attrs.Factory(list)
    refunds: list[str] = attrs.Factory(list)


@attrs.frozen(kw_only=True)
class AuditSettings:
    """How to judge.

    `statuses`: only a request with a 2xx took effect; else all of them did. `carried`: the orders were read before the
    first request, so the refunds in them are earlier ones; else they may be the audited ones.
    """

    config: Config = attrs.Factory(Config)
    statuses: bool = False
    carried: bool = False


@attrs.frozen(kw_only=True)
class Resources:
    """About how many bytes reading and sorting may take, and how many processes judge, of 100 MB each."""

    memory: int = 1 << 30
    jobs: int = 1
