"""The file_stream protocol: lines are numbered, requests may be repeated, nothing is lost or doubled."""

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core import filestream
from wandkit._core.filestream import (
    EVENTS,
    HISTORY,
    OUTPUT,
    SUMMARY,
    Chunk,
    FileStream,
    StreamStart,
    encode_row,
    merge_summary,
)
from wandkit.errors import ArgumentError


class Server:
    """Stores lines by their numbers, as a server does; may lose answers."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[int, str]] = {}

    def take(self, chunk: Chunk) -> None:
        """Store what a request holds."""
        for name, part in chunk.body.get("files", {}).items():
            stored = self.lines.setdefault(name, {})
            for number, line in enumerate(part["content"], start=part["offset"]):
                stored[number] = line

    def rows(self, name: str = HISTORY) -> list[Any]:
        """Return the decoded lines in order; they have to be without gaps."""
        stored = self.lines.get(name, {})
        assert sorted(stored) == list(range(len(stored)))
        return [json.loads(stored[number]) for number in sorted(stored)]


def stream(start: StreamStart | None = None) -> FileStream:
    """Return a stream whose clock stands still."""
    return FileStream(start or StreamStart(), now=lambda: 1000.0)


def send_all(lines: FileStream, server: Server) -> int:
    """Send everything and return the number of requests."""
    requests = 0
    while (chunk := lines.next_chunk()) is not None:
        server.take(chunk)
        lines.acknowledge(chunk)
        requests += 1
    return requests


def test_rows_get_their_step_and_times() -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1})
    lines.log({"a": 2})
    send_all(lines, server)
    assert server.rows() == [
        {"a": 1, "_timestamp": 1000.0, "_runtime": 0.0, "_step": 0},
        {"a": 2, "_timestamp": 1000.0, "_runtime": 0.0, "_step": 1},
    ]


def test_an_open_row_is_not_sent_before_it_is_complete() -> None:
    lines = stream()
    lines.log({"a": 1}, 4)
    assert lines.next_chunk() is None
    assert lines.pending == 1
    assert not lines.sendable
    lines.commit()
    assert lines.sendable


def test_a_row_without_a_step_joins_the_open_row_and_completes_it() -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1}, 4)
    lines.log({"b": 2})
    send_all(lines, server)
    assert [(row["_step"], row["a"], row["b"]) for row in server.rows()] == [(4, 1, 2)]
    assert lines.step == 5


def test_a_row_may_bring_its_step_along() -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1, "_step": 7})
    lines.commit()
    send_all(lines, server)
    assert server.rows()[0]["_step"] == 7


def test_a_step_that_is_behind_is_dropped() -> None:
    lines = stream()
    assert lines.log({"a": 1}, 4)
    assert not lines.log({"a": 2}, 3)
    assert lines.dropped == 1


@pytest.mark.parametrize("row", [{"b": "\ud800"}, {"_timestamp": "now"}, {"_timestamp": float("nan")}])
def test_a_row_that_is_refused_leaves_the_open_row_alone(row: dict[str, Any]) -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1}, 4)
    with pytest.raises(ArgumentError):
        lines.log(row, 4)
    lines.commit()
    send_all(lines, server)
    assert [(row["_step"], row["a"]) for row in server.rows()] == [(4, 1)]


def test_a_value_that_holds_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(ArgumentError, match="'ring'"):
        stream().log({"ring": ring})


def test_a_console_line_that_is_no_unicode_is_sent_all_the_same() -> None:
    lines, server = stream(), Server()
    lines.print_text("caf\udce9", error=False)
    send_all(lines, server)
    assert server.lines["output.log"][0].endswith(" caf?")


def test_a_console_line_that_is_no_text_is_refused() -> None:
    with pytest.raises(ArgumentError, match="bytes"):
        stream().print_text(b"x", error=False)  # type: ignore[arg-type]


def test_lines_go_on_where_the_server_is() -> None:
    start = StreamStart.of(
        history=3,
        events=2,
        output=1,
        index={"lastStep": 9},
        tail=None,
        summary='{"a": "NaN", "_runtime": 50}',
    )
    lines, server = stream(start), Server()
    lines.log({"a": 1})
    lines.log_system({"cpu": 2})
    lines.print_text("hello")
    chunk = lines.next_chunk()
    assert chunk is not None
    files = chunk.body["files"]
    assert [files[name]["offset"] for name in (HISTORY, EVENTS, OUTPUT, SUMMARY)] == [3, 2, 1, 0]
    row = json.loads(files[HISTORY]["content"][0])
    assert (row["_step"], row["_runtime"]) == (10, 50.0)
    server.take(chunk)
    assert server.lines[OUTPUT][1].endswith(" hello")


def test_the_step_after_the_tail_is_next_where_there_is_no_index() -> None:
    start = StreamStart.of(
        history=1, events=None, output=None, index=None, tail='["{\\"_step\\": 4}"]', summary=None
    )
    assert start.next_step == 5


@pytest.mark.parametrize("summary", ["null", "[]", ""])
def test_an_odd_summary_is_none(summary: str) -> None:
    start = StreamStart.of(history=0, events=0, output=0, index=None, tail=None, summary=summary)
    assert dict(start.summary) == {}
    assert start.next_step == 0


def test_requests_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filestream, "LARGEST_CHUNK_BYTES", 1000)
    lines, server = stream(), Server()
    for number in range(100):
        lines.log({"a": number, "text": "x" * 50})
    lines.log({"text": "x" * 5000})
    assert send_all(lines, server) > 10
    assert len(server.rows()) == 101


def test_the_summary_is_sent_when_it_changed() -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1})
    send_all(lines, server)
    assert server.rows(SUMMARY) == [{"a": 1, "_timestamp": 1000.0, "_runtime": 0.0, "_step": 0}]
    lines.print_text("x")
    chunk = lines.next_chunk()
    assert chunk is not None
    assert SUMMARY not in chunk.body["files"]


def test_the_summary_says_how_long_the_run_took() -> None:
    lines, server = stream(StreamStart(runtime_s=12.5)), Server()
    lines.log({"a": 1}, 0)
    lines.close()
    send_all(lines, server)
    assert server.rows(SUMMARY)[0]["_wandb"] == {"runtime": 12}
    assert len(server.rows()) == 1


def test_the_last_request_ends_the_run() -> None:
    assert stream().final_chunk(3).body == {"complete": True, "exitcode": 3}


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("log"), st.integers(0, 30) | st.none()),
            st.tuples(st.sampled_from(["send", "lose", "system", "print", "commit"]), st.none()),
        ),
        max_size=40,
    )
)
def test_lost_answers_neither_lose_nor_double_a_line(actions: list[tuple[str, int | None]]) -> None:
    lines, server = stream(), Server()
    taken = system = printed = 0
    for action, step in actions:
        if action == "log":
            taken += lines.log({f"k{taken}": taken}, step)
        elif action == "system":
            lines.log_system({"n": system})
            system += 1
        elif action == "print":
            lines.print_text(str(printed))
            printed += 1
        elif action == "commit":
            lines.commit()
        elif (chunk := lines.next_chunk()) is not None:
            server.take(chunk)
            if action == "send":
                lines.acknowledge(chunk)
    lines.commit()
    send_all(lines, server)
    rows = server.rows()
    assert [row["_step"] for row in rows] == sorted({row["_step"] for row in rows})
    assert sorted(value for row in rows for key, value in row.items() if key[0] == "k") == list(range(taken))
    assert [row["system.n"] for row in server.rows(EVENTS)] == list(range(system))
    assert [line.split()[-1] for _, line in sorted(server.lines.get(OUTPUT, {}).items())] == [
        str(number) for number in range(printed)
    ]
    assert lines.pending == 0


def test_an_acknowledgement_that_comes_twice_changes_nothing() -> None:
    lines, server = stream(), Server()
    lines.log({"a": 1})
    chunk = lines.next_chunk()
    assert chunk is not None
    lines.acknowledge(chunk)
    lines.log({"a": 2})
    lines.acknowledge(chunk)
    server.take(chunk)
    send_all(lines, server)
    assert [row["a"] for row in server.rows()] == [1, 2]


def test_numbers_that_are_not_finite_are_texts_on_the_wire() -> None:
    assert (
        encode_row({"a": math.nan, "b": [math.inf, {"c": -math.inf}]})
        == '{"a":"NaN","b":["Infinity",{"c":"-Infinity"}]}'
    )


def test_the_summary_merges_nested_values_leaf_by_leaf() -> None:
    summary: dict[str, Any] = {"a": {"b": 1, "c": {"d": 2}}, "h": {"_type": "histogram", "values": [1]}}
    merge_summary(summary, {"a": {"c": {"d": 3}}, "h": {"_type": "histogram", "values": [2]}, "n": 1})
    assert summary == {"a": {"b": 1, "c": {"d": 3}}, "h": {"_type": "histogram", "values": [2]}, "n": 1}


def test_merging_does_not_touch_what_was_logged() -> None:
    row = {"a": {"b": 1}}
    summary: dict[str, Any] = {}
    merge_summary(summary, row)
    merge_summary(summary, {"a": {"b": 2}})
    assert row == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, 2), [1, 2]),
        ({3}, [3]),
        ({1: "x"}, {"1": "x"}),
        (date(2024, 1, 2), "2024-01-02"),
        (Decimal("1.5"), "1.5"),
    ],
)
def test_values_become_what_json_has(value: Any, plain: Any) -> None:
    lines, server = stream(), Server()
    lines.log({"v": value})
    send_all(lines, server)
    assert server.rows()[0]["v"] == plain


class Tensor:
    """What a tensor of torch looks like from here."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def detach(self) -> Tensor:
        """Leave the graph."""
        return self

    def cpu(self) -> Tensor:
        """Leave the device."""
        return self

    def numpy(self) -> Any:
        """Return the value as numpy has it."""
        import numpy

        return numpy.array(self.value)


@pytest.mark.parametrize(("value", "plain"), [(1.5, 1.5), ([1, 2], [1, 2])])
def test_tensors_are_unpacked(value: Any, plain: Any) -> None:
    lines, server = stream(), Server()
    lines.log({"v": Tensor(value)})
    send_all(lines, server)
    assert server.rows()[0]["v"] == plain


@pytest.mark.parametrize("row", [[1], "text", {1: 2}, None])
def test_what_is_no_row_is_refused(row: Any) -> None:
    with pytest.raises(ArgumentError):
        stream().log(row)


def test_steps_of_numpy_are_steps() -> None:
    import numpy

    lines = stream()
    assert lines.log({"a": 1}, numpy.int64(3))  # type: ignore[arg-type]
    assert lines.step == 3
