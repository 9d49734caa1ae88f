"""What type checkers see of artifacts, collections and registries, sync and async. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from typing_extensions import assert_type

from wandkit import (
    Api,
    Artifact,
    ArtifactCollection,
    ArtifactCollections,
    ArtifactEntry,
    ArtifactFile,
    ArtifactFiles,
    Artifacts,
    ArtifactType,
    ArtifactTypes,
    AsyncApi,
    AsyncArtifact,
    AsyncArtifactCollection,
    AsyncArtifactEntry,
    AsyncArtifacts,
    AsyncArtifactType,
    AsyncRegistries,
    AsyncRegistry,
    AsyncRegistryCollections,
    AsyncRegistryVersions,
    AsyncRun,
    F,
    Manifest,
    ManifestEntry,
    PanelMetricsHelper,
    PythonMongoishQueryGenerator,
    QueryGenerator,
    Registries,
    Registry,
    RegistryCollections,
    RegistryVersions,
    Run,
    RunArtifacts,
    TeamMember,
    UserMember,
)


def versions(api: Api, run: Run) -> None:
    """Check a version: how it is found, and what it says of itself."""
    artifact = api.artifact("e/p/data:v0", type="dataset")
    assert_type(artifact, Artifact)
    assert_type(api.artifact_exists("e/p/data"), bool)
    assert_type(api.artifacts("dataset", "p/data", tags=["a"]), Artifacts)
    assert_type(run.logged_artifacts(), RunArtifacts)
    assert_type(next(run.used_artifacts()), Artifact)
    assert_type(artifact.id, "str | None")
    assert_type((artifact.name, artifact.type, artifact.state), tuple[str, str, str])
    assert_type((artifact.version, artifact.qualified_name), tuple[str, str])
    assert_type(artifact.metadata, dict[str, Any])
    assert_type((artifact.aliases, artifact.tags), tuple[list[str], list[str]])
    assert_type((artifact.size, artifact.file_count), tuple[int, int])
    assert_type(artifact.created_at, datetime)
    assert_type(artifact.collection, ArtifactCollection)
    assert_type(artifact.manifest, Manifest)
    assert_type(artifact.used_by(), list[Run])
    assert_type(artifact.logged_by(), "Run | None")
    artifact.description = "words"
    artifact.ttl = timedelta(days=1)
    artifact.tags = ["a"]
    artifact.save()


def contents(artifact: Artifact) -> None:
    """Check the entries and files of a version."""
    entry = artifact.get_entry("a.txt")
    assert_type(entry, ArtifactEntry)
    assert_type(entry.download(), str)
    assert_type((entry.digest_algorithm(), entry.to_json()), tuple[str, dict[str, Any]])
    assert_type(artifact.download("folder", path_prefix="a"), str)
    assert_type(artifact.files(["a.txt"], 10), ArtifactFiles)
    assert_type(artifact.files()[0], ArtifactFile)
    assert_type(artifact.files()[0].download(), IO[str])
    assert_type(Artifact.path_contains_dir_prefix("a/b", "a"), bool)


def drafts(run: Run) -> None:
    """Check a draft."""
    draft = Artifact("data", "dataset", metadata={"a": 1})
    assert_type(draft.add_file("a.txt"), ManifestEntry)
    assert_type(draft.add_reference("s3://bucket/key"), list[ManifestEntry])
    with draft.new_file("note.txt", overwrite=True) as file:
        file.write("words")
    assert_type(run.log_artifact(draft, ["best"], tags=["a"]), Artifact)
    assert_type(run.use_artifact(draft), Artifact)


def collections(api: Api) -> None:
    """Check types and collections."""
    kind = api.artifact_type("dataset", "e/p")
    assert_type(kind, ArtifactType)
    assert_type(api.artifact_types("e/p"), ArtifactTypes)
    assert_type(kind.collections(50, order="+name"), ArtifactCollections)
    collection = api.artifact_collection("dataset", "e/p/data")
    assert_type(collection, ArtifactCollection)
    assert_type(collection.artifacts(), Artifacts)
    assert_type((collection.id, collection.name, collection.type), tuple[str, str, str])
    assert_type((collection.project_id, collection.project_internal_id), "tuple[str | None, str | None]")
    assert_type(collection.aliases, list[str])
    collection.tags = ["a"]
    collection.save()


def registries(api: Api) -> None:
    """Check registries and what is chained to them."""
    found = api.registries("org", {"name": "models"}, "+name")
    assert_type(found, Registries)
    assert_type(found.collections(), RegistryCollections)
    assert_type(found.collections().versions({"alias": "best"}), RegistryVersions)
    assert_type(next(found.versions()), Artifact)
    assert_type(next(found.collections()), ArtifactCollection)
    registry = api.registry("models")
    assert_type(registry, Registry)
    assert_type(registry.members(), list[UserMember | TeamMember])
    assert_type(registry.user_members()[0].user.username, "str | None")
    assert_type(registry.team_members()[0].team.name, str)
    registry.visibility = "restricted"


def translations() -> None:
    """Check the filter classes of the official client."""
    assert_type(QueryGenerator().format_order_key("loss"), str)
    assert_type(QueryGenerator().keys_to_order({"keys": []}), list[str])
    assert_type(QueryGenerator().filter_to_mongo({}), "dict[str, Any] | None")
    assert_type(PythonMongoishQueryGenerator(["lr"]).python_to_mongo("lr > 1"), dict[str, Any])
    assert_type(PanelMetricsHelper().special_front_to_back("c::lr"), str)


def stepping(api: Api, run: Run) -> None:
    """Check listings and scans one by one."""
    assert_type(next(api.runs()), Run)
    assert_type(api.runs().length, int)
    assert_type(next(run.scan_history()), dict[str, Any])
    assert_type(iter(api.artifacts("t", "n")), Iterator[Artifact])


async def asynchronous(api: AsyncApi, run: AsyncRun) -> None:
    """Check the same with await."""
    artifact = await api.artifact("e/p/data:v0")
    assert_type(artifact, AsyncArtifact)
    assert_type(await artifact.manifest, Manifest)
    assert_type(await artifact.collection, AsyncArtifactCollection)
    assert_type(await artifact.get_entry("a"), AsyncArtifactEntry)
    assert_type(await artifact.download(Path("folder")), str)
    assert_type(api.artifacts("dataset", "p/data"), AsyncArtifacts)
    assert_type(await anext(api.artifacts("dataset", "p/data")), AsyncArtifact)
    assert_type(await api.artifact_type("dataset"), AsyncArtifactType)
    registry = await api.registry("models")
    assert_type(registry, AsyncRegistry)
    assert_type(api.registries(), AsyncRegistries)
    assert_type(registry.collections(F["name"] == "best"), AsyncRegistryCollections)
    assert_type(registry.collections().versions(), AsyncRegistryVersions)
    assert_type(await registry.team_members(), list[TeamMember])
    assert_type(await anext(api.runs()), AsyncRun)
    assert_type(await api.runs().length, int)
    assert_type(await anext(run.scan_history()), dict[str, Any])


def mistakes(api: Api, artifact: Artifact) -> None:
    """Check that mistakes are found: each line needs its comment."""
    print(artifact.nmae)  # type: ignore[attr-defined]
    artifact.version = "v1"  # type: ignore[misc]
    api.artifact(3)  # type: ignore[arg-type]
    api.artifacts("dataset", "p/data", order=3)  # type: ignore[arg-type]
