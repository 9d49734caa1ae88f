"""Registries: made, found, linked to, searched, shared, deleted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRegistry
from wandkit.errors import ArgumentError, FilterError, NotFoundError, UnsupportedError
from wandkit.testing import Server


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache and the staged copies of each test to itself."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
async def api(module_server: Server, folders: None) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's for a team in an organization of the test's own."""
    mark = uuid4().hex[:8]
    module_server.add_organization(f"org{mark}")
    module_server.add_team(f"team-{mark}", {"ada": "admin"}, organization=f"org{mark}")
    async with module_server.async_api("ada", overrides={"entity": f"team-{mark}"}) as api:
        yield api


@pytest.fixture
async def registry(api: AsyncApi) -> AsyncRegistry:
    """Give a registry that takes models."""
    made = await api.create_registry("models", "organization", description="ours", artifact_types=["model"])
    return made


async def model(api: AsyncApi, name: str = "net") -> AsyncArtifact:
    """Log a model and return it."""
    run = await api.create_run(project="training")
    draft = AsyncArtifact(name, "model", metadata={"acc": 0.5})
    with draft.new_file("weights") as file:
        file.write(uuid4().hex)
    logged = await run.log_artifact(draft)
    return logged


async def linked(api: AsyncApi, name: str, target: str) -> None:
    """Log a model and link it to a collection of a registry."""
    logged = await model(api, name)
    await logged.link(target)


async def test_a_new_registry_is_found(api: AsyncApi, registry: AsyncRegistry) -> None:
    found = await api.registry("models")
    assert (found.name, found.full_name, found.description) == ("models", "wandb-registry-models", "ours")
    assert (found.visibility, found.allow_all_artifact_types) == ("organization", False)
    assert (list(found.artifact_types), found.organization) == (["model"], registry.organization)


async def test_a_registry_is_made_once(api: AsyncApi, registry: AsyncRegistry) -> None:
    with pytest.raises(ArgumentError, match="already"):
        await api.create_registry("models", "organization")


@pytest.mark.parametrize("name", ["", "a/b", "x" * 120, "wandb-registry-"])
async def test_a_registry_has_a_name_that_fits_a_path(api: AsyncApi, name: str) -> None:
    with pytest.raises(ArgumentError):
        await api.create_registry(name, "organization")


async def test_a_missing_registry_is_named(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="'nothing'"):
        await api.registry("nothing")


async def test_registries_are_listed_and_filtered(api: AsyncApi, registry: AsyncRegistry) -> None:
    await api.create_registry("data", "restricted")
    everything = await api.registries().load_all()
    some = await api.registries(filter={"name": "data"}).load_all()
    assert sorted(one.name for one in everything) == ["data", "models"]
    assert [(one.name, one.visibility) for one in some] == [("data", "restricted")]


async def test_a_key_that_is_none_is_refused(api: AsyncApi) -> None:
    with pytest.raises(FilterError, match="colour"):
        api.registries(filter={"colour": "red"})


async def test_edits_of_a_registry_are_saved(api: AsyncApi, registry: AsyncRegistry) -> None:
    registry.description = "theirs"
    registry.artifact_types.append("dataset")
    registry.name = "shelf"
    await registry.save()
    found = await api.registry("shelf")
    assert (found.description, sorted(found.artifact_types)) == ("theirs", ["dataset", "model"])


async def test_types_are_only_added(registry: AsyncRegistry) -> None:
    with pytest.raises(ArgumentError, match="only added"):
        registry.artifact_types.remove("model")


async def test_versions_are_linked_and_found(api: AsyncApi, registry: AsyncRegistry) -> None:
    logged = await model(api)
    link = await logged.link("wandb-registry-models/best", aliases=["prod"])
    by_path = await api.artifact("wandb-registry-models/best:prod")
    by_name = await api.artifact(f"{registry.organization}/wandb-registry-models/best:v0")
    collections = await registry.collections().load_all()
    versions = await registry.versions().load_all()
    assert link.is_link
    assert {by_path.id, by_name.id, logged.id} == {logged.id}
    assert [one.name for one in collections] == ["best"]
    assert [one.qualified_name for one in versions] == [f"{registry.entity}/wandb-registry-models/best:v0"]
    page = f"{api.settings.app_url}/orgs/{registry.organization}/registry/models?selectionPath="
    chosen = f"{registry.entity}%2Fwandb-registry-models%2Fbest&view=membership&version=v0"
    assert registry.organization != registry.entity
    assert {one.url for one in (link, by_path, by_name, *versions)} == {page + chosen}
    assert [one.url for one in await logged.linked_artifacts] == [page + chosen]


async def test_whose_a_project_is_is_asked_of_registries_only(
    module_server: Server, api: AsyncApi, registry: AsyncRegistry
) -> None:
    await linked(api, "one", "wandb-registry-models/first")
    module_server.requests.clear()
    for path in ("training/one:v0", "wandb-registry-models/first:v0"):
        await api.artifact(path)
    asked = [one for one in module_server.requests if one.operation == "GetArtifactMembership"]
    assert [one.json["variables"]["withOrganization"] for one in asked] == [False, True]


