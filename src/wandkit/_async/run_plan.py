"""Bulk changes of runs: planned and shown first, then executed, each one recorded.

Logic without I/O: _core/plan.py, _core/journal.py. Docs: docs/api/run.md.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from wandkit._async.listing import AsyncListing
from wandkit._async.run import AsyncRun
from wandkit._core.display import html_rows
from wandkit._core.journal import Journal
from wandkit._core.operation import UNSET, UnsetType
from wandkit._core.patch import checked_texts
from wandkit._core.plan import SHOWN, Difference, PlannedChange, PlanOutcome, RunEdit
from wandkit._core.receipt import ItemFailure, Receipt
from wandkit._core.select import Part
from wandkit._transport.concurrency.aio import Lock, gather_bounded
from wandkit.errors import NotFoundError, WandkitError

__all__ = ["AsyncPlan", "AsyncRunsPlans"]


class AsyncPlan:
    """Changes that are planned and not made yet: look at it, then `execute` it.

    Print it to see what it would do; `len` and loops go over the changes.

    Attributes:
        what: What it does, in words.
        changes: What it does to each run.
        receipt: Whether the runs that it was made from are complete.
    """

    def __init__(
        self,
        what: str,
        changes: Sequence[PlannedChange],
        jobs: Sequence[Callable[[], Awaitable[None]]],
        receipt: Receipt,
    ) -> None:
        self.what = what
        self.changes = changes
        self.receipt = receipt
        self._jobs = jobs

    async def execute(
        self,
        *,
        journal: str | os.PathLike[str] | None = None,
        concurrency: int = 8,
        dry_run: bool = False,
    ) -> PlanOutcome:
        """Make the changes, several at once; one that fails does not stop the others.

        Args:
            journal: A file that records each change as it is made. Given the same file, the same plan goes on
                where it broke off: what is recorded as done is skipped.
            concurrency: Most changes at once.
            dry_run: True sends nothing and says what would be done.

        Raises:
            ArgumentError: The journal belongs to another plan.
        """
        paths = [change.path for change in self.changes]
        book = None if journal is None else Journal(journal, self.what, paths, begin=not dry_run)
        before = set(book.done) if book is not None else set[str]()
        waiting = [(path, job) for path, job in zip(paths, self._jobs, strict=True) if path not in before]
        skipped = [path for path in paths if path in before]
        if dry_run:
            return PlanOutcome([path for path, _ in waiting], skipped, dry_run=True)
        lock = Lock()
        tries = [partial(_try, path, job, book, lock) for path, job in waiting]
        tried = await gather_bounded(concurrency, tries)
        failures = [failure for failure in tried if failure is not None]
        failed = {failure.item for failure in failures}
        return PlanOutcome([path for path, _ in waiting if path not in failed], skipped, failures)

    def __len__(self) -> int:
        """Return how many runs would be changed."""
        return len(self.changes)

    def __iter__(self) -> Iterator[PlannedChange]:
        """Loop over the changes."""
        return iter(self.changes)

    def __str__(self) -> str:
        """Return what would be done, and the first changes."""
        lines = [
            f"{self.what}: {len(self.changes)} runs",
            *(f"  {change}" for change in self.changes[:SHOWN]),
        ]
        left = len(self.changes) - SHOWN
        return "\n".join([*lines, f"  … and {left} more"] if left > 0 else lines)

    def __repr__(self) -> str:
        """Return what it does and to how many."""
        return f"<Plan to {self.what}: {len(self.changes)} runs>"

    def _repr_html_(self) -> str:
        rows = [
            (change.path, change.name, "; ".join(map(str, change.differences)))
            for change in self.changes[:SHOWN]
        ]
        left = len(self.changes) - SHOWN
        return html_rows(("run", "name", "changes"), rows, f"… and {left} more" if left > 0 else "")


class AsyncRunsPlans(AsyncListing[AsyncRun]):
    """The bulk changes of a listing of runs; a part of `AsyncRuns`."""

    async def bring(self, parts: Iterable[Part]) -> None:
        """Load all runs with `parts`; `runs.py` says how."""
        raise NotImplementedError

    async def plan_delete(self, *, delete_artifacts: bool = False) -> AsyncPlan:
        """Load all runs and return the plan that deletes them; nothing is deleted before it is executed.

        Args:
            delete_artifacts: Whether what the runs logged goes as well.
        """
        runs = await self.load_all()
        changes = [PlannedChange(str(run.run_path), run.name) for run in runs]
        jobs = [partial(_delete, run, delete_artifacts) for run in runs]
        what = "delete with artifacts" if delete_artifacts else "delete"
        return AsyncPlan(what, changes, jobs, self.receipt)

    async def plan_update(
        self,
        *,
        name: str | None | UnsetType = UNSET,
        notes: str | None | UnsetType = UNSET,
        description: str | None | UnsetType = UNSET,
        group: str | None | UnsetType = UNSET,
        job_type: str | None | UnsetType = UNSET,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        config: Mapping[str, object] | None = None,
        summary: Mapping[str, object] | None = None,
        unset_config: Sequence[str] = (),
    ) -> AsyncPlan:
        """Load all runs and return the plan that edits them; nothing is sent before it is executed.

        Runs that have all that already are left out. Tags, config and summary are merged into what the server
        holds when the plan is executed.

        Args:
            name: The display name; None clears it, as with the four below.
            notes: The notes.
            description: The description.
            group: The group.
            job_type: The kind of job.
            add_tags: Tags to add.
            remove_tags: Tags to remove.
            config: Config values to set.
            summary: Summary values to set.
            unset_config: Config keys to remove.

        Raises:
            ArgumentError: There is nothing to change.
        """
        texts = {
            "name": name,
            "notes": notes,
            "description": description,
            "group": group,
            "job_type": job_type,
        }
        edit = RunEdit(
            texts={field: text for field, text in texts.items() if not isinstance(text, UnsetType)},
            add_tags=tuple(checked_texts(add_tags, "add_tags")),
            remove_tags=tuple(checked_texts(remove_tags, "remove_tags")),
            config=config or {},
            summary=summary or {},
            unset_config=tuple(checked_texts(unset_config, "unset_config")),
        )
        edit.check()
        await self.bring(edit.parts)
        changes: list[PlannedChange] = []
        jobs: list[Callable[[], Awaitable[None]]] = []
        for run in await self.load_all():
            differences = await _differences(run, edit)
            if differences:
                changes.append(PlannedChange(str(run.run_path), run.name, differences))
                jobs.append(partial(_update, run, edit))
        return AsyncPlan(str(edit), changes, jobs, self.receipt)


async def _try(
    path: str, job: Callable[[], Awaitable[None]], book: Journal | None, lock: Lock
) -> ItemFailure | None:
    """Make one change and record what came of it; return the failure, if it was one."""
    failure: ItemFailure | None = None
    try:
        await job()
    except WandkitError as error:
        failure = ItemFailure(path, str(error))
    if book is not None:
        async with lock:
            if failure is None:
                book.record(path, "done")
            else:
                book.record(path, "failed", error=failure.error)
    return failure


async def _delete(run: AsyncRun, delete_artifacts: bool) -> None:
    try:
        await run.delete(delete_artifacts=delete_artifacts)
    except NotFoundError:
        return


async def _update(run: AsyncRun, edit: RunEdit) -> None:
    """Edit the run as it was loaded, without what somebody edited on the listed object since."""
    fresh = run.unedited()
    for field, text in edit.texts.items():
        setattr(fresh, field, text)
    if edit.add_tags or edit.remove_tags:
        fresh.tags = edit.tags_of(fresh.tags)
    if edit.touches_config:
        config = await fresh.config
        edit.edit_config(config)
    if edit.summary:
        summary = await fresh.summary
        for key, value in edit.summary.items():
            summary[key] = value
    await fresh.update()


async def _differences(run: AsyncRun, edit: RunEdit) -> list[Difference]:
    """Return what the edit changes of the run as it was loaded."""
    fresh = run.unedited()
    found = [Difference(field, getattr(fresh, field), text) for field, text in edit.texts.items()]
    if edit.add_tags or edit.remove_tags:
        found.append(Difference("tags", fresh.tags, edit.tags_of(fresh.tags)))
    if edit.touches_config:
        config = await fresh.config
        found += edit.config_differences(config)
    if edit.summary:
        summary = await fresh.summary_metrics
        found += edit.summary_differences(summary)
    return [difference for difference in found if difference.is_real]
