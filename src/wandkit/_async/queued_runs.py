"""The methods of `AsyncApi` about queued runs.

Schema: schema/run_queue.graphql. Operations: queries/run_queue.graphql. Docs: docs/api/run_queue.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit._async.account import AsyncAccount

if TYPE_CHECKING:
    from wandkit._async.queued_run import AsyncQueuedRun

__all__ = ["AsyncQueuedRunMethods"]


class AsyncQueuedRunMethods:
    """The methods of `AsyncApi` about queued runs."""

    _account: AsyncAccount

    def queued_run(
        self,
        entity: str,
        project: str,
        queue_name: str,
        run_queue_item_id: str,
        project_queue: str | None = None,
        priority: int | None = None,
    ) -> AsyncQueuedRun:
        """Return the queued work of this id. Nothing is sent.

        Args:
            entity: Whose queue it is, and where the run is logged.
            project: The project that the run is logged to.
            queue_name: The name of the queue.
            run_queue_item_id: The server's id of the item.
            project_queue: The project that holds the queue; default `model-registry`.
            priority: The priority that it was pushed with, to be remembered.
        """
        from wandkit._async.queued_run import AsyncQueuedRun

        return AsyncQueuedRun(
            self._account, entity, project, queue_name, run_queue_item_id, project_queue, priority
        )
