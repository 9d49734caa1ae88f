"""What runs beneath the httpx interface: own connections where that is enough, httpx where it is asked for.

A direct connection to a host needs no httpx, which costs more to import than the rest of wandkit and more per
request than the request itself (docs/decisions/http-stack.md). A transport that is handed in, and any proxy,
goes through httpx transports, whose import waits until then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from wandkit._core.failure import WireError
from wandkit._transport.exchange import Origin
from wandkit.errors import SettingsError

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["IDLE_S", "Network", "httpx_failure", "socket_failure"]

IDLE_S = 4.0
"""A connection that was idle for longer is not used again. Servers close idle ones after five seconds and
more, and a change must not meet one that is just being closed: it could not be repeated."""


@dataclass(frozen=True)
class Network:
    """How hosts are reached.

    Attributes:
        verify: As httpx takes it: True, False, a file or folder of certificates, or an `ssl.SSLContext`.
        cert: A client certificate: a PEM file, or (certificate, key[, password]).
        proxies: Proxy URLs by scheme; empty leaves it to the usual environment variables.
        transport: An httpx transport to use for everything.
    """

    verify: bool | str | ssl.SSLContext = True
    cert: str | tuple[str, str] | tuple[str, str, str] | None = field(default=None, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    transport: Any = None

    def proxy_for(self, origin: Origin) -> str | None:
        """Return the proxy for `origin`, None for a direct connection.

        The environment's proxies are not used for this machine's own addresses.
        """
        if self.proxies and self.transport is None:
            return _with_scheme(self.proxies.get(origin.scheme) or self.proxies.get("all"))
        if origin.is_loopback or self.transport is not None:
            return None
        if sys.platform not in ("darwin", "win32") and not _has_proxy_variable():
            return None
        from urllib.request import getproxies, proxy_bypass

        found = getproxies()
        proxy = found.get(origin.scheme) or found.get("all")
        if not proxy or proxy_bypass(f"{origin.host}:{origin.port}") or proxy_bypass(origin.host):
            return None
        return _with_scheme(proxy)

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context, built at the first https connection.

        Raises:
            SettingsError: A file of certificates cannot be read.
        """
        import ssl

        if isinstance(self.verify, ssl.SSLContext):
            return self.verify
        context = _context(self.verify)
        context.set_alpn_protocols(["http/1.1"])
        files = (self.cert,) if isinstance(self.cert, str) else self.cert
        if files:
            try:
                context.load_cert_chain(*files)
            except OSError as error:
                raise _unreadable("client certificate", files[0], "cert=", error) from None
        return context

    def httpx_options(self, proxy: str | None) -> dict[str, Any]:
        """Return the arguments of an httpx transport that reaches hosts the same way."""
        return {"verify": self.tls_context(), "proxy": proxy, "trust_env": False}


def _has_proxy_variable() -> bool:
    return any(
        os.environ.get(name) or os.environ.get(name.upper())
        for name in ("http_proxy", "https_proxy", "all_proxy")
    )


def _context(verify: bool | str) -> ssl.SSLContext:
    """Return a context that trusts what `verify` says; True is the usual variables, else certifi's list."""
    import ssl

    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    place = (
        verify
        if isinstance(verify, str)
        else os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    )
    if not place:
        import certifi

        place = certifi.where()
    is_folder = os.path.isdir(place)
    try:
        return ssl.create_default_context(
            cafile=None if is_folder else place, capath=place if is_folder else None
        )
    except OSError as error:
        names = "verify=, SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE"
        raise _unreadable("certificates to trust", place, names, error) from None


def _unreadable(what: str, place: str, names: str, error: OSError) -> SettingsError:
    return SettingsError(f"The {what} in {place!r} cannot be read: {error}.", next_step=f"Check {names}.")


def _with_scheme(proxy: str | None) -> str | None:
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def socket_failure(error: BaseException, *, sent: bool) -> WireError:
    """Return the one kind of failure for whatever a socket raised."""
    import socket

    kind: Literal["refused", "unreachable", "name", "tls", "timeout", "broken"]
    if isinstance(error, socket.gaierror | UnicodeError):
        temporary = getattr(error, "errno", None) == socket.EAI_AGAIN
        return WireError("name", f"temporary failure ({error})" if temporary else str(error), sent=False)
    if isinstance(error, TimeoutError):
        kind = "timeout"
    elif type(error).__module__ == "ssl" and (not sent or "ALERT" in str(error)):
        kind = "tls"
    elif sent:
        kind = "broken"
    elif isinstance(error, ConnectionRefusedError):
        kind = "refused"
    else:
        kind = "unreachable"
    return WireError(kind, str(error) or type(error).__name__, sent=sent)


def httpx_failure(error: httpx.HTTPError, proxy: str | None = None) -> WireError:
    """Return the one kind of failure for whatever an httpx transport raised, on the way through `proxy`."""
    import httpx

    text = str(error) or type(error).__name__
    if proxy:
        text += f", through the proxy {proxy.rpartition('@')[2].rpartition('://')[2].rstrip('/')}"
    if isinstance(error, httpx.TimeoutException):
        return WireError(
            "timeout", text, sent=not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        )
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        below = " ".join(repr(cause) for cause in (error.__cause__, error.__context__, error) if cause)
        kind: Literal["tls", "name", "refused", "unreachable"] = "unreachable"
        if "CERTIFICATE" in below or "SSL" in below:
            kind = "tls"
        elif "gaierror" in below or "Name or service" in below or "getaddrinfo" in below:
            kind = "name"
        elif "refused" in below.lower() or "All connection attempts failed" in below:
            kind = "refused"
        return WireError(kind, text, sent=False)
    if isinstance(error, httpx.RemoteProtocolError) and "closed" not in text and "disconnect" not in text:
        return WireError("protocol", text, sent=True)
    return WireError("broken", text, sent=True)
