"""Global ids: padded base64 of `Kind:part:part`, as the clients of this contract expect them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.project import Project
    from wandkit.server.model.run import Run
    from wandkit.server.model.user import User

__all__ = ["decode", "encode", "entity_id", "number", "project_id", "run_id", "user_id"]


def encode(kind: str, *parts: object) -> str:
    """Return the global id of an object, e.g. `encode("Artifact", 7)`."""
    return base64.b64encode(":".join([kind, *map(str, parts)]).encode()).decode()


def decode(kind: str, value: str) -> tuple[str, ...]:
    """Return the parts of a global id; missing padding is forgiven.

    Raises:
        ValueError: It is no id of this kind.
    """
    try:
        text = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ValueError(f"invalid id {value!r}") from None
    found, *parts = text.split(":")
    if found != kind or not parts:
        raise ValueError(f"invalid id {value!r}: not a {kind}")
    return tuple(parts)


def number(kind: str, value: str) -> int:
    """Return the number in an id such as `User:7`.

    Raises:
        ValueError: It is no such id.
    """
    parts = decode(kind, value)
    if len(parts) != 1 or not parts[0].isascii() or not parts[0].isdigit():
        raise ValueError(f"invalid id {value!r}: not a {kind}")
    return int(parts[0])


def user_id(user: User) -> str:
    """Return the global id of a user."""
    return encode("User", user.id)


def entity_id(entity: Entity) -> str:
    """Return the global id of an entity."""
    return encode("Entity", entity.id)


def project_id(project: Project) -> str:
    """Return the global id of a project; it names the project, so renaming changes it."""
    return encode("Project", "v1", project.name, project.entity.name)


def run_id(run: Run) -> str:
    """Return the global id of a run; it names the run, its project and its entity."""
    return encode("Run", "v1", run.name, run.project.name, run.project.entity.name)
