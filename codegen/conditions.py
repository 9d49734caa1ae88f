"""When a piece of a document is sent: any of these sets of gates, all of each.

A condition is a frozenset of frozensets. `ALWAYS` holds the empty set, `NEVER` holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["ALWAYS", "NEVER", "Condition", "all_of", "any_of", "gates_of", "needs", "ordered"]

Condition: TypeAlias = frozenset[frozenset[str]]

ALWAYS: Condition = frozenset({frozenset()})
NEVER: Condition = frozenset()


def needs(gate: str | None) -> Condition:
    """Return the condition that one gate is there; without a gate, always."""
    return ALWAYS if gate is None else frozenset({frozenset({gate})})


def all_of(*conditions: Condition) -> Condition:
    """Return the condition that all `conditions` hold."""
    found = ALWAYS
    for condition in conditions:
        found = _shortest(left | right for left in found for right in condition)
    return found


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that one of `conditions` holds."""
    return _shortest(gates for condition in conditions for gates in condition)


def gates_of(condition: Condition) -> frozenset[str]:
    """Return every gate that `condition` names."""
    return frozenset(gate for gates in condition for gate in gates)


def ordered(condition: Condition) -> tuple[tuple[str, ...], ...]:
    """Return `condition` in a stable order, as generated code holds it: empty for always."""
    if condition == ALWAYS:
        return ()
    return tuple(sorted(tuple(sorted(gates)) for gates in condition))


def _shortest(sets: Iterable[frozenset[str]]) -> Condition:
    """Leave out the sets that ask for more than another one does."""
    unique = set(sets)
    return frozenset(gates for gates in unique if not any(other < gates for other in unique))
