"""What type checkers see of sweeps, jobs, queues, users and teams, sync and async. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

from wandkit import (
    Agent,
    AgentRuns,
    Api,
    AsyncAgent,
    AsyncAgentRuns,
    AsyncApi,
    AsyncJob,
    AsyncMember,
    AsyncQueuedRun,
    AsyncQueuedRuns,
    AsyncRun,
    AsyncRunQueue,
    AsyncRuns,
    AsyncSweep,
    AsyncSweeps,
    AsyncTeam,
    AsyncUser,
    F,
    Job,
    Member,
    Organization,
    QueuedRun,
    QueuedRuns,
    Run,
    RunQueue,
    Runs,
    Sweep,
    SweepPath,
    Sweeps,
    Team,
    User,
)
from wandkit._core.organization import OrganizationEntity


def sweeps(api: Api) -> None:
    """Check a sweep and a listing of them."""
    sweep = api.sweep("e/p/s")
    assert_type(sweep, Sweep)
    assert_type(api.create_sweep({"method": "grid", "parameters": {}}, "p", "e", name="n"), Sweep)
    assert_type(api.create_sweep(Path("sweep.yaml"), prior_runs=["a"]), Sweep)
    assert_type(sweep.config, dict[str, Any])
    assert_type((sweep.id, sweep.storage_id, sweep.name, sweep.state), tuple[str, str, str, str])
    assert_type((sweep.method, sweep.url, sweep.path), tuple[str, str, list[str]])
    assert_type((sweep.display_name, sweep.description), "tuple[str | None, str | None]")
    assert_type((sweep.order, sweep.best_loss), "tuple[str | None, float | None]")
    assert_type((sweep.run_count, sweep.expected_run_count), "tuple[int, int | None]")
    assert_type((sweep.created_at, sweep.updated_at), "tuple[datetime, datetime | None]")
    assert_type(sweep.sweep_path, SweepPath)
    assert_type(sweep.runs, Runs)
    assert_type(sweep.best_run(), "Run | None")
    assert_type(sweep.best_run("-accuracy"), "Run | None")
    assert_type(sweep.load(force=True), Sweep)
    assert_type(sweep.enqueue_run({"lr": 0.1}, display_name="by hand"), str)
    assert_type(sweep.to_html(height=10, hidden=True), str)
    assert_type(Sweep.get(api, "e", "p", "s"), "Sweep | None")
    assert_type(api.project("p").sweeps(per_page=5, filters=F.state == "RUNNING", order="-createdAt"), Sweeps)
    assert_type(list(api.project("p").sweeps()), list[Sweep])
    assert_type(api.run("e/p/r").sweep, "Sweep | None")
    api.sweep(3)  # type: ignore[arg-type]


def steering(api: Api) -> None:
    """Check that changes give nothing back."""
    sweep = api.sweep("e/p/s")
    change = sweep.pause
    change = sweep.resume
    change = sweep.stop
    change = sweep.cancel
    change()
    sweep.delete(delete_runs=True)
    sweep.state = "RUNNING"  # type: ignore[misc]


def agents(api: Api) -> None:
    """Check the agents of a sweep and their runs."""
    sweep = api.sweep("e/p/s")
    assert_type(sweep.agents(), list[Agent])
    agent = sweep.agent("name")
    assert_type(agent, Agent)
    assert_type((agent.id, agent.name, agent.host, agent.total_runs), tuple[str, str, str, int])
    assert_type(agent.state, "str | None")
    assert_type((agent.created_at, agent.heartbeat_at), "tuple[datetime, datetime | None]")
    assert_type(agent.runs(per_page=5), AgentRuns)
    assert_type(list(agent.runs()), list[Run])


def jobs(api: Api) -> None:
    """Check a job."""
    job = api.job("e/p/j:latest", path="down")
    assert_type(job, Job)
    assert_type((job.name, job.folder, job.source_type), tuple[str, str, str])
    assert_type((job.source, job.input_types), tuple[dict[str, Any], dict[str, Any]])
    assert_type((job.entrypoint, job.requirements, job.runtime), "tuple[list[str], list[str], str | None]")
    job.set_entrypoint(["python", "train.py"])
    assert_type(job.call({"lr": 0.1}, "p", queue="q", priority=0), QueuedRun)
    assert_type(api.list_jobs("e", "p"), list[dict[str, Any]])
    job.call()  # type: ignore[call-arg]


def queues(api: Api) -> None:
    """Check queues and what waits in them."""
    queue = api.create_run_queue("q", "kubernetes", prioritization_mode="V0", config={"a": 1})
    assert_type(queue, RunQueue)
    assert_type(api.run_queue("e", "q"), RunQueue)
    assert_type(api.upsert_run_queue("q", {}, "kubernetes", external_links={"a": "b"}), RunQueue)
    assert_type((queue.id, queue.name, queue.entity, queue.access), tuple[str, str, str, str])
    assert_type((queue.prioritization_mode, queue.type), "tuple[str, str | None]")
    assert_type(queue.default_resource_config, dict[str, Any])
    assert_type(queue.template_variables, list[dict[str, Any]])
    assert_type(queue.external_links, dict[str, str])
    assert_type(queue.created_at, datetime)
    assert_type(queue.items, QueuedRuns)
    assert_type(iter(queue.items), Iterator[QueuedRun])
    assert_type(queue.push({"job": "j"}, {"cpu": 1}, 0), QueuedRun)
    assert_type(queue.pop(), "QueuedRun | None")
    queue.push(["job"])  # type: ignore[arg-type]


def waiting(api: Api) -> None:
    """Check a piece of queued work."""
    item = api.queued_run("e", "p", "q", "id", project_queue="model-registry", priority=1)
    assert_type(item, QueuedRun)
    assert_type((item.state, item.id, item.queue_name, item.project), tuple[str, str, str, str])
    assert_type((item.priority, item.last_state), "tuple[int | None, str | None]")
    assert_type(item.run_spec, dict[str, Any])
    assert_type(item.created_at, datetime)
    assert_type(item.wait_until_running(timeout=5), Run)
    assert_type(item.wait_until_finished(5, poll_s=0.1), Run)
    assert_type(item.fail("why", "agent", ["a.log"]), bool)
    item.acknowledge("run")
    item.delete()


def people(api: Api) -> None:
    """Check users."""
    user = api.create_user("ada@example.com", admin=True)
    assert_type(user, User)
    assert_type((user.id, user.name, user.username), "tuple[str, str | None, str | None]")
    assert_type((user.email, user.admin, user.entity), "tuple[str | None, bool | None, str | None]")
    assert_type((user.teams, user.api_keys), tuple[list[str], list[str]])
    assert_type(user.flags, dict[str, Any])
    assert_type(user.deleted_at, "datetime | None")
    assert_type(user.user_api, "Api | None")
    assert_type(user.generate_api_key("laptop"), str)
    assert_type(user.delete_api_key("name"), bool)
    assert_type(api.user("ada"), "User | None")
    assert_type(api.users("ada"), list[User])


def teams(api: Api) -> None:
    """Check teams, members and organizations."""
    team = api.create_team("crew", admin_username="ada")
    assert_type(team, Team)
    assert_type(api.team("crew"), Team)
    assert_type((team.id, team.name, team.default_access), tuple[str, str, str])
    assert_type((team.photo_url, team.avatar_url), "tuple[str | None, str | None]")
    assert_type((team.is_team, team.storage_bytes), tuple[bool, int])
    assert_type(team.entity_type, "str | None")
    assert_type(team.members, list[Member])
    assert_type(team.service_accounts, list[Member])
    assert_type(team.invite("bo@example.com", admin=True), bool)
    assert_type(team.remove("bo"), bool)
    assert_type(team.create_service_account("a machine"), Member)
    assert_type(team.load(force=True), Team)
    member = team.members[0]
    assert_type((member.id, member.name, member.admin, member.pending), tuple[str, str, bool, bool])
    assert_type((member.username, member.email, member.api_key), "tuple[str | None, str | None, str | None]")
    assert_type((member.account_type, member.photo_url), "tuple[str | None, str | None]")
    assert_type(member.delete(), bool)
    place = api.organization("org")
    assert_type(place, Organization)
    assert_type(place.org_entity, OrganizationEntity)
    assert_type((place.id, place.name, place.org_entity.name), tuple[str, str, str])
    assert_type(place.org_entity.entity_type, "str | None")
    place.name = "another"  # type: ignore[misc]


async def async_sweeps(api: AsyncApi) -> None:
    """Check the async side of sweeps and agents."""
    sweep = await api.sweep("e/p/s")
    assert_type(sweep, AsyncSweep)
    assert_type(sweep.config, dict[str, Any])
    assert_type(sweep.runs, AsyncRuns)
    assert_type(await sweep.best_run(), "AsyncRun | None")
    assert_type(await sweep.agents(), list[AsyncAgent])
    runs = (await sweep.agent("name")).runs()
    assert_type(runs, AsyncAgentRuns)
    assert_type(runs.__aiter__(), AsyncIterator[AsyncRun])
    assert_type(api.project("p").sweeps(), AsyncSweeps)
    run = await api.run("e/p/r")
    assert_type(await run.sweep, "AsyncSweep | None")


async def async_launch(api: AsyncApi) -> None:
    """Check the async side of jobs and queues."""
    job = await api.job("e/p/j:latest")
    assert_type(job, AsyncJob)
    assert_type(await job.call({}, queue="q"), AsyncQueuedRun)
    queue = await api.create_run_queue("q", "kubernetes")
    assert_type(queue, AsyncRunQueue)
    assert_type(await queue.id, str)
    assert_type(await queue.template_variables, list[dict[str, Any]])
    assert_type(queue.items, AsyncQueuedRuns)
    item = await queue.push({"job": "j"})
    assert_type(item, AsyncQueuedRun)
    assert_type(await item.state, str)
    assert_type(await item.wait_until_finished(5), AsyncRun)
    assert_type(await queue.pop(), "AsyncQueuedRun | None")


async def async_people(api: AsyncApi) -> None:
    """Check the async side of users, teams and organizations."""
    assert_type(await api.viewer, AsyncUser)
    user = await api.user("ada")
    assert_type(user, "AsyncUser | None")
    if user is not None:
        assert_type(await user.user_api, "AsyncApi | None")
        assert_type(await user.generate_api_key(), str)
    team = await api.team("crew")
    assert_type(team, AsyncTeam)
    assert_type(team.members, list[AsyncMember])
    assert_type(await team.create_service_account("a machine"), AsyncMember)
    assert_type(await api.organization(), Organization)
