"""Type names that neither a client nor the live schema spells: a query must not write them.

A field may return such a type and an argument may take it, since neither names it. A fragment on it or a
variable of it would name it, and the real name may differ.
"""

from __future__ import annotations

__all__ = ["UNATTESTED"]

UNATTESTED = frozenset(
    {
        "AdvancedRegistryFeatures",
        "ArtifactCreator",
        "CompleteMultipartUploadArtifactInput",
        "CreateArtifactCollectionTagAssignmentsPayload",
        "CreateGenericWebhookIntegrationPayload",
        "CreateProjectMembersPayload",
        "CreateRunFilesInput",
        "DeleteArtifactCollectionTagAssignmentsPayload",
        "DeleteProjectMembersPayload",
        "EnqueueSweepRunInput",
        "MarkRunFilesUploadedInput",
        "RefreshMultipartUploadUrlsInput",
        "RewindRunInput",
        "ServerMessage",
        "TemplateVariable",
        "TriggerExecutionAction",
        "TriggerExecutionConnection",
        "TriggerExecutionEdge",
        "TriggerExecutionError",
        "TriggerExecutionEvent",
        "TriggerExecutionResult",
        "UpdateProjectMemberPayload",
        "UpdateProjectTeamMemberPayload",
        "UpdateRunQueueItemWarningInput",
        "UpdateRunQueueItemWarningPayload",
        "UpdateRunStatePayload",
        "UpsertRunQueueInput",
    }
)
