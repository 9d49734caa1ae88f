"""Automations fire: each event, once, in its scope, if its filter holds."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from automating import CREATE, UPDATE, automate, project_id, run_event, wanted
from conftest import Caller
from receiver import Receiver
from shelf import Shelf

from wandkit.testing import Server

ALL_STATES = run_event(run_state_filter={"states": ["RUNNING", "FINISHED", "FAILED"]})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server with the users ada and bob and the team lab of an organization."""
    with Server() as server:
        for name in ("ada", "bob"):
            server.add_user(name)
        server.add_organization("inc")
        server.add_team("lab", {"ada": "admin"}, organization="inc")
        yield server


@dataclass(frozen=True)
class Scene:
    """A project of the test's own, and who acts in it."""

    server: Server
    caller: Caller
    project: str
    scope: str

    def fired(self, *names: str) -> list[Any]:
        """Return the facts that automations fired with in this project, or those facts of these names."""
        log = [entry for entry in self.server.deliveries() if entry.facts["project_name"] == self.project]
        if not names:
            return [dict(entry.facts) for entry in log]
        return [tuple(entry.facts.get(name) for name in names) for entry in log]

    def automations(self) -> list[str]:
        """Return the names of the automations that fired in this project, in order."""
        log = self.server.deliveries()
        return [entry.automation for entry in log if entry.facts["project_name"] == self.project]

    def watch(self, event: str, filter: Any = None, **fields: Any) -> Any:
        """Make an automation of this project that does nothing but note that it fired."""
        return automate(self.caller, fields.pop("scopeID", self.scope), event, filter or {}, **fields)

    def stream(self, run: str, *rows: dict[str, Any], offset: int = 0, **post: Any) -> None:
        """Post rows of history to a run."""
        lines = [json.dumps({"_step": offset + number, **row}) for number, row in enumerate(rows)]
        files = {"wandb-history.jsonl": {"offset": offset, "content": lines}} if lines else {}
        path = f"/files/lab/{self.project}/{run}/file_stream"
        assert self.caller.client.post(path, json={"files": files, **post}).status_code == 200

    def run(self, name: str = "r1", **fields: Any) -> str:
        """Make a run, or change it; return its id."""
        made: str = self.caller.upsert(self.project, name, entityName="lab", **fields)["id"]
        return made


@pytest.fixture
def scene(server: Server, call_on: Callable[[Server, str], Caller]) -> Scene:
    """Give a project of the team lab."""
    name = f"p{uuid.uuid4().hex[:8]}"
    caller = call_on(server, "ada")
    return Scene(server, caller, name, project_id(caller, "lab", name))


def test_a_run_fires_when_it_starts_and_when_it_finishes(scene: Scene) -> None:
    scene.watch("RUN_STATE", ALL_STATES)
    scene.run()
    scene.stream("r1", exitcode=0)
    assert scene.fired("event_type", "run_id", "run_state", "event_author") == [
        ("RUN_STATE", "r1", "running", "ada"),
        ("RUN_STATE", "r1", "finished", "ada"),
    ]


def test_a_state_that_stays_fires_nothing(scene: Scene) -> None:
    scene.run()
    scene.watch("RUN_STATE", ALL_STATES)
    scene.run(notes="still here")
    scene.stream("r1", {"loss": 1})
    assert scene.fired() == []


def test_only_the_wanted_states_fire(scene: Scene) -> None:
    scene.watch("RUN_STATE", run_event(run_state_filter={"states": ["FAILED"]}))
    for name, code in (("good", 0), ("bad", 1)):
        scene.run(name)
        scene.stream(name, exitcode=code)
    assert scene.fired("run_id", "run_state") == [("bad", "failed")]


def test_a_killed_run_fires_nothing(scene: Scene) -> None:
    scene.watch("RUN_STATE", run_event(run_state_filter={"states": ["FINISHED", "FAILED"]}))
    number = scene.run()
    scene.caller.data(
        'mutation K($id: ID!) { updateRunState(input: {id: $id, state: "killed"}) { success } }', id=number
    )
    assert scene.fired() == []


def test_a_run_that_went_silent_counts_as_failed(call_on: Callable[[Server, str], Caller]) -> None:
    settings: dict[str, Any] = {"heartbeat_timeout_s": 0.2, "settle_interval_s": 0.05}
    with Receiver() as receiver, Server(allow_private_webhooks=True, **settings) as server:
        server.add_user("ada")
        ada = call_on(server, "ada")
        hook = server.add_integration("ada", "hook", receiver.url)
        failed = run_event(run_state_filter={"states": ["FAILED"]})
        automate(ada, project_id(ada, "ada", "p"), "RUN_STATE", failed, hook=hook)
        ada.upsert("p", "r1")
        assert receiver.next().json["run_state"] == "crashed"


