"""The methods of `AsyncApi` about jobs.

Operations: queries/artifact.graphql. Docs: docs/api/job.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wandkit._async.account import AsyncAccount
from wandkit._async.project import missing_project
from wandkit._core.pagination import LARGEST_PAGE, next_cursor
from wandkit.errors import ArgumentError
from wandkit.paths import ProjectPath

if TYPE_CHECKING:
    from wandkit._async.job import AsyncJob

__all__ = ["AsyncJobMethods"]


class AsyncJobMethods:
    """The methods of `AsyncApi` about jobs."""

    _account: AsyncAccount

    async def job(self, name: str, path: str | None = None) -> AsyncJob:
        """Fetch a job and download its files.

        Args:
            name: `ENTITY/PROJECT/NAME:ALIAS`.
            path: The folder to download to; default where artifacts are downloaded.

        Raises:
            PathError: `name` names no version of a job.
            NotFoundError: No such job, or the API key may not see it.
            LaunchError: It is no job, or does not say where its code is.
        """
        from wandkit._async.job import AsyncJob

        job = await AsyncJob.fetch(self._account, name, path)
        return job

    async def list_jobs(self, entity: str, project: str) -> list[dict[str, Any]]:
        """Fetch the jobs of a project: for each, its versions as the server lists them, `{"edges": […]}`.

        A version has its `id`, `state`, `aliases` and the name of its `artifactSequence`. A project without
        jobs has an empty list.

        Args:
            entity: The user or team of the project.
            project: The project.

        Raises:
            ArgumentError: The entity or project is missing.
            NotFoundError: No such project, or the API key may not see it.
        """
        from wandkit_generated.gql.operations import LIST_JOBS

        if not entity or not project:
            raise ArgumentError(
                "list_jobs needs an entity and a project.",
                next_step='Say api.list_jobs("my-team", "my-project").',
            )
        account = self._account
        found: list[dict[str, Any]] = []
        seen: set[str] = set()
        variables: dict[str, Any] = {"entity": entity, "project": project, "first": LARGEST_PAGE}
        while True:
            answer = await account.gql.execute_text(LIST_JOBS.text, variables)
            if answer.get("project") is None:
                raise await missing_project(account.gql, ProjectPath(entity, project), "ListJobs")
            kind = answer["project"]["artifactType"]
            if kind is None:
                return found
            page = kind["artifactCollections"]
            found += [edge["node"]["artifacts"] for edge in page["edges"] if edge["node"]]
            info = page["pageInfo"]
            variables["after"] = next_cursor(info["hasNextPage"], info["endCursor"], seen, len(found))
            if variables["after"] is None:
                return found
