"""A receiver of webhooks on loopback: keeps what arrives, answers what it is told to."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

__all__ = ["Received", "Receiver"]

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Received:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Receiver:
    """Answers 200, or the next of `answers`: a status, or a status and headers."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[tuple[int, Mapping[str, str]]] = queue.SimpleQueue()
        self._arrived: queue.Queue[Received] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, with a path and a query."""
        return f"http://127.0.0.1:{self._server.server_port}/hooks/1?for=wandb"

    def will_answer(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests so."""
        for status in statuses:
            self.answers.put((status, headers))

    def next(self) -> Received:
        """Return the next request; wait for it."""
        return self._arrived.get(timeout=_PATIENCE_S)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing more has arrived."""
        return self._arrived.empty()

    def __enter__(self) -> Receiver:
        """Start listening."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._arrived.put(Received(self.path, dict(self.headers), body))
                try:
                    status, headers = receiver.answers.get_nowait()
                except queue.Empty:
                    status, headers = 200, {}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
