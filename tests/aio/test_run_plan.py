"""Bulk changes: planned, shown, tried dry, executed, recorded, taken up again."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from wandkit import AsyncApi, F
from wandkit.errors import ArgumentError
from wandkit.testing import Server


@pytest.fixture
async def project(api: AsyncApi, module_server: Server) -> str:
    """Give the name of a project with four runs: r0 to r3."""
    name = f"p{uuid.uuid4().hex[:8]}"
    for index in range(4):
        await api.create_run(
            run_id=f"r{index}",
            project=name,
            config={"index": index, "lr": 0.1},
            tags=["old"] if index else [],
        )
    module_server.requests.clear()
    return name


def writes(server: Server) -> list[str]:
    """Return the mutations that the server got."""
    return sorted(
        request.operation for request in server.requests if request.operation in ("UpdateRun", "DeleteRun")
    )


async def test_a_plan_changes_nothing_by_itself(api: AsyncApi, project: str, module_server: Server) -> None:
    plan = await api.runs(project).plan_delete()
    assert [change.path for change in plan.changes] == [f"ada/{project}/r{index}" for index in (3, 2, 1, 0)]
    assert "delete: 4 runs" in str(plan)
    assert writes(module_server) == []


async def test_an_executed_plan_deletes_what_it_showed(api: AsyncApi, project: str) -> None:
    plan = await api.runs(project, F.config["index"] >= 2).plan_delete()
    outcome = await plan.execute()
    left = await api.runs(project).load_all()
    assert (len(outcome.done), outcome.receipt.complete) == (2, True)
    assert [run.id for run in left] == ["r1", "r0"]


async def test_a_dry_run_sends_nothing(
    api: AsyncApi, project: str, module_server: Server, tmp_path: Path
) -> None:
    plan = await api.runs(project).plan_delete()
    outcome = await plan.execute(dry_run=True, journal=tmp_path / "journal.jsonl")
    assert (len(outcome.done), outcome.dry_run) == (4, True)
    assert writes(module_server) == []
    assert not (tmp_path / "journal.jsonl").exists()


async def test_a_plan_to_update_shows_what_differs_and_leaves_out_the_rest(
    api: AsyncApi, project: str
) -> None:
    plan = await api.runs(project, order="+created_at").plan_update(add_tags=["old"], config={"index": 2})
    shown = [str(change).partition(": ")[2] for change in plan.changes]
    assert shown == [
        "tags: [] → ['old']; config.index: 0 → 2",
        "config.index: 1 → 2",
        "config.index: 3 → 2",
    ]


async def test_a_plan_to_update_costs_one_request_a_page(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    runs = api.runs(project)
    await runs.load_all()
    await runs.plan_update(config={"index": 9})
    assert [request.operation for request in module_server.requests] == ["ListRuns", "GetRunParts"]


async def test_an_executed_update_merges_into_every_run(api: AsyncApi, project: str) -> None:
    plan = await api.runs(project).plan_update(
        notes="checked",
        add_tags=["new"],
        remove_tags=["old"],
        config={"extra": {"a": 1}},
        unset_config=["lr"],
        summary={"best": 0.5},
    )
    other = await api.run(f"{project}/r1")
    other.tags.append("theirs")
    await other.update()
    outcome = await plan.execute()
    changed = await api.run(f"{project}/r1")
    config = await changed.config
    summary = await changed.summary_metrics
    assert len(outcome.done) == 4
    assert (changed.notes, changed.tags) == ("checked", ["theirs", "new"])
    assert (config, summary) == ({"index": 1, "extra": {"a": 1}}, {"best": 0.5})


async def test_what_was_edited_on_a_listed_run_is_not_sent_by_a_plan(api: AsyncApi, project: str) -> None:
    runs = api.runs(project)
    first = await runs[0]
    first.notes = "draft"
    plan = await runs.plan_update(add_tags=["new"])
    await plan.execute()
    changed = await api.run(f"{project}/r3")
    assert (changed.notes or "", changed.tags) == ("", ["old", "new"])


async def test_one_failure_does_not_stop_the_others(
    api: AsyncApi, project: str, module_server: Server, tmp_path: Path
) -> None:
    plan = await api.runs(project).plan_update(add_tags=["new"])
    with module_server.fault(operation="UpdateRun", status=403, times=1):
        outcome = await plan.execute(journal=tmp_path / "journal.jsonl", concurrency=2)
    assert (len(outcome.done), len(outcome.failures)) == (3, 1)
    assert not outcome.receipt.complete
    assert "1 failed" in str(outcome)


async def test_a_journal_records_each_change(api: AsyncApi, project: str, tmp_path: Path) -> None:
    journal = tmp_path / "logs" / "journal.jsonl"
    plan = await api.runs(project).plan_delete()
    await plan.execute(journal=journal)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert (lines[0]["plan"], lines[0]["items"]) == ("delete", 4)
    assert sorted(line["item"] for line in lines[1:]) == [f"ada/{project}/r{index}" for index in range(4)]
    assert {line["outcome"] for line in lines[1:]} == {"done"}


async def test_a_plan_goes_on_where_its_journal_ends(
    api: AsyncApi, project: str, module_server: Server, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    plan = await api.runs(project).plan_update(add_tags=["new"])
    with module_server.fault(operation="UpdateRun", status=403, skip=2):
        broken = await plan.execute(journal=journal, concurrency=1)
    with journal.open("a") as file:
        file.write('{"item": "cut sho')
    module_server.requests.clear()
    outcome = await plan.execute(journal=journal)
    assert (len(broken.done), len(outcome.skipped), len(outcome.done)) == (2, 2, 2)
    assert writes(module_server) == ["UpdateRun", "UpdateRun"]


async def test_a_journal_of_another_plan_is_refused(api: AsyncApi, project: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    first = await api.runs(project, {"name": "r0"}).plan_update(add_tags=["a"])
    await first.execute(journal=journal)
    second = await api.runs(project, {"name": "r0"}).plan_update(add_tags=["b"])
    with pytest.raises(ArgumentError, match="another plan"):
        await second.execute(journal=journal)


async def test_deleting_what_is_gone_already_is_no_failure(api: AsyncApi, project: str) -> None:
    plan = await api.runs(project).plan_delete()
    other = await api.run(f"{project}/r1")
    await other.delete()
    outcome = await plan.execute()
    assert outcome.failures == []


async def test_a_plan_without_changes_is_refused(api: AsyncApi) -> None:
    with pytest.raises(ArgumentError, match="changes nothing"):
        await api.runs("p").plan_update()


@pytest.mark.parametrize("argument", ["add_tags", "remove_tags", "unset_config"])
async def test_one_text_is_no_list_of_names(api: AsyncApi, argument: str) -> None:
    names: Any = {argument: "lr"}
    with pytest.raises(ArgumentError, match=f"{argument} must be a list of texts, not 'lr'"):
        await api.runs("ada/p").plan_update(**names)


async def test_a_plan_that_contradicts_itself_is_refused(api: AsyncApi) -> None:
    with pytest.raises(ArgumentError, match="both sets and removes 'a'"):
        await api.runs("p").plan_update(add_tags=["a"], remove_tags=["a"])


async def test_a_plan_shows_itself_in_a_notebook(api: AsyncApi, project: str) -> None:
    plan = await api.runs(project).plan_update(notes="<i>")
    assert "&lt;i&gt;" in plan._repr_html_()
    assert (len(plan), len(list(plan))) == (4, 4)
