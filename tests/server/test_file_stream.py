"""The file stream: lines by offset, summaries, states, and what is refused."""

from __future__ import annotations

import gzip
import json
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import Caller, House

RUN = """query Run($run: String!) { project(name: "stream") { run(name: $run) {
    state exitcode historyLineCount eventsLineCount logLineCount historyKeys summaryMetrics systemMetrics
    history events historyTail eventsTail lines: logLines { edges { node { line } } } } } }"""
NUMBERS = count()


class Stream:
    """One run and its stream."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.name = f"s{next(NUMBERS)}"
        caller.upsert("stream", self.name)

    @property
    def path(self) -> str:
        """Where the posts go."""
        return f"/files/ada/stream/{self.name}/file_stream"

    def post(self, **body: Any) -> httpx.Response:
        """Send one post."""
        return self.caller.client.post(self.path, json=body)

    def log(self, offset: int, *rows: Any, file: str = "wandb-history.jsonl") -> httpx.Response:
        """Send lines; rows that are no texts are encoded."""
        content = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        return self.post(files={file: {"offset": offset, "content": content}})

    def run(self) -> dict[str, Any]:
        """Return the run as the API shows it."""
        found: dict[str, Any] = self.caller.data(RUN, run=self.name)["project"]["run"]
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the history."""
        return [json.loads(row) for row in self.run()["history"]]


@pytest.fixture
def stream(ada: Caller) -> Stream:
    """Give a fresh run to stream to."""
    return Stream(ada)


def test_rows_come_back_as_sent(stream: Stream) -> None:
    rows = [{"_step": 0, "note": "é \u2028 \U0001f600"}, {"_step": 1, "nested": {"a": [1, None, True]}}]
    assert stream.log(0, *rows).json() == {"exitcode": None, "limits": {}}
    assert stream.rows() == rows


def test_a_chunk_that_is_sent_again_changes_nothing(stream: Stream) -> None:
    chunk = [{"_step": step, "loss": step} for step in range(5)]
    for _ in range(3):
        stream.log(0, *chunk)
    stream.log(3, *chunk[3:], {"_step": 5, "loss": 5})
    run = stream.run()
    assert [row["_step"] for row in stream.rows()] == [0, 1, 2, 3, 4, 5]
    assert run["historyLineCount"] == 6
    assert run["historyKeys"]["keys"]["loss"]["typeCounts"] == [{"type": "number", "count": 6}]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.integers(0, 50), min_size=1, max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=6),
)
def test_however_the_chunks_overlap_each_line_is_there_once(
    ada: Caller, steps: list[int], cuts: list[tuple[int, int]]
) -> None:
    stream = Stream(ada)
    rows = [{"_step": step, "line": line} for line, step in enumerate(steps)]
    for start, length in [*cuts, (0, len(rows)), *cuts]:
        chunk = rows[start : start + length]
        if chunk:
            stream.log(start, *chunk)
    run = stream.run()
    assert stream.rows() == sorted(rows, key=lambda row: (row["_step"], row["line"]))
    assert run["historyLineCount"] == len(rows)
    assert run["historyKeys"]["lastStep"] == max(steps)
    assert run["historyKeys"]["keys"]["line"]["typeCounts"] == [{"type": "number", "count": len(rows)}]


def test_a_new_writer_drops_the_rows_behind_the_first_that_differs(stream: Stream) -> None:
    stream.log(0, *({"_step": step, "old": step} for step in range(4)))
    stream.log(1, {"_step": 1, "new": 1})
    run = stream.run()
    assert stream.rows() == [{"_step": 0, "old": 0}, {"_step": 1, "new": 1}]
    assert run["historyLineCount"] == 2
    assert run["historyKeys"]["lastStep"] == 1
    assert run["historyKeys"]["keys"]["old"]["typeCounts"] == [{"type": "number", "count": 1}]


