"""Registries: what an organization shares, as collections of links to versions of its projects.

Schema: schema/project.graphql, schema/organization.graphql. Operations: queries/registry.graphql.
Docs: docs/api/registry.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import Self
from wandkit_generated.gql.aio import (
    add_registry_members,
    delete_registry,
    list_registry_members,
    remove_registry_members,
    rename_registry,
    update_registry_team,
    update_registry_user,
)

from wandkit._async.organization import find_organization
from wandkit._async.registry_change import find_registry, require_making, save_registry
from wandkit._core.member import TeamMember, UserMember, ids_by_kind, kind_of_member, member_id
from wandkit._core.organization import Organization
from wandkit._core.registry import (
    AddOnlyList,
    access_of,
    check_artifact_types,
    check_registry_name,
    full_name,
    visibility_of,
)
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.filters import Expression, Order
from wandkit.paths_artifact import REGISTRY_PREFIX

if TYPE_CHECKING:
    from wandkit_generated.gql.models import RegistryFields

    from wandkit._async.api import AsyncApi
    from wandkit._async.registry_listing import AsyncRegistryCollections, AsyncRegistryVersions
    from wandkit.automation.scope import RegistryScope

__all__ = ["AsyncRegistry"]


class AsyncRegistry:
    """One registry. Get it from `AsyncApi.registry` or a listing; do not build it yourself.

    Edits stay here until `save` sends them.
    """

    def __init__(self, gql: AsyncGraphQL, organization: Organization, fields: RegistryFields) -> None:
        self._gql = gql
        self._organization = organization
        self._take(fields)

    def _take(self, fields: RegistryFields) -> None:
        self._fields = fields
        self._name = fields.name.removeprefix(REGISTRY_PREFIX)
        self._description = fields.description
        self._visibility = visibility_of(fields.access)
        self._all_types = bool(fields.allow_all_artifact_types_in_registry)
        names = [edge.node.name for edge in fields.artifact_types.edges if edge.node]
        self._types = AddOnlyList(names)

    @classmethod
    async def fetch(cls, gql: AsyncGraphQL, organization: Organization, name: str) -> Self:
        """Fetch the registry `name` of an organization.

        Raises:
            NotFoundError: No such registry, or the API key may not see it.
        """
        fields = await find_registry(gql, organization.org_entity.name, full_name(name))
        if fields is None:
            raise NotFoundError(
                f"No registry {name!r} in {organization.name!r}, or the API key may not see it.",
                operation="GetRegistry",
                host=gql.settings.base_url,
                next_step="api.registries() lists those that there are.",
            )
        return cls(gql, organization, fields)

    @classmethod
    async def create(
        cls,
        api: AsyncApi,
        organization: str | None,
        name: str,
        visibility: str,
        description: str | None = None,
        artifact_types: Iterable[str] | None = None,
    ) -> AsyncRegistry:
        """Create a registry; the same as `api.create_registry(...)`.

        Args:
            api: Whom to ask.
            organization: Whose it is; default the settings' organization, then the account's.
            name: What it is called, without `wandb-registry-`.
            visibility: `organization` or `restricted`.
            description: What it says about itself.
            artifact_types: The types that may be linked; None allows every type.

        Raises:
            ArgumentError: There is one of this name, or an argument cannot be used.
            UnsupportedError: The server is too old for it.
        """
        made = await api.create_registry(name, visibility, organization, description, artifact_types)
        return made

    @property
    def id(self) -> str:
        """The server's opaque id of the registry."""
        return self._fields.id

    @property
    def automation_scope(self) -> RegistryScope:
        """The registry as the scope of automations."""
        from wandkit.automation.scope import RegistryScope

        return RegistryScope(id=self.id, name=self.full_name, entity=self.entity)

    @property
    def internal_id(self) -> str | None:
        """The server's number of it, as text."""
        return self._fields.internal_id

    @property
    def full_name(self) -> str:
        """`wandb-registry-NAME`, as it is called in paths."""
        return self._fields.name

    @property
    def name(self) -> str:
        """Its name, without `wandb-registry-`; settable, `save` renames it."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = check_registry_name(value)

    @property
    def entity(self) -> str:
        """The entity of its organization, to which it belongs."""
        return self._fields.entity_name

    @property
    def organization(self) -> str:
        """The name of its organization."""
        return self._organization.name

    @property
    def path(self) -> list[str]:
        """The entity and the full name."""
        return [self.entity, self.full_name]

    @property
    def description(self) -> str | None:
        """What it says about itself; settable, `save` sends it."""
        return self._description

    @description.setter
    def description(self, value: str | None) -> None:
        self._description = value

    @property
    def visibility(self) -> str:
        """`organization`: everybody in it may look; or `restricted`: only members. Settable."""
        return self._visibility

    @visibility.setter
    def visibility(self, value: str) -> None:
        access_of(value)
        self._visibility = value

    @property
    def allow_all_artifact_types(self) -> bool:
        """Whether any type of artifact may be linked; settable."""
        return self._all_types

    @allow_all_artifact_types.setter
    def allow_all_artifact_types(self, value: bool) -> None:
        self._all_types = bool(value)

    @property
    def artifact_types(self) -> AddOnlyList:
        """The types of artifact that may be linked, to append to; what the server has stays."""
        return self._types

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._fields.created_at

    @property
    def updated_at(self) -> datetime | None:
        """When it was last changed."""
        return self._fields.updated_at

    def collections(
        self,
        filter: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistryCollections:
        """Return its collections as a listing. Nothing is sent before it is used.

        Args:
            filter: Which collections, by `name`, `tag`, `description`, `created_at` or `updated_at`.
            order: What to sort by: `+KEY` or `-KEY`.
            per_page: Collections on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            FilterError: `filter` or `order` is malformed.
        """
        from wandkit._async.registry_listing import AsyncRegistryCollections

        return AsyncRegistryCollections(
            self._gql, self._organization, self._own(), filter, order, per_page=per_page, start=start
        )

    def versions(
        self,
        filter: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistryVersions:
        """Return the versions in its collections as a listing. Nothing is sent before it is used.

        Args:
            filter: Which versions, by `tag`, `alias`, `version`, `metadata.KEY`, `created_at` and others.
            order: What to sort by.
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            FilterError: `filter` or `order` is malformed.
        """
        from wandkit._async.registry_listing import AsyncRegistryVersions

        return AsyncRegistryVersions(
            self._gql, self._organization, self._own(), None, filter, order, per_page=per_page, start=start
        )

    async def load(self) -> Self:
        """Fetch it anew, dropping what was edited, and return it.

        Raises:
            NotFoundError: It is gone.
        """
        fresh = await type(self).fetch(self._gql, self._organization, self._fields.name)
        self._take(fresh._fields)
        return self

    async def save(self) -> None:
        """Send what was edited.

        Raises:
            ArgumentError: Types were added while every type is allowed, or are no names of types.
            UnsupportedError: The server is too old for it.
        """
        drafts = self._types.drafts
        if drafts and self._all_types:
            raise ArgumentError(
                "a registry that allows every type takes no list of them",
                next_step="Set allow_all_artifact_types to False.",
            )
        check_artifact_types(drafts)
        await require_making(self._gql)
        if self._name != self._fields.name.removeprefix(REGISTRY_PREFIX):
            answer = await rename_registry(
                self._gql, entity=self.entity, old=self._fields.name, new=full_name(self._name)
            )
            renamed = answer.rename_project.project if answer.rename_project else None
            if renamed is None:
                raise NotFoundError(
                    f"Failed to rename the registry {self._fields.name!r}.",
                    operation="RenameRegistry",
                    host=self._gql.settings.base_url,
                    next_step="Check that it is still there: api.registries().",
                )
            self._fields = renamed
        fields = await save_registry(
            self._gql,
            self.entity,
            self._name,
            description=self._description,
            visibility=self._visibility,
            artifact_types=drafts,
            all_types=self._all_types,
        )
        self._take(fields)

    async def delete(self) -> None:
        """Delete the registry with its collections of links; the versions stay in their projects.

        Raises:
            NotFoundError: The registry is gone already.
            PermissionDeniedError: The API key may not do this.
        """
        answer = await delete_registry(self._gql, id=self.id)
        if answer.delete_model is None or not answer.delete_model.success:
            raise NotFoundError(
                f"Failed to delete the registry {self.full_name!r}.",
                operation="DeleteRegistry",
                host=self._gql.settings.base_url,
                next_step="Check that it is still there: api.registries().",
            )

    async def members(self) -> list[UserMember | TeamMember]:
        """Fetch its members: the users, then the teams.

        Raises:
            NotFoundError: The registry is gone.
        """
        users = await self.user_members()
        teams = await self.team_members()
        return [*users, *teams]

    async def user_members(self) -> list[UserMember]:
        """Fetch the users among its members.

        Raises:
            NotFoundError: The registry is gone.
        """
        answer = await list_registry_members(self._gql, entity=self.entity, name=self.full_name)
        if answer.project is None:
            raise self._gone("ListRegistryMembers")
        found = answer.project.members or []
        return [UserMember(one.id, one.name, one.username, one.email, one.role.name) for one in found]

    async def team_members(self) -> list[TeamMember]:
        """Fetch the teams among its members.

        Raises:
            NotFoundError: The registry is gone.
        """
        answer = await list_registry_members(self._gql, entity=self.entity, name=self.full_name)
        if answer.project is None:
            raise self._gone("ListRegistryMembers")
        found = answer.project.team_members or []
        return [TeamMember(one.team.id, one.team.name, one.role.name) for one in found]

    def _gone(self, operation: str) -> NotFoundError:
        return NotFoundError(
            f"No registry {self.full_name!r}, or the API key may not see it.",
            operation=operation,
            host=self._gql.settings.base_url,
            next_step="api.registries() lists those that there are.",
        )

    async def add_members(self, *members: object) -> Self:
        """Add users and teams, by object or opaque id, and return the registry.

        Raises:
            ArgumentError: None were given, or one is neither.
        """
        users, teams = ids_by_kind(members)
        await add_registry_members(self._gql, id=self.id, users=users, teams=teams)
        return self

    async def remove_members(self, *members: object) -> Self:
        """Remove users and teams, by object or opaque id, and return the registry.

        Raises:
            ArgumentError: None were given, or one is neither.
        """
        users, teams = ids_by_kind(members)
        await remove_registry_members(self._gql, id=self.id, users=users, teams=teams)
        return self

    async def update_member(self, member: object, role: str) -> Self:
        """Give a user or team another role, and return the registry.

        Args:
            member: The user or team, by object or opaque id.
            role: `admin`, `member`, `viewer`, `restricted_viewer` or a role of the organization's own.

        Raises:
            ArgumentError: `member` is neither.
        """
        found = member_id(member)
        if kind_of_member(member) == "User":
            await update_registry_user(self._gql, id=self.id, user=found, role=role)
        else:
            await update_registry_team(self._gql, id=self.id, team=found, role=role)
        return self

    def _own(self) -> dict[str, Any]:
        return {"name": self.full_name}

    def __repr__(self) -> str:
        """Return the organization and the name."""
        return f"<Registry {self.organization}/{self._name}>"


async def create_registry(
    gql: AsyncGraphQL,
    name: str,
    visibility: str,
    organization: str | None,
    description: str | None,
    artifact_types: Iterable[str] | None,
) -> AsyncRegistry:
    """Make a registry and return it.

    Raises:
        ArgumentError: There is one of this name, or an argument cannot be used.
    """
    short = check_registry_name(name)
    access_of(visibility)
    types = check_artifact_types(artifact_types) if artifact_types is not None else []
    place = await find_organization(gql, organization)
    if await find_registry(gql, place.org_entity.name, full_name(short)) is not None:
        raise ArgumentError(f"the organization {place.name!r} has a registry {short!r} already")
    fields = await save_registry(
        gql,
        place.org_entity.name,
        short,
        description=description,
        visibility=visibility,
        artifact_types=types,
        all_types=not types,
    )
    return AsyncRegistry(gql, place, fields)
