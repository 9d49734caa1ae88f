"""Automations: saved, found, listed, changed and deleted; what an older server lacks is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncArtifactCollection
from wandkit.automation import (
    Action,
    ActionType,
    ArtifactEvent,
    Automation,
    DoNothing,
    Event,
    EventType,
    NewAutomation,
    OnAddArtifactAlias,
    OnAddArtifactTag,
    OnAddCollectionTag,
    OnCreateArtifact,
    OnLinkArtifact,
    OnRemoveArtifactTag,
    OnRemoveCollectionTag,
    OnRunMetric,
    OnRunState,
    OnUnlinkArtifact,
    OrgScope,
    ProjectScope,
    RegistryScope,
    RunEvent,
    SendNotification,
    SendPromptToAria,
    SendWebhook,
    TeamScope,
    UnknownAction,
    UnknownEvent,
    UnknownScope,
)
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    ArgumentTypeError,
    CommError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
)
from wandkit.testing import Server

OCTOBER_2023 = Path(__file__).parents[2] / "tests" / "codegen" / "data" / "live-2023-10.graphql"
WITHOUT_LISTING = {"QUERY_AUTOMATIONS_ON_ENTITY": False}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache and the staged copies of each test to itself."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
async def api(module_server: Server, folders: None) -> AsyncIterator[AsyncApi]:
    """Give a client for a user and team of the test's own, with a project, a webhook and a Slack channel."""
    mark = uuid4().hex[:8]
    user, team = f"user-{mark}", f"team-{mark}"
    module_server.add_user(user)
    module_server.add_organization(f"org-{mark}")
    module_server.add_team(team, {user: "admin"}, organization=f"org-{mark}")
    module_server.add_integration(team, "hook", "https://hooks.example.org/wandkit")
    module_server.add_slack_integration(team, "Space", "#alerts")
    async with module_server.async_api(user, overrides={"entity": team}) as api:
        await api.create_project("spirals", team)
        yield api


@pytest.fixture
async def old_server() -> AsyncIterator[Server]:
    """Give a server that cannot list the automations of an entity."""
    with Server(features=WITHOUT_LISTING) as server:
        server.add_user("ada")
        yield server


def failing(api: AsyncApi, action: Action | None = None, project: str = "spirals") -> NewAutomation:
    """Return an automation for runs of the test's project that fail."""
    event = OnRunState(scope=api.project(project), filter=RunEvent.state == "failed")
    return event >> (action or DoNothing())


async def collection(api: AsyncApi) -> AsyncArtifactCollection:
    """Log a model and return its collection."""
    run = await api.create_run(project="spirals")
    draft = AsyncArtifact("net", "model")
    with draft.new_file("weights") as file:
        file.write(uuid4().hex)
    await run.log_artifact(draft)
    found = await api.artifact_collection("model", "spirals/net")
    return found


async def test_a_saved_automation_is_found_by_its_name(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed", description="look into it")
    found = await api.automation("failed")
    assert (found.id, found.name, found.description) == (made.id, "failed", "look into it")
    assert (found.enabled, found.event.event_type) == (True, EventType.RUN_STATE)
    assert (found.scope.name, found.action.action_type) == ("spirals", ActionType.NO_OP)
    assert found.created_at.tzinfo is not None


async def test_an_event_comes_back_as_it_was_made(api: AsyncApi) -> None:
    condition = (RunEvent.metric("loss").avg(5) > 10) & RunEvent.name.contains("long")
    event = OnRunMetric(scope=api.project("spirals"), filter=condition)
    made = await api.create_automation(event >> DoNothing(), name="loss")
    assert isinstance(made.event, OnRunMetric)
    assert made.event.filter == condition


async def test_a_webhook_comes_back_with_where_it_leads(api: AsyncApi) -> None:
    hook = await api.webhook_integrations()[0]
    action = SendWebhook.from_integration(hook, payload={"run": "${run_name}", "ü": 1})
    made = await api.create_automation(failing(api, action), name="hook")
    assert isinstance(made.action, SendWebhook)
    assert made.action.request_payload == {"run": "${run_name}", "ü": 1}
    assert made.action.integration == hook


async def test_a_message_to_slack_comes_back(api: AsyncApi) -> None:
    channel = await api.slack_integrations()[0]
    action = SendNotification.from_integration(channel, title="T", text="M", level="ERROR")
    made = await api.create_automation(failing(api, action), name="slack")
    assert made.action == action
    assert isinstance(made.action, SendNotification)
    assert made.action.integration == channel


async def test_a_prompt_comes_back(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api, SendPromptToAria(prompt="why?")), name="aria")
    assert made.action == SendPromptToAria(prompt="why?")


