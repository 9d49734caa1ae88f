"""Runs: one run's fields, a project's runs, and pages of them in a handful of SQL statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import selectinload, undefer

from wandkit.server import ids
from wandkit.server.files import find_file
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.filtering.run import run_field
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import User
from wandkit.server.pagination import page, selected
from wandkit.server.permissions import Refusal
from wandkit.server.shapes import is_list, is_object

__all__ = ["BINDABLES", "run_condition", "run_page", "understood"]

run: ObjectType = ObjectType("Run")
project: ObjectType = ObjectType("Project")
entity: ObjectType = ObjectType("Entity")
user: ObjectType = ObjectType("User")

BINDABLES: list[SchemaBindable] = [run, project, entity, user]

_T = TypeVar("_T")
_MAX_METADATA_BYTES = 1_000_000
_INFO_TEXTS = ("colab", "executable", "gpu", "os", "program", "python")
_INFO_COUNTS = {"cpuCount": "cpu_count", "gpuCount": "gpu_count"}
_HEAVY = {
    "config": (Run.config,),
    "wandbConfig": (Run.config,),
    "summaryMetrics": (Run.summary,),
    "systemMetrics": (Run.system_metrics,),
    "historyKeys": (Run.history_keys,),
}


@project.field("run")
@project.field("bucket")
def resolve_run(parent: Project, info: GraphQLResolveInfo, *, name: str, **_arguments: object) -> Run | None:
    """Return one run by its short id, or null."""
    return context_of(info).access.run_in(parent, name)


@project.field("runs")
@project.field("buckets")
def resolve_runs(parent: Project, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the project's runs."""
    condition = run_condition(parent, arguments.get("filters"))
    if arguments.get("names"):
        condition &= Run.name.in_(arguments["names"])
    return run_page(info, condition, arguments)


@entity.field("runs")
@entity.field("latestRuns")
@user.field("runs")
def resolve_runs_anywhere(
    parent: Entity | User, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return a page of the runs of an entity's projects, or of a user, as far as the caller may see them."""
    access = context_of(info).access
    statement = select(Project).where(Project.deleted_at.is_(None))
    if isinstance(parent, Entity):
        statement = statement.where(Project.entity_id == parent.id)
    seen = [found.id for found in access.session.scalars(statement) if access.reads(found)]
    condition = Run.project_id.in_(seen) & Run.deleted_at.is_(None)
    if isinstance(parent, User):
        condition &= Run.user_id == parent.id
    return run_page(info, condition, arguments)


def run_page(
    info: GraphQLResolveInfo, condition: ColumnElement[bool], arguments: dict[str, Any]
) -> dict[str, Any]:
    """Return the page of the runs that the condition holds for, loading what is asked for and no more."""
    context = context_of(info)
    ordering = understood(lambda: compile_order(arguments.get("order"), run_field, Run.id.expression))
    statement = select(Run).where(condition).options(*_loading(selected(info, "edges", "node")))
    found = page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)
    found["totalCount"] = lambda: _count(context, condition)
    found["totalCountApprox"] = lambda: dict.fromkeys(("min", "max"), _count(context, condition))
    found["condition"] = condition
    return found


@project.field("runCount")
def resolve_run_count(parent: Project, info: GraphQLResolveInfo, *, filters: str | None = None) -> int:
    """Return how many runs match."""
    return _count(context_of(info), run_condition(parent, filters))


@project.field("runActiveCount")
def resolve_active_count(parent: Project, info: GraphQLResolveInfo, *, filters: str | None = None) -> int:
    """Return how many matching runs are going on."""
    return _count(context_of(info), run_condition(parent, filters) & (Run.state == "running"))


@project.field("totalRuns")
@project.field("bucketCount")
def resolve_total_runs(parent: Project, info: GraphQLResolveInfo) -> int:
    """Return how many runs the project has."""
    return _count(context_of(info), run_condition(parent, None))


