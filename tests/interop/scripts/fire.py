"""Let the official client make automations of one project and do what they watch: ENTITY PROJECT."""

from __future__ import annotations

import sys

import wandb
from wandb.automations import (
    ArtifactEvent,
    OnAddArtifactAlias,
    OnRunMetric,
    OnRunState,
    RunEvent,
    SendWebhook,
)

entity, name = sys.argv[1:]
api = wandb.Api(timeout=30)
api.create_project(name, entity)
project = api.project(name, entity)
hook = next(api.webhook_integrations(entity=entity))


def send(*variables: str) -> SendWebhook:
    """Return the action that sends these values."""
    payload = {"event": "${event_type}", **{variable: f"${{{variable}}}" for variable in variables}}
    return SendWebhook.from_integration(hook, payload=payload)


metric = OnRunMetric(scope=project, filter=RunEvent.metric("loss").avg(2).lt(0.5))
state = OnRunState(scope=project, filter=RunEvent.state.in_(["finished"]) & RunEvent.name.contains("fire"))
alias = OnAddArtifactAlias(scope=project, filter=ArtifactEvent.alias.matches_regex("^prod"))
api.create_automation(metric >> send("run_name", "metric_value"), name="metric")
api.create_automation(state >> send("run_name", "run_state"), name="state")
api.create_automation(alias >> send("alias", "artifact_version_string", "event_author"), name="alias")

with wandb.init(project=name, entity=entity, name="fire") as run:
    for loss in (1.0, 0.6, 0.3, 0.2):
        run.log({"loss": loss})
    artifact = wandb.Artifact("model", "model")
    with artifact.new_file("weights.txt") as file:
        file.write("0.5")
    run.log_artifact(artifact, aliases=["prod-1"]).wait()
print('ANSWER "done"')