async def test_queries_chain(api: AsyncApi, registry: AsyncRegistry) -> None:
    first = await model(api, "one")
    second = await model(api, "two")
    await first.link("wandb-registry-models/best")
    await second.link("wandb-registry-models/rest", aliases=["kept"])
    names = await api.registries().collections(filter={"name": "rest"}).load_all()
    versions = (
        await api.registries(filter={"name": "models"})
        .collections(filter={"name": "rest"})
        .versions()
        .load_all()
    )
    kept = await api.registries().versions(filter={"alias": "kept"}).load_all()
    assert [one.name for one in names] == ["rest"]
    assert [one.id for one in versions] == [one.id for one in kept] == [second.id]


async def test_tags_are_what_collections_and_versions_are_found_by(
    api: AsyncApi, registry: AsyncRegistry
) -> None:
    for name, tag in (("one", "good"), ("two", "bad")):
        logged = await model(api, name)
        logged.tags.append(tag)
        await logged.save()
        link = await logged.link(f"wandb-registry-models/{name}")
        collection = await link.collection
        collection.tags.append(tag)
        await collection.save()
    good = {"$and": [{"tag": "good"}, {"name": {"$ne": "three"}}]}
    collections = await registry.collections(good).load_all()
    versions = await registry.versions({"tag": {"$in": ["bad"]}}).load_all()
    within = await registry.collections({"tag": "good"}).versions({"tag": "good"}).load_all()
    of_type = await api.project(versions[0].source_project).collections(filters={"tag": "x"}).load_all()
    of_one = await api.artifacts("model", "training/two", filters={"tag": "bad"}).load_all()
    assert [one.name for one in (*collections, *versions, *within)] == ["one", "two:v0", "one:v0"]
    assert ([*of_type], [one.name for one in of_one]) == ([], ["two:v0"])
    with pytest.raises(FilterError, match="tags"):
        api.runs("training", {"tag": "x"})


async def test_collections_and_versions_come_in_the_order_of_their_registries(
    api: AsyncApi, registry: AsyncRegistry
) -> None:
    await api.create_registry("alpha", "organization")
    await linked(api, "one", "wandb-registry-models/first")
    await linked(api, "two", "wandb-registry-models/second")
    await linked(api, "three", "wandb-registry-alpha/third")
    down = api.registries(order="-name")
    collections = down.collections(None, "-name", 1)
    names = [one.name for one in await collections.load_all()]
    versions = [one.name for one in await collections.versions().load_all()]
    direct = [one.name for one in await api.registries(order="+name").versions(None, None, 1).load_all()]
    assert names == ["second", "first", "third"]
    assert versions == ["second:v0", "first:v0", "third:v0"]
    assert direct[0] == "third:v0"


async def test_a_listing_in_the_order_of_another_goes_on_from_its_cursor(
    api: AsyncApi, registry: AsyncRegistry
) -> None:
    await api.create_registry("alpha", "organization")
    await linked(api, "one", "wandb-registry-models/first")
    await linked(api, "two", "wandb-registry-alpha/second")
    down = api.registries(order="-name")
    before = down.collections()
    first = await anext(before)
    after = await down.collections(start=before.cursor).load_all()
    assert (first.name, [one.name for one in after]) == ("first", ["second"])
    with pytest.raises(ArgumentError, match="no cursor"):
        await down.collections(start="x").load_all()


def asked(server: Server) -> dict[str, object]:
    """Return the variables of the last listing of versions."""
    (*_, last) = [one for one in server.requests if one.operation == "ListRegistryVersions"]
    variables: dict[str, object] = last.json["variables"]
    return variables


async def test_versions_are_sorted_and_found_by_what_the_search_spells_its_own_way(
    module_server: Server, api: AsyncApi, registry: AsyncRegistry
) -> None:
    await linked(api, "one", "wandb-registry-models/first")
    await linked(api, "two", "wandb-registry-models/second")
    newest = api.registries().versions({"created_at": {"$gt": "2020-01-01"}}, "-linked_at")
    names = [one.name for one in await newest.load_all()]
    variables = asked(module_server)
    assert names == ["second:v0", "first:v0"]
    assert json.loads(str(variables["filters"])) == {"artifact_created_at": {"$gt": "2020-01-01"}}
    assert variables["order"] == "-acm_created_at"


