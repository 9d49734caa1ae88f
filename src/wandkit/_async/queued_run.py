"""Queued runs: work that waits in a run queue until an agent makes a run of it.

Schema: schema/run_queue.graphql. Operations: queries/run_queue.graphql. Docs: docs/api/run_queue.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import (
    acknowledge_queued_run,
    delete_queued_run,
    fail_queued_run,
    fail_queued_run_with_info,
    get_queued_run,
    list_queued_runs,
)

from wandkit._async.account import AsyncAccount
from wandkit._async.run import AsyncRun
from wandkit._core.awaitable import awaitable_property
from wandkit._core.jsontext import write
from wandkit._core.operation import UNSET
from wandkit._core.pagination import LARGEST_PAGE, next_cursor
from wandkit._core.run_queue import LAUNCH_PROJECT, failure_of, object_of
from wandkit._transport.concurrency.aio import monotonic, sleep
from wandkit.errors import (
    ArgumentError,
    ConflictError,
    LaunchError,
    NotFoundError,
    UnsupportedError,
    WaitTimeoutError,
)
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import QueuedRunFields

__all__ = ["AsyncQueuedRun"]

FIRST_POLL_S = 0.5
SLOWEST_POLL_S = 5.0
ITEM_CHECK_S = 15.0
"""How often a wait for the run's end asks whether the agent has given the item up."""