@pytest.mark.parametrize(
    "kind",
    [
        OnAddArtifactAlias, OnAddArtifactTag, OnAddCollectionTag, OnCreateArtifact, OnLinkArtifact,
        OnRemoveArtifactTag, OnRemoveCollectionTag, OnUnlinkArtifact,
    ],
)  # fmt: skip
async def test_every_event_of_artifacts_is_saved(api: AsyncApi, kind: type[OnLinkArtifact]) -> None:
    net = await collection(api)
    condition = ArtifactEvent.tag.in_(["best", "prod"]) | ~ArtifactEvent.alias.matches_regex("^v")
    made = await api.create_automation(kind(scope=net, filter=condition) >> DoNothing(), name="all")
    assert type(made.event) is kind
    assert made.event.filter == condition
    assert made.scope == net.automation_scope


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param(RunEvent.metric("loss") >= 3, id="threshold"),
        pytest.param(RunEvent.metric("loss").mean(4).decreases_by(frac=0.25), id="change"),
        pytest.param(abs(RunEvent.metric("loss").zscore(9)) > 2.5, id="score"),
    ],
)
async def test_every_event_of_metrics_is_saved(api: AsyncApi, filter: Any) -> None:
    event = OnRunMetric(scope=api.project("spirals"), filter=filter)
    made = await api.create_automation(event >> DoNothing(), name="metric")
    assert isinstance(made.event, OnRunMetric)
    assert made.event.filter.metric == filter
    assert made.event.event_type == event.event_type


async def test_a_project_that_was_not_loaded_is_a_scope(api: AsyncApi) -> None:
    project = api.project("spirals")
    assert project.automation_scope.id is None
    made = await api.create_automation(failing(api), name="failed")
    assert made.scope.id == await project.id


async def test_a_team_is_a_scope(api: AsyncApi) -> None:
    team = await api.team(str(api.settings.entity))
    event = OnRunState(scope=team, filter=RunEvent.state == "failed")
    made = await api.create_automation(event >> DoNothing(), name="anywhere")
    found = await api.automation("anywhere", entity=team.name)
    assert made.scope == found.scope == TeamScope(id=team.id, name=team.name)


async def test_an_organization_is_a_scope(api: AsyncApi, module_server: Server) -> None:
    organization = await api.organization()
    root = f"root-{uuid4().hex[:8]}"
    module_server.add_user(root, admin=True)
    async with module_server.async_api(root) as admin:
        made = await admin.create_automation(OnLinkArtifact(scope=organization) >> DoNothing(), name="linked")
    assert isinstance(made.scope, OrgScope)
    assert made.scope == organization.automation_scope


async def test_who_does_not_administer_a_scope_may_not_automate_it(api: AsyncApi) -> None:
    organization = await api.organization()
    with pytest.raises(PermissionDeniedError) as caught:
        await api.create_automation(OnLinkArtifact(scope=organization) >> DoNothing(), name="linked")
    assert caught.value.operation == "CreateAutomation"


async def test_a_registry_is_a_scope(api: AsyncApi) -> None:
    registry = await api.create_registry("models", "organization", artifact_types=["model"])
    made = await api.create_automation(OnLinkArtifact(scope=registry) >> DoNothing(), name="linked")
    assert isinstance(made.scope, RegistryScope)
    assert made.scope == registry.automation_scope


