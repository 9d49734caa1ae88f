"""Files and REST calls: streamed both ways, resumed, and never with credentials for strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.aio.http import AsyncDownload
from wandkit.errors import (
    AnswerError,
    ConnectionFailedError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    TransferError,
)
from wandkit.settings import Settings

KEY = "k" * 40
BODY = bytes(range(256)) * 4096


class Store(ThreadingHTTPServer):
    """A file store that keeps what is put, serves it by ranges, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Files)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {"/big.bin": BODY}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.faults: list[tuple[int, dict[str, str], bytes]] = []
        self.cut_after: int | None = None
        self.speaks = Event()
        self.speaks.set()

    def handle_error(self, *_: Any) -> None:
        """Stay silent where a client goes away."""


class Files(BaseHTTPRequestHandler):
    """What the store does with one request."""

    protocol_version = "HTTP/1.1"
    server: Store

    def do_GET(self) -> None:
        """Serve a file, whole or in part."""
        if self.is_broken():
            return
        body = self.server.files.get(self.path.split("?")[0])
        if body is None:
            self.answer(404, {}, b"not found")
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        part = body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        cut, self.server.cut_after = self.server.cut_after, None
        self.wfile.write(part[:cut])
        if cut is not None:
            self.close_connection = True

    def do_PUT(self) -> None:
        """Keep a file."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.is_broken():
            return
        if len(body) == int(self.headers["Content-Length"]):
            self.server.files[self.path.split("?")[0]] = body
            self.answer(200, {"ETag": '"e1"'}, b"")

    def do_POST(self) -> None:
        """Give back what was posted."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_broken():
            self.answer(200, {"Content-Type": "application/json"}, body)

    def is_broken(self) -> bool:
        """Note the request, and answer it with the next fault if there is one."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers))
        self.server.speaks.wait()
        if not self.server.faults:
            return False
        self.answer(*self.server.faults.pop(0))
        return True

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class Waits:
    """Waits for nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Remember the wait."""
        self.seconds.append(seconds)


def running() -> Iterator[Store]:
    """Run a store in a thread."""
    store = Store()
    thread = Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield store
    store.speaks.set()
    store.shutdown()
    thread.join()
    store.server_close()


@pytest.fixture
def home() -> Iterator[Store]:
    """Give the API's own host."""
    yield from running()


@pytest.fixture
def store() -> Iterator[Store]:
    """Give a file store at another address."""
    yield from running()


@pytest.fixture
async def gql(home: Store) -> AsyncIterator[AsyncGraphQL]:
    """Give a client of the API host."""
    settings = Settings.resolve({"base_url": f"{home.url}/base"}, api_key=KEY, environ={})
    connected = AsyncGraphQL(settings, sleep=Waits())
    yield connected
    await connected.aclose()


