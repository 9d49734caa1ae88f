"""What every test has: the embedded server, and none of the settings of whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wandkit.testing import Server, wandkit_server

__all__ = ["module_server", "no_outside_settings", "wandkit_server"]


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
