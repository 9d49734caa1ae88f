"""Speak for the launch part of an official client: ACTION and its arguments as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import wandb

PROJECT = "model-registry"


def launch_api() -> Any:
    """Return the client's own object for agents, wherever this version has it."""
    try:
        from wandb.sdk.launch.api import LaunchApi
    except ImportError:
        from wandb.sdk.internal.internal_api import Api

        return Api()
    return LaunchApi()


def create(name: str, kind: str, **options: Any) -> Any:
    """Make a queue by the public API."""
    queue = wandb.Api().create_run_queue(name, kind, entity="ada", **options)
    return {"name": queue.name, "access": queue.access}


def upsert(name: str, kind: str, config: dict[str, Any], **options: Any) -> Any:
    """Make or change a queue by the public API."""
    return wandb.Api().upsert_run_queue(name, config, kind, entity="ada", **options).name


def read(name: str) -> Any:
    """Read a queue by the public API."""
    queue = wandb.Api().run_queue("ada", name)
    found = {
        "id": queue.id,
        "access": queue.access,
        "prioritization_mode": queue.prioritization_mode,
        "type": queue.type,
        "config": queue.default_resource_config,
        "variables": queue.template_variables,
        "items": [item.id for item in queue.items],
        "states": [item.state for item in queue.items],
    }
    if hasattr(type(queue), "external_links"):
        found["links"] = queue.external_links
    return found


def delete(name: str) -> Any:
    """Delete a queue by the public API."""
    return wandb.Api().run_queue("ada", name).delete()


def push(name: str, spec: dict[str, Any], variables: Any = None, priority: Any = None) -> Any:
    """Push by the agents' API."""
    return launch_api().push_to_run_queue(name, spec, variables, PROJECT, priority)


def pop(name: str, agent: str | None = None) -> Any:
    """Pop by the agents' API."""
    return launch_api().pop_from_run_queue(name, entity="ada", project=PROJECT, agent_id=agent)


def acknowledge(item: str, run: str) -> Any:
    """Say which run an item becomes."""
    return launch_api().ack_run_queue_item(item, run)


def fail(item: str, message: str, stage: str, files: list[str] | None = None) -> Any:
    """Give an item up, with a warning before."""
    api = launch_api()
    api.update_run_queue_item_warning(item, "a warning", stage, None)
    return api.fail_run_queue_item(item, message, stage, files)


def agent(queues: list[str]) -> Any:
    """Register an agent, change its status and read it."""
    api = launch_api()
    more = [] if wandb.__version__ > "0.20" else [True]
    made = api.create_launch_agent("ada", PROJECT, queues, {"max_jobs": 1}, wandb.__version__, *more)
    api.update_launch_agent_status(made["launchAgentId"], "RUNNING", *more)
    return api.get_launch_agent(made["launchAgentId"], *more)


def wait(name: str, item: str, project: str) -> Any:
    """Wait for the end of an item's run by the public API."""
    run = wandb.Api().queued_run("ada", project, name, item, PROJECT).wait_until_finished()
    return {"id": run.id, "state": run.state, "summary": dict(run.summary._json_dict)}


def call(job: str, config: dict[str, Any], **options: Any) -> Any:
    """Call a job by the public API."""
    item = wandb.Api().job(job).call(config, **options)
    return {"id": item.id, "queue": item.queue_name, "state": item.state}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    print("ANSWER " + json.dumps(answer))
