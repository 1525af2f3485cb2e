"""The credentials of Walmart's older Canadian API: an RSA signature."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Generator
from time import time_ns
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from ...errors import UsageError
from ..shared.credentials import origin_of, refuse_plain_http, require_sendable
from ..walmart.auth import CORRELATION

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class WalmartSignature(httpx.Auth):
    """The signature of Walmart's older Canadian API; Walmart's newer documentation says that tokens replaced it.

    `private_key` is an RSA key without a passphrase: PKCS#8 in base64, as Walmart hands it out, or PEM; else
    ValueError. `channel_type` is WM_CONSUMER.CHANNEL.TYPE, `service` WM_SVC.NAME. A WM_QOS.CORRELATION_ID is made for a
    request that has none. Each pass of a request is signed anew.

    Refused over plain HTTP too: the signature does not cover the body, so that whoever listens could send another
    refund with it while its timestamp is good.
    """

    def __init__(self, consumer_id: str, private_key: str, channel_type: str, *, service: str = "refundkit") -> None:
        self._headers = {
            "WM_CONSUMER.ID": require_sendable("consumer_id", consumer_id),
            "WM_CONSUMER.CHANNEL.TYPE": require_sendable("channel_type", channel_type),
            "WM_SVC.NAME": require_sendable("service", service),
        }
        self._key = _rsa_key(private_key)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        refuse_plain_http(request)
        timestamp = str(time_ns() // 1_000_000)
        url = origin_of(request.url) + request.url.raw_path.decode("ascii")
        signed = (self._headers["WM_CONSUMER.ID"], url, request.method, timestamp)
        text = "".join(f"{line}\n" for line in signed)
        request.headers.update(self._headers)
        request.headers["WM_SEC.TIMESTAMP"] = timestamp
        signature = self._key.sign(text.encode("ascii"), PKCS1v15(), SHA256())
        request.headers["WM_SEC.AUTH_SIGNATURE"] = b64encode(signature).decode()
        request.headers.setdefault(CORRELATION, str(uuid4()))
        yield request


def _rsa_key(text: str) -> RSAPrivateKey:
    """Read an RSA key. Raises ValueError, whose message does not quote the text."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    key: Any = None
    try:
        if "-----BEGIN" in text:
            key = load_pem_private_key(text.encode(), None)
        else:
            key = load_der_private_key(b64decode("".join(text.split()), validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # their messages may quote the key
        pass
    if not isinstance(key, RSAPrivateKey):
        raise UsageError("private_key must be an RSA key without a passphrase: PKCS#8 in base64, or PEM")
    return key
