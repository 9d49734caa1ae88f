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
def open_store(data: Path | None) -> Generator[Session, None, None]:
    """Open the store for one change; print what is wrong and exit with 1 where it fails."""
    try:
        from wandkit.server.config import ServerConfig
        from wandkit.server.database import Database
    except ImportError as error:
        typer.echo(
            f"wandkit admin: this needs more libraries ({error}): pip install 'wandkit[server]'", err=True
        )
        raise typer.Exit(1) from None
    folder = (data or default_data_dir()).expanduser().resolve()
    database = None
    try:
        database = Database(ServerConfig(data_dir=folder))
        with database.write() as session:
            yield session
    except (ValueError, RuntimeError, OSError) as error:
        typer.echo(f"wandkit admin: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        if database is not None:
            database.close()
