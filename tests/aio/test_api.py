"""The door: construction without side effects, documents of one's own, paths, processes."""

from __future__ import annotations

import math
import pickle
import uuid

import pytest
from graphql import parse

from wandkit import AsyncApi, AsyncProject, AsyncRun
from wandkit.errors import (
    ArgumentError,
    NotFoundError,
    PathError,
    RequestTimeoutError,
    SettingsError,
    WandkitError,
)
from wandkit.testing import Server


@pytest.fixture
async def run(api: AsyncApi) -> AsyncRun:
    """Give a run in a project of its own."""
    run = await api.create_run(run_id="first", project=f"p{uuid.uuid4().hex[:8]}")
    return run


async def test_the_client_says_what_the_server_is_and_knows(api: AsyncApi, module_server: Server) -> None:
    info = await api.client.server_info
    module_server.requests.clear()
    supported = [
        await api.client.version_supported(version) for version in ("0.12.11", "0.31.0", "0.31.1rc1")
    ]
    assert info["cliVersionInfo"]["max_cli_version"] == "0.31.0"
    assert isinstance(info["latestLocalVersionInfo"]["outOfDate"], bool)
    assert (supported, module_server.requests) == ([True, True, False], [])


async def test_construction_sends_nothing(module_server: Server) -> None:
    module_server.requests.clear()
    api = module_server.async_api("ada")
    assert repr(api) == f"<Api {module_server.url}>"
    assert module_server.requests == []


async def test_construction_without_any_setting_works() -> None:
    api = AsyncApi()
    assert (api.api_key, api.settings.base_url) == (None, "https://api.wandb.ai")


async def test_arguments_may_be_positional_as_they_always_were(module_server: Server) -> None:
    key = module_server.key("ada")
    async with AsyncApi({"base_url": module_server.url + "/", "entity": "ada"}, 7, key) as api:
        viewer = await api.viewer
    assert (api.api_key, api.settings.timeout, api.settings.entity) == (key, 7, "ada")
    assert viewer.username == "ada"


async def test_a_bad_setting_is_refused(module_server: Server) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        AsyncApi({"base_url": "not a url"})


async def test_no_text_about_the_api_holds_the_key(api: AsyncApi, module_server: Server) -> None:
    shown = f"{api!r} {api.settings!r} {api.client!r} {api.user_agent}"
    assert module_server.key("ada") not in shown


async def test_requests_say_who_sends_them(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    await api.viewer
    assert module_server.requests[0].headers["user-agent"] == api.user_agent


async def test_the_documents_of_the_api_are_texts_that_can_be_sent(api: AsyncApi) -> None:
    data = await api.client.execute(AsyncApi.VIEWER_QUERY)
    assert data["viewer"]["username"] == "ada"
    assert "mutation CreateProject" in AsyncApi.CREATE_PROJECT
    assert "query ListUsers" in AsyncApi.USERS_QUERY


async def test_a_document_of_ones_own_takes_variables(api: AsyncApi, run: AsyncRun) -> None:
    document = 'query Q($p: String!) { project(name: $p, entityName: "ada") { name runCount } }'
    data = await api.client.execute(document, variable_values={"p": run.project}, timeout=10)
    assert data == {"project": {"name": run.project, "runCount": 1}}


async def test_a_parsed_document_works_too(api: AsyncApi) -> None:
    data = await api.client.execute(parse("{ viewer { username } }"))
    assert data == {"viewer": {"username": "ada"}}


async def test_an_error_of_a_document_is_the_servers(api: AsyncApi) -> None:
    with pytest.raises(WandkitError, match="nonsense"):
        await api.client.execute("{ nonsense }")


@pytest.mark.parametrize("document", ["", 7, None])
async def test_what_is_no_document_is_refused(api: AsyncApi, document: object) -> None:
    with pytest.raises(ArgumentError, match="document"):
        await api.client.execute(document)


async def test_from_path_returns_a_project_without_a_request(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    found = await api.from_path("ada/demo")
    assert isinstance(found, AsyncProject)
    assert found.name == "demo"
    assert module_server.requests == []


async def test_from_path_of_a_bare_name_takes_the_default_entity(api: AsyncApi) -> None:
    found = await api.from_path("demo")
    assert isinstance(found, AsyncProject)
    assert await found.entity == "ada"


@pytest.mark.parametrize("form", ["ada/{}/first", "ada/{}/runs/first", "/ada/{}/run/first/"])
async def test_from_path_fetches_a_run(api: AsyncApi, run: AsyncRun, form: str) -> None:
    found = await api.from_path(form.format(run.project))
    assert isinstance(found, AsyncRun)
    assert found.storage_id == run.storage_id


async def test_from_path_takes_urls(api: AsyncApi, run: AsyncRun) -> None:
    found = await api.from_path(run.url)
    assert isinstance(found, AsyncRun)


async def test_from_path_of_a_missing_run_says_so(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(NotFoundError):
        await api.from_path(f"ada/{run.project}/runs/nothing")


@pytest.mark.parametrize("path", ["", "a/b/c/d/e", "a/b/files/c"])
async def test_from_path_refuses_what_names_nothing(api: AsyncApi, path: str) -> None:
    with pytest.raises(PathError):
        await api.from_path(path)


async def test_a_closed_api_opens_again_when_it_is_used(module_server: Server) -> None:
    api = module_server.async_api("ada")
    await api.viewer
    await api.aclose()
    entity = await api.default_entity
    await api.aclose()
    assert entity == "ada"


async def test_an_api_crosses_to_another_process(api: AsyncApi) -> None:
    copy = pickle.loads(pickle.dumps(api))
    viewer = await copy.viewer
    await copy.aclose()
    assert viewer.username == "ada"


@pytest.mark.parametrize("deadline", [0, -1, math.nan])
def test_a_deadline_that_has_passed_is_refused(deadline: float) -> None:
    with pytest.raises(ArgumentError, match="deadline must be"):
        AsyncApi(deadline=deadline)


async def test_a_deadline_bounds_the_whole_call(module_server: Server) -> None:
    with module_server.fault(operation="GetViewer", delay_s=1):
        async with module_server.async_api("ada", deadline=0.2) as api:
            with pytest.raises(RequestTimeoutError):
                await api.viewer


async def test_the_settings_say_where_they_came_from(
    module_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "from-env")
    api = module_server.async_api("ada")
    assert api.settings.project == "from-env"
    assert "WANDB_PROJECT" in api.settings.sources["project"]
