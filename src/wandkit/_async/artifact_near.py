"""What somebody may have meant by an artifact that is not there."""

from __future__ import annotations

from wandkit_generated.gql.aio import find_near_artifacts

from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.pagination import LARGEST_PAGE
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import NotFoundError, WandkitError
from wandkit.paths_artifact import ArtifactPath

__all__ = ["missing_artifact"]


async def missing_artifact(gql: AsyncGraphQL, path: ArtifactPath, operation: str) -> NotFoundError:
    """Return the error for a version that is not there, with near names or aliases: one request more."""
    what = f"No artifact {str(path)!r}, or the API key may not see it."
    host = gql.settings.base_url
    step = "Check the path: ENTITY/PROJECT/NAME:ALIAS."
    try:
        answer = await find_near_artifacts(
            gql.hurried(),
            entity=path.entity,
            project=path.project,
            collection=path.collection,
            first=LARGEST_PAGE,
        )
    except WandkitError:
        return NotFoundError(what, operation=operation, host=host, next_step=step)
    if answer.project is None:
        what = f"No project {str(path.project_path)!r}, or the API key may not see it."
        step = "Check the entity and the project."
    elif answer.project.artifact_collection is not None:
        edges = answer.project.artifact_collection.aliases.edges
        aliases = [edge.node.alias for edge in edges if edge.node]
        near = near_matches(path.alias, aliases) or aliases[:5]
        step = did_you_mean(f"{path.collection}:{alias}" for alias in near) or "It has no versions."
    else:
        found = answer.project.artifact_collections
        names = [edge.node.name for edge in found.edges if edge.node] if found else []
        step = did_you_mean(near_matches(path.collection, names)) or step
    return NotFoundError(what, operation=operation, host=host, next_step=step)
