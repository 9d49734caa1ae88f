"""Objects of artifacts without an artifact: what tables hold, and the JSON of it."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import ArgumentError
from wandkit.media import Audio, Image, ImageMask, JoinedTable, Media, Table, read_object
from wandkit.media.column_type import ColumnType, infer, shown
from wandkit.media.image import image_size
from wandkit.media.object import entry_of, object_name, printed

TABLES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "manifests" / "tables"


class Nowhere:
    """A home that keeps nothing."""

    def put_file(self, media: Media) -> str:
        """Name the file."""
        return media.path or "file"

    def put_object(self, value: Any, name: str) -> tuple[str, str]:
        """Name the object."""
        return name, "digest"

    def has(self, name: str) -> bool:
        """Say yes."""
        return True


HOME = Nowhere()
PICTURE = b"GIF89a\1\0\1\0"
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)


def kinds(*values: object, **options: Any) -> str:
    """Return in words the type of a column that holds the values."""
    return shown(Table(["a"], [[value] for value in values], **options).column_types()["a"])


def test_real_tables_print_back_to_what_they_were() -> None:
    if not TABLES.exists():
        pytest.skip("the folder of real data is not here")
    texts = {path.name: path.read_bytes() for path in sorted(TABLES.glob("*.json"))}
    again = {name: printed(read_object(json.loads(text), name), HOME) for name, text in texts.items()}
    differing = {name for name in texts if again[name] != texts[name]}
    assert len(texts) > 10
    # Two were indented by hand.
    assert {name for name in differing if b"\n" not in texts[name]} == set()
    assert [json.loads(again[name]) for name in sorted(differing)] == [
        json.loads(texts[name]) for name in sorted(differing)
    ]


@given(st.lists(st.tuples(st.integers(), st.text(max_size=5), st.lists(PLAIN, max_size=2)), max_size=5))
def test_a_table_survives_the_way_to_json_and_back(rows: list[tuple[int, str, list[Any]]]) -> None:
    table = Table(["n", "s", "l"], rows, allow_mixed_types=True)
    text = printed(table, HOME)
    again = read_object(json.loads(text), "x.table.json")
    assert isinstance(again, Table)
    assert again.data == [[number, word, items] for number, word, items in rows]
    assert printed(again, HOME) == text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((), "None or Unknown"),
        ((None,), "None or Unknown"),
        ((1, 2.5, None), "None or Number"),
        (("a",), "None or String"),
        ((True,), "Boolean or None"),
        ((date(2024, 1, 2), datetime(2024, 1, 2)), "None or Timestamp"),
        (([1], [1, 2]), "None or Number[]"),
        (({"a": 1},), "None or {'a': Number}"),
        ((float("nan"), 1), "None or Number"),
        ((numpy.int64(1), numpy.float32(2)), "None or Number"),
        ((Audio(b"x"),), "Audio-file or None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "values",
)
def test_columns_have_the_types_of_their_values(values: tuple[object, ...], words: str) -> None:
    assert kinds(*values) == words


@pytest.mark.parametrize("row", ["ab", 1, None])
def test_a_row_that_is_no_list_is_refused(row: Any) -> None:
    with pytest.raises(ArgumentError, match=r"a row of a table is a list of values.* Give one for each of"):
        Table(["a", "b"], [row])


def test_values_that_do_not_go_together_are_refused_and_named() -> None:
    with pytest.raises(ArgumentError, match=r"row 1 of the column 'a' is String.*None or Number"):
        kinds(1, "b")
    with pytest.raises(ArgumentError, match="row 0"):
        kinds(None, optional=False)
    assert kinds(1, "b", allow_mixed_types=True) == "Any or None"


@pytest.mark.parametrize("value", [object(), 1j, b"x"], ids=["object", "complex", "bytes"])
def test_a_cell_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ArgumentError, match="cannot hold"):
        printed(Table(["a"], [[value]]), HOME)


def test_a_frame_becomes_a_table_and_a_table_a_frame() -> None:
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"], 3: [True, False]})
    table = Table(dataframe=frame)
    assert (table.columns, table.data) == (["a", "b", 3], [[1, "x", True], [2, "y", False]])
    assert table.to_pandas().to_dict("list") == frame.to_dict("list")


def test_arrays_are_written_as_lists() -> None:
    fields = json.loads(printed(Table(["a"], [[numpy.array([1.5, 2.5])]]), HOME))
    assert fields["data"] == [[[1.5, 2.5]]]


def test_columns_come_and_go_by_name() -> None:
    table = Table(["a"], [[1], [2]])
    table.add_column("b", ["x", "y"])
    assert (table.get_column("b"), list(table.iterrows()), len(table)) == (
        ["x", "y"],
        [(0, [1, "x"]), (1, [2, "y"])],
        2,
    )
    with pytest.raises(ArgumentError, match="has a column 'b' already"):
        table.add_column("b", [1, 2])
    with pytest.raises(ArgumentError, match="2 rows, the column 1 values"):
        table.add_column("c", [1])
    with pytest.raises(ArgumentError, match="no column 'z'"):
        table.get_column("z")
    with pytest.raises(ArgumentError, match="has 2 values, not 1"):
        table.add_data(1)


def test_a_time_is_the_same_after_the_way_back() -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=timezone.utc)
    text = printed(Table(["t"], [[moment]]), HOME)
    again = read_object(json.loads(text), "")
    assert isinstance(again, Table)
    assert (again.data, json.loads(text)["data"]) == ([[moment]], [[1714979289123]])


def test_a_column_of_images_says_which_layers_they_have() -> None:
    plain: ColumnType = infer(Image(PICTURE))
    assert plain["params"]["box_score_keys"] == {"wb_type": "const", "params": {"val": [], "is_set": True}}
    box = {"position": {}, "class_id": 1, "scores": {"s": 1}}
    marked = Image(PICTURE, boxes={"b": {"box_data": [box], "class_labels": {1: "tree"}}})
    both = Table(["p"], [[Image(PICTURE)], [marked]]).column_types()["p"]["params"]["allowed_types"][0]
    assert both["params"]["box_layers"]["params"]["val"] == {"b": [1]}
    assert both["params"]["class_map"]["params"]["val"] == {"1": "tree"}


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"GIF89a\x03\x00\x02\x00", (3, 2)),
        (b"BM" + bytes(16) + b"\x03\0\0\0\xfe\xff\xff\xff", (3, 2)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x02\x00\x03", (3, 2)),
        (b"RIFF", None),
        (b"", None),
    ],
    ids=["gif", "bmp", "jpeg", "other", "empty"],
)
def test_the_size_of_a_picture_is_read_from_its_head(head: bytes, size: tuple[int, int] | None) -> None:
    assert image_size(head) == size


def test_names_end_in_the_type_once() -> None:
    assert object_name("a", "table") == object_name("a.table.json", "table") == "a.table.json"
    entries = {"a.table.json": 1, "b.hologram.json": 2, "c/d.mask.json": 3, "e.json": 4}
    assert [entry_of(name, entries) for name in ("a", "a.table.json", "b", "c", "c/d", "z")] == [
        "a.table.json",
        "a.table.json",
        "b.hologram.json",
        None,
        "c/d.mask.json",
        None,
    ]


def test_a_join_needs_one_column_or_two() -> None:
    with pytest.raises(ArgumentError, match="join_key"):
        JoinedTable("a.table.json", "b.table.json", ["a"])
    with pytest.raises(ArgumentError, match=r"\.table\.json"):
        JoinedTable("a", "b.table.json", "k")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"log_mode": "X"}, "'IMMUTABLE' or 'MUTABLE' or 'INCREMENTAL', not 'X'"),
        ({"columns": ["a", "b", "a"]}, "come twice: a"),
        ({"columns": [1, "1"]}, "come twice: 1"),
        ({"columns": "abc"}, "list of names, not 'abc'"),
        ({"columns": [None]}, "a text or a number, not None"),
        ({"columns": ["a"], "data": 5}, "list of rows, not int"),
        ({"dataframe": [1]}, "frame of pandas, not list"),
        ({"dataframe": pandas.DataFrame([[1, 2]], columns=["a", "a"])}, "come twice: a"),
    ],
    ids=["mode", "twice", "twice in JSON", "text", "no name", "number", "list", "frame"],
)
def test_what_makes_no_table_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        Table(**options)


def test_columns_and_rows_may_come_from_numpy_and_pandas() -> None:
    frame = pandas.DataFrame({"a": [1, 2], "b": [3, 4]})
    numbered = Table(numpy.array([0, 1]), numpy.array([[1, 2]]))
    table = Table(frame.columns, frame.to_numpy())
    assert (table.columns, table.data) == (["a", "b"], [[1, 3], [2, 4]])
    assert json.loads(printed(numbered, HOME))["columns"] == [0, 1]


def test_a_table_whose_columns_share_a_name_is_read_as_it_is() -> None:
    found = read_object({"_type": "table", "columns": ["a", "a"], "data": [[1, 2]]})
    assert isinstance(found, Table)
    assert (found.columns, found.data) == (["a", "a"], [[1, 2]])


@pytest.mark.parametrize("content", [b"", b"abc", b"\x89PNG", b"<html>"], ids=repr)
def test_bytes_that_are_no_picture_are_refused(content: bytes) -> None:
    with pytest.raises(ArgumentError, match="is no picture"):
        Image(content)


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (
            numpy.zeros((2, 2)),
            {},
            "Image is made from the path of a file or from its bytes, not from ndarray",
        ),
        (None, {}, "not from NoneType"),
        (PICTURE, {"masks": {"m": PICTURE}}, "'m' is an ImageMask, not bytes"),
        (PICTURE, {"boxes": {"b": {}}}, "'b'.*box_data"),
        (PICTURE, {"boxes": {"b": 5}}, "'b'.*box_data"),
        (PICTURE, {"classes": [{"id": 1}]}, "an id and a name"),
        (PICTURE, {"classes": [5]}, "an id and a name, not 5"),
    ],
    ids=["array", "none", "mask", "boxes", "number", "class", "no class"],
)
def test_what_makes_no_image_is_refused(source: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        Image(source, **options)


def test_a_mask_is_a_picture() -> None:
    with pytest.raises(ArgumentError, match="what the bytes hold is no picture"):
        ImageMask(b"abc")


def test_what_a_frame_lacks_is_none() -> None:
    table = Table(dataframe=pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64")}))
    assert (table.data, kinds(*table.get_column("a"))) == ([[1], [None]], "None or Number")


def test_a_file_that_is_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("notes")
    with pytest.raises(ArgumentError, match=r"notes\.png.* is no picture: it begins with b'notes'.*width"):
        Image(path)
    assert Image(path, width=2, height=1).width == 2


@pytest.mark.parametrize("content", [b"RIFF\0\0\0\0WEBPVP8 ", b"MM\0*", b"<?xml?><svg/>"], ids=repr)
def test_a_picture_whose_size_is_not_read_has_none(content: bytes) -> None:
    assert Image(content).width is None


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no file"):
        Audio(tmp_path / "none.wav")
    with pytest.raises(ArgumentError, match="not on this machine"):
        Media.of({"_type": "audio-file", "path": "a"}).read_bytes()