async def test_a_scope_can_be_named(api: AsyncApi) -> None:
    entity = str(api.settings.entity)
    for number, scope in enumerate(
        (ProjectScope(name="spirals"), ProjectScope(name="spirals", entity=entity), TeamScope(name=entity))
    ):
        event = OnRunState(scope=scope, filter=RunEvent.state == "failed")
        made = await api.create_automation(event >> DoNothing(), name=f"named {number}")
        assert made.scope.name == scope.name


async def test_a_scope_that_is_not_there_is_named(api: AsyncApi, module_server: Server) -> None:
    with pytest.raises(NotFoundError, match="spirls"):
        await api.create_automation(failing(api, project="spirls"), name="n")
    event = OnRunState(scope=TeamScope(name="nobody"), filter=RunEvent.state == "failed")
    with pytest.raises(NotFoundError, match="nobody"):
        await api.create_automation(event >> DoNothing(), name="n")
    assert await api.automations(name="n").count() == 0


async def test_other_values_are_given_while_it_is_saved(api: AsyncApi) -> None:
    new = failing(api)
    made = await api.create_automation(
        new,
        name="n",
        description="d",
        enabled=False,
        action=SendPromptToAria(prompt="why?"),
        event=OnRunState(scope=api.project("spirals"), filter=RunEvent.state == "finished"),
    )
    assert (made.name, made.description, made.enabled) == ("n", "d", False)
    assert (made.action.action_type, made.event.filter_json()) == (
        ActionType.ARIA,
        '{"run_filter":"{\\"$and\\":[]}","run_state_filter":{"states":["FINISHED"]}}',
    )
    assert (new.name, new.enabled, new.action) == (None, None, DoNothing())


