"""What somebody may have meant by a run that is not there."""

from __future__ import annotations

from wandkit_generated.gql.aio import find_near_runs

from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.pagination import LARGEST_PAGE
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import NotFoundError, WandkitError
from wandkit.paths import RunPath

__all__ = ["missing_run"]


async def missing_run(gql: AsyncGraphQL, path: RunPath, operation: str) -> NotFoundError:
    """Return the error for a run that is not there, with near ids, names or projects: one request more."""
    what = f"No run {str(path)!r}, or the API key may not see it."
    step = "Check the path: the run is named by its id, as in its URL."
    try:
        answer = await find_near_runs(
            gql.hurried(), entity=path.entity, project=path.project, first=LARGEST_PAGE
        )
    except WandkitError:
        return NotFoundError(what, operation=operation, host=gql.settings.base_url, next_step=step)
    if answer.project is None:
        edges = answer.models.edges if answer.models else []
        names = [edge.node.name for edge in edges if edge.node]
        what = f"No project {str(path.project_path)!r}, or the API key may not see it."
        step = did_you_mean(near_matches(path.project, names)) or "Check the entity and the project."
    else:
        ids: dict[str, str] = {}
        for edge in answer.project.runs.edges if answer.project.runs else []:
            ids[edge.node.name] = edge.node.name
            if edge.node.display_name:
                ids.setdefault(
                    edge.node.display_name, f"{edge.node.name} (shown as {edge.node.display_name})"
                )
        step = did_you_mean(ids[name] for name in near_matches(path.run, ids)) or step
    return NotFoundError(what, operation=operation, host=gql.settings.base_url, next_step=step)
