"""Early termination: the brackets of hyperband, and which runs are asked to stop at them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from wandkit.server.sweep_early import brackets

if TYPE_CHECKING:
    from conftest import Caller, House

UPSERT = """mutation Upsert($input: UpsertSweepInput!) {
  upsertSweep(input: $input) { configValidationWarnings sweep { name } }
}"""
AGENT = """mutation Agent($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }"""
BEAT = """mutation Beat($id: ID!, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, runState: $runState}) { commands }
}"""


class Search:
    """A sweep of ada's, worked on by one agent for each run."""

    def __init__(self, ada: Caller, early: dict[str, Any], **more: Any) -> None:
        self.ada = ada
        self.project = f"p{uuid.uuid4().hex[:8]}"
        config = {
            "method": "random",
            "metric": {"name": "val.loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "early_terminate": {"type": "hyperband", **early},
            **more,
        }
        given = {"entityName": "ada", "projectName": self.project, "config": json.dumps(config)}
        made = ada.data(UPSERT, input=given)["upsertSweep"]
        self.warnings: list[str] = made["configValidationWarnings"]
        self.name: str = made["sweep"]["name"]
        self.agents: dict[str, str] = {}

    def start(self) -> str:
        """Start a run and return its name."""
        given = {"host": "box", "entityName": "ada", "projectName": self.project, "sweep": self.name}
        agent = self.ada.data(AGENT, input=given)["createAgent"]["agent"]["id"]
        name = str(self.beat(agent)[0]["run_id"])
        self.ada.upsert(self.project, name, entityName="ada", sweep=self.name)
        self.agents[name] = agent
        return name

    def log(self, run: str, *losses: float | str, offset: int = 0) -> list[str]:
        """Log values of the metric, and return which runs the agent is then told to stop."""
        lines = [
            json.dumps({"_step": offset + step, "val": {"loss": loss}}) for step, loss in enumerate(losses)
        ]
        body = {"files": {"wandb-history.jsonl": {"offset": offset, "content": lines}}}
        path = f"/files/ada/{self.project}/{run}/file_stream"
        assert self.ada.client.post(path, json=body).status_code == 200
        return [one["run_id"] for one in self.beat(self.agents[run], run) if one["type"] == "stop"]

    def end(self, run: str) -> None:
        """End a run and tell so."""
        path = f"/files/ada/{self.project}/{run}/file_stream"
        assert self.ada.client.post(path, json={"complete": True, "exitcode": 0}).status_code == 200
        self.beat(self.agents[run])

    def beat(self, agent: str, *running: str) -> list[dict[str, Any]]:
        """Send a heartbeat and return the commands."""
        state = json.dumps(dict.fromkeys(running, True))
        answer = self.ada.data(BEAT, id=agent, runState=state)
        found: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
        return found


@pytest.fixture
def ada(house: House) -> Caller:
    """Give the calls of ada."""
    return house.call("ada")


@pytest.mark.parametrize(
    ("early", "upto", "found"),
    [
        ({"min_iter": 3}, 100, [3, 9, 27, 81]),
        ({"min_iter": 3}, 2, []),
        ({"min_iter": 2, "eta": 1.5}, 7, [2, 3, 4, 6]),
        ({"max_iter": 27, "s": 2}, 100, [3, 9]),
        ({"max_iter": 27, "s": 2}, 8, [3]),
        ({"max_iter": 27, "s": 9}, 100, [1, 3, 9]),
    ],
)
def test_brackets_are_those_of_the_schedule(early: dict[str, Any], upto: int, found: list[int]) -> None:
    assert brackets(early, upto) == found


def test_a_run_that_others_outdid_by_a_bracket_is_stopped(ada: Caller) -> None:
    search = Search(ada, {"min_iter": 2})
    good, bad = search.start(), search.start()
    told = [search.log(good, 0.5, 0.4), search.log(bad, 0.9), search.log(bad, 0.8, offset=1)]
    assert told == [[], [], [bad]]
    assert search.warnings == []


def test_the_best_value_so_far_counts_and_the_goal_turns_it(ada: Caller) -> None:
    search = Search(ada, {"min_iter": 2}, metric={"name": "val.loss", "goal": "maximize"})
    first, second, third = search.start(), search.start(), search.start()
    told = [search.log(first, 0.5, 0.4), search.log(second, 0.6, 0.1), search.log(third, "NaN", 0.2)]
    assert told == [[], [], [third]]


def test_a_run_that_did_well_at_a_bracket_is_judged_again_by_strict_only(ada: Caller) -> None:
    told: list[list[str]] = []
    for strict in (False, True):
        search = Search(ada, {"min_iter": 1, "strict": strict})
        first, second = search.start(), search.start()
        assert search.log(first, 0.5) == []
        assert search.log(second, 0.4) == []
        told.append(search.log(first, 0.5, offset=1))
        assert told[-1] in ([], [first])
    assert [bool(found) for found in told] == [False, True]


def test_runs_that_ended_are_compared_with(ada: Caller) -> None:
    search = Search(ada, {"max_iter": 9, "s": 1})
    done, later = search.start(), search.start()
    search.log(done, 0.1)
    path = f"/files/ada/{search.project}/{done}/file_stream"
    lines = [json.dumps({"_step": step, "val": {"loss": 0.1}}) for step in (1, 2)]
    body = {"files": {"wandb-history.jsonl": {"offset": 1, "content": lines}}}
    assert ada.client.post(path, json=body).status_code == 200
    search.end(done)
    assert search.log(later, 0.3, 0.3, 0.3) == [later]


def test_without_a_metric_nothing_is_stopped_and_that_is_said(ada: Caller) -> None:
    search = Search(ada, {"min_iter": 1}, metric=None)
    assert "without a metric" in search.warnings[0]
    assert [search.log(search.start(), loss) for loss in (0.1, 0.9)] == [[], []]
