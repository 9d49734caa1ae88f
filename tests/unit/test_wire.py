"""Connections, in both faces, against servers that keep, close, cut and garble."""

from __future__ import annotations

import asyncio
import gc
import gzip
import multiprocessing
import os
import pickle
import random
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from wandkit._core.failure import Reply, WireError
from wandkit._transport.backend import Network
from wandkit._transport.exchange import Request, resolve
from wandkit._transport.wire import aio, threads
from wandkit.errors import SettingsError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Liar:
    """A server that answers each connection's requests with the bytes it is given, then closes."""

    def __init__(self, *scripts: list[bytes]) -> None:
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/x"
        self.connections = 0
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._answer(connection, script)

    def _answer(self, connection: socket.socket, script: list[bytes]) -> None:
        for answer in script:
            received = b""
            while b"\r\n\r\n" not in received:
                data = connection.recv(65536)
                if not data:
                    return
                received += data
            self.requests.append(received)
            connection.sendall(answer)

    def close(self) -> None:
        """Stop."""
        self._listener.close()


@pytest.fixture
def lie() -> Iterator[Callable[..., Liar]]:
    """Start liars, and stop them in the end."""
    liars: list[Liar] = []

    def start(*scripts: list[bytes]) -> Liar:
        liars.append(Liar(*scripts))
        return liars[-1]

    yield start
    for liar in liars:
        liar.close()


class Blocking:
    """The face for threads."""

    def __init__(self, network: Network | None = None) -> None:
        self.wire = threads.Wire(network or Network())

    def get(self, url: str, timeout: float = 5.0, **options: Any) -> Reply:
        """Exchange one request."""
        origin, target = resolve(url)
        return self.wire.exchange(Request("GET", origin, target, {}, **options), timeout=timeout)

    def close(self) -> None:
        """Close the connections."""
        self.wire.close()


class Looping:
    """The face for tasks, on one loop."""

    def __init__(self, network: Network | None = None) -> None:
        self.wire = aio.Wire(network or Network())
        self.loop = asyncio.new_event_loop()

    def get(self, url: str, timeout: float = 5.0, **options: Any) -> Reply:
        """Exchange one request."""
        origin, target = resolve(url)
        request = Request("GET", origin, target, {}, **options)
        return self.loop.run_until_complete(self.wire.exchange(request, timeout=timeout))

    def close(self) -> None:
        """Close the connections and the loop."""
        self.loop.run_until_complete(self.wire.aclose())
        self.loop.close()


@pytest.fixture(params=[Blocking, Looping], ids=["threads", "aio"])
def face(request: pytest.FixtureRequest) -> Iterator[Blocking | Looping]:
    """Give a wire in each of its faces."""
    made: Blocking | Looping = request.param()
    yield made
    made.close()


def test_one_connection_serves_many_requests(face: Blocking, lie: Callable[..., Liar]) -> None:
    liar = lie([OK, OK, OK])
    bodies = [face.get(liar.url).body for _ in range(3)]
    assert (bodies, liar.connections) == ([b"ok"] * 3, 1)


def test_a_connection_that_the_server_closed_is_replaced(face: Blocking, lie: Callable[..., Liar]) -> None:
    liar = lie([OK], [OK])
    bodies = [face.get(liar.url, idempotent=True).body for _ in range(2)]
    assert (bodies, liar.connections) == ([b"ok"] * 2, 2)


