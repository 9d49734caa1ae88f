"""A run's summary, with the means to send it.

Logic without I/O: _core/summary.py. Docs: docs/api/run.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wandkit._core.summary import SummaryData

if TYPE_CHECKING:
    from wandkit._async.run_data import AsyncRunData

__all__ = ["AsyncSummary"]


class AsyncSummary(SummaryData):
    """The summary of a run: read it like a dict or by attributes, edit it, send the edits with `update`."""

    __slots__ = ("_run",)

    _run: AsyncRunData

    def attach(self, run: AsyncRunData) -> None:
        """Make `run` the one that the edits are sent for."""
        object.__setattr__(self, "_run", run)

    async def update(self, key_vals: Mapping[str, object] | None = None, overwrite: bool = True) -> None:
        """Set these values, then merge everything edited here into the server's summary.

        Args:
            key_vals: Values to set before sending.
            overwrite: False leaves alone the keys that were set on this object before.

        Raises:
            ArgumentError: A value has no JSON form; nothing was sent.
        """
        self._set_all(key_vals or {}, overwrite)
        await self._run.send_summary()

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process as data, edits included; the run attaches it there."""
        return type(self), (self._data, self._original)
