"""Where automations send: the Slack channels and webhooks that a team has set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from pydantic import ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from wandkit._core.checked import Checked

__all__ = ["Integration", "SlackIntegration", "UnknownIntegration", "WebhookIntegration", "read_integration"]


class _Integration(Checked):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True
    )

    id: str
    """The server's opaque id."""


class SlackIntegration(_Integration):
    """A channel of Slack."""

    team_name: str
    """The workspace of Slack."""

    channel_name: str
    """The channel in it."""


class WebhookIntegration(_Integration):
    """An address that is sent a request."""

    name: str
    """What it is called."""

    url_endpoint: str
    """Where the request goes."""


class UnknownIntegration(_Integration):
    """An integration of another kind."""

    type_name: str = ""
    """The server's name for its kind."""


Integration: TypeAlias = SlackIntegration | WebhookIntegration | UnknownIntegration

_KINDS: dict[str, type[SlackIntegration] | type[WebhookIntegration]] = {
    "SlackIntegration": SlackIntegration,
    "GenericWebhookIntegration": WebhookIntegration,
}


def read_integration(raw: Mapping[str, Any]) -> Integration:
    """Return the integration that a server sent; of a kind or shape that is not known, with its id alone."""
    name = str(raw.get("__typename", ""))
    kind = _KINDS.get(name)
    if kind is not None:
        try:
            return kind.model_validate(raw)
        except ValidationError:
            pass
    return UnknownIntegration(id=str(raw.get("id", "")), type_name=name)
