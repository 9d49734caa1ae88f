"""What the keys of a filter or an order mean for collections, for versions, and for projects (registries)."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server import ids
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import DateField, Field, JsonField, NumberField, TextField
from wandkit.server.filtering.paths import json_field
from wandkit.server.model.artifact import Artifact, ArtifactTag
from wandkit.server.model.collection import Alias, ArtifactType, Collection, CollectionMember, CollectionTag
from wandkit.server.model.project import Project

__all__ = ["collection_field", "project_field", "version_field"]

_Columns = Mapping[str, Callable[[], Field]]


def collection_field(key: str) -> Field:
    """Return the field of a collection that `key` names.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    return _field("collections", key, _COLLECTION)


def version_field(key: str) -> Field:
    """Return the field of a version, within a collection, that `key` names; `metadata.KEY` goes inside.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    section, dot, rest = key.partition(".")
    if section == "metadata" and dot and rest:
        text = sa.func.coalesce(Artifact.metadata_text.expression, "{}")
        return json_field(text, rest.split("."))
    return _field("artifact versions", key, _VERSION)


def project_field(key: str) -> Field:
    """Return the field of a project that `key` names.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    return _field("projects", key, _PROJECT)


class _IdField(NumberField):
    """A numbered row, which filters name by its global id, by its number, or by the number's text."""

    def __init__(self, column: ColumnElement[int], kind: str) -> None:
        super().__init__(column)
        self._kind = kind

    def equals(self, value: object) -> ColumnElement[bool]:
        """Hold where the row is the one that `value` names."""
        if isinstance(value, str):
            try:
                value = int(value) if value.isdigit() else ids.number(self._kind, value)
            except ValueError:
                return sa.false()
        return super().equals(value)


class _VersionField(NumberField):
    """The number of a version, which filters spell `3` or `v3`."""

    def equals(self, value: object) -> ColumnElement[bool]:
        """Hold where the number is `value`."""
        if isinstance(value, str) and value.removeprefix("v").isdigit():
            value = int(value.removeprefix("v"))
        return super().equals(value)


def _field(what: str, key: str, columns: _Columns) -> Field:
    if key in columns:
        return columns[key]()
    near = difflib.get_close_matches(key, columns, n=3) or sorted(columns)
    raise FilterSyntaxError(f"unknown key {key!r} for {what}; did you mean {' or '.join(near)}?")


def _texts(values: sa.Select[str]) -> Field:
    """Return the field of a list of texts: a condition holds where it holds for one of them."""
    listed = values.subquery()
    column = listed.c[0]
    gathered = sa.select(sa.func.json_group_array(column)).select_from(listed).scalar_subquery()
    return JsonField(sa.literal("array"), gathered)


def _collection_tags() -> Field:
    mine = CollectionTag.collection_id == Collection.id
    return _texts(sa.select(CollectionTag.name).where(mine).correlate(Collection))


def _version_tags() -> Field:
    return _texts(
        sa.select(ArtifactTag.name).where(ArtifactTag.artifact_id == Artifact.id).correlate(Artifact)
    )


def _aliases() -> Field:
    mine = Alias.member_id == CollectionMember.id
    return _texts(sa.select(Alias.alias).where(mine).correlate(CollectionMember))


def _type_name() -> Field:
    named = sa.select(ArtifactType.name).where(ArtifactType.id == Collection.type_id)
    return TextField(named.correlate(Collection).scalar_subquery())


def _spelled(columns: Mapping[str, Callable[[], Field]]) -> dict[str, Callable[[], Field]]:
    """Return the columns under their names in both spellings, `created_at` and `createdAt`."""
    found = dict(columns)
    for name, make in columns.items():
        head, *rest = name.split("_")
        found[head + "".join(part.title() for part in rest)] = make
    return found


_COLLECTION: _Columns = _spelled(
    {
        "id": lambda: _IdField(Collection.id.expression, "ArtifactCollection"),
        "artifact_collection_id": lambda: _IdField(Collection.id.expression, "ArtifactCollection"),
        "collection_id": lambda: _IdField(Collection.id.expression, "ArtifactCollection"),
        "name": lambda: TextField(Collection.name.expression),
        "artifact_collection_name": lambda: TextField(Collection.name.expression),
        "collection_name": lambda: TextField(Collection.name.expression),
        "description": lambda: TextField(Collection.description.expression),
        "type": _type_name,
        "kind": lambda: TextField(Collection.kind.expression),
        "tag": _collection_tags,
        "tags": _collection_tags,
        "created_at": lambda: DateField(Collection.created_at.expression),
        "updated_at": lambda: DateField(Collection.updated_at.expression),
    }
)

_VERSION: _Columns = _spelled(
    {
        "id": lambda: _IdField(Artifact.id.expression, "Artifact"),
        "artifact_id": lambda: _IdField(Artifact.id.expression, "Artifact"),
        "state": lambda: TextField(Artifact.state.expression),
        "version": lambda: _VersionField(CollectionMember.version_index.expression),
        "version_index": lambda: _VersionField(CollectionMember.version_index.expression),
        "digest": lambda: TextField(Artifact.digest.expression),
        "description": lambda: TextField(Artifact.description.expression),
        "tag": _version_tags,
        "tags": _version_tags,
        "alias": _aliases,
        "aliases": _aliases,
        "size": lambda: NumberField(Artifact.size.expression),
        "artifact_size": lambda: NumberField(Artifact.size.expression),
        "file_count": lambda: NumberField(Artifact.file_count.expression),
        "history_step": lambda: NumberField(Artifact.history_step.expression),
        "created_at": lambda: DateField(Artifact.created_at.expression),
        "artifact_created_at": lambda: DateField(Artifact.created_at.expression),
        "updated_at": lambda: DateField(Artifact.updated_at.expression),
        "linked_at": lambda: DateField(CollectionMember.created_at.expression),
        "acm_created_at": lambda: DateField(CollectionMember.created_at.expression),
    }
)

_PROJECT: _Columns = _spelled(
    {
        "id": lambda: _IdField(Project.id.expression, "ProjectInternalId"),
        "project_id": lambda: _IdField(Project.id.expression, "ProjectInternalId"),
        "name": lambda: TextField(Project.name.expression),
        "project_name": lambda: TextField(Project.name.expression),
        "entity_id": lambda: _IdField(Project.entity_id.expression, "Entity"),
        "description": lambda: TextField(Project.description.expression),
        "access": lambda: TextField(Project.access.expression),
        "created_at": lambda: DateField(Project.created_at.expression),
        "updated_at": lambda: DateField(Project.updated_at.expression),
    }
)
