"""Objects of artifacts: tables, images and other media, added, read, and passed on."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.errors import AnswerError, ArgumentError, ArtifactFinalizedError, ArtifactNotLoggedError
from wandkit.media import (
    Audio,
    Classes,
    Html,
    Image,
    ImageMask,
    JoinedTable,
    Media,
    MediaObject,
    PartitionedTable,
    Table,
)
from wandkit.testing import Server

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 3, 2, 8, 0, 0, 0, 0)


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


async def log(run: AsyncRun, objects: dict[str, MediaObject], name: str = "data") -> AsyncArtifact:
    """Log a version with the objects and return it as the server has it."""
    draft = AsyncArtifact(name, "dataset")
    for at, value in objects.items():
        await draft.add(value, at)
    logged = await run.log_artifact(draft)
    logged._manifest = None
    return logged


async def digests(artifact: AsyncArtifact) -> dict[str, str]:
    """Return the digest of each entry."""
    manifest = await artifact.manifest
    return {entry.path: entry.digest for entry in manifest}


async def test_a_table_comes_back_with_its_values_and_media(run: AsyncRun) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=timezone.utc)
    table = Table(["n", "t", "p"], [[1, moment, Image(PNG, "one")], [2.5, None, None]])
    logged = await log(run, {"rows": table})
    found = await logged.get("rows")
    assert isinstance(found, Table)
    assert (found.columns, found.data[0][:2], found.data[1]) == (
        ["n", "t", "p"],
        [1, moment],
        [2.5, None, None],
    )
    picture = found.data[0][2]
    assert isinstance(picture, Image)
    assert (picture.caption, picture.width, picture.height, picture.read_bytes()) == ("one", 3, 2, PNG)
    assert found.to_pandas().shape == (2, 3)


async def test_an_object_is_read_and_set_by_its_name(run: AsyncRun) -> None:
    draft = AsyncArtifact("data", "dataset")
    draft["page"] = Html("<p>hi</p>")
    logged = await run.log_artifact(draft)
    found = await logged["page"]
    nothing = await logged["none"]
    assert isinstance(found, Html)
    assert (found.read_bytes(), found.path, nothing) == (
        b"<p>hi</p>",
        "media/html/343fc7b27c1b966b623a.html",
        None,
    )


async def test_only_the_files_of_an_object_are_fetched(run: AsyncRun, tmp_path: Path) -> None:
    logged = await log(run, {"one": Image(PNG), "two": Audio(b"RIFF")})
    await logged.get("two")
    root = tmp_path / "artifacts" / "data:v0"
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert [path.rpartition("/")[0] or path for path in found] == ["media/audio", "two.audio-file.json"]


async def test_masks_boxes_and_classes_stay_with_their_image(run: AsyncRun) -> None:
    box = {"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 2}
    image = Image(PNG, masks={"m": ImageMask(PNG, {1: "tree"})}, boxes={"b": {"box_data": [box]}})
    logged = await log(run, {"marked": image})
    found = await logged.get("marked")
    assert isinstance(found, Image)
    assert (found.boxes, found.masks["m"].read_bytes()) == ({"b": [box]}, PNG)
    assert found.classes is not None
    assert found.classes.names == {2: "class_2", 1: "tree"}


async def test_an_image_with_masks_needs_classes() -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArgumentError, match="needs classes"):
        await draft.add(Image(PNG, masks={"m": ImageMask(PNG)}), "marked")
    manifest = await draft.manifest
    assert len(manifest) == 0


async def test_what_was_not_changed_is_passed_on_as_a_reference(run: AsyncRun) -> None:
    first = await log(run, {"rows": Table(["p"], [[Image(PNG)]])})
    found = await first.get("rows")
    assert found is not None
    second = await log(run, {"again": found}, "other")
    manifest = await second.manifest
    again = await second.get("again")
    assert [entry.ref is not None for entry in manifest] == [True]
    assert isinstance(again, Table)
    assert again.data[0][0].read_bytes() == PNG


async def test_what_was_changed_is_written_and_its_files_are_referred_to(run: AsyncRun) -> None:
    first = await log(run, {"rows": Table(["p"], [[Image(PNG)]])})
    found = await first.get("rows")
    assert isinstance(found, Table)
    found.add_data(Image(PNG + b"2"))
    second = await log(run, {"more": found}, "other")
    manifest = await second.manifest
    again = await second.get("more")
    assert isinstance(again, Table)
    assert [row[0].read_bytes() for row in again.data] == [PNG, PNG + b"2"]
    assert sorted(
        (path.endswith(".json"), entry.ref is not None) for path, entry in manifest.entries.items()
    ) == [
        (False, False),
        (False, True),
        (True, False),
    ]


async def test_the_next_version_keeps_what_was_not_touched(run: AsyncRun) -> None:
    first = await log(run, {"rows": Table(["p"], [[Image(PNG)]]), "page": Html("<p>hi</p>")})
    draft = await first.new_draft()
    for name in ("rows", "page"):
        held = await first.get(name)
        assert held is not None
        await draft.add(held, name)
    before, after = await digests(first), await digests(draft)
    assert before == after


async def test_tables_are_joined_and_kept_in_parts(run: AsyncRun) -> None:
    table, other = Table(["a"], [[1]]), Table(["a"], [[2]])
    objects: dict[str, MediaObject] = {
        "parts/1": table,
        "parts/2": other,
        "all": PartitionedTable("parts"),
        "both": JoinedTable(table, "parts/2.table.json", "a"),
    }
    logged = await log(run, objects)
    parts, both = await logged.get("all"), await logged.get("both")
    assert isinstance(parts, PartitionedTable)
    assert isinstance(both, JoinedTable)
    assert (list(parts.iterrows()), parts.columns) == ([(0, [1]), (1, [2])], ["a"])
    assert [one.data for one in (both.table1, both.table2) if isinstance(one, Table)] == [[[1]], [[2]]]


async def test_a_table_that_is_logged_piece_by_piece_has_all_rows(run: AsyncRun) -> None:
    objects: dict[str, MediaObject] = {
        f"{number}-17.rows": Table(["a"], [[number]], log_mode="INCREMENTAL") for number in (10, 9)
    }
    logged = await log(run, objects)
    found = await logged.get("9-17.rows")
    assert isinstance(found, Table)
    assert found.data == [[9], [10]]


async def test_a_type_that_is_not_known_is_kept_as_it_is(run: AsyncRun) -> None:
    draft = AsyncArtifact("data", "dataset")
    with draft.new_file("odd.hologram.json") as file:
        file.write('{"_type": "hologram", "depth": [1, null]}')
    logged = await run.log_artifact(draft)
    found = await logged.get("odd")
    assert isinstance(found, Media)
    again = AsyncArtifact("again", "dataset")
    entry = await again.add(found, "odd")
    assert (found.type, found.fields) == ("hologram", {"_type": "hologram", "depth": [1, None]})
    assert (entry.path, entry.ref is not None) == ("odd.hologram.json", True)


@pytest.mark.parametrize(
    ("text", "name"), [("[1]", "odd.table.json"), ('{"a": 1}', "odd.thing.json"), ("{}", "odd.json")]
)
async def test_what_is_no_object_is_none(run: AsyncRun, text: str, name: str) -> None:
    draft = AsyncArtifact("data", "dataset")
    with draft.new_file(name) as file:
        file.write(text)
    logged = await run.log_artifact(draft)
    assert await logged.get("odd") is None


async def test_an_object_that_is_broken_is_named(run: AsyncRun) -> None:
    draft = AsyncArtifact("data", "dataset")
    with draft.new_file("odd.table.json") as file:
        file.write('{"_type": "table", "columns": ["a"], "data": [[1, 2]]}')
    logged = await run.log_artifact(draft)
    with pytest.raises(AnswerError, match=r"odd\.table\.json"):
        await logged.get("odd")


async def test_the_same_object_again_is_the_same_entry() -> None:
    draft = AsyncArtifact("data", "dataset")
    table = Table(["a"], [[1]])
    first = await draft.add(table, "one")
    second = await draft.add(table, "two")
    manifest = await draft.manifest
    assert (second is first, [*manifest.entries]) == (True, ["one.table.json"])


async def test_a_name_is_taken_only_where_that_is_asked_for() -> None:
    draft = AsyncArtifact("data", "dataset")
    await draft.add(Table(["a"], [[1]]), "one")
    with pytest.raises(ArgumentError, match="overwrite=True"):
        await draft.add(Table(["a"], [[2]]), "one")
    entry = await draft.add(Table(["a"], [[2]]), "one", overwrite=True)
    manifest = await draft.manifest
    assert manifest.entries["one.table.json"] is entry


async def test_a_table_below_media_tables_is_called_by_its_digest() -> None:
    draft = AsyncArtifact("data", "dataset")
    entry = await draft.add(Table(["a"], [[1]]), "media/tables/rows")
    assert len(entry.path) == len("media/tables/.table.json") + 20


async def test_what_is_no_object_is_refused() -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(TypeError, match=r"wandkit\.media"):
        await draft.add({"a": 1}, "one")  # type: ignore[arg-type]


async def test_a_version_takes_no_object_and_a_draft_has_none_yet(run: AsyncRun) -> None:
    draft = AsyncArtifact("data", "dataset")
    with pytest.raises(ArtifactNotLoggedError):
        await draft.get("one")
    logged = await log(run, {"labels": Classes([{"id": 1, "name": "tree"}])})
    with pytest.raises(ArtifactFinalizedError):
        await logged.add(Table(["a"]), "one")
