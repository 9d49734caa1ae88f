"""Runs: read, edited, merged, waited for, stopped, deleted."""

from __future__ import annotations

import json
import math
import os
import pickle
import uuid
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from wandkit import AsyncApi, AsyncRun
from wandkit.errors import ArgumentError, NotFoundError, PathError, WaitTimeoutError
from wandkit.testing import Server

SET_CONFIG = """
mutation SetConfig($id: String!, $config: JSONString) {
  upsertBucket(input: {id: $id, config: $config}) { inserted }
}
"""


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


@pytest.fixture
async def run(api: AsyncApi, project: str) -> AsyncRun:
    """Give a new run with a config."""
    run = await api.create_run(
        run_id="first",
        project=project,
        name="one",
        config={"lr": 0.1, "model": {"depth": 3, "kind": "mlp"}},
        tags=["a", "b"],
        notes="note",
        group="g",
        job_type="train",
    )
    return run


async def again(api: AsyncApi, run: AsyncRun) -> AsyncRun:
    """Fetch the run anew."""
    fetched = await api.run(str(run.run_path))
    return fetched


async def test_a_new_run_is_fully_usable(run: AsyncRun, project: str) -> None:
    config = await run.config
    summary = await run.summary
    assert (run.id, run.entity, run.project, run.state) == ("first", "ada", project, "running")
    assert (run.name, run.display_name, run.notes, run.group, run.job_type) == (
        "one",
        "one",
        "note",
        "g",
        "train",
    )
    assert (run.tags, config["lr"], len(summary)) == (["a", "b"], 0.1, 0)


async def test_a_new_run_gets_an_id_of_eight_letters_and_digits(api: AsyncApi, project: str) -> None:
    run = await api.create_run(project=project)
    assert len(run.id) == 8
    assert run.id.isalnum()


async def test_create_makes_a_run_as_well(api: AsyncApi, project: str) -> None:
    run = await AsyncRun.create(api, "made", project)
    assert (run.id, run.project, run.state) == ("made", project, "running")


async def test_a_fetched_run_equals_the_one_that_was_made(api: AsyncApi, run: AsyncRun) -> None:
    fetched = await again(api, run)
    config = await fetched.config
    assert config == {"lr": 0.1, "model": {"depth": 3, "kind": "mlp"}}
    assert (fetched.storage_id, fetched.name, fetched.tags) == (run.storage_id, run.name, run.tags)


async def test_a_run_is_fetched_with_one_request(api: AsyncApi, run: AsyncRun, module_server: Server) -> None:
    module_server.requests.clear()
    fetched = await again(api, run)
    await fetched.config
    await fetched.summary
    await fetched.system_metrics
    await fetched.history_keys
    assert [request.operation for request in module_server.requests] == ["GetRun"]


@pytest.mark.parametrize(
    "path", ["{e}/{p}/{r}", "{e}/{p}/runs/{r}", "{p}/{r}", "/{e}/{p}/runs/{r}/", "{e}/{p}:{r}"]
)
async def test_every_form_of_path_finds_the_run(api: AsyncApi, run: AsyncRun, path: str) -> None:
    fetched = await api.run(path.format(e=run.entity, p=run.project, r=run.id))
    assert fetched.storage_id == run.storage_id


async def test_the_page_of_a_run_is_a_path_too(api: AsyncApi, run: AsyncRun) -> None:
    fetched = await api.run(run.url + "/overview?nw=1")
    assert fetched.id == "first"


async def test_times_know_their_zone(run: AsyncRun) -> None:
    assert run.created_at.tzinfo is timezone.utc
    assert run.heartbeat_at is None or run.heartbeat_at.tzinfo is timezone.utc


async def test_path_and_url_are_percent_encoded(api: AsyncApi, run: AsyncRun, module_server: Server) -> None:
    assert run.path == ["ada", run.project, "first"]
    assert run.url == f"{module_server.url}/ada/{run.project}/runs/first"


