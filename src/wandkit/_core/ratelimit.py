"""The server's `RateLimit-*` headers, turned into a pause before the next request.

`RateLimit-Remaining` is what is left of the budget on a scale of 0 to 1000, `RateLimit-Reset` the seconds
until it is whole again. Nothing happens while more than a tenth is left; from there on the pauses grow,
up to waiting for the reset when the budget is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["RateLimit"]

_SPARE = 100.0
_LONGEST_PAUSE_S = 60.0


@dataclass(slots=True)
class RateLimit:
    """What the server last said about one client's budget. Written whole, so that threads may share it."""

    _state: tuple[float, float] | None = field(default=None, init=False)

    def observe(self, headers: Mapping[str, str], now: float) -> None:
        """Remember the rate-limit headers of an answer; answers without them change nothing."""
        remaining = _number(headers.get("ratelimit-remaining"))
        if remaining is None:
            return
        reset_s = _number(headers.get("ratelimit-reset"))
        self._state = None if remaining > _SPARE else (remaining, now + (reset_s or 0.0))

    def pause_s(self, now: float) -> float:
        """Return how long to wait before the next request: 0 while there is budget."""
        state = self._state
        if state is None:
            return 0.0
        remaining, resets = state
        left = resets - now
        if left <= 0:
            return 0.0
        used = 1.0 - max(0.0, remaining) / _SPARE
        return min(_LONGEST_PAUSE_S, left * used * used)


def _number(text: str | None) -> float | None:
    """Return a finite number of 0 or more, None for anything else."""
    try:
        value = float(text) if text else -1.0
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
