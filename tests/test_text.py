"""Text for people, JSON pointers, and which hosts are this machine."""

from __future__ import annotations

import pytest
from refundkit.hosts import is_loopback
from refundkit.text import BOM, path_of, pointer_of, without_bom


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LocalHost"])
def test_loopback(host: str) -> None:
    """A loopback address and localhost are this machine, whatever the case, also to the strict question."""
    assert is_loopback(host)
    assert is_loopback(host, strict=True)


@pytest.mark.parametrize("host", ["localhost.", "shop.localhost", "Shop.LOCALHOST.", "127.0.0.1."])
def test_loopback_by_name(host: str) -> None:
    """A name that a resolver may look up elsewhere is this machine, but not to the strict question."""
    assert is_loopback(host)
    assert not is_loopback(host, strict=True)


@pytest.mark.parametrize("host", ["", ".", "128.0.0.1", "::2", "127.1", "localhost.example", "notlocalhost"])
def test_no_loopback(host: str) -> None:
    """Every other host is another machine."""
    assert not is_loopback(host)
    assert not is_loopback(host, strict=True)


@pytest.mark.parametrize("path", [[], [""], ["a", "0"], ["a/b", "~", "~1", "m~n/"]])
def test_pointer_and_path(path: list[str]) -> None:
    """A path has one pointer, which is read as that path again."""
    assert path_of(pointer_of(path)) == path


def test_no_pointer() -> None:
    """What begins without a slash is no JSON pointer."""
    assert path_of("a/b") is None


def test_byte_order_mark() -> None:
    """One byte order mark is removed from a text and from UTF-8 bytes, and only from the start."""
    assert without_bom(BOM + "a" + BOM) == "a" + BOM
    assert without_bom(b"\xef\xbb\xbfa") == b"a"
    assert without_bom(b"a") == b"a"
