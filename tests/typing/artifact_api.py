"""What type checkers see in artifacts, their entries and their objects. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from typing_extensions import assert_type

from wandkit import Artifact, AsyncArtifact, AsyncRun, Manifest, ManifestEntry, Run
from wandkit.media import Image, JoinedTable, MediaObject, PartitionedTable, Table


def versions(artifact: Artifact, run: Run) -> None:
    """Check what a version says, and what logging returns."""
    assert_type(artifact.version, str)
    assert_type(artifact.metadata, dict[str, Any])
    assert_type(artifact.ttl, timedelta | None)
    assert_type(artifact.created_at, datetime)
    assert_type(artifact.manifest, Manifest)
    assert_type(artifact.download(), str)
    assert_type(artifact.link("shelf"), Artifact)
    assert_type(artifact.new_draft(), Artifact)
    assert_type(artifact.add_reference("file:///a"), list[ManifestEntry])
    assert_type(run.log_artifact(artifact), Artifact)
    assert_type(run.finish_artifact(artifact, distributed_id="crew"), Artifact)


def objects(artifact: Artifact) -> None:
    """Check that an object is known by what it is asked for."""
    found = artifact.get("rows")
    assert_type(found, MediaObject | None)
    assert_type(artifact["rows"], MediaObject | None)
    if isinstance(found, Table):
        assert_type(found.data, list[list[Any]])
        assert_type(len(found), int)
    elif isinstance(found, Image):
        assert_type(found.width, int | None)
        assert_type(found.read_bytes(), bytes)
    elif isinstance(found, (PartitionedTable, JoinedTable)):
        assert_type(found.type, str)
    assert_type(artifact.add(Table(["a"]), "rows"), ManifestEntry)
    artifact["rows"] = Image(b"")
    artifact["rows"] = 3  # type: ignore[assignment]
    Table(["a"], log_mode="SOMETIMES")  # type: ignore[arg-type]


async def awaited(artifact: AsyncArtifact, run: AsyncRun) -> None:
    """Check that the async side says the same."""
    assert_type(await artifact.manifest, Manifest)
    assert_type(await artifact.get("rows"), MediaObject | None)
    assert_type(await artifact["rows"], MediaObject | None)
    assert_type(await artifact.add(Table(["a"]), "rows"), ManifestEntry)
    assert_type(await run.upsert_artifact(artifact), AsyncArtifact)
