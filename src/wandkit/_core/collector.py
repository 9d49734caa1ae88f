"""A pause of the cyclic garbage collector while a large answer becomes objects.

A page of a thousand runs makes some ten thousand objects at once, all of them in use. Without the pause the
collector would walk the whole heap of the program several times for each page, and find nothing.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["uncollected"]


class _Pause:
    """How many blocks want the collector to rest, and whether it was at work before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks = 0
        self.resume = False

    def enter(self) -> None:
        with self.lock:
            if self.blocks == 0:
                self.resume = gc.isenabled()
                gc.disable()
            self.blocks += 1

    def leave(self) -> None:
        with self.lock:
            self.blocks -= 1
            if self.blocks == 0 and self.resume:
                gc.enable()


_pause = _Pause()


@contextmanager
def uncollected() -> Generator[None, None, None]:
    """Let the collector rest inside the block, in all threads.

    Keep the block short; others may get their turn in it, but it must not wait for anything.
    """
    pause = _pause
    pause.enter()
    try:
        yield
    finally:
        pause.leave()


def _after_fork() -> None:
    """Let a child that was forked in the middle of a block collect again; the block ended with its thread."""
    global _pause
    before, _pause = _pause, _Pause()
    if before.blocks and before.resume:
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
