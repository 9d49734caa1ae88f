"""wandkit, sync, with its defaults."""

from __future__ import annotations

import clock

# isort: split

TASK = clock.task()


def first() -> None:
    from wandkit import Api

    api = Api(overrides={"base_url": TASK.url}, api_key=clock.KEY)
    name = api.run(f"{clock.RUNS}/{clock.FIRST_RUN}").name
    clock.report(clock.since(clock.STARTED), str(name))


def only_import() -> None:
    import wandkit

    clock.report(clock.since(clock.STARTED), str(bool(wandkit)))


def main() -> None:
    from wandkit import Api

    with Api(overrides={"base_url": TASK.url}, api_key=clock.KEY) as api:
        if TASK.part == "J2":
            started = clock.now()
            runs = api.runs(clock.RUNS)
            pairs = clock.Pairs((run.id, run.config[clock.CONFIG], run.summary[clock.METRIC]) for run in runs)
            spent = clock.since(started)
            clock.report(spent, pairs.text())
        elif TASK.part.startswith("J3"):
            run = api.run(f"{clock.SCAN}/{clock.FIRST_RUN}")
            started = clock.now()
            keys = [clock.METRIC] if TASK.part == "J3 key" else None
            scan = clock.Scan().read(run.scan_history(keys=keys))
            clock.report(clock.since(started), scan.text())
        elif TASK.part == "J4":
            import pandas  # noqa: F401

            started = clock.now()
            frame = api.runs(clock.HISTORIES).histories(samples=500, format="pandas")
            spent = clock.since(started)
            clock.report(spent, clock.frame_text(frame, clock.metrics_of(frame)))


{"J1": first, "J1 import": only_import}.get(TASK.part, main)()
