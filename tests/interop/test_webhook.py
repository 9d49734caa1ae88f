"""Automations of the newest official client fire for what that client does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Client

SECRET = "signs-webhooks"


@pytest.fixture
def arrived() -> Iterator[tuple[str, Queue[tuple[str | None, bytes]]]]:
    """Give the URL of a receiver on loopback, and what arrives there: signature and body."""
    received: Queue[tuple[str | None, bytes]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.headers["X-Wandb-Signature"], body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()
        thread.join()


def test_what_the_official_client_automates_is_sent(
    newest: Client, arrived: tuple[str, Queue[tuple[str | None, bytes]]]
) -> None:
    url, received = arrived
    with Server(allow_private_webhooks=True) as server:
        server.add_user("ada", api_key=newest.key)
        server.add_integration("ada", "hook", url, secret=SECRET)
        replace(newest, url=server.url).run("fire.py", "ada", "fires")
        sent = {json.loads(body)["event"]: (signature, body) for signature, body in _three(received)}
        log = server.deliveries()
    assert {event: json.loads(body) for event, (_, body) in sent.items()} == {
        "RUN_METRIC": {"event": "RUN_METRIC", "run_name": "fire", "metric_value": "0.3"},
        "RUN_STATE": {"event": "RUN_STATE", "run_name": "fire", "run_state": "finished"},
        "ADD_ARTIFACT_ALIAS": {
            "event": "ADD_ARTIFACT_ALIAS",
            "alias": "prod-1",
            "artifact_version_string": "ada/fires/model:prod-1",
            "event_author": "ada",
        },
    }
    for signature, body in sent.values():
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
        assert signature == base64.b64encode(expected).decode()
    assert {entry.state for entry in log} == {"FINISHED"}
    assert len(log) == 3


def _three(received: Queue[tuple[str | None, bytes]]) -> list[tuple[str | None, bytes]]:
    return [received.get(timeout=60) for _ in range(3)]
