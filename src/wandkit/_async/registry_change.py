"""What is asked about one registry, and what makes or changes it.

Operations: queries/registry.graphql. Docs: docs/api/registry.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import get_registry
from wandkit_generated.gql.operations import SAVE_REGISTRY

from wandkit._core.registry import access_of, full_name
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AnswerError, UnsupportedError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import RegistryFields

__all__ = ["find_registry", "require_making", "save_registry"]

MAKING = "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION"


async def find_registry(gql: AsyncGraphQL, entity: str, name: str) -> RegistryFields | None:
    """Return what the server has of the registry whose project is `name`; None where there is none."""
    answer = await get_registry(gql, entity=entity, name=name)
    return answer.entity.project if answer.entity else None


async def require_making(gql: AsyncGraphQL) -> None:
    """Make sure that the server makes and changes registries.

    Raises:
        UnsupportedError: It does not.
    """
    if not await gql.supports(MAKING):
        raise UnsupportedError(
            "this server does not make or change registries; nothing was changed",
            operation="SaveRegistry",
            host=gql.settings.base_url,
            next_step=f"It lacks the feature {MAKING}; a newer one has it.",
        )


async def save_registry(
    gql: AsyncGraphQL,
    entity: str,
    name: str,
    *,
    description: str | None,
    visibility: str,
    artifact_types: Iterable[str],
    all_types: bool,
) -> RegistryFields:
    """Send what a registry is to be and return what it is then."""
    await require_making(gql)
    types = [{"name": one} for one in artifact_types]
    variables: dict[str, Any] = {
        "entity": entity,
        "name": full_name(name),
        "description": description or "",
        "access": access_of(visibility),
        "allowAllArtifactTypes": all_types,
    }
    answer = await gql.execute(SAVE_REGISTRY, {**variables, "artifactTypes": types} if types else variables)
    made = answer.upsert_model.project if answer.upsert_model else None
    if made is None:
        raise AnswerError(
            f"The server did not say what became of the registry {name!r}.",
            operation="SaveRegistry",
            host=gql.settings.base_url,
            next_step="Look for it with api.registry().",
        )
    return made
