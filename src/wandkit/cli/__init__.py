"""The command line: `wandkit serve`, `wandkit admin …`, `wandkit demo`.

Every module here that has a `register` function adds its commands to the program.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

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
    program()


def build() -> typer.Typer:
    """Return the program with all its commands."""
    import typer

    program = typer.Typer(
        name="wandkit",
        help="wandkit: a typed SDK for W&B servers, with a server of its own.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(program)
    return program
