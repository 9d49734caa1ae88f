"""A real `wandkit serve`, and the official clients as programs that talk to it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api

if TYPE_CHECKING:
    from peers import Peer

__all__ = ["Client", "Served"]

KEY = "0123456789" * 4
HERE = Path(__file__).parent


def _load_peers() -> Any:
    spec = importlib.util.spec_from_file_location("peers", HERE / "peers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["peers"] = module
    spec.loader.exec_module(module)
    return module


PEERS: dict[str, Peer] = _load_peers().PEERS


@dataclass(frozen=True)
class Served:
    """A running `wandkit serve` with the user ada."""

    url: str
    process: subprocess.Popen[str]

    def api(self, **options: Any) -> Api:
        """Return wandkit's own client."""
        return Api(overrides={"base_url": self.url, "entity": "ada"}, api_key=KEY, **options)


@dataclass(frozen=True)
class Client:
    """One official client; `run` runs a script of this folder in its environment."""

    peer: Peer
    url: str
    folder: Path

    @property
    def version(self) -> str:
        """The client's version."""
        return self.peer.version

    @property
    def key(self) -> str:
        """The API key of its user."""
        return KEY

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its programs: this server, this user, nothing of the runner's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        return {
            **kept,
            "HOME": str(self.folder),
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": KEY,
            "WANDB_ENTITY": "ada",
            "WANDB_SILENT": "true",
            "WANDB_DIR": str(self.folder),
            "WANDB_ERROR_REPORTING": "false",
            "PYTHONPATH": str(HERE / "scripts"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a script."""
        command = [str(self.peer.python), str(HERE / "scripts" / script), *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill a started script and the processes that the client started for it, without warning."""
        for pid in [process.pid, *_descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=20)

    def run(self, script: str, *arguments: str, code: int = 0) -> Any:
        """Run a script to its end; return what it printed as JSON in its last line, if it did."""
        process = self.start(script, *arguments)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == code, printed
        lines = [line for line in printed.splitlines() if line.startswith("ANSWER ")]
        return json.loads(lines[-1][7:]) if lines else None

    def command(self, *arguments: str, timeout_s: float = 240) -> str:
        """Run the client's own command line; return what it printed."""
        program = self.peer.python.with_name("wandb")
        answer = subprocess.run(
            [str(program), *arguments], cwd=self.folder, env={**self.environment, "WANDB_SILENT": "false"},
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        return answer.stdout


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give one `wandkit serve` for all tests; they use projects of their own."""
    data = tmp_path_factory.mktemp("data")
    wandkit = [sys.executable, "-m", "wandkit"]
    add = [*wandkit, "admin", "user", "add", "ada", "--api-key", KEY, "--data", str(data)]
    subprocess.run(add, check=True, capture_output=True)
    process = subprocess.Popen(
        [*wandkit, "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    while "ready\n" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    found = re.search(r"http://\S+", printed)
    assert found is not None, printed
    yield Served(found[0], process)
    process.terminate()
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest, rest


@pytest.fixture(params=list(PEERS))
def client(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> Client:
    """Give each official client in turn; skip, saying why, where it cannot run here."""
    return _client(PEERS[request.param], served, tmp_path)


@pytest.fixture
def newest(served: Served, tmp_path: Path) -> Client:
    """Give the newest official client."""
    return _client(PEERS["0.31.0"], served, tmp_path)


@pytest.fixture
def oldest(served: Served, tmp_path: Path) -> Client:
    """Give the oldest official client."""
    return _client(PEERS["0.16.6"], served, tmp_path)


@pytest.fixture
def api(served: Served) -> Iterator[Api]:
    """Give wandkit's own client of ada."""
    with served.api() as opened:
        yield opened


def _descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they started (on Linux)."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(pid, [])
    return [*found, *(further for child in found for further in _descendants(child))]


def _client(peer: Peer, served: Served, tmp_path: Path) -> Client:
    if peer.reason_missing:
        pytest.skip(peer.reason_missing)
    folder = tmp_path / peer.version
    folder.mkdir()
    return Client(peer, served.url, folder)
