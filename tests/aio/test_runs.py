"""Listings of runs: filters, order, fields planned by the page, projections, bad projects."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import SimpleNamespace

import pytest

from wandkit import AsyncApi, AsyncRuns, F
from wandkit.errors import AnswerError, ArgumentError, FilterError, NotFoundError, PathError
from wandkit.testing import Server


@pytest.fixture
async def project(api: AsyncApi, module_server: Server) -> str:
    """Give the name of a project with seven runs: r0 to r6, oldest first."""
    name = f"p{uuid.uuid4().hex[:8]}"
    for index in range(7):
        run = await api.create_run(
            run_id=f"r{index}",
            project=name,
            config={"index": index, "model.type": "mlp", "nested": {"a": {"b": index}}},
            tags=["odd"] if index % 2 else [],
        )
        summary = await run.summary
        await summary.update({"loss": index / 10, "other": "x"})
    module_server.requests.clear()
    return name


def sent(server: Server) -> list[str]:
    """Return the operations that the server got."""
    return [request.operation for request in server.requests]


async def ids(runs: AsyncRuns) -> list[str]:
    """Return the ids of all runs of a listing."""
    return [run.id async for run in runs]


async def test_making_a_listing_sends_nothing(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    runs = api.runs("ada/nowhere")
    assert repr(runs) == "<Runs ada/nowhere>"
    assert sent(module_server) == []


async def test_runs_come_newest_first(api: AsyncApi, project: str) -> None:
    assert await ids(api.runs(project)) == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]


@pytest.mark.parametrize("order", ["+created_at", "created_at", "+config.index", "+summary_metrics.loss"])
async def test_an_order_with_plus_or_no_sign_ascends(api: AsyncApi, project: str, order: str) -> None:
    assert await ids(api.runs(project, order=order)) == ["r0", "r1", "r2", "r3", "r4", "r5", "r6"]


async def test_an_order_of_a_field_works(api: AsyncApi, project: str) -> None:
    found = await api.runs(project, order=F.summary["loss"].desc())[:2]
    assert [run.id for run in found] == ["r6", "r5"]


async def test_a_filter_lets_through_what_it_says(api: AsyncApi, project: str) -> None:
    runs = api.runs(project, (F.config["model.type"] == "mlp") & (F.summary["loss"] < 0.15), "+created_at")
    assert await ids(runs) == ["r0", "r1"]


async def test_a_mongo_filter_works_too(api: AsyncApi, project: str) -> None:
    runs = api.runs(project, {"tags": "odd", "config.index": {"$gte": 3}})
    count = await runs.count()
    assert count == 2


async def test_the_length_counts_what_the_filter_lets_through(api: AsyncApi, project: str) -> None:
    count = await api.runs(project, F.tags.contains("odd")).count()
    assert count == 3


async def test_a_malformed_filter_is_refused_before_anything_is_sent(
    api: AsyncApi, module_server: Server
) -> None:
    module_server.requests.clear()
    with pytest.raises(FilterError, match=r"\$gtt"):
        api.runs("p", {"config.x": {"$gtt": 1}})
    assert sent(module_server) == []


async def test_a_malformed_path_is_refused_before_anything_is_sent(api: AsyncApi) -> None:
    with pytest.raises(PathError):
        api.runs("ada//x")


async def test_pages_cover_everything_exactly_once(api: AsyncApi, project: str) -> None:
    runs = api.runs(project, per_page=3)
    found = await ids(runs)
    assert found == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]
    assert (runs.receipt.received, runs.receipt.expected, runs.receipt.complete) == (7, 7, True)


async def test_a_cursor_goes_on_where_a_loop_stopped(api: AsyncApi, project: str) -> None:
    runs = api.runs(project, per_page=3)
    async for run in runs:
        if run.id == "r5":
            break
    rest = api.runs(project, start=runs.cursor)
    assert await ids(rest) == ["r4", "r3", "r2", "r1", "r0"]


async def test_a_run_that_appears_while_reading_repeats_nothing(api: AsyncApi, project: str) -> None:
    runs = api.runs(project, per_page=3)
    await runs[0]
    await api.create_run(run_id="late", project=project)
    assert await ids(runs) == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]


async def test_a_listing_starts_with_the_small_fields(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    runs = await api.runs(project).load_all()
    assert runs[1].tags == ["odd"]
    assert isinstance(runs[0].created_at, datetime)
    variables = module_server.requests[-1].variables
    assert (variables["withConfig"], variables["withSummary"]) == (False, False)


async def test_touching_configs_costs_one_request_more_for_the_page(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    indexes = []
    async for run in api.runs(project):
        config = await run.config
        indexes.append(config["index"])
    assert indexes == [6, 5, 4, 3, 2, 1, 0]
    assert sent(module_server) == ["ListRuns", "GetRunParts"]


async def test_later_pages_bring_along_what_was_touched(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    losses = []
    async for run in api.runs(project, per_page=3):
        summary = await run.summary
        losses.append(summary["loss"])
    assert losses == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    assert sent(module_server) == ["ListRuns", "GetRunParts", "ListRuns", "ListRuns"]


async def test_config_and_summary_of_a_small_first_page_come_together(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    async for run in api.runs(project, per_page=4):
        await run.config
        await run.summary
    assert sent(module_server) == ["ListRuns", "GetRunParts", "ListRuns"]


async def test_later_pages_bring_along_nothing_else(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    async for run in api.runs(project, per_page=4):
        await run.config
    variables = module_server.requests[-1].variables
    assert (variables["withConfig"], variables["withSummary"]) == (True, False)


async def test_a_page_that_is_too_much_is_completed_in_halves(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    runs = await api.runs(project).load_all()
    with module_server.fault(operation="GetRunParts", status=501, times=1) as fault:
        config = await runs[0].config
    assert config["index"] == 6
    assert fault.hits == 1
    assert sent(module_server).count("GetRunParts") == 3


async def test_a_config_that_cannot_be_read_fails_for_its_own_run_only(api: AsyncApi, project: str) -> None:
    runs = await api.runs(project, lazy=False).load_all()
    runs[1].take(["config"], SimpleNamespace(config='{"cut'))
    config = await runs[0].config
    assert config["index"] == 6
    with pytest.raises(AnswerError, match="config"):
        await runs[1].config


async def test_an_edit_stays_when_the_other_runs_of_the_page_are_read(api: AsyncApi, project: str) -> None:
    runs = await api.runs(project).load_all()
    edited = await runs[0].config
    edited["index"] = 60
    for run in runs:
        await run.config
        await run.summary
    config = await runs[0].config
    assert config is edited
    assert config["index"] == 60


async def test_a_run_that_was_deleted_since_says_so_when_touched(api: AsyncApi, project: str) -> None:
    runs = await api.runs(project).load_all()
    other = await api.run(f"{project}/r3")
    await other.delete()
    untouched = await runs[0].config
    assert untouched["index"] == 6
    with pytest.raises(NotFoundError, match="r3"):
        await runs[3].config


async def test_lazy_false_asks_for_everything_up_front(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    runs = await api.runs(project, lazy=False).load_all()
    config = await runs[0].config
    system = await runs[0].system_metrics
    assert (config["index"], system) == (6, {})
    assert sent(module_server) == ["ListRuns"]


async def test_upgrade_to_full_costs_one_request_a_page(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    runs = api.runs(project, per_page=4)
    await runs.load_all()
    await runs.upgrade_to_full()
    first = await runs[0]
    config = await first.config
    assert config["index"] == 6
    assert sent(module_server) == ["ListRuns", "ListRuns", "GetRunParts", "GetRunParts"]


async def test_selected_keys_are_the_only_ones_sent(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    first = await api.runs(project, select=[F.config["index"], F.summary["loss"]])[0]
    config = await first.config
    summary = await first.summary_metrics
    assert (config, summary) == ({"index": 6}, {"loss": 0.6})
    assert sent(module_server) == ["ListRuns"]


async def test_a_key_with_a_dot_and_a_key_within_a_key_can_be_selected(api: AsyncApi, project: str) -> None:
    select = [F.config["model.type"], F.config["nested"]["a"]["b"]]
    first = await api.runs(project, select=select)[0]
    config = await first.config
    assert config == {"model.type": "mlp", "nested": {"a": {"b": 6}}}


async def test_whole_parts_can_be_selected_by_name(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    first = await api.runs(project, select="summary")[0]
    summary = await first.summary_metrics
    assert summary["other"] == "x"
    assert sent(module_server) == ["ListRuns"]


async def test_a_part_that_was_not_selected_is_still_there_when_touched(api: AsyncApi, project: str) -> None:
    first = await api.runs(project, select=[F.config["index"]])[0]
    summary = await first.summary
    assert summary.other == "x"


async def test_an_edit_of_a_selected_run_keeps_the_keys_that_were_not(api: AsyncApi, project: str) -> None:
    first = await api.runs(project, select=[F.config["index"]])[0]
    config = await first.config
    config["index"] = 60
    await first.update()
    fresh = await api.run(f"{project}/r6")
    full = await fresh.config
    assert full == {"index": 60, "model.type": "mlp", "nested": {"a": {"b": 6}}}


@pytest.mark.parametrize("select", ["color", ["config", "files"], ["system_metrics.cpu"]])
async def test_what_no_run_has_cannot_be_selected(api: AsyncApi, select: str | list[str]) -> None:
    with pytest.raises(ArgumentError, match="select cannot take"):
        api.runs("p", select=select)


async def test_a_missing_project_names_near_ones(api: AsyncApi, project: str) -> None:
    with pytest.raises(NotFoundError, match=f"Did you mean .*{project}"):
        await api.runs(project + "x")[0]


async def test_a_missing_entity_is_not_found(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="nobody/p"):
        await api.runs("nobody/p").count()


async def test_runs_without_a_path_are_those_of_the_default_project(
    module_server: Server, project: str
) -> None:
    async with module_server.async_api("ada", overrides={"project": project}) as api:
        count = await api.runs().count()
    assert count == 7


async def test_flush_makes_listings_ask_again(api: AsyncApi, project: str) -> None:
    runs = api.runs(project)
    await runs.load_all()
    await api.create_run(run_id="new", project=project)
    api.flush()
    found = await ids(runs)
    assert found[0] == "new"


async def test_every_listing_asks_for_itself(api: AsyncApi, project: str) -> None:
    before = await ids(api.runs(project))
    await api.create_run(run_id="new", project=project)
    after = await ids(api.runs(project))
    assert (len(before), len(after)) == (7, 8)


async def test_a_page_of_runs_survives_a_busy_server(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    with module_server.fault(operation="ListRuns", status=501, times=1):
        found = await ids(api.runs(project))
    assert len(found) == 7
    assert [request.variables["first"] for request in module_server.requests] == [50, 25]


async def test_a_server_that_cannot_project_sends_all_and_the_rest_is_left_out_here() -> None:
    places = ("Run.config(keys:)", "Run.summaryMetrics(keys:)")
    with Server(hidden={*places, *(place.replace("Run", "BucketType") for place in places)}) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            await api.create_run(project="p", config={"a": 1, "b": 2})
            first = await api.runs("p", select=[F.config["a"]])[0]
            config = await first.config
            selected = dict(config)
            config["a"] = 3
            await first.update()
            fresh = await api.runs("p")[0]
            full = await fresh.config
    assert (selected, full) == ({"a": 1}, {"a": 3, "b": 2})
