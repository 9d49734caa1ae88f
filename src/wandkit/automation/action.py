"""What automations do when their event happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import ConfigDict, JsonValue, PrivateAttr, field_validator

from wandkit._core.checked import Checked
from wandkit.automation.integration import (
    Integration,
    SlackIntegration,
    WebhookIntegration,
    read_integration,
)
from wandkit.automation.kind import ActionType, AlertSeverity
from wandkit.errors import ArgumentTypeError

__all__ = [
    "Action", "DoNothing", "QueueJob", "SendNotification", "SendPromptToAria", "SendWebhook", "UnknownAction",
    "read_action",
]  # fmt: skip

LONGEST_PROMPT_BYTES = 4000


class Action(Checked):
    """What an automation does."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", validate_assignment=True)
    TYPE: ClassVar[ActionType]

    @property
    def action_type(self) -> ActionType:
        """The kind of action, by its name on the wire."""
        return self.TYPE

    def config(self) -> dict[str, Any] | None:
        """Return the action as the server takes it; None for one that cannot be sent."""
        return None


class _Sending(Action):
    """An action that sends by way of an integration."""

    integration_id: str
    """The id of the integration."""

    _integration: Integration | None = PrivateAttr(default=None)

    @property
    def integration(self) -> Integration | None:
        """The integration as the server told it with a saved automation; None where it did not."""
        known = self._integration
        return known if known is not None and known.id == self.integration_id else None

    def _told(self, integration: Integration) -> None:
        self._integration = integration


class SendNotification(_Sending):
    """Send a message to a channel of Slack."""

    TYPE: ClassVar[ActionType] = ActionType.NOTIFICATION

    title: str = ""
    """The title of the message."""

    message: str = ""
    """The text of the message."""

    severity: AlertSeverity = AlertSeverity.INFO
    """How urgent it is."""

    def __init__(
        self,
        *,
        integration_id: str,
        title: str | None = None,
        message: str | None = None,
        severity: AlertSeverity | str | None = None,
        text: str | None = None,
        level: AlertSeverity | str | None = None,
    ) -> None:
        """Say what is sent, and where.

        Args:
            integration_id: The id of the Slack integration.
            title: The title of the message.
            message: The text of the message.
            severity: `INFO`, `WARN` or `ERROR`.
            text: Another name of `message`.
            level: Another name of `severity`.

        Raises:
            ArgumentError: There is no such severity, or the id is no text.
        """
        Checked.__init__(
            self,
            integration_id=integration_id,
            title=title or "",
            message=message or text or "",
            severity=severity or level or AlertSeverity.INFO,
        )

    @classmethod
    def from_integration(
        cls,
        integration: SlackIntegration,
        *,
        title: str = "",
        text: str = "",
        level: AlertSeverity | str = AlertSeverity.INFO,
    ) -> SendNotification:
        """Return the action that sends to this channel; get one from `Api.slack_integrations`.

        Raises:
            ArgumentTypeError: It is no channel of Slack.
            ArgumentError: There is no such severity.
        """
        _check_kind(integration, SlackIntegration, "slack_integrations")
        made = cls(integration_id=integration.id, title=title, message=text, severity=level)
        made._told(integration)
        return made

    @field_validator("severity", mode="before")
    @classmethod
    def _known(cls, value: object) -> AlertSeverity:
        name = value.value if isinstance(value, AlertSeverity) else str(value).strip().upper()
        if name not in {known.value for known in AlertSeverity}:
            raise ValueError("a severity is INFO, WARN or ERROR")
        return AlertSeverity(name)

    def config(self) -> dict[str, Any]:
        """Return the action as the server takes it."""
        return {
            "notificationActionInput": {
                "integrationID": self.integration_id,
                "title": self.title,
                "message": self.message,
                "severity": self.severity.value,
            }
        }


