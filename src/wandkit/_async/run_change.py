"""Changes of a run: its fields, config and summary, its state, its end.

Operations: queries/run.graphql. Docs: docs/api/run.md.
"""

from __future__ import annotations

from collections.abc import Callable

from wandkit_generated.gql.aio import delete_run, get_run_state, stop_run, update_run_state

from wandkit._async.run_data import AsyncRunData
from wandkit._transport.concurrency.aio import monotonic, sleep
from wandkit.errors import ArgumentError, NotFoundError, WaitTimeoutError

__all__ = ["AsyncRunChange"]

ENDED = frozenset({"finished", "crashed", "failed", "killed", "preempted"})
FIRST_POLL_S = 0.5
SLOWEST_POLL_S = 5.0


class AsyncRunChange(AsyncRunData):
    """The part of a run that changes it on the server."""

    __slots__ = ()

    async def update_state(self, state: str) -> bool:
        """Set the run's state, for example from `running` to `failed`; True where the server took it.

        Raises:
            UnsupportedError: The server is too old to set states.
        """
        answer = await update_run_state(self._gql, id=self.storage_id, state=state)
        done = bool(answer.update_run_state and answer.update_run_state.success)
        if done:
            self._state = state
        return done

    async def stop(self) -> None:
        """Ask the program that logs this run to stop.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        answer = await stop_run(self._gql, id=self.storage_id)
        if answer.stop_run is None or not answer.stop_run.success:
            raise NotFoundError(
                f"The server did not stop the run {str(self.run_path)!r}.",
                operation="StopRun",
                host=self._gql.settings.base_url,
                next_step="Check that it is still running.",
            )

    async def delete(self, delete_artifacts: bool = False) -> None:
        """Delete the run with its files and history; with `delete_artifacts`, what it logged as well.

        Args:
            delete_artifacts: Whether the versions that it logged go with it.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await delete_run(self._gql, id=self.storage_id, delete_artifacts=delete_artifacts)

    async def wait_until_finished(
        self,
        timeout: float | None = None,
        *,
        on_change: Callable[[str], object] | None = None,
        poll_s: float | None = None,
    ) -> str:
        """Wait until the run has ended: finished, failed, crashed, killed or preempted; return which.

        Args:
            timeout: Most seconds to wait; None waits for ever.
            on_change: Called with each new state, the first one included.
            poll_s: Seconds between two questions; left out, half a second at first and five later.

        Raises:
            WaitTimeoutError: The run has not ended within `timeout` seconds.
            NotFoundError: The run is gone.
        """
        if timeout is not None and timeout < 0:
            raise ArgumentError(f"timeout must be 0 or more seconds, not {timeout}.")
        begun = monotonic()
        pause = poll_s or FIRST_POLL_S
        last: str | None = None
        while True:
            state = await self._fetch_state()
            if state != last and on_change is not None:
                on_change(state)
            last = state
            if state in ENDED:
                return state
            if timeout is not None and monotonic() - begun + pause > timeout:
                left = timeout - (monotonic() - begun)
                if left <= 0:
                    raise WaitTimeoutError(
                        f"The run {str(self.run_path)!r} is still {state} after {timeout:g} s.",
                        next_step="Wait longer, or look at its page whether it still reports.",
                    )
                await sleep(left)
            else:
                await sleep(pause)
            pause = poll_s or min(pause * 1.5, SLOWEST_POLL_S)

    async def _fetch_state(self) -> str:
        answer = await get_run_state(self._gql, entity=self.entity, project=self.project, name=self.listed_id)
        if answer.project is None or answer.project.run is None:
            raise NotFoundError(
                f"No run {str(self.run_path)!r} any more.",
                operation="GetRunState",
                host=self._gql.settings.base_url,
                next_step="It has been deleted, or the API key may not see it now.",
            )
        self._state = answer.project.run.state or "unknown"
        return self._state
