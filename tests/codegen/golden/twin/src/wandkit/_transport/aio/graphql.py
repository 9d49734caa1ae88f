"""The client."""

from __future__ import annotations

__all__ = ["AsyncGraphQL"]


class AsyncGraphQL:
    """Sends."""