async def test_a_missing_run_names_near_ones(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(NotFoundError, match="Did you mean 'first'") as caught:
        await api.run(f"{run.project}/frist")
    assert caught.value.operation == "GetRun"


async def test_a_display_name_in_place_of_an_id_is_understood(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(NotFoundError, match=r"first \(shown as one\)"):
        await api.run(f"{run.project}/one")


async def test_a_run_of_a_missing_project_names_near_projects(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(NotFoundError, match=f"No project .*Did you mean .*{run.project}"):
        await api.run(f"{run.project}0/first")


async def test_a_missing_run_costs_one_request_more(
    api: AsyncApi, run: AsyncRun, module_server: Server
) -> None:
    module_server.requests.clear()
    with pytest.raises(NotFoundError):
        await api.run(f"ada/{run.project}/other")
    assert [request.operation for request in module_server.requests] == ["GetRun", "FindNearRuns"]


@pytest.mark.parametrize("path", ["", "r", "a/b/c/d/e"])
async def test_a_path_that_names_no_run_is_refused(api: AsyncApi, path: str) -> None:
    with pytest.raises(PathError):
        await api.run(path)


async def test_only_what_was_edited_is_sent(run: AsyncRun, module_server: Server) -> None:
    run.notes = "other"
    module_server.requests.clear()
    await run.update()
    assert [request.operation for request in module_server.requests] == ["UpdateRun"]
    variables = dict(module_server.requests[0].variables)
    assert variables.pop("notes") == "other"
    assert set(variables) == {"id", "withConfig", "withSummary"}


async def test_an_update_without_edits_sends_nothing(run: AsyncRun, module_server: Server) -> None:
    await run.config
    module_server.requests.clear()
    await run.update()
    assert module_server.requests == []


async def test_every_small_field_can_be_set(api: AsyncApi, run: AsyncRun) -> None:
    run.name, run.notes, run.description, run.group, run.job_type = "two", "n", "d", "h", "eval"
    await run.save()
    fetched = await again(api, run)
    assert (fetched.name, fetched.notes, fetched.description) == ("two", "n", "d")
    assert (fetched.group, fetched.job_type) == ("h", "eval")


async def test_a_field_can_be_cleared(api: AsyncApi, run: AsyncRun) -> None:
    run.notes = None
    await run.update()
    fetched = await again(api, run)
    assert not fetched.notes


async def test_tags_edited_in_place_are_sent(api: AsyncApi, run: AsyncRun) -> None:
    run.tags.append("c")
    run.tags.remove("a")
    await run.update()
    fetched = await again(api, run)
    assert fetched.tags == ["b", "c"]


async def test_tags_can_be_set(api: AsyncApi, run: AsyncRun) -> None:
    run.tags = ["x"]
    await run.update()
    fetched = await again(api, run)
    assert fetched.tags == ["x"]


@pytest.mark.parametrize("tags", ["best", None, ["a", 1]])
async def test_tags_that_are_no_list_of_texts_are_refused(api: AsyncApi, run: AsyncRun, tags: Any) -> None:
    with pytest.raises(ArgumentError, match="list of texts"):
        run.tags = tags
    with pytest.raises(ArgumentError, match="list of texts"):
        await api.create_run(project=run.project, tags=tags or "best")


async def test_a_config_that_is_no_mapping_is_refused(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="mapping"):
        await api.create_run(project=run.project, config=["lr"])  # type: ignore[arg-type]


async def test_tags_that_others_added_stay(api: AsyncApi, run: AsyncRun) -> None:
    other = await again(api, run)
    other.tags.append("theirs")
    await other.update()
    run.tags.append("mine")
    await run.update()
    assert run.tags == ["a", "b", "theirs", "mine"]


async def test_edits_of_the_config_are_merged_with_those_of_others(api: AsyncApi, run: AsyncRun) -> None:
    mine = await run.config
    other = await again(api, run)
    theirs = await other.config
    theirs["model"]["depth"] = 9
    theirs["new"] = "theirs"
    await other.update()
    mine["model"]["kind"] = "cnn"
    del mine["lr"]
    await run.update()
    assert mine == {"model": {"depth": 9, "kind": "cnn"}, "new": "theirs"}


async def test_edits_of_the_summary_are_merged_with_those_of_others(api: AsyncApi, run: AsyncRun) -> None:
    other = await again(api, run)
    theirs = await other.summary
    await theirs.update({"loss": 0.5, "acc": 0.9})
    mine = await run.summary
    mine["loss"] = 0.25
    await run.update()
    assert dict(mine) == {"loss": 0.25, "acc": 0.9}


async def test_an_assignment_to_the_summary_sends_nothing(run: AsyncRun, module_server: Server) -> None:
    summary = await run.summary
    module_server.requests.clear()
    summary["nested"] = {"a": 1}
    summary.loss = 2
    assert module_server.requests == []


async def test_the_summary_sends_itself_on_update(api: AsyncApi, run: AsyncRun) -> None:
    summary = await run.summary
    run.notes = "not yet"
    await summary.update({"loss": 1})
    fetched = await again(api, run)
    found = await fetched.summary_metrics
    assert (found, fetched.notes) == ({"loss": 1}, "note")
    assert run.notes == "not yet"


async def test_the_summary_and_its_plain_dict_are_one(run: AsyncRun) -> None:
    summary = await run.summary
    plain = await run.summary_metrics
    summary["x"] = 1
    assert plain == {"x": 1}


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
async def test_numbers_that_json_lacks_survive_both_ways(api: AsyncApi, run: AsyncRun, value: float) -> None:
    config = await run.config
    summary = await run.summary
    config["x"] = summary["x"] = value
    await run.update()
    fetched = await again(api, run)
    found = await fetched.config
    last = await fetched.summary
    assert repr([found["x"], last["x"]]) == repr([value, value])


async def test_what_clients_noted_is_apart_from_the_config(api: AsyncApi, run: AsyncRun) -> None:
    text = json.dumps({"_wandb": {"value": {"cli_version": "0.1"}}, "lr": {"value": 1, "desc": "rate"}})
    await api.client.execute(SET_CONFIG, {"id": run.storage_id, "config": text})
    fetched = await again(api, run)
    config = await fetched.config
    raw = await fetched.rawconfig
    assert config == {"lr": 1}
    assert raw == {"_wandb": {"cli_version": "0.1"}, "lr": 1}


async def test_an_edit_keeps_what_clients_noted(api: AsyncApi, run: AsyncRun) -> None:
    text = json.dumps({"_wandb": {"value": {"cli_version": "0.1"}}, "lr": {"value": 1, "desc": "rate"}})
    await api.client.execute(SET_CONFIG, {"id": run.storage_id, "config": text})
    fetched = await again(api, run)
    config = await fetched.config
    config["new"] = True
    await fetched.update()
    held = await fetched.json_config
    assert json.loads(held) == {
        "_wandb": {"value": {"cli_version": "0.1"}},
        "lr": {"value": 1, "desc": "rate"},
        "new": {"value": True, "desc": None},
    }


async def test_refresh_shows_what_others_changed(api: AsyncApi, run: AsyncRun) -> None:
    mine = await run.config
    other = await again(api, run)
    theirs = await other.config
    theirs["lr"] = 0.2
    other.name = "renamed"
    await other.update()
    await run.refresh()
    assert (run.name, mine["lr"]) == ("renamed", 0.2)


async def test_reading_a_large_part_keeps_unsaved_edits(api: AsyncApi, run: AsyncRun) -> None:
    listed = await api.runs(run.project)[0]
    listed.tags.append("c")
    await listed.config
    assert listed.tags == ["a", "b", "c"]


async def test_load_returns_all_attributes(run: AsyncRun) -> None:
    found = await run.load(force=True)
    assert (found["id"], found["state"], found["config"]["lr"]) == ("first", "running", 0.1)
    assert found["summary_metrics"] == {}


async def test_load_does_not_fetch_what_is_there(run: AsyncRun, module_server: Server) -> None:
    module_server.requests.clear()
    await run.load()
    await run.load_full_data()
    assert module_server.requests == []


async def test_loading_a_run_that_is_gone_says_so(api: AsyncApi, run: AsyncRun) -> None:
    other = await again(api, run)
    await other.delete()
    with pytest.raises(NotFoundError, match="first"):
        await run.load(force=True)


async def test_the_config_becomes_a_model_of_ones_own(run: AsyncRun) -> None:
    class Model(BaseModel):
        depth: int
        kind: str

    class Config(BaseModel):
        lr: float
        model: Model

    config = await run.config_as(Config)
    assert config == Config(lr=0.1, model=Model(depth=3, kind="mlp"))


async def test_a_run_that_is_gone_has_no_last_step(run: AsyncRun) -> None:
    await run.delete()
    with pytest.raises(NotFoundError):
        await run.lastHistoryStep


async def test_a_deleted_run_is_gone(api: AsyncApi, run: AsyncRun) -> None:
    await run.delete()
    with pytest.raises(NotFoundError):
        await again(api, run)


async def test_a_state_can_be_set(api: AsyncApi, run: AsyncRun) -> None:
    done = await run.update_state("failed")
    fetched = await again(api, run)
    assert (done, run.state, fetched.state) == (True, "failed", "failed")


async def test_a_run_can_be_asked_to_stop(run: AsyncRun) -> None:
    await run.stop()
    await run.refresh()
    assert run.id == "first"


@pytest.mark.parametrize("state", ["finished", "failed", "crashed", "killed", "preempted"])
async def test_waiting_ends_with_every_end(run: AsyncRun, state: str) -> None:
    await run.update_state(state)
    ended = await run.wait_until_finished(timeout=30)
    assert (ended, run.state) == (state, state)


async def test_waiting_tells_of_each_change(api: AsyncApi, run: AsyncRun) -> None:
    seen: list[str] = []
    with pytest.raises(WaitTimeoutError, match="still running"):
        await run.wait_until_finished(timeout=0.05, on_change=seen.append, poll_s=0.01)
    await run.update_state("finished")
    await run.wait_until_finished(on_change=seen.append)
    assert seen == ["running", "finished"]


async def test_waiting_for_a_run_that_is_gone_says_so(api: AsyncApi, run: AsyncRun) -> None:
    other = await again(api, run)
    await other.delete()
    with pytest.raises(NotFoundError, match="first"):
        await run.wait_until_finished(timeout=60)


async def test_a_wait_of_less_than_nothing_is_refused(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="timeout"):
        await run.wait_until_finished(timeout=-1)


async def test_the_last_step_of_a_run_that_logged_nothing_is_minus_one(run: AsyncRun) -> None:
    step = await run.lastHistoryStep
    assert step == -1


async def test_a_run_without_metadata_has_none(run: AsyncRun) -> None:
    metadata = await run.metadata
    assert metadata is None


async def test_the_user_of_a_run_is_named(run: AsyncRun) -> None:
    assert run.user is not None
    assert run.user.username == "ada"


async def test_the_folder_of_a_run_is_named_and_not_made(
    run: AsyncRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    assert Path(run.dir) == tmp_path / "ada" / run.project / "first"
    assert "ada" not in os.listdir(tmp_path)


async def test_username_warns_and_gives_the_entity(run: AsyncRun) -> None:
    with pytest.warns(DeprecationWarning, match="entity"):
        name = run.username
    assert name == "ada"


async def test_a_misspelt_attribute_is_an_error(run: AsyncRun) -> None:
    with pytest.raises(AttributeError):
        run.notse = "x"  # type: ignore[attr-defined]


async def test_the_table_of_a_run_is_escaped_and_sends_nothing(run: AsyncRun, module_server: Server) -> None:
    run.name = "<b>bold</b>"
    module_server.requests.clear()
    table = run.to_html()
    assert "&lt;b&gt;bold&lt;/b&gt;" in table
    assert "<iframe" not in table
    assert module_server.requests == []


async def test_a_hidden_table_can_be_opened(run: AsyncRun) -> None:
    assert run.to_html(hidden=True).startswith("<details>")


async def test_display_outside_a_notebook_says_so(run: AsyncRun) -> None:
    assert run.display() is False


async def test_a_run_crosses_to_another_process_with_its_edits(api: AsyncApi, run: AsyncRun) -> None:
    config = await run.config
    config["lr"] = 0.5
    run.tags.append("c")
    copy = pickle.loads(pickle.dumps(run))
    await copy.update()
    fetched = await again(api, run)
    found = await fetched.config
    assert (found["lr"], fetched.tags) == (0.5, ["a", "b", "c"])


async def test_a_listed_run_crosses_to_another_process(api: AsyncApi, run: AsyncRun) -> None:
    listed = await api.runs(run.project)[0]
    copy = pickle.loads(pickle.dumps(listed))
    config = await copy.config
    assert config["lr"] == 0.1


async def test_a_run_that_is_private_looks_missing(
    api: AsyncApi, run: AsyncRun, module_server: Server
) -> None:
    module_server.add_user("eve")
    async with module_server.async_api("eve") as other:
        with pytest.raises(NotFoundError):
            await other.run(str(run.run_path))
