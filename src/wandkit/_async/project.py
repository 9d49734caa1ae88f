"""Projects: the folders that runs are in.

Schema: schema/project.graphql. Operations: queries/project.graphql. Docs: docs/api/project.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import create_project, get_project, list_projects
from wandkit_generated.gql.operations import LIST_PROJECTS

from wandkit._async.account import AsyncAccount
from wandkit._async.artifacts import AsyncProjectArtifactMethods
from wandkit._async.listing import AsyncListing
from wandkit._async.project_sweeps import AsyncProjectSweeps
from wandkit._async.user import AsyncUser
from wandkit._core.awaitable import awaitable_property
from wandkit._core.display import html_table, show
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.pagination import LARGEST_PAGE, Page, PageRequest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AnswerError, NotFoundError, WandkitError
from wandkit.paths import NeedsEntity, ProjectPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import GetProjectProject, ProjectFields

    from wandkit.automation.scope import ProjectScope

__all__ = ["AsyncProject", "AsyncProjectMethods", "AsyncProjects", "missing_project"]


class AsyncProject(AsyncProjectArtifactMethods, AsyncProjectSweeps):
    """One project. Get it from `AsyncApi.project`, which sends nothing: attributes load when they are read.

    Attributes:
        name: The project's name.
    """

    def __init__(
        self,
        account: AsyncAccount,
        path: ProjectPath | NeedsEntity[ProjectPath],
        fields: ProjectFields | None = None,
    ) -> None:
        self._account = account
        self._path = path
        self._fields = fields
        self._owner: AsyncUser | None = None
        self.name: str = path.project if isinstance(path, ProjectPath) else path.rest[0]

    @awaitable_property
    async def entity(self) -> str:
        """The user or team that the project belongs to."""
        path = await self._full_path()
        return path.entity

    @awaitable_property
    async def path(self) -> list[str]:
        """The entity and the project's name."""
        path = await self._full_path()
        return [path.entity, path.project]

    @awaitable_property
    async def url(self) -> str:
        """The project's page in the web app."""
        path = await self._full_path()
        return f"{path.url(self._account.settings.app_url)}/workspace"

    @awaitable_property
    async def id(self) -> str:
        """The server's opaque id of the project."""
        fields = await self._loaded()
        return fields.id

    @awaitable_property
    async def description(self) -> str | None:
        """What the project says about itself."""
        fields = await self._loaded()
        return fields.description

    @awaitable_property
    async def access(self) -> str | None:
        """Who may see the project, in the server's words."""
        fields = await self._loaded()
        return fields.access

    @awaitable_property
    async def created_at(self) -> datetime:
        """When the project was made."""
        fields = await self._loaded()
        return fields.created_at

    @awaitable_property
    async def is_benchmark(self) -> bool:
        """Whether the project is a public benchmark."""
        fields = await self._loaded()
        return fields.is_benchmark

    @awaitable_property
    async def owner(self) -> AsyncUser:
        """The user who made the project.

        Raises:
            NotFoundError: The server names none.
        """
        if self._owner is None:
            fields = await self._fetch()
            if fields.user is None:
                raise NotFoundError(
                    f"The server names no owner of the project {self!r}.",
                    operation="GetProject",
                    host=self._account.settings.base_url,
                    next_step="The account may have been deleted.",
                )
            self._owner = AsyncUser.from_fields(self._account.gql, fields.user)
        return self._owner

    @property
    def automation_scope(self) -> ProjectScope:
        """The project as the scope of automations; nothing is sent, its id is asked when one is saved."""
        from wandkit.automation.scope import ProjectScope

        entity = self._path.entity if isinstance(self._path, ProjectPath) else None
        return ProjectScope(id=self._fields.id if self._fields else None, name=self.name, entity=entity)

    async def load(self, force: bool = False) -> AsyncProject:
        """Fetch the attributes, if they are not there yet or `force` says so, and return the project.

        Raises:
            NotFoundError: No such project, or the API key may not see it.
        """
        if force or self._fields is None:
            await self._fetch()
        return self

    async def _full_path(self) -> ProjectPath:
        path = await self._account.complete(self._path)
        self._path = path
        return path

    async def _loaded(self) -> ProjectFields:
        if self._fields is None:
            fields: ProjectFields = await self._fetch()
            return fields
        return self._fields

    async def _fetch(self) -> GetProjectProject:
        path = await self._full_path()
        answer = await get_project(self._account.gql, entity=path.entity, name=path.project)
        if answer.project is None:
            raise await missing_project(self._account.gql, path, "GetProject")
        self._fields = answer.project
        return answer.project

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Return a small table about the project, as HTML without any request.

        Args:
            height: Taken for compatibility; the table is small.
            hidden: True folds it away until somebody opens it.
        """
        path = self._path
        rows = {"project": self.name}
        if isinstance(path, ProjectPath):
            rows = {"project": str(path), "page": path.url(self._account.settings.app_url)}
        return html_table(rows, hidden=hidden)

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show the project in a notebook; False where there is none.

        Args:
            height: Taken for compatibility; the table is small.
            hidden: True folds it away until somebody opens it.
        """
        return show(self.to_html(height, hidden))

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the project's path."""
        path = self._path
        return f"<Project {path}>" if isinstance(path, ProjectPath) else f"<Project {self.name}>"