def test_a_filter_of_runs_limits_which_fire(scene: Scene) -> None:
    scene.watch("RUN_STATE", run_event({"$and": [{"display_name": {"$contains": "big"}}]}, **_finished()))
    for name in ("big-1", "small-1"):
        scene.run(name, displayName=name)
        scene.stream(name, exitcode=0)
    assert scene.fired("run_name") == [("big-1",)]


def test_a_disabled_automation_does_not_fire(scene: Scene) -> None:
    scene.watch("RUN_STATE", ALL_STATES, enabled=False)
    scene.run()
    assert scene.fired() == []


def test_runs_of_other_projects_do_not_fire(scene: Scene) -> None:
    scene.watch("RUN_STATE", ALL_STATES)
    scene.caller.upsert("elsewhere", "r1", entityName="lab")
    assert scene.fired() == []


def test_a_whole_team_is_watched(scene: Scene) -> None:
    team = scene.caller.data('{ entity(name: "lab") { id } }')["entity"]["id"]
    name = f"team {scene.project}"
    made = scene.watch("RUN_STATE", ALL_STATES, scopeID=team, scopeType="ENTITY", name=name)
    scene.run()
    scene.caller.data(UPDATE, input={"id": made["id"], "enabled": False})
    assert scene.automations() == [name]


def test_what_a_refused_request_did_fires_nothing(scene: Scene) -> None:
    scene.watch("RUN_STATE", ALL_STATES)
    refused = {"modelName": scene.project, "name": "r1", "entityName": "lab", "state": "exploded"}
    answer = scene.caller.post(
        "mutation U($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }", input=refused
    )
    assert "errors" in answer.json()
    assert scene.fired() == []


def _finished() -> dict[str, Any]:
    return {"run_state_filter": {"states": ["FINISHED"]}}


def above(threshold: float, **more: Any) -> dict[str, Any]:
    """Return the filter of a metric above a threshold."""
    condition = {"name": "loss", "cmp_op": "$gt", "threshold": threshold, **more}
    return run_event(run_metric_filter={"threshold_filter": condition})


def losses(*values: float) -> list[dict[str, Any]]:
    """Return rows of history."""
    return [{"loss": value} for value in values]


def test_a_metric_fires_each_time_it_crosses_the_threshold(scene: Scene) -> None:
    scene.watch("RUN_METRIC", above(3))
    scene.run()
    scene.stream("r1", *losses(1, 4, 5, 2, 9))
    assert scene.fired("metric_name", "metric_value") == [("loss", 4.0), ("loss", 9.0)]


def test_rows_that_are_sent_twice_fire_once(scene: Scene) -> None:
    scene.watch("RUN_METRIC", above(3))
    scene.run()
    for _ in range(2):
        scene.stream("r1", *losses(1, 4))
    assert scene.fired("metric_value") == [(4.0,)]


def test_a_window_goes_over_posts_and_is_full_before_it_counts(scene: Scene) -> None:
    scene.watch("RUN_METRIC", above(3, agg_op="AVERAGE", window_size=3))
    scene.run()
    for step, value in enumerate((9, 9, 1, 1, 1, 9)):
        scene.stream("r1", *losses(value), offset=step)
    assert scene.fired("metric_values") == [([9.0, 9.0, 1.0],), ([1.0, 1.0, 9.0],)]


def test_what_was_logged_before_counts_in_the_window(scene: Scene) -> None:
    scene.run()
    scene.stream("r1", *losses(8, 8))
    scene.watch("RUN_METRIC", above(3, agg_op="MIN", window_size=3))
    scene.stream("r1", *losses(5), offset=2)
    assert scene.fired("metric_values") == [([8.0, 8.0, 5.0],)]


def test_a_condition_that_held_before_the_automation_fires_nothing(scene: Scene) -> None:
    scene.run()
    scene.stream("r1", *losses(8))
    scene.watch("RUN_METRIC", above(3))
    scene.stream("r1", *losses(9), offset=1)
    assert scene.fired() == []


def test_a_rewound_run_is_seen_anew(scene: Scene) -> None:
    scene.watch("RUN_METRIC", above(3))
    scene.run()
    scene.stream("r1", *losses(1, 4), exitcode=0)
    scene.caller.data(
        """mutation R($p: String!) { rewindRun(input: {
          entityName: "lab", projectName: $p, runName: "r1", metricName: "_step", metricValue: 0}) {
          rewoundRun { id } } }""",
        p=scene.project,
    )
    scene.stream("r1", *losses(7), offset=1)
    assert scene.fired("metric_value") == [(4.0,), (7.0,)]


