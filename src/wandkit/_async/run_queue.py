"""Run queues: where jobs wait for an agent, and what they are given to run with.

Schema: schema/run_queue.graphql. Operations: queries/run_queue.graphql. Docs: docs/api/run_queue.md.
Making them: run_queues.py. What is in them: queued_run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import (
    delete_run_queue,
    find_near_run_queues,
    get_default_resource_config,
    get_run_queue,
    pop_from_run_queue,
    push_to_run_queue,
)
from wandkit_generated.gql.operations import LIST_QUEUED_RUNS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.queued_run import AsyncQueuedRun
from wandkit._core.awaitable import awaitable_property
from wandkit._core.jsontext import to_json, write
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.run_queue import LAUNCH_PROJECT, links_of, object_of
from wandkit.errors import InvalidRequestError, NotFoundError, WandkitError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import GetDefaultResourceConfigDefaultResourceConfig as ResourceConfig
    from wandkit_generated.gql.models import RunQueueFields

    from wandkit._async.api import AsyncApi

__all__ = ["AsyncQueuedRuns", "AsyncRunQueue", "refused"]


class AsyncRunQueue:
    """One run queue. Get it from `AsyncApi.run_queue`, which sends nothing: attributes load when read.

    Attributes:
        entity: The user or team that owns the queue.
        project: The project that holds it: `model-registry`, unless somebody made it elsewhere.
        name: The queue's name.
    """

    def __init__(self, account: AsyncAccount, name: str, entity: str, project: str | None = None) -> None:
        self._account = account
        self._fields: RunQueueFields | None = None
        self._config: ResourceConfig | None = None
        self._items: AsyncQueuedRuns | None = None
        self.entity: str = entity
        self.project: str = project or LAUNCH_PROJECT
        self.name: str = name

    @classmethod
    async def create(
        cls,
        name: str,
        resource: str,
        entity: str | None = None,
        prioritization_mode: str | None = None,
        config: Mapping[str, Any] | None = None,
        template_variables: Mapping[str, Any] | None = None,
        *,
        api: AsyncApi | None = None,
    ) -> AsyncRunQueue:
        """Create a run queue; the same as `api.create_run_queue(...)`, by default on `AsyncApi()`.

        Args:
            name: 1 to 64 characters.
            resource: What its items run on, for example `kubernetes`.
            entity: Whose it is; default the settings' entity, then the account's default one.
            prioritization_mode: `V0` for items with priorities.
            config: The default config of the resource.
            template_variables: The variables in the config, each with its schema.
            api: Whom to ask; default that of the environment.

        Raises:
            ArgumentError: An argument cannot be used; nothing was sent.
            ConflictError: There is a queue of this name.
        """
        from wandkit._async.api import AsyncApi

        queue = await (api or AsyncApi()).create_run_queue(
            name, resource, entity, prioritization_mode, config, template_variables
        )
        return queue

    @awaitable_property
    async def id(self) -> str:
        """The server's opaque id of the queue."""
        fields = await self._loaded()
        return fields.id

    @awaitable_property
    async def access(self) -> str:
        """Who may use the queue: `PROJECT`, everybody in the project; `USER`, its creator."""
        fields = await self._loaded()
        return fields.access.value

    @awaitable_property
    async def prioritization_mode(self) -> str:
        """`V0` where items with a smaller priority come first, else `DISABLED`."""
        fields = await self._loaded()
        mode = fields.prioritization_mode  # None: a server that knows of no priorities
        return mode.value if mode else "DISABLED"

    @awaitable_property
    async def external_links(self) -> dict[str, str]:
        """Links to pages about the queue, by label."""
        fields = await self._loaded()
        return links_of(fields.external_links)

    @awaitable_property
    async def created_at(self) -> datetime:
        """When the queue was made, in UTC."""
        fields = await self._loaded()
        return fields.created_at.astimezone(timezone.utc)

    @awaitable_property
    async def type(self) -> str | None:
        """The resource that items run on, for example `kubernetes`; None where the queue has no config."""
        config = await self._loaded_config()
        return config.resource if config else None

    @awaitable_property
    async def default_resource_config(self) -> dict[str, Any]:
        """The config as the server keeps it: `{"resource_args": {TYPE: …}}`; empty where there is none."""
        config = await self._loaded_config()
        return object_of(config.config) if config else {}

    @awaitable_property
    async def template_variables(self) -> list[dict[str, Any]]:
        """The variables that may stand in the config as `{{name}}`, each with its `name` and its `schema`."""
        config = await self._loaded_config()
        found = (config.template_variables if config else None) or []
        return [{"name": one.name, "schema": object_of(one.schema_)} for one in found]

    @property
    def items(self) -> AsyncQueuedRuns:
        """What is in the queue, as a listing, the newest first. Nothing is sent before it is used."""
        if self._items is None:
            self._items = self._account.keep(AsyncQueuedRuns(self._account, self))
        return self._items

    async def push(
        self,
        run_spec: Mapping[str, Any],
        template_variables: Mapping[str, Any] | None = None,
        priority: int | None = None,
    ) -> AsyncQueuedRun:
        """Add work to the queue and return it; `Job.call` makes the spec of a job.

        Args:
            run_spec: What to run: `job`, `entity`, `project`, `overrides` and what else an agent knows.
            template_variables: The values of the queue's template variables.
            priority: 0 comes first; only for queues that prioritize.

        Raises:
            NotFoundError: No such queue, or the API key may not see it.
            InvalidRequestError: A value of a variable does not fit, or the queue does not prioritize.
            UnsupportedError: The server knows no variables or priorities; nothing was pushed.
        """
        account = self._account
        try:
            answer = await push_to_run_queue(
                account.gql,
                entity=self.entity,
                project=self.project,
                queue=self.name,
                run_spec=write(to_json(run_spec, "run_spec")),
                template_variables=(
                    UNSET
                    if template_variables is None
                    else write(to_json(template_variables, "template_variables"))
                ),
                priority=UNSET if priority is None else priority,
            )
        except NotFoundError as error:
            raise await self.missing("PushToRunQueue") from error
        payload = answer.push_to_run_queue_by_name
        if payload is None:
            raise await self.missing("PushToRunQueue")
        place = (self.entity, self.project, self.name)
        item = AsyncQueuedRun.from_push(account, place, payload.run_queue_item_id, run_spec, payload.run_spec)
        item.priority = priority
        self._forget_items()
        return item

    async def pop(self) -> AsyncQueuedRun | None:
        """Take the next item, as an agent does; None where nothing waits.

        The server lends it for a minute or so: `acknowledge` it when its run begins, else somebody else gets
        it.

        Raises:
            NotFoundError: No such queue, or the API key may not see it.
        """
        account = self._account
        try:
            answer = await pop_from_run_queue(
                account.gql, entity=self.entity, project=self.project, queue=self.name
            )
        except NotFoundError as error:
            raise await self.missing("PopFromRunQueue") from error
        payload = answer.pop_from_run_queue
        if payload is None or payload.run_queue_item_id is None:
            return None
        place = (self.entity, self.project, self.name)
        self._forget_items()
        return AsyncQueuedRun.from_spec(account, place, payload.run_queue_item_id, payload.run_spec)

    async def delete(self) -> None:
        """Delete the queue with all that waits in it.

        Raises:
            NotFoundError: The queue is gone.
        """
        fields = await self._loaded()
        answer = await delete_run_queue(self._account.gql, id=fields.id)
        if answer.delete_run_queues is None or not answer.delete_run_queues.success:
            raise refused(self._account, f"delete the run queue {self.entity}/{self.name}", "DeleteRunQueue")
        self._fields = self._config = self._items = None

    def _forget_items(self) -> None:
        if self._items is not None:
            self._items.forget()

    async def missing(self, operation: str) -> NotFoundError:
        """Return the error for a queue that is not there, with near names of the same entity."""
        account = self._account
        try:
            answer = await find_near_run_queues(
                account.gql.hurried(), entity=self.entity, project=self.project
            )
        except WandkitError:
            near = []
        else:
            queues = answer.project.run_queues if answer.project else []
            near = near_matches(self.name, [queue.name for queue in queues])
        return NotFoundError(
            f"No run queue '{self.entity}/{self.name}', or the API key may not see it.",
            operation=operation,
            host=account.settings.base_url,
            next_step=did_you_mean(near) or "Check the entity and the name, or create it.",
        )

    async def _loaded(self) -> RunQueueFields:
        if self._fields is None:
            answer = await get_run_queue(
                self._account.gql, entity=self.entity, project=self.project, name=self.name
            )
            found = answer.project.run_queue if answer.project else None
            if found is None:
                raise await self.missing("GetRunQueue")
            self._fields = found
        return self._fields

    async def _loaded_config(self) -> ResourceConfig | None:
        if self._config is None:
            fields = await self._loaded()
            if fields.default_resource_config_id is None:
                return None
            answer = await get_default_resource_config(
                self._account.gql, entity=self.entity, id=fields.default_resource_config_id
            )
            self._config = answer.entity.default_resource_config if answer.entity else None
        return self._config

    def __repr__(self) -> str:
        """Return the owner and the name."""
        return f"<RunQueue {self.entity}/{self.name}>"