def test_a_connection_that_is_to_be_closed_is_not_used_again(
    face: Blocking, lie: Callable[..., Liar]
) -> None:
    liar = lie([OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), OK], [OK])
    for _ in range(2):
        face.get(liar.url)
    assert liar.connections == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "broken"),
        (OK[:-1], "broken"),
        (OK[:20], "broken"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "protocol"),
    ],
    ids=["nothing", "short body", "short head", "another protocol"],
)
def test_a_bad_answer_is_told(face: Blocking, lie: Callable[..., Liar], answer: bytes, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        face.get(lie([answer]).url)
    assert (caught.value.kind, caught.value.sent) == (kind, True)


def test_a_refused_connection_sent_nothing(face: Blocking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(WireError) as caught:
        face.get(f"http://127.0.0.1:{port}/")
    assert (caught.value.kind, caught.value.sent) == ("refused", False)


def test_a_name_without_an_address_sent_nothing(face: Blocking) -> None:
    with pytest.raises(WireError) as caught:
        face.get("http://nowhere.invalid/")
    assert (caught.value.kind, caught.value.sent) == ("name", False)


def test_silence_is_a_timeout(face: Blocking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(WireError) as caught:
        face.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=1)
    assert (caught.value.kind, caught.value.sent) == ("timeout", True)


def test_an_early_answer_to_an_upload_is_read() -> None:
    answer = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"
    liar = Liar([answer])
    origin, target = resolve(liar.url)
    wire = threads.Wire(Network())
    request = Request("PUT", origin, target, {}, length=2)
    with wire.open(request, timeout=60, pieces=iter([b"a", b"b"])) as answering:
        body = answering.read()
    liar.close()
    assert (answering.status, body) == (413, b"large")


def test_a_pickled_wire_opens_its_own_connections(face: Blocking, lie: Callable[..., Liar]) -> None:
    liar = lie([OK], [OK])
    face.get(liar.url)
    copy = type(face)()
    copy.wire = pickle.loads(pickle.dumps(face.wire))
    reply = copy.get(liar.url)
    copy.close()
    assert reply.body == b"ok"


def test_another_loop_gets_connections_of_its_own(lie: Callable[..., Liar]) -> None:
    liar = lie([OK], [OK])
    origin, target = resolve(liar.url)
    wire = aio.Wire(Network())

    async def get() -> bytes:
        reply = await wire.exchange(Request("GET", origin, target, {}), timeout=60)
        return reply.body

    assert [asyncio.run(get()), asyncio.run(get())] == [b"ok", b"ok"]


def test_a_cancelled_request_leaves_the_wire_usable(lie: Callable[..., Liar]) -> None:
    liar = lie([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", OK], [OK])
    origin, target = resolve(liar.url)

    async def cancel_then_get() -> bytes:
        wire = aio.Wire(Network())
        request = Request("GET", origin, target, {})
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wire.exchange(request, timeout=60), 0.05)
        reply = await wire.exchange(request, timeout=60)
        await wire.aclose()
        return reply.body

    assert asyncio.run(cancel_then_get()) == b"ok"


def _get_in_child(wire: threads.Wire, url: str, answers: Any) -> None:
    origin, target = resolve(url)
    answers.put(wire.exchange(Request("GET", origin, target, {}), timeout=60).body)


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
def test_the_child_of_a_fork_opens_its_own_connections(lie: Callable[..., Liar]) -> None:
    liar = lie([OK, OK], [OK])
    face = Blocking()
    face.get(liar.url)
    context = multiprocessing.get_context("fork")
    answers: Any = context.SimpleQueue()
    child = context.Process(target=_get_in_child, args=(face.wire, liar.url, answers))
    face.get(liar.url)
    child.start()
    body = answers.get()
    child.join()
    face.close()
    assert (body, liar.connections) == (b"ok", 2)


def test_a_wire_that_nobody_closes_closes_its_idle_connections(lie: Callable[..., Liar]) -> None:
    url = lie([OK, OK]).url
    face = Blocking()
    face.get(url)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del face
        gc.collect()  # of whatever tests before have left, too: only this one's connection counts
    left = [str(warning.message) for warning in seen if warning.category is ResourceWarning]
    assert [text for text in left if f"raddr=('127.0.0.1', {urlsplit(url).port})" in text] == []


def test_threads_share_a_wire(lie: Callable[..., Liar]) -> None:
    liars = [lie([OK] * 20) for _ in range(4)]
    face = Blocking()
    bodies: list[bytes] = []

    def work(liar: Liar) -> None:
        bodies.extend(face.get(liar.url).body for _ in range(20))

    workers = [threading.Thread(target=work, args=(liar,)) for liar in liars]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    face.close()
    assert (bodies, [liar.connections for liar in liars]) == ([b"ok"] * 80, [1] * 4)


@pytest.mark.parametrize("verify", [True, False])
def test_certificates_are_checked_unless_told_otherwise(verify: bool) -> None:
    context = Network(verify=verify).tls_context()
    assert (context.verify_mode == ssl.CERT_REQUIRED, context.check_hostname) == (verify, verify)


def test_a_context_of_ones_own_is_taken_as_it_is() -> None:
    own = ssl.create_default_context()
    assert Network(verify=own).tls_context() is own


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://x.org", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://x.org", "http://p:3128"),
        ({"HTTPS_PROXY": "p:3128"}, "https://x.org", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://x.org", None),
        ({"ALL_PROXY": "http://p:3128"}, "http://x.org", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "x.org"}, "https://x.org", None),
        ({"HTTP_PROXY": "http://p:3128"}, "http://127.0.0.1:8080", None),
    ],
)
def test_the_proxy_variables_are_honoured(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Network().proxy_for(resolve(url)[0]) == proxy


def test_a_proxy_of_the_settings_comes_before_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other:1")
    origin, _ = resolve("https://x.org")
    assert Network(proxies={"https": "http://p:3128"}).proxy_for(origin) == "http://p:3128"


def test_a_proxy_of_the_settings_may_lack_its_scheme() -> None:
    origin, _ = resolve("https://x.org")
    assert Network(proxies={"all": "p:3128"}).proxy_for(origin) == "http://p:3128"


@pytest.mark.parametrize("options", [{"verify": "nope.pem"}, {"cert": "nope.pem"}], ids=["verify", "cert"])
@pytest.mark.parametrize("kind", [Blocking, Looping], ids=["threads", "aio"])
def test_certificates_that_cannot_be_read_are_named(
    kind: type[Blocking | Looping], options: dict[str, Any]
) -> None:
    face = kind(Network(**options))
    with pytest.raises(SettingsError, match=r"'nope\.pem' cannot be read"):
        face.get("https://127.0.0.1:9/")
    face.close()


@pytest.mark.parametrize("kind", [Blocking, Looping], ids=["threads", "aio"])
def test_a_proxy_that_is_down_is_named_without_its_password(kind: type[Blocking | Looping]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    face = kind(Network(proxies={"all": f"http://user:secret@127.0.0.1:{port}"}))
    with pytest.raises(WireError) as caught:
        face.get("https://x.org/")
    face.close()
    assert caught.value.text.endswith(f"through the proxy 127.0.0.1:{port}")


LONG = bytes(range(256)) * 4096
LONG_OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(LONG), LONG)


def test_a_long_answer_comes_whole_and_its_connection_is_used_again(
    face: Blocking, lie: Callable[..., Liar]
) -> None:
    server = lie([LONG_OK, OK, LONG_OK])
    assert [face.get(server.url).body for _ in range(3)] == [LONG, b"ok", LONG]
    assert server.connections == 1


def test_a_long_last_answer_is_not_followed_by_another(face: Blocking, lie: Callable[..., Liar]) -> None:
    last = LONG_OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    server = lie([last], [OK])
    assert [face.get(server.url).body for _ in range(2)] == [LONG, b"ok"]
    assert server.connections == 2


def test_a_long_answer_in_gzip_is_inflated(face: Blocking, lie: Callable[..., Liar]) -> None:
    body = gzip.compress(random.Random(1).randbytes(200_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert face.get(lie([head + body]).url).body == random.Random(1).randbytes(200_000)


def test_a_long_answer_that_breaks_off_is_told(face: Blocking, lie: Callable[..., Liar]) -> None:
    with pytest.raises(WireError) as caught:
        face.get(lie([LONG_OK[:-1]]).url)
    assert caught.value.kind == "broken"


def test_a_long_answer_that_stalls_is_a_timeout(face: Blocking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(LONG_OK[:500_000])
                ended.wait(30)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(WireError) as caught:
            face.get(f"http://127.0.0.1:{port}/x", timeout=0.5)
        ended.set()
        thread.join(30)
    assert caught.value.kind == "timeout"
