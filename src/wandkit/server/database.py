"""The store: one SQLite database in WAL mode, many readers, one writer at a time.

    with database.read() as session: ...    # a snapshot; nothing is written
    with database.write() as session: ...   # takes the write lock, commits at the end, rolls back on an error

A commit that returned survives a kill of the process. Times are stored as text of fixed width in UTC
(`2026-01-31T12:00:00.000000Z`), so that comparing them in SQL compares the moments.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Annotated, Any

from sqlalchemy import Connection, Engine, String, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from wandkit.server.config import ServerConfig
from wandkit.server.filtering import functions

__all__ = ["ACTOR", "FIRED", "Base", "Database", "Timestamp", "now", "timestamp"]

SCHEMA_VERSION = 1
BUSY_TIMEOUT_MS = 30_000
ACTOR = "actor"
"""In the `info` of a session: the name of the user on whose behalf it writes."""
FIRED = "fired"
"""In the `info` of a session: whether an automation fired in it."""

Timestamp = Annotated[str, mapped_column(String(27))]
"""A column type: a moment as made by `timestamp()`."""


class Base(DeclarativeBase):
    """The parent of every stored class."""


def timestamp(moment: datetime) -> str:
    """Return the stored text of a moment; one without a zone counts as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now() -> str:
    """Return the present moment as it is stored."""
    return timestamp(datetime.now(timezone.utc))


class _WritingSession(Session):
    """A session whose changes are events that automations may watch."""


class Database:
    """The open database of one server; several processes may have the same one open."""

    def __init__(self, config: ServerConfig) -> None:
        """Open it, and make it where it is missing, in a folder of its owner alone.

        Raises:
            RuntimeError: The file is no database, cannot be written, or is of a newer version.
        """
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_lock = threading.Lock()
        self.on_fired: Callable[[], None] | None = None
        self.engine: Engine = _engine(config)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        try:
            _create_tables(self._writing)
        except DatabaseError as error:
            self.engine.dispose()
            raise RuntimeError(f"{config.database_file}: {error.orig}") from None
        _watch_changes()

    @contextmanager
    def read(self) -> Generator[Session]:
        """Yield a session that sees one unchanging snapshot."""
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """Yield a session that holds the write lock; it commits when the block ends without an error."""
        session = _WritingSession(self._writing, expire_on_commit=False)
        with self._write_lock, session, session.begin():
            yield session
        if session.info.get(FIRED) and self.on_fired is not None:
            self.on_fired()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(config: ServerConfig) -> Engine:
    engine = create_engine(
        f"sqlite:///{config.database_file}",
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        pool_size=8,
        max_overflow=64,
        hide_parameters=True,  # of statements that failed: a secret may be among them
    )
    synchronous = "FULL" if config.synchronous.upper() == "FULL" else "NORMAL"

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver's own transaction control starts transactions late and never IMMEDIATE; ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()
        functions.install(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def _watch_changes() -> None:
    from wandkit.server.automation_watch import begin_flush, see_changes

    if not event.contains(_WritingSession, "after_flush", see_changes):
        event.listen(_WritingSession, "before_flush", begin_flush)
        event.listen(_WritingSession, "after_flush", see_changes)


def _create_tables(engine: Engine) -> None:
    from wandkit.server import model

    model.load_all()
    with engine.begin() as connection:
        version = connection.execute(text("PRAGMA user_version")).scalar_one()
        if version > SCHEMA_VERSION:
            raise RuntimeError(
                f"the store was written by a newer wandkit (version {version}, this one knows "
                f"{SCHEMA_VERSION}): upgrade wandkit or use another data folder"
            )
        Base.metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