class SendWebhook(_Sending):
    """Send a request to a webhook."""

    TYPE: ClassVar[ActionType] = ActionType.GENERIC_WEBHOOK

    request_payload: dict[str, JsonValue] | None = None
    """What the request holds; `${…}` in its texts stands for what happened. None lets the server choose."""

    def __init__(
        self, *, integration_id: str, request_payload: Mapping[str, Any] | str | None = None
    ) -> None:
        """Say what is sent, and where.

        Args:
            integration_id: The id of the webhook integration.
            request_payload: The body as an object, or as its JSON text.

        Raises:
            ArgumentError: The body is no JSON object, or the id is no text.
        """
        Checked.__init__(self, integration_id=integration_id, request_payload=request_payload)

    @classmethod
    def from_integration(
        cls, integration: WebhookIntegration, *, payload: Mapping[str, Any] | str | None = None
    ) -> SendWebhook:
        """Return the action that sends to this webhook; get one from `Api.webhook_integrations`.

        Raises:
            ArgumentTypeError: It is no webhook.
            ArgumentError: The payload is no JSON object.
        """
        _check_kind(integration, WebhookIntegration, "webhook_integrations")
        made = cls(integration_id=integration.id, request_payload=payload)
        made._told(integration)
        return made

    @field_validator("request_payload", mode="before")
    @classmethod
    def _decoded(cls, value: Any) -> Any:
        try:
            found: Any = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"the payload of a webhook is a JSON object; this is no JSON: {error}") from None
        if found is not None and not isinstance(found, Mapping):
            raise ValueError(f"the payload of a webhook is a JSON object, not {type(found).__name__}")
        return cast(object, found)

    @field_validator("request_payload")
    @classmethod
    def _finite(cls, payload: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        try:
            json.dumps(payload, allow_nan=False)
        except ValueError:
            raise ValueError(
                "the payload of a webhook is a JSON object, and JSON has no NaN or Infinity"
            ) from None
        return payload

    def config(self) -> dict[str, Any]:
        """Return the action as the server takes it."""
        found = {"integrationID": self.integration_id}
        if self.request_payload is not None:
            found["requestPayload"] = json.dumps(
                self.request_payload, separators=(",", ":"), ensure_ascii=False
            )
        return {"genericWebhookActionInput": found}


class DoNothing(Action):
    """Only note that the event happened."""

    TYPE: ClassVar[ActionType] = ActionType.NO_OP

    def config(self) -> dict[str, Any]:
        """Return the action as the server takes it."""
        return {"noOpActionInput": {"noOp": True}}


class SendPromptToAria(Action):
    """Send a prompt to the assistant of the server."""

    TYPE: ClassVar[ActionType] = ActionType.ARIA

    prompt: str
    """What it is told: at most 4000 bytes, not empty."""

    @field_validator("prompt")
    @classmethod
    def _fits(cls, prompt: str) -> str:
        text = prompt.strip()
        if not text:
            raise ValueError("a prompt cannot be empty")
        if len(text.encode()) > LONGEST_PROMPT_BYTES:
            raise ValueError(f"a prompt has at most {LONGEST_PROMPT_BYTES} bytes")
        return text

    def config(self) -> dict[str, Any]:
        """Return the action as the server takes it."""
        return {"ariaActionInput": {"prompt": self.prompt}}


class QueueJob(Action):
    """Queue a job, as automations of old do; it can be read, not made."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True)
    TYPE: ClassVar[ActionType] = ActionType.QUEUE_JOB

    queue_id: str | None = None
    """The id of the queue; None where it is gone."""

    queue_name: str | None = None
    """The name of the queue; None where it is gone."""

    template: str
    """What is queued, as JSON text."""


class UnknownAction(Action):
    """An action that can be read, not made: of a kind that wandkit does not know, or a push notification."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True)

    kind: ActionType
    """The kind of action."""

    raw: dict[str, JsonValue]
    """What the server sent about it."""

    @property
    def action_type(self) -> ActionType:
        """The kind of action; by the server's name of its type where the kind is not known."""
        return self.kind


def read_action(raw: Mapping[str, Any]) -> Action:
    """Return the action that a server sent; of a kind or shape that is not known, raw."""
    name = str(raw.get("__typename", ""))
    try:
        found = _known_action(name, raw)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = None
    return found or UnknownAction(kind=_KINDS.get(name) or ActionType(name), raw=dict(raw))


_KINDS = {
    "NotificationTriggeredAction": ActionType.NOTIFICATION,
    "GenericWebhookTriggeredAction": ActionType.GENERIC_WEBHOOK,
    "NoOpTriggeredAction": ActionType.NO_OP,
    "ARIATriggeredAction": ActionType.ARIA,
    "QueueJobTriggeredAction": ActionType.QUEUE_JOB,
    "PushNotificationTriggeredAction": ActionType.PUSH_NOTIFICATION,
}


def _known_action(name: str, raw: Mapping[str, Any]) -> Action | None:
    if name == "NoOpTriggeredAction":
        return DoNothing()
    if name == "ARIATriggeredAction":
        return SendPromptToAria(prompt=raw["prompt"])
    if name == "QueueJobTriggeredAction":
        queue: Mapping[str, Any] = raw.get("queue") or {}
        return QueueJob(queue_id=queue.get("id"), queue_name=queue.get("name"), template=raw["template"])
    if name not in ("NotificationTriggeredAction", "GenericWebhookTriggeredAction"):
        return None
    integration = read_integration(raw["integration"])
    sending: _Sending
    if name == "NotificationTriggeredAction":
        sending = SendNotification(
            integration_id=integration.id,
            title=raw.get("title"),
            message=raw.get("message"),
            severity=raw.get("severity"),
        )
    else:
        sending = SendWebhook(integration_id=integration.id, request_payload=raw.get("requestPayload"))
    sending._told(integration)  # pyright: ignore[reportPrivateUsage]
    return sending


def _check_kind(integration: object, kind: type[SlackIntegration | WebhookIntegration], listing: str) -> None:
    if not isinstance(integration, kind):
        given = type(integration).__name__
        raise ArgumentTypeError(
            f"This action takes a {kind.__name__}, as Api.{listing} lists them, not {given}."
        )
