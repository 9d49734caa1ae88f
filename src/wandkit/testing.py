"""A real server for tests: in a thread, on a free port, with a store that goes away.

    from wandkit.testing import Server

    with Server() as server:
        server.add_user("ada")
        run = server.api("ada").create_run(project="demo")

pytest finds the fixture `wandkit_server` here. Importing this module loads nothing of the server.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandkit._core.capability import forget

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from wandkit import Api, AsyncApi
    from wandkit.server.config import ServerConfig
    from wandkit.server.faults import Fault, Instrument, RecordedRequest
    from wandkit.server.listener import Listener

__all__ = ["Server", "wandkit_server"]

_START_S = 30.0


class Server:
    """An embedded server on a loopback port. Use it as a context manager, or `start` and `stop` it."""

    def __init__(
        self,
        *,
        data_dir: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        features: Mapping[str, bool] | Iterable[str] | None = None,
        **settings: Any,
    ) -> None:
        """Make a server; nothing starts yet.

        Args:
            data_dir: Where to store; without it a temporary folder that goes away with the server.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
            features: The server features: a mapping changes the server's own, anything else replaces them.
            settings: Further fields of `wandkit.server.config.ServerConfig`, e.g.
                `hidden={"Run.parquetHistory"}`.
        """
        self._temporary = data_dir is None
        self._data_dir = None if data_dir is None else Path(data_dir)
        self._address = (host, port)
        self._features = features
        self._settings = settings
        self._keys: dict[str, str] = {}
        self._app: Starlette | None = None
        self._instrument: Instrument | None = None
        self._uvicorn: Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Server:
        """Start listening; return when requests are answered."""
        from wandkit.server.app import create_app
        from wandkit.server.faults import Instrument
        from wandkit.server.listener import Listener

        if self._data_dir is None:
            self._data_dir = Path(tempfile.mkdtemp(prefix="wandkit-server-"))
        listener = socket.create_server(self._address)
        # asyncio switches Nagle's delay off only for sockets that name their protocol, which these do not.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address = listener.getsockname()[:2]
        forget(self.url)
        self._app = create_app(self._config(self._data_dir))
        self._instrument = Instrument(self._app)
        self._uvicorn = Listener(self._instrument)
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [listener]}, name="wandkit-server", daemon=True
        )
        self._thread.start()
        if not self._uvicorn.ready.wait(_START_S):
            self.stop()
            raise RuntimeError("the server did not start; its error is in the log of `uvicorn.error`")
        return self

    def stop(self) -> None:
        """Stop listening, close the store and remove it if it is temporary."""
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.stop()
            self._thread.join()
        if self._app is not None:
            self._app.state.database.close()
        self._uvicorn = self._thread = None
        if self._temporary and self._data_dir is not None:
            shutil.rmtree(self._data_dir, ignore_errors=True)
            self._data_dir = None

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        host, port = self._address
        return f"http://{host}:{port}"

    @property
    def data_dir(self) -> Path:
        """The folder of the store."""
        if self._data_dir is None:
            raise RuntimeError("the server is not running")
        return self._data_dir

    @property
    def app(self) -> Starlette:
        """The application; its `state.database` opens sessions on the store."""
        if self._app is None:
            raise RuntimeError("the server is not running")
        return self._app

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far; clear the list to count anew."""
        return self._instrumented.requests

    @property
    def features(self) -> frozenset[str]:
        """The names that `serverInfo.features` reports; assign to change them while the server runs."""
        config: ServerConfig = self.app.state.config
        return config.features

    @features.setter
    def features(self, names: Mapping[str, bool] | Iterable[str]) -> None:
        config: ServerConfig = self.app.state.config
        self.app.state.config = replace(config, features=_features(names, config.features))
        forget(self.url)

    def add_user(
        self, name: str, api_key: str | None = None, admin: bool = False, *, email: str | None = None
    ) -> str:
        """Make a user with a personal entity of the same name and return their API key."""
        from wandkit.server.accounts import add_user

        with self.app.state.database.write() as session:
            _, key = add_user(session, name, api_key=api_key, admin=admin, email=email)
        self._keys[name] = key
        return key

    def add_team(
        self, name: str, members: Mapping[str, str] | Iterable[str] = (), *, organization: str | None = None
    ) -> None:
        """Make a team; `members` are user names, or a mapping of them to roles."""
        from wandkit.server.accounts import add_member, add_team, find_user

        roles: dict[str, str] = (
            {**members} if isinstance(members, Mapping) else dict.fromkeys(members, "member")
        )
        with self.app.state.database.write() as session:
            team = add_team(session, name, organization=organization)
            for username, role in roles.items():
                user = find_user(session, username)
                if user is None:
                    raise ValueError(f"no user {username!r}; add them first")
                add_member(session, team, user, role)

    def add_organization(self, name: str) -> None:
        """Make an organization, for teams to belong to."""
        from wandkit.server.accounts import add_organization

        with self.app.state.database.write() as session:
            add_organization(session, name)

    def add_integration(
        self,
        entity: str,
        name: str,
        url: str,
        *,
        access_token: str | None = None,
        secret: str | None = None,
        secret_name: str | None = None,
    ) -> str:
        """Make a webhook for the automations of a user or team and return its id.

        Args:
            entity: The user or team.
            name: The webhook's name.
            url: Where requests go; loopback needs `Server(allow_private_webhooks=True)`.
            access_token: Sent as the bearer token.
            secret: Signs what is sent.
            secret_name: The name by which payloads refer to `secret`; without it `NAME_SECRET`, made of the
                webhook's name in capitals.
        """
        from wandkit.server import ids, integrations

        stem = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name).upper()
        token_ref = None if access_token is None else f"{stem}_TOKEN"
        secret_ref = None if secret is None else secret_name or f"{stem}_SECRET"
        with self.app.state.database.write() as session:
            owner = integrations.find_entity(session, entity)
            for reference, value in ((token_ref, access_token), (secret_ref, secret)):
                if reference is not None and value is not None:
                    integrations.set_secret(session, owner, reference, value)
            made = integrations.add_webhook(
                session, owner, name, url, access_token_ref=token_ref, secret_ref=secret_ref
            )
            return ids.encode("Integration", made.id)

    def add_slack_integration(self, entity: str, team_name: str, channel_name: str) -> str:
        """Make a Slack channel for automations and return its id; nothing is ever sent there."""
        from wandkit.server import ids, integrations

        with self.app.state.database.write() as session:
            owner = integrations.find_entity(session, entity)
            made = integrations.add_slack(session, owner, team_name, channel_name)
            return ids.encode("Integration", made.id)

    def key(self, user: str) -> str:
        """Return the API key that `add_user` made for the user."""
        try:
            return self._keys[user]
        except KeyError:
            raise ValueError(f"no user {user!r} was added through this server object") from None

    def api(self, user: str | None = None, **options: Any) -> Api:
        """Return a client of the user, or of the only user; options go to `wandkit.Api`."""
        from wandkit import Api

        return Api(**self._options(user, options))

    def async_api(self, user: str | None = None, **options: Any) -> AsyncApi:
        """Return an async client of the user, or of the only user; options go to `wandkit.AsyncApi`."""
        from wandkit import AsyncApi

        return AsyncApi(**self._options(user, options))

    @contextlib.contextmanager
    def fault(
        self,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | Mapping[str, Any] | None = None,
        delay_s: float = 0.0,
        drop: bool = False,
        after: bool = False,
        truncate: int | None = None,
        operation: str | None = None,
        path: str | None = None,
        method: str | None = None,
        times: int | None = None,
        skip: int = 0,
    ) -> Generator[Fault, None, None]:
        """Break matching requests inside the block; the fault's `hits` counts them.

        Args:
            status: Answer with this status instead of the server's answer.
            headers: Headers of that answer.
            body: Its body; a mapping is sent as JSON, a text that begins with "<" as HTML.
            delay_s: Wait so long first; alone, the real answer then follows.
            drop: Close the connection without an answer.
            after: Let the server do its work first, so that only the answer is lost.
            truncate: Send the real answer up to so many bytes of its body, then close the connection.
            operation: Only this GraphQL operation.
            path: Only paths in which this regular expression matches.
            method: Only this HTTP method.
            times: Only so many requests; None for all of them.
            skip: Let so many matching requests pass first.
        """
        from wandkit.server.faults import Fault

        fault = Fault(
            status=status, headers=headers or {}, body=body, delay_s=delay_s, drop=drop, after=after,
            truncate=truncate, operation=operation, path=path, method=method, times=times, skip=skip,
        )  # fmt: skip
        self._instrumented.add(fault)
        try:
            yield fault
        finally:
            self._instrumented.remove(fault)

    def export_history(self, path: str, upto_step: int | None = None, *, keep_rows: bool = True) -> None:
        """Export the history of the run `entity/project/id` to parquet, as hosted servers do for finished
        runs.

        Args:
            path: The run.
            upto_step: The last step to export; None for all, which leaves no live tail.
            keep_rows: Whether the rows stay in the live store too.
        """
        from wandkit.server.export import export_history

        entity, project, run = path.split("/")
        state = self.app.state
        with state.database.write() as session:
            export_history(
                session, state.services["blobs"], (entity, project, run), upto_step, keep_rows=keep_rows
            )

    def __enter__(self) -> Server:
        """Start the server."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def __repr__(self) -> str:
        """Show the URL, never a key."""
        return f"<Server {self.url}>"

    @property
    def _instrumented(self) -> Instrument:
        if self._instrument is None:
            raise RuntimeError("the server is not running")
        return self._instrument

    def _config(self, data_dir: Path) -> ServerConfig:
        from wandkit.server.config import ServerConfig

        host, port = self._address
        config = ServerConfig(data_dir=data_dir, host=host, port=port, **self._settings)
        if self._features is None:
            return config
        return replace(config, features=_features(self._features, config.features))

    def _options(self, user: str | None, options: dict[str, Any]) -> dict[str, Any]:
        if user is None and len(self._keys) != 1:
            raise ValueError("say which user: there is not exactly one")
        name = next(iter(self._keys)) if user is None else user
        overrides: dict[str, Any] = {"base_url": self.url, **(options.pop("overrides", None) or {})}
        return {"overrides": overrides, "api_key": self.key(name), **options}


def _features(names: Mapping[str, bool] | Iterable[str], own: frozenset[str]) -> frozenset[str]:
    if not isinstance(names, Mapping):
        return frozenset(names)
    switches: dict[str, bool] = {**names}
    return (own | {name for name, on in switches.items() if on}) - {
        name for name, on in switches.items() if not on
    }


def _fixture() -> Callable[..., Any]:
    """Return the pytest fixture, or a function that says what is missing where there is no pytest."""

    def wandkit_server() -> Iterator[Server]:
        """Give a fresh embedded server with the user `ada`."""
        with Server() as server:
            server.add_user("ada")
            yield server

    try:
        import pytest
    except ImportError:
        return wandkit_server
    return pytest.fixture(wandkit_server)


wandkit_server: Callable[..., Any] = _fixture()
