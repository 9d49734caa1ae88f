"""Projects: made, listed, read when touched, missed."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from wandkit import AsyncApi
from wandkit.errors import NotFoundError, PathError, PermissionDeniedError
from wandkit.testing import Server


@pytest.fixture
def name() -> str:
    """Give a name of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


async def test_a_project_handle_sends_nothing(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    project = api.project("demo", "ada")
    assert (project.name, repr(project)) == ("demo", "<Project ada/demo>")
    assert module_server.requests == []


async def test_a_created_project_is_returned_and_listed(api: AsyncApi, name: str) -> None:
    created = await api.create_project(name, "ada")
    listed = await api.projects("ada").load_all()
    assert created.name == name
    assert name in [project.name for project in listed]


async def test_creating_a_project_again_finds_it(api: AsyncApi, name: str) -> None:
    first = await api.create_project(name, "ada")
    second = await api.create_project(name, "ada")
    assert await first.id == await second.id


async def test_a_project_is_created_in_the_default_entity(api: AsyncApi, name: str) -> None:
    created = await api.create_project(name)
    entity = await created.entity
    assert entity == "ada"


async def test_attributes_load_when_they_are_read(api: AsyncApi, name: str, module_server: Server) -> None:
    await api.create_project(name, "ada", description="what it is for")
    module_server.requests.clear()
    project = api.project(name, "ada")
    assert await project.description == "what it is for"
    assert isinstance(await project.created_at, datetime)
    assert await project.is_benchmark is False
    assert [request.operation for request in module_server.requests] == ["GetProject"]


async def test_listed_projects_have_their_attributes(api: AsyncApi, name: str, module_server: Server) -> None:
    await api.create_project(name, "ada")
    listed = await api.projects("ada").load_all()
    module_server.requests.clear()
    project = next(project for project in listed if project.name == name)
    assert await project.id
    assert module_server.requests == []


async def test_path_and_url_follow_the_default_entity(
    api: AsyncApi, name: str, module_server: Server
) -> None:
    project = api.project(name)
    assert await project.path == ["ada", name]
    assert await project.url == f"{module_server.url}/ada/{name}/workspace"


@pytest.mark.parametrize("path", ["ada/{}", "https://wandb.ai/ada/{}/workspace?nw=1"])
async def test_a_path_or_url_names_a_project_too(api: AsyncApi, name: str, path: str) -> None:
    project = api.project(path.format(name))
    assert (project.name, await project.entity) == (name, "ada")


async def test_the_owner_is_a_user(api: AsyncApi, name: str) -> None:
    await api.create_project(name, "ada")
    owner = await api.project(name).owner
    assert owner.username == "ada"


async def test_a_missing_project_names_near_ones(api: AsyncApi, name: str) -> None:
    await api.create_project(name, "ada")
    with pytest.raises(NotFoundError, match=f"Did you mean .*{name}"):
        await api.project(name + "s", "ada").id


async def test_projects_are_paged(api: AsyncApi, name: str, module_server: Server) -> None:
    for index in range(3):
        await api.create_project(f"{name}-{index}", "ada")
    projects = api.projects("ada", per_page=2)
    listed = await projects.load_all()
    count = await projects.count()
    assert len({project.name for project in listed}) == len(listed) == count >= 3
    assert projects.receipt.complete


async def test_the_projects_of_an_unknown_entity_are_not_found(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await api.projects("nobody").load_all()


async def test_a_project_of_others_cannot_be_created(api: AsyncApi, name: str, module_server: Server) -> None:
    with pytest.raises((NotFoundError, PermissionDeniedError)):
        await api.create_project(name, "nobody")


async def test_a_name_that_is_no_name_is_refused(api: AsyncApi) -> None:
    with pytest.raises(PathError):
        api.project("a//b")


async def test_the_table_of_a_project_sends_nothing(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    assert "ada/demo" in api.project("demo", "ada").to_html()
    assert api.project("demo", "ada").display() is False
    assert module_server.requests == []
