"""References to object stores, through moto's S3 server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import ArgumentError, ArtifactMismatchError
from wandkit.testing import Server


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """Give the address of an S3 server."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give an S3 client and a bucket of the test's own."""
    import boto3
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": store,
        "WANDB_CACHE_DIR": str(tmp_path / "cache"),
        "WANDB_DATA_DIR": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    name = f"b{uuid4().hex[:8]}"
    client = boto3.client("s3", endpoint_url=store)
    client.create_bucket(Bucket=name)
    return boto3.resource("s3", endpoint_url=store).Bucket(name)


@pytest.fixture
async def api(module_server: Server, bucket: Any) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture
async def run(api: AsyncApi) -> AsyncRun:
    """Give a run in a project of the test's own."""
    run = await api.create_run(project=f"p{uuid4().hex[:8]}")
    return run


async def test_objects_below_a_prefix_are_referred_to(run: AsyncRun, bucket: Any, tmp_path: Path) -> None:
    for name, content in {"far/a.bin": b"alpha", "far/deep/b.bin": b"beta", "other": b"x"}.items():
        bucket.put_object(Key=name, Body=content)
    draft = AsyncArtifact("data", "dataset")
    entries = await draft.add_reference(f"s3://{bucket.name}/far", "here")
    logged = await run.log_artifact(draft)
    root = Path(await logged.download(tmp_path / "out"))
    assert [(entry.path, entry.size) for entry in entries] == [("here/a.bin", 5), ("here/deep/b.bin", 4)]
    assert entries[0].digest == bucket.Object("far/a.bin").e_tag.strip('"')
    assert (root / "here" / "deep" / "b.bin").read_bytes() == b"beta"


async def test_an_object_that_changed_since_is_refused(run: AsyncRun, bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Key="one", Body=b"alpha")
    draft = AsyncArtifact("data", "dataset")
    await draft.add_reference(f"s3://{bucket.name}/one")
    logged = await run.log_artifact(draft)
    bucket.put_object(Key="one", Body=b"other")
    with pytest.raises(ArtifactMismatchError):
        await logged.download(tmp_path / "out")


async def test_a_prefix_of_too_many_objects_is_refused(bucket: Any) -> None:
    for number in range(3):
        bucket.put_object(Key=f"far/{number}", Body=b"")
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="Exceeded 2 objects"):
        await draft.add_reference(f"s3://{bucket.name}/far", max_objects=2)


async def test_a_prefix_without_objects_is_refused(bucket: Any) -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="no object"):
        await draft.add_reference(f"s3://{bucket.name}/nothing")
