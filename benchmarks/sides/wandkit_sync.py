"""wandkit, sync, with its defaults."""

from __future__ import annotations

import clock

# isort: split
import time

TASK = clock.task()


def first() -> None:
    from wandkit import Api

    api = Api(overrides={"base_url": TASK.url}, api_key=clock.KEY)
    name = api.run(f"{clock.RUNS}/{clock.FIRST_RUN}").name
    clock.report(time.perf_counter() - clock.STARTED, str(name))


def only_import() -> None:
    import wandkit

    clock.report(time.perf_counter() - clock.STARTED, str(bool(wandkit)))


def main() -> None:
    from wandkit import Api

    with Api(overrides={"base_url": TASK.url}, api_key=clock.KEY) as api:
        if TASK.part == "J2":
            started = time.perf_counter()
            runs = api.runs(clock.RUNS)
            pairs = clock.Pairs((run.id, run.config[clock.CONFIG], run.summary[clock.METRIC]) for run in runs)
            seconds = time.perf_counter() - started
            clock.report(seconds, pairs.text())
        elif TASK.part.startswith("J3"):
            run = api.run(f"{clock.SCAN}/{clock.FIRST_RUN}")
            started = time.perf_counter()
            keys = [clock.METRIC] if TASK.part == "J3 key" else None
            scan = clock.Scan().read(run.scan_history(keys=keys))
            clock.report(time.perf_counter() - started, scan.text())
        elif TASK.part == "J4":
            import pandas  # noqa: F401

            started = time.perf_counter()
            frame = api.runs(clock.HISTORIES).histories(samples=500, format="pandas")
            seconds = time.perf_counter() - started
            clock.report(seconds, clock.frame_text(frame, clock.metrics_of(frame)))


{"J1": first, "J1 import": only_import}.get(TASK.part, main)()
