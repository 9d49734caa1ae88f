"""`awaitable_property`: an attribute that may send, awaited in async and plain in the sync twin."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar, overload

from typing_extensions import Self

__all__ = ["awaitable_property"]

T = TypeVar("T")


class awaitable_property(Generic[T]):
    """A read-only property whose value is awaited: `await run.config`.

    The sync twin has a plain `property` in its place: `run.config`.
    """

    def __init__(self, read: Callable[[Any], Coroutine[Any, Any, T]]) -> None:
        self.__wrapped__ = read
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Coroutine[Any, Any, T]: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Coroutine[Any, Any, T]:
        """Return the coroutine that reads the value."""
        return self if instance is None else self.__wrapped__(instance)
