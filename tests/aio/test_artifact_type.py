"""Types of artifacts: listed, fetched, and the way to their collections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import NotFoundError
from wandkit.testing import Server


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache and the staged copies of each test to itself."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
async def api(module_server: Server, folders: None) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


async def log(run: AsyncRun, name: str, type: str = "dataset", text: str = "") -> AsyncArtifact:
    """Log a version with one file and return it."""
    draft = AsyncArtifact(name, type)
    with draft.new_file("note.txt") as file:
        file.write(text or uuid4().hex)
    logged = await run.log_artifact(draft)
    return logged


async def test_types_are_listed(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    await log(run, "b", "model")
    listed = await api.artifact_types(run.project).load_all()
    of_project = await api.project(run.project).artifacts_types().load_all()
    assert sorted(one.name for one in listed) == ["dataset", "model"]
    assert sorted(one.type for one in of_project) == ["dataset", "model"]


async def test_a_type_has_collections(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    await log(run, "b", "model")
    kind = await api.artifact_type("model", run.project)
    names = [one.name for one in await kind.collections().load_all()]
    found = await kind.collection("b")
    assert (names, found.name, found.type) == (["b"], "b", "model")


async def test_a_missing_type_is_named(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(NotFoundError, match="'nothing'"):
        await api.artifact_type("nothing", run.project)


async def test_a_type_knows_itself(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    kind = await api.artifact_type("dataset", f"ada/{run.project}")
    same = await kind.load()
    assert (kind.name, kind.entity, kind.project) == ("dataset", "ada", run.project)
    assert (same.id, kind.created_at.tzinfo is not None) == (kind.id, True)
