"""Who may see and change what, and how the server says no.

A user sees the entities they belong to and every public project; members of an organization see its
registries, except restricted ones. Roles within one project come on top. What they may not see does not
exist for them: reads find nothing. Changes are refused with the server's own errors. Administrators of the
server may do everything.
"""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from wandkit.server import ids
from wandkit.server.database import ACTOR
from wandkit.server.model.entity import Entity, Membership, OrganizationMembership
from wandkit.server.model.project import Project
from wandkit.server.model.registry import ProjectRole
from wandkit.server.model.run import Run
from wandkit.server.model.user import User

__all__ = ["OPEN_ACCESS", "PUBLIC_ACCESS", "RESTRICTED", "Access", "Refusal", "denied", "not_logged_in"]

OPEN_ACCESS = frozenset({"USER_WRITE"})
"""`Project.access` values with which every user may write."""
PUBLIC_ACCESS = OPEN_ACCESS | {"USER_READ"}
"""`Project.access` values with which everybody may read."""
RESTRICTED = "RESTRICTED"
"""The `Project.access` of a registry that only those see who have a role in it."""
_WRITERS = frozenset({"admin", "member"})


class Refusal(Exception):
    """A request that the server understood and refuses.

    Attributes:
        message: What the client is told.
        status: The HTTP status of the answer.
        code: The `extensions.code` of the GraphQL error, if it has one.
    """

    def __init__(self, message: str, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


def denied() -> Refusal:
    """Return the refusal of a known user who may not do this."""
    return Refusal("permission denied", 403, "PERMISSION_ERROR")


def not_logged_in() -> Refusal:
    """Return the refusal of a request without a valid API key."""
    return Refusal("user is not logged in", 401, "PERMISSION_ERROR")


class Access:
    """What one caller (a user, or nobody) may reach, within one session.

    Attributes:
        session: The open database session.
        user: Who asks; None without credentials.
    """

    def __init__(self, session: Session, user: User | None) -> None:
        self.session = session
        self.user = user
        session.info[ACTOR] = None if user is None else user.username

    @cached_property
    def roles(self) -> dict[int, str]:
        """The caller's role by entity id; the entity of an organization has the organization's members."""
        if self.user is None:
            return {}
        of_organizations = (
            select(Entity.id, OrganizationMembership.role)
            .join(OrganizationMembership, OrganizationMembership.organization_id == Entity.organization_id)
            .where(OrganizationMembership.user_id == self.user.id, Entity.kind == "organization")
        )
        rows = self.session.execute(
            select(Membership.entity_id, Membership.role).where(Membership.user_id == self.user.id)
        )
        return {
            number: role for found in (self.session.execute(of_organizations), rows) for number, role in found
        }

    @cached_property
    def project_roles(self) -> dict[int, frozenset[str]]:
        """The roles that the caller, or a team of theirs, has in single projects, by project id."""
        if self.user is None:
            return {}
        mine = or_(ProjectRole.user_id == self.user.id, ProjectRole.team_id.in_(list(self.roles)))
        found: dict[int, frozenset[str]] = {}
        for number, role in self.session.execute(
            select(ProjectRole.project_id, ProjectRole.role).where(mine)
        ):
            found[number] = found.get(number, frozenset()) | {role}
        return found

    def roles_in(self, project: Project) -> frozenset[str]:
        """Return the caller's roles in a project: its own, and what their place in its entity gives."""
        own = self.project_roles.get(project.id, frozenset())
        role = self.roles.get(project.entity_id)
        if role is None:
            return own
        if role != "admin" and project.entity.kind == "organization":
            return own if project.access == RESTRICTED else own | {"viewer"}
        return own | {role}

    @property
    def is_admin(self) -> bool:
        """Whether the caller administers the whole server."""
        return self.user is not None and self.user.admin

    def require_user(self) -> User:
        """Return the caller.

        Raises:
            Refusal: Nobody is logged in.
        """
        if self.user is None:
            raise not_logged_in()
        return self.user

    def sees(self, entity: Entity) -> bool:
        """Whether the caller belongs to the entity."""
        return self.is_admin or entity.id in self.roles

    def writes_to(self, entity: Entity) -> bool:
        """Whether the caller may create projects in the entity."""
        return self.is_admin or self.roles.get(entity.id, "viewer") != "viewer"

    def administers(self, entity: Entity) -> bool:
        """Whether the caller may manage the entity's members and settings."""
        return self.is_admin or self.roles.get(entity.id) == "admin"

    def reads(self, project: Project) -> bool:
        """Whether the caller may see the project."""
        if project.deleted_at is not None:
            return False
        return project.access in PUBLIC_ACCESS or self.is_admin or bool(self.roles_in(project))

    def writes(self, project: Project) -> bool:
        """Whether the caller may change the project's runs."""
        if self.user is not None and project.access in OPEN_ACCESS:
            return True
        return self.is_admin or not _WRITERS.isdisjoint(self.roles_in(project))

    def manages(self, project: Project) -> bool:
        """Whether the caller may delete the project and say who else may do what in it."""
        return self.is_admin or "admin" in self.roles_in(project)

    def default_entity(self) -> Entity | None:
        """Return the entity that a request without one means: the user's default, else their own."""
        if self.user is None:
            return None
        if self.user.default_entity is not None:
            return self.user.default_entity
        return self.any_entity(self.user.username)

    def any_entity(self, name: str) -> Entity | None:
        """Return the entity of this name, whether or not the caller may see it."""
        return self.session.scalars(select(Entity).where(Entity.name == name)).one_or_none()

    def entity(self, name: str | None) -> Entity | None:
        """Return the entity of this name (the default one without a name) if the caller belongs to it."""
        entity = self.any_entity(name) if name else self.default_entity()
        return entity if entity is not None and self.sees(entity) else None

    def project(self, entity_name: str | None, name: str | None) -> Project | None:
        """Return a project that the caller may see; without an entity name, one of the default entity."""
        entity = self.any_entity(entity_name) if entity_name else self.default_entity()
        if entity is None or not name:
            return None
        project = self.session.scalars(
            select(Project).where(
                Project.entity_id == entity.id, Project.name == name, Project.deleted_at.is_(None)
            )
        ).one_or_none()
        return project if project is not None and self.reads(project) else None

    def run(self, entity_name: str | None, project_name: str | None, name: str) -> Run | None:
        """Return a run that the caller may see, by the names in its path."""
        project = self.project(entity_name, project_name)
        return None if project is None else self.run_in(project, name)

    def run_in(self, project: Project, name: str) -> Run | None:
        """Return the project's run of this name (its short id) unless it was deleted."""
        return self.session.scalars(
            select(Run).where(Run.project_id == project.id, Run.name == name, Run.deleted_at.is_(None))
        ).one_or_none()

    def run_by_id(self, run_id: str) -> Run | None:
        """Return a run that the caller may see, by its global id; None also where the id is malformed."""
        try:
            parts = ids.decode("Run", run_id)
        except ValueError:
            return None
        if len(parts) != 4 or parts[0] != "v1":
            return None
        return self.run(parts[3], parts[2], parts[1])

    def run_to_change(self, run_id: str) -> Run:
        """Return a run that the caller may change, by its global id.

        Raises:
            Refusal: There is none that the caller may see, or they may only look at it.
        """
        self.require_user()
        run = self.run_by_id(run_id)
        if run is None:
            raise Refusal("run not found", 404)
        if not self.writes(run.project):
            raise denied()
        return run

    def project_to_change(self, entity_name: str | None, name: str | None) -> Project:
        """Return a project that the caller may change.

        Raises:
            Refusal: There is none that the caller may see, or they may only look at it.
        """
        self.require_user()
        project = self.project(entity_name, name)
        if project is None:
            raise Refusal("project not found", 404)
        if not self.writes(project):
            raise denied()
        return project
