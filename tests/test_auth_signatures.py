"""Walmart's request signature and WooCommerce's OAuth 1.0a signature."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import subprocess
import traceback
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote
from uuid import UUID

import httpx
import pytest
from credentials import (
    CALLERS,
    CANADA,
    CHANNEL,
    CLIENT_OPTIONS,
    CONSUMER,
    KEY,
    KEY_SIGNATURE,
    SECRET,
    SHOP,
    RawRequest,
    http_server,
    send,
    sync_and_async,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from refundkit import auth
from refundkit.apis.walmart_ca import auth as walmart_ca_auth
from refundkit_apis._runtime.errors import NotSent


def signed_text_and_signature(request: httpx.Request) -> tuple[bytes, bytes]:
    """Return the text that a request's signature must sign, and the signature."""
    headers = request.headers
    lines = (headers["WM_CONSUMER.ID"], str(request.url), request.method, headers["WM_SEC.TIMESTAMP"], "")
    return "\n".join(lines).encode(), b64decode(headers["WM_SEC.AUTH_SIGNATURE"], validate=True)


def key_as_pem() -> bytes:
    """Return KEY in PEM format."""
    return load_der_private_key(b64decode(KEY), None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@sync_and_async
@pytest.mark.parametrize("key", [KEY, "".join(KEY.split()), key_as_pem().decode()], ids=["lines", "line", "pem"])
def test_signature_equals_that_of_openssl(way: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of a fixed request at a fixed time equals the one that openssl made."""
    monkeypatch.setattr(walmart_ca_auth, "time_ns", lambda: 1_795_000_000_123_456_789)
    requests: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200)

    send(way, record, auth.WalmartSignature(CONSUMER, key, CHANNEL), CANADA + "?productInfo=true")
    headers = requests[0].headers
    assert headers["WM_SEC.AUTH_SIGNATURE"] == KEY_SIGNATURE
    assert headers["WM_SEC.TIMESTAMP"] == "1795000000123"
    assert headers["WM_CONSUMER.ID"] == CONSUMER
    assert headers["WM_CONSUMER.CHANNEL.TYPE"] == CHANNEL
    assert headers["WM_SVC.NAME"] == "refundkit"
    assert UUID(headers["WM_QOS.CORRELATION_ID"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_openssl_verifies_a_signature(tmp_path: Path) -> None:
    """The openssl command accepts the signature of a new request."""
    request = httpx.Request("post", CANADA + "/refund")
    next(auth.WalmartSignature(CONSUMER, KEY, CHANNEL).sync_auth_flow(request))
    text, signature = signed_text_and_signature(request)
    public = load_der_private_key(b64decode(KEY), None).public_key()
    (tmp_path / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "signature").write_bytes(signature)
    command = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"]
    process = subprocess.run(command, cwd=tmp_path, input=text, capture_output=True, check=False)
    assert process.stdout.strip() == b"Verified OK"


def test_every_attempt_is_signed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt of a request gets a new timestamp and signature, and keeps its correlation id."""
    credentials = auth.WalmartSignature(CONSUMER, KEY, CHANNEL)
    request = httpx.Request("GET", CANADA)
    attempts = []
    for millisecond in (1, 2):
        monkeypatch.setattr(walmart_ca_auth, "time_ns", lambda milliseconds=millisecond: milliseconds * 1_000_000)
        next(credentials.sync_auth_flow(request))
        attempts.append(dict(request.headers))
    assert [headers["wm_sec.timestamp"] for headers in attempts] == ["1", "2"]
    assert len({headers["wm_sec.auth_signature"] for headers in attempts}) == 2
    assert len({headers["wm_qos.correlation_id"] for headers in attempts}) == 1


@cache
def bad_keys() -> dict[str, str]:
    """Return keys that cannot sign, by what is wrong with them; generated on first use."""
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode())
    )
    return {
        "empty": "",
        "words": SECRET,
        "accents": "é",
        "half": KEY[:200],
        "pem": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        "curve": curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "locked": locked.decode(),
    }


@pytest.mark.parametrize("name", ["empty", "words", "accents", "half", "pem", "curve", "locked"])
def test_key_that_cannot_sign_is_refused_at_once(name: str) -> None:
    """A key that cannot sign raises ValueError, which says what is needed and shows none of the key."""
    key = bad_keys()[name]
    with pytest.raises(ValueError, match="PKCS#8") as caught:
        auth.WalmartSignature(CONSUMER, key, CHANNEL)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert not key or key[:60] not in shown


