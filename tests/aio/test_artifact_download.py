"""Downloads of artifacts: what is fetched, what is not, and what happens when something breaks."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit.errors import (
    ArgumentError,
    ArtifactMismatchError,
    ChecksumError,
    TransferError,
    WandkitError,
)
from wandkit.testing import Server

CONTENT = r"/storage/artifact/.*"
BIG = bytes(range(256)) * 8192


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


async def log(run: AsyncRun, files: dict[str, bytes], name: str = "data") -> AsyncArtifact:
    """Log a version with the files, kept out of the cache, and return it."""
    draft = AsyncArtifact(name, "dataset")
    for at, content in files.items():
        with draft.new_file(at, "xb") as file:
            file.write(content)
    manifest = await draft.manifest
    for entry in manifest:
        entry.skip_cache = True
    logged = await run.log_artifact(draft)
    draft._manifest = None
    return logged


def contents(folder: str | Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def read(path: str | Path) -> bytes:
    """Return what is in a file."""
    return Path(path).read_bytes()


def spawn(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a Python script in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", script, *arguments])


def fetched(server: Server) -> list[str]:
    """Return the paths of the files that were fetched."""
    return [one.path for one in server.requests if one.method == "GET"]


async def test_the_folder_has_the_name_of_the_version(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"1"})
    folder = await artifact.download()
    assert folder == str(tmp_path / "artifacts" / "data:v0")


async def test_what_is_there_is_not_fetched_again(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"1" * 99, "b": b"2" * 99})
    folder = await artifact.download(tmp_path / "out")
    (Path(folder) / "b").write_bytes(b"changed")
    (Path(folder) / "extra").write_bytes(b"kept")
    module_server.requests.clear()
    await artifact.download(tmp_path / "out")
    assert (contents(folder), fetched(module_server)) == (
        {"a": b"1" * 99, "b": b"2" * 99, "extra": b"kept"},
        [],
    )
    assert module_server.requests == []


async def test_what_the_cache_has_is_not_fetched(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"one", "b": b"two"})
    await artifact.download(tmp_path / "out")
    module_server.requests.clear()
    await artifact.download(tmp_path / "again")
    assert contents(tmp_path / "again") == {"a": b"one", "b": b"two"}
    assert module_server.requests == []


async def test_urls_are_asked_only_for_what_is_missing(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"one", "b": b"two"})
    await artifact.download(tmp_path / "out", path_prefix="a")
    module_server.requests.clear()
    await artifact.download(tmp_path / "out")
    operations = [one.operation for one in module_server.requests if one.path == "/graphql"]
    assert (operations, len(fetched(module_server))) == (["ListArtifactUrls"], 1)


async def test_the_same_bytes_come_once(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"same", "b": b"same", "c": b"same"})
    await artifact.manifest
    module_server.requests.clear()
    folder = await artifact.download(tmp_path / "out")
    assert (len(contents(folder)), len(fetched(module_server))) == (3, 1)


async def test_the_cache_is_where_the_official_client_looks(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha"})
    await artifact.download(tmp_path / "out")
    place = tmp_path / "cache" / "artifacts" / "obj" / "md5" / "2c" / "1743a391305fbf367df8e4f069f9f9"
    assert place.read_bytes() == b"alpha"


async def test_a_damaged_cache_is_not_believed(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha"})
    await artifact.download(tmp_path / "out")
    place = ArtifactCache.of(run._gql.settings).place("LBdDo5EwX782ffjk8Gn5+Q==")
    if place.exists():
        place.write_bytes(b"wrong")
    folder = await artifact.download(tmp_path / "again")
    assert contents(folder) == {"a": b"alpha"}


async def test_the_cache_can_be_left_alone(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha"})
    folder = await artifact.download(tmp_path / "out", skip_cache=True)
    assert contents(folder) == {"a": b"alpha"}
    assert not (tmp_path / "cache" / "artifacts" / "obj").exists()


async def test_a_cache_over_its_limit_drops_what_was_used_longest_ago(
    module_server: Server, tmp_path: Path
) -> None:
    overrides = {"artifact_cache_bytes": 2500}
    async with module_server.async_api("ada", overrides=overrides) as api:
        run = await api.create_run(project=f"p{uuid4().hex[:8]}")
        for number in range(4):
            artifact = await log(run, {"f": os.urandom(1000)})
            await artifact.download(tmp_path / f"out{number}")
        cache = ArtifactCache.of(run._gql.settings)
    last = contents(tmp_path / "out3")["f"]
    kept = [path.read_bytes() for path in (cache.folder / "obj").rglob("*") if path.is_file()]
    assert cache.size() <= 2500
    assert last in kept


async def test_a_prefix_chooses_entries(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a/x": b"1", "ab": b"2", "b": b"3"})
    folder = await artifact.download(tmp_path / "out", path_prefix="a/")
    assert contents(folder) == {"a/x": b"1"}


async def test_a_broken_connection_is_resumed(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"big": BIG})
    await artifact.manifest
    with module_server.fault(method="GET", path=CONTENT, truncate=700_000, times=1) as fault:
        folder = await artifact.download(tmp_path / "out")
    assert (contents(folder)["big"] == BIG, fault.hits) == (True, 1)


async def test_a_url_that_expired_is_asked_for_anew(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": os.urandom(10)})
    await artifact.manifest
    with module_server.fault(method="GET", path=CONTENT, status=403, times=1) as fault:
        folder = await artifact.download(tmp_path / "out")
    assert (len(contents(folder)), fault.hits) == (1, 1)


async def test_where_storage_refuses_the_host_serves_the_file(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"alpha"})
    await artifact.manifest
    with module_server.fault(method="GET", path=CONTENT, status=403) as fault:
        folder = await artifact.download(tmp_path / "out")
    assert (contents(folder), fault.hits) == ({"a": b"alpha"}, 2)


async def test_a_refused_file_is_named_and_leaves_nothing(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"alpha"})
    await artifact.manifest
    with (
        module_server.fault(method="GET", path=CONTENT + "|/artifactsV2/", status=403),
        pytest.raises(TransferError, match=r"^a: "),
    ):
        await artifact.download(tmp_path / "out")
    assert contents(tmp_path / "out") == {}


async def test_wrong_bytes_never_get_the_name(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha", "b": b"beta"})
    await artifact.manifest
    with (
        module_server.fault(method="GET", path=CONTENT, status=200, body=b"alphx"),
        pytest.raises((ChecksumError, TransferError), match=r"^[ab]: "),
    ):
        await artifact.download(tmp_path / "out")
    assert contents(tmp_path) == {
        name: content for name, content in contents(tmp_path).items() if b"alphx" not in content
    }


async def test_a_short_file_is_not_kept(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"big": BIG})
    await artifact.manifest
    with module_server.fault(method="GET", path=CONTENT, truncate=0), pytest.raises(WandkitError):
        await artifact.download(tmp_path / "out")
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize("skip_cache", [False, True])
async def test_a_large_file_comes_in_ranges(module_server: Server, tmp_path: Path, skip_cache: bool) -> None:
    overrides = {"artifact_range_bytes": 300_000}
    async with module_server.async_api("ada", overrides=overrides) as api:
        run = await api.create_run(project=f"p{uuid4().hex[:8]}")
        artifact = await log(run, {"big": BIG})
        await artifact.manifest
        module_server.requests.clear()
        with module_server.fault(method="GET", path=CONTENT, truncate=100_000, times=1, skip=2):
            folder = await artifact.download(tmp_path / "out", multipart=True, skip_cache=skip_cache)
    assert contents(folder)["big"] == BIG
    assert len(fetched(module_server)) >= 7


async def test_a_corrupted_range_is_found_out(module_server: Server, tmp_path: Path) -> None:
    overrides = {"artifact_range_bytes": 300_000}
    async with module_server.async_api("ada", overrides=overrides) as api:
        run = await api.create_run(project=f"p{uuid4().hex[:8]}")
        artifact = await log(run, {"big": BIG})
        await artifact.manifest
        with (
            module_server.fault(method="GET", path=CONTENT, status=206, body=b"x" * 300_000, times=1, skip=1),
            pytest.raises(ChecksumError, match=r"^big: "),
        ):
            await artifact.download(tmp_path / "out", multipart=True)
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize("name", ["../out", "/etc/x", "C:/x", "a/../../x", "a\\..\\..\\x"])
async def test_an_entry_that_leaves_the_folder_is_refused(run: AsyncRun, tmp_path: Path, name: str) -> None:
    artifact = await log(run, {"a": b"alpha"})
    manifest = await artifact.manifest
    manifest.entries[name] = ManifestEntry(name, "LBdDo5EwX782ffjk8Gn5+Q==", 5)
    with pytest.raises(ArgumentError, match="nothing was written"):
        await artifact.download(tmp_path / "deep" / "out")
    assert contents(tmp_path / "deep") == {}


async def test_a_link_on_the_way_is_not_followed_out(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"sub/a": b"alpha"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArgumentError, match="through a link"):
        await artifact.download(tmp_path / "out")
    assert contents(tmp_path / "elsewhere") == {}


async def test_verify_finds_what_differs(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha", "b": b"beta"})
    folder = Path(await artifact.download(tmp_path / "out"))
    await artifact.verify(folder)
    (folder / "a").write_bytes(b"alphx")
    with pytest.raises(ArtifactMismatchError, match="'a'"):
        await artifact.verify(folder)
    (folder / "a").unlink()
    with pytest.raises(FileNotFoundError):
        await artifact.verify(folder)
    (folder / "extra").write_bytes(b"")
    with pytest.raises(ValueError, match="'extra'"):
        await artifact.verify(folder)


async def test_checkout_removes_what_is_not_the_artifacts(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha"})
    (tmp_path / "artifacts" / "data" / "old").mkdir(parents=True)
    (tmp_path / "artifacts" / "data" / "old" / "b").write_bytes(b"gone")
    folder = await artifact.checkout()
    assert folder == str(tmp_path / "artifacts" / "data")
    assert contents(folder) == {"a": b"alpha"}
    assert not (tmp_path / "artifacts" / "data" / "old").exists()


async def test_the_only_file_is_fetched_by_itself(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"only.txt": b"alpha"})
    path = await artifact.file(tmp_path / "out")
    assert read(path) == b"alpha"
    two = await log(run, {"a": b"1", "b": b"2"})
    with pytest.raises(ArgumentError, match="2 files"):
        await two.file(tmp_path)


async def test_an_entry_is_fetched_by_itself(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"1", "loss.table.json": b"{}"})
    entry = await artifact.get_entry("a")
    path = await entry.download(tmp_path / "out")
    table = await artifact.get_entry("loss")
    assert (read(path), entry.size, table.path) == (b"1", 1, "loss.table.json")
    assert entry.ref_url().startswith("wandb-artifact://")
    with pytest.raises(KeyError, match="no entry 'b'"):
        await artifact.get_entry("b")


async def test_files_are_listed(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"1", "b/c": b"22"})
    listing = artifact.files(per_page=1)
    found = {one.name: one.size for one in await listing.load_all()}
    some = await artifact.files(["b/c"]).load_all()
    with await some[0].download(tmp_path / "out") as file:
        text = file.read()
    count = await listing.count()
    assert (found, count, text) == ({"a": 1, "b/c": 2}, 2, "22")
    assert listing.path == artifact.qualified_name.split("/")


async def test_a_listed_file_that_is_there_stays_as_it_is_where_told_so(
    run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"1"})
    (file,) = await artifact.files().load_all()
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ArgumentError, match="exist_ok"):
        await file.download(tmp_path)
    with await file.download(tmp_path, exist_ok=True) as kept:
        mine = kept.read()
    with await file.download(tmp_path, replace=True) as fresh:
        theirs = fresh.read()
    assert (mine, theirs) == ("mine", "1")


async def test_an_entry_says_what_the_manifest_says_of_it(run: AsyncRun) -> None:
    artifact = await log(run, {"a": b"1"})
    entry = await artifact.get_entry("a")
    manifest = await artifact.manifest
    assert entry.to_json() == manifest.to_manifest_json()["contents"]["a"]
    assert entry.digest_algorithm() == "MANIFEST_MD5"
    again = Manifest.from_manifest_json(manifest.to_manifest_json())
    assert again.digest() == again.hash_contents_with_md5() == artifact.digest


async def test_the_manifest_has_the_digest_of_the_version(run: AsyncRun) -> None:
    artifact = await log(run, {"a": b"1", "ü": b"22"})
    told = artifact.digest
    manifest = await artifact.manifest
    same = Manifest.parse(manifest.print())
    assert told == manifest.digest() == same.digest() == artifact.digest


async def test_two_clients_download_into_one_folder(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    files = {f"{number:02}": os.urandom(2000) for number in range(40)}
    artifact = await log(run, files)
    script = (
        "import sys; from wandkit import Api; "
        "a = Api(overrides={'base_url': sys.argv[1]}, api_key=sys.argv[2]).artifact(sys.argv[3]); "
        "a.download(sys.argv[4])"
    )
    arguments = [module_server.url, module_server.key("ada"), artifact.qualified_name, str(tmp_path / "out")]
    others = [spawn(script, *arguments) for _ in range(2)]
    codes = [other.wait(60) for other in others]
    assert (codes, contents(tmp_path / "out") == files) == ([0, 0], True)


async def test_errors_say_what_was_done_where_and_what_to_do(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    artifact = await log(run, {"a": b"alpha"})
    await artifact.manifest
    caught: list[WandkitError] = []
    for fault in ({"status": 403}, {"status": 200, "body": b"alphx"}):
        with (
            module_server.fault(method="GET", path=CONTENT + "|/artifactsV2/", **fault),  # type: ignore[arg-type]
            pytest.raises(WandkitError) as raised,
        ):
            await artifact.download(tmp_path / "out", skip_cache=True)
        caught.append(raised.value)
    assert [error.operation for error in caught] == ["Download a", "Download a"]
    assert [error.host == module_server.url for error in caught] == [True, True]
    assert all(error.next_step for error in caught)


FETCH = (
    "import sys; from wandkit import Api; "
    "api = Api(overrides={'base_url': sys.argv[1]}, api_key=sys.argv[2]); "
    "api.artifact(sys.argv[3]).download(sys.argv[4])"
)


def partials(cache: Path) -> list[Path]:
    """Return the files on their way into a cache."""
    return sorted(cache.rglob("*.part"))


@pytest.mark.parametrize("broken", [False, True])
async def test_a_killed_download_goes_on_where_it_was(
    module_server: Server, run: AsyncRun, tmp_path: Path, broken: bool
) -> None:
    artifact = await log(run, {"big": BIG})
    path = artifact.qualified_name
    arguments = [module_server.url, module_server.key("ada"), path, str(tmp_path / "out")]
    with (
        module_server.fault(method="GET", path=CONTENT, truncate=1_000_000, times=1),
        module_server.fault(method="GET", path=CONTENT, delay_s=3, drop=True) as stuck,
    ):
        process = spawn(FETCH, *arguments)
        while not stuck.hits and process.poll() is None:
            await run.load()
        process.kill()
        process.wait()
    (left,) = partials(tmp_path / "cache")
    before = contents(tmp_path / "out")
    if broken:
        left.write_bytes(b"x" * left.stat().st_size)
    await artifact.manifest
    module_server.requests.clear()
    await artifact.download(tmp_path / "out")
    ranges = [one.headers.get("range") for one in module_server.requests if one.method == "GET"]
    cached = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and "obj" in path.parts]
    assert before == {}
    assert contents(tmp_path / "out")["big"] == BIG
    assert [path.read_bytes() == BIG for path in cached] == [True]
    assert partials(tmp_path / "cache") == []
    assert [text is None for text in ranges] == ([False, True] if broken else [False])


async def test_a_file_that_another_is_writing_is_fetched_beside_it(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"a": b"alpha"})
    cache = ArtifactCache.of(run._gql.settings)
    place = cache.place("LBdDo5EwX782ffjk8Gn5+Q==")
    other = cache.target(place, 5, resume=True)
    other.write(b"al")
    await artifact.download(tmp_path / "out")
    other.drop()
    assert (place.read_bytes(), contents(tmp_path / "out")) == (b"alpha", {"a": b"alpha"})
    assert partials(tmp_path / "cache") == []


async def test_two_processes_download_into_one_cache_at_once(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    files = {f"{number:02}": bytes([number]) * 50_000 for number in range(20)}
    artifact = await log(run, files)
    path = artifact.qualified_name
    with module_server.fault(method="GET", path=CONTENT, delay_s=0.05):
        processes = [
            spawn(FETCH, module_server.url, module_server.key("ada"), path, str(tmp_path / f"out{number}"))
            for number in range(2)
        ]
        while any(process.poll() is None for process in processes):
            await run.load()
    cache = ArtifactCache.of(run._gql.settings)
    manifest = await artifact.manifest
    held = [cache.place(entry.digest).read_bytes() == files[entry.path] for entry in manifest]
    assert [process.returncode for process in processes] == [0, 0]
    assert (contents(tmp_path / "out0"), contents(tmp_path / "out1")) == (files, files)
    assert (held, partials(tmp_path / "cache")) == ([True] * 20, [])


async def test_a_full_disk_says_so(run: AsyncRun, tmp_path: Path) -> None:
    artifact = await log(run, {"big": BIG})
    await artifact.manifest
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(TransferError, match=r"^big: could not be written"):
            await artifact.download(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert contents(tmp_path / "out") == {}
