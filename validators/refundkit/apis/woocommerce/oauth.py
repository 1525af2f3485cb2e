"""How a shop verifies a consumer key and a signature in the query, for the recorded test servers of both APIs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

from ..shared.serving import Clock, ReceivedRequest

PARAMETERS = tuple(f"oauth_{name}" for name in ("consumer_key", "timestamp", "nonce", "signature", "signature_method"))
_TIMESTAMP_SECONDS = 15 * 60
_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def secret_of(key: str) -> str:
    """Return the secret of a consumer key: cs_test for ck_test."""
    return "cs_" + key.removeprefix("ck_")


def find_refusal(request: ReceivedRequest, clock: Clock, nonces: set[str]) -> str:
    """Return why the signature of a request is refused; "" for a good one, whose nonce is then used."""
    key, timestamp, nonce, signature, method = (request.query[name] for name in PARAMETERS)
    if not key.startswith("ck_"):
        return "Consumer Key is invalid."
    if method not in _DIGESTS:
        return "Invalid signature - signature method is invalid."
    if not hmac.compare_digest(_sign(request, secret_of(key), method).encode(), signature.encode()):
        return "Invalid signature - provided signature does not match."
    is_number = timestamp.isascii() and timestamp.isdigit()
    if not is_number or abs(clock() - float(timestamp)) > _TIMESTAMP_SECONDS:
        return "Invalid timestamp."
    if nonce in nonces:
        return "Invalid nonce - nonce has already been used."
    nonces.add(nonce)
    return ""


def _sign(request: ReceivedRequest, secret: str, method: str) -> str:
    """Sign a request as OAuth 1.0a does without a token, over its URL without a trailing slash."""
    pairs = sorted((_quote(name), _quote(value)) for name, value in request.pairs if name != "oauth_signature")
    address = f"{request.scheme}://{request.host.lower()}{request.path.rstrip('/')}"
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(map(_quote, (request.method, address, parameters)))
    return base64.b64encode(hmac.new(f"{secret}&".encode(), base.encode(), _DIGESTS[method]).digest()).decode()


def _quote(text: str) -> str:
    return quote(text, safe="")
