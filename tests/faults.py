"""A server that fails on demand: an API of refundkit.testing behind plain sockets."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from select import select
from threading import Condition, Event, Lock, Thread
from typing import Any, Literal, TypeAlias

import httpx
import msgspec
from processes import WITHIN
from refundkit import testing
from refundkit.testing import Answer, ReceivedRequest

Kind: TypeAlias = Literal["token", "read", "refund"]

ORDERS = {
    "walmart": "2961380412345",
    "walmart_ca": "1796277083022",
    "woocommerce": "1204",
    "woocommerce_legacy": "1204",
    "taxcloud": "SO-1077",
}
CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one request.

    `made`: the API acts on it before anything goes wrong. `answer` is sent, the API's own where it is None, in which
    the second of `rewrites` stands for the first, with a byte order mark before it if there is a `bom`, under the
    Content-Type `relabelled`. Of that `sends` says how much:
    "half" promises the whole, "shortened" promises the half that is sent, "drips" sends it byte by byte, and "endless
    head" and "endless body" a byte now and then for ever. Then the connection `ends`: "kept" for the next request,
    "closed", "reset", or "silent" for as long as the client stays. With `unread` the connection is reset before a byte
    of the request is read; with `refused` there is none.
    """

    made: bool = False
    answer: Answer | None = None
    rewrites: tuple[bytes, bytes] = (b"", b"")
    bom: bool = False
    sends: Literal["nothing", "half", "shortened", "drips", "endless head", "endless body", "whole"] = "whole"
    ends: Literal["kept", "closed", "reset", "silent"] = "kept"
    relabelled: str = ""
    unread: bool = False
    refused: bool = False


