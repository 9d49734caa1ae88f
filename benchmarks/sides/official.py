"""The official client. `J2` reads as a user would with its defaults, `J2 best` eagerly and 1,000 a page."""

from __future__ import annotations

import clock

# isort: split
import os
from itertools import islice

os.environ |= {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
TASK = clock.task()


def first() -> None:
    import wandb

    api = wandb.Api(overrides={"base_url": TASK.url}, api_key=clock.KEY)
    name = api.run(f"{clock.RUNS}/{clock.FIRST_RUN}").name
    clock.report(clock.since(clock.STARTED), name)


def only_import() -> None:
    import wandb
    import wandb.apis.public

    clock.report(clock.since(clock.STARTED), str(bool(wandb.Api)))


def main() -> None:
    import wandb

    api = wandb.Api(overrides={"base_url": TASK.url}, api_key=clock.KEY)
    if TASK.part.startswith("J2"):
        started = clock.now()
        runs = (
            api.runs(clock.RUNS, lazy=False, per_page=1000)
            if TASK.part == "J2 best"
            else api.runs(clock.RUNS)
        )
        chosen = islice(runs, TASK.limit) if TASK.limit else runs
        pairs = clock.Pairs((run.id, run.config[clock.CONFIG], run.summary[clock.METRIC]) for run in chosen)
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
clock.leave()
