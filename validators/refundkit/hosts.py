"""Recognizes hosts of this machine and placeholder hosts."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))


def is_loopback(host: str, *, strict: bool = False) -> bool:
    """Return whether a host is this machine: 127.0.0.0/8, ::1, localhost, *.localhost.

    Case and a trailing dot do not matter. `strict` refuses the names that some resolvers look up elsewhere:
    `*.localhost`, and any name with a trailing dot.
    """
    name = host.lower()
    if not strict:
        name = name.removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or (not strict and name.endswith(".localhost"))
    return any(address in network for network in _LOOPBACK)


def is_placeholder(host: str) -> bool:
    """Return whether a host is reserved for documentation (RFC 2606): example.com, *.example."""
    return f".{host}".endswith((".example.com", ".example.net", ".example.org", ".example"))
