"""What has changed in a page of runs since somebody looked: the steps from the old page to the new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

__all__ = ["delta_of"]

T = TypeVar("T")


def delta_of(
    before: Sequence[str], now: Sequence[T], name_of: Callable[[T], str], is_changed: Callable[[T], bool]
) -> list[dict[str, Any]]:
    """Return the steps that make `now` of `before`, each at its place in the list as the step finds it.

    First what is gone goes, the last one first, so that the places of the others hold; then, from the front,
    what is new comes in and what has another place moves there; last come the changes in place.

    Args:
        before: The names that the asker has, in order.
        now: What is there now, in order.
        name_of: Tells the name of one of these.
        is_changed: Tells whether one of these has changed since the asker looked.
    """
    steps: list[dict[str, Any]] = []
    names = [name_of(one) for one in now]
    there = set(names)
    held = list(before)
    for index in range(len(held) - 1, -1, -1):
        if held[index] not in there or held[index] in held[:index]:
            del held[index]
            steps.append({"op": "DELETE", "index": index, "run": None})
    fresh: set[str] = set()
    for index, one in enumerate(now):
        if index < len(held) and held[index] == names[index]:
            continue
        if names[index] in held:
            old = held.index(names[index])
            del held[old]
            steps.append({"op": "DELETE", "index": old, "run": None})
        held.insert(index, names[index])
        fresh.add(names[index])
        steps.append({"op": "INSERT", "index": index, "run": one})
    for index, one in enumerate(now):
        if names[index] not in fresh and is_changed(one):
            steps.append({"op": "UPDATE", "index": index, "run": one})
    return steps
