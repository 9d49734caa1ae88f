"""Executions: what automations fired, and what became of it, to those who see the automations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from ariadne import ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.automation_event import METRIC_EVENTS, RUN_STATE
from wandkit.server.filtering.automation import delivery_field
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.automation import Automation, Delivery
from wandkit.server.model.collection import Collection
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.pagination import by_id, page
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.automation import automation_by_id, scope_visible
from wandkit.server.resolvers.integration import integration_node
from wandkit.server.resolvers.run import understood

__all__ = ["BINDABLES"]

query: QueryType = QueryType()
project: ObjectType = ObjectType("Project")
sequence: ObjectType = ObjectType("ArtifactSequence")
portfolio: ObjectType = ObjectType("ArtifactPortfolio")
execution: ObjectType = ObjectType("TriggerExecution")

BINDABLES: list[SchemaBindable] = [query, project, sequence, portfolio, execution]

_ALIASES = frozenset({"ADD_ARTIFACT_ALIAS", "UPDATE_ARTIFACT_ALIAS"})
_TAGS = frozenset({"ADD_ARTIFACT_TAG", "REMOVE_ARTIFACT_TAG", "ADD_COLLECTION_TAG", "REMOVE_COLLECTION_TAG"})


@query.field("triggerExecutions")
def resolve_executions(
    _parent: None, info: GraphQLResolveInfo, *, triggerID: str, **arguments: Any
) -> dict[str, Any]:
    """Return a page of what an automation fired, the newest first; of an entity's, to administrators."""
    context = context_of(info)
    found = automation_by_id(context, triggerID)
    if found is None:
        raise Refusal("automation not found", 404)
    if found.project is None and not context.access.administers(found.entity):
        raise denied()
    return _page(context, Delivery.automation_id == found.id, arguments)


@project.field("triggerExecutions")
def resolve_project_executions(
    parent: Project, info: GraphQLResolveInfo, *, projectOnly: bool | None = None, **arguments: Any
) -> dict[str, Any]:
    """Return a page of what automations fired in the project, with `projectOnly` without its collections'."""
    condition = Delivery.project_id == parent.id
    if projectOnly:
        condition &= Delivery.collection_id.is_(None)
    context = context_of(info)
    return _page(context, condition if scope_visible(context, parent) else sa.false(), arguments)


@sequence.field("triggerExecutions")
@portfolio.field("triggerExecutions")
def resolve_collection_executions(
    parent: Collection, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return a page of what the automations of the collection fired."""
    context = context_of(info)
    seen = scope_visible(context, parent)
    return _page(context, Delivery.collection_id == parent.id if seen else sa.false(), arguments)


@execution.field("id")
def resolve_id(parent: Delivery, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("TriggerExecution", parent.id)


@execution.field("triggerID")
def resolve_trigger_id(parent: Delivery, _info: GraphQLResolveInfo) -> str:
    """Return the id of the automation, which may be gone."""
    return ids.encode("Trigger", parent.automation_id)


@execution.field("triggerName")
def resolve_trigger_name(parent: Delivery, _info: GraphQLResolveInfo) -> str:
    """Return what the automation was called then."""
    return parent.automation_name


@execution.field("state")
def resolve_state(parent: Delivery, _info: GraphQLResolveInfo) -> str:
    """Return `PENDING`, `FINISHED` or `FAILED`; what this server cannot do has failed."""
    return "FAILED" if parent.state == "SKIPPED" else parent.state


@execution.field("scope")
def resolve_scope(parent: Delivery, info: GraphQLResolveInfo) -> Collection | Project | Entity | None:
    """Return what the automation watches; null where it is gone."""
    found = context_of(info).session.get(Automation, parent.automation_id)
    return None if found is None else found.scope


@execution.field("event")
def resolve_event(parent: Delivery, _info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return what happened."""
    facts: dict[str, Any] = json.loads(parent.facts)
    place = {"entityName": facts.get("entity_name"), "projectName": facts.get("project_name")}
    return {"eventType": parent.event_type, "data": {**place, **_event_data(parent.event_type, facts)}}


@execution.field("action")
def resolve_action(parent: Delivery, _info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return what was to be done; the payload is the template, without its secrets."""
    make = _ACTIONS.get(parent.action_type)
    return {"actionType": parent.action_type, "data": None if make is None else make(parent)}


@execution.field("result")
def resolve_result(parent: Delivery, _info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return what became of it; null while it is pending. Bodies of answers are not kept."""
    if parent.state == "PENDING":
        return None
    error = None if parent.error is None else {"message": parent.error}
    if parent.action_type != "GENERIC_WEBHOOK":
        plain = {"__typename": "DefaultTriggerResultDetails", "error": error}
        return {"resultType": "DEFAULT", "data": plain}
    details: dict[str, Any] = {
        "__typename": "HttpTriggerResultDetails",
        "error": error,
        "statusCode": parent.status_code,
        "status": _status(parent.status_code),
    }
    return {"resultType": "HTTP_RESPONSE", "data": details}


def _event_data(event_type: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    if event_type == RUN_STATE:
        found = {"runName": facts.get("run_id"), "newRunState": facts.get("run_state")}
        return {"__typename": "RunStateEventDetails", **found}
    if event_type in METRIC_EVENTS:
        found = {"metricName": facts.get("metric_name"), "metricValues": facts.get("metric_values")}
        return {"__typename": "RunMetricEventDetails", "runName": facts.get("run_id"), **found}
    metadata = facts.get("artifact_metadata")
    version = {
        "artifactCollectionName": facts.get("artifact_collection_name"),
        "artifactMetadata": None if metadata is None else json.dumps(metadata),
        "artifactVersionIndex": facts.get("artifact_version_index"),
    }
    if event_type in _ALIASES:
        return {"__typename": "ArtifactAliasEventDetails", "alias": facts.get("alias"), **version}
    if event_type in _TAGS:
        return {"__typename": "ArtifactTagEventDetails", "tag": facts.get("tag"), **version}
    return {"__typename": "ArtifactEventDetails", **version}


def _webhook(found: Delivery) -> dict[str, Any]:
    shown = None if found.integration is None else integration_node(found.integration)
    return {"__typename": "GenericWebhookActionArgs", "integration": shown, "requestPayload": found.payload}


def _slack(found: Delivery) -> dict[str, Any]:
    shown = None if found.integration is None else integration_node(found.integration)
    return {"__typename": "SlackNotificationActionArgs", "integration": shown}


def _no_op(_found: Delivery) -> dict[str, Any]:
    return {"__typename": "NoOpActionArgs", "noOp": True}


_ACTIONS: Mapping[str, Callable[[Delivery], dict[str, Any]]] = {
    "GENERIC_WEBHOOK": _webhook,
    "NOTIFICATION": _slack,
    "NO_OP": _no_op,
}


def _status(code: int | None) -> str | None:
    try:
        return None if code is None else f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _page(context: Context, condition: ColumnElement[bool], arguments: dict[str, Any]) -> dict[str, Any]:
    matching = understood(lambda: compile_filter_text(arguments.get("filters"), delivery_field))
    statement = select(Delivery).where(condition, matching)
    count = context.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    ordering = by_id(Delivery.id.expression, descending=True)
    statement = statement.options(joinedload(Delivery.integration))
    found = page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)
    return {**found, "totalCount": count}