class AsyncQueuedRun:
    """A piece of queued work. Get it from `Job.call`, `RunQueue.items` or `AsyncApi.queued_run`.

    Attributes:
        entity: Where the run is logged, and whose queue it is unless `queue_entity` differs.
        project: The project that the run is logged to.
        queue_name: The name of the queue.
        id: The server's id of the item.
        project_queue: The project that holds the queue.
        priority: The priority that it was pushed with, where this object knows.
        queue_entity: Whose queue it is.
        last_state: The state when last seen, for a listed item that of the listing; None before.
    """

    def __init__(
        self,
        account: AsyncAccount,
        entity: str,
        project: str,
        queue_name: str,
        run_queue_item_id: str,
        project_queue: str | None = None,
        priority: int | None = None,
        *,
        queue_entity: str | None = None,
    ) -> None:
        self._account = account
        self._run: AsyncRun | None = None
        self._created_at: datetime | None = None
        self._spec: dict[str, Any] | None = None
        self._listed_only = False
        self.entity: str = entity
        self.project: str = project
        self.queue_name: str = queue_name
        self.id: str = run_queue_item_id
        self.project_queue: str = project_queue or LAUNCH_PROJECT
        self.priority: int | None = priority
        self.queue_entity: str = queue_entity or entity
        self.last_state: str | None = None

    @classmethod
    def from_spec(
        cls, account: AsyncAccount, place: tuple[str, str, str], item_id: str, run_spec: object
    ) -> AsyncQueuedRun:
        """Return the item of the queue at `place` (entity, project, name) whose run spec is known."""
        entity, project, queue = place
        spec = object_of(run_spec)
        item = cls(
            account,
            str(spec.get("entity") or entity),
            str(spec.get("project") or project),
            queue,
            item_id,
            project,
            queue_entity=entity,
        )
        item._spec = _without_notes(spec)
        return item

    @classmethod
    def from_push(
        cls,
        account: AsyncAccount,
        place: tuple[str, str, str],
        item_id: str,
        pushed: Mapping[str, Any],
        completed: str | None,
    ) -> AsyncQueuedRun:
        """Return the item made of a pushed run spec; an old server does not tell the `completed` one."""
        item = cls.from_spec(account, place, item_id, dict(pushed) if completed is None else completed)
        if completed is None:
            item._spec = None  # asked for when it is read: the server has put the queue's config into it
        return item

    @classmethod
    def from_fields(
        cls, account: AsyncAccount, place: tuple[str, str, str], fields: QueuedRunFields
    ) -> AsyncQueuedRun:
        """Return the item of the queue at `place` (entity, project, name) that an answer describes."""
        item = cls.from_spec(account, place, fields.id, fields.run_spec)
        item._note(fields)
        return item

    @awaitable_property
    async def state(self) -> str:
        """The state, asked anew each time: pending, leased, claimed or failed.

        Raises:
            NotFoundError: The item is gone.
        """
        fields = await self._fetch(with_spec=False)
        return fields.state.value.lower()

    @awaitable_property
    async def run_spec(self) -> dict[str, Any]:
        """What is to be run: the job, its overrides, resource and resource arguments."""
        if self._spec is None:
            fields = await self._fetch(with_spec=True)
            self._spec = _without_notes(object_of(fields.run_spec))
        return self._spec

    @awaitable_property
    async def created_at(self) -> datetime:
        """When it was pushed, in UTC."""
        if self._created_at is None:
            fields = await self._fetch(with_spec=False)
            return fields.created_at.astimezone(timezone.utc)
        return self._created_at

    async def wait_until_running(
        self, timeout: float | None = None, *, poll_s: float | None = None
    ) -> AsyncRun:
        """Wait until an agent has made a run of it, and return the run.

        Args:
            timeout: Most seconds to wait; None waits for ever.
            poll_s: Seconds between two questions; left out, half a second at first and five later.

        Raises:
            LaunchError: The agent gave the item up; the message says why.
            NotFoundError: The item is gone.
            WaitTimeoutError: There is no run after `timeout` seconds.
        """
        if timeout is not None and not timeout >= 0:
            raise ArgumentError(
                f"timeout must be 0 or more seconds, not {timeout}.", next_step="None waits for ever."
            )
        begun = monotonic()
        pause = poll_s or FIRST_POLL_S
        while self._run is None:
            await self._look_for_run()
            if self._run is not None:
                break
            left = None if timeout is None else timeout - (monotonic() - begun)
            if left is not None and left <= 0:
                raise WaitTimeoutError(
                    f"The queued run {self.id!r} of the queue {self.queue_name!r} is still {self.last_state} "
                    f"after {timeout:g} s.",
                    operation="GetQueuedRun",
                    host=self._account.settings.base_url,
                    next_step="Wait longer, or look whether an agent serves the queue.",
                )
            await sleep(pause if left is None else min(pause, left))
            pause = poll_s or min(pause * 1.5, SLOWEST_POLL_S)
        return self._run

    async def wait_until_finished(
        self, timeout: float | None = None, *, poll_s: float | None = None
    ) -> AsyncRun:
        """Wait until its run has ended, and return the run with all its parts.

        How the run ended is in `run.state`.

        Args:
            timeout: Most seconds to wait, for the start and the end together; None waits for ever.
            poll_s: Seconds between two questions; left out, half a second at first and five later.

        Raises:
            LaunchError: The agent gave the item up; the message says why.
            NotFoundError: The item or the run is gone.
            WaitTimeoutError: The run has not ended after `timeout` seconds.
        """
        begun = monotonic()
        run = await self.wait_until_running(timeout, poll_s=poll_s)
        while True:
            left = ITEM_CHECK_S if timeout is None else timeout - (monotonic() - begun)
            try:
                await run.wait_until_finished(min(max(left, 0.0), ITEM_CHECK_S), poll_s=poll_s)
            except WaitTimeoutError:
                await self._fetch_going()
            else:
                await run.load(force=True)
                return run
            if timeout is not None and left <= ITEM_CHECK_S:
                raise WaitTimeoutError(
                    f"The run {str(run.run_path)!r} of the queue {self.queue_name!r} is still {run.state} "
                    f"after {timeout:g} s.",
                    operation="GetRunState",
                    host=self._account.settings.base_url,
                    next_step="Wait longer, or look at its page whether it still reports.",
                )

    async def delete(self, delete_artifacts: bool = False) -> None:
        """Take it out of its queue; a run that came of it stays.

        Args:
            delete_artifacts: Taken for compatibility; a queue item has no artifacts.

        Raises:
            NotFoundError: The queue or the item is gone.
        """
        queue_id, _ = await self._fetch_in_queue(with_spec=False)
        answer = await delete_queued_run(self._account.gql, queue_id=queue_id, id=self.id)
        if answer.delete_from_run_queue is None or not answer.delete_from_run_queue.success:
            raise self._gone("DeleteQueuedRun")

    async def acknowledge(self, run_id: str) -> None:
        """Say, as the agent that popped it, which run it becomes; the item is then nobody else's.

        Raises:
            ConflictError: It is not leased: somebody else was first, or it failed.
        """
        answer = await acknowledge_queued_run(self._account.gql, id=self.id, run=run_id)
        if answer.ack_run_queue_item is None or not answer.ack_run_queue_item.success:
            raise ConflictError(
                f"The queued run {self.id!r} of the queue {self.queue_name!r} is not to be had any more.",
                operation="AcknowledgeQueuedRun",
                host=self._account.settings.base_url,
                next_step="Pop another one: the lease ran out, or another agent was first.",
            )

    async def fail(self, message: str, stage: str = "agent", file_paths: Sequence[str] = ()) -> bool:
        """Give it up, as an agent, and say why; False where it had failed before.

        Args:
            message: What those who wait are told.
            stage: What the agent was doing.
            file_paths: Files that it saved about the failure.
        """
        gql, paths = self._account.gql, list(file_paths)
        try:
            answer = await fail_queued_run(
                gql, id=self.id, message=message, stage=stage, file_paths=paths or UNSET
            )
        except UnsupportedError:
            info = write({"message": message, "stage": stage, "filePaths": paths})
            told = await fail_queued_run_with_info(gql, id=self.id, info=info)
            return bool(told.fail_run_queue_item and told.fail_run_queue_item.success)
        return bool(answer.fail_run_queue_item and answer.fail_run_queue_item.success)

    async def _look_for_run(self) -> None:
        fields = await self._fetch_going()
        if fields.associated_run_id is None:
            return
        try:
            self._run = await AsyncRun.fetch(
                self._account.gql, RunPath(self.entity, self.project, fields.associated_run_id)
            )
        except NotFoundError:
            # An agent says which run it will be before the run is there.
            self._run = None

    async def _fetch_going(self) -> QueuedRunFields:
        """Fetch the item; one that failed is an error that says why."""
        fields = await self._fetch(with_spec=False)
        if fields.state.value != "FAILED":
            return fields
        fields = await self._fetch(with_spec=True)
        why = failure_of(fields.run_spec)
        stage = f" at the stage {why.stage!r}" if why.stage else ""
        reason = why.message or "the server does not say why"
        error = LaunchError(
            f"The queued run {self.id!r} of the queue {self.queue_name!r} failed{stage}: {reason}",
            operation="GetQueuedRun",
            host=self._account.settings.base_url,
            next_step="See the log of the launch agent that took it, and push it again.",
        )
        error.stage, error.file_paths = why.stage, why.file_paths
        raise error

    async def _fetch(self, *, with_spec: bool) -> QueuedRunFields:
        _, fields = await self._fetch_in_queue(with_spec=with_spec)
        if fields is None:
            raise self._gone("GetQueuedRun")
        return fields

    async def _fetch_in_queue(self, *, with_spec: bool) -> tuple[str, QueuedRunFields | None]:
        """Fetch the id of the queue and the item; an old server, which cannot find one, is asked for all."""
        if not self._listed_only:
            try:
                found = await self._ask(with_spec)
            except UnsupportedError:
                self._listed_only = True
            else:
                return found
        found = await self._look_through(with_spec)
        return found

    async def _ask(self, with_spec: bool) -> tuple[str, QueuedRunFields | None]:
        answer = await get_queued_run(
            self._account.gql,
            entity=self.queue_entity,
            project=self.project_queue,
            queue=self.queue_name,
            id=self.id,
            with_spec=with_spec,
        )
        queue = answer.project.run_queue if answer.project else None
        if queue is None:
            raise self._gone("GetQueuedRun")
        if queue.run_queue_item is not None:
            self._note(queue.run_queue_item)
        return queue.id, queue.run_queue_item

    async def _look_through(self, with_spec: bool) -> tuple[str, QueuedRunFields | None]:
        cursor: str | None = None
        seen: set[str] = set()
        received = 0
        while True:
            answer = await list_queued_runs(
                self._account.gql,
                entity=self.queue_entity,
                project=self.project_queue,
                queue=self.queue_name,
                first=LARGEST_PAGE,
                after=cursor,
                with_spec=with_spec,
            )
            queue = answer.project.run_queue if answer.project else None
            if queue is None:
                raise self._gone("ListQueuedRuns")
            items = queue.run_queue_items
            for edge in items.edges:
                if edge.node.id == self.id:
                    self._note(edge.node)
                    return queue.id, edge.node
            received += len(items.edges)
            page = items.page_info
            cursor = next_cursor(page.has_next_page, page.end_cursor, seen, received)
            if cursor is None:
                return queue.id, None

    def _note(self, fields: QueuedRunFields) -> None:
        self._created_at = fields.created_at.astimezone(timezone.utc)
        self.last_state = fields.state.value.lower()

    def _gone(self, operation: str) -> NotFoundError:
        place = f"{self.queue_entity}/{self.project_queue}/{self.queue_name}"
        return NotFoundError(
            f"No item {self.id!r} in the run queue {place!r} any more.",
            operation=operation,
            host=self._account.settings.base_url,
            next_step="It or its queue has been deleted, or the API key may not see it.",
        )

    def __repr__(self) -> str:
        """Return the queue and the id."""
        return f"<QueuedRun {self.queue_name} ({self.id})>"


def _without_notes(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key != "_wandkit"}
