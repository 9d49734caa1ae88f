"""A change does all that was asked for, or nothing: servers that lack a part of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from wandkit import AsyncArtifact
from wandkit.errors import LaunchError, UnsupportedError
from wandkit.testing import Server

OCTOBER_2023 = Path(__file__).parents[2] / "tests" / "codegen" / "data" / "live-2023-10.graphql"
CPU = {"cpu": {"schema": {"type": "integer", "minimum": 1}}}
PUSH = "PushToRunQueueByNameInput"
FAIL = "FailRunQueueItemInput"
BEFORE_PRIORITIES = {
    f"{PUSH}.priority",
    f"{PUSH}.templateVariableValues",
    "PushToRunQueueByNamePayload.runSpec",
    "CreateRunQueueInput.prioritizationMode",
    "CreateDefaultResourceConfigInput.templateVariables",
    "DefaultResourceConfig.templateVariables",
    "RunQueue.prioritizationMode",
    "RunQueue.externalLinks",
    "RunQueue.runQueueItem",
    "Mutation.upsertRunQueue",
    f"{FAIL}.message",
    f"{FAIL}.stage",
    f"{FAIL}.filePaths",
}


@pytest.mark.parametrize(
    ("argument", "member"),
    [("priority", f"{PUSH}.priority"), ("template_variables", f"{PUSH}.templateVariableValues")],
)
async def test_nothing_is_pushed_where_a_server_does_not_know_an_argument(argument: str, member: str) -> None:
    given = {"priority": 1, "template_variables": {"cpu": 2}}
    with Server(hidden={member}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "local-process", None, "V0", {}, CPU)
            with pytest.raises(UnsupportedError, match=f"does not know '{argument}'") as caught:
                await queue.push({"job": "j"}, **{argument: given[argument]})  # type: ignore[arg-type]
            waiting = await queue.items.load_all()
    assert waiting == []
    assert member in caught.value.next_step
    assert (caught.value.operation, caught.value.host) == ("PushToRunQueue", server.url)


async def test_a_server_that_is_known_to_lack_an_argument_is_not_asked_again() -> None:
    with Server(hidden={f"{PUSH}.priority"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "local-process", prioritization_mode="V0")
            for _ in range(2):
                with pytest.raises(UnsupportedError, match="priority"):
                    await queue.push({"job": "j"}, priority=1)
            asked = [request.operation for request in server.requests]
    assert asked.count("PushToRunQueue") == 1


async def test_a_push_without_the_argument_goes_through_on_the_same_server() -> None:
    with Server(hidden={f"{PUSH}.priority"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "local-process", prioritization_mode="V0")
            with pytest.raises(UnsupportedError, match="priority"):
                await queue.push({"job": "j"}, priority=1)
            item = await queue.push({"job": "j"})
            state = await item.state
    assert state == "pending"


@pytest.mark.parametrize(
    ("argument", "member"),
    [
        ("prioritization_mode", "CreateRunQueueInput.prioritizationMode"),
        ("template_variables", "CreateDefaultResourceConfigInput.templateVariables"),
    ],
)
async def test_no_queue_is_made_where_a_server_does_not_know_an_argument(argument: str, member: str) -> None:
    given = {"prioritization_mode": "V0", "template_variables": CPU}
    with Server(hidden={member}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with pytest.raises(UnsupportedError, match=argument):
                await api.create_run_queue("q", "kubernetes", **{argument: given[argument]})  # type: ignore[arg-type]
            plain = await api.create_run_queue("q", "kubernetes", config={"a": 1})
            kept = await plain.default_resource_config
    assert kept == {"resource_args": {"kubernetes": {"a": 1}}}


async def test_a_server_that_cannot_keep_links_is_no_place_for_an_upsert() -> None:
    with Server(hidden={"Mutation.upsertRunQueue"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with pytest.raises(UnsupportedError, match="UpsertRunQueue") as caught:
                await api.upsert_run_queue("q", {}, "kubernetes", external_links={"a": "https://a.invalid"})
    assert caught.value.host == server.url


async def test_a_queue_without_newer_parts_works_on_a_server_that_has_none_of_them() -> None:
    with Server(hidden=BEFORE_PRIORITIES) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "kubernetes", config={"cpu": 1})
            item = await queue.push({"job": "j", "project": "p"})
            spec = await item.run_spec
            found = (await queue.type, await queue.prioritization_mode, await queue.external_links)
            popped = await queue.pop()
    assert (item.project, found) == ("p", ("kubernetes", "DISABLED", {}))
    assert spec["resource_args"] == {"kubernetes": {"cpu": 1}}
    assert popped is not None
    assert popped.id == item.id


async def test_why_an_item_failed_is_told_in_the_words_that_the_server_knows() -> None:
    with Server(hidden={f"{FAIL}.message", f"{FAIL}.stage", f"{FAIL}.filePaths"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "local-process")
            item = await queue.push({"job": "j"})
            failed = await item.fail("no such image", "build", ["log.txt"])
            with pytest.raises(LaunchError, match="at the stage 'build': no such image") as caught:
                await item.wait_until_running(timeout=30)
    assert failed
    assert caught.value.file_paths == ("log.txt",)


async def test_artifacts_work_on_the_server_of_october_2023_except_for_what_it_cannot_keep() -> None:
    with Server(schema_file=OCTOBER_2023, features=()) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            run = await api.create_run(project="p")
            brief = AsyncArtifact("data", "dataset")
            brief.ttl = timedelta(days=1)
            with pytest.raises(UnsupportedError, match=r"'ttl' of CreateArtifact; nothing was changed"):
                await run.log_artifact(brief)
            draft = AsyncArtifact("data", "dataset")
            with draft.new_file("a.txt") as file:
                file.write("x")
            logged = await run.log_artifact(draft, aliases=["best"])
            found = await api.artifact("p/data:best")
            found.description = "changed"
            await found.save()
            again = await api.artifact("p/data:best")
    assert (logged.version, again.description, again.ttl, list(again.tags)) == ("v0", "changed", None, [])


async def test_queues_and_sweeps_work_on_the_server_of_october_2023() -> None:
    with Server(schema_file=OCTOBER_2023, features=()) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "kubernetes", config={"cpu": 1})
            item = await queue.push({"job": "j"})
            told = await item.fail("why")
            sweep = await api.create_sweep(
                {"method": "grid", "parameters": {"a": {"values": [1, 2]}}}, project="p"
            )
            await sweep.stop()
            listed = await api.project("p").sweeps().load_all()
            state = (await item.state, listed[0].state, listed[0].expected_run_count)
    assert (told, state) == (True, ("failed", "FINISHED", 2))


async def test_what_an_older_server_does_as_well_without_is_left_out_silently(
    tmp_path: Path,
) -> None:
    with Server(hidden={"DeleteFilesInput.projectId"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            run = await api.create_run(project="p")
            path = tmp_path / "a.txt"
            path.write_text("x")
            await run.upload_file(path, tmp_path)
            await (await run.file("a.txt")).delete()
            left = await run.files().load_all()
    assert left == []


async def test_a_queue_that_is_refused_leaves_nothing_behind() -> None:
    hidden = {"CreateDefaultResourceConfigInput.templateVariables", "CreateRunQueueInput.prioritizationMode"}
    with Server(hidden=hidden) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with pytest.raises(UnsupportedError, match="template_variables"):
                await api.create_run_queue("q", "kubernetes", template_variables=CPU)
            projects = await api.projects("ada").load_all()
            with pytest.raises(UnsupportedError, match="prioritization_mode"):
                await api.create_run_queue("q", "kubernetes", prioritization_mode="V0")
            asked = [request.operation for request in server.requests]
            projects += await api.projects("ada").load_all()
    assert projects == []
    assert asked[-1] == "DeleteDefaultResourceConfig"


async def test_an_upsert_that_is_refused_leaves_nothing_behind() -> None:
    with Server(hidden={"Mutation.upsertRunQueue"}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with pytest.raises(UnsupportedError, match="upsertRunQueue"):
                await api.upsert_run_queue("q", {}, "kubernetes")
            projects = await api.projects("ada").load_all()
    assert projects == []
