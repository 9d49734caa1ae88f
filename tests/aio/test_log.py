"""Writing a run: what is logged is there, once, in order, whatever happens on the way."""

from __future__ import annotations

import gc
import json
import math
import warnings
from time import monotonic
from typing import Any

import numpy
import pytest

from wandkit import AsyncApi, AsyncRun
from wandkit._transport.concurrency.aio import gather_bounded
from wandkit.errors import ArgumentError, PermissionDeniedError, RunStoppedError
from wandkit.testing import Server


async def again(api: AsyncApi, run: AsyncRun) -> AsyncRun:
    """Fetch the run anew."""
    fetched = await api.run("/".join([run.entity, run.project, run.id]))
    return fetched


async def rows_of(run: AsyncRun) -> list[dict[str, Any]]:
    """Return all rows that the server has, without what every row has."""
    rows = [dict(row) async for row in run.scan_history()]
    for row in rows:
        del row["_timestamp"], row["_runtime"]
    return rows


async def test_logged_rows_are_read_back_in_order(run: AsyncRun) -> None:
    for number in range(5):
        await run.log({"loss": 1 / (number + 1), "name": f"n{number}"})
    await run.flush()
    assert await rows_of(run) == [
        {"loss": 1 / (number + 1), "name": f"n{number}", "_step": number} for number in range(5)
    ]


async def test_several_may_log_to_one_run_at_once(run: AsyncRun) -> None:
    async def log_ten() -> None:
        for number in range(10):
            await run.log({"a": number})

    await gather_bounded(8, [log_ten] * 8)
    await run.finish()
    assert sorted(row["a"] for row in await rows_of(run)) == sorted([*range(10)] * 8)


async def test_several_rows_are_logged_in_one_call(run: AsyncRun) -> None:
    await run.log([{"a": 1}, {"a": 2}], step=10)
    await run.finish()
    assert await rows_of(run) == [{"a": 1, "_step": 10}, {"a": 2, "_step": 11}]


async def test_every_row_has_its_time(run: AsyncRun) -> None:
    await run.log({"a": 1})
    await run.log({"a": 2, "_timestamp": 1.0e9})
    await run.flush()
    rows = [row async for row in run.scan_history()]
    assert rows[0]["_timestamp"] > 1.7e9
    assert 0 <= rows[0]["_runtime"] < 60
    assert rows[1]["_timestamp"] == 1.0e9


async def test_rows_of_one_step_are_joined(run: AsyncRun) -> None:
    await run.log({"a": 1}, step=3)
    await run.log({"b": 2}, step=3)
    await run.log({"a": 4}, step=7)
    await run.finish()
    assert await rows_of(run) == [{"a": 1, "b": 2, "_step": 3}, {"a": 4, "_step": 7}]


async def test_a_step_that_is_behind_is_left_out_with_a_warning(run: AsyncRun) -> None:
    await run.log({"a": 1}, step=5)
    with pytest.warns(UserWarning, match="1 row"):
        await run.log({"a": 2}, step=4)
    await run.finish()
    assert await rows_of(run) == [{"a": 1, "_step": 5}]


async def test_nested_values_stay_as_they_are(run: AsyncRun) -> None:
    histogram = {"_type": "histogram", "values": [1, 2], "bins": [0.0, 0.5, 1.0]}
    await run.log({"a": {"b": {"c": 1}}, "h": histogram, "list": [1, "x", None], "a.b": 2})
    await run.flush()
    found = await rows_of(run)
    assert found == [{"a": {"b": {"c": 1}}, "h": histogram, "list": [1, "x", None], "a.b": 2, "_step": 0}]


async def test_numbers_that_are_not_finite_survive(run: AsyncRun) -> None:
    await run.log({"a": math.nan, "b": math.inf, "c": {"d": -math.inf}})
    await run.flush()
    found = (await rows_of(run))[0]
    assert math.isnan(found["a"])
    assert (found["b"], found["c"]) == (math.inf, {"d": -math.inf})


async def test_scalars_of_numpy_are_numbers(run: AsyncRun) -> None:
    row = {"a": numpy.float32(1.5), "b": numpy.int64(2), "c": numpy.bool_(True), "d": numpy.arange(3)}
    await run.log(row)
    await run.flush()
    assert await rows_of(run) == [{"a": 1.5, "b": 2, "c": True, "d": [0, 1, 2], "_step": 0}]


