"""API keys as they may be shown: by their last characters."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ApiKey", "is_whole_key", "shown_key"]

_SHORTEST_KEY = 40
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key of a user, without its text.

    Attributes:
        id: The server's id of the key.
        name: The key's last characters after asterisks, or the name that the server gives it.
        description: What it is for.
    """

    id: str
    name: str
    description: str | None = field(default=None)


def is_whole_key(name: str) -> bool:
    """Return whether what the server calls the name of a key is the key itself, as some servers show it."""
    return len(name.rpartition("-")[2] or name) >= _SHORTEST_KEY and "*" not in name


def shown_key(name: str) -> str:
    """Return a key's name without its secret: a whole key is cut to its last characters."""
    return f"****{name[-_SHOWN:]}" if is_whole_key(name) else name
