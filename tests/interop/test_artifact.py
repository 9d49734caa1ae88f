"""Artifacts that cross between wandkit's client and the official ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wandkit import Api, Artifact
from wandkit._core.artifact_cache import ArtifactCache

if TYPE_CHECKING:
    from conftest import Client, Served

FILES = {
    "a.txt": b"alpha",
    "deep/er/ü n.txt": "ü".encode(),
    "empty": b"",
    "same": b"alpha",
    "big": bytes(range(256)) * 3000,
    **{f"part/{number:03}": str(number).encode() for number in range(1000)},
}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep wandkit's cache and staged copies apart from those of the official clients."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "staged"))


def contents(folder: str | Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_an_official_client_reads_what_wandkit_logged(served: Served, client: Client, tmp_path: Path) -> None:
    project = f"ours-{client.version}"
    parts = {"artifact_multipart_threshold": 500_000, "artifact_part_bytes": 300_000}
    overrides = {"base_url": served.url, "entity": "ada", **parts}
    with Api(overrides=overrides, api_key=client.key) as api:
        run = api.create_run(project=project)
        draft = Artifact("data", "dataset", description="words", metadata={"rows": 2})
        for name, content in FILES.items():
            with draft.new_file(name, "xb") as file:
                file.write(content)
        logged = run.log_artifact(draft, aliases=["best"])
        got = client.run("exchange_artifacts.py", "read", f"ada/{project}/data:best")
        again = api.artifact(f"{project}/data:seen")
    assert {name: bytes.fromhex(text) for name, text in got["files"].items()} == FILES
    assert got["facts"] == ["v0", "dataset", "words", {"rows": 2}, ["best", "latest"]]
    assert got["digests"] == [logged.digest, logged.digest]
    assert (got["size"], again.id) == (logged.size, logged.id)


def test_wandkit_reads_what_an_official_client_logged(served: Served, client: Client, tmp_path: Path) -> None:
    project = f"theirs-{client.version}"
    got = client.run("exchange_artifacts.py", "write", project)
    with served.api() as api:
        artifact = api.artifact(f"{project}/data:best", "dataset")
        folder = artifact.download(tmp_path / "out")
        artifact.verify(folder)
        maker = artifact.logged_by()
        names = sorted(one.name for one in artifact.files())
        again = api.run(f"{project}/{maker.id}").logged_artifacts()[0] if maker else None
        manifest = artifact.manifest
    assert contents(folder) == {"a.txt": b"A", "deep/er/ü n.txt": "ü".encode(), "empty": b""}
    assert (artifact.description, artifact.metadata) == ("words", {"rows": 2})
    assert artifact.digest == manifest.digest() == got["digest"]
    assert sorted(names) == ["a.txt", "deep/er/ü n.txt", "empty"]
    assert again is not None
    assert again.id == artifact.id
    printed, theirs = json.loads(manifest.print()), json.loads(got["manifest"])
    assert {name: entry["digest"] for name, entry in printed["contents"].items()} == {
        name: entry["digest"] for name, entry in theirs["contents"].items()
    }


def test_the_manifest_of_the_oldest_client_prints_back_to_its_bytes(served: Served, oldest: Client) -> None:
    project = f"bytes-{oldest.version}"
    got = oldest.run("exchange_artifacts.py", "write", project)
    with served.api() as api:
        manifest = api.artifact(f"{project}/data:best").manifest
    assert manifest.print() == got["manifest"].encode()


def test_a_file_that_the_oldest_client_sent_in_parts_is_read(
    served: Served, oldest: Client, tmp_path: Path
) -> None:
    project = f"parts-{oldest.version}"
    got = oldest.run("send_parts.py", project)
    with served.api() as api:
        artifact = api.artifact(f"{project}/data:latest")
        folder = artifact.download(tmp_path / "out")
    assert contents(folder) == {"big": (oldest.folder / "big").read_bytes(), "small": b"1"}
    assert (got["digest"], got["size"], got["parts"]) == (artifact.digest, 768_000, [3])


def test_both_sides_share_one_cache(
    served: Served, newest: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = "shared-cache"
    newest.run("exchange_artifacts.py", "write", project)
    monkeypatch.setenv("WANDB_CACHE_DIR", str(newest.folder / ".cache" / "wandb"))
    with served.api() as api:
        artifact = api.artifact(f"{project}/data:best")
        cache = ArtifactCache.of(api.settings)
        held = {entry.path: cache.has(cache.place(entry.digest), entry.size) for entry in artifact.manifest}
        artifact.download(tmp_path / "out")
    assert held == {"a.txt": True, "deep/er/ü n.txt": True, "empty": True}


def test_xxh128_digests_cross_from_the_newest_client(served: Served, newest: Client, tmp_path: Path) -> None:
    got = newest.run("exchange_artifacts.py", "write", "fast", "XXH128")
    with served.api() as api:
        artifact = api.artifact("fast/data:best")
        artifact.verify(artifact.download(tmp_path / "out"))
    assert artifact.digest_algorithm == "MANIFEST_XXH128"
    assert artifact.digest == artifact.manifest.digest() == got["digest"]
    assert contents(tmp_path / "out") == {"a.txt": b"A", "deep/er/ü n.txt": "ü".encode(), "empty": b""}
    printed, theirs = json.loads(artifact.manifest.print()), json.loads(got["manifest"])
    assert printed["contents"].keys() == theirs["contents"].keys()
    assert printed["contents"]["a.txt"]["extra"] == {"alg": "XXH128"}


def test_xxh128_digests_cross_to_the_newest_client(served: Served, newest: Client) -> None:
    with served.api() as api:
        run = api.create_run(project="fast-ours")
        draft = Artifact("data", "dataset", digest_algorithm="XXH128")
        with draft.new_file("a.txt", "xb") as file:
            file.write(b"A")
        logged = run.log_artifact(draft, aliases=["best"])
        got = newest.run("exchange_artifacts.py", "read", f"{api.default_entity}/fast-ours/data:best")
    assert got["digests"] == [logged.digest, logged.digest]
    assert {name: bytes.fromhex(text) for name, text in got["files"].items()} == {"a.txt": b"A"}


def test_references_links_tags_and_uses_cross_both_ways(
    served: Served, client: Client, tmp_path: Path
) -> None:
    project = f"cross-{client.version}"
    far = tmp_path / "ours.bin"
    far.write_bytes(b"ours")
    with served.api() as api:
        run = api.create_run(project=project, run_id="ours")
        draft = Artifact("ours", "dataset")
        with draft.new_file("a.txt", "xb") as file:
            file.write(b"A")
        draft.add_reference(far.as_uri(), "far.bin")
        logged = run.log_artifact(draft)
        logged.tags = ["good"]
        logged.save()
        logged.link(f"{project}/ours-shelf", aliases=["best"])
        run.finish()
        got = client.run("exchange_artifacts.py", "cross", project)
        theirs = api.artifact(f"{project}/theirs:prod")
        entries = {entry.path: [entry.ref, entry.digest, entry.size] for entry in theirs.manifest}
        folder = theirs.download(tmp_path / "out")
        users = sorted(user.id for user in api.artifact(f"{project}/ours:latest").used_by())
        used = [artifact.name for artifact in api.run(f"{project}/theirs").used_artifacts()]
        link = api.artifact(f"{project}/shelf:chosen")
    assert entries == got["theirs"]
    assert theirs.manifest.digest() == theirs.digest == got["digest"]
    assert contents(folder) == {"a.bin": b"far", "borrowed.txt": b"A"}
    assert (users, used, link.source_name) == (["theirs"], ["ours:v0"], "theirs:v0")
    assert {name: bytes.fromhex(text) for name, text in got["files"].items()} == {
        "a.txt": b"A",
        "far.bin": b"ours",
    }
    assert got["references"]["far.bin"][0] == far.as_uri()
    assert (got["link"], got["users"], got["maker"]) == ("ours:v0", ["theirs"], "ours")
    assert got["tags"] == (["good"] if client.version != "0.16.6" else [])