def in_pieces(body: bytes) -> Callable[[], AsyncIterator[bytes]]:
    """Return what makes `body` anew in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    return pieces


async def measure(download: AsyncDownload, sizes: list[int]) -> None:
    """Read a download and note the sizes of its pieces."""
    async for piece in download.pieces():
        sizes.append(len(piece))


async def test_json_is_posted_below_the_base_url(gql: AsyncGraphQL, home: Store) -> None:
    answer = await gql.http.post_json("files/e/p/r/file_stream", {"complete": True}, idempotent=True)
    assert answer == {"complete": True}
    assert home.seen[0][1] == "/base/files/e/p/r/file_stream"


async def test_bytes_are_posted_as_they_are(gql: AsyncGraphQL) -> None:
    answer = await gql.http.post_json("/x", b'{"a": [1]}', idempotent=True)
    assert answer == {"a": [1]}


async def test_an_empty_answer_is_none(gql: AsyncGraphQL, home: Store) -> None:
    home.faults = [(200, {}, b"")]
    answer = await gql.http.post_json("x", {}, idempotent=True)
    assert answer is None


async def test_a_post_that_may_be_repeated_is(gql: AsyncGraphQL, home: Store) -> None:
    home.faults = [(500, {}, b'{"error":"context deadline exceeded"}')]
    await gql.http.post_json("x", {}, idempotent=True)
    assert len(home.seen) == 2


async def test_a_post_that_may_not_be_repeated_tells_the_server_s_words(
    gql: AsyncGraphQL, home: Store
) -> None:
    home.faults = [(500, {}, b'{"error":"context deadline exceeded"}')]
    with pytest.raises(ServerError, match="context deadline exceeded") as caught:
        await gql.http.post_json("x", {}, idempotent=False)
    assert caught.value.operation == "POST /base/x"


async def test_the_api_host_gets_the_credentials(gql: AsyncGraphQL, home: Store) -> None:
    async with await gql.http.open_stream(f"{home.url}/big.bin") as download:
        await download.read()
    assert home.seen[0][2]["authorization"].startswith("Basic ")


async def test_another_host_gets_no_credentials(gql: AsyncGraphQL, store: Store) -> None:
    async with await gql.http.open_stream(f"{store.url}/big.bin?signature=abc") as download:
        body = await download.read()
    assert body == BODY
    assert not {"authorization", "use-admin-privileges"} & set(store.seen[0][2])


async def test_a_redirect_to_another_host_is_followed_without_credentials(
    gql: AsyncGraphQL, home: Store, store: Store
) -> None:
    home.faults = [(302, {"Location": f"{store.url}/big.bin?signature=abc"}, b"")]
    async with await gql.http.open_stream("files/big.bin") as download:
        body = await download.read()
    assert body == BODY
    assert "authorization" in home.seen[0][2]
    assert "authorization" not in store.seen[0][2]


async def test_a_redirect_on_the_same_host_keeps_the_credentials(gql: AsyncGraphQL, home: Store) -> None:
    home.faults = [(307, {"Location": "/big.bin"}, b"")]
    async with await gql.http.open_stream("files/big.bin") as download:
        await download.read()
    assert "authorization" in home.seen[1][2]


async def test_redirects_in_a_circle_end(gql: AsyncGraphQL, home: Store) -> None:
    home.faults = [(302, {"Location": "/x"}, b"")] * 10
    with pytest.raises(AnswerError, match="redirects"):
        await gql.http.open_stream("x")
    assert len(home.seen) == 6


async def test_a_range_gives_the_rest(gql: AsyncGraphQL, store: Store) -> None:
    async with await gql.http.open_stream(f"{store.url}/big.bin", {"Range": "bytes=1000000-"}) as download:
        body = await download.read()
    assert (download.status, body) == (206, BODY[1_000_000:])
    assert download.headers["content-range"] == f"bytes 1000000-{len(BODY) - 1}/{len(BODY)}"


async def test_a_download_comes_in_pieces(gql: AsyncGraphQL, store: Store) -> None:
    sizes: list[int] = []
    download = await gql.http.open_stream(f"{store.url}/big.bin")
    await measure(download, sizes)
    assert sum(sizes) == len(BODY)
    assert len(sizes) > 1


async def test_a_download_that_breaks_off_says_so_after_what_arrived(gql: AsyncGraphQL, store: Store) -> None:
    store.cut_after = 300_000
    received: list[int] = []
    download = await gql.http.open_stream(f"{store.url}/big.bin")
    with pytest.raises(ConnectionFailedError, match="broke"):
        await measure(download, received)
    assert sum(received) == 300_000


async def test_a_download_left_in_the_middle_leaves_the_client_usable(
    gql: AsyncGraphQL, store: Store
) -> None:
    async with await gql.http.open_stream(f"{store.url}/big.bin"):
        pass
    async with await gql.http.open_stream(f"{store.url}/big.bin") as download:
        body = await download.read()
    assert body == BODY


async def test_a_missing_file_is_not_found(gql: AsyncGraphQL, store: Store) -> None:
    with pytest.raises(NotFoundError) as caught:
        await gql.http.open_stream(f"{store.url}/none?signature=abc")
    assert "abc" not in str(caught.value)


async def test_an_expired_url_is_a_transfer_error(gql: AsyncGraphQL, store: Store) -> None:
    store.faults = [(403, {}, b"<Error><Message>Request has expired</Message></Error>")]
    with pytest.raises(TransferError, match="Request has expired") as caught:
        await gql.http.open_stream(f"{store.url}/big.bin")
    assert (caught.value.status, caught.value.host) == (403, store.url)


async def test_a_store_that_fails_for_a_moment_is_asked_again(gql: AsyncGraphQL, store: Store) -> None:
    store.faults = [(503, {}, b"<Error><Code>SlowDown</Code></Error>")]
    async with await gql.http.open_stream(f"{store.url}/big.bin") as download:
        body = await download.read()
    assert body == BODY


async def test_an_upload_arrives_whole(gql: AsyncGraphQL, store: Store) -> None:
    reply = await gql.http.upload(f"{store.url}/new.bin", in_pieces(BODY), len(BODY))
    assert store.files["/new.bin"] == BODY
    assert reply.headers["etag"] == '"e1"'


async def test_an_upload_carries_the_headers_that_were_asked_for_and_no_credentials(
    gql: AsyncGraphQL, store: Store
) -> None:
    await gql.http.upload(f"{store.url}/new.bin", in_pieces(b"abc"), 3, {"Content-MD5": "xyz"})
    headers = store.seen[0][2]
    assert (headers["content-md5"], headers["content-length"]) == ("xyz", "3")
    assert "authorization" not in headers


async def test_an_upload_is_made_anew_for_each_attempt(gql: AsyncGraphQL, store: Store) -> None:
    store.faults = [(500, {}, b"")]
    await gql.http.upload(f"{store.url}/new.bin", in_pieces(BODY), len(BODY))
    assert store.files["/new.bin"] == BODY


async def test_an_empty_file_can_be_uploaded(gql: AsyncGraphQL, store: Store) -> None:
    await gql.http.upload(f"{store.url}/empty", in_pieces(b""), 0)
    assert store.files["/empty"] == b""


@pytest.mark.parametrize("length", [2, 4])
async def test_a_body_of_another_length_than_announced_is_an_error(
    gql: AsyncGraphQL, store: Store, length: int
) -> None:
    with pytest.raises(TransferError, match="announced"):
        await gql.http.upload(f"{store.url}/new.bin", in_pieces(b"abc"), length)
    assert "/new.bin" not in store.files


async def test_a_refused_upload_tells_the_store_s_words(gql: AsyncGraphQL, store: Store) -> None:
    store.faults = [(400, {}, b"<Error><Code>BadDigest</Code></Error>")]
    with pytest.raises(TransferError, match="BadDigest"):
        await gql.http.upload(f"{store.url}/new.bin", in_pieces(b"abc"), 3)


async def test_a_silent_server_runs_into_the_time_limit(gql: AsyncGraphQL, store: Store) -> None:
    store.speaks.clear()
    with pytest.raises(RequestTimeoutError, match="within 1 s"):
        await gql.http.open_stream(f"{store.url}/big.bin", timeout=1)
    assert len(store.seen) == 2
