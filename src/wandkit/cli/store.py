"""The store of a server, opened by a command of `wandkit admin` for one change."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wandkit.cli.serve import default_data_dir

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Data", "open_store"]

Data = Annotated[Path | None, typer.Option("--data", help="The folder of the server's store.")]


@contextmanager
def open_store(data: Path | None, *, create: bool = False) -> Generator[Session, None, None]:
    """Open the store for one change; print what is wrong and exit with 1 where it fails.

    Args:
        data: The folder of the store; None is the default one.
        create: Make a store where there is none, and say so. Else that is wrong.
    """
    try:
        from wandkit.server.config import ServerConfig
        from wandkit.server.database import Database
    except ImportError as error:
        typer.echo(
            f"wandkit admin: this needs more libraries ({error}): pip install 'wandkit[server]'", err=True
        )
        raise typer.Exit(1) from None
    folder = (data or default_data_dir()).expanduser().resolve()
    config = ServerConfig(data_dir=folder)
    is_new = not config.database_file.exists()
    if is_new and not create:
        typer.echo(
            f"wandkit admin: there is no store in {folder}; give the folder with --data, or make one with "
            "`wandkit serve` or `wandkit admin user add`",
            err=True,
        )
        raise typer.Exit(1)
    database = None
    try:
        database = Database(config)
        if is_new:
            typer.echo(f"made a new store in {folder}", err=True)
        with database.write() as session:
            yield session
    except (ValueError, RuntimeError, OSError) as error:
        typer.echo(f"wandkit admin: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        if database is not None:
            database.close()
