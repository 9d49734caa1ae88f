"""Files of a run: uploaded, listed, downloaded whole or not at all, deleted."""

from __future__ import annotations

import base64
import hashlib
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncRun
from wandkit.errors import (
    ArgumentError,
    ChecksumError,
    InvalidRequestError,
    NotFoundError,
    TransferError,
    WandkitError,
)
from wandkit.testing import Server

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder as the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(path: Path, content: bytes | str = CONTENT) -> Path:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


def all_files(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_an_uploaded_file_is_listed_with_what_the_server_knows(run: AsyncRun, here: Path) -> None:
    file = await run.upload_file(write(here / "media" / "a.bin"))
    assert file.name == "media/a.bin"
    assert file.size == len(CONTENT)
    assert file.md5 == base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
    assert isinstance(file.updated_at, datetime)
    assert file.updated_at.tzinfo is not None
    assert file.path_uri == file.url


async def test_a_file_outside_of_the_root_is_not_uploaded(run: AsyncRun, here: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="root="):
        await run.upload_file(write(tmp_path / "x.txt"))
    assert (await run.upload_file(tmp_path / "x.txt", root=tmp_path)).name == "x.txt"


async def test_a_file_that_is_not_there_is_not_uploaded(run: AsyncRun, here: Path) -> None:
    with pytest.raises(ArgumentError, match="no file"):
        await run.upload_file("nothing.txt")


async def test_a_download_is_a_text_that_is_open(run: AsyncRun, here: Path, tmp_path: Path) -> None:
    file = await run.upload_file(write(here / "a" / "b.txt", "hällo\n"))
    with await file.download(tmp_path / "down") as text:
        assert text.read() == "hällo\n"
    assert all_files(tmp_path / "down") == ["a/b.txt"]


async def test_a_file_that_is_there_is_kept_or_replaced_as_told(
    run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.txt", "new"))
    write(tmp_path / "a.txt", "old")
    with pytest.raises(ArgumentError, match="exists"):
        await file.download(tmp_path)
    with await file.download(tmp_path, exist_ok=True) as text:
        assert text.read() == "old"
    with await file.download(tmp_path, replace=True) as text:
        assert text.read() == "new"


async def test_a_broken_download_is_resumed(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.bin"))
    module_server.requests.clear()
    with module_server.fault(path="/a.bin", method="GET", truncate=300_000, times=2) as fault:
        await file.download_to(tmp_path / "a.bin")
    ranges = [request.headers.get("range") for request in module_server.requests if request.method == "GET"]
    assert fault.hits == 2
    assert ranges[0] is None
    assert all(ranges[1:])
    assert read(tmp_path / "a.bin") == CONTENT


async def test_other_bytes_than_the_server_has_are_not_kept(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.bin"))
    with (
        module_server.fault(path="/a.bin", method="GET", status=200, body=b"something else"),
        pytest.raises(ChecksumError, match="md5"),
    ):
        await file.download_to(tmp_path / "down" / "a.bin")
    assert all_files(tmp_path / "down") == []


async def test_a_download_that_fails_leaves_what_was_there(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.bin"))
    write(tmp_path / "a.bin", "old")
    with module_server.fault(path="/a.bin", method="GET", status=404), pytest.raises(WandkitError):
        await file.download_to(tmp_path / "a.bin")
    assert read(tmp_path / "a.bin") == b"old"


async def test_a_signed_url_that_has_expired_is_asked_for_again(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.bin"))
    with module_server.fault(path="/a.bin", method="GET", status=403, times=1):
        await file.download_to(tmp_path / "a.bin")
    assert read(tmp_path / "a.bin") == CONTENT


async def test_files_are_listed_by_name_and_by_pattern(run: AsyncRun, here: Path) -> None:
    for name in ("a.json", "b.json", "media/c.png"):
        await run.upload_file(write(here / name, name))
    assert sorted([file.name async for file in run.files()]) == ["a.json", "b.json", "media/c.png"]
    assert [file.name async for file in run.files(["b.json"])] == ["b.json"]
    assert sorted([file.name async for file in run.files(pattern="%.json")]) == ["a.json", "b.json"]
    assert sorted([file.name async for file in run.files(None, 2)]) == ["a.json", "b.json", "media/c.png"]


async def test_a_file_is_downloaded_with_the_key_of_another(
    module_server: Server, run: AsyncRun, here: Path
) -> None:
    await run.upload_file(write(here / "a.txt", "alpha"))
    file = await run.file("a.txt")
    async with module_server.async_api("ada") as other:
        module_server.requests.clear()
        with await file.download(here / "down", api=other) as opened:
            text = opened.read()
    assert text == "alpha"
    assert [request.path for request in module_server.requests] != []


async def test_a_pattern_in_the_place_of_the_page_size_is_refused(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="pattern="):
        run.files(None, "%.json")  # type: ignore[arg-type]


async def test_names_and_a_pattern_exclude_each_other(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="exclude"):
        run.files(["a"], pattern="%")


async def test_names_have_to_be_a_list(run: AsyncRun) -> None:
    names: Any = "a.json"
    with pytest.raises(ArgumentError, match=r"\['a.json'\]"):
        run.files(names)


async def test_a_missing_file_names_its_neighbours(run: AsyncRun, here: Path) -> None:
    await run.upload_file(write(here / "config.yaml", "x"))
    with pytest.raises(NotFoundError, match=r"config.yaml"):
        await run.file("confg.yaml")


async def test_a_deleted_file_is_gone(run: AsyncRun, here: Path) -> None:
    file = await run.upload_file(write(here / "a.txt", "x"))
    await file.delete()
    assert [found.name async for found in run.files()] == []


async def test_a_listing_is_downloaded_whole(run: AsyncRun, here: Path, tmp_path: Path) -> None:
    for number in range(5):
        await run.upload_file(write(here / f"d/{number}.txt", str(number)))
    done = await run.files().download(tmp_path / "down", jobs=3)
    assert all_files(tmp_path / "down") == [f"d/{number}.txt" for number in range(5)]
    assert done.receipt.complete
    assert (len(done.paths), done.skipped) == (5, 0)


async def test_files_that_are_there_are_not_downloaded_again(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    for number in range(3):
        await run.upload_file(write(here / f"{number}.txt", str(number)))
    await run.files().download(tmp_path)
    write(tmp_path / "1.txt", "changed")
    module_server.requests.clear()
    done = await run.files().download(tmp_path)
    assert done.skipped == 2
    assert len([request for request in module_server.requests if request.method == "GET"]) == 1
    assert read(tmp_path / "1.txt") == b"1"


async def test_one_failure_does_not_stop_the_others(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    for number in range(3):
        await run.upload_file(write(here / f"{number}.txt", str(number)))
    with module_server.fault(path=r"/1\.txt", method="GET", status=404):
        done = await run.files().download(tmp_path / "down")
    assert all_files(tmp_path / "down") == ["0.txt", "2.txt"]
    assert [failure.item for failure in done.receipt.failures] == ["1.txt"]
    assert not done.receipt.complete


async def test_a_name_that_leaves_the_root_is_refused_before_anything_is_written(
    module_server: Server, run: AsyncRun, here: Path, tmp_path: Path
) -> None:
    file = await run.upload_file(write(here / "a.txt", "x"))
    node = {"id": "1", "name": "../evil.txt", "url": file.url, "directUrl": file.url, "sizeBytes": 1}
    node |= {"mimetype": None, "md5": None, "updatedAt": None}
    files = {"edges": [{"node": node, "cursor": "x"}], "pageInfo": {"endCursor": "x", "hasNextPage": False}}
    answer = {
        "data": {
            "project": {
                "internalId": "1",
                "run": {"id": "1", "projectId": "1", "fileCount": 1, "files": files},
            }
        }
    }
    with module_server.fault(operation="ListRunFiles", status=200, body=answer):
        evil = await run.file("../evil.txt")
        done = await run.files().download(tmp_path / "down")
    with pytest.raises(ArgumentError, match="leave the folder"):
        await evil.download(tmp_path / "down")
    assert len(done.receipt.failures) == 1
    assert not [name for name in all_files(tmp_path) if "evil" in name]


async def test_an_upload_that_is_refused_is_an_error(
    module_server: Server, run: AsyncRun, here: Path
) -> None:
    with module_server.fault(method="PUT", status=403), pytest.raises((TransferError, WandkitError)):
        await run.upload_file(write(here / "a.txt", "x"))


async def test_an_upload_goes_through_when_the_server_fails_once(
    module_server: Server, run: AsyncRun, here: Path
) -> None:
    with module_server.fault(method="PUT", status=503, headers={"Retry-After": "0"}, times=1):
        file = await run.upload_file(write(here / "a.bin"))
    assert file.size == len(CONTENT)


async def test_uploads_are_marked_where_the_server_wants_it(
    module_server: Server, run: AsyncRun, here: Path
) -> None:
    module_server.requests.clear()
    await run.upload_file(write(here / "a.txt", "x"))
    marked = [request for request in module_server.requests if request.operation == "MarkRunFilesUploaded"]
    assert len(marked) == ("MARK_RUN_FILES_UPLOADED" in module_server.features)


async def test_metadata_is_what_the_client_noted(api: AsyncApi, run: AsyncRun, here: Path) -> None:
    assert await run.metadata is None
    await run.upload_file(write(here / "wandb-metadata.json", '{"os": "Linux", "gpu_count": 2}'))
    fetched = await api.run("/".join([run.entity, run.project, run.id]))
    assert await fetched.metadata == {"os": "Linux", "gpu_count": 2}


async def test_metadata_that_cannot_be_had_is_an_error(module_server: Server, run: AsyncRun) -> None:
    with (
        module_server.fault(operation="ListRunFiles", status=400),
        pytest.raises(InvalidRequestError, match="400"),
    ):
        await run.metadata


async def test_a_file_handle_survives_pickling(run: AsyncRun, here: Path, tmp_path: Path) -> None:
    file = pickle.loads(pickle.dumps(await run.upload_file(write(here / "a.bin"))))
    await file.download_to(tmp_path / "a.bin")
    assert read(tmp_path / "a.bin") == CONTENT
