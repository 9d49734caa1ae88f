"""Automations: what sets them off, what they then do, and where they watch.

    from wandkit.automation import OnRunMetric, RunEvent, SendWebhook

    hook = next(iter(api.webhook_integrations()))
    event = OnRunMetric(scope=api.project("spirals"), filter=RunEvent.metric("loss") > 10)
    api.create_automation(event >> SendWebhook.from_integration(hook), name="loss runs away")

Docs: docs/api/automation.md, docs/api/integration.md.
"""

from __future__ import annotations

from wandkit.automation.action import (
    Action,
    DoNothing,
    QueueJob,
    SendNotification,
    SendPromptToAria,
    SendWebhook,
    UnknownAction,
)
from wandkit.automation.automation import Automation, AutomationChanges, NewAutomation
from wandkit.automation.condition import ArtifactEvent, Condition, ConditionField
from wandkit.automation.event import (
    Event,
    OnAddArtifactAlias,
    OnAddArtifactTag,
    OnAddCollectionTag,
    OnCreateArtifact,
    OnLinkArtifact,
    OnRemoveArtifactTag,
    OnRemoveCollectionTag,
    OnRunMetric,
    OnRunState,
    OnUnlinkArtifact,
    UnknownEvent,
)
from wandkit.automation.integration import (
    Integration,
    SlackIntegration,
    UnknownIntegration,
    WebhookIntegration,
)
from wandkit.automation.kind import ActionType, AlertSeverity, EventType, ScopeType
from wandkit.automation.metric import (
    Aggregation,
    ChangeDirection,
    ChangeType,
    Metric,
    MetricChangeFilter,
    MetricFilter,
    MetricThresholdFilter,
    MetricZScoreFilter,
    RunMetricFilter,
    ZScore,
)
from wandkit.automation.run_event import RunEvent, RunState, RunStateFilter, StateFilter
from wandkit.automation.scope import (
    ArtifactCollectionScope,
    EntityScope,
    OrgScope,
    ProjectScope,
    RegistryScope,
    Scope,
    TeamScope,
    UnknownScope,
)

__all__ = [
    "Action", "ActionType", "Aggregation", "AlertSeverity", "ArtifactCollectionScope", "ArtifactEvent",
    "Automation", "AutomationChanges", "ChangeDirection", "ChangeType", "Condition", "ConditionField",
    "DoNothing", "EntityScope", "Event", "EventType", "Integration", "Metric", "MetricChangeFilter",
    "MetricFilter", "MetricThresholdFilter", "MetricZScoreFilter", "NewAutomation", "OnAddArtifactAlias",
    "OnAddArtifactTag", "OnAddCollectionTag", "OnCreateArtifact", "OnLinkArtifact", "OnRemoveArtifactTag",
    "OnRemoveCollectionTag", "OnRunMetric", "OnRunState", "OnUnlinkArtifact", "OrgScope", "ProjectScope",
    "QueueJob", "RegistryScope", "RunEvent", "RunMetricFilter", "RunState", "RunStateFilter", "Scope",
    "ScopeType", "SendNotification", "SendPromptToAria", "SendWebhook", "SlackIntegration", "StateFilter",
    "TeamScope", "UnknownAction", "UnknownEvent", "UnknownIntegration", "UnknownScope", "WebhookIntegration",
    "ZScore",
]  # fmt: skip