class AsyncProjects(AsyncListing[AsyncProject]):
    """The projects of one entity. Get it from `AsyncApi.projects`."""

    def __init__(
        self,
        account: AsyncAccount,
        entity: str | None,
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._entity = entity

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncProject]:
        account = self._account
        entity = await account.require_entity(self._entity)
        self._entity = entity
        variables = {"entity": entity, "first": request.size, "after": request.cursor}
        answer, problems = await account.gql.execute_with_problems(LIST_PROJECTS, variables)
        if answer.models is None:
            raise NotFoundError(
                f"No entity {entity!r}, or the API key may not see it.",
                operation="ListProjects",
                host=account.settings.base_url,
                next_step="Check the name of the user or team.",
            )
        found = [(edge.node, edge.cursor) for edge in answer.models.edges if edge.node is not None]
        return Page(
            items=[
                AsyncProject(account, ProjectPath(node.entity_name, node.name), node) for node, _ in found
            ],
            keys=[node.id for node, _ in found],
            cursors=[cursor for _, cursor in found],
            end_cursor=answer.models.page_info.end_cursor,
            has_next=answer.models.page_info.has_next_page,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose projects these are."""
        return f"<Projects {self._entity or 'of the default entity'}>"


class AsyncProjectMethods:
    """The methods of `AsyncApi` about projects."""

    _account: AsyncAccount

    def project(self, name: str, entity: str | None = None) -> AsyncProject:
        """Return the project of this name, or of this path or URL. Nothing is sent.

        Args:
            name: `PROJECT`, `ENTITY/PROJECT` or a URL.
            entity: Where the name has none; default the settings' entity, then the account's default one.

        Raises:
            PathError: `name` names no project.
        """
        return AsyncProject(self._account, self._account.project_path(name, entity))

    def projects(
        self, entity: str | None = None, per_page: int | None = None, *, start: str | None = None
    ) -> AsyncProjects:
        """Return the projects of `entity` as a listing. Nothing is sent before it is used.

        Args:
            entity: A user or team; default the settings' entity, then the account's default one.
            per_page: Projects on a page; left out, the size adapts to how quickly the server answers.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        listing = AsyncProjects(self._account, entity, per_page=per_page, start=start)
        return self._account.keep(listing)

    async def create_project(
        self, name: str, entity: str | None = None, *, description: str | None = None
    ) -> AsyncProject:
        """Create the project `name` and return it; one that is there already is returned as it is.

        Args:
            name: What it is called.
            entity: Whose it is; default the settings' entity, then the account's default one.
            description: What it says about itself.

        Raises:
            PermissionDeniedError: The API key may not create projects in `entity`.
        """
        account = self._account
        owner = await account.require_entity(entity)
        answer = await create_project(account.gql, entity=owner, name=name, description=description)
        model = answer.upsert_model.model if answer.upsert_model else None
        if model is None:
            raise AnswerError(
                f"The server did not say what became of the new project {owner}/{name}.",
                operation="CreateProject",
                host=account.settings.base_url,
                next_step="Look for it with api.projects().",
            )
        return AsyncProject(account, ProjectPath(model.entity_name, model.name), model)


async def missing_project(gql: AsyncGraphQL, path: ProjectPath, operation: str) -> NotFoundError:
    """Return the error for a project that is not there, with near names of the same entity."""
    try:
        answer = await list_projects(gql.hurried(), entity=path.entity, first=LARGEST_PAGE)
    except WandkitError:
        near = []
    else:
        edges = answer.models.edges if answer.models else []
        near = near_matches(path.project, [edge.node.name for edge in edges if edge.node])
    return NotFoundError(
        f"No project {str(path)!r}, or the API key may not see it.",
        operation=operation,
        host=gql.settings.base_url,
        next_step=did_you_mean(near) or "Check the entity and the name.",
    )
