"""Versions in collections: finding one by its alias, linking and unlinking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import ArtifactPortfolio, ArtifactSequence, Collection, CollectionMember
from wandkit.server.model.project import Project
from wandkit.server.permissions import Refusal, denied
from wandkit.server.registries import PREFIX, takes_type
from wandkit.server.resolvers.artifact import alias_node, artifact_by_id, artifact_loading
from wandkit.server.resolvers.artifact_type import obtain_type
from wandkit.server.resolvers.project import new_project
from wandkit.server.versions import (
    LATEST,
    add_member,
    check_collection_name,
    find_collection,
    find_member,
    member_of,
    remove_member,
    set_aliases,
    split_name,
)

__all__ = ["BINDABLES", "member_loading"]

mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")
membership: ObjectType = ObjectType("ArtifactCollectionMembership")

BINDABLES: list[SchemaBindable] = [mutation, project, membership]

_MODEL_REGISTRY = "model-registry"
_SUCCESSOR = f"{PREFIX}model"
"""The registry of an organization that takes over the model registries of its teams."""


@project.field("artifactCollectionMembership")
def resolve_membership(parent: Project, info: GraphQLResolveInfo, *, name: str) -> CollectionMember | None:
    """Return the place of the version that `collection`, `collection:alias` or `collection:v3` means."""
    collection_name, alias = split_name(name)
    context = context_of(info)
    collection = find_collection(context.session, parent.id, collection_name)
    if collection is None and parent.name == _MODEL_REGISTRY:
        collection = _moved(context, parent, collection_name)
    return None if collection is None else find_member(context.session, collection, alias)


@membership.field("id")
def resolve_id(parent: CollectionMember, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("ArtifactCollectionMembership", parent.id)


@membership.field("artifactCollection")
def resolve_collection(parent: CollectionMember, _info: GraphQLResolveInfo) -> Collection:
    """Return the collection."""
    return parent.collection


@membership.field("aliases")
def resolve_aliases(parent: CollectionMember, _info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the aliases in this collection, the number among them."""
    return [alias_node(alias, parent.collection, parent.artifact) for alias in parent.aliases]


@membership.field("commitHash")
def resolve_commit_hash(parent: CollectionMember, _info: GraphQLResolveInfo) -> str:
    """Return a short name of the contents."""
    return f"{parent.artifact.digest[:12]}{parent.artifact_id:08x}"


@mutation.field("linkArtifact")
def resolve_link_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Put a version into a portfolio, which is made if need be, and point aliases to it there."""
    context = context_of(info)
    context.access.require_user()
    found = _version(context, input)
    portfolio = _portfolio(context, found, input)
    member = add_member(context.session, portfolio, found)
    wanted = [alias["alias"] for alias in input.get("aliases") or ()]
    try:
        set_aliases(context.session, member, [*wanted, LATEST])
    except ValueError as error:
        raise Refusal(str(error)) from None
    return {
        "artifactCollectionID": ids.encode("ArtifactCollection", portfolio.id),
        "artifactID": ids.encode("Artifact", found.id),
        "artifactMembership": member,
        "createdAt": member.created_at,
        "versionIndex": member.version_index,
    }


@mutation.field("unlinkArtifact")
def resolve_unlink_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Take a version out of a portfolio."""
    context = context_of(info)
    context.access.require_user()
    found = artifact_by_id(context.access, input["artifactID"])
    portfolio = _portfolio_by_id(context, input["artifactPortfolioID"])
    member = None if found is None else member_of(context.session, portfolio, found)
    if member is None:
        raise Refusal("the version is not linked to this portfolio", 404)
    remove_member(context.session, member)
    return {"artifactID": input["artifactID"], "success": True}


def member_loading() -> Sequence[Any]:
    """Return how places in collections are loaded with what listings of them show."""
    collection = joinedload(CollectionMember.collection)
    return (
        selectinload(CollectionMember.aliases),
        collection.joinedload(Collection.project).joinedload(Project.entity),
        collection.joinedload(Collection.type),
        joinedload(CollectionMember.artifact).options(*artifact_loading()),
    )


def _version(context: Context, input: dict[str, Any]) -> Artifact:
    found = None
    if input.get("artifactID"):
        found = artifact_by_id(context.access, input["artifactID"])
    elif input.get("clientID"):
        mine = select(Artifact).where(Artifact.client_id == input["clientID"])
        found = context.session.scalars(mine).one_or_none()
        if found is not None and not context.access.reads(found.sequence.project):
            found = None
    if found is None:
        raise Refusal("artifact not found", 404)
    if found.state != "COMMITTED":
        raise Refusal(f"the version is {found.state.lower()}; only committed versions can be linked", 409)
    return found


def _portfolio(context: Context, found: Artifact, input: dict[str, Any]) -> Collection:
    if input.get("artifactPortfolioID"):
        return _fitting(found, _portfolio_by_id(context, input["artifactPortfolioID"]))
    name = input.get("artifactPortfolioName")
    if not name:
        raise Refusal("linking needs an artifactPortfolioName or an artifactPortfolioID")
    owner = context.access.project(input.get("entityName"), input.get("projectName"))
    if owner is None and input.get("projectName") == _MODEL_REGISTRY:
        owner = _model_registry(context, input.get("entityName"))
    if owner is None:
        raise Refusal(f"project {input.get('entityName')}/{input.get('projectName')} not found", 404)
    if not context.access.writes(owner):
        raise denied()
    known = find_collection(context.session, owner.id, name)
    if known is not None:
        return _fitting(found, known)
    try:
        check_collection_name(name)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if not takes_type(context.session, owner, found.sequence.type.name):
        raise Refusal(f"the registry {owner.name} does not take artifacts of type {found.sequence.type.name}")
    kind = obtain_type(context.session, owner, found.sequence.type.name)
    made = ArtifactPortfolio(project=owner, type=kind, name=name)
    context.session.add(made)
    context.session.flush()
    return made


def _model_registry(context: Context, entity_name: str | None) -> Project | None:
    """Return the entity's project of registered models, which clients expect to be made on first use."""
    entity = context.access.any_entity(entity_name) if entity_name else context.access.default_entity()
    if entity is None or not context.access.writes_to(entity):
        return None
    return new_project(context, entity, _MODEL_REGISTRY)


def _moved(context: Context, parent: Project, name: str) -> Collection | None:
    """Return the collection of this name that has moved to the organization's registry of models."""
    organization = parent.entity.organization
    for owner in organization.entities if organization else ():
        registry = context.access.project(owner.name, _SUCCESSOR) if owner.kind == "organization" else None
        if registry is not None:
            return find_collection(context.session, registry.id, name)
    return None


def _portfolio_by_id(context: Context, global_id: str) -> Collection:
    try:
        known = context.session.get(Collection, ids.number("ArtifactCollection", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if known is None or known.deleted_at is not None or not context.access.reads(known.project):
        raise Refusal("artifact collection not found", 404)
    if not context.access.writes(known.project):
        raise denied()
    return known


def _fitting(found: Artifact, known: Collection) -> Collection:
    if isinstance(known, ArtifactSequence):
        raise Refusal(f"{known.name} is a sequence: versions are logged to it and cannot be linked")
    if known.type.name != found.sequence.type.name:
        raise Refusal(
            f"the collection {known.name} has the type {known.type.name}; "
            f"a version of type {found.sequence.type.name} cannot be linked to it",
            409,
        )
    return known
