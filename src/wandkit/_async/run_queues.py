"""Making run queues: the methods of `AsyncApi` about them.

Schema: schema/run_queue.graphql. Operations: queries/run_queue.graphql. Docs: docs/api/run_queue.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from wandkit_generated.gql.aio import (
    create_default_resource_config,
    create_project,
    create_run_queue,
    delete_default_resource_config,
    get_run_queue,
    upsert_run_queue,
)

from wandkit._async.account import AsyncAccount
from wandkit._core.operation import UNSET
from wandkit._core.run_queue import (
    LAUNCH_PROJECT,
    check_priority_mode,
    check_queue_name,
    check_resource,
    config_text,
    links_text,
    variables_text,
)
from wandkit.errors import ConflictError, GraphQLError, NotFoundError, ServerError, WandkitError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import UpsertRunQueue

    from wandkit._async.run_queue import AsyncRunQueue

__all__ = ["AsyncRunQueueMethods", "ensure_queue"]

_T = TypeVar("_T")


class AsyncRunQueueMethods:
    """The methods of `AsyncApi` about run queues."""

    _account: AsyncAccount

    def run_queue(self, entity: str, name: str) -> AsyncRunQueue:
        """Return the run queue of this owner and name. Nothing is sent."""
        from wandkit._async.run_queue import AsyncRunQueue

        return AsyncRunQueue(self._account, name, entity)

    async def create_run_queue(
        self,
        name: str,
        type: str,
        entity: str | None = None,
        prioritization_mode: str | None = None,
        config: Mapping[str, Any] | None = None,
        template_variables: Mapping[str, Any] | None = None,
    ) -> AsyncRunQueue:
        """Create a run queue that everybody in the entity may use, and return it.

        Args:
            name: Its name, 1 to 64 characters.
            type: `local-container`, `local-process`, `kubernetes`, `sagemaker` or `gcp-vertex`.
            entity: The user or team; default the settings' entity, then the account's default one.
            prioritization_mode: `V0` lets items have priorities; None is first come, first served.
            config: What items are given to run with; `{{name}}` in its texts stands for a variable.
            template_variables: The JSON schema of each variable: `{"cpu": {"schema": {"type": "integer"}}}`.

        Raises:
            ArgumentError: An argument cannot be used; nothing was sent.
            ConflictError: There is a queue of this name.
            InvalidRequestError: The server refuses the config or a schema; the message says why.
        """
        from wandkit._async.run_queue import AsyncRunQueue

        check_queue_name(name)
        check_resource(type)
        mode = check_priority_mode(prioritization_mode, ("V0",))
        text, variables = config_text(type, config), variables_text(template_variables)
        account = self._account
        owner = await account.require_entity(entity)
        config_id = await _new_config(account, owner, type, text, variables)
        queue = AsyncRunQueue(account, name, owner)

        async def make() -> None:
            await _new_queue(queue, mode, config_id)

        try:
            await _with_project(queue, make)
        except WandkitError:
            with suppress(WandkitError):
                await delete_default_resource_config(account.gql, id=config_id)
            raise
        return queue

    async def upsert_run_queue(
        self,
        name: str,
        resource_config: Mapping[str, Any],
        resource_type: str,
        entity: str | None = None,
        template_variables: Mapping[str, Any] | None = None,
        external_links: Mapping[str, str] | None = None,
        prioritization_mode: str | None = None,
    ) -> AsyncRunQueue:
        """Create a run queue, or give one that is there another config, and return it.

        What the server finds odd about the config is a warning each.

        Args:
            name: Its name, 1 to 64 characters.
            resource_config: What items are given to run with; `{{name}}` in its texts stands for a variable.
            resource_type: `local-container`, `local-process`, `kubernetes`, `sagemaker` or `gcp-vertex`.
            entity: The user or team; default the settings' entity, then the account's default one.
            template_variables: The JSON schema of each variable: `{"cpu": {"schema": {"type": "integer"}}}`.
            external_links: Links to pages about the queue, by label.
            prioritization_mode: `V0` lets items have priorities; `DISABLED` or None does not.

        Raises:
            ArgumentError: An argument cannot be used; nothing was sent.
            InvalidRequestError: The server refuses the config or a schema; the message says why.
        """
        from wandkit_generated.gql.models.enums import RunQueuePrioritizationMode

        from wandkit._async.run_queue import AsyncRunQueue, refused

        check_queue_name(name)
        mode = check_priority_mode(prioritization_mode, ("V0", "DISABLED")) or "DISABLED"
        check_resource(resource_type)
        text, variables = config_text(resource_type, resource_config), variables_text(template_variables)
        links = links_text(external_links)
        account = self._account
        owner = await account.require_entity(entity)
        queue = AsyncRunQueue(account, name, owner)

        async def make() -> UpsertRunQueue:
            answer = await upsert_run_queue(
                account.gql,
                entity=owner,
                project=LAUNCH_PROJECT,
                name=name,
                resource=resource_type,
                config=text,
                template_variables=variables or UNSET,
                prioritization_mode=RunQueuePrioritizationMode(mode),
                external_links=links,
            )
            return answer

        answer = await _with_project(queue, make)
        payload = answer.upsert_run_queue
        if payload is None or not payload.success:
            raise refused(account, f"create or change the run queue {owner}/{name}", "UpsertRunQueue")
        for problem in payload.config_schema_validation_errors or []:
            warnings.warn(f"The config of the run queue {owner}/{name}: {problem}.", stacklevel=2)
        return queue


async def ensure_queue(queue: AsyncRunQueue) -> None:
    """Make the queue, without a config, where there is none."""
    account = queue._account  # pyright: ignore[reportPrivateUsage]
    answer = await get_run_queue(account.gql, entity=queue.entity, project=queue.project, name=queue.name)
    if answer.project is None:
        await create_project(account.gql, entity=queue.entity, name=queue.project)
    if answer.project is None or answer.project.run_queue is None:
        with suppress(ConflictError):  # somebody else was first
            await _new_queue(queue, None, None)


async def _with_project(queue: AsyncRunQueue, make: Callable[[], Awaitable[_T]]) -> _T:
    """Return what `make` makes in the queue's project; that is made where the server asks for it.

    It is not made beforehand: where the queue is refused then, an empty project would stay.
    """
    try:
        made = await make()
    except (GraphQLError, NotFoundError, ServerError):
        account = queue._account  # pyright: ignore[reportPrivateUsage]
        await create_project(account.gql, entity=queue.entity, name=queue.project)
        made = await make()
    return made


async def _new_config(
    account: AsyncAccount, owner: str, resource: str, text: str, variables: str | None
) -> str:
    from wandkit._async.run_queue import refused

    answer = await create_default_resource_config(
        account.gql,
        entity=owner,
        resource=resource,
        config=text,
        template_variables=UNSET if variables is None else variables,
    )
    payload = answer.create_default_resource_config
    if payload is None or not payload.success:
        raise refused(account, f"keep the resource config of {owner}", "CreateDefaultResourceConfig")
    return payload.default_resource_config_id


async def _new_queue(queue: AsyncRunQueue, mode: str | None, config_id: str | None) -> None:
    from wandkit_generated.gql.models.enums import RunQueueAccessType, RunQueuePrioritizationMode

    from wandkit._async.run_queue import refused

    account = queue._account  # pyright: ignore[reportPrivateUsage]
    answer = await create_run_queue(
        account.gql,
        entity=queue.entity,
        project=queue.project,
        name=queue.name,
        access=RunQueueAccessType.PROJECT,
        prioritization_mode=RunQueuePrioritizationMode(mode) if mode else UNSET,
        config_id=config_id or UNSET,
    )
    if answer.create_run_queue is None or not answer.create_run_queue.success:
        raise refused(account, f"create the run queue {queue.entity}/{queue.name}", "CreateRunQueue")
