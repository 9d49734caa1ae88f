"""Artifacts: logged, fetched, edited, downloaded."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import (
    ArgumentError,
    ArtifactFinalizedError,
    ArtifactMismatchError,
    ArtifactNotLoggedError,
    NotFoundError,
)
from wandkit.testing import Server


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache, the staged copies and the downloads of each test to itself."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WANDB_ARTIFACT_DIR", str(tmp_path / "artifacts"))


@pytest.fixture
async def api(module_server: Server, folders: None) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture
async def run(api: AsyncApi) -> AsyncRun:
    """Give a run in a project of the test's own."""
    run = await api.create_run(project=f"p{uuid4().hex[:8]}")
    return run


def write(path: Path, content: bytes | str) -> Path:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def contents(folder: str | Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


FILES = {"a.txt": b"alpha", "deep/b.bin": bytes(range(256)) * 64, "empty": b"", "dé/ü ñ.txt": b"alpha"}


async def draft_of(tmp_path: Path, files: dict[str, bytes], name: str = "data") -> AsyncArtifact:
    """Return a draft that has the files."""
    for at, content in files.items():
        write(tmp_path / "source" / at, content)
    draft = AsyncArtifact(name, "dataset", metadata={"rows": 3}, description="first")
    await draft.add_dir(tmp_path / "source")
    return draft


async def test_what_was_logged_is_downloaded(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    draft = await draft_of(tmp_path, FILES)
    logged = await run.log_artifact(draft, aliases=["best"])
    fetched = await api.artifact(f"{run.project}/data:best")
    folder = await fetched.download(tmp_path / "out")
    assert (logged.version, fetched.version, fetched.state) == ("v0", "v0", "COMMITTED")
    assert contents(folder) == FILES
