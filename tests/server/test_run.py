"""One run over HTTP: made, changed, stopped, deleted, brought back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House


def one(caller: Caller, project: str, name: str, fields: str) -> Any:
    document = f"query R($p: String, $n: String!) {{ project(name: $p) {{ run(name: $n) {{ {fields} }} }} }}"
    return caller.data(document, p=project, n=name)["project"]["run"]


def stream(house: House, project: str, run: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = house.call("ada").client.post(f"/files/ada/{project}/{run}/file_stream", json=body)
    decoded: dict[str, Any] = answer.json()
    return decoded


def test_a_new_run_makes_its_project_and_gets_a_name(ada: Caller) -> None:
    run = ada.upsert("fresh")
    assert run["inserted"] is True
    assert re.fullmatch(r"[a-z0-9]{8}", run["name"])
    assert re.fullmatch(r"[a-z]+-[a-z]+-1", run["displayName"])
    assert run["state"] == "running"


def test_null_leaves_fields_as_they_are(ada: Caller) -> None:
    fields = {"notes": "n", "groupName": "g", "jobType": "t", "tags": ["a"], "config": '{"k":{"value":1}}'}
    made = ada.upsert("nulls", "r", displayName="shown", host="h", commit="c", **fields)
    again = ada.upsert("nulls", "r", displayName=None, host=None, commit=None, **dict.fromkeys(fields))
    assert again == {**made, "inserted": False}


def test_a_run_is_changed_by_its_id(ada: Caller) -> None:
    run = ada.upsert("by-id", "r")
    ada.data("mutation U($i: UpsertBucketInput!) { upsertBucket(input: $i) { inserted } }",
             i={"id": run["id"], "notes": "changed", "tags": ["b", "b", "c"]})  # fmt: skip
    assert one(ada, "by-id", "r", "notes tags") == {"notes": "changed", "tags": ["b", "c"]}


def test_a_config_without_the_clients_own_part_keeps_that_part(ada: Caller) -> None:
    ada.upsert("own", "r", config='{"_wandb":{"value":{"t":{"1":[5]}}},"a":{"value":1}}')
    ada.upsert("own", "r", config='{"b":{"value":2}}')
    found = one(ada, "own", "r", 'config wandbConfig(keys: ["t"])')
    assert json.loads(found["config"]) == {"b": {"value": 2}, "_wandb": {"value": {"t": {"1": [5]}}}}
    assert json.loads(found["wandbConfig"]) == {"t": {"1": [5]}}


def test_summaries_come_back_as_they_were_sent_nan_included(ada: Caller) -> None:
    text = '{"loss": NaN, "best": -Infinity, "n": 1e5}'
    ada.upsert("odd", "r", summaryMetrics=text)
    assert one(ada, "odd", "r", "summaryMetrics")["summaryMetrics"] == text


def test_config_and_summary_are_projected_to_the_keys_asked_for(ada: Caller) -> None:
    ada.upsert("keys", "r", config='{"a":{"value":1},"b.c":{"value":2},"d":{"value":{"e":3}}}',
               summaryMetrics='{"x":1,"y":2}')  # fmt: skip
    found = one(ada, "keys", "r", 'config(keys: ["b.c", "d.e", "none"]) summaryMetrics(keys: ["y"])')
    assert json.loads(found["config"]) == {"b.c": {"value": 2}, "d": {"value": {"e": 3}}}
    assert json.loads(found["summaryMetrics"]) == {"y": 2}


@pytest.mark.parametrize("text", ["", "no", "[]", "3", '{"a":', "[" * 100_000])
def test_a_config_that_is_no_json_object_is_refused(ada: Caller, text: str) -> None:
    document = (
        'mutation U($c: JSONString) { upsertBucket(input: {modelName: "bad", config: $c}) { inserted } }'
    )
    status, message = ada.refusal(document, c=text)
    assert status == 400
    assert message.startswith("invalid config")


def test_a_config_beyond_the_limit_is_refused_in_the_servers_words(ada: Caller) -> None:
    document = (
        'mutation U($c: JSONString) { upsertBucket(input: {modelName: "big", config: $c}) { inserted } }'
    )
    text = json.dumps({"k": {"value": "x" * (15 * 1024 * 1024)}})
    assert ada.refusal(document, c=text) == (400, "run config cannot exceed 15 MB")


def test_the_project_page_names_user_and_number(ada: Caller) -> None:
    ada.upsert("who", "r")
    found = one(ada, "who", "r", "projectId user { name username } readOnly project { name }")
    assert found["user"] == {"name": "ada", "username": "ada"}
    assert int(found["projectId"]) > 0
    assert found["readOnly"] is False


def test_a_missing_run_is_null(ada: Caller) -> None:
    ada.upsert("some", "r")
    assert one(ada, "some", "none", "id") is None


def test_resume_status_of_an_unknown_run_has_no_bucket(ada: Caller) -> None:
    ada.upsert("res", "r")
    document = '{ model(name: "res") { bucket(name: "none", missingOk: true) { id } } }'
    assert ada.data(document) == {"model": {"bucket": None}}


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (3, "failed")])
def test_an_exit_code_ends_a_run(house: House, ada: Caller, code: int, state: str) -> None:
    ada.upsert("ends", f"r{code}")
    stream(house, "ends", f"r{code}", {"complete": True, "exitcode": code})
    assert one(ada, "ends", f"r{code}", "state exitcode") == {"state": state, "exitcode": code}


def test_a_stopped_run_hears_so_and_ends_as_killed(house: House, ada: Caller) -> None:
    run = ada.upsert("stops", "r")
    ada.data("mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }", id=run["id"])
    assert stream(house, "stops", "r", {})["stopped"] is True
    stream(house, "stops", "r", {"complete": True, "exitcode": 255})
    assert one(ada, "stops", "r", "state shouldStop") == {"state": "killed", "shouldStop": True}


def test_a_run_that_starts_anew_is_running_again(house: House, ada: Caller) -> None:
    ada.upsert("again", "r")
    stream(house, "again", "r", {"complete": True, "exitcode": 1})
    assert ada.upsert("again", "r")["state"] == "running"


def test_an_update_by_id_leaves_the_state_alone(house: House, ada: Caller) -> None:
    run = ada.upsert("still", "r")
    stream(house, "still", "r", {"complete": True, "exitcode": 0})
    ada.data("mutation U($i: UpsertBucketInput!) { upsertBucket(input: $i) { inserted } }",
             i={"id": run["id"], "notes": "later"})  # fmt: skip
    assert one(ada, "still", "r", "state")["state"] == "finished"


def test_a_run_can_be_made_pending_and_its_state_set(ada: Caller) -> None:
    run = ada.upsert("states", "r", state="pending")
    assert run["state"] == "pending"
    document = "mutation U($id: ID!, $s: String!) { updateRunState(input: {id: $id, state: $s}) { success } }"
    assert ada.data(document, id=run["id"], s="failed") == {"updateRunState": {"success": True}}
    assert one(ada, "states", "r", "state")["state"] == "failed"
    assert ada.refusal(document, id=run["id"], s="lost")[0] == 400


def test_the_id_of_a_deleted_run_is_not_used_again(ada: Caller) -> None:
    run = ada.upsert("gone", "r")
    ada.data("mutation D($id: ID!) { deleteRun(input: {id: $id, deleteArtifacts: true}) { __typename } }",
             id=run["id"])  # fmt: skip
    assert one(ada, "gone", "r", "id") is None
    document = 'mutation { upsertBucket(input: {modelName: "gone", name: "r"}) { inserted } }'
    assert ada.refusal(document) == (409, "run r was previously created and deleted; try a new run id")


def test_runs_are_deleted_by_filter_and_brought_back(ada: Caller) -> None:
    for name in ("a", "b", "c"):
        ada.upsert("bulk", name, groupName="x" if name != "c" else "y")
    document = """mutation %s($f: JSONString!) {
      %s(input: {entityName: "ada", projectName: "bulk", filters: $f}) { clientMutationId } }"""
    ada.data(document % ("D", "deleteRuns"), f='{"group": "x"}')
    assert ada.runs("bulk")["names"] == ["c"]
    ada.data(document % ("U", "undeleteRuns"), f='{"name": "a"}')
    assert sorted(ada.runs("bulk")["names"]) == ["a", "c"]


def test_tags_of_many_runs_change_at_once(ada: Caller) -> None:
    for name in ("a", "b"):
        ada.upsert("tagged", name, tags=["old", "kept"])
    ada.data(
        """mutation { modifyRuns(input: {entityName: "ada", projectName: "tagged", ids: ["a"],
             addTags: ["new"], removeTags: ["old"]}) { runs { name } } }"""
    )
    assert one(ada, "tagged", "a", "tags") == {"tags": ["kept", "new"]}
    assert one(ada, "tagged", "b", "tags") == {"tags": ["old", "kept"]}


def test_runs_move_to_another_project(ada: Caller) -> None:
    ada.upsert("here", "a")
    ada.data(
        """mutation { moveRuns(input: {sourceEntityName: "ada", sourceProjectName: "here", filters: "{}",
             destinationEntityName: "ada", destinationProjectName: "there"}) { clientMutationId } }"""
    )
    assert (ada.runs("here")["names"], ada.runs("there")["names"]) == ([], ["a"])


def test_a_finished_run_is_rewound_to_a_step(house: House, ada: Caller) -> None:
    ada.upsert("back", "r")
    lines = [json.dumps({"_step": step, "loss": 10 - step}) for step in range(6)]
    stream(house, "back", "r", {"files": {"wandb-history.jsonl": {"offset": 0, "content": lines}}})
    rewind = """mutation { rewindRun(input: {runName: "r", entityName: "ada", projectName: "back",
      metricName: "_step", metricValue: 2}) {
        rewoundRun { historyLineCount historyKeys summaryMetrics state } } }"""
    assert ada.refusal(rewind) == (400, "cannot rewind a run that is not in a terminal state")
    stream(house, "back", "r", {"complete": True, "exitcode": 0})
    run = ada.data(rewind)["rewindRun"]["rewoundRun"]
    assert (run["historyLineCount"], run["historyKeys"]["lastStep"], run["state"]) == (3, 2, "running")
    assert json.loads(run["summaryMetrics"])["loss"] == 8


def test_an_alert_reaches_the_servers_log(ada: Caller, caplog: pytest.LogCaptureFixture) -> None:
    ada.upsert("loud", "r")
    ada.data(
        """mutation { notifyScriptableRunAlert(input: {entityName: "ada", projectName: "loud", runName: "r",
             title: "Loss", text: "is up"}) { success } }"""
    )
    assert "alert of run ada/loud/r: 'Loss': 'is up'" in caplog.text
