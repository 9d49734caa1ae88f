"""What is known of an organization. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wandkit.automation.scope import OrgScope

__all__ = ["Organization", "OrganizationEntity"]


@dataclass(frozen=True)
class OrganizationEntity:
    """The entity of an organization, which its registries belong to.

    Attributes:
        id: The server's opaque id of it.
        name: The name in paths: `ENTITY/wandb-registry-models/…`.
        entity_type: `organization`, in the server's words; None where the server does not say.
    """

    id: str
    name: str
    entity_type: str | None = None


@dataclass(frozen=True)
class Organization:
    """An organization. Get it from `Api.organization`.

    Attributes:
        id: The server's opaque id of it.
        name: What it is called.
        org_entity: The entity that its registries belong to.
    """

    id: str
    name: str
    org_entity: OrganizationEntity

    @property
    def automation_scope(self) -> OrgScope:
        """The organization, by its entity, as the scope of automations."""
        from wandkit.automation.scope import OrgScope

        return OrgScope(id=self.org_entity.id, name=self.org_entity.name)