class AsyncQueuedRuns(AsyncListing[AsyncQueuedRun]):
    """What is in one run queue, the newest first. Get it from `AsyncRunQueue.items`."""

    def __init__(self, account: AsyncAccount, queue: AsyncRunQueue, *, per_page: int | None = None) -> None:
        super().__init__(per_page=per_page)
        self._account = account
        self._queue = queue

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncQueuedRun]:
        queue = self._queue
        variables = {
            "entity": queue.entity,
            "project": queue.project,
            "queue": queue.name,
            "first": request.size,
            "after": request.cursor,
            "withSpec": True,
        }
        answer, problems = await self._account.gql.execute_with_problems(LIST_QUEUED_RUNS, variables)
        found = answer.project.run_queue if answer.project else None
        if found is None:
            raise await queue.missing("ListQueuedRuns")
        connection = found.run_queue_items
        place = (queue.entity, queue.project, queue.name)
        return Page(
            items=[AsyncQueuedRun.from_fields(self._account, place, edge.node) for edge in connection.edges],
            keys=[edge.node.id for edge in connection.edges],
            cursors=[edge.cursor for edge in connection.edges],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose items these are."""
        return f"<QueuedRuns {self._queue.entity}/{self._queue.name}>"


def refused(account: AsyncAccount, what: str, operation: str) -> InvalidRequestError:
    """Return the error for a server that says no and not why."""
    return InvalidRequestError(
        f"The server did not {what}, and does not say why.",
        operation=operation,
        host=account.settings.base_url,
        next_step="Check that the API key may change the entity's queues, and ask the server's owner.",
    )
