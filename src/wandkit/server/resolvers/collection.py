"""Collections: sequences and portfolios of a project, their versions, aliases and tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ariadne import ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload, selectinload

from wandkit.server import ids
from wandkit.server.filtering.artifact import collection_field, version_field
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import Ordering, SortKey, compile_order
from wandkit.server.graphql import Context, context_of
from wandkit.server.manifest import MD5
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import (
    Alias,
    ArtifactSequence,
    ArtifactType,
    Collection,
    CollectionMember,
)
from wandkit.server.model.project import Project
from wandkit.server.pagination import by_id, page, page_of_list, selected
from wandkit.server.permissions import Access, Refusal, denied
from wandkit.server.resolvers.artifact import alias_node, artifact_loading, tag_node
from wandkit.server.resolvers.membership import member_loading
from wandkit.server.resolvers.run import understood
from wandkit.server.versions import LATEST, find_collection, find_member

__all__ = ["BINDABLES", "collection_by_id", "collection_condition", "collection_page", "collection_to_change"]

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])

query: QueryType = QueryType()
project: ObjectType = ObjectType("Project")
artifact_type: ObjectType = ObjectType("ArtifactType")
sequence: ObjectType = ObjectType("ArtifactSequence")
portfolio: ObjectType = ObjectType("ArtifactPortfolio")

BINDABLES: list[SchemaBindable] = [query, project, artifact_type, sequence, portfolio]


def _collection(name: str) -> Callable[[_Resolver], _Resolver]:
    """Bind a resolver to both kinds of collections."""

    def bind(resolve: _Resolver) -> _Resolver:
        sequence.field(name)(resolve)
        portfolio.field(name)(resolve)
        return resolve

    return bind


@query.field("artifactCollection")
def resolve_artifact_collection(_parent: None, info: GraphQLResolveInfo, *, id: str) -> Collection | None:
    """Return one collection by its global id."""
    return collection_by_id(context_of(info).access, id)


@query.field("artifactSequence")
def resolve_artifact_sequence(_parent: None, info: GraphQLResolveInfo, *, id: str) -> ArtifactSequence | None:
    """Return one sequence by its global id."""
    found = collection_by_id(context_of(info).access, id)
    return found if isinstance(found, ArtifactSequence) else None


@project.field("artifactCollection")
def resolve_project_collection(parent: Project, info: GraphQLResolveInfo, *, name: str) -> Collection | None:
    """Return one collection of the project."""
    return find_collection(context_of(info).session, parent.id, name)


@project.field("artifactCollections")
def resolve_project_collections(
    parent: Project, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return the project's collections."""
    return collection_page(context_of(info), Collection.project_id == parent.id, arguments)


@artifact_type.field("artifactCollection")
@artifact_type.field("artifactSequence")
def resolve_type_collection(
    parent: ArtifactType, info: GraphQLResolveInfo, *, name: str
) -> Collection | None:
    """Return one collection of this type."""
    found = find_collection(context_of(info).session, parent.project_id, name)
    if found is None or found.type_id != parent.id:
        return None
    only_sequences = info.field_name == "artifactSequence"
    return None if only_sequences and not isinstance(found, ArtifactSequence) else found


