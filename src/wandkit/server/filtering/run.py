"""What the keys of a filter or an order mean for runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import DateField, Field, FlagField, JsonField, NumberField, TextField
from wandkit.server.filtering.paths import config_field, json_field
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import User

__all__ = ["run_field"]


def run_field(key: str) -> Field:
    """Return the field that `key` names.

    Raises:
        FilterSyntaxError: There is no such key; the message names near matches.
    """
    if key in _COLUMNS:
        return _COLUMNS[key]()
    prefix, dot, rest = key.partition(".")
    if dot and rest and prefix in _SECTIONS:
        return _SECTIONS[prefix](rest)
    known = [*_COLUMNS, *(f"{section}.KEY" for section in _SECTIONS)]
    near = difflib.get_close_matches(key, known, n=3) or [f"config.{key}", f"summary_metrics.{key}"]
    raise FilterSyntaxError(f"unknown key {key!r} for runs; did you mean {' or '.join(near)}?")


def _tags() -> Field:
    text = sa.type_coerce(Run.tags, sa.Text)
    return JsonField(sa.func.json_type(text), text)


def _tag(name: str) -> Field:
    return FlagField(_tags().contains(name))


def _username() -> ColumnElement[str]:
    return sa.select(User.username).where(User.id == Run.user_id).scalar_subquery()


def _project() -> ColumnElement[str]:
    return sa.select(Project.name).where(Project.id == Run.project_id).scalar_subquery()


def _entity() -> ColumnElement[str]:
    owner = sa.select(Entity.name).join(Project, Project.entity_id == Entity.id)
    return owner.where(Project.id == Run.project_id).scalar_subquery()


def _seconds() -> ColumnElement[float]:
    """Return how long the run has lasted: from its creation to its last sign of life."""
    days = sa.func.julianday(Run.heartbeat_at) - sa.func.julianday(Run.created_at)
    return sa.func.round(days * 86400.0, 3)  # days are floats, good for milliseconds


def _key_info(rest: str) -> Field:
    section, _, name = rest.partition(".")
    if section != "keys" or not name:
        raise FilterSyntaxError(f"unknown key 'keys_info.{rest}' for runs; write it like keys_info.keys.loss")
    info = sa.func.wandkit_member(sa.func.wandkit_member(Run.history_keys, "keys"), name)
    counts = sa.func.json_each(info, "$.typeCounts").table_valued("value", name=None)
    types = sa.select(sa.func.json_group_array(sa.func.json_extract(counts.c.value, "$.type"))).select_from(
        counts
    )
    kind = sa.case((info.is_not(None), "array"), else_=None)
    return JsonField(kind, types.scalar_subquery())


def _config(rest: str) -> Field:
    return config_field(Run.config_query, rest.split("."))  # type: ignore[arg-type]


def _summary(rest: str) -> Field:
    return json_field(Run.summary_query, rest.split("."))  # type: ignore[arg-type]


_SECTIONS: dict[str, Callable[[str], Field]] = {
    "config": _config,
    "summary_metrics": _summary,
    "summaryMetrics": _summary,
    "keys_info": _key_info,
    "tags": _tag,
}

_COLUMNS: dict[str, Callable[[], Field]] = {
    "name": lambda: TextField(Run.name.expression),
    "displayName": lambda: TextField(Run.display_name.expression),
    "display_name": lambda: TextField(Run.display_name.expression),
    "state": lambda: TextField(Run.state.expression),
    "group": lambda: TextField(Run.group.expression),
    "jobType": lambda: TextField(Run.job_type.expression),
    "job_type": lambda: TextField(Run.job_type.expression),
    "sweep": lambda: TextField(Run.sweep_name.expression),
    "sweepName": lambda: TextField(Run.sweep_name.expression),
    "sweep_name": lambda: TextField(Run.sweep_name.expression),
    "username": lambda: TextField(_username()),
    "user": lambda: TextField(_username()),
    "entity": lambda: TextField(_entity()),
    "project": lambda: TextField(_project()),
    "host": lambda: TextField(Run.host.expression),
    "commit": lambda: TextField(Run.commit.expression),
    "description": lambda: TextField(Run.description.expression),
    "notes": lambda: TextField(Run.notes.expression),
    "createdAt": lambda: DateField(Run.created_at.expression),
    "created_at": lambda: DateField(Run.created_at.expression),
    "updatedAt": lambda: DateField(Run.updated_at.expression),
    "updated_at": lambda: DateField(Run.updated_at.expression),
    "heartbeatAt": lambda: DateField(Run.heartbeat_at.expression),
    "heartbeat_at": lambda: DateField(Run.heartbeat_at.expression),
    "duration": lambda: NumberField(_seconds()),
    "historyLineCount": lambda: NumberField(Run.history_line_count.expression),
    "lastHistoryStep": lambda: NumberField(Run.last_step.expression),
    "tags": _tags,
}
