"""What every test has: the embedded server, and none of the settings of whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from wandkit import AsyncApi, AsyncRun
from wandkit.testing import Server, wandkit_server

__all__ = [
    "EventWriter",
    "api",
    "event_writer",
    "module_server",
    "no_outside_settings",
    "run",
    "wandkit_server",
]

# The same examples on every machine, however slow it is; `--hypothesis-profile default` looks for others.
settings.register_profile(
    "any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the runner's own W&B settings and home folder."""
    for name in [*os.environ]:
        if name.startswith("WANDB_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture(scope="module")
def module_server() -> Iterator[Server]:
    """Give one embedded server per test module, with the user `ada`; tests use projects of their own."""
    with Server() as server:
        server.add_user("ada")
        yield server


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture
async def run(api: AsyncApi) -> AsyncRun:
    """Give a run in a project of the test's own."""
    run = await api.create_run(project=f"p{uuid4().hex[:8]}")
    return run


class EventWriter:
    """Writes event files below a folder, with TensorBoard's own record writer."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, *events: Any, append: bool = False) -> Path:
        """Write a file: its head, then the events; with `append` only the events, to the end of the file."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = [] if append else [Event(wall_time=1000.0, file_version="brain.Event:2")]
        with path.open("ab" if append else "wb") as file:
            writer = RecordWriter(file)
            for event in [*head, *events]:
                writer.write(event if isinstance(event, bytes) else event.SerializeToString())
        return path

    def event(self, step: int, *values: Any, wall: float | None = None) -> Any:
        """Return a summary event; a second after 1000 for each step unless `wall` says another time."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        return Event(
            wall_time=1000.0 + step if wall is None else wall, step=step, summary=Summary(value=values)
        )

    def scalars(self, step: int, wall: float | None = None, **values: float) -> Any:
        """Return an event with the numbers `values`, as most writers have them."""
        return self.event(
            step, *(self.value(tag, simple_value=value) for tag, value in values.items()), wall=wall
        )

    def value(self, tag: str, plugin: str = "", content: bytes = b"", **kind: Any) -> Any:
        """Return one value of a summary; `tensor=` may be an array or a list."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.util.tensor_util import make_tensor_proto

        if "tensor" in kind and not hasattr(kind["tensor"], "SerializeToString"):
            kind["tensor"] = make_tensor_proto(kind["tensor"])
        if plugin:
            data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
            kind["metadata"] = SummaryMetadata(plugin_data=data)
        return Summary.Value(tag=tag, **kind)


@pytest.fixture
def event_writer(tmp_path: Path) -> EventWriter:
    """Give a writer of event files in an empty folder `logs`."""
    return EventWriter(tmp_path / "logs")
