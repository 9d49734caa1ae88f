"""Where automations watch: a project, a registry, a collection, a team or an organization.

Objects of wandkit can be given instead: `OnRunState(scope=api.project("spirals"), …)`. What has not been
loaded yet, such as the id of that project, is asked from the server when the automation is saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import ConfigDict, PrivateAttr, ValidationError

from wandkit._core.checked import Checked
from wandkit.automation.kind import ScopeType
from wandkit.errors import ArgumentError
from wandkit.paths_artifact import is_registry

__all__ = [
    "ArtifactCollectionScope", "EntityScope", "OrgScope", "ProjectScope", "RegistryScope", "Scope",
    "ScopeLike", "TeamScope", "UnknownScope", "read_scope", "scope_of",
]  # fmt: skip


class Scope(Checked):
    """Where an automation watches."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)
    TYPE: ClassVar[ScopeType]

    id: str | None = None
    """The server's opaque id; None asks for it by name when the automation is saved."""

    name: str
    """What it is called."""

    @property
    def scope_type(self) -> ScopeType:
        """The kind of scope, by its name on the wire."""
        return self.TYPE

    @property
    def automation_scope(self) -> Scope:
        """The scope itself, as objects of wandkit give theirs."""
        return self

    def __eq__(self, other: object) -> bool:
        """Two scopes are the same if they are one object of the server."""
        if not isinstance(other, Scope):
            return NotImplemented
        if self.id is None or other.id is None:
            return super().__eq__(other)
        return (self.scope_type, self.id) == (other.scope_type, other.id)

    def __hash__(self) -> int:
        """Return the hash of the id."""
        return hash(self.id)


class ProjectScope(Scope):
    """A project."""

    TYPE: ClassVar[ScopeType] = ScopeType.PROJECT

    entity: str | None = None
    """The user or team that it belongs to; None where it is not known."""


class RegistryScope(Scope):
    """A registry, under its full name."""

    TYPE: ClassVar[ScopeType] = ScopeType.PROJECT

    entity: str | None = None
    """The entity of its organization; None where it is not known."""


class ArtifactCollectionScope(Scope):
    """A collection: a sequence of versions, or a portfolio of links such as those of a registry."""

    TYPE: ClassVar[ScopeType] = ScopeType.ARTIFACT_COLLECTION

    kind: Literal["ArtifactSequence", "ArtifactPortfolio"] = "ArtifactSequence"
    """Which of the two, in the server's words."""

    entity: str | None = None
    """The user or team that it belongs to; None where it is not known."""


class EntityScope(Scope):
    """All projects of an entity."""

    TYPE: ClassVar[ScopeType] = ScopeType.ENTITY

    entity_type: str | None = None
    """`team`, `organization` and the like, where the server says it."""


class TeamScope(EntityScope):
    """All projects of a team."""

    entity_type: str | None = "team"


class OrgScope(EntityScope):
    """All projects of an organization, by the entity that it has."""

    entity_type: str | None = "organization"


class UnknownScope(Scope):
    """A scope of a kind that wandkit does not know, as the server sent it."""

    TYPE: ClassVar[ScopeType] = ScopeType("UNKNOWN")

    name: str = ""
    type_name: str = ""
    """The server's name for its type."""

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def raw(self) -> dict[str, Any]:
        """What the server sent about it."""
        return dict(self._raw)


@runtime_checkable
class HasScope(Protocol):
    """An object of wandkit that automations can watch."""

    @property
    def automation_scope(self) -> Scope:
        """Where an automation watches that is given this object."""
        ...


ScopeLike: TypeAlias = Scope | HasScope
"""A scope, or a project, registry, collection, team or organization of wandkit."""


def scope_of(value: ScopeLike) -> Scope:
    """Return the scope that `value` stands for.

    Raises:
        ArgumentError: It is nothing that automations can watch.
    """
    if not isinstance(value, HasScope):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"An automation cannot watch a {type(value).__name__}.",
            next_step="Give a project, a registry, a collection, a team or an organization.",
        )
    return value.automation_scope


def read_scope(raw: Mapping[str, Any]) -> Scope:
    """Return the scope that a server sent; of a kind or shape that is not known, raw."""
    type_name, name = str(raw.get("__typename", "")), raw.get("name")
    try:
        if type_name == "Project":
            kind = RegistryScope if is_registry(str(name)) else ProjectScope
            return kind.model_validate({"id": raw["id"], "name": name, "entity": raw.get("entityName")})
        if type_name in ("ArtifactSequence", "ArtifactPortfolio"):
            found = {"id": raw["id"], "name": name, "kind": type_name}
            return ArtifactCollectionScope.model_validate(found)
        if type_name == "Entity":
            found = {"id": raw["id"], "name": name, "entity_type": raw.get("entityType")}
            return _ENTITIES.get(str(raw.get("entityType")), EntityScope).model_validate(found)
    except (ValidationError, KeyError):
        pass
    id = raw.get("id")
    unknown = UnknownScope(id=None if id is None else str(id), name=str(name or ""), type_name=type_name)
    unknown._raw.update(raw)  # pyright: ignore[reportPrivateUsage]
    return unknown


_ENTITIES: dict[str, type[EntityScope]] = {"team": TeamScope, "organization": OrgScope}
