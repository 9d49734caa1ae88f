"""`wandkit sync-tensorboard`: a folder of event files, sent to a run, also while it grows."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from wandkit import SyncedRun

__all__ = ["sync_tensorboard"]


def sync_tensorboard(
    folder: Annotated[Path, typer.Argument(help="The folder, with its sub-folders; or one event file.")],
    run_id: Annotated[
        str | None, typer.Option("--run-id", "--id", help="The run; one that is there is added to.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="The project; default WANDB_PROJECT.")] = None,
    entity: Annotated[str | None, typer.Option(help="The user or team; default WANDB_ENTITY.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on while the folder grows, until Ctrl-C.")
    ] = False,
    progress: Annotated[
        bool | None, typer.Option(help="Show a progress bar; by default on a terminal.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
) -> None:
    """Send all TensorBoard event files below a folder to one run; a second time only what is new."""
    from wandkit import Api

    with Api() as api:
        until = _until_told() if follow else None
        run = api.sync_tensorboard(folder, run_id, project, entity, until=until, progress=progress)
    (_print_json if as_json else _print)(run)


def _until_told() -> Callable[[], bool]:
    """Return what says whether somebody asked to stop; asking twice stops at once."""
    told = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        told.set()
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return told.is_set


def _print(run: SyncedRun) -> None:
    receipt = run.receipt
    typer.echo(run.url)
    typer.echo(f"run: {run.run_path}")
    typer.echo(str(receipt))
    for what, count in receipt.notes.items():
        typer.echo(f"note: {count} {what}")
    for entry in receipt.skipped:
        typer.echo(f"skipped: {entry}", err=True)
    for failure in receipt.failures:
        typer.echo(f"failed: {failure}", err=True)


def _print_json(run: SyncedRun) -> None:
    receipt = run.receipt
    said = {
        "run": str(run.run_path),
        "url": run.url,
        "complete": receipt.complete,
        "files": receipt.files,
        "events": receipt.events,
        "read": receipt.read,
        "sent": dict(receipt.sent),
        "known": receipt.known,
        "configured": receipt.configured,
        "rows": receipt.rows,
        "media": receipt.media,
        "notes": dict(receipt.notes),
        "skipped": [
            {"file": entry.file, "tag": entry.tag, "reason": entry.reason, "count": entry.count}
            for entry in receipt.skipped
        ],
        "failures": [{"file": failure.item, "error": failure.error} for failure in receipt.failures],
    }
    typer.echo(json.dumps(said, indent=2))
