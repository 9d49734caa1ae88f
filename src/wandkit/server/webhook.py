"""Sending one webhook: its body from a template, its headers, and what became of it.

Redirects are not followed and proxies not asked, so that a request goes where its address was checked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wandkit.server.shapes import is_list, is_object
from wandkit.server.webhook_address import AddressRefused, connect

__all__ = ["Outcome", "Webhook", "render", "sign"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.\-]*)\}")
_METADATA = "artifact_metadata."
_KNOWN = frozenset(
    {
        "alias", "artifact_collection_name", "artifact_version", "artifact_version_index",
        "artifact_version_string", "entity_name", "event_author", "event_type", "metric_name", "metric_value",
        "project_name", "run_id", "run_name", "run_state", "tag",
    }
)  # fmt: skip
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Outcome:
    """What one try came to.

    Attributes:
        status: The receiver's answer, if there was one.
        error: What went wrong; None where it was received. Neither URL nor secret is in it.
        again: Whether another try may help.
    """

    status: int | None = None
    error: str | None = None
    again: bool = False


@dataclass
class Webhook:
    """One request to come. `abort` ends it from another thread."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout_s: float
    allow_private: bool = False
    _socket: socket.socket | None = field(default=None, repr=False)
    _aborted: bool = False

    def send(self) -> Outcome:
        """Post the body and return what became of it, within the timeout."""
        watchdog = threading.Timer(self.timeout_s, self.abort)
        watchdog.daemon = True
        watchdog.start()
        try:
            status = self._post()
        except AddressRefused as error:
            return Outcome(error=str(error))
        except (OSError, ValueError, http.client.HTTPException) as error:
            late = self._aborted or isinstance(error, TimeoutError)
            return Outcome(error=self._late() if late else _described(error), again=True)
        finally:
            watchdog.cancel()
            self._close()
        if 200 <= status < 300:
            return Outcome(status)
        if 300 <= status < 400:
            return Outcome(status, f"the receiver answered {status}; redirects are not followed")
        return Outcome(status, f"the receiver answered {status}", status >= 500 or status in _AGAIN)

    def abort(self) -> None:
        """Give the request up."""
        self._aborted = True
        opened = self._socket
        if opened is not None:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def _post(self) -> int:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        opened = connect(host, port, self.timeout_s, allow_private=self.allow_private)
        self._socket = opened
        if secure:
            opened = ssl.create_default_context().wrap_socket(opened, server_hostname=host)
            self._socket = opened
        if self._aborted:
            raise TimeoutError
        connection = http.client.HTTPConnection(host, port, timeout=self.timeout_s)
        connection.sock = opened
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host_header = parts.netloc.rpartition("@")[2]
        connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host_header, **self.headers}.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(self.body)))
        connection.putheader("Connection", "close")
        connection.endheaders(self.body)
        return connection.getresponse().status

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _late(self) -> str:
        return f"the receiver did not answer within {self.timeout_s:g} s"


def render(template: str | None, facts: Mapping[str, Any], secrets: Mapping[str, str]) -> bytes:
    """Return the body of a request: the template with its variables replaced, or all facts without one.

    Variables stand in the texts of the template, so no value can change its structure. A variable that the
    event does not have is empty; one that nobody knows stays as it is.
    """
    if template is None:
        return json.dumps(dict(facts)).encode()
    return json.dumps(_filled(json.loads(template), facts, secrets)).encode()


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a body: base64 of its HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _filled(value: Any, facts: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, facts, secrets), value)
    if is_list(value):
        return [_filled(inner, facts, secrets) for inner in value]
    if is_object(value):
        return {_filled(key, facts, secrets): _filled(inner, facts, secrets) for key, inner in value.items()}
    return value


def _value(match: re.Match[str], facts: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    name = match.group(1)
    if name in secrets:
        return secrets[name]
    if name.startswith(_METADATA):
        metadata = facts.get("artifact_metadata")
        found = metadata.get(name.removeprefix(_METADATA)) if is_object(metadata) else None
    elif name in _KNOWN:
        found = facts.get(name)
    else:
        return match.group(0)
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found)


def _described(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the receiver's certificate is not valid: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "the host of the receiver has no address"
    if isinstance(error, OSError) and error.strerror:
        return f"no connection to the receiver: {error.strerror}"
    return f"no answer from the receiver ({type(error).__name__})"
