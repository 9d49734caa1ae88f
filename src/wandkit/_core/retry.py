"""Whether a failed request is sent again, and after how long. Pure: the caller sleeps and knows the time.

A request is repeated when that is safe: always where the server cannot have acted on it, otherwise only
where repeating it changes nothing (`idempotent`). Waits grow and are jittered; the server's `Retry-After`
comes first. `deadline` bounds attempts and waits together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wandkit.errors import DeadlineExceededError, RequestTimeoutError, WandkitError

__all__ = ["Attempts", "Failure", "Repeat", "RetryPolicy", "asked_wait_s"]

Repeat: TypeAlias = Literal["safe", "idempotent", "never"]
"""When a failed request may be repeated: whatever it was, only if idempotent, or not at all."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP_DATE = re.compile(r"\w+, (\d{1,2})[ -](\w{3})[ -](\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT", re.ASCII)


class Failure(NamedTuple):
    """What went wrong with one attempt, and whether another one may help."""

    error: WandkitError
    repeat: Repeat = "never"
    asked_wait_s: float | None = None
    slow: bool = False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patiently a client repeats.

    Attributes:
        attempts: Attempts in all, the first one included.
        slow_attempts: Attempts that may run into their time limit: who was too slow twice is so again.
        first_wait_s: Wait before the second attempt; doubled each time, plus up to a quarter of jitter.
        longest_wait_s: Waits grow to this.
        longest_asked_wait_s: A longer `Retry-After` is not waited for; the error says how long it is.
    """

    attempts: int = 6
    slow_attempts: int = 2
    first_wait_s: float = 0.25
    longest_wait_s: float = 8.0
    longest_asked_wait_s: float = 120.0

    def wait_s(self, attempt: int, jitter: float) -> float:
        """Return the wait after the failed attempt number `attempt` (from 1); `jitter` is in 0..1."""
        grown: float = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return grown * (1.0 + 0.25 * jitter)


class Attempts:
    """The attempts of one call, up to its deadline."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        idempotent: bool,
        now: float,
        deadline_s: float | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self._policy = policy
        self._idempotent = idempotent
        self._deadline_s = deadline_s
        self._ends = None if deadline_s is None else now + deadline_s
        self._random = random
        self._failed = 0
        self._slow = 0

    def time_left_s(self, now: float) -> float | None:
        """Return the seconds until the deadline, None without one."""
        return None if self._ends is None else max(0.0, self._ends - now)

    def timeout_s(self, timeout_s: float, now: float) -> float:
        """Return the time limit of the next attempt: `timeout_s`, cut at the deadline."""
        left = self.time_left_s(now)
        return timeout_s if left is None else min(timeout_s, left)

    def wait_after(self, failure: Failure, now: float) -> float:
        """Return how long to wait before the next attempt.

        Raises:
            WandkitError: There is no next attempt; this is the error of the call.
            DeadlineExceededError: There would be one, but for the deadline.
        """
        self._failed += 1
        self._slow += failure.slow
        left = self.time_left_s(now)
        if left is not None and left <= 0:
            raise self._too_late(failure.error) from failure.error
        if failure.repeat == "never" or (failure.repeat == "idempotent" and not self._idempotent):
            raise failure.error
        if self._failed >= self._policy.attempts or self._slow >= self._policy.slow_attempts:
            raise failure.error
        asked = failure.asked_wait_s
        if asked is not None and asked > self._policy.longest_asked_wait_s:
            raise failure.error
        jitter = (self._random or _jitter())()
        wait = self._policy.wait_s(self._failed, jitter) if asked is None else max(asked, 0.0) + 0.05 * jitter
        if left is not None and wait >= left:
            raise self._too_late(failure.error) from failure.error
        return wait

    def _too_late(self, error: WandkitError) -> DeadlineExceededError:
        was_slow = isinstance(error, RequestTimeoutError) or not error.next_step
        return DeadlineExceededError(
            f"The deadline of {self._deadline_s:g} s passed after {self._failed} "
            f"attempt{'s' if self._failed != 1 else ''}; the last one: {error.message}",
            operation=error.operation,
            host=error.host,
            status=error.status,
            request_id=error.request_id,
            next_step="Give a longer `deadline`, or ask for less at once." if was_slow else error.next_step,
        )


def _jitter() -> Callable[[], float]:
    from random import random

    return random


def asked_wait_s(headers: Mapping[str, str], now_epoch_s: float) -> float | None:
    """Return the seconds that `Retry-After` asks to wait, as a number or an HTTP date; None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _until_http_date(value, now_epoch_s)
    return max(0.0, seconds) if seconds == seconds else None


def _until_http_date(text: str, now_epoch_s: float) -> float | None:
    """Return the seconds from now to an HTTP date, 0 if it is past, None if it is no date."""
    match = _HTTP_DATE.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    from datetime import datetime, timezone

    day, year, hour, minute, second = (int(match[index]) for index in (1, 3, 4, 5, 6))
    try:
        at = datetime(
            year, _MONTHS.index(match[2].lower()) + 1, day, hour, minute, second, tzinfo=timezone.utc
        )
    except ValueError:
        return None
    return max(0.0, at.timestamp() - now_epoch_s)
