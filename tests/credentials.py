"""Credentials, a fake Walmart and a small HTTP server for the tests of auth."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx
import pytest
from processes import WITHIN
from refundkit import auth

SECRET = "sesame-open-9f27"
ORDER = "https://marketplace.walmartapis.com/v3/orders/2961380412345"
CANADA = "https://marketplace.walmartapis.com/v3/ca/orders/1796277083022"
SHOP = "http://shop.example/wc-api/v3/orders/645/refunds"
CHANNEL = "b5c6a1f0-7a7e-4c39-9a2c-f70d9a1e1a55"
CONSUMER = "8f9ae123-0c5b-4f6d-9d57-0a4f4a4a7d10"
CALLERS = 50
# No proxies of the machine, and no certificates, which take time to load and are not needed for plain HTTP.
CLIENT_OPTIONS: dict[str, Any] = {"trust_env": False, "verify": False, "timeout": WITHIN}

# A key for these tests only, made with OpenSSL 3.0:
#   openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
#   openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER | base64
KEY = """
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDSI3126SP83QZqAH3cvsyc62qpft0Al9Gbml9qa3AEKl2WFKipPaGxh+Kf1q
o1my+WfNCdMIE7e3ocqiv8xJAphz3Ejd0HH5f/bgCoctOrWYMIgv+u/RoGmN28GGsJXXNvVLtrpuK8lFpW3zjQiD1q5RmveGBOI3KMInwSKdV+
O8D279ZicbVDXju2l2mCrvt1OaFo7ELpqWvrwiEwqX3zPeX3ma9LLsyMiQZrV34/M6cpp7vqIfze3gZMqHqLXBq9KNEQ9Scox4Ea6nAlXb8M9e
GCuvQmh1H+j8sdOm7A2Dva06k0pSMQ6Xqzly8r7e4wR18jXUt5Dp+HKw8+b2bVAgMBAAECggEAJ4V8vI9DETTplqiig1CQL4gYLqoZOxoSlkMN
pHhx4BqusMIQaYoZncfKf9jR+NSHufQeER41BACoWflIXhkC6wiQPaYXtpYC0ou4DHZSKIUkf4aRu3HHQgvgkhZ+lQuSIRNsz2Wa+bAmIHYJm7
Cv6mmNr+KCLFf+3GvE7W6YRE31if6tOAJe/ZIyJ2qJZWIra1CW0jWT4BZHIGxsFuolQPcIip9sF5vo8ihjkiCftK6B7KtNr9aem+QRB6wSIgeD
OZycJ6S2Rc5+CaTQ+EKaZikxjhTs6lmZP+i8JSR3/wGOeYfk81pmFloKhXew9CRAtLcPc2vv4K13Tk9DGY69QQKBgQD/X7QgTaDowsOUyyNQ2m
G3zNhj/0v8+VCEFmWTNHCQMZ9hWkL1Mnvb/JeithMQhRrMx4seMxeFc6bmOISPgimWj8+zcm4Qrik0IgqrvmCtJje8NjkUzRT8mfvkley8d0t5
MVSAjNpbHS+0gw5Ci92NFgz8qDdaFGng89utxCD9wQKBgQDSp2SE2TXdBUFVTGGERW1Xe4nLdadaleXj0Mflfu+KkwhKughallAjTlcya/EO2c
AnkyDZ0a6L/aWxiyHMaL/s8PV9N1Ogux99iJ9+WFgyt4bJBPJBpVaSsaix4rE3R8HjpcF3RfnYlqOhnUD0UD4N/m1+u7EdAw+n6lPqZOwWFQKB
gQDpuGFWnzWBUZ9GcpQjz3pXiXcSLfkR0evKt+TG0NukXIYNx1o4preNIqR1GkZgfDGG8al1PjVswegiE9/ep7YAQiZJiZUKVxsGx5EUlexNDA
k+jDG5w+hNN3C+SCieZGACzw8Th9XgRdn/T2KhrPhbw66nHh1qp/wvEYAgjLvVAQKBgQCjIlEc9J3bAVPcO9+VMLMBucE3mHC3HTjAWZJEry3Q
0hbsz+7iQF/lR6kNejxfdNBzlWQua0zSSudDfGz7QO/JDb3/b5ZK9j7n16M0lDQRasFt8W+u2N0Xk5AB2n3FQsPriRUvSji3u8kSwpZn3bCA49
Vl/PKndhRsxHKiJfATFQKBgD8PtD3wrz5QaWfAfYLRkg8DgExciz/SjeN19IJTsE1juGqPL5ePhZ1Vm06fwNDnOLwi2pAQ4EtNqUhf2gUJhMVe
rtW5vZbeE4upX3nf6jjib3pHviI3COZ6wk6iAADxnu61tIBzk2mAsC1Y5ofrx44S+NUN5BN9gv8LTcqDxe8c
"""
# printf '%s\n' CONSUMER "CANADA?productInfo=true" GET 1795000000123 | openssl dgst -sha256 -sign key.pem | base64
KEY_SIGNATURE = (
    "pcGrelpP4zVOZsGG3P2oHL7v+b/x/wHeGTetvnlD/DF6vaQ/BMPjicWQ0WnGQVFbZqxS+eJh/BpkJwkFr7x6GR/yGOKWRlrd8JidSOmztVNzq2"
    "OYlU+0J3ROy+o68AZaeYNHwvdzJ4KuldfyTHM3jajzdJgKwlIS+HQGqKbM1dAlU/RM/9dBCnVxgb9v2Bp/x34CmDzsFIxfrQPie2sHILfHmdzt"
    "JRwFOh37/f+ZdDq8d2XR/cyYy1HgWlB1ReAi5P/FVIJozdg/8cPYNP6WPR5hIvxoq2dx9T4kmbzOrVTUkXCBihN6niuh9QY7BzBwG13ycRZSRY"
    "15SffDESro3Q=="
)

sync_and_async = pytest.mark.parametrize("way", ["sync", "async"])
Handler = Callable[[httpx.Request], httpx.Response]


class FakeWalmart:
    """Walmart's token endpoint and any order: tokens are numbered, and those in `refused` get a 401."""

    def __init__(self, lifetime: int = 900) -> None:
        self.lifetime = lifetime
        self.refused: set[str] = set()
        self.token_requests: list[httpx.Request] = []
        self.order_requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            self.token_requests.append(request)
            return token_response(f"token-{len(self.token_requests)}", self.lifetime)
        self.order_requests.append(request)
        refused = request.headers["WM_SEC.ACCESS_TOKEN"] in self.refused
        return httpx.Response(401 if refused else 200, json={})


