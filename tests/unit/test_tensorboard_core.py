"""Event files without a server: names, rows, marks, and what is wrong with a file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.tensorboard_file import EventFile
from wandkit._core.tensorboard_folder import EventFolder
from wandkit._core.tensorboard_name import TagNames, base_folder, is_event_file, media_name, namespace_of
from wandkit._core.tensorboard_receipt import SkippedTag, TensorboardReceipt
from wandkit._core.tensorboard_row import MARK, Marks, Place, RowMaker, write_mark
from wandkit._core.tensorboard_value import Converter, Skipped, Value
from wandkit.errors import ArgumentError

if TYPE_CHECKING:
    from tests.conftest import EventWriter

NAME = "events.out.tfevents.1.host"
names = st.text("abcdef0123456789", min_size=1, max_size=12)
places = st.builds(Place, st.integers(0, 2**40), st.integers(0, 99))


@pytest.mark.parametrize(
    ("folders", "namespaces"),
    [
        (["/a/logs"], ["logs"]),
        (["/a/logs/train", "/a/logs/validation"], ["train", "validation"]),
        (["/a/logs", "/a/logs/train"], ["logs", "logs/train"]),
        (["/a/logs/run1", "/a/logs/run2"], ["run1", "run2"]),
        (["/a/logs/x/y", "/a/logs/z"], ["x/y", "z"]),
        (["/a/logs/x/one", "/a/logs/x/two"], ["one", "two"]),
    ],
)
def test_namespaces_are_those_of_the_official_client(folders: list[str], namespaces: list[str]) -> None:
    base = base_folder(folders)
    assert [namespace_of(folder, base, "/a/logs") for folder in folders] == namespaces


def test_a_folder_outside_the_base_is_named_from_the_root() -> None:
    assert namespace_of("/a/logs/z", "/a/logs/x", "/a/logs") == "z"
    assert namespace_of("/b", "/a/logs/x", "/a/logs") == "b"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, True),
        ("events.out.tfevents", True),
        ("events.out.tfevents.1.host.v2", True),
        ("events.out.tfevents.1.host.profile-empty", False),
        ("events.out.tfevents.1.host.sagemaker-uploaded", False),
        ("mytfevents.txt", False),
    ],
)
def test_event_files_are_known_by_their_names(name: str, expected: bool) -> None:
    assert is_event_file(name) is expected


def test_a_tag_that_the_namespace_names_already_is_called_like_it_once() -> None:
    keys = TagNames("runs/loss_train")
    assert [keys.key(tag) for tag in ("loss", "other", "train", "loss")] == [
        "runs/loss_train",
        "runs/loss_train/other",
        "runs/loss_train/train",
        "runs/loss_train",
    ]


def test_tags_without_a_namespace_do_not_take_the_names_of_the_run() -> None:
    keys = TagNames("")
    assert [keys.key(tag) for tag in ("loss", "_step")] == ["loss", "tensorboard/_step"]


@pytest.mark.parametrize("key", ["../../etc", "/abs", "a/./b", "..", "", "a\\b", "sp ace/ü:*"])
def test_the_name_of_a_media_file_stays_in_its_folder(key: str) -> None:
    name = media_name("images", key, 3, "d" * 64, "png")
    parts = name.split("/")
    assert parts[:2] == ["media", "images"]
    assert not {"", ".", ".."} & {*parts}
    assert name.endswith(f"_3_{'d' * 20}.png")


@given(st.dictionaries(names, places, min_size=1), st.sampled_from([".", "..", "x/y;z", "a,b:c"]))
def test_marks_are_read_as_they_were_written(written: dict[str, Place], base: str) -> None:
    marks = Marks()
    marks.add(write_mark(written, base))
    assert (marks.places, marks.bases) == (written, dict.fromkeys(written, base))


def test_the_furthest_mark_of_a_file_counts() -> None:
    marks = Marks()
    for mark in ("a:10,b:5;.", "a:30.2;.", "a:20;.", None, 7, "nonsense"):
        marks.add(mark)
    assert marks.places == {"a": Place(30, 2), "b": Place(5)}


def rows_of(maker: RowMaker, *values: tuple[str, int, str]) -> list[dict[str, Any]]:
    """Return the rows of values given as file, step and key."""
    found = [
        finished.row
        for at, (file, step, key) in enumerate(values)
        for finished in maker.add(file, file, step, float(at), Value(key, "scalar", at), Place(at + 1))
    ]
    return found + [finished.row for finished in maker.finish()]


def test_values_of_a_step_make_one_row_and_a_second_one_where_a_key_comes_again() -> None:
    rows = rows_of(
        RowMaker(0, base=".", began=0.0), ("f", 1, "x"), ("g", 1, "x"), ("f", 1, "y"), ("g", 1, "y")
    )
    assert [{key: row[key] for key in ("_step", "x", "y")} for row in rows] == [
        {"_step": 1, "x": 0, "y": 2},
        {"_step": 2, "x": 1, "y": 3},
    ]
    assert [row[MARK] for row in rows] == ["f:3;.", "g:4;."]


def test_rows_of_a_step_without_end_do_not_pile_up() -> None:
    maker = RowMaker(0, base=".", began=0.0)
    most = 0
    count = 0
    for at in range(1000):
        count += len([*maker.add("f", "", 0, 0.0, Value("x", "scalar", at), Place(at))])
        most = max(most, at + 1 - count)
    assert most < 100
    assert count + len([*maker.finish()]) == 1000
    assert maker.next_step == 1000


def test_a_step_below_zero_gets_the_next_free_one() -> None:
    (row,) = rows_of(RowMaker(7, base=".", began=0.0), ("f", -3, "x"))
    assert (row["_step"], row["global_step"]) == (7, -3)


@pytest.mark.parametrize(
    ("cut", "words"),
    [(3, "truncated"), (20, "truncated"), (33, "truncated"), (35, "truncated")],
)
def test_a_file_that_ends_too_early_says_where(event_writer: EventWriter, cut: int, words: str) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(1, loss=2.0))
    path.write_bytes(path.read_bytes()[:-cut])
    file = EventFile(path, NAME)
    events = [*file.events()]
    assert len(events) == 2
    assert words in (file.fault or "")
    assert f"at byte {file.offset}," in (file.fault or "")


@pytest.mark.parametrize(("at", "words"), [(0, "length"), (9, "length"), (14, "checksum"), (-1, "checksum")])
def test_a_damaged_record_is_told_from_a_truncated_one(
    event_writer: EventWriter, at: int, words: str
) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    begins = path.stat().st_size
    event_writer.write(NAME, event_writer.scalars(1, loss=2.0), append=True)
    data = bytearray(path.read_bytes())
    data[begins + at if at >= 0 else at] ^= 0x55
    path.write_bytes(data)
    file = EventFile(path, NAME)
    assert len([*file.events()]) == 2
    assert (file.fault or "").startswith("corrupt")
    assert words in (file.fault or "")


def test_a_file_is_read_on_where_it_was_left(event_writer: EventWriter) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    file = EventFile(path, NAME)
    assert len([*file.events()]) == 2
    assert not file.has_more
    event_writer.write(NAME, event_writer.scalars(1, loss=2.0), append=True)
    assert file.has_more
    assert [event.step for event in file.events() if not isinstance(event, str)] == [1]


def test_a_record_that_is_still_being_written_is_read_once_it_is_whole(event_writer: EventWriter) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(1, loss=2.0))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    file = EventFile(path, NAME)
    assert len([*file.events()]) == 2
    assert (file.fault or "").startswith("truncated")
    path.write_bytes(whole)
    assert [event.step for event in file.events() if not isinstance(event, str)] == [1]
    assert (file.fault, file.offset) == (None, len(whole))


def test_a_file_that_goes_away_is_a_fault_of_that_file(event_writer: EventWriter) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    file = EventFile(path, NAME)
    assert len([*file.events()]) == 2
    path.unlink()
    assert file.has_more
    assert [*file.events()] == []
    assert (file.fault or "").startswith("it cannot be read")


def test_a_file_that_shrank_says_so(event_writer: EventWriter) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    file = EventFile(path, NAME)
    assert len([*file.events()]) == 2
    path.write_bytes(path.read_bytes()[:10])
    assert [*file.events()] == []
    assert "shrunk to 10 bytes" in (file.fault or "")


def test_two_files_of_one_name_are_told_apart_by_how_they_begin(event_writer: EventWriter) -> None:
    ids: set[str] = set()
    for wall in (1.0, 2.0):
        path = event_writer.write(f"{wall}/{NAME}", event_writer.scalars(0, wall, loss=1.0), append=True)
        file = EventFile(path, NAME)
        assert len([*file.events()]) == 1
        ids.add(file.id)
    assert len(ids) == 2


def test_a_histogram_with_too_many_bins_is_joined_and_loses_no_count(event_writer: EventWriter) -> None:
    buckets = [[float(at), float(at + 1), 1.0] for at in range(1100)]
    event = event_writer.event(0, event_writer.value("h", "histograms", tensor=buckets))
    (value,) = Converter("").convert(event)
    assert isinstance(value, Value)
    assert len(value.data["values"]) <= 512
    assert len(value.data["bins"]) == len(value.data["values"]) + 1
    assert sum(value.data["values"]) == 1100
    assert (value.data["bins"][0], value.data["bins"][-1]) == (0.0, 1100.0)


def test_what_a_tag_holds_is_remembered_from_its_first_value(event_writer: EventWriter) -> None:
    converter = Converter("")
    first = event_writer.event(0, event_writer.value("t", "text", tensor=[b"one"]))
    later = event_writer.event(1, event_writer.value("t", tensor=[b"two"]))
    kinds = [
        found.kind
        for event in (first, later)
        for found in converter.convert(event)
        if isinstance(found, Value)
    ]
    assert kinds == ["text", "text"]


def test_a_sync_that_ended_within_an_event_goes_on_within_it(event_writer: EventWriter) -> None:
    values = [event_writer.value(tag, simple_value=at) for at, tag in enumerate(("x", "x", "y"))]
    event_writer.write(NAME, event_writer.scalars(0, x=9.0), event_writer.event(1, *values))
    whole = EventFolder(event_writer.root)
    whole.begin(0, Marks())
    rows = whole.batch().rows
    assert [(row.get("logs/x"), row.get("logs/y")) for row in rows] == [(9.0, None), (0.0, None), (1.0, 2.0)]
    for sent in range(3):
        marks = Marks()
        for row in rows[:sent]:
            marks.add(row[MARK])
        rest = EventFolder(event_writer.root)
        rest.begin(rows[sent]["_step"], marks)
        assert rest.batch().rows == rows[sent:]
        assert rest.tally.known == sent


def test_hyperparameters_without_a_form_are_skipped_by_name(event_writer: EventWriter) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    started = SessionStartInfo()
    started.hparams["rates"].list_value.extend([float("nan")])
    content = HParamsPluginData(session_start_info=started).SerializeToString()
    event = event_writer.event(0, event_writer.value("start", "hparams", content))
    (found,) = Converter("").convert(event)
    assert isinstance(found, Skipped)
    assert "rates" in found.reason


def test_a_folder_that_was_not_begun_cannot_be_read(event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    with pytest.raises(ArgumentError, match="not been begun"):
        EventFolder(event_writer.root).batch()


def test_names_are_the_same_whether_files_are_there_first_or_come_later(
    event_writer: EventWriter,
) -> None:
    event_writer.root.mkdir()
    followed = EventFolder(event_writer.root)
    followed.begin(0, Marks())
    assert followed.batch().rows == []
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    followed.look()
    synced = EventFolder(event_writer.root)
    synced.begin(0, Marks())
    rows = followed.batch().rows
    assert [{**row, "_runtime": 0.0} for row in rows] == synced.batch().rows
    assert "logs/loss" in rows[0]


def test_a_link_back_to_a_folder_is_not_followed_for_ever(event_writer: EventWriter) -> None:
    event_writer.write(f"a/{NAME}", event_writer.scalars(0, loss=1.0))
    (event_writer.root / "a" / "back").symlink_to(event_writer.root, target_is_directory=True)
    folder = EventFolder(event_writer.root)
    folder.begin(0, Marks())
    assert len(folder.batch().rows) == 1


def test_a_large_file_is_read_in_batches_of_bounded_memory(event_writer: EventWriter) -> None:
    events = [event_writer.scalars(step, loss=step, other=step) for step in range(5000)]
    event_writer.write(NAME, *events)
    del events
    folder = EventFolder(event_writer.root)
    folder.begin(0, Marks())
    sizes = []
    tracemalloc.start()
    try:
        more = True
        while more:
            batch = folder.batch()
            sizes.append(len(batch.rows))
            more = batch.more
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 5000
    assert max(sizes) <= 1000
    assert peak < 16 << 20


def test_the_receipt_says_all_of_it_in_one_line() -> None:
    receipt = TensorboardReceipt(
        files=1, read=4, sent={"scalar": 2}, known=1, rows=2, skipped=(SkippedTag("f", "t", "why"),)
    )
    assert str(receipt) == "4 values in 1 file, 2 sent (2 scalar), 2 rows, 1 known already, 1 skipped"
    assert repr(receipt).startswith("<TensorboardReceipt incomplete: 4 values")
    assert str(receipt.skipped[0]) == "f: 't', 1 value: why"


def test_an_unreadable_path_is_a_failure_of_that_file_only(event_writer: EventWriter, tmp_path: Path) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    (event_writer.root / "events.out.tfevents.0.gone").symlink_to(tmp_path / "nowhere")
    folder = EventFolder(event_writer.root)
    folder.begin(0, Marks())
    assert len(folder.batch().rows) == 1
    (failure,) = folder.tally.receipt().failures
    assert failure.item == "events.out.tfevents.0.gone"
