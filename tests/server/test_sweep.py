"""Sweeps over the wire: who may, what is refused, and points that go to one agent each."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House

UPSERT = """mutation Upsert($input: UpsertSweepInput!) {
  upsertSweep(input: $input) {
    inserted insertedPriorRuns configValidationWarnings
    sweep { id name state method config displayName description runCount runCountExpected bestLoss }
  }
}"""
AGENT = """mutation Agent($input: CreateAgentInput!) { createAgent(input: $input) { agent { id name } } }"""
BEAT = """mutation Beat($id: ID!, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, runState: $runState}) { agent { id } commands }
}"""
DELETE = """mutation Delete($ids: [ID!]!, $runs: Boolean!) {
  deleteSweeps(input: {ids: $ids, deleteRuns: $runs}) { affectedAgents affectedRuns }
}"""
READ = """query Read($entity: String, $project: String, $sweep: String!) {
  project(name: $project, entityName: $entity) {
    totalSweeps
    sweep(sweepName: $sweep) {
      state runCount runTime user { username }
      agents { edges { node { name state totalRuns sweep { name } } } }
      runs(order: "+created_at") { edges { node { name agent { name } sweep { name } } } }
      priorRuns { edges { node { name } } }
    }
  }
}"""
GRID = "method: grid\nmetric: {name: loss}\nparameters: {lr: {values: [1e-4, 2e-4]}}\n"
WORKER = """
import json, sys, httpx
url, key, agent, beat = sys.argv[1:]
client = httpx.Client(base_url=url, auth=("api", key), timeout=60)
print("ready", flush=True)
sys.stdin.readline()
found, names = [], 0
while True:
    answer = client.post("/graphql", json={"query": beat, "variables": {"id": agent, "runState": "{}"}})
    commands = json.loads(answer.json()["data"]["agentHeartbeat"]["commands"])
    if not commands:
        continue
    command = commands[0]
    if command["type"] == "exit":
        break
    found.append([command["run_id"], command["args"]["x"]["value"]])
    state = json.dumps({command["run_id"]: True})
    client.post("/graphql", json={"query": beat, "variables": {"id": agent, "runState": state}})
