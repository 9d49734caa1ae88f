"""Changes of collections: making, describing, renaming, moving, tagging and deleting them."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server.artifact_deletion import delete_version
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import (
    ArtifactPortfolio,
    ArtifactSequence,
    Collection,
    CollectionMember,
    CollectionTag,
)
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.artifact import tag_node
from wandkit.server.resolvers.artifact_type import find_type_by_id, obtain_type
from wandkit.server.resolvers.collection import collection_to_change
from wandkit.server.versions import check_collection_name, find_collection, remove_member

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()

BINDABLES: list[SchemaBindable] = [mutation]


@mutation.field("createArtifactSequence")
@mutation.field("createArtifactPortfolio")
def resolve_create_collection(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make an empty collection."""
    context = context_of(info)
    owner = context.access.project_to_change(input["entityName"], input["projectName"])
    kind = find_type_by_id(context.access, input["artifactTypeID"])
    if kind.project_id != owner.id:
        kind = obtain_type(context.session, owner, kind.name, kind.description)
    _check_free(context, owner.id, input["name"])
    make = ArtifactPortfolio if info.field_name == "createArtifactPortfolio" else ArtifactSequence
    made = make(project=owner, type=kind, name=input["name"], description=input.get("description"))
    context.session.add(made)
    context.session.flush()
    return {"artifactCollection": made}


@mutation.field("updateArtifactSequence")
def resolve_update_sequence(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change a sequence's name or description; null leaves a field as it is."""
    return _update(context_of(info), input["artifactSequenceID"], ArtifactSequence, input)


@mutation.field("updateArtifactPortfolio")
def resolve_update_portfolio(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change a portfolio's name or description; null leaves a field as it is."""
    return _update(context_of(info), input["artifactPortfolioID"], ArtifactPortfolio, input)


@mutation.field("moveArtifactSequence")
def resolve_move_sequence(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Give a sequence another type, which is made if need be."""
    context = context_of(info)
    found = _of_kind(context, input["artifactSequenceID"], ArtifactSequence)
    found.type = obtain_type(context.session, found.project, input["destinationArtifactTypeName"])
    found.updated_at = now()
    context.session.flush()
    return {"artifactCollection": found}


@mutation.field("deleteArtifactSequence")
def resolve_delete_sequence(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete a sequence with all its versions, in the portfolios that hold them too."""
    context = context_of(info)
    found = _of_kind(context, input["artifactSequenceID"], ArtifactSequence)
    doomed = select(Artifact).where(Artifact.sequence_id == found.id, Artifact.state != "DELETED")
    for version in context.session.scalars(doomed).all():
        delete_version(context.session, context.services["blobs"], version)
    return _deleted(context, found)


@mutation.field("deleteArtifactPortfolio")
def resolve_delete_portfolio(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete a portfolio; the versions stay in their sequences."""
    context = context_of(info)
    found = _of_kind(context, input["artifactPortfolioID"], ArtifactPortfolio)
    places = select(CollectionMember).where(CollectionMember.collection_id == found.id)
    for member in context.session.scalars(places).all():
        remove_member(context.session, member)
    return _deleted(context, found)


@mutation.field("createArtifactCollectionTagAssignments")
def resolve_add_tags(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a collection; return all that it has."""
    context = context_of(info)
    found = _named(context, input)
    have = {(tag.category, tag.name) for tag in found.tags}
    for tag in input["tags"]:
        key = (tag.get("tagCategoryName") or "", tag["tagName"])
        if not key[1].strip():
            raise Refusal("a tag cannot be empty")
        if key not in have:
            have.add(key)
            attributes = tag.get("attributes") or "{}"
            found.tags.append(CollectionTag(name=key[1], category=key[0], attributes=attributes))
    found.updated_at = now()
    context.session.flush()
    return {"tags": [tag_node(tag) for tag in found.tags]}


@mutation.field("deleteArtifactCollectionTagAssignments")
def resolve_delete_tags(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Take tags from a collection."""
    context = context_of(info)
    found = _named(context, input)
    doomed = {(tag.get("tagCategoryName") or "", tag["tagName"]) for tag in input["tags"]}
    found.tags = [tag for tag in found.tags if (tag.category, tag.name) not in doomed]
    found.updated_at = now()
    context.session.flush()
    return {"success": True}


def _update(
    context: Context, global_id: str, kind: type[Collection], input: dict[str, Any]
) -> dict[str, Any]:
    found = _of_kind(context, global_id, kind)
    if input.get("name") is not None and input["name"] != found.name:
        _check_free(context, found.project_id, input["name"])
        found.name = input["name"]
    if input.get("description") is not None:
        found.description = input["description"]
    found.updated_at = now()
    context.session.flush()
    return {"artifactCollection": found}


def _of_kind(context: Context, global_id: str, kind: type[Collection]) -> Collection:
    found = collection_to_change(context.access, global_id)
    if not isinstance(found, kind):
        raise Refusal(f"{found.name} is a {found.kind.lower()}")
    return found


def _check_free(context: Context, project_id: int, name: str) -> None:
    try:
        check_collection_name(name)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if find_collection(context.session, project_id, name) is not None:
        raise Refusal(f"an artifact collection {name} exists already", 409)


def _deleted(context: Context, found: Collection) -> dict[str, Any]:
    found.deleted_at = now()
    found.client_id = None
    context.session.flush()
    return {"artifactCollection": found}


def _named(context: Context, input: dict[str, Any]) -> Collection:
    context.access.require_user()
    owner = context.access.project(input["entityName"], input["projectName"])
    name = input["artifactCollectionName"]
    found = None if owner is None else find_collection(context.session, owner.id, name)
    if owner is None or found is None:
        raise Refusal(f"artifact collection {name} not found", 404)
    if not context.access.writes(owner):
        raise denied()
    return found
