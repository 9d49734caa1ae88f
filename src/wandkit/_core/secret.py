"""Texts that are used as they are, but never shown."""

from __future__ import annotations

__all__ = ["Secret"]


class Secret(str):
    """A text that hides in a repr: its own, that of what holds it, and that of local names in a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a stand-in."""
        return "<hidden>"
