"""Make a sweep and work on it to its end by the official client, or work on one that is there.

sweep.py make PROJECT CONFIG-AS-JSON
sweep.py work PROJECT SWEEP [COUNT]
sweep.py read PROJECT SWEEP
"""

from __future__ import annotations

import json
import sys
from typing import Any

import wandb
from wandb.agents import pyagent


def train() -> None:
    """Log one run, whose loss is what its parameters say."""
    with wandb.init() as run:
        run.log({"loss": run.config["lr"] * run.config["layers"]})


def work(project: str, sweep: str, count: str | None = None) -> None:
    """Be an agent until the sweep says that it is over; newer clients may ask more often."""
    pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 1
    wandb.agent(sweep, function=train, project=project, entity="ada", count=int(count) if count else None)


def read(project: str, sweep: str) -> dict[str, Any]:
    """Return what the client reads of a sweep."""
    found = wandb.Api(timeout=30).sweep(f"ada/{project}/{sweep}")
    best = found.best_run()
    return {
        "state": found.state,
        "name": found.name,
        "config": found.config,
        "expected": found.expected_run_count,
        "order": found.order,
        "best": best.id if best else None,
        "runs": sorted(run.id for run in found.runs),
    }


action, project, *rest = sys.argv[1:]
if action == "make":
    made = wandb.sweep(json.loads(rest[0]), project=project, entity="ada")
    work(project, made)
    print("ANSWER " + json.dumps(made))
elif action == "work":
    work(project, *rest)
else:
    print("ANSWER " + json.dumps(read(project, *rest)))
