"""References to object stores: S3 through moto's server, others through drivers that keep objects here."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit._core.artifact_cache import ArtifactCache
from wandkit.errors import ArgumentError, ArtifactMismatchError, MissingExtraError, TransferError
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


# Google's and Azure's stores

fsspec: Any = pytest.importorskip("fsspec")
registry: Any = pytest.importorskip("fsspec.registry")


class Shelf(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A driver that keeps its objects, in all their versions, in this process."""

    cachable = False
    objects: ClassVar[dict[str, list[bytes]]] = {}
    accounts: ClassVar[list[str | None]] = []

    def __init__(self, account_name: str | None = None, **options: object) -> None:
        super().__init__(**options)
        self.accounts.append(account_name)

    def _at(self, path: str) -> tuple[str, int]:
        name, number = re.fullmatch(r"([^#?]*)(?:#|\?versionid=)?(.*)", path).groups()  # type: ignore[union-attr]
        versions = self.objects.get(name, [])
        at = int(number) if number else len(versions)
        if not 0 < at <= len(versions):
            raise FileNotFoundError(path)
        return name, at

    def info(self, path: str, **options: object) -> dict[str, Any]:
        """Describe an object as the stores do."""
        name, at = self._at(path)
        content = self.objects[name][at - 1]
        md5 = hashlib.md5(content).hexdigest()
        facts = {"name": name, "type": "file", "size": len(content), "etag": f'"e-{md5}"', "md5Hash": md5}
        return {**facts, "generation": str(at)} if self.protocol == "gs" else {**facts, "version_id": str(at)}

    def find(self, path: str, detail: bool = False, **options: object) -> Any:
        """Describe the objects below a prefix."""
        return {name: self.info(name) for name in self.objects if name.startswith(f"{path}/")}

    def open(self, path: str, mode: str = "rb", **options: object) -> io.BytesIO:
        """Open an object."""
        name, at = self._at(path)
        return io.BytesIO(self.objects[name][at - 1])


class Google(Shelf):
    """Buckets."""

    protocol = "gs"


