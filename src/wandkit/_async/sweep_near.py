"""What to say of a sweep that is not there: which ones are."""

from __future__ import annotations

from wandkit_generated.gql.aio import list_sweeps

from wandkit._async.project import missing_project
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.pagination import LARGEST_PAGE
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import NotFoundError, WandkitError
from wandkit.paths import SweepPath

__all__ = ["missing_sweep"]


async def missing_sweep(gql: AsyncGraphQL, path: SweepPath, *, project_found: bool) -> NotFoundError:
    """Return the error for a sweep that is not there, with near ids of the same project."""
    if not project_found:
        project = await missing_project(gql, path.project_path, "GetSweep")
        next_step = project.next_step
    else:
        next_step = await _near(gql, path)
    return NotFoundError(
        f"No sweep {str(path)!r}, or the API key may not see it.",
        operation="GetSweep",
        host=gql.settings.base_url,
        next_step=next_step or "Check the path; a sweep is named by its id, not by its display name.",
    )


async def _near(gql: AsyncGraphQL, path: SweepPath) -> str:
    try:
        answer = await list_sweeps(
            gql.hurried(), entity=path.entity, project=path.project, first=LARGEST_PAGE
        )
    except WandkitError:
        return ""
    sweeps = answer.project.sweeps if answer.project else None
    edges = sweeps.edges if sweeps else []
    same = [edge.node.name for edge in edges if edge.node.display_name == path.sweep]
    return did_you_mean(same[:3] or near_matches(path.sweep, [edge.node.name for edge in edges]))