def token_response(text: str, lifetime: float = 900) -> httpx.Response:
    """Return the response of Walmart's token endpoint with the token."""
    return httpx.Response(200, json={"access_token": text, "token_type": "Bearer", "expires_in": lifetime})


def walmart_token(**options: Any) -> auth.WalmartToken:
    """Return Walmart credentials with SECRET as their secret."""
    return auth.WalmartToken("an-id", SECRET, **options)


def send(way: str, handler: Handler, credentials: httpx.Auth, url: str = ORDER, **options: Any) -> httpx.Response:
    """Send a request with a new sync or async client, and return the response."""
    method = options.pop("method", "GET")
    follow = options.pop("follow_redirects", False)
    settings: dict[str, Any] = {"auth": credentials, "follow_redirects": follow, "timeout": WITHIN}
    transport = httpx.MockTransport(handler)
    if way == "sync":
        with httpx.Client(transport=transport, **settings) as client:
            return client.request(method, url, **options)

    async def send_async() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, **settings) as client:
            return await client.request(method, url, **options)

    return asyncio.run(send_async())


class RawRequest(NamedTuple):
    """A request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def http_server(answer: Callable[[RawRequest], bytes]) -> Iterator[str]:
    """Run a server on a free local port, and give its URL; `answer` returns the body of each response."""

    class Answering(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = answer(RawRequest(self.command, self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Listener(ThreadingHTTPServer):
        request_queue_size = 2 * CALLERS

    with Listener(("127.0.0.1", 0), Answering) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()
