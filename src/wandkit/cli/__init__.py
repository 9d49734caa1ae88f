"""The command line: `wandkit serve`, `admin …`, `demo`, `sync-tensorboard`, each a module of this package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wandkit.errors import WandkitError

if TYPE_CHECKING:
    import typer

__all__ = ["build", "main"]


def main() -> None:
    """Run the command line."""
    try:
        program = build()
    except ImportError as error:
        if error.name not in ("typer", "rich", "click"):
            raise
        sys.exit("wandkit: the command line needs more libraries: pip install 'wandkit[cli,server]'")
    try:
        program()
    except WandkitError as error:
        sys.exit(f"wandkit: {error}")


def build() -> typer.Typer:
    """Return the program with all its commands."""
    import typer

    from wandkit.cli.admin import admin
    from wandkit.cli.serve import serve
    from wandkit.cli.sync_tensorboard import sync_tensorboard
    from wandkit.cli.version import version

    program = typer.Typer(
        name="wandkit",
        help="wandkit: a typed SDK for W&B servers, with a server of its own.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    program.callback(invoke_without_command=True)(version)
    program.command()(serve)
    program.add_typer(admin, name="admin")
    program.command("demo")(_demo)
    program.command("sync-tensorboard")(sync_tensorboard)
    return program


def _demo(json: bool = False) -> None:
    """Train a small model, log it to an embedded server, and query what came of it."""
    from wandkit.cli.demo import run_demo

    run_demo(as_json=json)
