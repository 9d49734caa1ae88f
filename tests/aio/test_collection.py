"""Collections and types: listed, filtered, sorted, edited, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import ArgumentError, NotFoundError, UnsupportedError
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


async def test_collections_are_filtered_and_sorted(api: AsyncApi, run: AsyncRun) -> None:
    for name in ("b", "a", "c"):
        await log(run, name)
    down = await api.artifact_collections(run.project, "dataset", order="-name").load_all()
    some = await api.project(run.project).collections(filters={"name": {"$in": ["a", "c"]}}).load_all()
    assert [one.name for one in down] == ["c", "b", "a"]
    assert {bool(one.project_internal_id) for one in down} == {True}
    assert sorted(one.name for one in some) == ["a", "c"]


async def test_a_server_that_cannot_sort_collections_says_so() -> None:
    with Server() as server:
        server.features = ()
        server.add_user("ada")
        async with server.async_api("ada") as api:
            await api.create_project("plain")
            with pytest.raises(UnsupportedError, match="sorts"):
                await api.artifact_collections("plain", "dataset", order="name").load_all()


async def test_the_versions_of_a_collection_are_listed(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    last = await log(run, "a")
    last.tags = ["good"]
    await last.save()
    listing = api.artifacts("dataset", f"{run.project}/a")
    versions = await listing.load_all()
    tagged = await api.artifacts("dataset", f"{run.project}/a", tags=["good"]).load_all()
    collection = await api.artifact_collection("dataset", f"{run.project}/a")
    same = await collection.artifacts().load_all()
    count = await listing.count()
    assert sorted(one.name for one in versions) == ["a:v0", "a:v1"]
    assert [one.name for one in tagged] == ["a:v1"]
    assert (len(same), count) == (2, 2)


async def test_the_old_name_of_a_listing_warns(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    with pytest.warns(DeprecationWarning, match=r"Api\.artifacts"):
        listing = api.artifact_versions("dataset", f"{run.project}/a")
    versions = await listing.load_all()
    assert len(versions) == 1


async def test_a_missing_collection_is_named(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    with pytest.raises(NotFoundError, match=f"ada/{run.project}/b"):
        await api.artifacts("dataset", f"{run.project}/b").load_all()
    with pytest.raises(NotFoundError, match="type 'model'"):
        await api.artifact_collection("model", f"{run.project}/a")


async def test_edits_of_a_collection_are_saved(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    collection = await api.artifact_collection("dataset", f"{run.project}/a")
    collection.description = "words"
    collection.tags = ["one", "two"]
    collection.name = "renamed"
    await collection.save()
    collection.tags.remove("one")
    await collection.save()
    found = await api.artifact_collection("dataset", f"{run.project}/renamed")
    aliases = await found.aliases
    assert (found.description, found.tags, found.is_sequence()) == ("words", ["two"], True)
    assert "latest" in aliases


async def test_a_collection_moves_to_another_type(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, "a")
    await log(run, "b", "model")
    collection = await api.artifact_collection("dataset", f"{run.project}/a")
    with pytest.warns(DeprecationWarning, match="change_type"):
        await collection.change_type("model")
    found = await api.artifact_collection("model", f"{run.project}/a")
    assert (collection.type, found.id) == ("model", collection.id)


async def test_a_portfolio_keeps_its_type(api: AsyncApi, run: AsyncRun) -> None:
    artifact = await log(run, "a")
    link = await artifact.link(f"{run.project}/shelf")
    collection = await link.collection
    assert not collection.is_sequence()
    with pytest.raises(ArgumentError, match="portfolio"):
        collection.type = "model"


async def test_a_deleted_collection_is_gone(api: AsyncApi, run: AsyncRun) -> None:
    artifact = await log(run, "a")
    link = await artifact.link(f"{run.project}/shelf")
    shelf = await link.collection
    await shelf.delete()
    source = await artifact.collection
    await source.delete()
    there = [
        await api.artifact_collection_exists(f"{run.project}/shelf", "dataset"),
        await api.artifact_collection_exists(f"{run.project}/a", "dataset"),
    ]
    assert there == [False, False]
