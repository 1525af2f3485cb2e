"""Recognizes hosts of this machine, of a private network, and placeholder hosts."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
_PRIVATE = tuple(map(ip_network, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10".split()))
_PRIVATE_SUFFIXES = (".local", ".test", ".internal", ".localhost")


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


def is_private(host: str) -> bool:
    """Return whether a host is of a private network: one label, *.local, *.test, *.internal, *.localhost, an address.

    Case and a trailing dot do not matter.
    """
    name = host.lower().removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_PRIVATE_SUFFIXES)
    return any(address in network for network in _PRIVATE)


def is_placeholder(host: str) -> bool:
    """Return whether a host is reserved for documentation (RFC 2606): example.com, *.example."""
    return f".{host}".endswith((".example.com", ".example.net", ".example.org", ".example"))