def test_bare_nan_and_infinity_become_texts(stream: Stream) -> None:
    stream.log(0, '{"_step": 0, "a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": [NaN]}')
    texts = {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": "Infinity", "e": ["NaN"]}
    assert stream.rows() == [{"_step": 0, **texts}]
    assert stream.run()["historyKeys"]["keys"]["a"]["typeCounts"] == [{"type": "number", "count": 1}]


def test_a_row_without_a_step_takes_its_place_in_the_stream(stream: Stream) -> None:
    stream.log(0, {"_step": 0, "a": 1}, {"a": 2}, {"_step": None, "a": 3}, {"_step": 3.0, "a": 4})
    assert [row["_step"] for row in stream.rows()] == [0, 1, 2, 3.0]


def test_the_index_of_keys_names_types_and_flattens_nested_rows(stream: Stream) -> None:
    histogram = {"_type": "histogram", "bins": [0, 1], "values": [2]}
    row = {"n": {"a": {"b": 1}}, "s": "x", "b": True, "l": [1], "z": None, "h": histogram, "e": {}}
    stream.log(0, {"_step": 0, **row})
    keys = stream.run()["historyKeys"]["keys"]
    types = {name: key["typeCounts"][0]["type"] for name, key in keys.items()}
    assert types == {
        "_step": "number", "n.a.b": "number", "s": "string", "b": "bool", "l": "list", "z": "nil",
        "h": "histogram", "e": "map",
    }  # fmt: skip


def test_a_falling_value_is_not_monotonic(stream: Stream) -> None:
    stream.log(0, {"_step": 0, "loss": 2, "n": 1}, {"_step": 1, "loss": 1.5, "n": 2})
    keys = stream.run()["historyKeys"]["keys"]
    assert (keys["loss"]["monotonic"], keys["n"]["monotonic"]) == (False, True)
    assert keys["loss"]["previousValue"] == 1.5


def test_the_summary_is_replaced_as_a_whole(stream: Stream) -> None:
    stream.log(0, '{"a": 1}', file="wandb-summary.json")
    stream.log(0, '{"loss": NaN, "best": {"x": 1}}', file="wandb-summary.json")
    summary = json.loads(stream.run()["summaryMetrics"])
    assert sorted(summary) == ["best", "loss"]
    assert summary["loss"] != summary["loss"]


def test_system_events_are_kept_and_their_last_values_shown(stream: Stream) -> None:
    events = [{"_timestamp": 1, "system.cpu": 10, "system.mem": 5}, {"_timestamp": 2, "system.cpu": 20}]
    stream.log(0, *events, file="wandb-events.jsonl")
    run = stream.run()
    assert [json.loads(row) for row in run["events"]] == events
    assert json.loads(run["systemMetrics"]) == {"system.cpu": 20, "system.mem": 5}


def test_console_lines_are_changed_in_place(stream: Stream) -> None:
    stream.log(0, "one\n", "two\n", "three\n", file="output.log")
    stream.log(1, "TWO\n", file="output.log")
    lines = [edge["node"]["line"] for edge in stream.run()["lines"]["edges"]]
    assert lines == ["one", "TWO", "three"]


def test_tails_are_what_a_resume_reads(stream: Stream) -> None:
    stream.log(0, *({"_step": step} for step in range(30)))
    tail = json.loads(stream.run()["historyTail"])
    assert json.loads(tail[-1]) == {"_step": 29}
    assert json.loads(stream.run()["eventsTail"]) == []


@pytest.mark.parametrize(
    ("body", "state", "exit_code"),
    [
        ({}, "running", None),
        ({"complete": True, "exitcode": 0}, "finished", 0),
        ({"complete": True, "exitcode": 3}, "failed", 3),
        ({"complete": True}, "finished", 0),
        ({"complete": True, "failed": True}, "failed", 1),
        ({"complete": False, "dropped": 0, "uploaded": ["a"]}, "running", None),
        ({"preempting": True}, "preempting", None),
    ],
)
def test_the_state_follows_the_post(
    stream: Stream, body: dict[str, Any], state: str, exit_code: int | None
) -> None:
    answer = stream.post(**body)
    assert (answer.json()["exitcode"], stream.run()["state"]) == (exit_code, state)


def test_a_run_that_shall_stop_is_told_so(stream: Stream, ada: Caller) -> None:
    stop = "mutation Stop($id: ID!) { stopRun(input: {id: $id}) { success } }"
    ada.data(stop, id=ada.upsert("stream", stream.name)["id"])
    assert stream.post().json()["stopped"] is True


def test_gzip_bodies_are_understood(stream: Stream) -> None:
    row = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0}']}}}
    body = gzip.compress(json.dumps(row).encode())
    answer = stream.caller.client.post(stream.path, content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    assert stream.rows() == [{"_step": 0}]


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", b"not gzip"), ("gzip", gzip.compress(b"{}", mtime=0)[:-6]), ("br", b"{}")]
)
def test_a_body_that_cannot_be_unpacked_is_refused(stream: Stream, encoding: str, body: bytes) -> None:
    answer = stream.caller.client.post(stream.path, content=body, headers={"Content-Encoding": encoding})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{", '{"files": []}', '{"files": {"output.log": 3}}',
        '{"files": {"output.log": {"offset": -1, "content": []}}}',
        '{"files": {"output.log": {"offset": 0, "content": [1]}}}',
        '{"files": {"output.log": {"offset": "0", "content": []}}}',
        '{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{"]}}}',
        '{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["[1]"]}}}',
        '{"files": {"wandb-summary.json": {"offset": 0, "content": ["[1]"]}}}',
    ],
)  # fmt: skip
def test_a_malformed_post_is_refused_with_its_reason_and_stores_nothing(stream: Stream, body: str) -> None:
    answer = stream.caller.client.post(stream.path, content=body.encode())
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert stream.rows() == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"files": null}', b'{"files": {"wandb-history.jsonl": {"content": []}}}']
)
def test_a_post_without_lines_is_a_heartbeat(stream: Stream, body: bytes) -> None:
    assert stream.caller.client.post(stream.path, content=body).json() == {"exitcode": None, "limits": {}}


