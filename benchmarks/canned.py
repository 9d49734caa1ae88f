"""The canned server: raw asyncio, answers made beforehand, a fixed delay in front of each.

    python -m benchmarks.canned --steps 1000      prints its URL and serves until its standard input closes

Beside `POST /graphql` it has a control path for the runner: `POST /control?latency_ms=50` sets the delay,
sets the counters to zero and returns them as they stood. Control requests are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

from benchmarks.answers import Answers
from benchmarks.dataset import Sizes

__all__ = ["main"]

_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Counters:
    """What one side has cost since the last reset."""

    def __init__(self) -> None:
        self.requests = 0
        self.received = 0
        self.sent = 0
        self.connections = 0


class State:
    """What all connections share."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.counters = Counters()
        self.latency_s = 0.0

    def control(self, query: str) -> bytes:
        """Set the delay, return the counters and start them anew."""
        self.latency_s = float(parse_qs(query).get("latency_ms", ["0"])[0]) / 1000
        was = {**vars(self.counters), "unknown": dict(self.answers.unknown)}
        self.counters = Counters()
        self.answers.unknown.clear()
        return json.dumps(was).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection: HTTP/1.1 with Content-Length bodies, pipelining allowed."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.waiting = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; large answers go out in one piece."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=64 * 1024 * 1024)
        self.state.counters.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.waiting = self.waiting + data if self.waiting else data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            head = self.waiting[:end]
            stop = end + 4 + _content_length(head)
            if len(self.waiting) < stop:
                return
            body, self.waiting = self.waiting[end + 4 : stop], self.waiting[stop:]
            self._request(head, body, stop)

    def _request(self, head: bytes, body: bytes, size: int) -> None:
        target = head.split(b" ", 2)[1]
        if target.startswith(b"/control"):
            self._send(b"200 OK", self.state.control(urlsplit(target.decode()).query))
            return
        counters = self.state.counters
        status, answer = self._answer(target, body)
        counters.requests += 1
        counters.received += size
        counters.sent += len(answer)
        if self.state.latency_s:
            asyncio.get_running_loop().call_later(self.state.latency_s, self._send, status, answer)
        else:
            self._send(status, answer)

    def _answer(self, target: bytes, body: bytes) -> tuple[bytes, bytes]:
        if target != b"/graphql":
            return b"404 Not Found", b'{"errors":[{"message":"not found"}]}'
        try:
            return b"200 OK", self.state.answers.answer(body)
        except Exception as error:
            print(f"canned server: {error!r} for {body[:300]!r}", file=sys.stderr, flush=True)
            return b"400 Bad Request", json.dumps({"errors": [{"message": str(error)}]}).encode()

    def _send(self, status: bytes, body: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(_HEAD % (status, len(body)) + body)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def _serve(sizes: Sizes) -> None:
    loop = asyncio.get_running_loop()
    state = State(Answers(sizes))
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in vars(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    asyncio.run(_serve(Sizes(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
