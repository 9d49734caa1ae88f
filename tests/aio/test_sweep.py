"""Sweeps: made, validated, steered, listed, worked on by agents."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncRun, AsyncSweep, F
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    InvalidRequestError,
    NotFoundError,
    PathError,
    UnsupportedError,
)
from wandkit.testing import Server

GRID: dict[str, Any] = {
    "method": "grid",
    "name": "first try",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.01]}, "layers": {"value": 3}},
}
CREATE_AGENT = """mutation CreateAgent($entity: String, $project: String, $sweep: String!) {
  createAgent(input: {host: "box", entityName: $entity, projectName: $project, sweep: $sweep}) {
    agent { id name }
  }
}"""
HEARTBEAT = """mutation Heartbeat($id: ID!, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: "{}", runState: $runState}) { commands }
}"""


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


async def register(api: AsyncApi, sweep: AsyncSweep) -> dict[str, str]:
    """Register an agent, as the official client does, and return its id and name."""
    variables = {"entity": sweep.entity, "project": sweep.project, "sweep": sweep.id}
    answer = await api.client.execute(CREATE_AGENT, variable_values=variables)
    found: dict[str, str] = answer["createAgent"]["agent"]
    return found


async def heartbeat(api: AsyncApi, agent: str, *running: str) -> list[dict[str, Any]]:
    """Send an agent's heartbeat and return what it is told to do."""
    state = json.dumps(dict.fromkeys(running, True))
    answer = await api.client.execute(HEARTBEAT, variable_values={"id": agent, "runState": state})
    found: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
    return found


async def work(api: AsyncApi, sweep: AsyncSweep) -> list[AsyncRun]:
    """Run a sweep to its end as one agent, and return its runs; the loss of each is its learning rate."""
    agent = await register(api, sweep)
    made: list[AsyncRun] = []
    commands = await heartbeat(api, agent["id"])
    while commands[0]["type"] == "run":
        run = await api.create_run(run_id=commands[0]["run_id"], project=sweep.project, entity=sweep.entity)
        await api.client.execute(
            """mutation Join($id: String, $sweep: String, $config: JSONString, $summary: JSONString) {
              upsertBucket(input: {id: $id, sweep: $sweep, config: $config, summaryMetrics: $summary,
                state: "finished"}) { bucket { id } } }""",
            variable_values={
                "id": run.storage_id,
                "sweep": sweep.id,
                "config": json.dumps(commands[0]["args"]),
                "summary": json.dumps({"loss": commands[0]["args"]["lr"]["value"]}),
            },
        )
        made.append(run)
        commands = await heartbeat(api, agent["id"])
    assert commands == [{"type": "exit"}]
    return made


