"""Whether and when a failed request is sent again."""

from __future__ import annotations

import pytest

from wandkit._core.retry import Attempts, Failure, RetryPolicy, asked_wait_s
from wandkit.errors import ConnectionFailedError, DeadlineExceededError, RateLimitError, ServerError

EIGHT = 1_792_137_600.0  # Fri, 16 Oct 2026 08:00:00 GMT


def attempts(*, idempotent: bool = True, deadline_s: float | None = None, **policy: float) -> Attempts:
    """Return the attempts of a call that starts at second 100, without jitter."""
    return Attempts(
        RetryPolicy(**policy),  # type: ignore[arg-type]
        idempotent=idempotent,
        now=100.0,
        deadline_s=deadline_s,
        random=lambda: 0.0,
    )


def test_waits_double_up_to_the_longest() -> None:
    calls = attempts(attempts=8, longest_wait_s=1.0)
    failed = Failure(ServerError("down"), "idempotent")
    assert [calls.wait_after(failed, 100.0) for _ in range(4)] == [0.25, 0.5, 1.0, 1.0]


def test_the_last_attempt_raises_its_own_error() -> None:
    calls = attempts(attempts=2)
    calls.wait_after(Failure(ServerError("first"), "idempotent"), 100.0)
    with pytest.raises(ServerError, match="second"):
        calls.wait_after(Failure(ServerError("second"), "idempotent"), 100.0)


def test_a_change_is_not_repeated_where_the_server_may_have_made_it() -> None:
    with pytest.raises(ServerError):
        attempts(idempotent=False).wait_after(Failure(ServerError("500"), "idempotent"), 100.0)


def test_a_change_is_repeated_where_the_server_cannot_have_made_it() -> None:
    refused = Failure(ConnectionFailedError("refused"), "safe")
    assert attempts(idempotent=False).wait_after(refused, 100.0) == 0.25


def test_what_the_server_asks_for_comes_before_the_own_wait() -> None:
    assert attempts().wait_after(Failure(RateLimitError("slow"), "safe", asked_wait_s=7.0), 100.0) == 7.0


def test_a_retry_after_longer_than_the_patience_raises_at_once() -> None:
    with pytest.raises(RateLimitError):
        attempts().wait_after(Failure(RateLimitError("slow"), "safe", asked_wait_s=3600.0), 100.0)


def test_a_server_that_was_too_slow_twice_is_not_asked_a_third_time() -> None:
    calls = attempts()
    slow = Failure(ServerError("slow"), "idempotent", slow=True)
    calls.wait_after(slow, 100.0)
    with pytest.raises(ServerError):
        calls.wait_after(slow, 100.0)


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    calls = attempts(deadline_s=5.0)
    with pytest.raises(DeadlineExceededError, match="deadline of 5 s") as caught:
        calls.wait_after(Failure(RateLimitError("slow", operation="GetRun"), "safe", asked_wait_s=6.0), 101.0)
    assert caught.value.operation == "GetRun"


def test_a_deadline_that_passes_keeps_the_advice_of_the_last_failure() -> None:
    refused = ConnectionFailedError("x refused the connection", next_step="Check the base URL.")
    with pytest.raises(DeadlineExceededError) as caught:
        attempts(deadline_s=0.01).wait_after(Failure(refused, "safe"), 100.0)
    assert caught.value.next_step == "Check the base URL."


def test_the_deadline_cuts_the_time_limit_of_an_attempt() -> None:
    assert attempts(deadline_s=5.0).timeout_s(19.0, 103.0) == 2.0


def test_without_a_deadline_every_attempt_has_its_whole_time() -> None:
    assert attempts().timeout_s(19.0, 1e9) == 19.0


def test_jitter_only_adds_to_a_wait() -> None:
    policy = RetryPolicy(first_wait_s=1.0)
    assert (policy.wait_s(1, 0.0), policy.wait_s(1, 1.0)) == (1.0, 1.25)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("-4", 0.0),
        ("Fri, 16 Oct 2026 08:00:30 GMT", 30.0),
        ("Fri, 16 Oct 2026 07:59:30 GMT", 0.0),
        ("Fri, 31 Feb 2026 07:59:30 GMT", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert asked_wait_s({"retry-after": text}, EIGHT) == seconds


def test_no_retry_after_asks_for_nothing() -> None:
    assert asked_wait_s({}, EIGHT) is None