@artifact_type.field("artifactCollections")
@artifact_type.field("artifactSequences")
def resolve_type_collections(
    parent: ArtifactType, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return the collections of this type."""
    if info.field_name == "artifactSequences":
        arguments["collectionTypes"] = ["SEQUENCE"]
    return collection_page(context_of(info), Collection.type_id == parent.id, arguments)


@_collection("id")
def resolve_id(parent: Collection, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("ArtifactCollection", parent.id)


@_collection("defaultArtifactType")
def resolve_type(parent: Collection, _info: GraphQLResolveInfo) -> ArtifactType:
    """Return the type."""
    return parent.type


@_collection("project")
def resolve_project(parent: Collection, info: GraphQLResolveInfo) -> Project | None:
    """Return the project; null where the caller may not see it."""
    return parent.project if context_of(info).access.reads(parent.project) else None


@_collection("tags")
def resolve_tags(parent: Collection, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the tags, of one category where one is named."""
    category = arguments.get("tagCategoryName")
    nodes = [tag_node(tag) for tag in parent.tags if category in (None, tag.category)]
    return page_of_list(nodes, arguments, max_size=context_of(info).config.max_page_size)


@_collection("aliases")
def resolve_aliases(parent: Collection, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the aliases of all versions, numbers among them."""
    context = context_of(info)
    statement = select(Alias).where(Alias.collection_id == parent.id)
    statement = statement.options(
        joinedload(Alias.member).joinedload(CollectionMember.artifact).options(*artifact_loading())
        if "artifact" in selected(info, "edges", "node")
        else joinedload(Alias.member)
    )
    limit = context.config.max_page_size
    found = page(context.session, statement, by_id(Alias.id.expression), arguments, max_size=limit)
    for edge in found["edges"]:
        alias: Alias = edge["node"]
        edge["node"] = {**alias_node(alias, parent, None), "artifact": lambda a=alias: a.member.artifact}
    return found


@_collection("artifactMembership")
def resolve_membership(
    parent: Collection, info: GraphQLResolveInfo, *, aliasName: str
) -> CollectionMember | None:
    """Return the place of the version that the alias means."""
    return find_member(context_of(info).session, parent, aliasName)


@_collection("artifactMemberships")
def resolve_memberships(parent: Collection, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the places of the versions, newest first."""
    context = context_of(info)
    statement = select(CollectionMember).where(CollectionMember.collection_id == parent.id)
    order = Ordering((SortKey(CollectionMember.version_index.expression, descending=True, nullable=False),))
    limit = context.config.max_page_size
    return page(context.session, statement.options(*member_loading()), order, arguments, max_size=limit)


@_collection("artifacts")
def resolve_artifacts(parent: Collection, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the versions, newest first where no order is asked for."""
    context = context_of(info)
    condition = understood(lambda: compile_filter_text(arguments.get("filters"), version_field))
    inside = CollectionMember.collection_id == parent.id
    statement = (
        select(Artifact)
        .join(CollectionMember, CollectionMember.artifact_id == Artifact.id)
        .where(inside, condition)
    )
    order = _version_order(arguments.get("order"))
    limit = context.config.max_page_size
    found = page(context.session, statement.options(*artifact_loading()), order, arguments, max_size=limit)
    for edge in found["edges"]:
        member = next(place for place in edge["node"].members if place.collection_id == parent.id)
        edge["version"] = f"v{member.version_index}"
    counted = statement.with_only_columns(func.count())
    found["totalCount"] = lambda: context.session.scalar(counted) or 0
    return found


@sequence.field("latestArtifact")
def resolve_latest(parent: ArtifactSequence, info: GraphQLResolveInfo) -> Artifact | None:
    """Return the version with the alias `latest`, else the newest one."""
    session = context_of(info).session
    member = find_member(session, parent, LATEST)
    if member is None:
        newest = select(CollectionMember).where(CollectionMember.collection_id == parent.id)
        member = session.scalars(newest.order_by(CollectionMember.version_index.desc()).limit(1)).first()
    return None if member is None else member.artifact


@sequence.field("digestAlgorithm")
def resolve_digest_algorithm(parent: ArtifactSequence, info: GraphQLResolveInfo) -> str:
    """Return what the digest of the latest version is made with."""
    latest = resolve_latest(parent, info)
    return MD5 if latest is None else latest.digest_algorithm


def collection_page(
    context: Context, condition: ColumnElement[bool], arguments: dict[str, Any]
) -> dict[str, Any]:
    """Return a page of the collections that the condition and the filters hold for."""
    statement = select(Collection).where(collection_condition(arguments), condition)
    order = understood(
        lambda: compile_order(arguments.get("order"), collection_field, Collection.id.expression)
    )
    limit = context.config.max_page_size
    found = page(context.session, statement.options(*_collection_loading()), order, arguments, max_size=limit)
    counted = statement.with_only_columns(func.count())
    found["totalCount"] = lambda: context.session.scalar(counted) or 0
    return found


def collection_condition(arguments: dict[str, Any]) -> ColumnElement[bool]:
    """Return the condition that `filters` and `collectionTypes` set.

    Raises:
        Refusal: The filters are malformed.
    """
    condition = understood(lambda: compile_filter_text(arguments.get("filters"), collection_field))
    condition &= Collection.deleted_at.is_(None)
    kinds = arguments.get("collectionTypes")
    return condition if kinds is None else condition & Collection.kind.in_(kinds)


def collection_by_id(access: Access, global_id: str) -> Collection | None:
    """Return a collection that the caller may see."""
    try:
        found = access.session.get(Collection, ids.number("ArtifactCollection", global_id))
    except ValueError:
        return None
    seen = found is not None and found.deleted_at is None and access.reads(found.project)
    return found if seen else None


def collection_to_change(access: Access, global_id: str) -> Collection:
    """Return a collection that the caller may change.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    access.require_user()
    found = collection_by_id(access, global_id)
    if found is None:
        raise Refusal("artifact collection not found", 404)
    if not access.writes(found.project):
        raise denied()
    return found


def _collection_loading() -> Sequence[Any]:
    return (
        joinedload(Collection.type),
        joinedload(Collection.project).joinedload(Project.entity),
        selectinload(Collection.tags),
    )


def _version_order(text: str | None) -> Ordering:
    number = CollectionMember.version_index.expression
    if not text:
        return Ordering((SortKey(number, descending=True, nullable=False),))
    return understood(lambda: compile_order(text, version_field, number))
