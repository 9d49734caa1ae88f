"""Signed URLs: who holds one may do one thing with one object, until it expires.

The signature covers the method, the object and the expiry, so that a download link cannot be turned into an
upload link, nor point at another file. The key is made once per data folder and kept in it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

__all__ = ["SignatureError", "Signer", "load_signing_key"]

_KEY_BYTES = 32


class SignatureError(Exception):
    """The link is not ours, was changed, is for another method, or has expired."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks the signatures of one server.

    Attributes:
        key: The secret of the data folder.
        download_s: Seconds for which a download link works.
        upload_s: Seconds for which an upload link works; long, because clients ask for the link before they
            queue.
    """

    key: bytes
    download_s: float = 3600.0
    upload_s: float = 86400.0

    def url(self, base_url: str, method: str, target: str) -> str:
        """Return an absolute URL that allows `method` on `target` until it expires.

        Args:
            base_url: The server's own URL as the client knows it, without a trailing slash.
            method: "GET" or "PUT".
            target: The object's path on this server without the leading slash, not quoted.
        """
        lifetime = self.download_s if method == "GET" else self.upload_s
        expires = int(time.time() + lifetime)
        query = urlencode({"expires": expires, "signature": self._signature(method, target, expires)})
        return f"{base_url.rstrip('/')}/{quote(target, safe='/')}?{query}"

    def check(self, method: str, target: str, expires: str | None, signature: str | None) -> None:
        """Return if the link is good for `method` on `target` now.

        Raises:
            SignatureError: It is not; the message says which of the reasons it was.
        """
        if not expires or not signature or not (expires.isascii() and expires.isdigit()):
            raise SignatureError("the link is not signed")
        expected = self._signature(method, target, int(expires))
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise SignatureError("the signature does not fit this method and object")
        if int(expires) < time.time():
            raise SignatureError("the link has expired")

    def _signature(self, method: str, target: str, expires: int) -> str:
        message = "\n".join((method, target, str(expires))).encode("utf-8", "surrogatepass")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        """Show the lifetimes only, never the key."""
        return f"Signer(download_s={self.download_s}, upload_s={self.upload_s})"


def load_signing_key(data_dir: Path) -> bytes:
    """Return the secret of `data_dir`, made on first use and readable by its owner only."""
    path = data_dir / "signing.key"
    try:
        return _read_key(path)
    except FileNotFoundError:
        pass
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)  # unlike a rename, it keeps the key of a server that started at the same moment
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(
            f"{path} does not hold a signing key of {_KEY_BYTES} bytes; remove it to make a new one"
        )
    return key
