"""Automations: new ones to be saved, and saved ones to be read and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from pydantic import ConfigDict, Field, PrivateAttr, SerializeAsAny

from wandkit._core.checked import Checked
from wandkit._core.scalars import DateTime
from wandkit.automation.action import Action, read_action
from wandkit.automation.event import Event
from wandkit.automation.event_reader import read_event
from wandkit.automation.scope import Scope, ScopeLike, read_scope, scope_of
from wandkit.errors import ArgumentError

__all__ = ["Automation", "AutomationChanges", "NewAutomation"]


class AutomationChanges(TypedDict, total=False):
    """What can be said about an automation while it is saved."""

    name: str
    description: str | None
    enabled: bool
    scope: ScopeLike
    event: Event
    action: Action


class NewAutomation(Checked):
    """An automation to be saved with `Api.create_automation`. Get one from `event >> action`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", validate_assignment=True)

    name: str | None = None
    """What it is called."""

    description: str | None = None
    """What it says about itself."""

    enabled: bool | None = None
    """Whether it is to act; None is yes."""

    event: SerializeAsAny[Event] | None = None
    """What sets it off."""

    action: SerializeAsAny[Action] | None = None
    """What it does."""

    @property
    def scope(self) -> Scope | None:
        """Where it watches, as its event says; settable, except without an event (ValueError)."""
        return self.event.scope if self.event is not None else None

    @scope.setter
    def scope(self, value: ScopeLike) -> None:
        if self.event is None:
            raise ArgumentError(
                "An automation without an event has no scope.", next_step="Set `event` first."
            )
        self.event.scope = scope_of(value)


class Automation(Checked):
    """A saved automation. Get one from `Api.automation`; change it, then call `Api.update_automation`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", validate_assignment=True)

    id: str = Field(frozen=True)
    """The server's opaque id."""

    created_at: DateTime = Field(frozen=True)
    """When it was made."""

    updated_at: DateTime | None = Field(default=None, frozen=True)
    """When it was last changed, as far as the server says."""

    name: str
    """What it is called; settable."""

    description: str | None = None
    """What it says about itself; settable."""

    enabled: bool
    """Whether it acts; settable."""

    event: SerializeAsAny[Event]
    """What sets it off; settable, and its filter too. Where it watches is `event.scope`."""

    action: SerializeAsAny[Action]
    """What it does; settable."""

    _saved: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Automation:
        """Return the automation that a server sent.

        Kinds of events, actions and scopes that wandkit does not know stay in it as they came.
        """
        scope = read_scope(raw.get("scope") or {})
        found = cls(
            id=raw["id"],
            created_at=raw["createdAt"],
            updated_at=raw.get("updatedAt"),
            name=raw["name"],
            description=raw.get("description"),
            enabled=raw["enabled"],
            event=read_event(raw.get("triggeringCondition") or {}, scope),
            action=read_action(raw.get("triggeredAction") or {}),
        )
        found._saved = found._state()
        return found

    @property
    def scope(self) -> Scope:
        """Where it watches; settable."""
        return self.event.scope

    @scope.setter
    def scope(self, value: ScopeLike) -> None:
        self.event.scope = scope_of(value)

    def changed(self) -> set[str]:
        """Return which of `name`, `description`, `enabled`, `scope`, `event` and `action` were changed."""
        return {part for part, value in self._state().items() if value != self._saved.get(part)}

    def _state(self) -> dict[str, Any]:
        config = self.action.config()
        return {
            "name": self.name,
            "description": self.description,
            "enabled": self.enabled,
            "scope": self.event.scope,
            "event": (self.event.event_type, self.event.filter_json()),
            "action": (self.action.action_type, self.action.model_dump() if config is None else config),
        }