print(json.dumps(found))
"""


@pytest.fixture
def ada(house: House) -> Caller:
    """Give the calls of ada."""
    return house.call("ada")


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


def make(
    caller: Caller, project: str, config: str = GRID, entity: str = "ada", **more: Any
) -> dict[str, Any]:
    """Make a sweep and return it."""
    given = {"entityName": entity, "projectName": project, "config": config, **more}
    found: dict[str, Any] = caller.data(UPSERT, input=given)["upsertSweep"]
    return {**found.pop("sweep"), **found}


def register(caller: Caller, project: str, sweep: str, entity: str = "ada") -> str:
    """Register an agent and return its id."""
    given = {"host": "box", "entityName": entity, "projectName": project, "sweep": sweep}
    return str(caller.data(AGENT, input=given)["createAgent"]["agent"]["id"])


def beat(caller: Caller, agent: str, *running: str) -> list[dict[str, Any]]:
    """Send a heartbeat and return the commands."""
    state = json.dumps(dict.fromkeys(running, True))
    found: list[dict[str, Any]] = json.loads(
        caller.data(BEAT, id=agent, runState=state)["agentHeartbeat"]["commands"]
    )
    return found


def read(caller: Caller, project: str, sweep: str, entity: str = "ada") -> Any:
    """Return what the caller sees of a sweep."""
    return caller.data(READ, entity=entity, project=project, sweep=sweep)["project"]


def test_a_configuration_is_kept_as_it_was_sent(ada: Caller, project: str) -> None:
    made = make(ada, project, displayName="shown")
    assert (made["config"], made["displayName"], made["state"], made["inserted"]) == (
        GRID,
        "shown",
        "PENDING",
        True,
    )
    assert (made["runCountExpected"], made["configValidationWarnings"]) == (2, [])


def test_an_exponent_without_a_dot_reaches_the_run_as_a_number(ada: Caller, project: str) -> None:
    made = make(ada, project)
    agent = register(ada, project, made["name"])
    assert beat(ada, agent)[0]["args"] == {"lr": {"value": 0.0001}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("method: [", "not YAML"),
        ("just text", "must be a mapping"),
        ("parameters: {x: {value: 1}}", "method is missing"),
        ("method: grid\nparameters: {x: {min: 0.0, max: 1.0}}", "parameter x is uniform"),
    ],
)
def test_what_cannot_be_searched_is_refused(ada: Caller, project: str, config: str, said: str) -> None:
    given = {"entityName": "ada", "projectName": project, "config": config}
    status, message = ada.refusal(UPSERT, input=given)
    assert status == 400
    assert said in message


def test_what_is_done_otherwise_comes_as_a_warning(ada: Caller, project: str) -> None:
    config = "method: bayes\nmetric: {name: loss}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
    early = "early_terminate: {type: envelope}\n"
    made = make(ada, project, config + early)
    said = "\n".join(made["configValidationWarnings"])
    assert "this server knows hyperband only; the setting is ignored" in said


def test_a_member_works_on_a_sweep_of_the_team_and_a_viewer_only_looks(house: House, project: str) -> None:
    made = make(house.call("ada"), project, entity="lab")
    agent = register(house.call("bob"), project, made["name"], "lab")
    eve = house.call("eve")
    assert read(eve, project, made["name"], "lab")["sweep"]["state"] == "RUNNING"
    given = {"host": "box", "entityName": "lab", "projectName": project, "sweep": made["name"]}
    assert eve.refusal(AGENT, input=given)[0] == 403
    assert eve.refusal(BEAT, id=agent)[0] == 403
    assert eve.refusal(UPSERT, input={"id": made["id"], "state": "PAUSED"})[0] == 403
    assert eve.refusal(DELETE, ids=[made["id"]], runs=False)[0] == 403


def test_a_sweep_of_strangers_does_not_exist(house: House, project: str) -> None:
    made = make(house.call("ada"), project)
    agent = register(house.call("ada"), project, made["name"])
    mallory = house.call("mallory")
    assert read(mallory, project, made["name"]) is None
    assert mallory.refusal(UPSERT, input={"id": made["id"], "state": "PAUSED"})[0] == 404
    assert mallory.refusal(BEAT, id=agent)[0] == 404
    assert house.call(None).refusal(BEAT, id=agent)[0] == 401


def test_an_unknown_sweep_has_no_agents(ada: Caller, project: str) -> None:
    make(ada, project)
    given = {"host": "box", "entityName": "ada", "projectName": project, "sweep": "nothing"}
    status, message = ada.refusal(AGENT, input=given)
    assert (status, "nothing" in message) == (404, True)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (["PAUSED", "RUNNING", "FINISHED", "RUNNING"], True),
        (["CANCELED"], True),
        (["FINISHED", "PAUSED"], False),
        (["CANCELED", "RUNNING"], False),
        (["FINISHED", "CANCELED"], False),
        (["NONSENSE"], False),
    ],
)
def test_states_follow_each_other(ada: Caller, project: str, path: list[str], allowed: bool) -> None:
    made = make(ada, project)
    *first, last = path
    for state in first:
        ada.data(UPSERT, input={"id": made["id"], "state": state})
    if allowed:
        changed = ada.data(UPSERT, input={"id": made["id"], "state": last})["upsertSweep"]["sweep"]
        assert changed["state"] == last
    else:
        assert ada.refusal(UPSERT, input={"id": made["id"], "state": last})[0] == 400


def test_a_run_knows_its_sweep_and_its_agent(ada: Caller, project: str) -> None:
    made = make(ada, project)
    agent = register(ada, project, made["name"])
    name = beat(ada, agent)[0]["run_id"]
    ada.upsert(project, name, entityName="ada", sweep=made["name"])
    prior = ada.upsert(project, "before", entityName="ada", sweep=made["name"])
    found = read(ada, project, made["name"])["sweep"]
    runs = [edge["node"] for edge in found["runs"]["edges"]]
    agents = [edge["node"] for edge in found["agents"]["edges"]]
    assert [run["sweep"]["name"] for run in runs] == [made["name"]] * 2
    assert [run["agent"] for run in runs] == [{"name": agents[0]["name"]}, None]
    assert [edge["node"]["name"] for edge in found["priorRuns"]["edges"]] == [prior["name"]]
    assert (found["user"]["username"], found["runCount"], agents[0]["totalRuns"]) == ("ada", 2, 1)


def test_deleting_sweeps_says_what_it_touched(ada: Caller, project: str) -> None:
    made = make(ada, project)
    agent = register(ada, project, made["name"])
    name = beat(ada, agent)[0]["run_id"]
    ada.upsert(project, name, entityName="ada", sweep=made["name"])
    gone = ada.data(DELETE, ids=[made["id"]], runs=True)["deleteSweeps"]
    assert gone == {"affectedAgents": 1, "affectedRuns": 1}
    assert read(ada, project, made["name"]) == {"totalSweeps": 0, "sweep": None}
    assert ada.runs(project, "ada")["names"] == []


def test_a_run_that_is_asked_to_stop_is_stopped_by_its_agent(ada: Caller, project: str) -> None:
    made = make(ada, project)
    agent = register(ada, project, made["name"])
    name = beat(ada, agent)[0]["run_id"]
    run = ada.upsert(project, name, entityName="ada", sweep=made["name"])
    ada.data("mutation Stop($id: ID!) { stopRun(input: {id: $id}) { success } }", id=run["id"])
    assert beat(ada, agent, name) == [{"type": "stop", "run_id": name}]
    assert beat(ada, agent)[0]["type"] == "run"
    state = "query State($p: String!, $r: String!) { project(name: $p) { run(name: $r) { state } } }"
    assert ada.data(state, p=project, r=name) == {"project": {"run": {"state": "killed"}}}


def test_a_silent_agent_leaves_its_untried_point_to_another(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path, heartbeat_timeout_s=0.5) as server:
        server.add_user("ada")
        with server.api("ada") as api:
            sweep = api.create_sweep(GRID, project="p")
            variables = {"input": {"host": "box", "entityName": "ada", "projectName": "p", "sweep": sweep.id}}
            agents = [
                api.client.execute(AGENT, variable_values=variables)["createAgent"]["agent"]["id"]
                for _ in range(2)
            ]
            lost = _commands(api, agents[0])
            taken: list[dict[str, Any]] = []
            while not taken or taken[0]["args"] != lost[0]["args"]:
                taken = _commands(api, agents[1])
    assert taken[0]["run_id"] != lost[0]["run_id"]


def _commands(api: Any, agent: str) -> list[dict[str, Any]]:
    answer = api.client.execute(BEAT, variable_values={"id": agent, "runState": "{}"})
    found: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
    return found


@pytest.mark.parametrize(
    "config",
    [
        {"method": "grid", "parameters": {"x": {"min": 1, "max": 40}}},
        {"method": "random", "run_cap": 40, "parameters": {"x": {"min": 1, "max": 1000}}},
    ],
    ids=["grid", "random"],
)
def test_processes_that_pull_at_the_same_time_never_get_the_same_point(config: dict[str, Any]) -> None:
    with Server() as server:
        server.add_user("ada")
        with server.api("ada") as api:
            sweep = api.create_sweep(config, project="p")
            variables = {"input": {"host": "box", "entityName": "ada", "projectName": "p", "sweep": sweep.id}}
            agents = [
                api.client.execute(AGENT, variable_values=variables)["createAgent"]["agent"]["id"]
                for _ in range(3)
            ]
            taken = _pulled(server.url, server.key("ada"), agents)
            sweep.load(force=True)
    names = Counter(name for found in taken for name, _ in found)
    values = Counter(value for found in taken for _, value in found)
    assert (len(names), max(names.values()), len(values), max(values.values())) == (40, 1, 40, 1)
    assert sum(bool(found) for found in taken) >= 2
    assert sweep.state == "FINISHED"


def _pulled(url: str, key: str, agents: list[str]) -> list[list[tuple[str, Any]]]:
    """Let one process per agent pull points until there are none; return what each got."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, url, key, agent, BEAT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for agent in agents
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in processes]
