"""wandkit, async, with its defaults."""

from __future__ import annotations

import clock

# isort: split
import asyncio

TASK = clock.task()


async def first() -> None:
    from wandkit import AsyncApi

    async with AsyncApi(overrides={"base_url": TASK.url}, api_key=clock.KEY) as api:
        run = await api.run(f"{clock.RUNS}/{clock.FIRST_RUN}")
        clock.report(clock.since(clock.STARTED), str(run.name))


async def read_runs(api) -> None:
    started = clock.now()
    rows = []
    async for run in api.runs(clock.RUNS):
        config = await run.config
        summary = await run.summary
        rows.append((run.id, config[clock.CONFIG], summary[clock.METRIC]))
    spent = clock.since(started)
    clock.report(spent, clock.Pairs(rows).text())


async def read_scan(api) -> None:
    run = await api.run(f"{clock.SCAN}/{clock.FIRST_RUN}")
    started = clock.now()
    count, total, whole = 0, 0.0, []
    async for row in run.scan_history(keys=[clock.METRIC] if TASK.part == "J3 key" else None):
        if count % 1000 == 0:
            whole.append(dict(row))
        count += 1
        total += row[clock.METRIC]
    spent = clock.since(started)
    scan = clock.Scan()
    scan.count, scan.total, scan.whole = count, total, whole
    clock.report(spent, scan.text())


async def read_frame(api) -> None:
    import pandas  # noqa: F401

    started = clock.now()
    frame = await api.runs(clock.HISTORIES).histories(samples=500, format="pandas")
    spent = clock.since(started)
    clock.report(spent, clock.frame_text(frame, clock.metrics_of(frame)))


async def main() -> None:
    if TASK.part == "J1":
        return await first()
    from wandkit import AsyncApi

    jobs = {"J2": read_runs, "J3 all": read_scan, "J3 key": read_scan, "J4": read_frame}
    async with AsyncApi(overrides={"base_url": TASK.url}, api_key=clock.KEY) as api:
        return await jobs[TASK.part](api)


asyncio.run(main())
