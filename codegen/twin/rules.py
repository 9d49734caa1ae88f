"""What the twin renames. A rule that nothing uses fails the check, and so does an async name without a rule.

Classes called `AsyncX` in the async sources need no rule here: they become `X`.
"""

from __future__ import annotations

__all__ = ["MODULES", "NAMES", "NOT_IN_TWIN", "UNWRAPPED"]

# Modules, the longer path first. `_transport.concurrency` has both faces, by hand.
MODULES = {
    "wandkit._transport.concurrency.aio": "wandkit._transport.concurrency.threads",
    "wandkit._transport.aio": "wandkit_generated.sync.transport",
    "wandkit_generated.gql.aio": "wandkit_generated.gql.sync",
    "wandkit._async": "wandkit_generated.sync",
}

NAMES = {
    # httpx
    "AsyncBaseTransport": "BaseTransport",
    # typing and collections.abc
    "AsyncIterator": "Iterator",
    # builtins
    "anext": "next",
    "StopAsyncIteration": "StopIteration",
    # protocols of the language
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    # ours
    "awaitable_property": "property",
    "async_api": "api",
}

# before:  Callable[[], Awaitable[int]]
# after:   Callable[[], int]
UNWRAPPED = ("Awaitable",)

# What must not be left over in a twin; `Async` with a capital after it is looked for too.
NOT_IN_TWIN = frozenset(
    {"async", "await", "asyncio", "aiter", "asynccontextmanager", "Coroutine"} | NAMES.keys()
)
