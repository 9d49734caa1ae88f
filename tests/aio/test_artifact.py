"""Artifacts: logged, fetched, edited, downloaded."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy
import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun, Manifest, ManifestEntry
from wandkit.errors import (
    ArgumentError,
    ArgumentTypeError,
    ArtifactFinalizedError,
    ArtifactNotLoggedError,
    ConflictError,
    NotFoundError,
    UnsupportedError,
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


async def logged(
    run: AsyncRun, tmp_path: Path, name: str = "data", files: dict[str, bytes] | None = None
) -> AsyncArtifact:
    """Log a version with the files and return it."""
    draft = await draft_of(tmp_path / uuid4().hex, FILES if files is None else files, name)
    artifact = await run.log_artifact(draft)
    return artifact


async def test_a_version_knows_where_it_is(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path)
    artifact = await api.artifact(f"ada/{run.project}/data:latest", "dataset")
    assert (artifact.name, artifact.version, artifact.type) == ("data:latest", "v0", "dataset")
    assert artifact.source_qualified_name == f"ada/{run.project}/data:v0"
    assert (artifact.description, artifact.metadata, artifact.file_count) == ("first", {"rows": 3}, 4)
    assert artifact.size == sum(len(content) for content in FILES.values())
    assert artifact.aliases == ["latest"]
    assert artifact.url.endswith(f"/ada/{run.project}/artifacts/dataset/data/v0")


async def test_a_bare_name_is_the_newest_version(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path)
    await logged(run, tmp_path, files={"other": b"2"})
    artifact = await api.artifact(f"{run.project}/data")
    assert artifact.name == "data:v1"


async def test_the_page_of_a_version_names_it(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    same = await api.artifact(artifact.url)
    assert same.id == artifact.id


async def test_a_missing_version_names_the_aliases(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path)
    with pytest.raises(NotFoundError, match="data:latest"):
        await api.artifact(f"{run.project}/data:latesd")


async def test_a_missing_collection_names_near_ones(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path, "training")
    with pytest.raises(NotFoundError, match="training"):
        await api.artifact(f"{run.project}/trainings:v0")


async def test_another_type_is_refused(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path)
    with pytest.raises(ArgumentError, match="of type 'dataset'"):
        await api.artifact(f"{run.project}/data:v0", "model")


async def test_the_same_files_are_the_same_version(run: AsyncRun, tmp_path: Path) -> None:
    first = await logged(run, tmp_path)
    second = await logged(run, tmp_path)
    assert (first.id, second.version) == (second.id, "v0")


async def test_edits_are_saved(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    artifact.description = "second"
    artifact.metadata["more"] = [1, 2]
    artifact.aliases.append("best")
    artifact.aliases.remove("latest")
    artifact.tags = ["good one", "kept"]
    artifact.ttl = timedelta(days=3)
    await artifact.save()
    fresh = await api.artifact(f"{run.project}/data:v0")
    assert (fresh.description, fresh.metadata) == ("second", {"rows": 3, "more": [1, 2]})
    assert (fresh.aliases, sorted(fresh.tags), fresh.ttl) == (
        ["best"],
        ["good one", "kept"],
        timedelta(days=3),
    )


async def test_a_draft_that_is_refused_before_it_is_sent_stays_open(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    draft = await draft_of(tmp_path, FILES)
    module_server.requests.clear()
    with pytest.raises(ArgumentError, match=r"'v7' is the number of a version"):
        await run.log_artifact(draft, aliases=["best", "v7"])
    with pytest.raises(ArgumentError, match="'a!' cannot be a tag"):
        await run.log_artifact(draft, tags=["a!"])
    assert module_server.requests == []
    with draft.new_file("more") as file:
        file.write("more")
    artifact = await run.log_artifact(draft, aliases=["best"])
    assert artifact.aliases == ["latest", "best"]


async def test_only_artifacts_are_shared_by_writers(run: AsyncRun) -> None:
    wrong: Any = "data:v1"
    for send in (run.log_artifact, run.upsert_artifact, run.finish_artifact):
        with pytest.raises(ArgumentTypeError, match="no artifact"):
            await send(wrong)


async def test_metadata_may_hold_numbers_of_numpy(api: AsyncApi, run: AsyncRun) -> None:
    draft = AsyncArtifact("data", "dataset", metadata={"loss": numpy.float32(0.5)})
    draft.metadata["shape"] = numpy.array([1, 2])
    artifact = await run.log_artifact(draft)
    artifact.metadata["flag"] = 1
    await artifact.save()
    artifact.metadata["flag"] = numpy.bool_(True)
    await artifact.save()
    fresh = await api.artifact(artifact.qualified_name)
    assert fresh.metadata == {"loss": 0.5, "shape": [1, 2], "flag": True}
    assert fresh.metadata["flag"] is True


async def test_nothing_edited_sends_nothing(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    module_server.requests.clear()
    await artifact.save()
    assert module_server.requests == []


async def test_tags_and_times_to_live_are_taken_back(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    draft = await draft_of(tmp_path, FILES)
    draft.ttl = timedelta(hours=1)
    artifact = await run.log_artifact(draft, tags=["a", "b"])
    assert artifact.ttl == timedelta(hours=1)
    artifact.tags.remove("a")
    artifact.ttl = None
    await artifact.save()
    fresh = await api.artifact(f"{run.project}/data:v0")
    assert (fresh.tags, fresh.ttl) == (["b"], None)


async def test_a_server_without_tags_says_so(server_without_tags: Server, tmp_path: Path) -> None:
    async with server_without_tags.async_api("ada") as api:
        run = await api.create_run(project="plain")
        draft = await draft_of(tmp_path, FILES)
        with pytest.raises(UnsupportedError, match="no tags"):
            await run.log_artifact(draft, tags=["a"])


@pytest.fixture(scope="module")
def server_without_tags() -> Iterator[Server]:
    """Give a server that knows neither tags nor memberships nor filters of collections."""
    with Server(features={}) as server:
        server.features = ()
        server.add_user("ada")
        yield server


async def test_an_old_server_serves_versions(server_without_tags: Server, tmp_path: Path) -> None:
    async with server_without_tags.async_api("ada") as api:
        run = await api.create_run(project="plain")
        await logged(run, tmp_path)
        artifact = await api.artifact("plain/data:latest")
        folder = await artifact.download(tmp_path / "out")
    assert (artifact.version, artifact.aliases) == ("v0", ["latest"])
    assert contents(folder) == FILES


async def test_an_edit_that_is_refused_has_changed_nothing(
    server_without_tags: Server, tmp_path: Path
) -> None:
    async with server_without_tags.async_api("ada") as api:
        run = await api.create_run(project="kept")
        artifact = await logged(run, tmp_path)
        artifact.aliases.append("best")
        artifact.tags.append("a")
        server_without_tags.requests.clear()
        with pytest.raises(UnsupportedError, match="no tags"):
            await artifact.save()
        artifact.tags.clear()
        artifact.metadata["loss"] = float("nan")
        with pytest.raises(ArgumentError, match="metadata"):
            await artifact.save()
    assert server_without_tags.requests == []


async def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    for name in ("a/one", "b/two", "far/three"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(name)
    (tmp_path / "source" / "far").rename(tmp_path / "far")
    for link, target in {"a/up": "..", "a/b": "../b", "b/a": "../a", "b/far": tmp_path / "far"}.items():
        (tmp_path / "source" / link).symlink_to(target)
    draft = AsyncArtifact("data", "dataset")
    await draft.add_dir(tmp_path / "source")
    manifest: Manifest = await draft.manifest
    assert sorted(manifest.entries) == [
        *("a/b/far/three", "a/b/two", "a/one", "b/a/one", "b/far/three", "b/two"),
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
async def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    draft = AsyncArtifact("data", "dataset")
    (tmp_path / "dangling").symlink_to("nothing")
    with pytest.raises(ArgumentError, match="dangling"):
        await draft.add_dir(tmp_path)
    (tmp_path / "dangling").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArgumentError, match="pipe"):
        await draft.add_dir(tmp_path)
    with pytest.raises(ArgumentError, match="pipe"):
        await draft.add_reference(tmp_path.as_uri())


async def test_nothing_to_download_makes_an_empty_folder(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await run.log_artifact(AsyncArtifact("data", "dataset"))
    folder = await artifact.download(tmp_path / "out")
    assert os.listdir(folder) == []


async def test_a_draft_has_no_version(tmp_path: Path) -> None:
    draft = AsyncArtifact("data", "dataset")
    assert draft.is_draft()
    assert (draft.id, draft.name, draft.state) == (None, "data", "PENDING")
    with pytest.raises(ArtifactNotLoggedError, match="log_artifact"):
        _ = draft.version
    assert not hasattr(draft, "created_at")


async def test_a_version_takes_no_files(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    with pytest.raises(ArtifactFinalizedError, match="new_draft"):
        await artifact.add_file(write(tmp_path / "late", "x"))


async def test_a_new_draft_keeps_the_entries(
    api: AsyncApi, module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await logged(run, tmp_path)
    draft = await artifact.new_draft()
    draft.remove("deep")
    await draft.add_file(write(tmp_path / "late", "x"), "late")
    module_server.requests.clear()
    await draft.save()
    puts = [request for request in module_server.requests if request.method == "PUT"]
    folder = await draft.download(tmp_path / "out")
    assert (draft.version, draft.project, len(puts)) == ("v1", run.project, 2)
    assert contents(folder) == {"a.txt": b"alpha", "dé/ü ñ.txt": b"alpha", "empty": b"", "late": b"x"}


async def test_a_draft_is_saved_by_a_run_of_its_own(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    draft = await draft_of(tmp_path, FILES)
    await draft.save(run.project, api=api)
    maker = await draft.logged_by()
    assert maker is not None
    assert (draft.version, maker.state, maker.job_type) == ("v0", "finished", "auto")


async def test_a_draft_holds_what_was_added(tmp_path: Path) -> None:
    draft = AsyncArtifact("data", "dataset")
    entry = await draft.add_file(write(tmp_path / "a.txt", "alpha"), "in/a.txt")
    with draft.new_file("note.txt") as file:
        file.write("hello")
    manifest = await draft.manifest
    assert sorted(manifest.entries) == ["in/a.txt", "note.txt"]
    assert (entry.size, entry.digest) == (5, b64_md5(b"alpha"))
    assert draft.get_added_local_path_name(str(tmp_path / "a.txt")) == "in/a.txt"


@pytest.mark.parametrize("mode", ["w", "x"])
async def test_a_new_file_takes_the_place_of_another_where_it_is_told_to(mode: str) -> None:
    draft = AsyncArtifact("data", "dataset")
    with draft.new_file("note.txt") as file:
        file.write("one")
    with pytest.raises(ArgumentError, match="overwrite=True"), draft.new_file("note.txt", mode):
        pass
    with draft.new_file("note.txt", mode, overwrite=True) as file:
        file.write("three")
    manifest = await draft.manifest
    assert manifest.entries["note.txt"].size == 5


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        ("a/b/c", "a/b", True),
        ("a/b", "a/b", True),
        ("a/bc", "a/b", False),
        ("a", "", True),
        ("a", "a/b", False),
    ],
)
def test_a_path_lies_below_whole_folders(path: str, folder: str, inside: bool) -> None:
    entry = ManifestEntry(path, "digest")
    assert AsyncArtifact.path_contains_dir_prefix(path, folder) is inside
    assert AsyncArtifact.should_download_entry(entry, folder) is inside
    assert AsyncArtifact.should_download_entry(entry, None)


async def test_a_file_may_change_after_it_was_added(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "before")
    draft = AsyncArtifact("data", "dataset")
    await draft.add_file(path)
    path.write_text("after, and longer")
    artifact = await run.log_artifact(draft)
    folder = await artifact.download(tmp_path / "out")
    assert contents(folder) == {"a.txt": b"before"}


async def test_a_file_that_changed_under_an_immutable_policy_is_refused(
    run: AsyncRun, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.txt", uuid4().hex)
    draft = AsyncArtifact("data", "dataset")
    await draft.add_file(path, policy="immutable")
    path.write_text("after, and longer")
    with pytest.raises(ArgumentError, match="has changed"):
        await run.log_artifact(draft)


async def test_one_name_takes_one_content(tmp_path: Path) -> None:
    draft = AsyncArtifact("data", "dataset")
    await draft.add_file(write(tmp_path / "a", "1"), "x")
    await draft.add_file(write(tmp_path / "b", "1"), "x")
    with pytest.raises(ArgumentError, match="another entry"):
        await draft.add_file(write(tmp_path / "c", "2"), "x")
    await draft.add_file(write(tmp_path / "c", "2"), "x", overwrite=True)
    manifest = await draft.manifest
    assert manifest.entries["x"].digest == b64_md5(b"2")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "C:/x", "x/", ""])
async def test_an_entry_stays_in_the_artifact(tmp_path: Path, name: str) -> None:
    draft = AsyncArtifact("data", "dataset")
    path = write(tmp_path / "a", "1")
    if name in ("x/",):
        await draft.add_file(path, name)
        manifest = await draft.manifest
        assert [*manifest.entries] == ["x"]
    else:
        with pytest.raises(ArgumentError):
            await draft.add_file(path, name)


async def test_removing_takes_a_file_or_a_folder(tmp_path: Path) -> None:
    draft = await draft_of(tmp_path, {"a": b"1", "d/b": b"2", "d/e/c": b"3"})
    draft.remove("a")
    draft.remove("d")
    manifest = await draft.manifest
    assert len(manifest) == 0
    with pytest.raises(FileNotFoundError):
        draft.remove("d")


async def test_a_version_with_aliases_is_deleted_when_told(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await logged(run, tmp_path)
    with pytest.raises(ConflictError, match=r"latest.*delete_aliases=True"):
        await artifact.delete()
    await artifact.delete(delete_aliases=True)
    there = await api.artifact_exists(f"{run.project}/data:v0")
    assert not there


async def test_existence_is_asked(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await logged(run, tmp_path)
    found = [
        await api.artifact_exists(f"{run.project}/data:v0"),
        await api.artifact_exists(f"{run.project}/data:v0", "model"),
        await api.artifact_exists(f"{run.project}/data:v9"),
        await api.artifact_collection_exists(f"{run.project}/data", "dataset"),
        await api.artifact_collection_exists(f"{run.project}/data", "model"),
    ]
    assert found == [True, False, False, True, False]


async def test_runs_know_what_they_logged_and_used(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    other = await api.create_run(project=run.project)
    await other.use_artifact(artifact, use_as="input")
    outputs = await run.logged_artifacts().load_all()
    inputs = await other.used_artifacts().load_all()
    users = await artifact.used_by()
    maker = await artifact.logged_by()
    assert [one.name for one in outputs] == [one.name for one in inputs] == ["data:v0"]
    assert [user.id for user in users] == [other.id]
    assert maker is not None
    assert maker.id == run.id


async def test_lineage_goes_both_ways(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    raw = await logged(run, tmp_path, "raw")
    second = await api.create_run(project=run.project)
    await second.use_artifact(raw)
    clean = await logged(second, tmp_path, "clean", {"c": b"3"})
    third = await api.create_run(project=run.project)
    await third.use_artifact(clean)
    model = await logged(third, tmp_path, "model", {"m": b"4"})
    found = await clean.lineage()
    start = f"ada/{run.project}/"
    assert set(found.edges) == {
        (str(run.run_path), f"{start}raw:v0"),
        (f"{start}raw:v0", str(second.run_path)),
        (str(second.run_path), f"{start}clean:v0"),
        (f"{start}clean:v0", str(third.run_path)),
        (str(third.run_path), f"{start}model:v0"),
    }
    assert (found.complete, model.version) == (True, "v0")


async def test_a_version_crosses_to_another_process(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    same = pickle.loads(pickle.dumps(artifact))
    folder = await same.download(tmp_path / "out")
    assert contents(folder) == FILES


async def test_links_have_a_version_of_their_own(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    link = await artifact.link(f"{run.project}/shelf", aliases=["prod"])
    fetched = await api.artifact(f"{run.project}/shelf:prod")
    links = await artifact.linked_artifacts
    source = await fetched.source_artifact
    assert (link.is_link, link.qualified_name) == (True, f"ada/{run.project}/shelf:v0")
    assert (fetched.id, fetched.source_name) == (artifact.id, "data:v0")
    assert "prod" in fetched.aliases
    assert [one.qualified_name for one in links] == [link.qualified_name]
    assert (source.is_link, source.name) == (False, "data:v0")


async def test_unlinking_leaves_the_source(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await logged(run, tmp_path)
    link = await artifact.link(f"{run.project}/shelf")
    await link.unlink()
    found = [
        await api.artifact_exists(f"{run.project}/shelf:v0"),
        await api.artifact_exists(f"{run.project}/data:v0"),
    ]
    assert found == [False, True]
    with pytest.raises(ArgumentError, match="no link"):
        await artifact.unlink()


async def test_a_logged_version_is_logged_by_another_run(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await logged(run, tmp_path)
    other = await api.create_run(project=run.project)
    same = await other.log_artifact(artifact, aliases=["again"])
    outputs = await other.logged_artifacts().load_all()
    assert (same.id, [one.id for one in outputs]) == (artifact.id, [artifact.id])
    assert "again" in same.aliases


def b64_md5(content: bytes) -> str:
    """Return the base64 md5 of some bytes."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()