def test_a_change_fires(scene: Scene) -> None:
    condition = {"name": "loss", "change_type": "RELATIVE", "change_dir": "DECREASE", "change_amount": 0.5}
    scene.watch("RUN_METRIC_CHANGE", run_event(run_metric_filter={"change_filter": condition}))
    scene.run()
    scene.stream("r1", *losses(10, 8, 3, 6))
    assert scene.fired("metric_values") == [([8.0, 3.0],)]


def test_an_odd_value_fires_by_its_z_score(scene: Scene) -> None:
    condition = {"name": "loss", "window_size": 4, "threshold": 3, "change_dir": "ANY"}
    scene.watch("RUN_METRIC_ZSCORE", run_event(run_metric_filter={"zscore_filter": condition}))
    scene.run()
    scene.stream("r1", *losses(1, 2, 1, 2, 1.5, 50))
    assert scene.fired("metric_value") == [(50.0,)]


def test_a_system_metric_fires(scene: Scene) -> None:
    scene.watch("RUN_METRIC", above(90, name="cpu"))
    scene.run()
    lines = [json.dumps({"system.cpu": value, "_timestamp": 1}) for value in (10, 95)]
    path = f"/files/lab/{scene.project}/r1/file_stream"
    scene.caller.client.post(path, json={"files": {"wandb-events.jsonl": {"offset": 0, "content": lines}}})
    assert scene.fired("metric_name", "metric_value") == [("cpu", 95.0)]


def shelf(scene: Scene) -> Shelf:
    """Return what logs artifacts to the project."""
    return Shelf(scene.caller, "lab", scene.project)


def aliased(alias: Any) -> dict[str, Any]:
    """Return the filter of an alias or tag event as clients send it."""
    return {"$or": [{"$and": [alias]}]}


def test_an_alias_fires_where_its_filter_holds(scene: Scene) -> None:
    scene.watch("ADD_ARTIFACT_ALIAS", aliased({"alias": {"$regex": "^prod"}}))
    version = shelf(scene).log("data", {"a": b"1"})
    add_alias(scene, version["id"], "staging")
    add_alias(scene, version["id"], "prod-1")
    assert scene.fired("event_type", "alias", "artifact_version_string") == [
        ("ADD_ARTIFACT_ALIAS", "prod-1", f"lab/{scene.project}/data:prod-1")
    ]


def test_an_alias_that_is_there_already_fires_nothing(scene: Scene) -> None:
    version = shelf(scene).log("data", {"a": b"1"})
    add_alias(scene, version["id"], "prod")
    scene.watch("ADD_ARTIFACT_ALIAS", aliased({"alias": "prod"}))
    add_alias(scene, version["id"], "prod")
    assert scene.fired() == []


def test_the_alias_latest_fires_with_each_version_and_numbers_do_not(scene: Scene) -> None:
    scene.watch("ADD_ARTIFACT_ALIAS")
    for content in (b"1", b"2"):
        shelf(scene).log("data", {"a": content})
    assert scene.fired("alias", "artifact_version_index") == [("latest", 0), ("latest", 1)]


def add_alias(scene: Scene, version: str, alias: str, collection: str = "data") -> None:
    """Point an alias to a version."""
    place = {"entityName": "lab", "projectName": scene.project, "artifactCollectionName": collection}
    scene.caller.data(
        "mutation A($input: AddAliasesInput!) { addAliases(input: $input) { success } }",
        input={"artifactID": version, "aliases": [{**place, "alias": alias}]},
    )


def tag(scene: Scene, version: str, **changes: list[str]) -> None:
    """Add and remove tags of a version."""
    tags = {key: [{"tagName": name} for name in found] for key, found in changes.items()}
    scene.caller.data(
        "mutation T($input: UpdateArtifactInput!) { updateArtifact(input: $input) { artifact { id } } }",
        input={"artifactID": version, **tags},
    )


def test_tags_of_a_version_fire_when_added_and_when_removed(scene: Scene) -> None:
    scene.watch("ADD_ARTIFACT_TAG", aliased({"tag": "good"}), name="added")
    scene.watch("REMOVE_ARTIFACT_TAG", name="removed")
    version = shelf(scene).log("data", {"a": b"1"})
    tag(scene, version["id"], tagsToAdd=["good", "other"])
    tag(scene, version["id"], tagsToDelete=["other"])
    assert scene.fired("event_type", "tag") == [
        ("ADD_ARTIFACT_TAG", "good"),
        ("REMOVE_ARTIFACT_TAG", "other"),
    ]


def test_tags_that_a_version_is_made_with_fire_once_it_is_committed(scene: Scene) -> None:
    scene.watch("ADD_ARTIFACT_TAG")
    shelf(scene).log("data", {"a": b"1"}, tags=[{"tagName": "born"}])
    assert scene.fired("tag", "artifact_version_index") == [("born", 0)]