async def test_large_arrays_become_histograms(run: AsyncRun) -> None:
    await run.log({"weights": numpy.linspace(0, 1, 1000)})
    await run.flush()
    value = (await rows_of(run))[0]["weights"]
    assert value["_type"] == "histogram"
    assert sum(value["values"]) == 1000


async def test_a_value_that_cannot_be_logged_names_its_key(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="'model'"):
        await run.log({"loss": 1, "model": object()})
    await run.log({"loss": 2})
    await run.flush()
    assert await rows_of(run) == [{"loss": 2, "_step": 0}]


@pytest.mark.parametrize("rows", [1, None, "text", [1]])
async def test_what_is_no_row_is_refused(run: AsyncRun, rows: Any) -> None:
    with pytest.raises(ArgumentError):
        await run.log(rows)


@pytest.mark.parametrize("step", [-1, 1.5, "3", True, math.nan, math.inf, 2**63])
async def test_a_step_that_is_no_whole_number_is_refused(run: AsyncRun, step: Any) -> None:
    with pytest.raises(ArgumentError, match="step"):
        await run.log({"a": 1}, step=step)


async def test_the_summary_has_the_last_values(api: AsyncApi, run: AsyncRun) -> None:
    await run.log({"loss": 2.0, "acc": 0.5, "val": {"a": 1, "b": 2}})
    await run.log({"loss": 1.0, "val": {"a": 3}})
    await run.finish()
    summary = await (await again(api, run)).summary
    assert (summary["loss"], summary["acc"], summary["_step"]) == (1.0, 0.5, 1)
    assert dict(summary["val"].items()) == {"a": 3, "b": 2}


async def test_an_edit_of_the_summary_survives_the_rows_after_it(api: AsyncApi, run: AsyncRun) -> None:
    await run.log({"loss": 1, "inner": {"a": 1}})
    await run.flush()
    summary = await run.summary
    summary["best"] = {"loss": 0.5}
    await run.update()
    await run.log({"loss": 2, "inner": {"b": 1}})
    await run.finish()
    found = (await (await again(api, run)).summary).as_dict()
    assert (found["best"], found["loss"], found["inner"]) == ({"loss": 0.5}, 2, {"a": 1, "b": 1})


async def test_a_run_that_was_written_shows_its_summary(api: AsyncApi, run: AsyncRun) -> None:
    summary = await run.summary
    await run.log({"loss": 1, "odd": math.nan})
    await run.finish()
    assert (summary["loss"], math.isnan(summary["odd"])) == (1, True)
    assert "loss" in (await run.history_keys)["keys"]
    summary["best"] = 2
    await summary.update()
    assert (await (await again(api, run)).summary)["best"] == 2


async def test_an_edit_of_the_summary_that_was_not_sent_outlives_the_writing(
    api: AsyncApi, run: AsyncRun
) -> None:
    summary = await run.summary
    summary["best"] = 2
    await run.log({"loss": 1})
    with pytest.warns(UserWarning, match="edits of its summary were not sent"):
        await run.finish()
    await run.update()
    found = await (await again(api, run)).summary
    assert (found["best"], found["loss"]) == (2, 1)


async def test_an_edit_that_cannot_be_stored_does_not_keep_a_run_from_ending(run: AsyncRun) -> None:
    (await run.config)["model"] = object()
    with pytest.warns(UserWarning, match="edits of its config were not sent"):
        await run.finish()
    assert run.state == "finished"


async def test_finishing_ends_the_run(api: AsyncApi, run: AsyncRun) -> None:
    await run.finish()
    assert run.state == "finished"
    assert (await again(api, run)).state == "finished"


async def test_an_exit_code_makes_the_run_failed(api: AsyncApi, run: AsyncRun) -> None:
    await run.finish(exit_code=3)
    assert (await again(api, run)).state == "failed"


async def test_a_with_block_finishes_the_run(api: AsyncApi, run: AsyncRun) -> None:
    async with run:
        await run.log({"a": 1})
    assert (await again(api, run)).state == "finished"
    assert await rows_of(run) == [{"a": 1, "_step": 0}]


