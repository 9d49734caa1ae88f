"""Media objects of artifacts that cross between wandkit's client and the official ones."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Artifact
from wandkit.media import (
    Audio,
    Classes,
    Html,
    Image,
    ImageMask,
    JoinedTable,
    MediaObject,
    Object3D,
    PartitionedTable,
    Table,
    Video,
)

if TYPE_CHECKING:
    from conftest import Client, Served

TIME = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=timezone.utc)
NAMES = ("both", "parts", "plain", "sound", "film", "page", "points", "labels")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a file of each kind; keep wandkit's own folders apart."""
    for name in ("CACHE", "DATA", "ARTIFACT"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name.lower()))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "one.png").write_bytes(picture(3, 2))
    (folder / "mask.png").write_bytes(picture(3, 2, 7))
    (folder / "beep.wav").write_bytes(b"RIFF....WAVE")
    (folder / "film.mp4").write_bytes(b"....ftypisom")
    (folder / "cloud.pts.json").write_text("[[0, 1, 2]]")
    return folder


def picture(width: int, height: int, grey: int = 0) -> bytes:
    """Return a grey PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes([grey]) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def objects(folder: Path) -> dict[str, MediaObject]:
    """Return what scripts/keep_media.py makes, made of wandkit's classes."""
    labels = {1: "tree", 2: "car"}
    box = {"position": {"middle": [1, 2], "width": 3, "height": 4}, "class_id": 1, "scores": {"s": 0.5}}
    rows = [
        [1, "a", True, TIME, [1, 2], {"k": 1.5}, Image(folder / "one.png", caption="one")],
        [2.5, None, False, None, [3, 4, 5], {"k": 2}, None],
    ]
    table = Table(["n", "s", "b", "t", "l", "d", "p"], rows)
    other = Table(["n", "x"], [[1, float("nan")], [2.5, 0.25]])
    return {
        "rows": table,
        "deep/other": other,
        "both": JoinedTable(table, other, "n"),
        "parts": PartitionedTable("deep"),
        "plain": Image(folder / "one.png"),
        "marked": Image(
            folder / "one.png",
            masks={"m": ImageMask(folder / "mask.png")},
            boxes={"b": {"box_data": [box], "class_labels": labels}},
            classes=[{"id": 1, "name": "tree"}, {"id": 2, "name": "car"}],
        ),
        "sound": Audio(folder / "beep.wav", caption="beep"),
        "film": Video(folder / "film.mp4"),
        "page": Html("<p>hi</p>"),
        "points": Object3D(folder / "cloud.pts.json"),
        "labels": Classes([{"id": 1, "name": "tree"}]),
    }


def draft_of(folder: Path) -> Artifact:
    """Return a draft with all objects."""
    draft = Artifact("media", "dataset")
    for name, value in objects(folder).items():
        draft.add(value, name)
    return draft


def plain(text: bytes) -> Any:
    """Return a table's JSON without what only newer clients write."""
    fields = json.loads(text)
    fields.pop("log_mode", None)
    for kind in fields["column_types"]["params"]["type_map"].values():
        for one in kind["params"].get("allowed_types", ()):
            if one["wb_type"] == "image-file":
                for name in ("box_class_maps", "mask_class_maps"):
                    one["params"].pop(name, None)
    return fields


def test_wandkit_writes_what_the_newest_client_writes(newest: Client, folder: Path) -> None:
    got = newest.run("keep_media.py", "write", "media-same", str(folder))
    ours = {entry.path: entry.digest for entry in draft_of(folder).manifest}
    assert ours == got["entries"]


def test_wandkit_writes_what_the_oldest_client_writes(served: Served, oldest: Client, folder: Path) -> None:
    got = oldest.run("keep_media.py", "write", "media-old", str(folder))
    ours = {entry.path: entry.digest for entry in draft_of(folder).manifest}
    differing = {path for path in {*ours, *got["entries"]} if ours.get(path) != got["entries"].get(path)}
    with served.api() as api:
        artifact = api.artifact("media-old/media:v0")
        theirs = {path: Path(artifact.get_entry(path).download()).read_bytes() for path in sorted(differing)}
    mine = {entry.path: Path(str(entry.local_path)).read_bytes() for entry in draft_of(folder).manifest}
    assert differing == {"rows.table.json", "deep/other.table.json"}
    assert [plain(mine[path]) == plain(theirs[path]) for path in sorted(differing)] == [True, True]


def test_wandkit_reads_what_an_official_client_wrote(served: Served, client: Client, folder: Path) -> None:
    project = f"media-{client.version}"
    client.run("keep_media.py", "write", project, str(folder))
    with served.api() as api:
        artifact = api.artifact(f"{project}/media:v0")
        table, marked, parts = artifact.get("rows"), artifact["marked"], artifact.get("parts")
        kinds = {name: type(artifact.get(name)).__name__ for name in NAMES}
        draft = artifact.new_draft()
        rewritten = {name: draft.add(artifact.get(name), name).path for name in ("rows", "marked", "both")}
    assert isinstance(table, Table)
    assert isinstance(marked, Image)
    assert isinstance(parts, PartitionedTable)
    assert [table.data[0][:6], table.data[1]] == [
        [1, "a", True, TIME, [1, 2], {"k": 1.5}],
        [2.5, None, False, None, [3, 4, 5], {"k": 2}, None],
    ]
    assert table.data[0][6].read_bytes() == (folder / "one.png").read_bytes()
    assert marked.masks["m"].read_bytes() == (folder / "mask.png").read_bytes()
    assert (marked.boxes["b"][0]["scores"], marked.classes and marked.classes.names) == (
        {"s": 0.5},
        {1: "tree", 2: "car"},
    )
    assert parts.data[1] == [2.5, 0.25]
    assert kinds == {
        "both": "JoinedTable", "parts": "PartitionedTable", "plain": "Image", "sound": "Audio",
        "film": "Video", "page": "Html", "points": "Object3D", "labels": "Classes",
    }  # fmt: skip
    assert {entry.path: entry.digest for entry in draft.manifest} == {
        entry.path: entry.digest for entry in artifact.manifest
    }
    assert rewritten["both"] == "both.joined-table.json"


def test_an_official_client_reads_what_wandkit_wrote(served: Served, client: Client, folder: Path) -> None:
    project = f"media-ours-{client.version}"
    with served.api() as api:
        api.create_run(project=project).log_artifact(draft_of(folder))
    got = client.run("keep_media.py", "read", f"ada/{project}/media:v0")
    sha256 = hashlib.sha256((folder / "one.png").read_bytes()).hexdigest()
    assert got["rows"][0] == [1, "a", True, "datetime", "list", "dict", "Image"]
    assert (got["time"], got["picture"]) == (TIME.isoformat(), ["one", 3, sha256])
    assert got["marked"] == [["m"], ["b"], [{"id": 1, "name": "tree"}, {"id": 2, "name": "car"}]]
    assert sorted(got["others"]) == sorted(NAMES)
    assert got["parts"] == [2.5, 0.25]