async def test_a_plain_search_is_asked_in_its_own_words(
    module_server: Server, api: AsyncApi, registry: AsyncRegistry
) -> None:
    await linked(api, "one", "wandb-registry-models/first")
    body = {"data": {"organization": {"id": "x", "advancedRegistryFeatures": None}}}
    registries = api.registries()
    with module_server.fault(operation="GetRegistrySearch", status=200, body=body):
        found = await registries.versions({"created_at": {"$gt": "2020-01-01"}}).load_all()
        with pytest.raises(RuntimeError, match="does not sort the versions"):
            await registries.versions(order="created_at").load_all()
        with pytest.raises(FilterError, match="artifact_size"):
            await registries.versions({"artifact_size": {"$gt": 1}}).load_all()
    assert json.loads(str(asked(module_server)["filters"])) == {"created_at": {"$gt": "2020-01-01"}}
    assert [one.name for one in found] == ["first:v0"]


async def test_the_search_is_only_asked_about_where_that_matters(
    module_server: Server, api: AsyncApi, registry: AsyncRegistry
) -> None:
    await linked(api, "one", "wandb-registry-models/first")
    module_server.requests.clear()
    found = await registry.collections({"name": "first"}).versions({"alias": "latest"}).load_all()
    with pytest.raises(FilterError, match="sorted by"):
        await registry.versions(order="colour").load_all()
    operations = [one.operation for one in module_server.requests]
    assert (len(found), operations.index("ListRegistryVersions") < operations.index("GetRegistrySearch")) == (
        1,
        True,
    )


async def test_members_come_and_go(module_server: Server, api: AsyncApi, registry: AsyncRegistry) -> None:
    name = f"bo{uuid4().hex[:6]}"
    module_server.add_user(name)
    team = registry.entity
    module_server.add_team(f"crew-{name}", {name: "member"}, organization=registry.organization)
    bo = await module_server.async_api(name).viewer
    await registry.add_members(bo.id)
    await registry.update_member(bo.id, "viewer")
    users = await registry.user_members()
    roles = {member.username: member.role for member in users}
    assert {(member.user.username, member.kind) for member in users} >= {(name, "User")}
    await registry.remove_members(bo.id)
    left = [member.username for member in await registry.user_members()]
    assert (roles[name], name in left, bool(team)) == ("viewer", False, True)


@pytest.mark.parametrize("types", ["model", ["a/b"], ["a:b"], [""], ["m" * 129], [1]], ids=repr)
async def test_types_that_are_none_are_refused(api: AsyncApi, registry: AsyncRegistry, types: Any) -> None:
    with pytest.raises(ArgumentError, match="type"):
        await api.create_registry("other", "organization", artifact_types=types)
    with pytest.raises(NotFoundError):
        await api.registry("other")


async def test_a_registry_keeps_its_name_where_it_cannot_be_changed() -> None:
    with Server() as server:
        server.add_organization("acme")
        server.add_user("ada")
        server.add_team("crew", {"ada": "admin"}, organization="acme")
        async with server.async_api("ada", overrides={"entity": "crew"}) as api:
            await api.create_registry("models", "organization")
            server.features = ()
        async with server.async_api("ada", overrides={"entity": "crew"}) as api:
            made = await api.registry("models")
            made.name = "shelf"
            with pytest.raises(UnsupportedError, match="nothing was changed"):
                await made.save()
            assert (await api.registry("models")).name == "models"


async def test_members_must_be_given(registry: AsyncRegistry) -> None:
    with pytest.raises(ArgumentError, match="no members"):
        await registry.add_members()


async def test_a_deleted_registry_is_gone(api: AsyncApi, registry: AsyncRegistry) -> None:
    await registry.delete()
    with pytest.raises(NotFoundError):
        await api.registry("models")


async def test_a_server_without_registry_search_says_so() -> None:
    with Server() as server:
        server.features = ()
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with pytest.raises(UnsupportedError, match="search registries") as raised:
                await api.registries().load_all()
    assert isinstance(raised.value, RuntimeError)


async def test_a_linked_model_has_a_page_in_the_registry_of_models(api: AsyncApi) -> None:
    team = api.settings.entity
    logged = await model(api, "net")
    link = await logged.link(f"{team}/model-registry/best")
    same = await api.artifact(link.url)
    page = f"/{team}/registry/model?selectionPath={team}%2Fmodel-registry%2Fbest&view=membership&version=v0"
    assert link.url == f"{api.settings.app_url}{page}"
    assert (same.id, same.qualified_name) == (logged.id, f"{team}/model-registry/best:v0")
    assert logged.url.endswith("/artifacts/model/net/v0")


async def test_a_version_of_the_old_model_registry_is_found_where_it_has_moved(api: AsyncApi) -> None:
    await api.create_registry("model", "organization", artifact_types=["model"])
    await linked(api, "net", "wandb-registry-model/best")
    team = api.settings.entity
    await api.create_project("model-registry", str(team))
    with pytest.warns(UserWarning, match="wandb-registry-model now"):
        found = await api.artifact(f"{team}/model-registry/best:v0")
    assert (found.project, found.name) == ("wandb-registry-model", "best:v0")
    with pytest.raises(NotFoundError):
        await api.artifact(f"{team}/model-registry/worst:v0")