class Azure(Shelf):
    """Containers."""

    protocol = "az"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[bytes]]]:
    """Put the drivers in the places of the real ones and give what they hold."""
    for name, driver in (("gs", Google), ("az", Azure)):
        monkeypatch.setitem(registry._registry, name, driver)
    for name in ("CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name.lower()))
    Shelf.objects.clear()
    Shelf.accounts.clear()
    yield Shelf.objects
    Shelf.objects.clear()


@pytest.fixture
async def near(module_server: Server, shelf: dict[str, list[bytes]]) -> AsyncIterator[AsyncRun]:
    """Give a run in a project of the test's own."""
    async with module_server.async_api("ada") as api:
        run = await api.create_run(project=f"p{uuid4().hex[:8]}")
        yield run


def tag(content: bytes) -> str:
    """Return the etag of an object."""
    return f"e-{hashlib.md5(content).hexdigest()}"


async def test_google_objects_go_by_their_etag_and_generation(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf.update({"b/far/a.bin": [b"alpha"], "b/far/deep/b.bin": [b"old", b"beta"], "b/other": [b"x"]})
    draft = AsyncArtifact("data", "dataset")
    entries = await draft.add_reference("gs://b/far", "here")
    logged = await near.log_artifact(draft)
    shelf["b/far/deep/b.bin"].append(b"newer")
    root = Path(await logged.download(tmp_path / "out"))
    assert [(entry.path, entry.ref, entry.digest, entry.extra) for entry in entries] == [
        ("here/a.bin", "gs://b/far/a.bin", tag(b"alpha"), {"versionID": 1}),
        ("here/deep/b.bin", "gs://b/far/deep/b.bin", tag(b"beta"), {"versionID": 2}),
    ]
    assert (root / "here" / "deep" / "b.bin").read_bytes() == b"beta"


async def test_a_google_object_may_be_named_with_its_generation(shelf: dict[str, list[bytes]]) -> None:
    shelf["b/one"] = [b"first", b"second"]
    draft = AsyncArtifact("data", "dataset")
    (entry,) = await draft.add_reference("gs://b/one#1")
    assert (entry.ref, entry.digest, entry.extra, entry.size) == (
        "gs://b/one",
        tag(b"first"),
        {"versionID": 1},
        5,
    )
    with pytest.raises(ArgumentError, match=r"gs://b/one#9.*no object"):
        await draft.add_reference("gs://b/one#9")


async def test_the_md5_that_older_clients_noted_of_google_objects_is_good_too(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["b/one"] = [b"alpha"]
    draft = AsyncArtifact("data", "dataset")
    (entry,) = await draft.add_reference("gs://b/one")
    entry.digest = hashlib.md5(b"alpha").hexdigest()
    logged = await near.log_artifact(draft)
    root = Path(await logged.download(tmp_path / "out"))
    assert (root / "one").read_bytes() == b"alpha"


async def test_azure_blobs_go_by_their_etag_and_version(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["box/far/a.bin"] = [b"old", b"alpha"]
    url = "https://acct.blob.core.windows.net/box/far/a.bin"
    draft = AsyncArtifact("data", "dataset")
    (new,) = await draft.add_reference(url)
    (old,) = await draft.add_reference(f"{url}?versionId=1", "old.bin")
    logged = await near.log_artifact(draft)
    root = Path(await logged.download(tmp_path / "out"))
    assert [(entry.path, entry.ref, entry.digest, entry.extra) for entry in (new, old)] == [
        ("a.bin", url, tag(b"alpha"), {"etag": tag(b"alpha"), "versionID": "2"}),
        ("old.bin", url, tag(b"old"), {"etag": tag(b"old"), "versionID": "1"}),
    ]
    assert [(root / name).read_bytes() for name in ("a.bin", "old.bin")] == [b"alpha", b"old"]
    assert {*Shelf.accounts} == {"acct"}


async def test_an_object_that_was_replaced_is_refused(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["b/one"] = [b"alpha"]
    draft = AsyncArtifact("data", "dataset")
    await draft.add_reference("gs://b/one")
    logged = await near.log_artifact(draft)
    shelf["b/one"] = [b"other"]
    with pytest.raises(ArtifactMismatchError, match="gs://b/one"):
        await logged.download(tmp_path / "out")
    shelf.clear()
    with pytest.raises(FileNotFoundError, match="gs://b/one"):
        await logged.download(tmp_path / "out")


@pytest.mark.parametrize("url", ["gs://b/far", "https://acct.blob.core.windows.net/b/far", "az://b/far"])
async def test_too_many_objects_are_refused_in_every_store(shelf: dict[str, list[bytes]], url: str) -> None:
    shelf.update({f"b/far/{number}": [b"x"] for number in range(3)})
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="Exceeded 2 objects"):
        await draft.add_reference(url, max_objects=2)
    found = await draft.add_reference(url, max_objects=3)
    assert [entry.path for entry in found] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://b/far/a.bin?versionId=3", "far/a.bin"),
        ("gs://b/far/a.bin#3", "far/a.bin"),
        ("https://acct.blob.core.windows.net/b/far/a.bin", "far/a.bin"),
        ("s3://b", "b"),
    ],
)
async def test_what_is_not_looked_at_goes_by_its_url(url: str, name: str) -> None:
    draft = AsyncArtifact("data", "dataset")
    (entry,) = await draft.add_reference(url, checksum=False)
    bare = re.split(r"[?#]", url)[0]
    assert (entry.path, entry.digest, entry.ref, entry.size) == (name, bare, bare, None)


@pytest.mark.parametrize(
    ("scheme", "url", "driver"),
    [
        ("gs", "gs://b/one", "gcsfs"),
        ("az", "https://acct.blob.core.windows.net/b/one", "adlfs"),
        ("s3", "s3://b/one", "s3fs"),
    ],
)
async def test_a_driver_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str, url: str, driver: str
) -> None:
    monkeypatch.delitem(registry._registry, scheme, raising=False)
    missing = {"class": "no_such_driver.Store", "err": "no such driver"}
    monkeypatch.setitem(registry.known_implementations, scheme, missing)
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(MissingExtraError, match=rf"{driver}.*wandkit\[refs\]"):
        await draft.add_reference(url)


async def test_a_store_that_refuses_is_named(
    shelf: dict[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shut(Google):
        """A store that lets nobody in."""

        def info(self, path: str, **options: object) -> dict[str, Any]:
            """Refuse."""
            raise PermissionError("anonymous caller")

    monkeypatch.setitem(registry._registry, "gs", Shut)
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(TransferError, match=r"gs://b/one.*anonymous caller.*credentials.*gcsfs"):
        await draft.add_reference("gs://b/one")


# The cache of this machine


async def test_what_references_led_to_comes_from_the_cache_then(
    module_server: Server, near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["b/one"] = [b"alpha"]
    urls = {"gs://b/one": tag(b"alpha"), f"{module_server.url}/far/two": "beta"}
    draft = AsyncArtifact("data", "dataset")
    with module_server.fault(path="/far/two", status=200, body=b"beta", headers={"etag": '"beta"'}):
        for url in urls:
            await draft.add_reference(url)
        logged = await near.log_artifact(draft)
        await logged.download(tmp_path / "out")
    shelf.clear()
    again = Path(await logged.download(tmp_path / "again"))
    assert [(again / name).read_bytes() for name in ("one", "two")] == [b"alpha", b"beta"]
    cache = ArtifactCache(tmp_path / "cache" / "artifacts", limit_bytes=8)
    places = [cache.place_of_reference(url, digest) for url, digest in urls.items()]
    assert [place.read_bytes() for place in places] == [b"alpha", b"beta"]
    gone = cache.trim()
    assert (gone, cache.size()) in [(4, 5), (5, 4)]
    with pytest.raises(FileNotFoundError):
        await logged.download(tmp_path / "other", skip_cache=True)


async def test_a_reference_that_goes_by_its_url_alone_is_not_cached(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["b/one"] = [b"alpha"]
    draft = AsyncArtifact("data", "dataset")
    await draft.add_reference("gs://b/one", checksum=False)
    logged = await near.log_artifact(draft)
    first = Path(await logged.download(tmp_path / "out"))
    shelf["b/one"].append(b"beta")
    second = Path(await logged.download(tmp_path / "again"))
    assert [(folder / "one").read_bytes() for folder in (first, second)] == [b"alpha", b"beta"]


async def test_references_do_without_a_cache_that_cannot_be_written(
    near: AsyncRun, shelf: dict[str, list[bytes]], tmp_path: Path
) -> None:
    shelf["b/one"] = [b"alpha"]
    (tmp_path / "cache").write_text("no folder")
    draft = AsyncArtifact("data", "dataset")
    await draft.add_reference("gs://b/one")
    logged = await near.log_artifact(draft)
    folder = Path(await logged.download(tmp_path / "out"))
    assert (folder / "one").read_bytes() == b"alpha"
