"""`wandkit --version`."""

from __future__ import annotations

from typing import Annotated

import typer

from wandkit import __version__

__all__ = ["version"]


def version(
    asked: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Print the version where that is asked for, and end."""
    if asked:
        typer.echo(f"wandkit {__version__}")
        raise typer.Exit
