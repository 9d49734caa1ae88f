"""Compiled operations: the text that each server understands, without a GraphQL parser at run time.

The compiler cuts every operation into pieces. A piece that only newer servers know carries the gates
that it needs; `Operation.document` joins the pieces that a host without some gates understands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from importlib import import_module
from typing import Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar, cast

from wandkit.errors import UnsupportedError

__all__ = [
    "ALWAYS",
    "UNSET",
    "AsyncExecutor",
    "Executor",
    "Gate",
    "Operation",
    "Piece",
    "UnsetType",
    "When",
    "given",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Gate: TypeAlias = str
"""`feature:ARTIFACT_TAGS`, or the schema coordinate of what came later: `Run.parquetHistory`,
`Run.logLines(useImprovedPagination:)`, `UpsertModelInput.icon`, `ARIATriggeredAction`."""

When: TypeAlias = tuple[frozenset[Gate], ...]
"""Any of these sets, all of its gates. Empty: always."""

ALWAYS: Final[When] = ()


class UnsetType(Enum):
    """The type of `UNSET`, which leaves a variable out of the request; None would send null."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = UnsetType.UNSET


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document, sent where one set of `when` is wholly known to the server."""

    text: str
    when: When = ALWAYS


def _holds(when: When, missing: AbstractSet[Gate]) -> bool:
    return not when or any(missing.isdisjoint(gates) for gates in when)


@dataclass(frozen=True, eq=False)
class Operation(Generic[T_co]):
    """One operation of `queries/`, compiled.

    Attributes:
        name: As in `queries/`, e.g. `GetRun`.
        kind: What the document starts with.
        pieces: The document in order.
        variables: Every variable with when it is sent.
        when: When the operation can be sent at all.
        spare: The variables of a mutation that an older server does well without, see `queries/README.md`.
        gates: All gates of all pieces.
        answer: Imports and returns the model of the answer's `data`.
        idempotent: Whether it may be sent again when an answer is lost.
        shape: Imports and returns what decodes the `data` of an answer without pydantic, to an object with
            the attributes of `answer`; None where the answer needs the model.
    """

    name: str
    kind: Literal["query", "mutation"]
    pieces: tuple[Piece, ...]
    variables: Mapping[str, When]
    gates: frozenset[Gate]
    answer: Callable[[], type[T_co]]
    idempotent: bool
    when: When = ALWAYS
    shape: Callable[[], Callable[[memoryview], object]] | None = None
    spare: frozenset[str] = frozenset()
    _documents: dict[frozenset[Gate], str] = field(
        default_factory=dict[frozenset[Gate], str], init=False, repr=False
    )

    def document(self, missing: AbstractSet[Gate] = frozenset()) -> str:
        """Return the document for a server that lacks the gates in `missing`.

        Raises:
            UnsupportedError: Nothing of the operation is left for such a server.
        """
        lacks = self.gates.intersection(missing)
        known = self._documents.get(lacks)
        if known is not None:
            return known
        if not _holds(self.when, lacks):
            raise self._unknown(lacks)
        text = "".join(piece.text for piece in self.pieces if _holds(piece.when, lacks))
        self._documents[lacks] = text
        return text

    def sent(
        self, values: Mapping[str, object], missing: AbstractSet[Gate] = frozenset()
    ) -> dict[str, object]:
        """Return the variables among `values` that `document(missing)` declares."""
        variables = self.variables
        return {
            name: value
            for name, value in values.items()
            if name in variables and _holds(variables[name], missing)
        }

    def check(
        self, values: Mapping[str, object], missing: AbstractSet[Gate] = frozenset(), host: str | None = None
    ) -> None:
        """Refuse to change less than was asked for on a server that lacks the gates in `missing`.

        A query may go without what was given: its answer says less, and nothing is changed.

        Raises:
            UnsupportedError: It is a mutation, and a variable that was given a value would be left out; or
                nothing of the operation is left. The message names what, and that nothing was changed.
        """
        lacks = self.gates.intersection(missing)
        if not lacks:
            return
        if not _holds(self.when, lacks):
            raise self._unknown(lacks, host)
        lost = {
            name: when
            for name, when in (self.variables.items() if self.kind == "mutation" else ())
            if _says(values.get(name)) and name not in self.spare and not _holds(when, lacks)
        }
        if lost:
            words = " and ".join(repr(_WORDS.sub("_", name).lower()) for name in lost)
            needed = lacks.intersection(gate for when in lost.values() for gates in when for gate in gates)
            raise UnsupportedError(
                f"This server does not know {words} of {self.name}; nothing was changed.",
                operation=self.name,
                host=host,
                next_step=f"Leave it out, or use a server that has {', '.join(sorted(needed))}.",
            )

    def _unknown(self, lacks: AbstractSet[Gate], host: str | None = None) -> UnsupportedError:
        return UnsupportedError(
            f"This server lacks what {self.name} asks for: {', '.join(sorted(lacks))}.",
            operation=self.name,
            host=host,
            next_step="A newer server has it.",
        )

    @property
    def text(self) -> str:
        """The whole document, nothing cut."""
        return self.document()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name: the other process has the same compiled operations."""
        return _constant_in, (self.answer.__module__, _WORDS.sub("_", self.name).upper())


_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _says(value: object) -> bool:
    """Whether a variable asks for anything: not None, nor an empty list, nor left out."""
    return value is not None and value is not UNSET and value != [] and value != {}


def _constant_in(module: str, constant: str) -> Operation[Any]:
    """Return `GET_RUN` of the module of operations that the compiler made."""
    found: Operation[Any] = getattr(import_module(module), constant)
    return found


class AsyncExecutor(Protocol):
    """What the generated async functions need of a client."""

    async def execute(
        self, operation: Operation[T], variables: Mapping[str, object], *, timeout: float | None = None
    ) -> T:
        """Send `operation` and return its answer."""
        ...


class Executor(Protocol):
    """What the generated sync functions need of a client."""

    def execute(
        self, operation: Operation[T], variables: Mapping[str, object], *, timeout: float | None = None
    ) -> T:
        """Send `operation` and return its answer."""
        ...


def given(values: Mapping[str, object]) -> dict[str, object]:
    """Return `values` as JSON-ready variables, without those that are UNSET."""
    return {name: _plain(value) for name, value in values.items() if value is not UNSET}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, Mapping):
        return _plain_object(cast("Mapping[object, object]", value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in cast("Iterable[object]", value)]
    dump = getattr(value, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_unset=True) if dump else value


def _plain_object(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): _plain(item) for key, item in value.items() if item is not UNSET}