async def test_an_error_in_a_with_block_makes_the_run_failed(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.raises(ZeroDivisionError):
        async with run:
            await run.log({"a": 1 // 0})
    assert (await again(api, run)).state == "failed"


async def test_a_resumed_run_goes_on_where_it_ended(api: AsyncApi, run: AsyncRun) -> None:
    await run.log([{"a": 1}, {"a": 2}])
    await run.finish()
    resumed = await again(api, run)
    await resumed.log({"a": 3, "b": 1})
    await resumed.finish()
    assert await rows_of(run) == [{"a": 1, "_step": 0}, {"a": 2, "_step": 1}, {"a": 3, "b": 1, "_step": 2}]
    assert (await (await again(api, run)).summary)["a"] == 3


async def test_a_lost_answer_repeats_nothing(module_server: Server, run: AsyncRun) -> None:
    await run.log([{"a": number} for number in range(100)])
    with module_server.fault(path="file_stream", drop=True, after=True, times=1) as fault:
        await run.flush()
    assert fault.hits == 1
    assert [row["a"] for row in await rows_of(run)] == list(range(100))


async def test_a_server_that_fails_for_a_while_loses_nothing(module_server: Server, run: AsyncRun) -> None:
    await run.log({"a": 1})
    with module_server.fault(path="file_stream", status=503, headers={"Retry-After": "0"}, times=2):
        await run.flush()
    assert await rows_of(run) == [{"a": 1, "_step": 0}]


async def test_a_refusal_keeps_the_rows_for_another_try(module_server: Server, run: AsyncRun) -> None:
    await run.log({"a": 1})
    with (
        module_server.fault(path="file_stream", status=403, body={"error": "permission denied"}),
        pytest.raises(PermissionDeniedError),
    ):
        await run.flush()
    await run.finish()
    assert await rows_of(run) == [{"a": 1, "_step": 0}]


async def test_a_run_that_is_told_to_stop_says_so(api: AsyncApi, run: AsyncRun) -> None:
    await run.log({"a": 1})
    await (await again(api, run)).stop()
    await run.flush()
    assert run.stop_requested
    with pytest.raises(RunStoppedError, match="finish"):
        await run.log({"a": 2})
    await run.finish()
    assert await rows_of(run) == [{"a": 1, "_step": 0}]


async def test_rows_are_sent_without_being_asked_for(run: AsyncRun) -> None:
    await run.log({"a": 1})
    ends = monotonic() + 30
    while not await rows_of(run) and monotonic() < ends:
        pass
    assert await rows_of(run) == [{"a": 1, "_step": 0}]


async def test_many_rows_are_sent_in_several_requests(module_server: Server, run: AsyncRun) -> None:
    await run.log([{"a": number} for number in range(25_000)])
    module_server.requests.clear()
    await run.flush()
    posts = [request for request in module_server.requests if request.path.endswith("file_stream")]
    assert len(posts) == 3
    assert [row["a"] async for row in run.scan_history(keys=["a"])] == list(range(25_000))


async def test_system_metrics_have_a_history_of_their_own(run: AsyncRun) -> None:
    await run.log_system({"cpu": 12.5, "system.gpu.0.temp": math.nan})
    await run.flush()
    history = await run.history(stream="system", pandas=False)
    assert history[0]["system.cpu"] == 12.5
    assert math.isnan(history[0]["system.gpu.0.temp"])
    assert await rows_of(run) == []


async def forget(api: AsyncApi, run: AsyncRun) -> None:
    """Log to the run and let go of it."""
    forgotten = await again(api, run)
    await forgotten.log({"a": 1}, step=1)
    del forgotten
    gc.collect()


async def test_rows_that_were_never_sent_are_reported(api: AsyncApi, run: AsyncRun) -> None:
    with pytest.warns(ResourceWarning, match="never sent"):
        await forget(api, run)


async def test_a_finished_run_is_forgotten_in_silence(run: AsyncRun) -> None:
    gc.collect()  # what other tests have left is not meant
    await run.log({"a": 1})
    await run.finish()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        gc.collect()
    assert not run.stop_requested


async def test_requests_say_where_their_lines_start(module_server: Server, run: AsyncRun) -> None:
    module_server.requests.clear()
    for number in range(2):
        await run.log({"a": number})
        await run.flush()
    posts = [request for request in module_server.requests if request.path.endswith("file_stream")]
    offsets = [json.loads(post.body)["files"]["wandb-history.jsonl"]["offset"] for post in posts]
    assert offsets == [0, 1]