async def test_a_name_is_needed(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    with pytest.raises(ArgumentError, match="name missing"):
        await api.create_automation(failing(api))
    assert module_server.requests == []


async def test_a_name_is_taken_once_in_a_scope(api: AsyncApi) -> None:
    first = await api.create_automation(failing(api), name="failed")
    with pytest.raises(ConflictError, match="an automation 'failed' exists already in this scope") as caught:
        await api.create_automation(failing(api), name="failed")
    assert str(caught.value).count("already") == 1
    assert (caught.value.status, caught.value.operation) == (409, "CreateAutomation")
    found = await api.create_automation(failing(api), name="failed", fetch_existing=True)
    assert found.id == first.id


async def test_of_two_of_a_name_the_one_of_the_scope_is_fetched(api: AsyncApi) -> None:
    await api.create_project("others", str(api.settings.entity))
    await api.create_automation(failing(api, project="others"), name="failed")
    mine = await api.create_automation(failing(api), name="failed")
    found = await api.create_automation(failing(api), name="failed", fetch_existing=True)
    assert (found.id, found.scope.name) == (mine.id, "spirals")


async def test_one_of_a_team_is_fetched_where_it_exists(api: AsyncApi) -> None:
    team = await api.team(str(api.settings.entity))
    new = OnRunState(scope=team, filter=RunEvent.state == "failed") >> DoNothing()
    made = await api.create_automation(new, name="anywhere")
    found = await api.create_automation(new, name="anywhere", fetch_existing=True)
    assert found.id == made.id


async def test_a_missing_automation_is_named(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="No automations found that are called 'nothing'") as caught:
        await api.automation("nothing")
    assert isinstance(caught.value, ValueError)


async def test_several_of_a_name_are_told_apart(api: AsyncApi) -> None:
    await api.create_project("others", str(api.settings.entity))
    await api.create_automation(failing(api), name="twice")
    await api.create_automation(failing(api, project="others"), name="twice")
    with pytest.raises(ArgumentError, match="Multiple automations found") as caught:
        await api.automation("twice", entity=api.settings.entity)
    assert all(name in str(caught.value) for name in ("of spirals", "of others"))


async def test_only_what_was_changed_is_sent(api: AsyncApi, module_server: Server) -> None:
    mine = await api.create_automation(failing(api), name="failed", description="old")
    theirs = await api.automation("failed")
    theirs.enabled = False
    await api.update_automation(theirs)
    mine.description = "new"
    module_server.requests.clear()
    updated = await api.update_automation(mine)
    sent = [one.variables for one in module_server.requests if one.operation == "UpdateAutomation"]
    assert sent == [{"id": mine.id, "description": "new"}]
    assert (updated.description, updated.enabled, updated.changed()) == ("new", False, set())
    assert updated.updated_at is not None


async def test_a_changed_event_action_and_scope_are_saved(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed")
    made.event = OnRunMetric(
        scope=await api.team(str(api.settings.entity)), filter=RunEvent.metric("loss") > 3
    )
    made.action = SendWebhook.from_integration(await api.webhook_integrations()[0])
    await api.update_automation(made)
    found = await api.automation("failed", entity=api.settings.entity)
    assert found.event == made.event
    assert (found.action, found.scope) == (made.action, made.scope)


async def test_a_threshold_is_changed_where_it_stands(api: AsyncApi) -> None:
    event = OnRunMetric(scope=api.project("spirals"), filter=RunEvent.metric("loss") > 3)
    made = await api.create_automation(event >> DoNothing(), name="loss")
    assert isinstance(made.event, OnRunMetric)
    made.event.filter.metric.name = "val_loss"
    updated = await api.update_automation(made)
    assert isinstance(updated.event, OnRunMetric)
    assert updated.event.filter.metric == (RunEvent.metric("val_loss") > 3)


async def test_a_description_can_be_taken_away(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed", description="old")
    updated = await api.update_automation(made, description=None)
    assert not updated.description


async def test_other_values_are_given_while_it_is_updated(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed")
    updated = await api.update_automation(made, name="crashed", enabled=False)
    assert (updated.name, updated.enabled) == ("crashed", False)
    assert (made.name, made.enabled) == ("failed", True)


async def test_a_deleted_automation_is_gone(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed")
    other = await api.create_automation(failing(api), name="other")
    assert await api.delete_automation(made) is True
    assert await api.delete_automation(other.id) is True
    assert await api.automations(api.settings.entity).load_all() == []
    with pytest.raises(NotFoundError):
        await api.delete_automation(made)


async def test_what_was_never_saved_is_not_deleted(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    wrong: Any = failing(api)
    with pytest.raises(ArgumentTypeError, match="its id, is deleted, not a NewAutomation"):
        await api.delete_automation(wrong)
    assert module_server.requests == []


async def test_one_that_is_gone_is_not_updated_unless_it_is_to_be_made(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed", description="old")
    await api.delete_automation(made)
    made.description = "new"
    with pytest.raises(NotFoundError, match="'failed'") as caught:
        await api.update_automation(made)
    assert (caught.value.status, "create_missing" in caught.value.next_step) == (404, True)
    again = await api.update_automation(made, create_missing=True)
    assert (again.name, again.description, again.id == made.id) == ("failed", "new", False)
    assert again.event == made.event


async def test_a_delete_that_the_server_does_not_do_is_told(api: AsyncApi, module_server: Server) -> None:
    answer = {"data": {"deleteTrigger": {"success": False}}}
    with (
        module_server.fault(operation="DeleteAutomation", status=200, body=answer),
        pytest.raises(CommError, match="did not delete"),
    ):
        await api.delete_automation("t1")


async def test_an_answer_without_the_automation_is_told(api: AsyncApi, module_server: Server) -> None:
    made = await api.create_automation(failing(api), name="failed")
    empty: dict[str, Any] = {"data": {"createFilterTrigger": None, "updateFilterTrigger": {"trigger": None}}}
    with (
        module_server.fault(operation="CreateAutomation", status=200, body=empty),
        pytest.raises(AnswerError, match="did not say what became of the automation 'other'"),
    ):
        await api.create_automation(failing(api), name="other")
    with (
        module_server.fault(operation="UpdateAutomation", status=200, body=empty),
        pytest.raises(AnswerError, match="did not say what became of the automation 'failed'"),
    ):
        await api.update_automation(made, enabled=False)


async def names(api: AsyncApi, *entity: str, **options: Any) -> list[str]:
    """Return the names of the automations of a listing."""
    return [one.name async for one in api.automations(*entity, **options)]


@pytest.mark.parametrize("per_page", [None, 1, 2, 3])
async def test_the_automations_of_an_entity_are_listed(api: AsyncApi, per_page: int | None) -> None:
    team = str(api.settings.entity)
    for number in range(5):
        await api.create_automation(failing(api), name=f"n{number}")
    listing = api.automations(team, per_page=per_page)
    found = [one.name async for one in listing]
    assert sorted(found) == [f"n{number}" for number in range(5)]
    assert await listing.count() == 5
    last = await listing[-1]
    assert last.name == found[-1]
    assert await names(api, team, name="n3", per_page=per_page) == ["n3"]


async def test_a_listing_goes_on_from_a_cursor(api: AsyncApi) -> None:
    team = str(api.settings.entity)
    for number in range(4):
        await api.create_automation(failing(api), name=f"n{number}")
    whole = await names(api, team)
    listing = api.automations(team, per_page=2)
    async for one in listing:
        if one.name == whole[1]:
            break
    assert await names(api, team, start=listing.cursor) == whole[2:]


async def test_an_entity_that_is_not_there_is_named(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await api.automations("nobody").load_all()


async def in_projects(api: AsyncApi, *counts: int) -> None:
    """Make a project with so many automations for each count; `p1` has `p1-0`, `p1-1` and so on."""
    for place, count in enumerate(counts):
        await api.create_project(f"p{place}", "ada")
        for number in range(count):
            new = OnRunState(scope=api.project(f"p{place}", "ada"), filter=RunEvent.state == "failed")
            await api.create_automation(new >> DoNothing(), name=f"p{place}-{number}")


@pytest.mark.parametrize("per_page", [None, 1, 2])
@pytest.mark.parametrize("entity", ["ada", None])
async def test_older_servers_are_asked_for_the_automations_of_projects(
    old_server: Server, entity: str | None, per_page: int | None
) -> None:
    async with old_server.async_api("ada") as api:
        await in_projects(api, 2, 0, 0, 1, 0, 2)
        listing = api.automations(entity, per_page=per_page)
        found = sorted([one.name async for one in listing])
        assert found == ["p0-0", "p0-1", "p3-0", "p5-0", "p5-1"]
        assert await listing.count() == 5
        assert [one.name async for one in api.automations(entity, name="p3-0", per_page=per_page)] == ["p3-0"]
        asked = {one.operation for one in old_server.requests}
    assert "ListAutomations" not in asked


async def test_going_on_within_a_project_misses_nothing(old_server: Server) -> None:
    async with old_server.async_api("ada") as api:
        await in_projects(api, 1, 3, 1)
        whole = [one.name async for one in api.automations("ada", per_page=1)]
        for stop in whole:
            listing = api.automations("ada", per_page=1)
            read: list[str] = []
            async for one in listing:
                read.append(one.name)
                if one.name == stop:
                    break
            rest = [one.name async for one in api.automations("ada", per_page=1, start=listing.cursor)]
            assert set(read) | set(rest) == set(whole)


async def test_an_entity_that_an_older_server_does_not_have_is_named(old_server: Server) -> None:
    async with old_server.async_api("ada") as api:
        with pytest.raises(NotFoundError, match="nobody"):
            await api.automations("nobody").load_all()


FEATURES: dict[str, tuple[Event, Action]] = {
    "AUTOMATION_SCOPE_ENTITY": (OnLinkArtifact(scope=TeamScope(name="ada")), SendWebhook(integration_id="i")),
    "AUTOMATION_EVENT_RUN_STATE": (
        OnRunState(scope=ProjectScope(name="p"), filter=RunEvent.state == "failed"),
        DoNothing(),
    ),
    "AUTOMATION_EVENT_RUN_METRIC": (
        OnRunMetric(scope=ProjectScope(name="p"), filter=RunEvent.metric("a") > 1),
        DoNothing(),
    ),
    "AUTOMATION_EVENT_RUN_METRIC_CHANGE": (
        OnRunMetric(scope=ProjectScope(name="p"), filter=RunEvent.metric("a").changes_by(diff=1)),
        DoNothing(),
    ),
    "AUTOMATION_EVENT_RUN_METRIC_ZSCORE": (
        OnRunMetric(scope=ProjectScope(name="p"), filter=RunEvent.metric("a").zscore(5) > 1),
        DoNothing(),
    ),
    "AUTOMATION_EVENT_ADD_ARTIFACT_TAG": (OnAddArtifactTag(scope=ProjectScope(name="p")), DoNothing()),
    "AUTOMATION_EVENT_REMOVE_ARTIFACT_TAG": (OnRemoveArtifactTag(scope=ProjectScope(name="p")), DoNothing()),
    "AUTOMATION_EVENT_ADD_COLLECTION_TAG": (OnAddCollectionTag(scope=ProjectScope(name="p")), DoNothing()),
    "AUTOMATION_EVENT_REMOVE_COLLECTION_TAG": (
        OnRemoveCollectionTag(scope=ProjectScope(name="p")),
        DoNothing(),
    ),
    "AUTOMATION_EVENT_UNLINK_ARTIFACT": (OnUnlinkArtifact(scope=ProjectScope(name="p")), DoNothing()),
    "AUTOMATION_ACTION_NO_OP": (OnLinkArtifact(scope=ProjectScope(name="p")), DoNothing()),
    "AUTOMATION_ACTION_ARIA": (OnLinkArtifact(scope=ProjectScope(name="p")), SendPromptToAria(prompt="why?")),
}


async def test_a_feature_that_a_server_lacks_is_named_before_anything_is_sent() -> None:
    with Server() as server:
        server.add_user("ada")
        known = server.features
        for feature, (event, action) in FEATURES.items():
            server.features = known - {feature}
            async with server.async_api("ada") as api:
                server.requests.clear()
                with pytest.raises(UnsupportedError, match=rf"{feature}\b") as caught:
                    await api.create_automation(event >> action, name="n")
                assert {one.operation for one in server.requests} <= {"GetServerFeatures"}
                assert (caught.value.operation, caught.value.host) == ("CreateAutomation", server.url)


async def test_a_change_to_what_a_server_lacks_is_refused(api: AsyncApi) -> None:
    with Server(features={"AUTOMATION_ACTION_ARIA": False}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            await api.create_project("spirals", "ada")
            made = await api.create_automation(failing(api), name="failed")
            with pytest.raises(UnsupportedError, match="AUTOMATION_ACTION_ARIA"):
                await api.update_automation(made, action=SendPromptToAria(prompt="why?"))
            updated = await api.update_automation(made, enabled=False)
    assert (updated.enabled, updated.action) == (False, DoNothing())


async def test_what_a_server_has_lost_the_feature_for_is_kept_raw() -> None:
    with Server() as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            await api.create_project("spirals", "ada")
            await api.create_automation(failing(api), name="failed")
        server.features = server.features - {"AUTOMATION_ACTION_NO_OP"}
        async with server.async_api("ada") as api:
            found = await api.automation("failed")
    assert found.action.action_type == ActionType.NO_OP


def odd(**parts: Any) -> dict[str, Any]:
    """Return an automation as a server of the future may send one."""
    return {
        "cursor": "c",
        "node": {
            "id": parts.get("name", "x"),
            "name": "odd",
            "description": None,
            "enabled": True,
            "createdAt": "2030-01-01T00:00:00Z",
            "updatedAt": None,
            "scope": {"__typename": "Project", "id": "p", "name": "spirals", "entityName": "ada"},
            "triggeringCondition": {
                "__typename": "FilterEventTriggeringCondition",
                "eventType": "LINK_MODEL",
                "filter": "{}",
            },
            "triggeredAction": {"__typename": "NoOpTriggeredAction", "noOp": True},
            **parts,
        },
    }


async def listed(api: AsyncApi, server: Server, edges: list[dict[str, Any]]) -> list[Automation]:
    """Return what a listing makes of these edges."""
    page = {"edges": edges, "pageInfo": {"endCursor": "c", "hasNextPage": False}, "totalCount": len(edges)}
    with server.fault(operation="ListAutomations", status=200, body={"data": {"entity": {"triggers": page}}}):
        found = await api.automations("ada").load_all()
    return found


async def test_automations_of_unknown_kinds_are_kept_and_hide_no_other(
    api: AsyncApi, module_server: Server
) -> None:
    found = await listed(
        api,
        module_server,
        [
            odd(name="a"),
            odd(name="b", scope={"__typename": "Galaxy", "stars": 3}),
            odd(name="c", triggeringCondition={"__typename": "CronTriggeringCondition"}),
            odd(name="d", triggeredAction={"__typename": "DanceTriggeredAction", "steps": 3}),
            odd(
                name="e",
                triggeringCondition={
                    "__typename": "FilterEventTriggeringCondition",
                    "eventType": "FULL_MOON",
                    "filter": "?",
                },
            ),
            odd(name="f"),
        ],
    )
    assert [one.name for one in found] == ["a", "b", "c", "d", "e", "f"]
    assert isinstance(found[1].scope, UnknownScope)
    assert isinstance(found[2].event, UnknownEvent)
    assert isinstance(found[3].action, UnknownAction)
    assert found[3].action.raw == {"__typename": "DanceTriggeredAction", "steps": 3}
    assert found[4].event.event_type == EventType("FULL_MOON")
    assert type(found[0].event) is type(found[5].event) is OnLinkArtifact


async def test_an_automation_that_cannot_be_read_is_left_out_and_reported(
    api: AsyncApi, module_server: Server
) -> None:
    page = {
        "edges": [odd(name="a"), odd(name=None), odd(name="c")],
        "pageInfo": {"endCursor": "c", "hasNextPage": False},
        "totalCount": 3,
    }
    answer = {"data": {"entity": {"triggers": page}}}
    with module_server.fault(operation="ListAutomations", status=200, body=answer):
        listing = api.automations("ada")
        found = await listing.load_all()
    assert [one.name for one in found] == ["a", "c"]
    assert len(listing.receipt.failures) == 1


async def test_one_of_a_project_that_cannot_be_read_hides_no_other(old_server: Server) -> None:
    nodes = [odd(name=name)["node"] for name in ("a", None, "c")]
    page = {
        "edges": [{"cursor": "p", "node": {"triggers": nodes}}],
        "pageInfo": {"endCursor": "p", "hasNextPage": False},
    }
    answer = {"data": {"entity": {"projects": page}}}
    async with old_server.async_api("ada") as api:
        with old_server.fault(operation="ListAutomationsOfProjects", status=200, body=answer):
            listing = api.automations("ada")
            found = await listing.load_all()
    assert [one.name for one in found] == ["a", "c"]
    assert len(listing.receipt.failures) == 1


async def test_automations_work_on_the_server_of_october_2023_except_for_what_it_does_not_know() -> None:
    with Server(schema_file=OCTOBER_2023, features=()) as server:
        server.add_user("ada")
        server.add_slack_integration("ada", "Space", "#alerts")
        async with server.async_api("ada") as api:
            await api.create_project("spirals", "ada")
            channel = await api.slack_integrations(entity="ada")[0]
            action = SendNotification.from_integration(channel, title="T")
            event = OnLinkArtifact(scope=api.project("spirals", "ada"), filter=ArtifactEvent.alias == "prod")
            made = await api.create_automation(event >> action, name="linked")
            found = await api.automation("linked", entity="ada")
            with pytest.raises(UnsupportedError):
                await api.update_automation(found, enabled=False)
            with pytest.raises(UnsupportedError, match="AUTOMATION_EVENT_RUN_STATE"):
                await api.create_automation(failing(api), name="failed")
            deleted = await api.delete_automation(found)
    assert (found, found.action, deleted) == (made, action, True)
