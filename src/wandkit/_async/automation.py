"""Listings of automations.

Schema: schema/automation.graphql. Operations: queries/automation.graphql. Docs: docs/api/automation.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.operations import (
    LIST_AUTOMATIONS,
    LIST_AUTOMATIONS_OF_PROJECTS,
    LIST_AUTOMATIONS_OF_VIEWER,
)

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._core.pagination import Page, PageRequest
from wandkit.automation.automation import Automation
from wandkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wandkit_generated.gql.models import (
        AutomationFields,
        ListAutomationsOfProjectsProjectConnection,
        ListAutomationsOfViewerProjectConnection,
    )

__all__ = ["AsyncAutomations", "missing_entity", "read_automation"]

OF_ENTITY = "QUERY_AUTOMATIONS_ON_ENTITY"


class AsyncAutomations(AsyncListing[Automation]):
    """The automations of an entity, or of the projects of the account. Get it from `AsyncApi.automations`.

    Servers that cannot list the automations of an entity are asked for those of its projects; then a page is
    of so many projects, and automations that watch a whole entity are not found.
    """

    def __init__(
        self,
        account: AsyncAccount,
        entity: str | None = None,
        *,
        name: str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._entity = entity
        self._name = name

    async def _fetch_page(self, request: PageRequest) -> Page[Automation]:
        if self._entity is None:
            page = await self._of_viewer(request)
            return page
        if await self._account.gql.supports(OF_ENTITY):
            page = await self._of_entity(self._entity, request)
            return page
        page = await self._of_projects(self._entity, request)
        return page

    async def _of_entity(self, entity: str, request: PageRequest) -> Page[Automation]:
        filters = None if self._name is None else json.dumps({"name": self._name})
        variables = {**_place(request), "entity": entity, "filters": filters}
        sent = {name: value for name, value in variables.items() if value is not None}
        answer, problems = await self._account.gql.execute_with_problems(LIST_AUTOMATIONS, sent)
        if answer.entity is None:
            raise missing_entity(self._account, entity, "ListAutomations")
        found = answer.entity.triggers
        items = [read_automation(edge.node) for edge in found.edges] if found else []
        return Page(
            items=items,
            keys=[item.id for item in items],
            cursors=[edge.cursor for edge in found.edges] if found else [],
            end_cursor=found.page_info.end_cursor if found else None,
            has_next=found.page_info.has_next_page if found else False,
            total=found.total_count if found else 0,
            problems=problems,
        )

    async def _of_projects(self, entity: str, request: PageRequest) -> Page[Automation]:
        variables = {**_place(request), "entity": entity}
        answer, problems = await self._account.gql.execute_with_problems(
            LIST_AUTOMATIONS_OF_PROJECTS, variables
        )
        if answer.entity is None:
            raise missing_entity(self._account, entity, "ListAutomationsOfProjects")
        return self._page(answer.entity.projects, request, problems)

    async def _of_viewer(self, request: PageRequest) -> Page[Automation]:
        answer, problems = await self._account.gql.execute_with_problems(
            LIST_AUTOMATIONS_OF_VIEWER, _place(request)
        )
        projects = answer.viewer.projects if answer.viewer else None
        return self._page(projects, request, problems)

    def _page(
        self,
        projects: ListAutomationsOfProjectsProjectConnection
        | ListAutomationsOfViewerProjectConnection
        | None,
        request: PageRequest,
        problems: Sequence[Any],
    ) -> Page[Automation]:
        """Return the automations of some projects; one that is not its project's last has the cursor before.

        So whoever goes on from there gets some twice and misses none.
        """
        items: list[Automation] = []
        cursors: list[str | None] = []
        before = request.cursor
        for edge in projects.edges if projects else []:
            triggers = edge.node.triggers if edge.node else []
            listed = [read_automation(node) for node in triggers if self._name in (None, node.name)]
            items += listed
            cursors += [*[before] * (len(listed) - 1), edge.cursor][: len(listed)]
            before = edge.cursor
        return Page(
            items=items,
            keys=[item.id for item in items],
            cursors=cursors,
            end_cursor=projects.page_info.end_cursor if projects else None,
            has_next=projects.page_info.has_next_page if projects else False,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose automations these are."""
        return f"<Automations {self._entity or 'of all projects'}>"


def read_automation(fields: AutomationFields) -> Automation:
    """Return the automation that an answer holds."""
    return Automation.read(fields.model_dump(mode="json", by_alias=True))


def missing_entity(account: AsyncAccount, entity: str, operation: str) -> NotFoundError:
    """Return the error for an entity that is not there."""
    return NotFoundError(
        f"No entity {entity!r}, or the API key may not see it.",
        operation=operation,
        host=account.settings.base_url,
        next_step="Give the name of a user or team.",
    )


def _place(request: PageRequest) -> dict[str, Any]:
    return {"first": request.size} | ({} if request.cursor is None else {"after": request.cursor})
