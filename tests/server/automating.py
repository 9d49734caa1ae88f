"""What the tests of automations share: inputs of automations, and callers that make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Caller

__all__ = ["CREATE", "DELETE", "UPDATE", "automate", "project_id", "run_event", "wanted"]

FIELDS = """id name description enabled createdAt updatedAt createdBy { username }
  scope { __typename ... on Project { id name } ... on Entity { id name }
          ... on ArtifactSequence { id name } ... on ArtifactPortfolio { id name } }
  triggeringCondition { ... on FilterEventTriggeringCondition { eventType filter } }
  triggeredAction { __typename
    ... on GenericWebhookTriggeredAction { requestPayload
      integration { ... on GenericWebhookIntegration { id name urlEndpoint accessTokenRef secretRef } } }
    ... on NotificationTriggeredAction { title message severity
      integration { ... on SlackIntegration { id teamName channelName } } }
    ... on NoOpTriggeredAction { noOp } ... on ARIATriggeredAction { prompt }
    ... on QueueJobTriggeredAction { template queue { id name } } }"""
CREATE = f"""mutation C($input: CreateFilterTriggerInput!) {{
  createFilterTrigger(input: $input) {{ trigger {{ {FIELDS} }} }} }}"""
UPDATE = f"""mutation U($input: UpdateFilterTriggerInput!) {{
  updateFilterTrigger(input: $input) {{ trigger {{ {FIELDS} }} }} }}"""
DELETE = "mutation D($id: ID!) { deleteTrigger(input: {triggerID: $id}) { success } }"


def project_id(caller: Caller, entity: str, name: str) -> str:
    """Return the id of a project, which is made if need be."""
    made: str = caller.data(
        """mutation P($e: String, $p: String) {
          upsertModel(input: {entityName: $e, name: $p}) { model { id } } }""",
        e=entity,
        p=name,
    )["upsertModel"]["model"]["id"]
    return made


def wanted(scope: str, event: str, filter: Any, **fields: Any) -> dict[str, Any]:
    """Return the input of an automation of a project, which does nothing unless `fields` say more."""
    return {
        "name": "watch",
        "enabled": True,
        "scopeType": "PROJECT",
        "scopeID": scope,
        "triggeringEventType": event,
        "eventFilter": filter if isinstance(filter, str) else json.dumps(filter),
        "triggeredActionType": "NO_OP",
        "triggeredActionConfig": {"noOpActionInput": {"noOp": True}},
        **fields,
    }


def automate(caller: Caller, *args: Any, hook: str | None = None, payload: Any = None, **fields: Any) -> Any:
    """Make an automation, with `hook` one that sends `payload` to this integration; return it."""
    if hook is not None:
        text = None if payload is None else json.dumps(payload)
        action = {"genericWebhookActionInput": {"integrationID": hook, "requestPayload": text}}
        fields |= {"triggeredActionType": "GENERIC_WEBHOOK", "triggeredActionConfig": action}
    answer = caller.data(CREATE, input=wanted(*args, **fields))
    return answer["createFilterTrigger"]["trigger"]


def run_event(run_filter: Any = None, **condition: Any) -> dict[str, Any]:
    """Return the filter of a run event: a filter of runs as text, and a condition."""
    return {"run_filter": json.dumps(run_filter or {}), **condition}