def collection_id(scene: Scene, name: str) -> str:
    """Return the id of a collection of the project."""
    found: str = scene.caller.data(
        """query C($p: String, $c: String!) { project(entityName: "lab", name: $p) {
          artifactCollection(name: $c) { id } } }""",
        p=scene.project,
        c=name,
    )["project"]["artifactCollection"]["id"]
    return found


def test_tags_of_a_collection_fire(scene: Scene) -> None:
    shelf(scene).log("data", {"a": b"1"})
    scene.watch("ADD_COLLECTION_TAG", name="added")
    scene.watch("REMOVE_COLLECTION_TAG", name="removed")
    place = {"entityName": "lab", "projectName": scene.project, "artifactCollectionName": "data"}
    for verb in ("create", "delete"):
        scene.caller.data(
            f"""mutation T($input: {verb.title()}ArtifactCollectionTagAssignmentsInput!) {{
              {verb}ArtifactCollectionTagAssignments(input: $input) {{ success }} }}""".replace(
                "{ success }", "{ tags { id } }" if verb == "create" else "{ success }"
            ),
            input={**place, "tags": [{"tagName": "good"}]},
        )
    assert scene.fired("event_type", "tag", "artifact_collection_name") == [
        ("ADD_COLLECTION_TAG", "good", "data"),
        ("REMOVE_COLLECTION_TAG", "good", "data"),
    ]


def test_a_new_version_of_a_collection_fires(scene: Scene) -> None:
    shelf(scene).log("data", {"a": b"1"})
    scope = collection_id(scene, "data")
    scene.watch("CREATE_ARTIFACT", scopeID=scope, scopeType="ARTIFACT_COLLECTION")
    shelf(scene).log("data", {"a": b"2"}, metadata='{"rows": 3}')
    shelf(scene).log("other", {"a": b"3"})
    facts = scene.fired("artifact_collection_name", "artifact_version_index", "artifact_metadata")
    assert facts == [("data", 1, {"rows": 3})]


def test_runs_cannot_be_watched_in_a_collection(scene: Scene) -> None:
    shelf(scene).log("data", {"a": b"1"})
    fields = {"scopeType": "ARTIFACT_COLLECTION"}
    refused = wanted(collection_id(scene, "data"), "RUN_STATE", ALL_STATES, **fields)
    assert (
        "cannot be watched in the scope ARTIFACT_COLLECTION" in scene.caller.refusal(CREATE, input=refused)[1]
    )


def link(scene: Scene, version: str) -> str:
    """Link a version to the portfolio `best`; return the portfolio's id."""
    found: str = scene.caller.data(
        """mutation L($id: ID!, $p: String) { linkArtifact(input: {artifactID: $id, entityName: "lab",
          projectName: $p, artifactPortfolioName: "best", aliases: []}) { artifactCollectionID } }""".replace(
            "artifactCollectionID", "artifactMembership { artifactCollection { id } }"
        ),
        id=version,
        p=scene.project,
    )["linkArtifact"]["artifactMembership"]["artifactCollection"]["id"]
    return found


def test_a_version_fires_when_it_is_linked_and_when_it_is_unlinked(scene: Scene) -> None:
    scene.watch("LINK_MODEL", name="linked")
    scene.watch("UNLINK_ARTIFACT", name="unlinked")
    version = shelf(scene).log("data", {"a": b"1"})
    portfolio = link(scene, version["id"])
    scene.caller.data(
        """mutation U($a: ID!, $p: ID!) {
          unlinkArtifact(input: {artifactID: $a, artifactPortfolioID: $p}) { success } }""",
        a=version["id"],
        p=portfolio,
    )
    assert scene.automations() == ["linked", "unlinked"]
    assert scene.fired("event_type", "artifact_version_string") == [
        ("LINK_ARTIFACT", f"lab/{scene.project}/best:v0"),
        ("UNLINK_ARTIFACT", f"lab/{scene.project}/best:v0"),
    ]


def test_a_message_to_slack_is_noted_as_not_sent(scene: Scene) -> None:
    channel = scene.server.add_slack_integration("lab", "us", "#runs")
    config = {"notificationActionInput": {"integrationID": channel, "title": "t"}}
    fields = {"triggeredActionType": "NOTIFICATION", "triggeredActionConfig": config}
    scene.watch("RUN_STATE", ALL_STATES, **fields)
    scene.run()
    log = [entry for entry in scene.server.deliveries() if entry.facts["project_name"] == scene.project]
    assert [(entry.state, entry.error, entry.attempts) for entry in log] == [
        ("SKIPPED", "this server sends nothing to Slack", 0)
    ]
