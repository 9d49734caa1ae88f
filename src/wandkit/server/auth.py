"""API keys: how a request shows one, how it is stored, and whose it is.

Keys are random and long, so a plain SHA-256 of them is safe to store; the text is shown once, when made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.model.user import ApiKey, User

__all__ = ["is_key", "key_from_header", "new_key", "store_key", "user_of_key"]


def key_from_header(authorization: str | None) -> str | None:
    """Return the API key in an `Authorization` header (Basic with any user, or Bearer), if it has one."""
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return rest.strip() or None
    return decoded.partition(":")[2] or None


def new_key() -> str:
    """Return a fresh API key of 40 characters, the length that every client accepts."""
    return secrets.token_hex(20)


def store_key(session: Session, user: User, key: str, description: str | None = None) -> ApiKey:
    """Make `key` one of the user's keys.

    Raises:
        ValueError: The key is empty, or belongs to somebody already.
    """
    if not key:
        raise ValueError("an API key cannot be empty")
    if session.scalars(select(ApiKey).where(ApiKey.digest == _digest(key))).first() is not None:
        raise ValueError("this API key is in use already")
    stored = ApiKey(user=user, digest=_digest(key), ending=key[-4:], description=description)
    session.add(stored)
    session.flush()
    return stored


def user_of_key(session: Session, key: str) -> User | None:
    """Return the user whose key this is; None for unknown keys and deleted users."""
    stored = session.scalars(select(ApiKey).where(ApiKey.digest == _digest(key))).one_or_none()
    if stored is None or not is_key(stored, key):
        return None
    return None if stored.user.deleted_at is not None else stored.user


def is_key(stored: ApiKey, key: str | None) -> bool:
    """Return whether `key` is the text of the stored key."""
    return key is not None and hmac.compare_digest(stored.digest, _digest(key))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