def oauth_signature(method: str, url: str, secret: str) -> str:
    """Return the signature of a sent URL by RFC 5849, section 3.4, computed without oauthlib."""

    def encode(text: str) -> str:
        return quote(text, safe="-._~")

    base, _, query = url.partition("?")
    pairs = [(encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
    normalized = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "oauth_signature")
    text = "&".join(encode(part) for part in (method, base, normalized))
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha256)).decode()


@sync_and_async
def test_oauth_signature_equals_that_of_openssl(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The OAuth signature of a fixed request, nonce and time equals the one that openssl made."""
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_nonce", lambda: "a-nonce")
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: "1795000000")
    urls = []

    def record(request: httpx.Request) -> httpx.Response:
        urls.append(request.url)
        return httpx.Response(200)

    send(way, record, auth.WooCommerceOAuth("ck_own", "cs_own"), SHOP + "?filter[limit]=5&fields=id,amount")
    # printf %s 'GET&http%3A%2F%2Fshop.example%2Fwc-api%2Fv3%2Forders%2F645%2Frefunds&fields%3Did%252Camount%26
    #   filter%255Blimit%255D%3D5%26oauth_consumer_key%3Dck_own%26oauth_nonce%3Da-nonce%26oauth_signature_method%3D
    #   HMAC-SHA256%26oauth_timestamp%3D1795000000%26oauth_version%3D1.0' (in one line)
    #   | openssl dgst -sha256 -hmac 'cs_own&' -binary | base64
    assert urls[0].params["oauth_signature"] == "kgY/vnyOPZK6nW1z358fAcXOnQza2TQjvHO4qcsRSq4="
    assert oauth_signature("GET", str(urls[0]), "cs_own") == urls[0].params["oauth_signature"]


QUERIES = [
    "",
    "?",
    "?api_refund=0",
    "?filter[limit]=5&filter%5Border%5D=asc&fields=id,amount",
    "?q=a+b%20c&q=%2B&q=a~b-c._!*'()$;:@/?",
    "?empty=&bare&z=1&a=2&a=10",
    "?name=caf%C3%A9&caf\u00e9=%e2%82%ac&case=%2f",
    "?percent=%25&double=%2525",
    "?api_refund=0#fragment",
]


@pytest.mark.parametrize("query", QUERIES)
def test_signature_covers_the_sent_query(query: str) -> None:
    """The signature fits the URL that the server got, and all of the caller's parameters arrive."""
    requests: list[RawRequest] = []

    def record(request: RawRequest) -> bytes:
        requests.append(request)
        return b"{}"

    with http_server(record) as url, httpx.Client(**CLIENT_OPTIONS) as client:
        client.post(
            f"{url}/wc-api/v3/orders/1/refunds{query}",
            json={"order_refund": {"amount": "1.00"}},
            auth=auth.WooCommerceOAuth("ck_own", SECRET),
        )
    (sent,) = requests
    parameters = dict(parse_qsl(sent.target.partition("?")[2], keep_blank_values=True))
    assert oauth_signature("POST", url + sent.target, SECRET) == parameters["oauth_signature"]
    assert parameters["oauth_signature_method"] == "HMAC-SHA256"
    assert parameters["oauth_consumer_key"] == "ck_own"
    assert "oauth_body_hash" not in parameters
    assert sent.body == b'{"order_refund":{"amount":"1.00"}}'
    expected = parse_qsl(httpx.URL(url + query).query.decode(), keep_blank_values=True)
    arrived = parse_qsl(sent.target.partition("?")[2], keep_blank_values=True)
    assert sorted(pair for pair in arrived if not pair[0].startswith("oauth_")) == sorted(expected)


def test_every_attempt_has_a_new_nonce() -> None:
    """Each attempt of a request is signed with a new nonce and without the earlier signature."""
    credentials = auth.WooCommerceOAuth("ck_own", SECRET)
    request = httpx.Request("GET", SHOP + "?api_refund=0")
    nonces = set()
    for _ in range(CALLERS):
        next(credentials.sync_auth_flow(request))
        names = [name for name, _ in request.url.params.multi_items()]
        assert len(names) == len(set(names)) == 7
        assert oauth_signature("GET", str(request.url), SECRET) == request.url.params["oauth_signature"]
        nonces.add(request.url.params["oauth_nonce"])
    assert len(nonces) == CALLERS


def test_query_that_is_not_utf8_is_not_sent() -> None:
    """A query with bytes that are no UTF-8 raises NotSent instead of being changed."""
    with pytest.raises(NotSent, match="UTF-8"):
        send("sync", lambda _: httpx.Response(200), auth.WooCommerceOAuth("ck", "cs"), SHOP + "?q=%ff")
