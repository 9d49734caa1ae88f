"""What each server lacks, remembered for the life of the process.

A gate is a feature (`feature:ARTIFACT_TAGS`) or a schema coordinate that only newer servers know
(`Run.parquetHistory`, `Run.files(pattern:)`, `UpsertModelInput.icon`). Features are asked for once per host;
a coordinate counts as known until the server refuses it, and is then left out for that host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

__all__ = [
    "FEATURE_PREFIX",
    "Capabilities",
    "capabilities_of",
    "forget",
    "is_schema_complaint",
    "refused_gates",
]

FEATURE_PREFIX = "feature:"

# Texts, not compiled patterns: most servers never complain.
_Q = r"""["'`]?"""
_FIELD = rf"Cannot query field {_Q}(?P<field>\w+){_Q} on type {_Q}(?P<type>\w+)"
_ARGUMENT_OF = rf"Unknown argument {_Q}(?P<argument>\w+){_Q} on field {_Q}(?P<type>\w+)\.(?P<field>\w+)"
_ARGUMENT_ON = (
    rf"Unknown argument {_Q}(?P<argument>\w+){_Q} on field {_Q}(?P<field>\w+){_Q} of type {_Q}(?P<type>\w+)"
)
_TYPE = rf"Unknown type {_Q}(?P<type>\w+)"
_INPUT_FIELD = rf"Field {_Q}(?P<field>\w+){_Q} is not defined by type {_Q}(?P<type>\w+)"
_UNKNOWN_INPUT = rf"In field {_Q}(?P<field>\w+){_Q}: Unknown field"
_COMPLAINTS = (_FIELD, _ARGUMENT_OF, _ARGUMENT_ON, _TYPE, _INPUT_FIELD, _UNKNOWN_INPUT)


class Capabilities:
    """What one host lacks. All clients of that host in this process share it, from any thread.

    Every change replaces a whole set, so that no lock is needed (nor held across a fork); of two changes at
    once one may be lost, and is learnt again.
    """

    def __init__(self) -> None:
        self._refused: frozenset[str] = frozenset()
        self._features: frozenset[str] | None = None

    @property
    def features(self) -> frozenset[str] | None:
        """The names of the features that are on; None until the server was asked."""
        return self._features

    @property
    def refused(self) -> frozenset[str]:
        """The coordinates that the server refused."""
        return self._refused

    def learn_features(self, names: Iterable[str]) -> frozenset[str]:
        """Remember the features that are on, and return them."""
        self._features = frozenset(names)
        return self._features

    def refuse(self, gates: Iterable[str]) -> None:
        """Remember that the server refused `gates`."""
        self._refused = self._refused.union(gates)

    def missing(self, gates: Set[str]) -> frozenset[str]:
        """Return those of `gates` that this host lacks; features not asked for yet count as missing."""
        if not gates:
            return frozenset()
        on = self._features or frozenset()
        return frozenset(
            gate
            for gate in gates
            if gate in self._refused
            or (gate.startswith(FEATURE_PREFIX) and gate[len(FEATURE_PREFIX) :] not in on)
        )


_hosts: dict[str, Capabilities] = {}


def capabilities_of(host: str) -> Capabilities:
    """Return what this process knows of `host`."""
    return _hosts.setdefault(host, Capabilities())


def forget(host: str) -> None:
    """Forget what was learnt of `host`, as when another server takes its address."""
    _hosts.pop(host, None)


def is_schema_complaint(message: str) -> bool:
    """Tell whether an error message says that the server's schema lacks what the document asks for."""
    return any(re.search(pattern, message) for pattern in _COMPLAINTS)


def refused_gates(errors: Sequence[Mapping[str, Any]], gates: Set[str]) -> frozenset[str]:
    """Return those of an operation's `gates` that the server's validation errors are about."""
    found: set[str] = set()
    for error in errors:
        message = str(error.get("message", ""))
        for pattern in _COMPLAINTS:
            for match in re.finditer(pattern, message):
                found |= _gates_of(match.groupdict(), gates)
    return frozenset(found)


def _gates_of(parts: Mapping[str, str], gates: Set[str]) -> set[str]:
    """Return the gates that one complaint names: exactly, or by field where the type is spelt otherwise.

    A field that the server reports on a union member or interface may be gated on another type of ours.
    """
    kind, name, argument = parts.get("type"), parts.get("field"), parts.get("argument")
    if name is None:
        return {gate for gate in gates if gate == kind or gate.startswith(f"{kind}.")}
    ending = f".{name}({argument}:)" if argument else f".{name}"
    exact = {gate for gate in gates if gate == f"{kind}{ending}"}
    return exact or {gate for gate in gates if gate.endswith(ending)}
