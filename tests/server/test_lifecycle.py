"""Run states: the rules by themselves, and silence as the server notices it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import update

from wandkit.server import lifecycle
from wandkit.server.model.run import Run
from wandkit.testing import Server

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def run_in(state: str) -> Run:
    return Run(name="r", state=state, stop_requested=False, heartbeat_at=LONG_AGO)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("pending", "running"),
        ("crashed", "running"),
        ("preempted", "running"),
        ("running", "running"),
        ("preempting", "preempting"),
        ("finished", "finished"),
        ("killed", "killed"),
    ],
)
def test_a_heartbeat_revives_what_was_given_up_and_nothing_that_ended(state: str, after: str) -> None:
    run = run_in(state)
    lifecycle.beat(run)
    assert run.state == after
    assert run.heartbeat_at > LONG_AGO


def test_a_run_that_is_being_preempted_ends_as_preempted() -> None:
    run = run_in("running")
    lifecycle.beat(run, preempting=True)
    lifecycle.finish(run, 1)
    assert run.state == "preempted"


def test_starting_anew_forgets_the_stop_request_and_the_exit_code() -> None:
    run = run_in("running")
    run.stop_requested = True
    lifecycle.finish(run, 1)
    lifecycle.start(run)
    assert (run.state, run.stop_requested, run.exit_code) == ("running", False, None)


class Silent:
    """A server with the run `p/r` whose last heartbeat is long ago."""

    def __init__(self, server: Server, state: str = "running") -> None:
        self.server = server
        key = server.add_user("ada")
        self.client = httpx.Client(base_url=server.url, auth=("api", key), timeout=60)
        self.ask('mutation { upsertBucket(input: {modelName: "p", name: "r"}) { inserted } }')
        with server.app.state.database.write() as session:
            session.execute(update(Run).values(heartbeat_at=LONG_AGO, state=state))

    def ask(self, query: str) -> str:
        """Return the body of an answer."""
        return self.client.post("/graphql", json={"query": query}).text


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(settle_interval_s=0.0) as server:
        yield server


def test_a_silent_run_counts_as_crashed_from_the_next_read_on(server: Server) -> None:
    assert '"state":"crashed"' in Silent(server).ask('{ project(name: "p") { run(name: "r") { state } } }')


def test_filters_know_that_a_silent_run_crashed(server: Server) -> None:
    document = """{ project(name: "p") { runCount(filters: "{\\"state\\": \\"crashed\\"}") } }"""
    assert '"runCount":1' in Silent(server).ask(document)


def test_a_silent_run_that_was_being_preempted_counts_as_preempted(server: Server) -> None:
    silent = Silent(server, "preempting")
    assert '"state":"preempted"' in silent.ask('{ project(name: "p") { run(name: "r") { state } } }')


def test_a_crashed_run_that_speaks_again_is_running(server: Server) -> None:
    silent = Silent(server, "crashed")
    silent.client.post("/files/ada/p/r/file_stream", json={})
    assert '"state":"running"' in silent.ask('{ project(name: "p") { run(name: "r") { state } } }')


def test_a_run_that_is_heard_of_in_time_goes_on(server: Server) -> None:
    silent = Silent(server)
    silent.client.post("/files/ada/p/r/file_stream", json={})
    assert '"state":"running"' in silent.ask('{ project(name: "p") { run(name: "r") { state } } }')
