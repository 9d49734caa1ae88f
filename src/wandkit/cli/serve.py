"""`wandkit serve`: the embedded server, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from types import FrameType

    from wandkit.server.database import Database

__all__ = ["default_data_dir", "serve"]


def default_data_dir() -> Path:
    """Return the folder that is used where none is given."""
    import platformdirs

    return Path(platformdirs.user_data_dir("wandkit", appauthor=False)) / "server"


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8080,
    data: Annotated[Path | None, typer.Option(help="The folder of the store.")] = None,
    base_url: Annotated[str, typer.Option(help="The URL under which clients reach it, behind a proxy.")] = "",
    allow_private_webhooks: Annotated[
        bool, typer.Option("--allow-private-webhooks", help="Let webhooks go to private addresses too.")
    ] = False,
) -> None:
    """Serve the W&B API from a folder. The first start makes an administrator and prints the key once."""
    try:
        from wandkit.server.app import create_app
        from wandkit.server.config import ServerConfig
        from wandkit.server.listener import Listener
    except ImportError as error:
        _fail(f"the server needs more libraries ({error}): pip install 'wandkit[server]'")
    folder = (data or default_data_dir()).expanduser().resolve()
    try:
        opened = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        _fail(f"cannot listen on {host}:{port}: {error.strerror or error}. Choose another with --port.")
    url = f"http://{_shown(host)}:{opened.getsockname()[1]}"
    try:
        config = ServerConfig(
            data_dir=folder,
            host=host,
            port=port,
            base_url=base_url,
            allow_private_webhooks=allow_private_webhooks,
        )
        app = create_app(config)
    except (OSError, RuntimeError) as error:
        _fail(f"cannot open the store in {folder}: {error}")
    key = _make_first_admin(app.state.database)

    def announce() -> None:
        typer.echo(f"wandkit server: {base_url or url}")
        typer.echo(f"data: {folder}")
        if key is not None:
            typer.echo(f"API key of admin (shown only now): {key}")
        typer.echo("ready")
        sys.stdout.flush()

    listener = Listener(app, on_ready=announce)

    def stop(_number: int, _frame: FrameType | None) -> None:
        listener.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    listener.run(sockets=[opened])
    app.state.database.close()


def _make_first_admin(database: Database) -> str | None:
    """Return the key of the administrator that a store without users gets, or None."""
    from sqlalchemy import select

    from wandkit.server.accounts import add_user
    from wandkit.server.model.user import User

    with database.write() as session:
        if session.scalars(select(User.id).limit(1)).first() is not None:
            return None
        _, key = add_user(session, "admin", admin=True)
    return key


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _fail(message: str) -> NoReturn:
    typer.echo(f"wandkit serve: {message}", err=True)
    raise typer.Exit(1)
