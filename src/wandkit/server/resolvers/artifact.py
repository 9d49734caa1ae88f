"""Versions of artifacts: one version's fields, and the versions that runs made and used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ariadne import ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import (
    TTL_FOREVER,
    TTL_INHERITED,
    Artifact,
    ArtifactTag,
    ArtifactUse,
    Manifest,
    RunOutput,
)
from wandkit.server.model.collection import Alias, ArtifactType, Collection, CollectionMember, CollectionTag
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import User
from wandkit.server.pagination import by_id, page, page_of_list
from wandkit.server.permissions import Access, Refusal, denied
from wandkit.server.resolvers.run import run_page
from wandkit.server.versions import find_collection, find_member, split_name

__all__ = [
    "BINDABLES",
    "alias_node",
    "artifact_by_id",
    "artifact_loading",
    "artifact_to_change",
    "tag_node",
]

query: QueryType = QueryType()
project: ObjectType = ObjectType("Project")
artifact: ObjectType = ObjectType("Artifact")
artifact_type: ObjectType = ObjectType("ArtifactType")
run: ObjectType = ObjectType("Run")

BINDABLES: list[SchemaBindable] = [query, project, artifact, artifact_type, run]


@query.field("artifact")
def resolve_artifact(_parent: None, info: GraphQLResolveInfo, *, id: str) -> Artifact | None:
    """Return one version by its global id."""
    return artifact_by_id(context_of(info).access, id)


@query.field("clientIDMapping")
def resolve_client_id_mapping(
    _parent: None, info: GraphQLResolveInfo, *, clientID: str
) -> dict[str, str] | None:
    """Return the id that a version, or a sequence, has here for the one that its client made up."""
    access = context_of(info).access
    made = access.session.scalars(select(Artifact).where(Artifact.client_id == clientID)).one_or_none()
    if made is not None:
        seen = access.reads(made.sequence.project)
        return {"clientID": clientID, "serverID": ids.encode("Artifact", made.id)} if seen else None
    sequence = access.session.scalars(select(Collection).where(Collection.client_id == clientID)).first()
    if sequence is None or not access.reads(sequence.project):
        return None
    return {"clientID": clientID, "serverID": ids.encode("ArtifactCollection", sequence.id)}


@project.field("artifact")
def resolve_project_artifact(
    parent: Project, info: GraphQLResolveInfo, *, name: str, **_arguments: object
) -> Artifact | None:
    """Return the version that `collection`, `collection:alias` or `collection:v3` means."""
    return _by_name(context_of(info), parent, name)


@artifact_type.field("artifact")
def resolve_type_artifact(parent: ArtifactType, info: GraphQLResolveInfo, *, name: str) -> Artifact | None:
    """Return the version of this type that `collection:alias` means."""
    found = _by_name(context_of(info), parent.project, name)
    return found if found is not None and found.sequence.type.name == parent.name else None


@artifact.field("id")
def resolve_id(parent: Artifact, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("Artifact", parent.id)


@artifact.field("artifactSequence")
def resolve_sequence(parent: Artifact, _info: GraphQLResolveInfo) -> Collection:
    """Return the sequence that the version was logged to."""
    return parent.sequence


@artifact.field("artifactType")
def resolve_type(parent: Artifact, _info: GraphQLResolveInfo) -> ArtifactType:
    """Return the type, which is the sequence's."""
    return parent.sequence.type


@artifact.field("versionIndex")
def resolve_version_index(
    parent: Artifact, _info: GraphQLResolveInfo, *, artifactCollectionName: str | None = None
) -> int | None:
    """Return the number in the sequence, or in the named collection; null before the commit."""
    for member in parent.members:
        if artifactCollectionName in (None, member.collection.name) and (
            artifactCollectionName is not None or member.collection_id == parent.sequence_id
        ):
            return member.version_index
    return None


@artifact.field("aliases")
def resolve_aliases(
    parent: Artifact, info: GraphQLResolveInfo, *, artifactCollectionName: str | None = None
) -> list[dict[str, Any]]:
    """Return the aliases in every collection that the caller may see, numbers such as `v3` among them."""
    access = context_of(info).access
    return [
        alias_node(alias, member.collection, parent)
        for member in parent.members
        if artifactCollectionName in (None, member.collection.name)
        and member.collection.deleted_at is None
        and access.reads(member.collection.project)
        for alias in member.aliases
    ]


