"""Changes of runs: creating, updating, stopping, deleting."""

from __future__ import annotations

import json
import logging
from typing import Any

from ariadne import MutationType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import undefer

from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.lifecycle import STATES, start
from wandkit.server.model.project import Project
from wandkit.server.model.run import TERMINAL_STATES, Run
from wandkit.server.names import check_name, made_up_name, new_run_name
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.artifact_change import delete_outputs
from wandkit.server.resolvers.project import new_project
from wandkit.server.resolvers.run import run_condition
from wandkit.server.resolvers.run_queue_item import claim_item
from wandkit.server.rewind import rewind

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()

BINDABLES: list[SchemaBindable] = [mutation]

_log = logging.getLogger("wandkit.server")

_DEFAULT_PROJECT = "uncategorized"
_TEXTS = {
    "commit": "commit",
    "description": "description",
    "displayName": "display_name",
    "framework": "framework",
    "groupName": "group",
    "host": "host",
    "jobProgram": "program",
    "jobRepo": "repo",
    "jobType": "job_type",
    "notes": "notes",
    "sweep": "sweep_name",
}


@mutation.field("upsertBucket")
def resolve_upsert_bucket(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a run (and its project) or change one; null leaves a field as it is."""
    context = context_of(info)
    context.access.require_user()
    if input.get("id"):
        run, inserted = context.access.run_to_change(input["id"]), False
    else:
        run, inserted = _run_by_name(context, input)
    _apply(context, run, input)
    if input.get("state") is not None:
        _set_state(run, input["state"])
    elif not input.get("id") and run.state in TERMINAL_STATES | {"pending"}:
        start(run)
    if input.get("runQueueItemId"):
        claim_item(context, input["runQueueItemId"], run.name)
    context.session.flush()
    return {"bucket": run, "inserted": inserted, "serverSettings": {"serverMessages": []}}


def _run_by_name(context: Context, input: dict[str, Any]) -> tuple[Run, bool]:
    project = _project_for_run(context, input.get("entityName"), input.get("modelName") or _DEFAULT_PROJECT)
    name = input.get("name") or new_run_name()
    existing = context.session.scalars(
        select(Run).where(Run.project_id == project.id, Run.name == name)
    ).one_or_none()
    if existing is not None:
        if existing.deleted_at is not None:
            raise Refusal(f"run {name} was previously created and deleted; try a new run id", 409)
        return existing, False
    try:
        check_name("run", name)
    except ValueError as error:
        raise Refusal(str(error)) from None
    number = (
        context.session.scalar(select(func.count()).select_from(Run).where(Run.project_id == project.id)) or 0
    )
    run = Run(
        project=project,
        user=context.access.require_user(),
        name=name,
        display_name=made_up_name(number + 1),
        config="{}",
        summary="{}",
        tags=[],
        state="running",
    )
    context.session.add(run)
    return run, True


def _project_for_run(context: Context, entity_name: str | None, name: str) -> Project:
    entity = context.access.any_entity(entity_name) if entity_name else context.access.default_entity()
    if entity is None:
        raise Refusal(f"entity {entity_name} not found during upsertBucket", 404)
    project = context.access.project(entity.name, name)
    if project is None:
        if not context.access.writes_to(entity):
            raise denied()
        return new_project(context, entity, name)
    if not context.access.writes(project):
        raise denied()
    return project


def _apply(context: Context, run: Run, input: dict[str, Any]) -> None:
    for key, attribute in _TEXTS.items():
        if input.get(key) is not None:
            setattr(run, attribute, input[key])
    if not run.display_name:
        run.display_name = run.name
    if input.get("debug") is not None:
        run.debug = input["debug"]
    if input.get("tags") is not None:
        run.tags = _unique(input["tags"])
    if input.get("config") is not None:
        _set_config(context, run, input["config"])
    if input.get("summaryMetrics") is not None:
        if len(input["summaryMetrics"].encode()) > context.config.max_summary_bytes:
            raise Refusal("run summary is too large")
        _store(run.set_summary, "summaryMetrics", input["summaryMetrics"])


def _set_config(context: Context, run: Run, text: str) -> None:
    limit = context.config.max_config_bytes
    if len(text.encode()) > limit:
        raise Refusal(f"run config cannot exceed {limit // 2**20} MB")
    kept = json.loads(run.config).get("_wandb")
    if kept is not None and '"_wandb"' not in text:
        # Some clients send the user's keys only; none means to delete what the client itself keeps there.
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            text = json.dumps({**parsed, "_wandb": kept})
    _store(run.set_config, "config", text)


def _store(setter: Any, name: str, text: str) -> None:
    try:
        setter(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"invalid {name}: {error}") from None


def _set_state(run: Run, state: str) -> None:
    if state not in STATES:
        raise Refusal(f"invalid run state {state!r}: use one of {', '.join(sorted(STATES))}")
    if state == "running":
        start(run)
    run.state = state


@mutation.field("updateRunState")
def resolve_update_run_state(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Set a run's state."""
    _set_state(context_of(info).access.run_to_change(input["id"]), input["state"])
    return {"success": True}


@mutation.field("rewindRun")
def resolve_rewind_run(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Cut a run's history after a step, so that it can go on from there."""
    context = context_of(info)
    project = context.access.project_to_change(input.get("entityName"), input.get("projectName"))
    run = context.access.run_in(project, input["runName"])
    if run is None:
        raise Refusal("run not found", 404)
    if input["metricName"] != "_step":
        raise Refusal(f"cannot rewind to a value of {input['metricName']}; use _step")
    if run.state not in TERMINAL_STATES:
        raise Refusal("cannot rewind a run that is not in a terminal state")
    rewind(context.session, run, int(input["metricValue"]))
    return {"rewoundRun": run}


@mutation.field("stopRun")
def resolve_stop_run(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Ask the run's process to stop; it hears so in the answer to its next file stream request."""
    context_of(info).access.run_to_change(input["id"]).stop_requested = True
    return {"success": True}


@mutation.field("notifyScriptableRunAlert")
def resolve_alert(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Take a run's alert; this server sends no mail, so it goes to the server's log."""
    access = context_of(info).access
    project = access.project_to_change(input["entityName"], input["projectName"])
    if access.run_in(project, input["runName"]) is None:
        raise Refusal("run not found", 404)
    path = f"{project.entity.name}/{project.name}/{input['runName']}"
    _log.warning("alert of run %s: %r: %r", path, input["title"], input["text"])
    return {"success": True}


@mutation.field("deleteRun")
def resolve_delete_run(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete one run, where asked for with the versions that it made; its id is not used again."""
    context = context_of(info)
    run = context.access.run_to_change(input["id"])
    if input.get("deleteArtifacts"):
        delete_outputs(context, Run.id == run.id)
    run.deleted_at = now()
    return {}


@mutation.field("deleteRuns")
def resolve_delete_runs(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete the runs that match."""
    context = context_of(info)
    project = context.access.project_to_change(input["entityName"], input["projectName"])
    condition = run_condition(project, input["filters"])
    if input.get("deleteArtifacts"):
        delete_outputs(context, condition)
    _update(context, condition, deleted_at=now())
    return {"errors": None}


@mutation.field("undeleteRuns")
def resolve_undelete_runs(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Bring the matching deleted runs back."""
    context = context_of(info)
    project = context.access.project_to_change(input["entityName"], input["projectName"])
    _update(context, run_condition(project, input["filters"], deleted=True) & ~Run.purged, deleted_at=None)
    return {}


@mutation.field("moveRuns")
def resolve_move_runs(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Move the matching runs to another project, which is made if need be."""
    context = context_of(info)
    source = context.access.project_to_change(input["sourceEntityName"], input["sourceProjectName"])
    target = _project_for_run(context, input["destinationEntityName"], input["destinationProjectName"])
    condition = run_condition(source, input["filters"])
    taken = select(Run.name).where(Run.project_id == target.id)
    clash = context.session.scalars(select(Run.name).where(condition, Run.name.in_(taken))).first()
    if clash is not None and target is not source:
        raise Refusal(f"run {clash} exists in {target.entity.name}/{target.name} already", 409)
    _update(context, condition, project_id=target.id)
    return {}


@mutation.field("modifyRuns")
def resolve_modify_runs(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Add and remove tags of the runs that are named or match."""
    context = context_of(info)
    project = context.access.project_to_change(input.get("entityName"), input["projectName"])
    condition = run_condition(project, input.get("filters"))
    if input.get("ids") is not None:
        condition &= Run.name.in_([_short_name(context, text) for text in input["ids"]])
    elif input.get("filters") is None:
        raise Refusal("modifyRuns needs ids or filters")
    runs = list(context.session.scalars(select(Run).where(condition).options(undefer(Run.config))))
    removed = set(_unique(input.get("removeTags") or []))
    for run in runs:
        kept = [tag for tag in run.tags if tag not in removed]
        run.tags = _unique([*kept, *(input.get("addTags") or [])])
    context.session.flush()
    return {"runs": runs, "runsSQL": runs}


def _short_name(context: Context, text: str) -> str:
    run = context.access.run_by_id(text)
    return text if run is None else run.name


def _update(context: Context, condition: ColumnElement[bool], **values: Any) -> None:
    context.session.execute(
        update(Run)
        .where(condition)
        .values(updated_at=now(), **values)
        .execution_options(synchronize_session=False)
    )


def _unique(tags: list[str | None]) -> list[str]:
    return list(dict.fromkeys(tag for tag in tags if tag))