def test_halves_of_surrogate_pairs_do_not_break_the_store(stream: Stream) -> None:
    body = b'{"files": {"output.log": {"offset": 0, "content": ["\\ud800!"]}}}'
    assert stream.caller.client.post(stream.path, content=body).status_code == 200
    assert stream.run()["lines"]["edges"][0]["node"]["line"] == "?!"


def test_who_may_not_write_is_refused_in_the_streams_own_words(house: House) -> None:
    house.call("bob").upsert("stream-team", "r", entityName="lab")
    path = "/files/lab/stream-team/r/file_stream"
    answers = {user: house.call(user).client.post(path, json={}) for user in ("bob", "eve", "mallory", None)}
    assert {user: answer.status_code for user, answer in answers.items()} == {
        "bob": 200, "eve": 403, "mallory": 404, None: 401,
    }  # fmt: skip
    assert answers["eve"].json() == {"error": "permission denied"}


def test_an_unknown_run_is_named(stream: Stream) -> None:
    answer = stream.caller.client.post("/files/ada/stream/nope/file_stream", json={})
    assert (answer.status_code, answer.json()) == (404, {"error": "run ada/stream/nope not found"})


def test_two_hundred_thousand_rows_are_stored_and_indexed(stream: Stream) -> None:
    for start in range(0, 200_000, 50_000):
        stream.log(start, *(f'{{"_step":{step},"loss":{step}}}' for step in range(start, start + 50_000)))
    run = stream.caller.data(
        """query Q($run: String!) { project(name: "stream") { run(name: $run) {
        historyLineCount historyKeys history(minStep: 199990, maxStep: 200000) } } }""",
        run=stream.name,
    )["project"]["run"]
    assert (run["historyLineCount"], run["historyKeys"]["lastStep"]) == (200_000, 199_999)
    assert len(run["history"]) == 10
