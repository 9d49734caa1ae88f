"""Registries: projects of an organization's entity whose names begin with `wandb-registry-`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.model.collection import ArtifactType
from wandkit.server.model.project import Project
from wandkit.server.model.registry import ProjectRole
from wandkit.server.model.user import User

__all__ = ["PREFIX", "apply_to_registry", "is_registry", "takes_type"]

PREFIX = "wandb-registry-"


def is_registry(project: Project) -> bool:
    """Return whether a project is a registry."""
    return project.name.startswith(PREFIX) and project.entity.kind == "organization"


def takes_type(session: Session, project: Project, type_name: str) -> bool:
    """Return whether versions of a type can be linked to collections of the project."""
    if project.allow_all_artifact_types or not is_registry(project):
        return True
    named = select(ArtifactType.id).where(
        ArtifactType.project_id == project.id, ArtifactType.name == type_name
    )
    return session.scalar(named) is not None


def apply_to_registry(
    session: Session, user: User, project: Project, input: dict[str, Any], *, inserted: bool
) -> None:
    """Give a registry what a request says of its types; who made it administers it."""
    if input.get("allowAllArtifactTypesInRegistry") is not None:
        project.allow_all_artifact_types = input["allowAllArtifactTypesInRegistry"]
    known = set(session.scalars(select(ArtifactType.name).where(ArtifactType.project_id == project.id)))
    for kind in input.get("artifactTypes") or ():
        if kind["name"] not in known:
            known.add(kind["name"])
            session.add(ArtifactType(project=project, name=kind["name"], description=kind.get("description")))
    if inserted and is_registry(project):
        session.add(ProjectRole(project_id=project.id, user_id=user.id, role="admin"))
    session.flush()
