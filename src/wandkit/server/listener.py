"""The web server around the application: uvicorn, stopped at once, and leaving signals to its caller."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Generator

import uvicorn
from starlette.types import ASGIApp

__all__ = ["Listener"]


class Listener(uvicorn.Server):
    """Serves an application on open sockets until it is stopped.

    Attributes:
        ready: Set once requests are answered.
    """

    def __init__(self, app: ASGIApp, *, on_ready: Callable[[], None] | None = None) -> None:
        """Take the application.

        Args:
            app: What to serve.
            on_ready: Called once requests are answered, in the thread that serves.
        """
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
            timeout_keep_alive=75,
            ws="none",
        )
        super().__init__(config)
        self.ready: threading.Event = threading.Event()
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def stop(self) -> None:
        """Ask it to stop: requests under way are answered first. Safe from any thread and signal handler."""
        self.should_exit = True
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # it has stopped by itself
                self._loop.call_soon_threadsafe(self._wake.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering."""
        for opened in sockets or ():
            # asyncio switches Nagle's delay off only for sockets that name their protocol; these do not.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self.ready.set()
        if self._on_ready is not None:
            self._on_ready()

    async def main_loop(self) -> None:
        """Wait for `stop`, waking once a second for what uvicorn does at every tick."""
        while not await self.on_tick(0):
            if self._wake is not None:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), 1.0)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: whoever runs this decides what they mean."""
        yield
