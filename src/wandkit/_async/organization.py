"""Organizations, as far as registries need them: whose they are, and how a path comes by its entity.

Schema: schema/organization.graphql. Operations: queries/organization.graphql. Docs: docs/api/registry.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import get_default_entity, get_entity_organizations, get_organization

from wandkit._core.organization import Organization, OrganizationEntity
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.paths import NeedsEntity
from wandkit.paths_artifact import ArtifactPath, is_registry

if TYPE_CHECKING:
    from wandkit_generated.gql.models import OrganizationFields

__all__ = ["complete_artifact_path", "find_organization", "organization_names"]


async def find_organization(gql: AsyncGraphQL, name: str | None = None) -> Organization:
    """Return the organization called `name`, or whose entity is; default that of the settings or the entity.

    Raises:
        NotFoundError: There is none of this name, or the entity belongs to none.
        ArgumentError: The account belongs to several, and `name` is None.
    """
    named = name or gql.settings.organization
    known = await _organizations(gql)
    if named:
        found = [one for one in known if named in (one.name, one.org_entity.name)]
        if found:
            return found[0]
        answer = await get_organization(gql, name=named)
        place = _place(answer.organization)
        if place is None:
            raise NotFoundError(
                f"No organization {named!r}, or the API key may not see it.",
                operation="GetOrganization",
                host=gql.settings.base_url,
                next_step=f"There are: {', '.join(one.name for one in known)}."
                if known
                else "Check the name, and that the account is a member of one of its teams.",
            )
        return place
    if not known:
        raise NotFoundError(
            f"Unable to find an organization for the entity {gql.settings.entity or 'of this account'!r}.",
            operation="GetEntityOrganizations",
            host=gql.settings.base_url,
            next_step="Pass organization=…, or set WANDB_ORGANIZATION.",
        )
    if len(known) > 1:
        names = ", ".join(repr(one.name) for one in known)
        raise ArgumentError(
            f"The account belongs to several organizations: {names}.",
            next_step="Pass organization=…, write ORG/wandb-registry-X/…, or set WANDB_ORGANIZATION.",
        )
    return known[0]


async def complete_artifact_path(
    gql: AsyncGraphQL, path: ArtifactPath | NeedsEntity[ArtifactPath]
) -> ArtifactPath:
    """Return `path` with its entity: that of its organization in a registry, else the account's default one.

    Raises:
        PathError: There is no default entity.
        NotFoundError: There is no such organization.
    """
    if isinstance(path, NeedsEntity):
        if is_registry(path.rest[0]):
            organization = await find_organization(gql)
            return path.complete(organization.org_entity.name)
        answer = await get_default_entity(gql)
        return path.complete(answer.viewer.entity if answer.viewer else None)
    if not is_registry(path.project):
        return path
    for one in await _organizations(gql):
        if path.entity in (one.name, one.org_entity.name):
            return ArtifactPath(one.org_entity.name, path.project, path.collection, path.alias)
    return path


async def organization_names(gql: AsyncGraphQL) -> dict[str, str]:
    """Return what the account's organizations are called, by the names of their entities."""
    return {one.org_entity.name: one.name for one in await _organizations(gql)}


async def _organizations(gql: AsyncGraphQL) -> list[Organization]:
    """Return the organization of the default team, or those of the default user."""
    entity = gql.settings.entity
    if not entity:
        viewer = await get_default_entity(gql)
        entity = viewer.viewer.entity if viewer.viewer else None
    if not entity:
        return []
    answer = await get_entity_organizations(gql, entity=entity)
    if answer.entity is None:
        return []
    own = _place(answer.entity.organization)
    if own is not None:
        return [own]
    held = answer.entity.user.organizations if answer.entity.user else []
    places = [_place(one) for one in held]
    return [place for place in places if place is not None]


def _place(fields: OrganizationFields | None) -> Organization | None:
    if fields is None or fields.org_entity is None:
        return None
    own = fields.org_entity
    return Organization(fields.id, fields.name, OrganizationEntity(own.id, own.name, own.entity_type))