async def test_a_created_sweep_says_what_it_is(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    assert (sweep.entity, sweep.project, sweep.name, sweep.state) == ("ada", project, "first try", "PENDING")
    assert (sweep.method, sweep.expected_run_count, sweep.run_count) == ("grid", 2, 0)
    assert sweep.config == GRID
    assert (sweep.best_loss, sweep.order) == (None, "+summary_metrics.loss")


async def test_a_sweep_is_found_by_every_form_of_its_path(api: AsyncApi, project: str) -> None:
    made = await api.create_sweep(GRID, project=project)
    forms = [
        f"ada/{project}/{made.id}",
        f"/ada/{project}/sweeps/{made.id}/",
        f"{project}/{made.id}",
        f"ada/{project}:{made.id}",
        made.url,
        f"https://wandb.ai/ada/{project}/sweeps/{made.id}?nw=1",
    ]
    found = [await api.sweep(form) for form in forms]
    assert {sweep.id for sweep in found} == {made.id}
    assert {tuple(sweep.path) for sweep in found} == {("ada", project, made.id)}


async def test_a_path_that_names_no_sweep_is_refused(api: AsyncApi) -> None:
    with pytest.raises(PathError, match="sweep"):
        await api.sweep("https://wandb.ai/ada/p/runs/abc")


async def test_a_missing_sweep_names_near_ones(api: AsyncApi, project: str) -> None:
    made = await api.create_sweep(GRID, project=project)
    with pytest.raises(NotFoundError, match=made.id):
        await api.sweep(f"ada/{project}/{made.id[:-1]}")


async def test_a_sweep_of_a_missing_project_says_so(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="sweeps/abc"):
        await api.sweep("ada/nowhere/abc")


async def test_get_returns_none_where_there_is_no_sweep(api: AsyncApi, project: str) -> None:
    await api.create_project(project)
    assert await AsyncSweep.get(api, "ada", project, "nothing") is None


async def test_get_orders_the_runs_of_a_sweep(api: AsyncApi, project: str) -> None:
    made = await api.create_sweep(GRID, project=project)
    runs = await work(api, made)
    sweep = await AsyncSweep.get(api, "ada", project, made.id, "-created_at")
    assert sweep is not None
    newest = await sweep.runs[0]
    assert newest.id == max(runs, key=lambda run: run.created_at).id


async def test_get_sends_no_document_of_ones_own(api: AsyncApi, project: str) -> None:
    with pytest.raises(ArgumentError, match=r"client\.execute"):
        await AsyncSweep.get(api, "ada", project, "x", query="query { viewer { id } }")  # type: ignore[arg-type]


async def test_from_path_returns_sweeps(api: AsyncApi, project: str) -> None:
    made = await api.create_sweep(GRID, project=project)
    found = await api.from_path(f"ada/{project}/sweeps/{made.id}")
    assert isinstance(found, AsyncSweep)
    assert found.id == made.id


async def test_a_grid_is_worked_on_to_its_end(api: AsyncApi, project: str) -> None:
    made = await api.create_sweep(GRID, project=project)
    runs = await work(api, made)
    sweep = await made.load(force=True)
    assert (sweep.state, sweep.run_count, sweep.best_loss) == ("FINISHED", 2, 0.01)
    listed = await sweep.runs.load_all()
    assert [run.id for run in listed] == [run.id for run in runs]


async def test_the_best_run_is_that_of_the_metric(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    runs = await work(api, sweep)
    best = await sweep.best_run()
    worst = await sweep.best_run(order="loss")
    assert (best.id, worst.id) == (runs[1].id, runs[0].id)


async def test_a_sweep_without_runs_has_no_best_one(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    assert await sweep.best_run() is None


async def test_without_a_metric_the_newest_run_is_best(api: AsyncApi, project: str) -> None:
    config = {key: value for key, value in GRID.items() if key != "metric"}
    sweep = await api.create_sweep(config, project=project)
    runs = await work(api, sweep)
    best = await sweep.best_run()
    assert (sweep.order, best.id) == (None, runs[-1].id)


async def test_a_random_sweep_ends_at_its_cap(api: AsyncApi, project: str) -> None:
    config = {"method": "random", "run_cap": 3, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    sweep = await api.create_sweep(config, project=project)
    runs = await work(api, sweep)
    assert (len(runs), sweep.expected_run_count) == (3, 3)


async def test_agents_are_listed_with_their_runs(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    runs = await work(api, sweep)
    agents = await sweep.agents()
    assert [(agent.host, agent.state, agent.total_runs) for agent in agents] == [("box", "FINISHED", 2)]
    listed = await agents[0].runs().load_all()
    assert [run.id for run in listed] == [run.id for run in runs]


async def test_agents_that_the_server_does_not_list_are_warned_about() -> None:
    with Server(max_page_size=1) as small:
        small.add_user("ada")
        async with small.async_api("ada") as api:
            sweep = await api.create_sweep(GRID, project="crowd")
            first = await register(api, sweep)
            second = await register(api, sweep)
            with pytest.warns(UserWarning, match="more agents than the 1"):
                agents = await sweep.agents()
            other = await sweep.agent(second["name"])
    assert ([agent.id for agent in agents], other.id) == ([first["id"]], second["id"])


async def test_an_agent_is_found_by_name_and_by_id(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    made = await register(api, sweep)
    by_name = await sweep.agent(made["name"])
    by_id = await sweep.agent(made["id"])
    assert (by_name.id, by_id.name) == (made["id"], made["name"])


async def test_a_missing_agent_says_so(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    with pytest.raises(NotFoundError, match="nobody"):
        await sweep.agent("nobody")


async def test_two_agents_get_different_points(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    first = await register(api, sweep)
    second = await register(api, sweep)
    one = await heartbeat(api, first["id"])
    other = await heartbeat(api, second["id"])
    assert {one[0]["args"]["lr"]["value"], other[0]["args"]["lr"]["value"]} == {0.1, 0.01}


async def test_a_point_whose_delivery_was_lost_is_sent_again(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    agent = await register(api, sweep)
    lost = await heartbeat(api, agent["id"])
    again = await heartbeat(api, agent["id"])
    assert lost == again


async def test_a_paused_sweep_hands_out_nothing_until_it_is_resumed(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    agent = await register(api, sweep)
    await sweep.pause()
    assert (sweep.state, await heartbeat(api, agent["id"])) == ("PAUSED", [])
    await sweep.resume()
    commands = await heartbeat(api, agent["id"])
    assert (sweep.state, commands[0]["type"]) == ("RUNNING", "run")


async def test_a_stopped_sweep_lets_runs_end(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    agent = await register(api, sweep)
    commands = await heartbeat(api, agent["id"])
    await sweep.stop()
    assert sweep.state == "FINISHED"
    assert await heartbeat(api, agent["id"], commands[0]["run_id"]) == []
    assert await heartbeat(api, agent["id"]) == [{"type": "exit"}]


async def test_a_cancelled_sweep_stops_its_runs(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    agent = await register(api, sweep)
    commands = await heartbeat(api, agent["id"])
    name = commands[0]["run_id"]
    await sweep.cancel()
    assert await heartbeat(api, agent["id"], name) == [{"type": "stop", "run_id": name}]
    assert await heartbeat(api, agent["id"]) == [{"type": "exit"}]


async def test_a_cancelled_sweep_cannot_be_resumed(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    await sweep.cancel()
    with pytest.raises(InvalidRequestError, match="canceled"):
        await sweep.resume()


async def test_a_queued_run_comes_before_the_search(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    name = await sweep.enqueue_run({"lr": 0.5}, display_name="by hand")
    queued = await api.run(f"ada/{project}/{name}")
    agent = await register(api, sweep)
    commands = await heartbeat(api, agent["id"])
    assert (queued.name, queued.state) == ("by hand", "pending")
    assert (commands[0]["run_id"], commands[0]["args"]) == (name, {"lr": {"value": 0.5}})


async def test_a_queued_run_needs_values_that_can_be_sent(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project)
    with pytest.raises(ArgumentError, match="lr"):
        await sweep.enqueue_run({"lr": object()})


async def test_a_server_that_takes_no_runs_by_hand_is_named(project: str) -> None:
    with Server(features=frozenset()) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            sweep = await api.create_sweep(GRID, project=project)
            with pytest.raises(UnsupportedError, match="SWEEPS_LOCAL_SCHEDULER"):
                await sweep.enqueue_run({"lr": 0.5})


async def test_a_server_that_cannot_filter_sweeps_is_named(project: str) -> None:
    with Server(features=frozenset()) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            made = await api.create_sweep(GRID, project=project)
            sweeps = await api.project(project).sweeps().load_all()
            assert [sweep.id for sweep in sweeps] == [made.id]
            with pytest.raises(UnsupportedError, match="SWEEPS_QUERY_FILTERING"):
                await api.project(project).sweeps(filters={"state": "RUNNING"}).load_all()


async def test_a_project_lists_its_sweeps(api: AsyncApi, project: str) -> None:
    made = [await api.create_sweep(GRID, project=project) for _ in range(3)]
    sweeps = api.project(project, "ada").sweeps(per_page=2, order="+createdAt")
    listed = await sweeps.load_all()
    assert [sweep.id for sweep in listed] == [sweep.id for sweep in made]
    assert await sweeps.count() == 3


async def test_sweeps_are_filtered(api: AsyncApi, project: str) -> None:
    first = await api.create_sweep(GRID, project=project)
    await api.create_sweep(GRID, project=project)
    await first.cancel()
    found = await api.project(project, "ada").sweeps(filters=F.state == "CANCELED").load_all()
    assert [sweep.id for sweep in found] == [first.id]


async def test_the_sweeps_of_listed_runs_cost_one_request(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    await work(api, sweep)
    await api.create_run(project=project)
    runs = await api.runs(f"ada/{project}", order="+created_at").load_all()
    module_server.requests.clear()
    found = [await run.sweep for run in runs]
    assert [one.id if one else None for one in found] == [sweep.id, sweep.id, None]
    assert len(module_server.requests) == 1


async def test_a_single_run_knows_its_sweep(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    runs = await work(api, sweep)
    run = await api.run(f"ada/{project}/{runs[0].id}")
    found = await run.sweep
    assert (run.sweep_name, found.id) == (sweep.id, sweep.id)


async def test_prior_runs_become_part_of_a_grid_that_skips_their_points(api: AsyncApi, project: str) -> None:
    config = {"lr": 0.1, "layers": 3, "other": 1}
    prior = await api.create_run(project=project, config=config)
    sweep = await api.create_sweep(GRID, project=project, prior_runs=[prior.id])
    runs = await work(api, sweep)
    assert len(runs) == 1
    assert await sweep.runs.count() == 2


async def test_a_deleted_sweep_is_gone_and_its_runs_stay(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    runs = await work(api, sweep)
    await sweep.delete()
    with pytest.raises(NotFoundError):
        await sweep.load(force=True)
    kept = await api.run(f"ada/{project}/{runs[0].id}")
    assert await kept.sweep is None


async def test_an_agent_of_a_deleted_sweep_hears_that_it_is_gone(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    agent = await register(api, sweep)
    await sweep.delete(delete_runs=True)
    with pytest.raises(NotFoundError):
        await heartbeat(api, agent["id"])


async def test_a_sweep_is_made_from_yaml_text_and_files(api: AsyncApi, project: str, tmp_path: Path) -> None:
    text = "method: grid\nparameters:\n  lr:\n    values: [1e-4, 5e-4]\n"
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    from_text = await api.create_sweep(text, project=project)
    from_file = await api.create_sweep(file, project=project)
    assert from_text.config == from_file.config
    assert from_text.config["parameters"]["lr"]["values"] == [0.0001, 0.0005]


@pytest.mark.parametrize("config", [None, 5, ["method: grid"], b"method: grid"])
async def test_what_is_no_configuration_is_refused(api: AsyncApi, project: str, config: Any) -> None:
    with pytest.raises(TypeError, match="mapping, YAML text or the path"):
        await api.create_sweep(config, project)


async def test_prior_runs_that_are_not_there_are_told(api: AsyncApi, project: str) -> None:
    with pytest.warns(UserWarning, match="of 2 runs, 0 were found"):
        await api.create_sweep(GRID, project, prior_runs=["nope", "gone"])
    with pytest.raises(TypeError, match="list of run ids, not 'nope'"):
        await api.create_sweep(GRID, project, prior_runs="nope")


async def test_the_configuration_may_name_the_project(api: AsyncApi, project: str) -> None:
    sweep = await api.create_sweep({**GRID, "project": project, "entity": "ada"})
    assert (sweep.entity, sweep.project) == ("ada", project)


async def test_a_bad_configuration_is_refused_before_it_is_sent(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    with pytest.raises(ArgumentError, match=r"parameters\.lr"):
        await api.create_sweep({"method": "grid", "parameters": {"lr": {"min": 0, "max": 0.5}}})
    assert module_server.requests == []


async def test_what_the_server_does_otherwise_is_told(api: AsyncApi, project: str) -> None:
    with pytest.warns(UserWarning, match="knows hyperband only"):
        await api.create_sweep({**GRID, "early_terminate": {"type": "envelope"}}, project=project)


async def test_a_grid_that_cannot_be_counted_is_refused(api: AsyncApi, project: str) -> None:
    config = {"method": "grid", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    with pytest.raises(InvalidRequestError, match="lr is uniform"):
        await api.create_sweep(config, project=project)


async def test_a_sweep_shows_itself_in_a_notebook_without_a_request(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    module_server.requests.clear()
    assert sweep.url in sweep.to_html()
    assert repr(sweep) == f"<Sweep ada/{project}/{sweep.id} (PENDING)>"
    assert module_server.requests == []


async def test_a_change_of_state_that_the_server_says_nothing_of_is_an_error(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    sweep = await api.create_sweep(GRID, project=project)
    with (
        module_server.fault(operation="UpdateSweepState", status=200, body={"data": {"upsertSweep": None}}),
        pytest.raises(AnswerError, match="PAUSED") as caught,
    ):
        await sweep.pause()
    assert (caught.value.operation, caught.value.host) == ("UpdateSweepState", module_server.url)
    assert "load(force=True)" in caught.value.next_step