class Server:
    """One API on a port of this machine; `seen` is what arrived, `made` how many refunds were made of it."""

    def __init__(self, api: testing.Api) -> None:
        self.api = api
        self.shop = testing.server(api)
        self.seen: list[tuple[Kind, ReceivedRequest]] = []
        self.made = 0
        self._faults: dict[Kind, list[Fault]] = {}
        self._lock = Lock()
        self.silences = 0
        self._stopped = Event()
        self._silence = Condition()
        self._connections: list[tuple[Thread, socket.socket]] = []
        self._place = _bound(0)  # keeps the port while nobody listens
        self.port: int = self._place.getsockname()[1]
        self._listening: tuple[Thread, socket.socket] | None = None
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, kind: Kind, fault: Fault, times: int = 1000) -> None:
        """Set the faults of the next requests of a kind; later requests are answered correctly."""
        self._faults[kind] = [fault] * times
        if fault.refused and kind != "refund":
            self.refuse()

    def fail_first(self, kind: Kind, fault: Fault) -> None:
        """Set the fault of the very next request of a kind, before its other faults."""
        with self._lock:
            self._faults.setdefault(kind, []).insert(0, fault)

    def requests(self, kind: Kind) -> list[ReceivedRequest]:
        """Return the requests of a kind that arrived; one that was reset unread has an empty body."""
        with self._lock:
            return [request for own, request in self.seen if own == kind]

    def armed(self, kind: Kind) -> Fault | None:
        """Return the fault of the next request of a kind."""
        with self._lock:
            return next(iter(self._faults.get(kind, [])), None)

    def recover(self) -> None:
        """Answer correctly from now on."""
        with self._lock:
            self._faults.clear()
        self.listen()

    def listen(self) -> None:
        """Accept connections, from now on or again."""
        if self._listening is None:
            near, far = socket.socketpair()
            listener = _bound(self.port)
            listener.listen()
            thread = Thread(target=self._accept, args=(listener, far))
            thread.start()
            self._listening = thread, near

    def refuse(self) -> None:
        """Refuse connections until `listen`."""
        if self._listening is not None:
            thread, near = self._listening
            near.close()
            thread.join()
            self._listening = None

    def wait_for_silence(self, number: int) -> None:
        """Wait until this many requests were left without a response."""
        with self._silence:
            assert self._silence.wait_for(lambda: self.silences >= number, timeout=WITHIN)

    def execute_late(self) -> None:
        """Execute the last refund that was lost, as a slow server does long after its client has gone."""
        self._answer("refund", self.requests("refund")[-1])

    def stop(self) -> None:
        self._stopped.set()
        self.refuse()
        for thread, connection in self._connections:
            _end(connection)
            thread.join()
        self._place.close()

    def _accept(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken:
            while woken not in (ready := select([listener, woken], [], [])[0]):
                if ready:
                    connection = listener.accept()[0]
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    thread = Thread(target=self._serve, args=(connection,))
                    self._connections.append((thread, connection))
                    thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client left
            while self._exchange(connection):
                pass

    def _exchange(self, connection: socket.socket) -> bool:
        """Serve one request, and return whether the connection may take another."""
        if self._is_left_unread(connection):
            _reset(connection)
            return False
        request = _read(connection, self.url)
        if request is None:
            return False
        kind = _kind(request.path, request.method)
        fault = self._take(kind, request)
        own = self._answer(kind, request) if fault is None or fault.made else None
        refused = self._is_refused_next(kind, request)
        if fault is None:
            fault = Fault(ends="closed" if refused else "kept")
        answer = fault.answer or own or Answer(200, {}, b"")
        if fault.bom:
            answer = msgspec.structs.replace(answer, body=b"\xef\xbb\xbf" + answer.body)
        if fault.rewrites[0]:
            assert fault.rewrites[0] in answer.body
            answer = msgspec.structs.replace(answer, body=answer.body.replace(*fault.rewrites))
        self._send(connection, fault, answer)
        return fault.ends == "kept"

    def _is_left_unread(self, connection: socket.socket) -> bool:
        """Return whether the request that has arrived will be left unread."""
        method, _, rest = connection.recv(65536, socket.MSG_PEEK).decode("latin-1").partition(" ")
        path = rest.partition(" ")[0]
        kind = _kind(path, method)
        fault = self.armed(kind)
        if not rest or fault is None or not fault.unread:
            return False
        self._take(kind, ReceivedRequest(method, self.url + path, {}, b""))
        return True

    def _is_refused_next(self, kind: Kind, request: ReceivedRequest) -> bool:
        """Stop listening where the refund that comes next, after the order or another attempt, is to be refused."""
        fault = self.armed("refund")
        is_next = kind == "refund" or not self.api.startswith("woocommerce") or request.path.endswith("/refunds")
        if fault is None or not fault.refused or kind == "token" or not is_next:
            return False
        self.refuse()
        return True

    def _take(self, kind: Kind, request: ReceivedRequest) -> Fault | None:
        with self._lock:
            self.seen.append((kind, request))
            waiting = self._faults.get(kind)
            return waiting.pop(0) if waiting else None

    def _answer(self, kind: Kind, request: ReceivedRequest) -> Answer:
        """The API's own answer, and a count of what it has done."""
        with self._lock:
            before = self.state()
            answer = self.shop.answer(request.method, request.url, request.headers, request.body)
            self.made += kind == "refund" and self.state() != before
            return answer

    def state(self) -> Any:
        """Return the order and its refunds as the API stores them, and all that it stores."""
        return self.shop.orders[ORDERS[self.api]], self.shop.refunds(ORDERS[self.api]), self.shop.orders

    def _send(self, connection: socket.socket, fault: Fault, answer: Answer) -> None:
        if fault.ends == "silent":
            with self._silence:
                self.silences += 1
                self._silence.notify_all()
        half = answer.body[: len(answer.body) // 2]
        body = half if fault.sends in ("half", "shortened") else answer.body
        promised = len(body) if fault.sends == "shortened" else len(answer.body)
        headers = {"content-length": str(promised), **answer.headers}
        if fault.relabelled:
            headers["content-type"] = fault.relabelled
        if fault.ends != "kept":
            headers["connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        data = "\r\n".join(lines).encode() + body
        if fault.sends == "drips":
            for byte in data:
                connection.sendall(bytes([byte]))
        elif fault.sends.startswith("endless"):
            line = b"x-slow: " if fault.sends == "endless head" else b"content-length: 1000000\r\n\r\n"
            connection.sendall(b"HTTP/1.1 200 Said\r\n" + line)
            while not self._stopped.wait(0.02):
                connection.sendall(b"x")
        elif fault.sends != "nothing":
            connection.sendall(data)
        if fault.ends == "silent":
            connection.recv(1)  # nothing more comes: the client gives up, or the server is stopped
        elif fault.ends == "reset":
            _reset(connection)


@contextmanager
def serving(api: testing.Api) -> Iterator[Server]:
    """Run a server of an API that works correctly until `fail` is called."""
    server = Server(api)
    try:
        yield server
    finally:
        server.stop()


class Wire(httpx.HTTPTransport):
    """A real transport with a short timeout where the server is silent; `refused` is called if none listens.

    `patience` is in seconds, None for that of the request. A timeout is raised once the server is at its silence, so
    that what it made before counts, however slow the machine.
    """

    def __init__(
        self, server: Server, refused: Callable[[], None] = lambda: None, patience: float | None = 0.05
    ) -> None:
        super().__init__(verify=False, trust_env=False)
        self._server = server
        self._refused = refused
        self._patience = patience

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with _waiting(self._server, request, self._patience, self._refused):
            return super().handle_request(request)


class AsyncWire(httpx.AsyncHTTPTransport):
    """Like Wire, for an async client."""

    def __init__(
        self, server: Server, refused: Callable[[], None] = lambda: None, patience: float | None = 0.05
    ) -> None:
        super().__init__(verify=False, trust_env=False)
        self._server = server
        self._refused = refused
        self._patience = patience

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _waiting(self._server, request, self._patience, self._refused):
            return await super().handle_async_request(request)


@contextmanager
def _waiting(
    server: Server, request: httpx.Request, patience: float | None, refused: Callable[[], None]
) -> Iterator[None]:
    fault = server.armed(_kind(request.url.path, request.method))
    silent = fault is not None and fault.ends == "silent"
    before = request.extensions
    if silent and patience is not None:
        request.extensions = {**before, "timeout": {**before.get("timeout", {}), "read": patience}}
    expected = server.silences + silent
    try:
        yield
    except httpx.ReadTimeout:
        server.wait_for_silence(expected)
        raise
    except httpx.ConnectError:
        refused()
        raise
    finally:
        request.extensions = before


def _kind(path: str, method: str) -> Kind:
    if path == "/v3/token":
        return "token"
    return "read" if method == "GET" else "refund"


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _read(connection: socket.socket, url: str) -> ReceivedRequest | None:
    """Read the next request; None if the client has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return ReceivedRequest(method, url + target, headers, body)


def _reset(connection: socket.socket) -> None:
    """Close a connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)
