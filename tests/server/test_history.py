"""Reading history: windows, samples, exports, console lines."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow.parquet
import pytest

from wandkit.server.history import sample
from wandkit.server.loglines import parse_line
from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House

NUMBERS = count()


class Logged:
    """One run with rows."""

    def __init__(self, caller: Caller, rows: list[dict[str, Any]]) -> None:
        self.caller = caller
        self.name = f"h{next(NUMBERS)}"
        caller.upsert("history", self.name)
        self.add(0, rows)

    def add(
        self, offset: int, rows: Sequence[dict[str, Any] | str], file: str = "wandb-history.jsonl"
    ) -> None:
        """Log rows from a line on."""
        content = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        body = {"files": {file: {"offset": offset, "content": content}}}
        answer = self.caller.client.post(f"/files/ada/history/{self.name}/file_stream", json=body)
        assert answer.status_code == 200

    def ask(self, fields: str, **variables: Any) -> Any:
        """Return fields of the run."""
        types = {"specs": "[JSONString!]!", "min": "Int64", "max": "Int64", "n": "Int", "c": "String"}
        declared = ", ".join(f"${name}: {types[name]}" for name in variables)
        project = 'project(name: "history")'
        document = f"query Ask($run: String! {declared}) {{ {project} {{ run(name: $run) {{ {fields} }} }} }}"
        return self.caller.data(document, run=self.name, **variables)["project"]["run"]

    def window(self, low: int | None, high: int | None, samples: int | None = None) -> list[int]:
        """Return the steps of a window."""
        rows = self.ask("history(minStep: $min, maxStep: $max, samples: $n)", min=low, max=high, n=samples)
        return [json.loads(row)["_step"] for row in rows["history"]]

    def sampled(self, **spec: Any) -> list[dict[str, Any]]:
        """Return the rows of one spec."""
        rows: list[dict[str, Any]] = self.ask("sampledHistory(specs: $specs)", specs=[json.dumps(spec)])[
            "sampledHistory"
        ][0]
        return rows


@pytest.fixture
def sparse(ada: Caller) -> Logged:
    """Give a run with gaps, a late key and a nested one."""
    return Logged(
        ada,
        [
            {"_step": 0, "loss": 1.0},
            {"_step": 5, "loss": 0.5, "acc": 0.1},
            {"_step": 10, "loss": "NaN", "acc": 0.2, "n": {"a": 1, "deep": {"b": 2}}},
            {"_step": 100, "acc": 0.3, "n.a": 7},
        ],
    )


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [
        (None, None, [0, 5, 10, 100]),
        (5, 100, [5, 10]),
        (0, 1, [0]),
        (11, 100, []),
        (-(10**30), 10**30, [0, 5, 10, 100]),
    ],
)
def test_a_window_has_its_first_step_and_not_its_last(
    sparse: Logged, low: int | None, high: int | None, steps: list[int]
) -> None:
    assert sparse.window(low, high) == steps


def test_a_window_is_thinned_out_only_above_samples(ada: Caller) -> None:
    run = Logged(ada, [{"_step": step} for step in range(100)])
    assert run.window(0, 100, 100) == list(range(100))
    assert run.window(0, 100, 5) == [0, 24, 49, 74, 99]
    assert len(run.window(None, None)) == 100


def test_rows_are_answered_in_step_order_whatever_the_order_of_the_lines(ada: Caller) -> None:
    assert Logged(ada, [{"_step": 2}, {"_step": 0}, {"_step": 1}]).window(None, None) == [0, 1, 2]


def test_a_sample_has_only_rows_with_every_key_and_only_those_keys(sparse: Logged) -> None:
    assert sparse.sampled(keys=["loss", "acc"]) == [{"loss": 0.5, "acc": 0.1}, {"loss": "NaN", "acc": 0.2}]


def test_both_ends_of_a_sample_are_included(sparse: Logged) -> None:
    rows = sparse.sampled(keys=["_step", "acc"], minStep=5, maxStep=100)
    assert [row["_step"] for row in rows] == [5, 10, 100]
    assert [row["_step"] for row in sparse.sampled(keys=["_step"], minStep=1, maxStep=9)] == [5]


def test_a_dotted_key_is_the_flat_one_or_the_nested_one(sparse: Logged) -> None:
    assert sparse.sampled(keys=["n.a"]) == [{"n.a": 1}, {"n.a": 7}]
    assert sparse.sampled(keys=["n.deep.b", "_step"]) == [{"n.deep.b": 2, "_step": 10}]


def test_samples_are_spread_evenly_with_both_ends(ada: Caller) -> None:
    run = Logged(ada, [{"_step": step, "x": step} for step in range(1000)])
    rows = run.sampled(keys=["x"], samples=4)
    assert [row["x"] for row in rows] == [0, 333, 666, 999]
    assert len(run.sampled(keys=["x"], samples=1000)) == 1000


def test_each_spec_has_its_own_rows(sparse: Logged) -> None:
    specs = [json.dumps({"keys": ["loss"]}), json.dumps({"keys": ["acc"]}), json.dumps({"keys": ["nope"]})]
    found = sparse.ask("sampledHistory(specs: $specs)", specs=specs)["sampledHistory"]
    assert [len(rows) for rows in found] == [3, 3, 0]


def test_a_spec_without_keys_has_no_rows(sparse: Logged) -> None:
    assert sparse.ask("sampledHistory(specs: $specs)", specs=["{}"])["sampledHistory"] == [[]]


@pytest.mark.parametrize(
    "spec", ["{", "[]", '{"keys": null}', '{"keys": "loss"}', '{"keys": ["a"], "samples": "many"}']
)
def test_a_malformed_spec_is_refused(sparse: Logged, spec: str) -> None:
    document = """query Bad($specs: [JSONString!]!, $run: String!) {
        project(name: "history") { run(name: $run) { sampledHistory(specs: $specs) } } }"""
    status, message = sparse.caller.refusal(document, run=sparse.name, specs=[spec])
    assert status == 400
    assert "invalid history spec" in message


@pytest.mark.parametrize("samples", [0, 1, 2, 3, 7, 10, 11, None])
def test_a_sample_is_ordered_distinct_and_never_more_than_asked_for(samples: int | None) -> None:
    rows = list(sample(range(10), samples))
    assert rows == sorted(set(rows))
    assert len(rows) == (10 if not samples else min(10, samples))
    assert 9 in rows


def test_a_run_without_an_export_is_live_only(sparse: Logged) -> None:
    found = sparse.ask('parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }')["parquetHistory"]
    assert found == {"parquetUrls": [], "liveData": [{"_step": step} for step in (0, 5, 10, 100)]}


def test_an_export_has_every_number_as_double_and_leaves_a_live_tail(house: House, sparse: Logged) -> None:
    house.server.export_history(f"ada/history/{sparse.name}", upto_step=10)
    live = 'parquetHistory(liveKeys: ["_step", "acc"]) { parquetUrls liveData }'
    found = sparse.ask(live)["parquetHistory"]
    table = pyarrow.parquet.read_table(io.BytesIO(httpx.get(found["parquetUrls"][0], timeout=60).content))
    assert found["liveData"] == [{"_step": 100, "acc": 0.3}]
    assert {name: str(table.schema.field(name).type) for name in ("_step", "loss", "acc")} == dict.fromkeys(
        ("_step", "loss", "acc"), "double"
    )
    assert table["_step"].to_pylist() == [0.0, 5.0, 10.0]
    assert [str(value) for value in table["loss"].to_pylist()] == ["1.0", "0.5", "nan"]
    assert table["acc"].to_pylist() == [None, 0.1, 0.2]


def test_a_second_export_takes_up_where_the_first_ended(house: House, sparse: Logged) -> None:
    for upto in (5, None):
        house.server.export_history(f"ada/history/{sparse.name}", upto_step=upto)
    found = sparse.ask('parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }')["parquetHistory"]
    steps = [
        pyarrow.parquet.read_table(io.BytesIO(httpx.get(url, timeout=60).content))["_step"].to_pylist()
        for url in found["parquetUrls"]
    ]
    assert steps == [[0.0, 5.0], [10.0, 100.0]]
    assert found["liveData"] == []


def test_an_export_can_take_the_rows_out_of_the_live_store(house: House, sparse: Logged) -> None:
    house.server.export_history(f"ada/history/{sparse.name}", upto_step=10, keep_rows=False)
    assert sparse.window(None, None) == [100]
    assert sparse.ask("historyLineCount")["historyLineCount"] == 4


def test_a_resumed_run_goes_on_behind_its_export(house: House, sparse: Logged) -> None:
    house.server.export_history(f"ada/history/{sparse.name}", keep_rows=False)
    sparse.add(4, [{"_step": 101, "acc": 0.4}])
    found = sparse.ask('parquetHistory(liveKeys: ["_step"]) { liveData } historyKeys historyLineCount')
    assert found["parquetHistory"]["liveData"] == [{"_step": 101}]
    assert (found["historyKeys"]["lastStep"], found["historyLineCount"]) == (101, 5)


def test_values_with_parts_survive_an_export(house: House, ada: Caller) -> None:
    histogram = {"_type": "histogram", "bins": [0.0, 1.0], "values": [2.0]}
    first = {"_step": 0, "h": histogram, "mixed": 1, "s": "x"}
    run = Logged(ada, [first, {"_step": 1, "mixed": "one", "b": True}])
    house.server.export_history(f"ada/history/{run.name}")
    url = run.ask('parquetHistory(liveKeys: ["_step"]) { parquetUrls }')["parquetHistory"]["parquetUrls"][0]
    rows = pyarrow.parquet.read_table(io.BytesIO(httpx.get(url, timeout=60).content)).to_pylist()
    assert rows[0]["h"] == histogram
    assert [row["mixed"] for row in rows] == ["1", '"one"']
    assert (rows[0]["s"], rows[1]["b"]) == ("x", True)


def test_ended_runs_are_exported_by_themselves_where_that_is_set() -> None:
    with Server(export_after_s=0, settle_interval_s=0.05) as server:
        server.add_user("ada")
        run = server.api("ada").create_run(project="p")
        run.log([{"loss": number} for number in range(5)])
        run.finish()
        document = """query Q($run: String!) { project(name: "p", entityName: "ada") { run(name: $run) {
            parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData } } } }"""
        deadline = time.monotonic() + 120
        while True:
            body = {"query": document, "variables": {"run": run.id}}
            answer = httpx.post(
                f"{server.url}/graphql", json=body, auth=("api", server.key("ada")), timeout=60
            ).json()
            found = answer["data"]["project"]["run"]["parquetHistory"]
            if found["parquetUrls"] or time.monotonic() > deadline:
                break
    assert len(found["parquetUrls"]) == 1
    assert found["liveData"] == []


def test_an_export_of_an_unknown_run_is_an_error(house: House) -> None:
    with pytest.raises(ValueError, match="no run ada/history/nope"):
        house.server.export_history("ada/history/nope")


def test_an_export_link_is_good_for_that_export_only(house: House, sparse: Logged) -> None:
    house.server.export_history(f"ada/history/{sparse.name}")
    exported = sparse.ask('parquetHistory(liveKeys: ["_step"]) { parquetUrls }')["parquetHistory"]
    url = exported["parquetUrls"][0]
    assert httpx.get(url.partition("?")[0], timeout=60).status_code == 403
    assert httpx.get(url, headers={"Range": "bytes=0-3"}, timeout=60).content == b"PAR1"


LINES = """logLines(first: $n, after: $c) { edges { cursor node { number line level label timestamp } }
           pageInfo { endCursor hasNextPage } }"""


def test_console_lines_come_in_pages_from_the_front(ada: Caller) -> None:
    run = Logged(ada, [])
    run.add(0, [f"line {number}" for number in range(5)], "output.log")
    first = run.ask(LINES, n=3, c=None)["logLines"]
    rest = run.ask(LINES, n=3, c=first["pageInfo"]["endCursor"])["logLines"]
    lines = [edge["node"]["line"] for edge in first["edges"] + rest["edges"]]
    assert lines == [f"line {number}" for number in range(5)]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_console_lines_come_in_pages_from_the_end(ada: Caller) -> None:
    run = Logged(ada, [])
    run.add(0, [f"line {number}" for number in range(5)], "output.log")
    shown = "edges { node { number } } pageInfo { startCursor hasPreviousPage }"
    last = run.ask(f"logLines(last: $n, before: $c) {{ {shown} }}", n=2, c=None)["logLines"]
    start = last["pageInfo"]["startCursor"]
    rest = run.ask(f"logLines(last: $n, before: $c) {{ {shown} }}", n=10, c=start)["logLines"]
    assert [edge["node"]["number"] for edge in rest["edges"] + last["edges"]] == [0, 1, 2, 3, 4]
    assert (last["pageInfo"]["hasPreviousPage"], rest["pageInfo"]["hasPreviousPage"]) == (True, False)


@pytest.mark.parametrize(
    ("text", "line", "level", "label", "moment"),
    [
        ("plain\n", "plain", "info", "", None),
        ("2024-05-01T10:00:00.123456 hello", "hello", "info", "", "2024-05-01T10:00:00.123456"),
        ("ERROR 2024-05-01T10:00:00 bad", "bad", "error", "", "2024-05-01T10:00:00"),
        ("ERROR without a moment", "ERROR without a moment", "info", "", None),
        ('{"ts":"2024-05-01","content":"hi","label":"rank 0","level":"error"}', "hi", "error", "rank 0",
         "2024-05-01"),
        ('{"loss": 1}', '{"loss": 1}', "info", "", None),
        ("{broken", "{broken", "info", "", None),
        ("", "", "info", "", None),
    ],
)  # fmt: skip
def test_a_console_line_tells_its_moment_and_level(
    text: str, line: str, level: str, label: str, moment: str | None
) -> None:
    parsed = parse_line(7, text)
    assert (parsed.number, parsed.line, parsed.level, parsed.label, parsed.timestamp) == (
        7, line, level, label, moment,
    )  # fmt: skip