@artifact.field("tags")
def resolve_tags(parent: Artifact, _info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the tags."""
    return [tag_node(tag) for tag in parent.tags]


@artifact.field("metadata")
def resolve_metadata(parent: Artifact, _info: GraphQLResolveInfo) -> str | None:
    """Return the metadata, JSON text."""
    return parent.metadata_text


@artifact.field("ttlDurationSeconds")
def resolve_ttl(parent: Artifact, _info: GraphQLResolveInfo) -> int:
    """Return how long the version lives; -2 for ever."""
    if parent.ttl != TTL_INHERITED:
        return parent.ttl
    return TTL_FOREVER if parent.sequence.ttl_seconds is None else parent.sequence.ttl_seconds


@artifact.field("ttlIsInherited")
def resolve_ttl_inherited(parent: Artifact, _info: GraphQLResolveInfo) -> bool:
    """Return whether the collection decides how long the version lives."""
    return parent.ttl == TTL_INHERITED


@artifact.field("storageBytes")
def resolve_storage_bytes(parent: Artifact, _info: GraphQLResolveInfo) -> int:
    """Return the size."""
    return parent.size


@artifact.field("commitHash")
def resolve_commit_hash(parent: Artifact, _info: GraphQLResolveInfo, **_arguments: object) -> str | None:
    """Return a short name of the contents; null before the commit."""
    return None if parent.committed_at is None else f"{parent.digest[:12]}{parent.id:08x}"


@artifact.field("currentManifest")
def resolve_manifest(parent: Artifact, info: GraphQLResolveInfo) -> Manifest | None:
    """Return the manifest of a committed version."""
    return (
        context_of(info)
        .session.scalars(select(Manifest).where(Manifest.artifact_id == parent.id, Manifest.is_current))
        .one_or_none()
    )


@artifact.field("createdBy")
def resolve_created_by(parent: Artifact, info: GraphQLResolveInfo) -> Run | User:
    """Return the run that made the version, else the user."""
    run = parent.run
    shown = run is not None and run.deleted_at is None and context_of(info).access.reads(run.project)
    return run if run is not None and shown else parent.user


@artifact.field("usedBy")
@artifact.field("usedByApprox")
def resolve_used_by(parent: Artifact, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the runs that used the version, as far as the caller may see them."""
    context = context_of(info)
    users = select(ArtifactUse.run_id).where(ArtifactUse.artifact_id == parent.id)
    owners = select(Project).where(
        Project.id.in_(select(Run.project_id).where(Run.id.in_(users))), Project.deleted_at.is_(None)
    )
    seen = [found.id for found in context.session.scalars(owners) if context.access.reads(found)]
    condition = Run.id.in_(users) & Run.project_id.in_(seen) & Run.deleted_at.is_(None)
    order = arguments.get("order")
    return run_page(
        info, condition, {**arguments, "order": order if isinstance(order, str) else "+createdAt"}
    )


@artifact.field("usedCount")
def resolve_used_count(parent: Artifact, info: GraphQLResolveInfo) -> int:
    """Return how many runs used the version."""
    statement = select(func.count()).select_from(ArtifactUse).where(ArtifactUse.artifact_id == parent.id)
    return context_of(info).session.scalar(statement) or 0


@run.field("outputArtifacts")
def resolve_outputs(parent: Run, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the versions that the run logged, in that order."""
    statement = (
        select(Artifact)
        .join(RunOutput, RunOutput.artifact_id == Artifact.id)
        .where(RunOutput.run_id == parent.id, Artifact.state == "COMMITTED")
    )
    return _run_page(info, statement, arguments, RunOutput)


@run.field("inputArtifacts")
def resolve_inputs(parent: Run, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the versions that the run used, in that order, as far as the caller may see them."""
    context = context_of(info)
    statement = (
        select(Artifact)
        .join(ArtifactUse, ArtifactUse.artifact_id == Artifact.id)
        .join(Collection, Artifact.sequence_id == Collection.id)
        .where(ArtifactUse.run_id == parent.id, Artifact.state == "COMMITTED")
    )
    owners = select(Project).where(
        Project.id.in_(
            select(Collection.project_id)
            .join(Artifact, Artifact.sequence_id == Collection.id)
            .join(ArtifactUse, ArtifactUse.artifact_id == Artifact.id)
            .where(ArtifactUse.run_id == parent.id)
        )
    )
    seen = [found.id for found in context.session.scalars(owners) if context.access.reads(found)]
    found = _run_page(info, statement.where(Collection.project_id.in_(seen)), arguments, ArtifactUse)
    listed = [edge["node"].id for edge in found["edges"]]
    uses = select(ArtifactUse).where(ArtifactUse.run_id == parent.id, ArtifactUse.artifact_id.in_(listed))
    used_as = {use.artifact_id: use.used_as for use in context.session.scalars(uses)}
    for edge in found["edges"]:
        edge["usedAs"] = used_as[edge["node"].id]
    return found


def artifact_by_id(access: Access, global_id: str) -> Artifact | None:
    """Return a version that the caller may see, in its own project or in one that it is linked to."""
    try:
        found = access.session.get(Artifact, ids.number("Artifact", global_id), options=artifact_loading())
    except ValueError:
        return None
    if found is None:
        return None
    projects = [found.sequence.project, *(member.collection.project for member in found.members)]
    return found if any(access.reads(owner) for owner in projects) else None


def artifact_to_change(access: Access, global_id: str) -> Artifact:
    """Return a version that the caller may change.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    access.require_user()
    found = artifact_by_id(access, global_id)
    if found is None:
        raise Refusal("artifact not found", 404)
    if not access.writes(found.sequence.project):
        raise denied()
    return found


def artifact_loading() -> Sequence[Any]:
    """Return how versions are loaded with what listings of them show, in a few statements for a page."""
    members = selectinload(Artifact.members)
    return (
        joinedload(Artifact.sequence).joinedload(Collection.type),
        joinedload(Artifact.sequence).joinedload(Collection.project).joinedload(Project.entity),
        selectinload(Artifact.tags),
        members.selectinload(CollectionMember.aliases),
        members.joinedload(CollectionMember.collection)
        .joinedload(Collection.project)
        .joinedload(Project.entity),
        members.joinedload(CollectionMember.collection).joinedload(Collection.type),
    )


def alias_node(alias: Alias, collection: Collection, owner: Artifact | None) -> dict[str, Any]:
    """Return what the wire shows of an alias."""
    return {
        "id": ids.encode("ArtifactAlias", alias.id),
        "alias": alias.alias,
        "artifact": owner,
        "artifactCollection": collection,
        "artifactCollectionName": collection.name,
    }


def tag_node(tag: ArtifactTag | CollectionTag) -> dict[str, Any]:
    """Return what the wire shows of a tag."""
    kind = "CollectionTag" if isinstance(tag, CollectionTag) else "ArtifactTag"
    return {
        "id": ids.encode(kind, tag.id),
        "name": tag.name,
        "tagCategoryName": tag.category,
        "attributes": tag.attributes,
    }


def _by_name(context: Context, owner: Project, name: str) -> Artifact | None:
    collection_name, alias = split_name(name)
    collection = find_collection(context.session, owner.id, collection_name)
    member = None if collection is None else find_member(context.session, collection, alias)
    return None if member is None else member.artifact


def _run_page(
    info: GraphQLResolveInfo,
    statement: Select[Artifact],
    arguments: dict[str, Any],
    link: type[RunOutput | ArtifactUse],
) -> dict[str, Any]:
    context = context_of(info)
    found = page(
        context.session,
        statement.options(*artifact_loading()),
        by_id(link.id.expression),
        arguments,
        max_size=context.config.max_page_size,
    )
    counted = statement.with_only_columns(func.count()).order_by(None)
    found["totalCount"] = lambda: context.session.scalar(counted) or 0
    return found


@artifact.field("artifactMemberships")
def resolve_memberships(parent: Artifact, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the version's places in collections that the caller may see."""
    context = context_of(info)
    seen = [member for member in parent.members if context.access.reads(member.collection.project)]
    return page_of_list(seen, arguments, max_size=context.config.max_page_size)


@artifact.field("artifactSequenceMembership")
def resolve_sequence_membership(parent: Artifact, _info: GraphQLResolveInfo) -> CollectionMember | None:
    """Return the version's place in its sequence."""
    return next((member for member in parent.members if member.collection_id == parent.sequence_id), None)


@artifact.field("artifactCollections")
def resolve_collections(parent: Artifact, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the collections that have the version, as far as the caller may see them."""
    context = context_of(info)
    seen = [member.collection for member in parent.members if context.access.reads(member.collection.project)]
    return page_of_list(seen, arguments, max_size=context.config.max_page_size)
