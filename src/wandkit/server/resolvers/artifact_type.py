"""Artifact types: the kinds of artifacts of a project."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from wandkit.server import ids
from wandkit.server.graphql import context_of
from wandkit.server.model.collection import ArtifactType
from wandkit.server.model.project import Project
from wandkit.server.names import check_name
from wandkit.server.pagination import by_id, page
from wandkit.server.permissions import Access, Refusal, denied

__all__ = ["BINDABLES", "find_type", "find_type_by_id", "obtain_type"]

mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")
artifact_type: ObjectType = ObjectType("ArtifactType")

BINDABLES: list[SchemaBindable] = [mutation, project, artifact_type]


@project.field("artifactType")
def resolve_artifact_type(parent: Project, info: GraphQLResolveInfo, *, name: str) -> ArtifactType | None:
    """Return one type of the project."""
    return find_type(context_of(info).session, parent, name)


@project.field("artifactTypes")
def resolve_artifact_types(parent: Project, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the types of the project, in the order in which they came."""
    context = context_of(info)
    statement = select(ArtifactType).where(ArtifactType.project_id == parent.id)
    statement = statement.options(joinedload(ArtifactType.project).joinedload(Project.entity))
    order = by_id(ArtifactType.id.expression)
    return page(context.session, statement, order, arguments, max_size=context.config.max_page_size)


@artifact_type.field("id")
def resolve_id(parent: ArtifactType, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("ArtifactType", parent.id)


@mutation.field("createArtifactType")
def resolve_create_artifact_type(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a type, or return the one of this name."""
    context = context_of(info)
    owner = context.access.project_to_change(input["entityName"], input["projectName"])
    return {"artifactType": obtain_type(context.session, owner, input["name"], input.get("description"))}


@mutation.field("updateArtifactType")
def resolve_update_artifact_type(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change what a type says of itself."""
    access = context_of(info).access
    found = find_type_by_id(access, input["artifactTypeID"])
    if not access.writes(found.project):
        raise denied()
    if input.get("description") is not None:
        found.description = input["description"]
    return {"artifactType": found}


def find_type(session: Session, owner: Project, name: str) -> ArtifactType | None:
    """Return the project's type of this name."""
    return session.scalars(
        select(ArtifactType).where(ArtifactType.project_id == owner.id, ArtifactType.name == name)
    ).one_or_none()


def find_type_by_id(access: Access, global_id: str) -> ArtifactType:
    """Return a type that the caller may see.

    Raises:
        Refusal: There is none.
    """
    try:
        found = access.session.get(ArtifactType, ids.number("ArtifactType", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None or not access.reads(found.project):
        raise Refusal("artifact type not found", 404)
    return found


def obtain_type(session: Session, owner: Project, name: str, description: str | None = None) -> ArtifactType:
    """Return the project's type of this name, made where it is missing.

    Raises:
        Refusal: The name is not possible.
    """
    found = find_type(session, owner, name)
    if found is None:
        try:
            check_name("artifact type", name)
        except ValueError as error:
            raise Refusal(str(error)) from None
        found = ArtifactType(project=owner, name=name, description=description)
        session.add(found)
        session.flush()
    return found
