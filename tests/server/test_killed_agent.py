"""An agent that is killed without warning gives back what it had taken and not begun."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from wandkit import Api
from wandkit.testing import Server

T = TypeVar("T")

POPPER = """
import sys
from wandkit import Api

url, key, name = sys.argv[1:]
item = Api({"base_url": url, "entity": "ada"}, api_key=key).run_queue("ada", name).pop()
print(item.id, flush=True)
sys.stdin.read()
"""
AGENT = "mutation CreateAgent($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }"
BEAT = """mutation Heartbeat($id: ID!, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, runState: $runState}) { commands }
}"""
SWEEPER = """
import json, sys
from wandkit import Api

url, key, sweep, register, beat = sys.argv[1:]
api = Api({"base_url": url, "entity": "ada"}, api_key=key)
place = {"host": "box", "entityName": "ada", "projectName": "p", "sweep": sweep}
agent = api.client.execute(register, variable_values={"input": place})["createAgent"]["agent"]["id"]
told = api.client.execute(beat, variable_values={"id": agent, "runState": "{}"})
print(told["agentHeartbeat"]["commands"], flush=True)
sys.stdin.read()
"""


@contextmanager
def agent(script: str, *arguments: str) -> Generator[str, None, None]:
    """Run an agent as a process; give the line that it prints, and kill it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def until(find: Callable[[], T | None]) -> T:
    """Ask until there is an answer, for two minutes at most."""
    deadline = monotonic() + 120
    while monotonic() < deadline:
        found = find()
        if found is not None:
            return found
    raise AssertionError("nothing was given back")


def test_a_queue_item_goes_to_another_agent_when_its_lease_ends(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path, queue_lease_s=1.0) as server:
        server.add_user("ada")
        with server.api("ada") as api:
            queue = api.create_run_queue("q", "local-process")
            pushed = queue.push({"job": "ada/p/j:v0"})
            with agent(POPPER, server.url, server.key("ada"), "q") as lost:
                assert lost == pushed.id
            found = until(queue.pop)
            found.acknowledge("begun")
            state = pushed.state
    assert (found.id, state) == (lost, "claimed")


def test_a_point_goes_to_another_agent_when_the_first_fell_silent(tmp_path: Path) -> None:
    config: dict[str, Any] = {"method": "grid", "parameters": {"x": {"values": [1]}}}
    with Server(data_dir=tmp_path, heartbeat_timeout_s=1.0) as server:
        server.add_user("ada")
        with server.api("ada") as api:
            sweep = api.create_sweep(config, project="p")
            with agent(SWEEPER, server.url, server.key("ada"), sweep.id, AGENT, BEAT) as lost:
                assert '"x": {"value": 1}' in lost
            other = registered(api, sweep.id)
            taken = until(lambda: commands(api, other))
    assert '"x": {"value": 1}' in taken
    assert taken != lost


def registered(api: Api, sweep: str) -> str:
    """Register another agent and return its id."""
    place = {"host": "box", "entityName": "ada", "projectName": "p", "sweep": sweep}
    made = api.client.execute(AGENT, variable_values={"input": place})
    return str(made["createAgent"]["agent"]["id"])


def commands(api: Api, agent_id: str) -> str | None:
    """Return what an agent is told, as text; None where it is to wait."""
    told = api.client.execute(BEAT, variable_values={"id": agent_id, "runState": "{}"})
    found = str(told["agentHeartbeat"]["commands"])
    return None if found == "[]" else found
