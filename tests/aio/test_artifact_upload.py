"""Uploads of artifacts: what is sent, in parts, again after a break; and references, which are not."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import ArgumentError, ArtifactMismatchError, UnsupportedError, WandkitError
from wandkit.testing import Server

UPLOAD = r"/storage/artifact-upload/"


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


def draft_of(files: dict[str, bytes]) -> AsyncArtifact:
    """Return a draft that has the files."""
    draft = AsyncArtifact("data", "dataset")
    for name, content in files.items():
        with draft.new_file(name, "xb") as file:
            file.write(content)
    return draft


def spawn(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a Python script in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", script, *arguments])


def contents(folder: str | Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def sent(server: Server) -> int:
    """Return how many files were sent."""
    return sum(1 for one in server.requests if one.method == "PUT" and "/artifact-upload/" in one.path)


async def again(api: AsyncApi, artifact: AsyncArtifact, folder: Path) -> dict[str, bytes]:
    """Download an artifact anew, past the cache, and return its files."""
    fresh = await api.artifact(artifact.qualified_name)
    root = await fresh.download(folder, skip_cache=True)
    return contents(root)


async def test_the_same_bytes_are_sent_once(module_server: Server, run: AsyncRun) -> None:
    content = os.urandom(100)
    module_server.requests.clear()
    await run.log_artifact(draft_of({"a": content, "b": content, "c/d": content}))
    assert sent(module_server) == 1


async def test_what_the_server_has_is_not_sent(module_server: Server, run: AsyncRun) -> None:
    first, second = os.urandom(100), os.urandom(100)
    await run.log_artifact(draft_of({"a": first}))
    module_server.requests.clear()
    await run.log_artifact(draft_of({"x": first, "y": second}))
    assert sent(module_server) == 1


async def test_a_thousand_files_are_logged(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    files = {f"part/{number:03}": str(number).encode() for number in range(1000)}
    logged = await run.log_artifact(draft_of(files))
    found = await again(api, logged, tmp_path / "out")
    assert found == files


async def test_a_large_file_is_sent_in_parts(module_server: Server, tmp_path: Path) -> None:
    content = os.urandom(1_000_000)
    overrides = {"artifact_multipart_threshold": 500_000, "artifact_part_bytes": 300_000}
    async with module_server.async_api("ada", overrides=overrides) as api:
        run = await api.create_run(project=f"p{uuid4().hex[:8]}")
        module_server.requests.clear()
        logged = await run.log_artifact(draft_of({"big": content, "small": b"1"}))
        parts = [one for one in module_server.requests if "/artifact-part/" in one.path]
        found = await again(api, logged, tmp_path / "out")
    assert (len(parts), found) == (4, {"big": content, "small": b"1"})


async def test_an_interrupted_upload_sends_only_what_is_missing(
    module_server: Server, api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    files = {f"{number:02}": os.urandom(100) for number in range(40)}
    draft = draft_of(files)
    with (
        module_server.fault(method="PUT", path=UPLOAD, status=400, skip=25),
        pytest.raises(WandkitError),
    ):
        await run.log_artifact(draft)
    module_server.requests.clear()
    logged = await run.log_artifact(draft)
    found = await again(api, logged, tmp_path / "out")
    assert 0 < sent(module_server) < 40
    assert (logged.version, found) == ("v0", files)


async def test_nothing_is_committed_before_all_is_there(
    module_server: Server, api: AsyncApi, run: AsyncRun
) -> None:
    draft = draft_of({"a": os.urandom(10)})
    with (
        module_server.fault(method="PUT", path="/storage/manifest/", status=400),
        pytest.raises(WandkitError),
    ):
        await run.log_artifact(draft)
    there = await api.artifact_exists(f"{run.project}/data:v0")
    logged = await run.log_artifact(draft)
    assert (there, logged.version) == (False, "v0")


async def test_an_upload_url_that_expired_is_asked_for_anew(module_server: Server, run: AsyncRun) -> None:
    with module_server.fault(method="PUT", path=UPLOAD, status=403, times=1) as fault:
        logged = await run.log_artifact(draft_of({"a": os.urandom(10)}))
    assert (logged.state, fault.hits) == ("COMMITTED", 1)


async def test_a_connection_that_breaks_is_tried_again(module_server: Server, run: AsyncRun) -> None:
    with module_server.fault(method="PUT", path=UPLOAD, drop=True, times=1) as fault:
        logged = await run.log_artifact(draft_of({"a": os.urandom(10)}))
    assert (logged.state, fault.hits) == ("COMMITTED", 1)


async def test_a_killed_upload_is_started_again(
    module_server: Server, api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(30):
        (source / f"{number:02}").write_bytes(os.urandom(200))
    script = (
        "import sys; from wandkit import Api, Artifact; "
        "api = Api(overrides={'base_url': sys.argv[1]}, api_key=sys.argv[2]); "
        "draft = Artifact('data', 'dataset'); draft.add_dir(sys.argv[4]); "
        "api.run(sys.argv[3]).log_artifact(draft)"
    )
    arguments = [module_server.url, module_server.key("ada"), str(run.run_path), str(source)]
    with module_server.fault(method="PUT", path=UPLOAD, delay_s=2, skip=10) as fault:
        process = spawn(script, *arguments)
        while not fault.hits and process.poll() is None:
            await api.artifact_exists(f"{run.project}/data:v0")
        process.kill()
        process.wait()
    module_server.requests.clear()
    draft = AsyncArtifact("data", "dataset")
    await draft.add_dir(source)
    logged = await run.log_artifact(draft)
    found = await again(api, logged, tmp_path / "out")
    assert found == {path.name: path.read_bytes() for path in source.iterdir()}
    assert sent(module_server) < 30


async def test_what_was_logged_here_is_in_the_cache(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    logged = await run.log_artifact(draft_of({"a": os.urandom(10)}))
    module_server.requests.clear()
    await logged.download(tmp_path / "out")
    assert [one for one in module_server.requests if one.method == "GET"] == []
    assert [*(tmp_path / "data" / "artifacts" / "staging").iterdir()] == []


async def test_xxh128_digests_are_marked() -> None:
    pytest.importorskip("xxhash")
    draft = AsyncArtifact("fast", "dataset", digest_algorithm="XXH128")
    with draft.new_file("a", "xb") as file:
        file.write(b"alpha")
    manifest = await draft.manifest
    entry = manifest.entries["a"]
    assert (entry.extra, len(entry.digest), draft.digest_algorithm) == (
        {"alg": "XXH128"},
        24,
        "MANIFEST_XXH128",
    )


async def test_xxh128_digests_cross_to_the_server_and_back(
    module_server: Server, api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    pytest.importorskip("xxhash")
    draft = AsyncArtifact("fast", "dataset", digest_algorithm="XXH128")
    with draft.new_file("a", "xb") as file:
        file.write(b"alpha" * 1000)
    digest = draft.digest
    logged = await run.log_artifact(draft)
    found = await again(api, logged, tmp_path / "out")
    fresh = await api.artifact(logged.qualified_name)
    await fresh.verify(tmp_path / "out")
    assert (found, fresh.digest, fresh.digest_algorithm) == (
        {"a": b"alpha" * 1000},
        digest,
        "MANIFEST_XXH128",
    )


async def test_a_server_without_xxh128_digests_is_named_before_anything_is_sent() -> None:
    pytest.importorskip("xxhash")
    with Server(features={"ARTIFACT_DIGEST_ALGORITHM": False}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            run = await api.create_run(project="p")
            draft = AsyncArtifact("fast", "dataset", digest_algorithm="XXH128")
            with pytest.raises(UnsupportedError, match="XXH128"):
                await run.log_artifact(draft)
        assert [one for one in server.requests if one.operation == "CreateArtifact"] == []


async def test_an_increment_adds_to_the_newest_version(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    await run.log_artifact(draft_of({"a": b"1", "b": b"1"}))
    more = AsyncArtifact("data", "dataset", incremental=True)
    with more.new_file("b", "xb") as file:
        file.write(b"2")
    logged = await run.log_artifact(more)
    found = await again(api, logged, tmp_path / "out")
    manifest = await logged.manifest
    assert (logged.version, found, logged.incremental) == ("v1", {"a": b"1", "b": b"2"}, True)
    assert manifest.digest() == logged.digest


async def test_an_increment_is_never_taken_for_the_version_that_it_adds_to(run: AsyncRun) -> None:
    await run.log_artifact(draft_of({"a": b"1"}))
    await run.log_artifact(draft_of({"a": b"1", "b": b"2"}))
    same = AsyncArtifact("data", "dataset", incremental=True)
    with same.new_file("a", "xb") as file:
        file.write(b"1")
    logged = await run.log_artifact(same)
    manifest = await logged.manifest
    assert sorted(manifest.entries) == ["a", "b"]


async def test_several_runs_write_one_version(api: AsyncApi, run: AsyncRun, tmp_path: Path) -> None:
    other = await api.create_run(project=run.project)
    first = await run.upsert_artifact(draft_of({"a": b"1"}), distributed_id="crew")
    await other.upsert_artifact(draft_of({"b": b"2"}), distributed_id="crew")
    there = await api.artifact_exists(f"{run.project}/data:latest")
    whole = await run.finish_artifact(draft_of({"c": b"3"}), ["best"], distributed_id="crew")
    found = await again(api, whole, tmp_path / "out")
    assert (first.is_draft(), there) == (True, False)
    assert (found, whole.version, sorted(whole.aliases)) == (
        {"a": b"1", "b": b"2", "c": b"3"},
        "v0",
        ["best", "latest"],
    )


async def test_writers_need_a_name_to_share(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="name to share"):
        await run.upsert_artifact(draft_of({"a": b"1"}))
    logged = await run.log_artifact(draft_of({"a": b"1"}))
    with pytest.raises(ArgumentError, match="logged already"):
        await run.finish_artifact(logged, distributed_id="crew")


async def test_the_next_version_names_the_one_that_it_was_drawn_from(
    module_server: Server, run: AsyncRun
) -> None:
    first = await run.log_artifact(draft_of({"a": b"1"}))
    await run.log_artifact(draft_of({"a": b"2"}))
    draft = await first.new_draft()
    with draft.new_file("b", "xb") as file:
        file.write(b"3")
    module_server.requests.clear()
    await run.log_artifact(draft)
    sent_bases = [
        one.variables.get("baseArtifactId")
        for one in module_server.requests
        if one.operation == "CreateArtifactManifest"
    ]
    assert sent_bases == [first.id, first.id]


# References


async def test_a_file_is_referred_to(run: AsyncRun, api: AsyncApi, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.bin").write_bytes(b"alpha")
    (tmp_path / "far" / "b.bin").write_bytes(b"beta")
    draft = AsyncArtifact("data", "dataset")
    one = await draft.add_reference((tmp_path / "far" / "a.bin").as_uri())
    many = await draft.add_reference((tmp_path / "far").as_uri(), "folder")
    logged = await run.log_artifact(draft)
    found = await again(api, logged, tmp_path / "out")
    assert [entry.path for entry in [*one, *many]] == ["a.bin", "folder/a.bin", "folder/b.bin"]
    assert found == {"a.bin": b"alpha", "folder/a.bin": b"alpha", "folder/b.bin": b"beta"}


async def test_a_file_that_changed_since_is_refused(run: AsyncRun, api: AsyncApi, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"alpha")
    draft = AsyncArtifact("data", "dataset")
    await draft.add_reference(path.as_uri())
    logged = await run.log_artifact(draft)
    path.write_bytes(b"other")
    with pytest.raises(ArtifactMismatchError, match=r"'a\.bin'"):
        await again(api, logged, tmp_path / "out")


async def test_a_reference_that_leads_nowhere_may_be_left_out(run: AsyncRun, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"alpha")
    draft = draft_of({"b": b"beta"})
    await draft.add_reference(path.as_uri())
    logged = await run.log_artifact(draft)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        await logged.download(tmp_path / "out")
    with pytest.warns(UserWarning, match="nothing"):
        folder = await logged.download(tmp_path / "out", allow_missing_references=True)
    assert os.listdir(folder) == ["b"]


async def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).write_bytes(b"")
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="Exceeded 2 objects"):
        await draft.add_reference(tmp_path.as_uri(), max_objects=2)


async def test_a_web_address_is_referred_to(
    module_server: Server, api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    uri = f"{module_server.url}/far/model.bin"
    draft = AsyncArtifact("data", "dataset")
    with module_server.fault(path="/far/", status=200, body=b"alpha", headers={"etag": '"one"'}):
        entries = await draft.add_reference(uri)
        logged = await run.log_artifact(draft)
        found = await again(api, logged, tmp_path / "out")
    assert (entries[0].path, entries[0].digest, entries[0].size) == ("model.bin", "one", 5)
    assert (entries[0].extra, entries[0].ref, found) == ({"etag": '"one"'}, uri, {"model.bin": b"alpha"})
    with (
        module_server.fault(path="/far/", status=200, body=b"beta", headers={"etag": '"two"'}),
        pytest.raises(ArtifactMismatchError),
    ):
        await again(api, logged, tmp_path / "other")


async def test_an_entry_of_another_artifact_is_referred_to(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    content = os.urandom(10)
    first = await run.log_artifact(draft_of({"a/b": content}))
    draft = AsyncArtifact("second", "dataset")
    entry = await first.get_entry("a/b")
    await draft.add_reference(entry, "here")
    second = await run.log_artifact(draft)
    found = await again(api, second, tmp_path / "out")
    assert found == {"here": content}


async def test_an_entry_that_was_renamed_is_referred_to_by_its_new_name(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    content = os.urandom(10)
    await run.log_artifact(draft_of({"old": content}))
    renamed = await run.log_artifact(draft_of({"new": content}))
    fresh = await api.artifact(renamed.qualified_name)
    entry = await fresh.get_entry("new")
    draft = AsyncArtifact("second", "dataset")
    await draft.add_reference(entry)
    second = await run.log_artifact(draft)
    found = await again(api, second, tmp_path / "out")
    assert (found, entry.ref_url().endswith("/new")) == ({"new": content}, True)


async def test_a_url_of_an_entry_leads_to_where_its_bytes_are(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    first = await run.log_artifact(draft_of({"a": b"alpha"}))
    one = AsyncArtifact("one", "dataset")
    entry = await first.get_entry("a")
    await one.add_reference(entry, "b")
    logged = await run.log_artifact(one)
    two = await logged.new_draft()
    chained = f"wandb-artifact://{base64.b64decode(logged.id or '').hex()}/b"
    (found,) = await two.add_reference(chained, "c")
    second = await run.log_artifact(two)
    files = await again(api, second, tmp_path / "out")
    assert (found.ref, found.size, found.digest) == (entry.ref_url(), 0, entry.digest)
    assert files == {"b": b"alpha", "c": b"alpha"}


async def test_a_url_by_the_name_that_a_client_gave_leads_to_the_version(
    api: AsyncApi, run: AsyncRun, tmp_path: Path
) -> None:
    first = await run.log_artifact(draft_of({"a": b"alpha"}))
    entry = await first.get_entry("a")
    draft = await first.new_draft()
    url = f"wandb-client-artifact://{first._origin.client_id}/a"
    (found,) = await draft.add_reference(url, "b")
    logged = await run.log_artifact(draft)
    files = await again(api, logged, tmp_path / "out")
    other = await first.new_draft()
    with pytest.raises(ArgumentError, match="knows no version"):
        await other.add_reference("wandb-client-artifact://nobody/a", "b")
    assert (found.ref, files) == (entry.ref_url(), {"a": b"alpha", "b": b"alpha"})


@pytest.mark.parametrize("url", ["wandb-artifact://zz/a", "wandb-artifact://41727469666163743a39393939/a"])
async def test_a_url_of_no_entry_is_refused(run: AsyncRun, url: str) -> None:
    logged = await run.log_artifact(draft_of({"a": b"alpha"}))
    draft = await logged.new_draft()
    with pytest.raises(ArgumentError, match="wandb-artifact"):
        await draft.add_reference(url, "b")


async def test_references_are_not_verified_and_that_is_said(run: AsyncRun, tmp_path: Path) -> None:
    (tmp_path / "far").write_bytes(b"1")
    draft = draft_of({"a": b"alpha"})
    await draft.add_reference((tmp_path / "far").as_uri(), "b")
    logged = await run.log_artifact(draft)
    folder = await logged.download(tmp_path / "out")
    with pytest.warns(UserWarning, match=r"1 reference\(s\)"):
        await logged.verify(folder)


async def test_older_names_warn(run: AsyncRun) -> None:
    with pytest.warns(DeprecationWarning, match="use_as"):
        AsyncArtifact("data", "dataset", use_as="input")
    logged = await run.log_artifact(draft_of({"a": b"alpha"}))
    with pytest.warns(DeprecationWarning, match="get_entry"):
        entry = await logged.get_path("a")
    assert entry.path == "a"


async def test_an_unknown_scheme_needs_a_name() -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="needs a name"):
        await draft.add_reference("ipfs://abc")
    with pytest.warns(UserWarning, match="cannot be checked"):
        entries = await draft.add_reference("ipfs://abc", "far")
    assert entries[0].digest == "ipfs://abc"


async def test_a_reference_without_checksum_goes_by_its_url() -> None:
    draft = AsyncArtifact("data", "dataset")
    entries = await draft.add_reference("https://example.invalid/a/b.bin", checksum=False)
    assert [(entry.path, entry.digest) for entry in entries] == [("b.bin", "https://example.invalid/a/b.bin")]


async def test_what_is_no_url_is_refused() -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="not a URL"):
        await draft.add_reference("/a/b")


async def test_the_digest_is_the_official_one() -> None:
    draft = draft_of({"b": b"2", "a": b"1"})
    text = "wandb-artifact-manifest-v1\na:xMpCOKC5I4INzFCab3WEmw==\nb:yB5yjZ1ML2NvBn+JzBSGLA==\n"
    assert draft.digest == hashlib.md5(text.encode()).hexdigest()