@run.field("id")
def resolve_id(parent: Run, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.run_id(parent)


@run.field("internalId")
def resolve_internal_id(parent: Run, _info: GraphQLResolveInfo) -> str:
    """Return the id that renaming does not change."""
    return ids.encode("RunInternalId", parent.id)


@run.field("projectId")
def resolve_project_id(parent: Run, _info: GraphQLResolveInfo) -> str:
    """Return the number of the project, as a text."""
    return str(parent.project_id)


@run.field("model")
def resolve_model(parent: Run, _info: GraphQLResolveInfo) -> Project:
    """Return the project."""
    return parent.project


@run.field("config")
def resolve_config(
    parent: Run, _info: GraphQLResolveInfo, *, keys: list[str] | None = None, **_arguments: object
) -> str:
    """Return the config as it was sent, or the named keys of it."""
    return parent.config if keys is None else _projected(parent.config, keys)


@run.field("summaryMetrics")
def resolve_summary(
    parent: Run, _info: GraphQLResolveInfo, *, keys: list[str] | None = None, **_arguments: object
) -> str:
    """Return the summary as it was sent, or the named keys of it."""
    return parent.summary if keys is None else _projected(parent.summary, keys)


@run.field("wandbConfig")
def resolve_wandb_config(parent: Run, _info: GraphQLResolveInfo, *, keys: list[str] | None = None) -> str:
    """Return the client's own part of the config (the value of `_wandb`), or the named keys of it."""
    entry = json.loads(parent.config).get("_wandb")
    value = entry.get("value") if is_object(entry) else None
    text = json.dumps(value if isinstance(value, dict) else {})
    return text if keys is None else _projected(text, keys)


@run.field("readOnly")
def resolve_read_only(parent: Run, info: GraphQLResolveInfo) -> bool:
    """Return whether the caller may only look."""
    return not context_of(info).access.writes(parent.project)


@run.field("shouldStop")
@run.field("stopped")
def resolve_should_stop(parent: Run, _info: GraphQLResolveInfo) -> bool:
    """Return whether somebody asked the run to stop."""
    return parent.stop_requested


@run.field("running")
def resolve_running(parent: Run, _info: GraphQLResolveInfo) -> bool:
    """Return whether the run is going on."""
    return parent.state in ("running", "preempting")


@run.field("failed")
def resolve_failed(parent: Run, _info: GraphQLResolveInfo) -> bool:
    """Return whether the run ended badly."""
    return parent.state in ("failed", "crashed")


@run.field("exitcode")
def resolve_exit_code(parent: Run, _info: GraphQLResolveInfo) -> int | None:
    """Return the exit code of a run that ended."""
    return parent.exit_code


@run.field("computeSeconds")
def resolve_compute_seconds(parent: Run, _info: GraphQLResolveInfo) -> int:
    """Return the seconds from the start to the last sign of life."""
    start, end = (
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ") for text in (parent.created_at, parent.heartbeat_at)
    )
    return max(0, int((end - start).total_seconds()))


@run.field("tagColors")
def resolve_tag_colors(parent: Run, _info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the tags, each with a color index that depends on its name only."""
    return [{"name": name, "colorIndex": sum(name.encode()) % 16} for name in parent.tags]


@run.field("runInfo")
def resolve_run_info(parent: Run, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return what the run's process told of its machine in `wandb-metadata.json`; null before it did."""
    context = context_of(info)
    file = find_file(context.session, parent.id, "wandb-metadata.json")
    if file is None or file.size > _MAX_METADATA_BYTES:
        return None
    try:
        found = json.loads(context.services["blobs"].read(file.blob))
    except (ValueError, OSError):
        return None
    if not is_object(found):
        return None
    arguments = found.get("args")
    return {
        **{name: found[name] for name in _INFO_TEXTS if isinstance(found.get(name), str)},
        **{name: found[key] for name, key in _INFO_COUNTS.items() if isinstance(found.get(key), int)},
        "args": [str(argument) for argument in arguments] if is_list(arguments) else [],
        "git": found["git"] if isinstance(found.get("git"), dict) else None,
    }


def run_condition(parent: Project, filters: str | None, *, deleted: bool = False) -> ColumnElement[bool]:
    """Return the condition of the project's runs that match.

    Raises:
        Refusal: The filters are malformed.
    """
    matching = understood(lambda: compile_filter_text(filters, run_field))
    there = Run.deleted_at.is_not(None) if deleted else Run.deleted_at.is_(None)
    return (Run.project_id == parent.id) & there & matching


def understood(compile_it: Callable[[], _T]) -> _T:
    """Return what the compilation makes, or refuse the request with its complaint."""
    try:
        return compile_it()
    except FilterSyntaxError as error:
        raise Refusal(str(error)) from None


def _loading(wanted: Iterable[str]) -> list[Any]:
    columns = {column for name in wanted for column in _HEAVY.get(name, ())}
    loading: list[Any] = [undefer(column) for column in columns]
    if "user" in wanted:
        loading.append(selectinload(Run.user))
    return loading


def _count(context: Context, condition: ColumnElement[bool]) -> int:
    return context.session.scalar(select(func.count()).select_from(Run).where(condition)) or 0


def _projected(text: str, keys: list[str]) -> str:
    """Return the object with the named keys only; a dotted name that is no key means its first part."""
    whole = json.loads(text)
    names = [key if key in whole else key.partition(".")[0] for key in keys]
    return json.dumps({name: whole[name] for name in dict.fromkeys(names) if name in whole})
