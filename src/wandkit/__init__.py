"""wandkit: a typed SDK for W&B servers, async and sync, with an embedded server.

    from wandkit import Api, F

    for run in Api().runs("ada/spirals", F.summary["loss"] < 0.1):
        print(run.name, run.config)

Every name here loads when it is first used, so that `import wandkit` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandkit_generated.sync.agent import Agent as Agent
    from wandkit_generated.sync.agent import AgentRuns as AgentRuns
    from wandkit_generated.sync.api import Api as Api
    from wandkit_generated.sync.artifact import Artifact as Artifact
    from wandkit_generated.sync.artifact_entry import ArtifactEntry as ArtifactEntry
    from wandkit_generated.sync.artifact_file import ArtifactFile as ArtifactFile
    from wandkit_generated.sync.artifact_file import ArtifactFiles as ArtifactFiles
    from wandkit_generated.sync.artifact_listing import Artifacts as Artifacts
    from wandkit_generated.sync.artifact_listing import RunArtifacts as RunArtifacts
    from wandkit_generated.sync.artifact_type import ArtifactCollections as ArtifactCollections
    from wandkit_generated.sync.artifact_type import ArtifactCollections as ProjectArtifactCollections
    from wandkit_generated.sync.artifact_type import ArtifactType as ArtifactType
    from wandkit_generated.sync.artifact_type import ArtifactTypes as ArtifactTypes
    from wandkit_generated.sync.automation import Automations as Automations
    from wandkit_generated.sync.collection import ArtifactCollection as ArtifactCollection
    from wandkit_generated.sync.console import ConsoleLogs as ConsoleLogs
    from wandkit_generated.sync.custom_chart import CustomChart as CustomChart
    from wandkit_generated.sync.custom_chart import CustomCharts as CustomCharts
    from wandkit_generated.sync.file import File as File
    from wandkit_generated.sync.file import Files as Files
    from wandkit_generated.sync.history_scan import HistoryScan as HistoryScan
    from wandkit_generated.sync.history_scan import HistoryScan as SampledHistoryScan
    from wandkit_generated.sync.integration import Integrations as Integrations
    from wandkit_generated.sync.integration import SlackIntegrations as SlackIntegrations
    from wandkit_generated.sync.integration import WebhookIntegrations as WebhookIntegrations
    from wandkit_generated.sync.job import Job as Job
    from wandkit_generated.sync.listing import Listing as Listing
    from wandkit_generated.sync.project import Project as Project
    from wandkit_generated.sync.project import Projects as Projects
    from wandkit_generated.sync.queued_run import QueuedRun as QueuedRun
    from wandkit_generated.sync.registry import Registry as Registry
    from wandkit_generated.sync.registry_listing import Registries as Registries
    from wandkit_generated.sync.registry_listing import RegistryCollections as RegistryCollections
    from wandkit_generated.sync.registry_listing import RegistryVersions as RegistryVersions
    from wandkit_generated.sync.report import Report as BetaReport
    from wandkit_generated.sync.report import Report as Report
    from wandkit_generated.sync.reports import Reports as Reports
    from wandkit_generated.sync.run import Run as Run
    from wandkit_generated.sync.run_plan import Plan as Plan
    from wandkit_generated.sync.run_queue import QueuedRuns as QueuedRuns
    from wandkit_generated.sync.run_queue import RunQueue as RunQueue
    from wandkit_generated.sync.runs import Runs as Runs
    from wandkit_generated.sync.summary import Summary as Summary
    from wandkit_generated.sync.sweep import Sweep as Sweep
    from wandkit_generated.sync.sweeps import Sweeps as Sweeps
    from wandkit_generated.sync.team import Member as Member
    from wandkit_generated.sync.team import Team as Team
    from wandkit_generated.sync.tensorboard import SyncedRun as SyncedRun
    from wandkit_generated.sync.user import User as User

    from wandkit import errors as errors
    from wandkit._async.agent import AsyncAgent as AsyncAgent
    from wandkit._async.agent import AsyncAgentRuns as AsyncAgentRuns
    from wandkit._async.api import AsyncApi as AsyncApi
    from wandkit._async.artifact import AsyncArtifact as AsyncArtifact
    from wandkit._async.artifact_entry import AsyncArtifactEntry as AsyncArtifactEntry
    from wandkit._async.artifact_file import AsyncArtifactFile as AsyncArtifactFile
    from wandkit._async.artifact_file import AsyncArtifactFiles as AsyncArtifactFiles
    from wandkit._async.artifact_listing import AsyncArtifacts as AsyncArtifacts
    from wandkit._async.artifact_listing import AsyncRunArtifacts as AsyncRunArtifacts
    from wandkit._async.artifact_type import AsyncArtifactCollections as AsyncArtifactCollections
    from wandkit._async.artifact_type import AsyncArtifactType as AsyncArtifactType
    from wandkit._async.artifact_type import AsyncArtifactTypes as AsyncArtifactTypes
    from wandkit._async.automation import AsyncAutomations as AsyncAutomations
    from wandkit._async.collection import AsyncArtifactCollection as AsyncArtifactCollection
    from wandkit._async.console import AsyncConsoleLogs as AsyncConsoleLogs
    from wandkit._async.custom_chart import AsyncCustomChart as AsyncCustomChart
    from wandkit._async.custom_chart import AsyncCustomCharts as AsyncCustomCharts
    from wandkit._async.file import AsyncFile as AsyncFile
    from wandkit._async.file import AsyncFiles as AsyncFiles
    from wandkit._async.history_export import HistoryExports as DownloadHistoryResult
    from wandkit._async.history_scan import AsyncHistoryScan as AsyncHistoryScan
    from wandkit._async.integration import AsyncIntegrations as AsyncIntegrations
    from wandkit._async.integration import AsyncSlackIntegrations as AsyncSlackIntegrations
    from wandkit._async.integration import AsyncWebhookIntegrations as AsyncWebhookIntegrations
    from wandkit._async.job import AsyncJob as AsyncJob
    from wandkit._async.listing import AsyncListing as AsyncListing
    from wandkit._async.project import AsyncProject as AsyncProject
    from wandkit._async.project import AsyncProjects as AsyncProjects
    from wandkit._async.queued_run import AsyncQueuedRun as AsyncQueuedRun
    from wandkit._async.registry import AsyncRegistry as AsyncRegistry
    from wandkit._async.registry_listing import AsyncRegistries as AsyncRegistries
    from wandkit._async.registry_listing import AsyncRegistryCollections as AsyncRegistryCollections
    from wandkit._async.registry_listing import AsyncRegistryVersions as AsyncRegistryVersions
    from wandkit._async.report import AsyncReport as AsyncReport
    from wandkit._async.reports import AsyncReports as AsyncReports
    from wandkit._async.run import AsyncRun as AsyncRun
    from wandkit._async.run_plan import AsyncPlan as AsyncPlan
    from wandkit._async.run_queue import AsyncQueuedRuns as AsyncQueuedRuns
    from wandkit._async.run_queue import AsyncRunQueue as AsyncRunQueue
    from wandkit._async.runs import AsyncRuns as AsyncRuns
    from wandkit._async.summary import AsyncSummary as AsyncSummary
    from wandkit._async.sweep import AsyncSweep as AsyncSweep
    from wandkit._async.sweeps import AsyncSweeps as AsyncSweeps
    from wandkit._async.team import AsyncMember as AsyncMember
    from wandkit._async.team import AsyncTeam as AsyncTeam
    from wandkit._async.tensorboard import AsyncSyncedRun as AsyncSyncedRun
    from wandkit._async.user import AsyncUser as AsyncUser
    from wandkit._core.artifact_state import ArtifactTTL as ArtifactTTL
    from wandkit._core.config import Config as Config
    from wandkit._core.console import ConsoleLogLine as ConsoleLogLine
    from wandkit._core.manifest import Manifest as Manifest
    from wandkit._core.manifest import ManifestEntry as ManifestEntry
    from wandkit._core.member import TeamMember as TeamMember
    from wandkit._core.member import UserMember as UserMember
    from wandkit._core.organization import Organization as Organization
    from wandkit._core.plan import PlanOutcome as PlanOutcome
    from wandkit._core.receipt import Receipt as Receipt
    from wandkit._core.rows import History as History
    from wandkit._core.run_queue import RunQueueAccessType as RunQueueAccessType
    from wandkit._core.run_queue import RunQueuePrioritizationMode as RunQueuePrioritizationMode
    from wandkit._core.run_queue import RunQueueResourceType as RunQueueResourceType
    from wandkit._core.tensorboard_receipt import TensorboardReceipt as TensorboardReceipt
    from wandkit.errors import CommError as CommError
    from wandkit.errors import Error as Error
    from wandkit.errors import IncompleteRunHistoryError as IncompleteRunHistoryError
    from wandkit.errors import RunNotFoundError as RunNotFoundError
    from wandkit.errors import UsageError as UsageError
    from wandkit.errors import WandkitError as WandkitError
    from wandkit.filters import Expression as Expression
    from wandkit.filters import F as F
    from wandkit.filters import Order as Order
    from wandkit.paths import ProjectPath as ProjectPath
    from wandkit.paths import RunPath as RunPath
    from wandkit.paths import SweepPath as SweepPath
    from wandkit.paths_artifact import ArtifactPath as ArtifactPath
    from wandkit.report_query import PanelMetricsHelper as PanelMetricsHelper
    from wandkit.report_query import PythonMongoishQueryGenerator as PythonMongoishQueryGenerator
    from wandkit.report_query import QueryGenerator as QueryGenerator
    from wandkit.settings import Settings as Settings

__version__ = "0.1.0"

_NOUNS = {
    "Api": "api",
    "Artifact": "artifact",
    "ArtifactCollection": "collection",
    "ArtifactCollections": "artifact_type",
    "ArtifactEntry": "artifact_entry",
    "ArtifactFile": "artifact_file",
    "ArtifactFiles": "artifact_file",
    "ArtifactType": "artifact_type",
    "ArtifactTypes": "artifact_type",
    "Artifacts": "artifact_listing",
    "RunArtifacts": "artifact_listing",
    "Automations": "automation",
    "ConsoleLogs": "console",
    "CustomChart": "custom_chart",
    "CustomCharts": "custom_chart",
    "File": "file",
    "Files": "file",
    "HistoryScan": "history_scan",
    "Integrations": "integration",
    "SlackIntegrations": "integration",
    "WebhookIntegrations": "integration",
    "Job": "job",
    "Listing": "listing",
    "Plan": "run_plan",
    "Project": "project",
    "Projects": "project",
    "QueuedRun": "queued_run",
    "QueuedRuns": "run_queue",
    "Registries": "registry_listing",
    "Registry": "registry",
    "RegistryCollections": "registry_listing",
    "RegistryVersions": "registry_listing",
    "Report": "report",
    "Reports": "reports",
    "Run": "run",
    "RunQueue": "run_queue",
    "Runs": "runs",
    "Summary": "summary",
    "Sweep": "sweep",
    "Sweeps": "sweeps",
    "Member": "team",
    "Team": "team",
    "SyncedRun": "tensorboard",
    "Agent": "agent",
    "AgentRuns": "agent",
    "User": "user",
}
_PLACES = {
    **{name: f"wandkit_generated.sync.{module}" for name, module in _NOUNS.items()},
    **{f"Async{name}": f"wandkit._async.{module}" for name, module in _NOUNS.items()},
    "ArtifactPath": "wandkit.paths_artifact",
    "ArtifactTTL": "wandkit._core.artifact_state",
    "CommError": "wandkit.errors",
    "Error": "wandkit.errors",
    "IncompleteRunHistoryError": "wandkit.errors",
    "RunNotFoundError": "wandkit.errors",
    "UsageError": "wandkit.errors",
    "Manifest": "wandkit._core.manifest",
    "ManifestEntry": "wandkit._core.manifest",
    "TeamMember": "wandkit._core.member",
    "UserMember": "wandkit._core.member",
    "Config": "wandkit._core.config",
    "ConsoleLogLine": "wandkit._core.console",
    "Expression": "wandkit.filters",
    "F": "wandkit.filters",
    "History": "wandkit._core.rows",
    "Order": "wandkit.filters",
    "Organization": "wandkit._core.organization",
    "PlanOutcome": "wandkit._core.plan",
    "ProjectPath": "wandkit.paths",
    "PanelMetricsHelper": "wandkit.report_query",
    "PythonMongoishQueryGenerator": "wandkit.report_query",
    "QueryGenerator": "wandkit.report_query",
    "Receipt": "wandkit._core.receipt",
    "RunQueueAccessType": "wandkit._core.run_queue",
    "RunQueuePrioritizationMode": "wandkit._core.run_queue",
    "RunQueueResourceType": "wandkit._core.run_queue",
    "RunPath": "wandkit.paths",
    "Settings": "wandkit.settings",
    "SweepPath": "wandkit.paths",
    "TensorboardReceipt": "wandkit._core.tensorboard_receipt",
    "WandkitError": "wandkit.errors",
}
# What the official client calls it, by what it is here.
_SECOND_NAMES = {
    "BetaReport": ("wandkit_generated.sync.report", "Report"),
    "DownloadHistoryResult": ("wandkit._async.history_export", "HistoryExports"),
    "ProjectArtifactCollections": ("wandkit_generated.sync.artifact_type", "ArtifactCollections"),
    "SampledHistoryScan": ("wandkit_generated.sync.history_scan", "HistoryScan"),
}

__all__ = [
    "Agent",
    "AgentRuns",
    "Api",
    "Artifact",
    "ArtifactCollection",
    "ArtifactCollections",
    "ArtifactEntry",
    "ArtifactFile",
    "ArtifactFiles",
    "ArtifactPath",
    "ArtifactTTL",
    "ArtifactType",
    "ArtifactTypes",
    "Artifacts",
    "AsyncAgent",
    "AsyncAgentRuns",
    "AsyncApi",
    "AsyncArtifact",
    "AsyncArtifactCollection",
    "AsyncArtifactCollections",
    "AsyncArtifactEntry",
    "AsyncArtifactFile",
    "AsyncArtifactFiles",
    "AsyncArtifactType",
    "AsyncArtifactTypes",
    "AsyncArtifacts",
    "AsyncAutomations",
    "AsyncConsoleLogs",
    "AsyncCustomChart",
    "AsyncCustomCharts",
    "AsyncFile",
    "AsyncFiles",
    "AsyncHistoryScan",
    "AsyncIntegrations",
    "AsyncJob",
    "AsyncListing",
    "AsyncMember",
    "AsyncPlan",
    "AsyncProject",
    "AsyncProjects",
    "AsyncQueuedRun",
    "AsyncQueuedRuns",
    "AsyncRegistries",
    "AsyncRegistry",
    "AsyncRegistryCollections",
    "AsyncRegistryVersions",
    "AsyncReport",
    "AsyncReports",
    "AsyncRun",
    "AsyncRunArtifacts",
    "AsyncRunQueue",
    "AsyncRuns",
    "AsyncSlackIntegrations",
    "AsyncSummary",
    "AsyncSweep",
    "AsyncSweeps",
    "AsyncSyncedRun",
    "AsyncTeam",
    "AsyncUser",
    "AsyncWebhookIntegrations",
    "Automations",
    "BetaReport",
    "CommError",
    "Config",
    "ConsoleLogLine",
    "ConsoleLogs",
    "CustomChart",
    "CustomCharts",
    "DownloadHistoryResult",
    "Error",
    "Expression",
    "F",
    "File",
    "Files",
    "History",
    "HistoryScan",
    "IncompleteRunHistoryError",
    "Integrations",
    "Job",
    "Listing",
    "Manifest",
    "ManifestEntry",
    "Member",
    "Order",
    "Organization",
    "PanelMetricsHelper",
    "Plan",
    "PlanOutcome",
    "Project",
    "ProjectArtifactCollections",
    "ProjectPath",
    "Projects",
    "PythonMongoishQueryGenerator",
    "QueryGenerator",
    "QueuedRun",
    "QueuedRuns",
    "Receipt",
    "Registries",
    "Registry",
    "RegistryCollections",
    "RegistryVersions",
    "Report",
    "Reports",
    "Run",
    "RunArtifacts",
    "RunNotFoundError",
    "RunPath",
    "RunQueue",
    "RunQueueAccessType",
    "RunQueuePrioritizationMode",
    "RunQueueResourceType",
    "Runs",
    "SampledHistoryScan",
    "Settings",
    "SlackIntegrations",
    "Summary",
    "Sweep",
    "SweepPath",
    "Sweeps",
    "SyncedRun",
    "Team",
    "TeamMember",
    "TensorboardReceipt",
    "UsageError",
    "User",
    "UserMember",
    "WandkitError",
    "WebhookIntegrations",
    "errors",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "errors":
        return import_module("wandkit.errors")
    place, attribute = _SECOND_NAMES.get(name) or (_PLACES.get(name), name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(place), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
